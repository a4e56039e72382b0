//! What reads bytes of others, as functions of those bytes, for the fuzz targets in `fuzz/`. Hidden, because it is for
//! them alone: what it calls stays as private as it is.

use std::path::{Path, PathBuf};

use backstack_stack::recipe::DebianLayer;

use crate::BuildError;
use crate::apt_sources as sources;
use crate::debian::{self, apt};

/// Unpacks a `.deb` in a working folder; gives the paths in it.
///
/// # Errors
/// It is damaged.
pub fn debian_package(file: PathBuf, work: &Path) -> Result<Vec<String>, BuildError> {
    let layer = DebianLayer { suite: "trixie".into(), packages: Vec::new(), without: Vec::new(), exclude: Vec::new() };
    let (tree, _) = debian::unpack(&layer, &[file], work)?;
    Ok(tree.entries().map(|(path, _)| path.clone()).collect())
}

/// Address and suite of every source that apt on a machine has for a suite of Debian, and the file that is made of them.
pub fn debian_sources(root: &Path, suite: &str) -> (Vec<(String, String)>, String) {
    let found = sources::find(root, suite);
    let text = sources::render(&found, "/usr/share/keyrings/debian-archive-keyring.gpg");
    (found.into_iter().map(|source| (source.uri, source.suite)).collect(), text)
}

/// What is read of apt's answers: the files that it would fetch, and packages as they are told to it as installed.
pub fn apt_answers(text: &str) -> (Vec<&str>, String) {
    (text.lines().filter_map(apt::file_name).collect(), apt::installed(text))
}
