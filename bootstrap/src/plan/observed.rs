//! What exists, as far as a plan cares.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::cluster::observe::ObservedPlatform;

/// Where an image stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Where it is needed: in the local registry, or in the engine.
    Present { bytes: Option<u64> },
    /// Built earlier and kept in the cache; has to be moved only.
    Built { bytes: u64 },
    /// Has to be built.
    ToBuild,
    /// Has to be fetched from upstream.
    ToFetch { bytes: Option<u64> },
}

/// What exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Observed {
    pub network: bool,
    /// The local registry runs.
    pub registry: bool,
    /// Containers of this platform.
    pub platform: Option<ObservedPlatform>,
    /// State of every image of the cluster and the stack, by reference.
    pub images: BTreeMap<String, ImageState>,
    /// Components whose definitions from upstream are all in the cache.
    pub definitions: BTreeSet<String>,
    /// Components in the cluster's inventory, with versions.
    pub installed: BTreeMap<String, String>,
}
