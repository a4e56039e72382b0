//! The tracks that are part of the program.

use super::parse::tests::SMALL;
use super::*;

#[test]
fn every_embedded_track_is_well_formed() {
    if let Err(WorkshopError::Malformed { faults }) = tracks() {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    }
}

#[test]
fn tracks_come_in_the_order_of_the_first_page() {
    let other = SMALL.replace("name: small", "name: other");
    let index = "# Course\n\nFirst [this](small.md), then [that](other.md).\n";
    let corpus =
        Corpus::of([("workshop/index.md", index), ("workshop/other.md", &other), ("workshop/small.md", SMALL)]);
    let names: Vec<_> = tracks_of(&corpus).expect("tracks").into_iter().map(|track| track.name).collect();
    assert_eq!(names, ["small", "other"]);
}

#[test]
fn an_unknown_track_is_told_with_those_that_there_are() {
    let error = find("nowhere").expect_err("none");
    assert!(matches!(error, WorkshopError::NoTrack { .. }), "{error}");
}
