//! The bundle that another one stands on: one that has only what is new since names it by its index.

use std::path::{Path, PathBuf};

use super::error::BundleError;
use super::{Base, Bundle};

/// What files of bundles end with, and the first of several pieces.
const ENDINGS: [&str; 2] = [".bundle", ".bundle.001"];

/// Finds and opens it, in the folder of the one that stands on it: under its own name, or under another one.
///
/// # Errors
/// [`BundleError::NoBase`] if it is not there; what is wrong with it if it is.
pub fn find(standing: &Path, base: &Base) -> Result<Bundle, BundleError> {
    let missing = || BundleError::NoBase { path: standing.into(), base: base.name.clone() };
    let folder = standing.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // A name comes out of a file: nothing but a name of this folder is followed.
    let named = Path::new(&base.name).file_name().map(|name| folder.join(name));
    let others = others(folder, standing);
    let is_it = |path: &PathBuf| Bundle::open_alone(path).is_ok_and(|bundle| bundle.about.index == base.index);
    let found = named.into_iter().chain(others).find(is_it).ok_or_else(missing)?;
    // What that one stands on is older still: an index cannot name itself.
    Bundle::open(&found)
}

fn others(folder: &Path, standing: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_bundle =
        |path: &PathBuf| path != standing && ENDINGS.iter().any(|ending| path.to_string_lossy().ends_with(ending));
    let mut others: Vec<PathBuf> = files.filter(is_bundle).collect();
    others.sort();
    others
}
