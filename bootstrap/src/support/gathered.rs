//! What has been gathered so far, and what could not be.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::archive::{Archive, Piece};
use super::redact::Redactor;
use super::{Unwritten, scrub};

/// Something that is not in the archive, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The file or part of the archive that is missing.
    pub what: String,
    /// What was answered instead, its first line.
    pub why: String,
}

/// An archive, and the notes that are taken while it is filled.
pub(super) struct Gathered {
    archive: Archive,
    path: String,
    /// How many files there are in each folder; those beside the folders count as one each.
    pub parts: BTreeMap<String, usize>,
    pub missing: Vec<LeftOut>,
}

impl Gathered {
    pub(super) fn begin(path: &Path, root: &str, redactor: Redactor) -> Result<Self, Unwritten> {
        let shown = path.display().to_string();
        let archive = Archive::begin(path, root, redactor).map_err(|why| Unwritten::of(&shown, why))?;
        Ok(Self { archive, path: shown, parts: BTreeMap::new(), missing: Vec::new() })
    }

    pub(super) fn unwritten(&self, why: io::Error) -> Unwritten {
        Unwritten::of(&self.path, why)
    }

    pub(super) fn left_out(&mut self, what: &str, why: &str) {
        self.missing.push(LeftOut { what: what.into(), why: why.lines().next().unwrap_or_default().into() });
    }

    pub(super) fn piece(&self) -> Piece {
        self.archive.piece()
    }

    pub(super) fn put(&mut self, name: &str, piece: Piece) -> Result<(), Unwritten> {
        if self.archive.put(name, piece).map_err(|why| Unwritten::of(&self.path, why))? {
            let part = name.split_once('/').map_or(name, |(folder, _)| folder);
            *self.parts.entry(part.into()).or_default() += 1;
        }
        Ok(())
    }

    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), Unwritten> {
        let mut piece = self.piece();
        piece.write_all(text.as_bytes()).map_err(|why| self.unwritten(why))?;
        self.put(name, piece)
    }

    /// Facts, without what sounds like a secret.
    pub(super) fn json(&mut self, name: &str, mut value: Value) -> Result<(), Unwritten> {
        scrub::scrub(&mut value);
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        self.text(name, &format!("{text}\n"))
    }

    /// In how many places a secret was taken out.
    pub(super) fn removed(&self) -> usize {
        self.archive.removed()
    }

    /// How many files there are, and how many bytes the archive is large.
    pub(super) fn finish(self) -> Result<(usize, u64), Unwritten> {
        self.archive.finish().map_err(|why| Unwritten::of(&self.path, why))
    }
}
