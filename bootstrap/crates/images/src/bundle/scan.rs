//! Where the blobs of a bundle lie: found by the headers of the archive alone.
//!
//! Pieces of a bundle are cut between blobs. Put together they are the whole file again, and each blob lies in one of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::error::BundleError;
use super::{BLOBS, LAYOUT};
use crate::blob::Content;
use crate::digest::Digest;

/// What was found in an archive.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub blobs: BTreeMap<Digest, Content>,
    /// The other files, by their names.
    pub files: BTreeMap<String, Content>,
}

/// The name of a piece: `NAME.001` is the first.
pub(super) fn piece(whole: &Path, number: usize) -> PathBuf {
    let mut name = whole.as_os_str().to_os_string();
    name.push(format!(".{number:03}"));
    name.into()
}

/// The files that a bundle consists of.
pub(super) fn pieces(path: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let text = path.to_string_lossy();
    let whole = match text.strip_suffix(".001") {
        Some(whole) => PathBuf::from(whole),
        None if path.exists() || !piece(path, 1).exists() => return Ok(vec![path.into()]),
        None => path.into(),
    };
    let pieces: Vec<_> = (1..).map(|number| piece(&whole, number)).take_while(|piece| piece.exists()).collect();
    match pieces.len() {
        0 => Ok(vec![path.into()]),
        count => match gap(&whole, count) {
            Some(piece) => {
                Err(BundleError::Missing { path: path.into(), what: format!("{} is missing", piece.display()) })
            }
            None => Ok(pieces),
        },
    }
}

/// The piece that is missing, if there are later ones.
fn gap(whole: &Path, last: usize) -> Option<PathBuf> {
    let later = (last + 2..last + 20).any(|number| piece(whole, number).exists());
    later.then(|| piece(whole, last + 1))
}

pub(super) fn scan(pieces: &[PathBuf]) -> Result<Found, BundleError> {
    let mut found = Found::default();
    for path in pieces {
        scan_piece(path, &mut found)?;
    }
    Ok(found)
}

fn scan_piece(path: &Path, found: &mut Found) -> Result<(), BundleError> {
    let file = File::open(path).map_err(BundleError::read(path))?;
    let all = file.metadata().map_err(BundleError::read(path))?.len();
    // Only a whole archive begins with this; what is none at all is told from one that is damaged.
    let is_first = found.blobs.is_empty();
    let strange = |error: std::io::Error| match is_first {
        true => BundleError::NotOne { path: path.into(), why: error.to_string() },
        false => BundleError::Broken { path: path.into(), what: error.to_string() },
    };
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries_with_seek().map_err(strange)? {
        let entry = entry.map_err(strange)?;
        let name = entry.path().map_err(strange)?.to_string_lossy().into_owned();
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if offset + size > all {
            let what = format!("{all} bytes are there, and {name} ends at {}", offset + size);
            return Err(BundleError::Missing { path: path.into(), what });
        }
        if is_first && found.files.is_empty() && name != LAYOUT {
            return Err(BundleError::NotOne { path: path.into(), why: format!("it begins with {name}") });
        }
        match name.strip_prefix(BLOBS).map(|hex| format!("sha256:{hex}").parse::<Digest>()) {
            Some(Ok(digest)) => {
                found.blobs.insert(digest, Content::part(path, offset, size));
            }
            Some(Err(error)) => return Err(BundleError::Broken { path: path.into(), what: error.to_string() }),
            None => {
                found.files.insert(name, Content::part(path, offset, size));
            }
        }
    }
    Ok(())
}
