//! Where each image comes from, decided image by image.
//!
//! ```text
//! plan      an image, and the ways in which it can be had
//! released  digests of the images that a release of this program built
//! bundled   what a bundle has is known before anything is asked
//! look      asks the local registry, the cache and upstream, all images at once
//! decide    what was found -> one way, or none (pure)
//! told      the decisions in a few lines, for people
//! ```
//!
//! The order is fixed: what the local registry has, then upstream (by digest where there is one), then the recipe.
//! `--images registry` takes the recipe out of that list, `--images source` takes upstream out. With a bundle, what the local
//! registry lacks comes from there, or not at all.

pub mod bundled;
pub mod decide;
mod error;
pub mod look;
pub mod plan;
pub mod released;
pub mod told;

use serde::{Deserialize, Serialize};

pub use decide::{Decision, Facts};
pub use error::{Nowhere, OriginError};
pub use look::{BUILDS, Look};
pub use plan::ImagePlan;
pub use told::Told;

/// Where an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The registry that its reference names.
    Upstream,
    /// The registry of this program's release, by a digest that the program knows.
    Release,
    /// Its recipe: it is built here from packages.
    Packages,
}

/// Where an image stands before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Where it is needed: in the local registry, or in the engine.
    Present {
        /// Size of the whole image, compressed; `None` if the engine has it and nobody has counted.
        bytes: Option<u64>,
    },
    /// Built earlier and kept in the cache; has to be moved only.
    Built {
        /// Size of the whole image, compressed.
        bytes: u64,
    },
    /// In the bundle; has to be moved only.
    Bundled {
        /// Size of the whole image, compressed.
        bytes: u64,
    },
    /// Has to be built.
    ToBuild,
    /// Has to be fetched from a registry: bytes of the whole image, and those of them that are not here yet.
    ToFetch {
        /// Size of the whole image, compressed; `None` if the registry has not said.
        bytes: Option<u64>,
        /// Bytes of it that are not here yet; `None` if the registry has not said.
        missing: Option<u64>,
    },
}

/// What was decided about one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedImage {
    /// Where it stands before anything is done.
    pub state: ImageState,
    /// Where it comes from, or came from.
    pub origin: Origin,
    /// Why it does not come from where it should come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
