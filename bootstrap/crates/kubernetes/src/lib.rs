//! What talks to the Kubernetes API when components are installed.
//!
//! ```text
//! Unit (rendered component)
//!   -> bring_up    install, then readiness
//!   -> install     union inventory -> apply -> prune -> exact inventory
//!        apply       server-side apply in waves; refusal decides what is tried again
//!        secrets     passwords and certificates that are made once and kept
//!        copies      Secrets that are another component's
//!        prune       what a newer stack no longer has
//!   -> readiness   waits on ClusterWatch until all of the unit runs
//!        view        what is kept of the cluster, as the crate `backstack-health` reads it
//!        blockers    why something does not run yet, as that crate judges it (pure)
//! inventory -> status, credentials
//! assistant      the account that assistants read with
//! ```
//!
//! Nothing here knows a component by name. All waits have a deadline and say what they wait for.

use std::collections::BTreeMap;

use serde_json::Value;

use backstack_images::digest::Digest;
use backstack_stack::LeftOut;
use backstack_stack::model::{GeneratedSecret, Readiness};

pub mod apply;
pub mod assistant;
mod authority;
pub mod blockers;
pub mod bring_up;
pub mod certificates;
pub mod client;
mod copies;
pub mod credentials;
mod definition;
pub mod error;
pub mod install;
pub mod inventory;
pub mod kinds;
pub mod local_registry_hosting;
pub mod nodes;
pub mod object;
pub mod prune;
pub mod readiness;
pub mod record;
pub mod refusal;
pub mod removal;
mod retry;
pub mod scope;
pub mod secrets;
pub mod status;
pub mod sweep;
pub mod view;
pub mod watch;
mod waves;

#[cfg(test)]
mod fake_api;
#[cfg(test)]
mod scenarios;

pub use bring_up::bring_up;
pub use definition::Definition;
pub use error::Error;
pub use install::{Installed, Installer, Preview};

/// Namespace of what belongs to the platform itself: inventory and certificate authority.
pub const SYSTEM_NAMESPACE: &str = "backstack-system";
/// Field manager of everything that is applied.
pub use backstack_health::facts::MANAGER;

/// A component, rendered: all that is applied of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Name of the component.
    pub name: String,
    /// Its version, as component.yaml has it.
    pub version: String,
    /// Where its namespaced objects go that name no namespace themselves.
    pub namespace: String,
    /// Its CustomResourceDefinitions, which are applied before everything else.
    pub crds: Vec<Definition>,
    /// Its other manifests, without references.
    pub objects: Vec<Value>,
    /// Secrets whose content is made up when they are not there yet, by name.
    pub secrets: BTreeMap<String, GeneratedSecret>,
    /// What it is waited for besides its workloads, and for how long.
    pub readiness: Readiness,
    /// Components that it stands on: they cannot be removed before it.
    pub depends_on: Vec<String>,
    /// Its images that were built from packages, by reference.
    pub built_images: Vec<String>,
    /// Its images that could not be had, and what went with them.
    pub left_out: Vec<LeftOut>,
    /// Digest of what is applied.
    pub digest: Digest,
}

impl Unit {
    /// A unit with the digest of all its parts.
    pub fn new(
        (name, version, namespace): (&str, &str, &str),
        crds: Vec<Definition>,
        objects: Vec<Value>,
        secrets: BTreeMap<String, GeneratedSecret>,
        readiness: Readiness,
    ) -> Self {
        // Of definitions their digests: they are megabytes.
        let definitions: Vec<_> = crds.iter().map(|one| Digest::of(one.json().as_bytes())).collect();
        let all = serde_json::to_vec(&(name, version, namespace, &definitions, &objects, &secrets, &readiness));
        let digest = Digest::of(&all.expect("plain data is JSON"));
        let (name, version, namespace) = (name.into(), version.into(), namespace.into());
        let (depends_on, built_images, left_out) = Default::default();
        Self { name, version, namespace, crds, objects, secrets, readiness, depends_on, built_images, left_out, digest }
    }
}
