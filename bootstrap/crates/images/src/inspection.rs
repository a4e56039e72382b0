//! What is known of an image before it moves.

use super::blob::Descriptor;
use super::digest::Digest;

/// What an image weighs, and what of it would have to move.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The manifest for the machine's platform.
    pub digest: Digest,
    /// Configuration and layers.
    pub blobs: Vec<Descriptor>,
    /// Those of them that are not in the local registry, with the bytes that are still to fetch.
    pub missing: Vec<(Digest, u64)>,
}
