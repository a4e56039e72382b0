//! A bundle in pieces, for disks and services that take no large files.
//!
//! Pieces are cut between the entries of the archive: put together they are the whole file again, and each blob lies in
//! one of them, so that a platform can be made from the pieces as they are.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::error::BundleError;
use super::scan::piece;

/// Cuts a bundle into pieces of at most `limit` bytes beside it, `FILE.001` and so on. The bundle stays.
///
/// # Errors
/// There are pieces already, a blob is larger than `limit`, or a piece cannot be written: then there is none.
pub fn split(path: &Path, limit: u64) -> Result<Vec<PathBuf>, BundleError> {
    let ranges = ranges(path, limit)?;
    let pieces: Vec<PathBuf> = (1..=ranges.len()).map(|number| piece(path, number)).collect();
    // One piece more than there will be would be taken for a part of it.
    let next = piece(path, ranges.len() + 1);
    if let Some(path) = pieces.iter().chain([&next]).find(|piece| piece.exists()) {
        return Err(BundleError::Exists { path: path.clone() });
    }
    for (range, target) in ranges.iter().zip(&pieces) {
        if let Err(source) = copy(path, range, target) {
            for made in &pieces {
                drop(std::fs::remove_file(made));
            }
            return Err(BundleError::write(target)(source));
        }
    }
    Ok(pieces)
}

fn copy(path: &Path, range: &Range<u64>, target: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    from.seek(SeekFrom::Start(range.start))?;
    let mut to = File::options().write(true).create_new(true).open(target)?;
    io::copy(&mut from.take(range.end - range.start), &mut to)?;
    to.sync_all()
}

/// The bytes of each piece.
fn ranges(path: &Path, limit: u64) -> Result<Vec<Range<u64>>, BundleError> {
    let file = File::open(path).map_err(BundleError::read(path))?;
    let all = file.metadata().map_err(BundleError::read(path))?.len();
    let strange = |error: io::Error| BundleError::NotOne { path: path.into(), why: error.to_string() };
    let mut entries = Vec::new();
    for entry in tar::Archive::new(file).entries_with_seek().map_err(strange)? {
        let entry = entry.map_err(strange)?;
        entries.push((entry.raw_header_position(), entry.path().map_err(strange)?.to_string_lossy().into_owned()));
    }
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (index, (start, name)) in entries.iter().enumerate() {
        // The end of the archive goes with the last entry.
        let end = entries.get(index + 1).map_or(all, |(next, _)| *next);
        match ranges.last_mut() {
            Some(range) if end - range.start <= limit => range.end = end,
            _ if end - start > limit => {
                return Err(BundleError::LargeBlob { name: name.clone(), size: end - start, limit });
            }
            _ => ranges.push(*start..end),
        }
    }
    Ok(ranges)
}
