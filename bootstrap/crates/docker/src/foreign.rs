//! What reads bytes of others, as functions of those bytes, for the fuzz targets in `fuzz/`. Hidden, because it is for
//! them alone: what it calls stays as private as it is.

use std::path::Path;

use crate::ClusterError;
use crate::endpoint::{self, Endpoint};
use crate::kubeconfig::{Entry, edit};

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

/// The engine that Docker's configuration folder names.
///
/// # Errors
/// It names none that can be used.
pub fn docker_endpoint(folder: &Path) -> Result<Endpoint, ClusterError> {
    endpoint::choose(|name| (name == "DOCKER_CONFIG").then(|| folder.into()), None)
}
