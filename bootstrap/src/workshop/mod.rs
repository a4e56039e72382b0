//! The course: tracks of steps, each with what a reader does and with checks that ask the platform.
//!
//! One page of Markdown is for the reader and for the test. What its comments and lists mean is the convention of
//! `workshop-docs/reference/workshop-format.md`.
//!
//! ```text
//! track     what a track is
//! check     what a step's checks ask for
//! parse     a page -> a track, or what is wrong with it, by line (pure)
//! look      what a check asks for, read of the platform
//! judge     what was read -> whether the check holds, in words (pure)
//! progress  how far a learner is
//! solve     a step, done in the learner's place; commands: those of its text
//! learner   a track with the names of one of several learners (pure)
//! people    accounts of such learners
//! back      their way back to the beginning of a step
//! course    a learner's way through a track, with checkpoints
//! platform  the platform as the course sees it
//! ```

use backstack_mcp::docs::{Corpus, absolute};

mod back;
pub mod check;
mod commands;
pub mod course;
pub mod error;
pub mod judge;
pub mod learner;
mod look;
pub mod parse;
mod people;
pub mod platform;
pub mod progress;
pub mod solve;
pub mod track;

pub use check::Check;
pub use error::{Fault, WorkshopError};
pub use learner::LEARNER;
pub use track::{Action, Solution, Step, Track};

/// The track that is meant where none is named.
pub const FIRST: &str = "developer";
/// Where the pages of the course are, and the one of them that names the others.
const FOLDER: &str = "workshop/";
const INDEX: &str = "workshop/index.md";

/// The tracks that are part of the program, in the order in which the course's first page names
/// them.
///
/// # Errors
/// [`WorkshopError::Malformed`] with everything that is wrong in any of them.
pub fn tracks() -> Result<Vec<Track>, WorkshopError> {
    tracks_of(&Corpus::embedded())
}

fn tracks_of(corpus: &Corpus) -> Result<Vec<Track>, WorkshopError> {
    let (mut tracks, mut faults) = (Vec::new(), Vec::new());
    for page in corpus.pages.iter().filter(|page| page.path.starts_with(FOLDER)) {
        match parse::track(page) {
            Ok(track) => tracks.extend(track),
            Err(wrong) => faults.extend(wrong),
        }
    }
    if !faults.is_empty() {
        return Err(WorkshopError::Malformed { faults });
    }
    let named = named(corpus);
    let place = |track: &Track| named.iter().position(|page| *page == track.page).unwrap_or(usize::MAX);
    tracks.sort_by_key(|track| (place(track), track.name.clone()));
    Ok(tracks)
}

/// The pages that the course's first page leads to.
fn named(corpus: &Corpus) -> Vec<String> {
    let links = corpus.page(INDEX).into_iter().flat_map(|page| &page.sections).flat_map(|section| &section.links);
    links.map(|link| absolute(INDEX, link).split('#').next().unwrap_or_default().to_string()).collect()
}

/// A track by its name.
///
/// # Errors
/// [`WorkshopError::NoTrack`] with those that there are.
pub fn find(name: &str) -> Result<Track, WorkshopError> {
    let all = tracks()?;
    let known: Vec<String> = all.iter().map(|track| track.name.clone()).collect();
    all.into_iter().find(|track| track.name == name).ok_or_else(|| WorkshopError::NoTrack { name: name.into(), known })
}

/// A track as it is for a learner: for one of several, with names of their own.
///
/// # Errors
/// There is none of that name, or it changes what all share.
pub fn find_for(name: &str, learner: &str) -> Result<Track, WorkshopError> {
    let track = find(name)?;
    if learner == LEARNER {
        return Ok(track);
    }
    if track.own.is_empty() {
        let several = tracks()?.into_iter().filter(|track| !track.own.is_empty()).map(|track| track.name);
        return Err(WorkshopError::Alone { track: track.name, several: several.collect() });
    }
    let corpus = Corpus::embedded();
    let page = corpus.page(&track.page).map(|page| learner::renamed(&page.source, &track, learner));
    let corpus = Corpus::of([(track.page.as_str(), page.unwrap_or_default().as_str())]);
    let found = tracks_of(&corpus)?.into_iter().next();
    let found = found.ok_or_else(|| WorkshopError::NoTrack { name: name.into(), known: Vec::new() })?;
    Ok(Track { user: learner.into(), ..found })
}

#[cfg(test)]
mod tests;
