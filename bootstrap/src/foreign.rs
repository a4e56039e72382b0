//! What reads bytes of others, as functions of those bytes, for the fuzz targets in `fuzz/`. Hidden, because it is for
//! them alone: what it calls stays as private as it is.

use std::path::{Path, PathBuf};

use http::HeaderMap;

use crate::build::BuildError;
use crate::build::debian::{self, apt, sources};
use crate::docker::ClusterError;
use crate::docker::endpoint::{self, Endpoint};
use crate::docker::kubeconfig::{Entry, edit};
use crate::images::upstream::{auth, credentials};
use crate::images::{error, made_for};
use crate::stack::recipe::DebianLayer;

/// A kubeconfig's text with a platform's context.
///
/// # Errors
/// Why it was left as it is.
pub fn kubeconfig_with(text: &str, entry: &Entry) -> Result<String, String> {
    edit::add(text, entry, false)
}

/// The text without that context; `None` if it does not have it.
///
/// # Errors
/// Why it was left as it is.
pub fn kubeconfig_without(text: &str, context: &str) -> Result<Option<String>, String> {
    Ok(edit::remove(text, context)?.map(|left| left.text))
}

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

/// The engine that Docker's configuration folder names.
///
/// # Errors
/// It names none that can be used.
pub fn docker_endpoint(folder: &Path) -> Result<Endpoint, ClusterError> {
    endpoint::choose(|name| (name == "DOCKER_CONFIG").then(|| folder.into()), None)
}

/// Whether Docker's configuration has credentials for a repository; helpers, which are programs, are not asked.
///
/// # Errors
/// It cannot be read.
pub fn docker_credentials(config: &[u8], host: &str, repository: &str) -> Result<bool, String> {
    credentials::has(config, host, repository)
}

/// Whether a registry's challenge is understood.
pub fn challenge(headers: &HeaderMap) -> bool {
    auth::challenge(headers).is_some()
}

/// What a registry says in the body of an error.
pub fn registry_said(body: &[u8]) -> String {
    error::said(body)
}

/// Why a manifest is no image that a node could run.
pub fn no_image(manifest: &[u8]) -> Option<String> {
    made_for::refusal(manifest)
}
