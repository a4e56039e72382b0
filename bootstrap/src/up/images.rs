//! Which source images come from, and where each of them stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cluster::observe::ObservedPlatform;
use crate::cluster::{Engine, network};
use crate::definitions;
use crate::error::{ExitKind, Failure};
use crate::execute::context::{ImagePlan, Origin};
use crate::execute::engine_images;
use crate::images::local::LocalRegistry;
use crate::images::manifest::Platform;
use crate::images::reference::Wanted;
use crate::images::road::Road;
use crate::images::upstream::{Upstream, UpstreamOptions};
use crate::images::{BlobStore, ImageError};
use crate::plan::{EngineImage, ImageState, Observed};
use crate::platform::inventory::Inventory;
use crate::settings::{ImageSource, UpSettings, display, folders};
use crate::source::{Architecture, Builder};
use crate::stack::files::FileTree;
use crate::stack::model::ImageRef;
use crate::stack::{ClusterSpec, Component, LeftOut, Stack};
use crate::up::reach;

/// The images of a run, and the means to get them.
pub struct Sources {
    pub origin: Origin,
    /// Which source was taken and why, for people.
    pub why: String,
    /// What this source cannot have: it is no longer in the stack.
    pub left_out: Vec<LeftOut>,
    /// Whether node and registry image are among those that are needed.
    with_cluster: bool,
    pub node: ImagePlan,
    pub registry: ImagePlan,
    /// By reference.
    pub components: BTreeMap<String, ImagePlan>,
    pub builder: Builder,
    pub upstream: Upstream,
    pub store: BlobStore,
    pub http: reqwest::Client,
}

impl Sources {
    /// Decides where images come from; asks the upstream registries if that is left open. Those of all components,
    /// or `only` of some. What that source cannot have is taken out of the stack.
    pub async fn decide(
        settings: &UpSettings,
        stack: &mut Stack,
        cluster: &ClusterSpec,
        only: Option<&BTreeSet<String>>,
    ) -> Result<Self, Failure> {
        let cache = folders::cache();
        let store = BlobStore::open(&cache).map_err(|error| no_cache(&cache, &error))?;
        let upstream = Upstream::new(UpstreamOptions::new(Platform::here()))?;
        let mut node = plan(&cluster.file.node, &cluster.tree)?;
        if let Some(image) = &settings.node_image
            && image.parse() != Ok(node.reference.clone())
        {
            node = ImagePlan::new(image.parse().map_err(ImageError::from)?, None, None);
        }
        let mut components = BTreeMap::new();
        let wanted = |name: &str| only.is_none_or(|only| only.contains(name));
        for component in stack.components.iter().filter(|component| wanted(component.name())) {
            for image in component.file.images.values() {
                components.insert(image.reference.clone(), plan(image, &component.tree)?);
            }
        }
        let registry = plan(&cluster.file.registry, &cluster.tree)?;
        let hosts: BTreeSet<&str> = components
            .values()
            .chain([&node, &registry].into_iter().filter(|_| only.is_none()))
            .map(|image| image.reference.host())
            .collect();
        let (origin, why) = choose(settings.images, &upstream, hosts).await;
        let left_out = if origin == Origin::Source { stack.leave_out_missing() } else { Vec::new() };
        components.retain(|reference, _| stack.has_image(reference));
        let http = reqwest::Client::builder().build().map_err(|error| Failure::internal(error.to_string()))?;
        let builder = Builder::new(&cache, store.clone(), Architecture::host());
        Ok(Self {
            origin,
            why,
            left_out,
            with_cluster: only.is_none(),
            node,
            registry,
            components,
            builder,
            upstream,
            store,
            http,
        })
    }

    fn all(&self) -> impl Iterator<Item = &ImagePlan> {
        [&self.node, &self.registry].into_iter().filter(|_| self.with_cluster).chain(self.components.values())
    }

    /// Tools that building would need and that are not there; none where nothing is built any more.
    pub fn missing_tools(&self) -> Result<Vec<(String, String)>, Failure> {
        if self.origin != Origin::Source {
            return Ok(Vec::new());
        }
        let mut open = Vec::new();
        for image in self.all() {
            if image.built(&self.builder)?.is_none() {
                open.extend(image.recipe.clone());
            }
        }
        let missing = self.builder.missing_tools(&open)?;
        Ok(missing
            .into_iter()
            .map(|tool| (format!("{} is missing ({})", tool.tool, tool.needed_for), tool.hint))
            .collect())
    }
}

/// What an image from packages lacks, as its recipe says.
pub fn limits(image: &ImagePlan) -> Option<String> {
    let recipe = crate::source::recipe::read(image.recipe.as_ref()?).ok()?;
    match (recipe.version, recipe.limits) {
        (Some(version), Some(limits)) => Some(format!("version {version}; {limits}")),
        (Some(version), None) => Some(format!("version {version}")),
        (None, limits) => limits,
    }
}

/// An image of a component or of the cluster, with the folder of its recipe.
pub fn plan(image: &ImageRef, tree: &FileTree) -> Result<ImagePlan, Failure> {
    let reference = image.reference.parse().map_err(ImageError::from)?;
    let pin = image.digest.as_ref().and_then(|digest| digest.parse().ok());
    Ok(ImagePlan::new(reference, pin, image.recipe.as_ref().map(|recipe| tree.join(&format!("images/{recipe}")))))
}

async fn choose(wanted: ImageSource, upstream: &Upstream, hosts: BTreeSet<&str>) -> (Origin, String) {
    match wanted {
        ImageSource::Registry => (Origin::Registry, "Images from the upstream registries, as asked for.".into()),
        ImageSource::Source => (Origin::Source, "Images built from packages, as asked for.".into()),
        ImageSource::Auto => {
            let answers = upstream.probe(hosts.iter().copied()).await;
            if answers.all() || !cfg!(target_os = "linux") {
                (Origin::Registry, format!("Images from the upstream registries: {answers}."))
            } else {
                let silent: Vec<_> = answers.silent.iter().map(|one| one.host.as_str()).collect();
                (
                    Origin::Source,
                    format!("Images built from packages, because {} cannot be reached.", silent.join(", ")),
                )
            }
        }
    }
}

fn no_cache(folder: &Path, error: &std::io::Error) -> Failure {
    Failure {
        kind: ExitKind::Prerequisite,
        messages: vec![format!("the cache {} cannot be used", display(folder)), error.to_string()],
        details: Vec::new(),
        hints: vec!["Make it writable, make room, or set BACKSTACK_CACHE to another folder.".into()],
    }
}

/// Looks where everything stands; touches nothing.
pub async fn observe(
    engine: &Engine,
    sources: &Sources,
    stack: &Stack,
    platform: Option<ObservedPlatform>,
    client: Option<&kube::Client>,
) -> Result<Observed, Failure> {
    let network = network::find(engine).await?.is_some();
    let (registry, mut images) = component_images(engine, sources).await?;
    for (kind, image) in [(EngineImage::Node, &sources.node), (EngineImage::Registry, &sources.registry)] {
        let state = engine_images::observe(engine, &sources.builder, sources.origin, kind, image).await?;
        images.insert(image.reference.to_string(), state);
    }
    let name = platform.as_ref().map_or("", |platform| platform.name.as_str());
    let installed = installed(name, client).await?;
    let has_all = |component: &&Component| definitions::are_cached(&component.file.crds, &sources.store);
    let definitions = stack.components.iter().filter(has_all).map(|component| component.file.name.clone()).collect();
    Ok(Observed { network, registry, platform, images, definitions, installed })
}

/// The same for a cluster that somebody else made. Where it pulls from upstream, its images are its own business.
pub async fn observe_elsewhere(
    sources: &Sources,
    registry: Option<LocalRegistry>,
    platform: &str,
    client: &kube::Client,
) -> Result<Observed, Failure> {
    let images = match registry {
        Some(registry) => states(sources, Some(&Road::new(registry, sources.store.clone()))).await?,
        None => BTreeMap::new(),
    };
    let installed = installed(platform, Some(client)).await?;
    Ok(Observed { images, installed, ..Observed::default() })
}

/// Whether the local registry is there, and where the components' images stand. Looked at again if it goes meanwhile, as
/// with another program's `down`.
async fn component_images(engine: &Engine, sources: &Sources) -> Result<(bool, BTreeMap<String, ImageState>), Failure> {
    loop {
        let road = reach::running_registry(engine).await?.map(|local| Road::new(local, sources.store.clone()));
        let found = states(sources, road.as_ref()).await;
        let went = match &road {
            Some(road) if found.is_err() => road.local().ping().await.is_err(),
            _ => false,
        };
        if !went {
            return Ok((road.is_some(), found?));
        }
    }
}

async fn states(sources: &Sources, road: Option<&Road>) -> Result<BTreeMap<String, ImageState>, Failure> {
    let mut states = BTreeMap::new();
    for (name, image) in &sources.components {
        states.insert(name.clone(), state(sources, image, road).await?);
    }
    Ok(states)
}

async fn state(sources: &Sources, image: &ImagePlan, road: Option<&Road>) -> Result<ImageState, Failure> {
    if sources.origin == Origin::Source && image.recipe.is_some() {
        let Some(built) = image.built(&sources.builder)? else { return Ok(ImageState::ToBuild) };
        let there = match (road, image.reference.tag()) {
            (Some(road), Some(tag)) => {
                let found = road.local().has_manifest(&image.reference.mirror_repository(), tag).await;
                found? == Some(built.manifest.digest.clone())
            }
            _ => false,
        };
        let bytes = built.size;
        return Ok(if there { ImageState::Present { bytes: Some(bytes) } } else { ImageState::Built { bytes } });
    }
    let Some(road) = road else { return Ok(ImageState::ToFetch { bytes: None }) };
    let wanted = Wanted { reference: image.reference.clone(), pin: image.pin.clone() };
    let found = road.inspect(&sources.upstream, &wanted).await?;
    let bytes = Some(found.blobs.iter().map(|blob| blob.size).sum());
    Ok(if found.missing.is_empty() { ImageState::Present { bytes } } else { ImageState::ToFetch { bytes } })
}

/// Components in the inventory of a platform whose API answers; none otherwise.
async fn installed(platform: &str, client: Option<&kube::Client>) -> Result<BTreeMap<String, String>, Failure> {
    let Some(client) = client else { return Ok(BTreeMap::new()) };
    let entries = Inventory::new(client.clone(), platform).load_all().await?;
    Ok(entries.into_iter().map(|(name, entry)| (name, entry.version)).collect())
}
