//! What `install` found, so that `uninstall` can give it back and never takes away what somebody else made.
//!
//! The note lies in a file of our own, which only its owner can read: an entry that was there may hold a secret. What
//! install wrote itself may be a token, and so is kept as a digest alone.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use backstack_files::input;
use backstack_files::user_file::{self, Readers};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::InstallError;

/// The notes on all files that were written.
#[derive(Debug, Clone)]
pub struct Notes {
    path: PathBuf,
}

/// What was in a place before, and what was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Whether there was no file.
    pub made: bool,
    /// Those keys of our entry that are ours, as they were, or the text of rules; `None` if there was neither.
    pub before: Option<Map<String, Value>>,
    /// Digest of these keys as they were written.
    written: String,
}

/// What becomes of a note when its file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Keep,
    Put(Note),
    Forget,
}

impl Note {
    /// The note on writing `new` where `present` is; `None` is a file or an entry that is not there.
    pub(super) fn of(
        had: Option<Self>,
        made: bool,
        present: Option<&Map<String, Value>>,
        new: &Map<String, Value>,
    ) -> Self {
        let written = digest(new);
        match had.filter(|note| present.is_some_and(|present| note.has_written(present))) {
            // The one before ours is the one before that.
            Some(note) => Self { written, ..note },
            None => Self { made, before: present.cloned(), written },
        }
    }

    /// Whether install wrote this, and nobody else changed it since.
    pub(super) fn has_written(&self, present: &Map<String, Value>) -> bool {
        self.written == digest(present)
    }
}

fn digest(entry: &Map<String, Value>) -> String {
    let sorted: BTreeMap<_, _> = entry.iter().collect();
    hex::encode(Sha256::digest(serde_json::to_vec(&sorted).expect("plain data")))
}

impl Notes {
    /// The notes in this folder; no file is none yet.
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join("installed.json") }
    }

    pub(super) fn get(&self, file: &Path) -> Result<Option<Note>, InstallError> {
        Ok(self.load()?.remove(&key(file)))
    }

    pub(super) fn change(&self, file: &Path, change: &Change) -> Result<(), InstallError> {
        let mut notes = self.load()?;
        let had = match change {
            Change::Keep => return Ok(()),
            Change::Put(note) => notes.insert(key(file), note.clone()),
            Change::Forget if !notes.contains_key(&key(file)) => return Ok(()),
            Change::Forget => notes.remove(&key(file)),
        };
        if notes.get(&key(file)) == had.as_ref() {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(&notes).expect("plain data");
        user_file::write(&self.path, &text, Readers::Owner).map_err(|source| self.error("written", source))
    }

    fn load(&self) -> Result<BTreeMap<String, Note>, InstallError> {
        match input::file(&self.path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| self.error("read", error.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(self.error("read", error)),
        }
    }

    fn error(&self, what: &'static str, source: std::io::Error) -> InstallError {
        InstallError::File { path: self.path.clone(), what, source }
    }
}

fn key(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.into()).display().to_string()
}
