//! Snapshots that were recorded from a real platform with planted faults: the planted cause comes first.
//!
//! They are written by `bootstrap/tests/diagnose` with `BACKSTACK_RECORD=mcp/tests/recorded`.

use backstack_mcp::live::diagnose::diagnose;
use backstack_mcp::live::snapshot::Snapshot;
use serde_json::Value;

#[test]
fn the_planted_cause_of_every_recorded_snapshot_comes_first() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    assert!(!files.is_empty(), "no recorded snapshots in {folder}");
    for file in files {
        let recorded: Value = serde_json::from_slice(&std::fs::read(&file).expect("readable")).expect("JSON");
        let objects = recorded["objects"].as_array().expect("objects").clone();
        let snapshot = Snapshot::of("recorded", objects);
        let diagnosis = diagnose(&snapshot, recorded["entity"].as_str().expect("entity")).expect("found");
        let first = serde_json::to_value(diagnosis.causes.first()).expect("plain data");
        assert_eq!(first["fault"], recorded["cause"], "{}: {first:#}", file.display());
    }
}
