//! What the steps of one run share: what was decided before, and what earlier steps found out for later ones.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::outputs::StepOutputs;
use crate::build::Builder;
use crate::checkpoint::Portable;
use crate::docker::locks::Held;
use crate::docker::names;
use crate::docker::observe::PlatformSettings;
use crate::docker::pace::Pace;
use crate::error::Failure;
use crate::images::upstream::Upstream;
use crate::images::{BlobStore, Digest, Reference};
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
        self.found.pace()
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

    /// What the cluster calls an image: by another name only if it pulls it from another registry.
    fn called(&self, image: &ImagePlan) -> String {
        let Some(push) = &self.settings.push else { return image.name.clone() };
        let tag = image.reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        format!("{}/{}{tag}", push.pull.address(), image.reference.mirror_repository())
    }

    /// Remembers that the cluster pulls an image by its digest, maybe from another place than the stack names.
    pub(super) fn keep_image_as(&self, image: &ImagePlan, from: &Reference, digest: &Digest) {
        let tag = from.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        self.found.keep_image(&image.name, format!("{}/{}{tag}@{digest}", from.host(), from.repository()));
    }

    /// Remembers what the local registry holds of an image.
    pub(super) fn keep_image(&self, image: &ImagePlan, digest: &Digest) {
        self.found.keep_image(&image.name, format!("{}@{digest}", self.called(image)));
    }

    /// A component's images that were built here.
    pub(super) fn built_images_of(&self, component: &Component) -> Vec<String> {
        let references = component.file.images.values().map(|image| &image.reference);
        references.filter(|reference| self.found.is_from_packages(reference)).cloned().collect()
    }

    /// Tells that a recipe takes over from a registry, and remembers it for the summary.
    pub(super) fn tell_taken_over(&self, line: String, progress: &Progress) {
        progress.warn(line.clone());
        self.found.keep_taken_over(line);
    }
}
