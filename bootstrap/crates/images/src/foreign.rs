//! What reads bytes of others, as functions of those bytes, for the fuzz targets in `fuzz/`. Hidden, because it is for
//! them alone: what it calls stays as private as it is.

use http::HeaderMap;

use crate::upstream::{auth, credentials};
use crate::{error, made_for};

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
