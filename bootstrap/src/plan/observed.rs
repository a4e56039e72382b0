//! What exists, as far as a plan cares.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::docker::observe::ObservedPlatform;
use crate::origin::DecidedImage;

/// What exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Observed {
    /// The network that all platforms share is there.
    pub network: bool,
    /// The local registry runs.
    pub registry: bool,
    /// Containers of this platform.
    pub platform: Option<ObservedPlatform>,
    /// Every image of the cluster and the stack, by reference: where it stands and where it comes from.
    pub images: BTreeMap<String, DecidedImage>,
    /// Components whose definitions from upstream are all in the cache.
    pub definitions: BTreeSet<String>,
    /// Components in the cluster's inventory, with versions.
    pub installed: BTreeMap<String, String>,
}
