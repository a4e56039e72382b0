//! Which images the cluster itself takes.

use crate::docker::names;
use crate::docker::observe::ObservedPlatform;

/// Images that the engine runs. What is made already keeps the image that it has, whatever is current now: then none is
/// looked for, let alone fetched or built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterImages {
    /// A node has to be made, and so its image is needed.
    pub node: bool,
    /// The local registry has to be made, and so its image is needed.
    pub registry: bool,
}

impl ClusterImages {
    /// Nothing is there yet.
    pub const ALL: Self = Self { node: true, registry: true };
    /// The cluster is somebody else's.
    pub const NONE: Self = Self { node: false, registry: false };

    /// Those of a platform with so many workers.
    pub fn needed(platform: &str, workers: u16, observed: Option<&ObservedPlatform>, registry_runs: bool) -> Self {
        Self { node: !all_made(platform, workers, observed), registry: !registry_runs }
    }
}

/// Whether every node is there, running or not.
fn all_made(platform: &str, workers: u16, observed: Option<&ObservedPlatform>) -> bool {
    let Some(observed) = observed else { return false };
    let is_made = |name: String| observed.nodes.iter().any(|had| had.name == name && had.complete);
    is_made(names::control_plane(platform)) && (1..=workers).all(|number| is_made(names::worker(platform, number)))
}
