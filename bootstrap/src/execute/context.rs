//! What the steps of one run share: what was decided before, and what earlier steps found out for later ones.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::build::Builder;
use crate::checkpoint::Portable;
use crate::docker::locks::Held;
use crate::docker::names;
use crate::docker::network::PlatformNetwork;
use crate::docker::observe::PlatformSettings;
use crate::docker::pace::Pace;
use crate::docker::registry::RunningRegistry;
use crate::error::Failure;
use crate::images::transfer::Transfer;
use crate::images::upstream::Upstream;
use crate::images::{BlobStore, Digest, Reference};
use crate::kubernetes::{Definition, Installer, watch::ClusterWatch};
use crate::origin::ImagePlan;
use crate::plan::Owned;
use crate::report::Progress;
use crate::settings::Record;
use crate::settings::{ImageSource, UpSettings};
use crate::stack::{Component, LeftOut, Stack, StackSource};
use crate::target::{Site, local};

/// Everything that steps share.
pub struct Context {
    /// Where the platform is made.
    pub site: Site,
    /// The user's file that its kubeconfig context is merged into, where it is ours to write.
    pub kubeconfig: Option<PathBuf>,
    /// What was asked for, decided.
    pub settings: UpSettings,
    /// The stack with what was added to it and left out of it.
    pub stack: Stack,
    /// The image of nodes that are made.
    pub node_image: Reference,
    /// The image of the local registry.
    pub registry_image: Reference,
    /// Images of all components that are installed.
    pub images: Vec<Owned<ImagePlan>>,
    /// Builds images from their recipes, or finds those that it built before.
    pub builder: Builder,
    /// Asks the registries that images come from.
    pub upstream: Upstream,
    /// The image cache of this machine, by digest.
    pub store: BlobStore,
    /// Fetches what is no image, as definitions.
    pub http: reqwest::Client,
    /// What cannot be had here, and is no longer in the stack.
    pub left_out: Vec<LeftOut>,
    /// What a new cluster begins with.
    pub checkpoint: Option<Portable>,
    /// What the last `up` recorded, where this run changes a part of the platform only.
    pub kept_record: Option<Record>,
    /// The checkpoint that leads back, while a platform is upgraded.
    pub upgrading: Option<String>,
    /// What steps find out for later ones.
    pub found: StepOutputs,
    /// Until the end, no `down` of another platform takes network and registry away.
    pub _sharing: Option<Held>,
}

/// What steps find out for later ones. A step reads only what the steps that it needs have set.
#[derive(Default)]
pub struct StepOutputs {
    /// The network that all platforms share, set by its step.
    pub network: OnceCell<PlatformNetwork>,
    /// Of nodes that exist; a new one chooses its own as it is made.
    pub addresses: Mutex<BTreeMap<String, Ipv4Addr>>,
    /// How slow the machine is, as the start of a node told.
    pub pace: OnceCell<Pace>,
    /// Reference of the node image as the engine knows it, set when it has been provided.
    pub node_image: OnceCell<String>,
    /// Reference of the registry's image as the engine knows it, set when it has been provided.
    pub registry_image: OnceCell<String>,
    /// The local registry's container, set when it answers.
    pub registry: OnceCell<RunningRegistry>,
    /// The way into the registry that the cluster pulls from, set when that answers.
    pub transfer: OnceCell<Transfer>,
    /// The cluster, set when its API answers.
    pub live: OnceCell<Live>,
    /// Definitions of kinds by component, until its installation takes them.
    pub definitions: Mutex<BTreeMap<String, Vec<Definition>>>,
    /// Images with the digest that the local registry holds, by the stack's reference.
    pub images: Mutex<BTreeMap<String, String>>,
    /// Images of components that were built here, in this run or earlier, by the stack's reference.
    pub from_packages: Mutex<BTreeSet<String>>,
    /// A line for each image whose recipe had to take over from a registry in this run.
    pub taken_over: Mutex<Vec<String>>,
    /// Bytes that were pushed or fetched.
    pub moved: std::sync::atomic::AtomicU64,
    /// How many images were built in this run.
    pub built: std::sync::atomic::AtomicUsize,
}

/// A cluster whose API answers.
pub struct Live {
    /// None on a cluster of others, whose kubeconfig is not ours to write.
    pub kubeconfig: Option<crate::docker::kubeconfig::Entry>,
    /// Applies components and takes them away.
    pub installer: Installer,
    /// What the cluster's objects are like, as watches keep it.
    pub watch: Arc<ClusterWatch>,
}

impl Context {
    /// The engine, for steps that make or change nodes in it.
    ///
    /// # Errors
    /// Somebody else made the cluster, and a plan for it has such a step: a defect.
    pub(crate) fn local(&self) -> Result<&local::Site, Failure> {
        let defect = || Failure::internal("the plan makes nodes on a cluster of others".into());
        self.site.local().ok_or_else(defect)
    }

    /// Name of the control plane's container.
    pub fn control_plane(&self) -> String {
        names::control_plane(&self.settings.name)
    }

    /// How slow the machine is; as fast as others until a node has started.
    pub(crate) fn pace(&self) -> Pace {
        self.found.pace.get().copied().unwrap_or_default()
    }

    /// How long to wait here for what is given up after `usual` on other machines.
    pub fn patience(&self, usual: Duration) -> Duration {
        self.pace().patience(usual)
    }

    /// Names of all nodes, control plane first.
    pub fn nodes(&self) -> Vec<String> {
        let workers = (1..=self.settings.workers).map(|number| names::worker(&self.settings.name, number));
        std::iter::once(self.control_plane()).chain(workers).collect()
    }

    /// Registry hosts of all images of the stack.
    pub fn upstream_hosts(&self) -> BTreeSet<String> {
        self.images.iter().map(|image| image.reference.host().to_string()).collect()
    }

    /// The registry as nodes and pods reach it; empty where the cluster pulls from upstream.
    pub fn registry_inside(&self) -> String {
        if self.site.is_existing() {
            return self.settings.push.as_ref().map(|push| push.pull.address()).unwrap_or_default();
        }
        format!("{}:{}", self.found.network().registry(), names::REGISTRY_PORT)
    }

    /// The settings as they are kept on the control plane's container.
    pub fn platform_settings(&self, site: &local::Site) -> PlatformSettings {
        PlatformSettings {
            made_by: env!("CARGO_PKG_VERSION").into(),
            http_port: self.settings.http_port,
            https_port: self.settings.https_port,
            ports: self.settings.ports.clone(),
            node_image: self.node_image.to_string(),
            node_mode: site.mode.clone(),
        }
    }

    /// What the platform is, as it is recorded in the cluster.
    pub fn record(&self) -> Record {
        if let Some(had) = &self.kept_record {
            let (changes, parameters) = (self.settings.changes.clone(), self.settings.parameters.clone());
            return Record { name: self.settings.name.clone(), changes, parameters, ..had.clone() };
        }
        // A folder is recorded in full: the next command may be run from elsewhere.
        let folder = match StackSource::named(&self.settings.stack) {
            StackSource::Dir(folder) => std::fs::canonicalize(folder).ok(),
            StackSource::Builtin(_) => None,
        };
        Record {
            by: env!("CARGO_PKG_VERSION").into(),
            name: self.settings.name.clone(),
            stack: folder.map_or(self.settings.stack.clone(), |folder| folder.display().to_string()),
            stack_version: self.stack.version.clone(),
            url: self.settings.url.clone(),
            parameters: self.settings.parameters.clone(),
            changes: self.settings.changes.clone(),
            elsewhere: self.site.is_existing(),
            push: self.settings.push.clone(),
            from_packages: self.settings.images == ImageSource::Source,
            upgrading: self.upgrading.clone(),
        }
    }

    /// Keeps a component's definitions for its installation.
    pub fn keep_definitions(&self, component: &str, found: Vec<Definition>) {
        let mut definitions = self.found.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        definitions.insert(component.into(), found);
    }

    /// What the cluster calls an image: by another name only if it pulls it from another registry.
    fn called(&self, image: &ImagePlan) -> String {
        let Some(push) = &self.settings.push else { return image.name.clone() };
        let tag = image.reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        format!("{}/{}{tag}", push.pull.address(), image.reference.mirror_repository())
    }

    /// Remembers that the cluster pulls an image by its digest, maybe from another place than the stack names.
    pub fn keep_image_as(&self, image: &ImagePlan, from: &Reference, digest: &Digest) {
        let tag = from.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        let mut images = self.found.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(image.name.clone(), format!("{}/{}{tag}@{digest}", from.host(), from.repository()));
    }

    /// Remembers what the local registry holds of an image.
    pub fn keep_image(&self, image: &ImagePlan, digest: &Digest) {
        let mut images = self.found.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(image.name.clone(), format!("{}@{digest}", self.called(image)));
    }

    /// Remembers that an image of a component was built here.
    pub fn keep_built(&self, image: &ImagePlan) {
        self.found.from_packages.lock().unwrap_or_else(PoisonError::into_inner).insert(image.name.clone());
    }

    /// A component's images that were built here.
    pub fn built_images_of(&self, component: &Component) -> Vec<String> {
        let built = self.found.from_packages.lock().unwrap_or_else(PoisonError::into_inner);
        let references = component.file.images.values().map(|image| &image.reference);
        references.filter(|reference| built.contains(*reference)).cloned().collect()
    }

    /// Tells that a recipe takes over from a registry, and remembers it for the summary.
    pub fn tell_taken_over(&self, line: String, progress: &Progress) {
        progress.warn(line.clone());
        self.found.taken_over.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Takes a component's definitions for its installation; none if it has none. They are megabytes, and needed
    /// once.
    pub fn take_definitions(&self, component: &str) -> Vec<Definition> {
        let mut definitions = self.found.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        definitions.remove(component).unwrap_or_default()
    }
}

impl StepOutputs {
    /// The network, once its step is through.
    pub(crate) fn network(&self) -> PlatformNetwork {
        *made(&self.network)
    }

    /// The node image's reference in the engine, once it has been provided.
    pub(crate) fn node_image(&self) -> &str {
        made(&self.node_image).as_str()
    }

    /// The local registry, once it answers.
    pub(crate) fn registry(&self) -> &RunningRegistry {
        made(&self.registry)
    }

    /// The way into the registry that the cluster pulls from, once that answers.
    pub(crate) fn transfer(&self) -> &Transfer {
        made(&self.transfer)
    }

    /// The cluster, once its API answers.
    pub(crate) fn live(&self) -> &Live {
        made(&self.live)
    }
}

/// What an earlier step must have made: the plan's needs see to it.
fn made<T>(cell: &OnceCell<T>) -> &T {
    cell.get().expect("the plan puts the step that makes this before every step that reads it")
}
