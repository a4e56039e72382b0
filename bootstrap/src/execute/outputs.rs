//! What steps find out for later ones, and for the summary.
//!
//! A step reads only what the steps that it needs have left here: the plan sees to it. What is left a second time is what a
//! preview of the same plan has found already, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::docker::kubeconfig;
use crate::docker::network::PlatformNetwork;
use crate::docker::pace::Pace;
use crate::docker::registry::RunningRegistry;
use crate::images::transfer::Transfer;
use crate::kubernetes::{Definition, Installer, watch::ClusterWatch};
use crate::plan::EngineImage;

/// What steps find out.
#[derive(Default)]
pub struct StepOutputs {
    network: OnceLock<PlatformNetwork>,
    /// Of nodes that exist; a new one chooses its own as it is made.
    addresses: Mutex<BTreeMap<String, Ipv4Addr>>,
    pace: OnceLock<Pace>,
    /// References as the engine knows them.
    node_image: OnceLock<String>,
    registry_image: OnceLock<String>,
    registry: OnceLock<RunningRegistry>,
    transfer: OnceLock<Transfer>,
    live: OnceLock<Live>,
    /// By component, until its installation takes them.
    definitions: Mutex<BTreeMap<String, Vec<Definition>>>,
    /// As the cluster pulls them, by the stack's reference.
    images: Mutex<BTreeMap<String, String>>,
    /// The stack's references.
    from_packages: Mutex<BTreeSet<String>>,
    taken_over: Mutex<Vec<String>>,
    moved: AtomicU64,
    built: AtomicUsize,
}

/// A cluster whose API answers.
pub struct Live {
    /// None on a cluster of others, whose kubeconfig is not ours to write.
    pub kubeconfig: Option<kubeconfig::Entry>,
    /// Applies components and takes them away.
    pub installer: Installer,
    /// What the cluster's objects are like, as watches keep it.
    pub watch: Arc<ClusterWatch>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an earlier step must have made.
fn made<T>(cell: &OnceLock<T>) -> &T {
    cell.get().expect("the plan puts the step that makes this before every step that reads it")
}

impl StepOutputs {
    /// The network that all platforms share.
    pub(crate) fn network(&self) -> PlatformNetwork {
        *made(&self.network)
    }

    pub(super) fn keep_network(&self, network: PlatformNetwork) {
        self.network.set(network).ok();
    }

    /// How slow the machine is, as the start of a node told; as fast as others until one has started.
    pub(crate) fn pace(&self) -> Pace {
        self.pace.get().copied().unwrap_or_default()
    }

    /// Whether no node has told it before.
    pub(super) fn keep_pace(&self, pace: Pace) -> bool {
        self.pace.set(pace).is_ok()
    }

    /// Reference of the node image as the engine knows it.
    pub(super) fn node_image(&self) -> &str {
        made(&self.node_image).as_str()
    }

    /// Reference of the registry's image as the engine knows it; none where a registry runs already.
    pub(super) fn registry_image(&self) -> Option<&str> {
        self.registry_image.get().map(String::as_str)
    }

    pub(super) fn keep_engine_image(&self, image: EngineImage, reference: String) {
        match image {
            EngineImage::Node => self.node_image.set(reference).ok(),
            EngineImage::Registry => self.registry_image.set(reference).ok(),
        };
    }

    /// The local registry's container, once it answers; none on a cluster that somebody else made.
    pub(crate) fn registry(&self) -> Option<&RunningRegistry> {
        self.registry.get()
    }

    /// The same, for steps that come after it.
    pub(super) fn running_registry(&self) -> &RunningRegistry {
        made(&self.registry)
    }

    pub(super) fn keep_registry(&self, registry: RunningRegistry) {
        self.registry.set(registry).ok();
    }

    /// The way into the registry that the cluster pulls from.
    pub(super) fn transfer(&self) -> &Transfer {
        made(&self.transfer)
    }

    /// The same; none where the cluster pulls from upstream.
    pub(super) fn any_transfer(&self) -> Option<&Transfer> {
        self.transfer.get()
    }

    pub(super) fn keep_transfer(&self, transfer: Transfer) {
        self.transfer.set(transfer).ok();
    }

    /// The cluster, once its API answers.
    pub(crate) fn live(&self) -> &Live {
        made(&self.live)
    }

    pub(super) fn keep_live(&self, live: Live) {
        self.live.set(live).ok();
    }

    /// Address of a node.
    pub(super) fn address(&self, node: &str) -> Ipv4Addr {
        held(&self.addresses)[node]
    }

    pub(super) fn keep_addresses(&self, nodes: impl IntoIterator<Item = (String, Ipv4Addr)>) {
        held(&self.addresses).extend(nodes);
    }

    /// The address that a node has, or the one that is chosen for it now; `taken` are those of the others.
    pub(super) fn address_or<E>(
        &self,
        node: &str,
        choose: impl FnOnce(&BTreeSet<Ipv4Addr>) -> Result<Ipv4Addr, E>,
    ) -> Result<Ipv4Addr, E> {
        let mut addresses = held(&self.addresses);
        if let Some(&had) = addresses.get(node) {
            return Ok(had);
        }
        let address = choose(&addresses.values().copied().collect())?;
        addresses.insert(node.into(), address);
        Ok(address)
    }

    /// Keeps a component's definitions for its installation.
    pub(super) fn keep_definitions(&self, component: &str, found: Vec<Definition>) {
        held(&self.definitions).insert(component.into(), found);
    }

    /// Takes them for it; none if it has none. They are megabytes, and needed once.
    pub(super) fn take_definitions(&self, component: &str) -> Vec<Definition> {
        held(&self.definitions).remove(component).unwrap_or_default()
    }

    /// Remembers as what the cluster pulls an image.
    pub(super) fn keep_image(&self, reference: &str, pulled_as: String) {
        held(&self.images).insert(reference.into(), pulled_as);
    }

    /// As what the cluster pulls images, by the stack's reference.
    pub(super) fn images(&self) -> BTreeMap<String, String> {
        held(&self.images).clone()
    }

    /// Remembers that an image of a component was built here, in this run or earlier.
    pub(super) fn keep_from_packages(&self, reference: &str) {
        held(&self.from_packages).insert(reference.into());
    }

    pub(super) fn is_from_packages(&self, reference: &str) -> bool {
        held(&self.from_packages).contains(reference)
    }

    /// Remembers that a recipe had to take over from a registry: a line for the summary.
    pub(super) fn keep_taken_over(&self, line: String) {
        held(&self.taken_over).push(line);
    }

    /// A line for each image whose recipe had to take over from a registry in this run.
    pub(crate) fn taken_over(&self) -> Vec<String> {
        held(&self.taken_over).clone()
    }

    /// Counts an image that was built in this run.
    pub(super) fn count_built(&self) {
        self.built.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that were pushed or fetched.
    pub(super) fn count_moved(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How many images were built in this run, and how many bytes were pushed or fetched.
    pub(super) fn counts(&self) -> (usize, u64) {
        (self.built.load(Ordering::Relaxed), self.moved.load(Ordering::Relaxed))
    }
}
