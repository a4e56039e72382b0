//! The images of a run: which there are, and what was decided about each.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use futures::future::try_join_all;

use super::Adding;
use crate::build::container::{ContainerPlan, Outlook};
use crate::build::{Architecture, Builder, Program};
use crate::docker::Engine;
use crate::doctor::building::{Building, Standby};
use crate::error::{ExitKind, Failure};
use crate::execute::engine_images;
use crate::folders;
use crate::images::Platform;
use crate::images::transfer::Transfer;
use crate::images::upstream::{Patience, Upstream, UpstreamOptions};
use crate::images::{BlobStore, Bundle, ImageError};
use crate::origin::{
    BUILDS, DecidedImage, Decision, ImagePlan, ImageState, Look, Nowhere, Told, bundled, decide, released,
};
use crate::plan::{ClusterImages, EngineImage, Owned};
use crate::settings::{ImageSource, UpSettings, display};
use crate::stack::files::FileTree;
use crate::stack::model::ImageRef;
use crate::stack::{ClusterSpec, Component, LeftOut, Stack, Unavailable};
use crate::target::local::running_registry;
use crate::target::{Destination, ExistingError};
use crate::tls;

/// The machine that images are for.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Of its processor.
    pub architecture: Architecture,
    /// What images for it take for this program.
    pub program: Program,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        Self { architecture: Architecture::host(), program: released::program() }
    }

    /// One with this processor. `program` is a static build of this program for it; a release has no need of one.
    pub fn with(architecture: Architecture, program: Option<&Path>) -> Self {
        let program = program.filter(|_| architecture != Architecture::host()).map(released::program_in);
        Self { architecture, program: program.unwrap_or_else(released::program) }
    }

    /// The same, as registries name it.
    pub fn platform(&self) -> Platform {
        match self.architecture == Architecture::host() {
            true => Platform::here(),
            false => Platform::linux(self.architecture.as_str()),
        }
    }
}

/// The images of a run, and the means to get them.
pub struct Images {
    /// Where images may come from, by the settings.
    pub mode: ImageSource,
    /// Where all of them come from that are not here.
    pub bundle: Option<Arc<Bundle>>,
    /// The image of all nodes.
    pub node: Owned<ImagePlan>,
    /// The image of the local registry.
    pub registry: Owned<ImagePlan>,
    /// By reference.
    pub components: BTreeMap<String, Owned<ImagePlan>>,
    /// Builds images from their recipes, or finds those that it built before.
    pub builder: Builder,
    /// Takes the place of tools that are missing.
    container: ContainerPlan,
    /// Asks the registries that images come from.
    pub upstream: Upstream,
    /// The image cache of this machine, by digest.
    pub store: BlobStore,
    /// Fetches what is no image, as definitions.
    pub http: reqwest::Client,
    /// What is added to a platform: it is not left out in silence.
    adding: bool,
    /// Which of node and registry image are needed.
    of_cluster: ClusterImages,
}

/// What was decided about all images of a run.
#[derive(Default)]
pub struct DecidedImages {
    /// By reference.
    pub images: BTreeMap<String, DecidedImage>,
    /// What cannot be had here: it is no longer in the stack.
    pub left_out: Vec<LeftOut>,
    /// What the platform cannot do without, and cannot be had.
    pub nowhere: Vec<Nowhere>,
    /// The decisions in a few lines, for people.
    pub told: Told,
}

/// A stack whose images are decided about.
pub struct Resolved {
    /// The images, each with where it comes from, and the means to get them.
    pub images: Images,
    /// The stack, without what cannot be had.
    pub stack: Stack,
    /// What was decided.
    pub decided: DecidedImages,
}

impl Images {
    /// The images of a stack: of all its components, or of those that are added; and those that the cluster needs.
    ///
    /// # Errors
    /// The cache cannot be used, or a reference or recipe is malformed.
    pub fn of(
        settings: &UpSettings,
        stack: &Stack,
        cluster: &ClusterSpec,
        adding: Option<&Adding>,
        of_cluster: ClusterImages,
        machine: &Machine,
    ) -> Result<Self, Failure> {
        let cache = folders::cache()?;
        let bundle = settings.bundle.as_deref().map(Bundle::open).transpose()?.map(Arc::new);
        let store = BlobStore::open(&cache).map_err(|error| no_cache(&cache, &error))?.with_bundle(bundle.clone());
        let container = container(settings.images, cluster)?;
        let known = bundle.as_deref().map_or(Ok(Vec::new()), |bundle| bundled::built(bundle, machine.architecture))?;
        let builder = Builder::new(&cache, store.clone(), machine.architecture)
            .with_program(machine.program.clone())
            .with_container(Some(container.clone()))
            .with_known(known);
        let mut node = ImagePlan::of(&cluster.file.node, &cluster.tree, &builder)?;
        if let Some(image) = &settings.node_image
            && image.parse() != Ok(node.reference.clone())
        {
            node = ImagePlan::fetched(image.parse().map_err(ImageError::from)?);
        }
        let mut components = BTreeMap::new();
        let wanted = |name: &str| adding.is_none_or(|adding| adding.names.contains(name));
        for component in stack.components.iter().filter(|component| wanted(component.name())) {
            for image in component.file.images.values() {
                let plan = ImagePlan::of(image, &component.tree, &builder)?;
                components.insert(image.reference.clone(), Owned::new(plan));
            }
        }
        let http = tls::client_or_distrust(reqwest::Client::builder)
            .map_err(|error| ImageError::Client { reason: error.to_string() })?;
        let (node, registry) =
            (Owned::new(node), Owned::new(ImagePlan::of(&cluster.file.registry, &cluster.tree, &builder)?));
        let upstream = Upstream::new(UpstreamOptions::new(machine.platform()))?;
        if let Some(bundle) = &bundle {
            let all = components.values().chain([&node, &registry]).map(Deref::deref);
            bundled::announce(bundle, machine.architecture, all, &upstream)?;
        }
        Ok(Self {
            mode: settings.images,
            bundle,
            node,
            registry,
            components,
            upstream,
            http,
            builder,
            container,
            store,
            adding: adding.is_some(),
            of_cluster,
        })
    }

    /// Decides about every image, all at once; touches nothing. What cannot be had and can be done without is taken
    /// out of the stack. Where it is unknown where images go, nothing is known to be there.
    ///
    /// # Errors
    /// The engine or the registry does not answer properly; an image has to be built, and there is no registry.
    pub async fn decide(self, stack: Stack, to: Destination) -> Result<Resolved, Failure> {
        let decisions = match to {
            Destination::Engine(engine) => self.look_in_engine(&engine).await?,
            Destination::Registry(registry) => {
                self.look(None, Some(&Transfer::new(registry, self.store.clone()))).await?
            }
            Destination::Unknown => self.look(None, None).await?,
            Destination::Pulled { context } => {
                let decided = self.pulled_by_the_cluster(context)?;
                return Ok(Resolved { images: self, stack, decided });
            }
        };
        Ok(self.settle(stack, decisions))
    }

    async fn look_in_engine(&self, engine: &Engine) -> Result<Vec<(String, Decision)>, Failure> {
        loop {
            let local = running_registry(engine).await?;
            let transfer = local.map(|local| Transfer::new(local, self.store.clone()));
            let found = self.look(Some(engine), transfer.as_ref()).await;
            // Another program's `down` may have taken the registry away meanwhile: then it is looked for again.
            let went = match &transfer {
                Some(transfer) if found.is_err() => transfer.local().ping().await.is_err(),
                _ => false,
            };
            if !went {
                return found;
            }
        }
    }

    /// Without a registry of ours the cluster pulls from upstream what it can; what would be built has no way to it.
    fn pulled_by_the_cluster(&self, context: String) -> Result<DecidedImages, Failure> {
        let is_built = |image: &Owned<ImagePlan>| self.mode == ImageSource::Source || image.wanted.is_none();
        let built = self.components.iter().filter(|(_, image)| is_built(image));
        let built: Vec<_> = built.map(|(name, _)| name.as_str()).collect();
        if !built.is_empty() {
            let why = format!("These images would be built here: {}.", built.join(", "));
            return Err(ExistingError::NoRegistry { context, why }.into());
        }
        let headline = "The cluster pulls images from their upstream registries.".into();
        Ok(DecidedImages { told: Told { headline, taken_over: Vec::new() }, ..DecidedImages::default() })
    }

    async fn look(
        &self,
        engine: Option<&Engine>,
        transfer: Option<&Transfer>,
    ) -> Result<Vec<(String, Decision)>, Failure> {
        let upstream = self.upstream.with_patience(Patience::hurried);
        let (builder, store, patience) = (&self.builder, &self.store, self.upstream.patience());
        let bundle = self.bundle.as_deref();
        let look = Look { mode: self.mode, builder, store, upstream, patience, transfer, builds: BUILDS, bundle };
        let look = &look;
        let components = self.components.iter().map(|(reference, image)| async move {
            Ok::<_, Failure>((reference.clone(), decide::decide(&look.at(image).await?)))
        });
        let cluster = self.cluster().map(|(kind, image)| async move {
            let here = match engine {
                Some(engine) => engine_images::here(engine, look, kind, image).await?,
                None => None,
            };
            Ok::<_, Failure>((image.reference.to_string(), decide::decide(&look.beyond(image, here).await?)))
        });
        let (mut all, cluster) = tokio::try_join!(try_join_all(components), try_join_all(cluster))?;
        all.extend(cluster);
        Ok(all)
    }

    /// Keeps what was decided, and takes out of the stack what can be done without.
    fn settle(mut self, stack: Stack, decisions: Vec<(String, Decision)>) -> Resolved {
        let mut decided = DecidedImages::default();
        let mut nowhere = Vec::new();
        for (reference, decision) in decisions {
            match decision {
                Decision::Found { image, recipe_stands_by } => {
                    for plan in self.plans_mut().filter(|plan| plan.reference.to_string() == reference) {
                        plan.origin = image.origin;
                        plan.recipe_stands_by = recipe_stands_by;
                    }
                    decided.images.insert(reference, image);
                }
                Decision::Nowhere { registry, recipe } => {
                    let users = stack.components.iter().filter(|component| uses(component, &reference));
                    let mut users: Vec<_> = users.map(|component| component.name().to_string()).collect();
                    if users.is_empty() {
                        users.push("cluster".into());
                    }
                    let image = || (reference.clone(), registry.clone(), recipe.clone());
                    nowhere.extend(users.into_iter().map(|component| {
                        let (image, registry, recipe) = image();
                        Nowhere { component, image, registry, recipe }
                    }));
                }
            }
        }
        let (stack, left_out, nowhere) = self.do_without(stack, nowhere);
        (decided.left_out, decided.nowhere) = (left_out, nowhere);
        decided.images.retain(|reference, _| self.is_of_cluster(reference) || stack.has_image(reference));
        self.components.retain(|reference, _| stack.has_image(reference));
        decided.told = Told::of(self.mode, &decided.images);
        Resolved { images: self, stack, decided }
    }

    /// Objects that say so go with an image that cannot be had. Whole components go only where the settings rule out
    /// the way that would lead to their images.
    fn do_without(&self, mut stack: Stack, nowhere: Vec<Nowhere>) -> (Stack, Vec<LeftOut>, Vec<Nowhere>) {
        let unavailable =
            |one: &Nowhere| Unavailable { component: one.component.clone(), image: one.image.clone(), why: one.why() };
        let (optional, needed): (Vec<_>, Vec<_>) =
            nowhere.into_iter().partition(|one| stack.can_do_without(&one.component, &one.image));
        let mut left_out = stack.leave_out(&optional.iter().map(unavailable).collect::<Vec<_>>());
        let explicit = self.mode != ImageSource::Auto && !self.adding;
        let (whole, nowhere): (Vec<_>, Vec<_>) =
            needed.into_iter().partition(|one| explicit && stack.component(&one.component).is_some());
        let whole: Vec<_> = whole.iter().map(unavailable).collect();
        left_out.extend(stack.leave_out_components(&whole));
        (stack, left_out, nowhere)
    }

    /// The images of the cluster that are needed.
    fn cluster(&self) -> impl Iterator<Item = (EngineImage, &ImagePlan)> {
        let node = self.of_cluster.node.then_some((EngineImage::Node, &*self.node));
        node.into_iter().chain(self.of_cluster.registry.then_some((EngineImage::Registry, &*self.registry)))
    }

    fn is_of_cluster(&self, reference: &str) -> bool {
        self.cluster().any(|(_, image)| image.reference.to_string() == reference)
    }

    fn plans_mut(&mut self) -> impl Iterator<Item = &mut ImagePlan> {
        self.components.values_mut().chain([&mut self.node, &mut self.registry]).map(Owned::to_mut)
    }

    /// The images of a component, as far as they are needed.
    pub(crate) fn of_component(&self, component: &Component) -> Vec<Owned<ImagePlan>> {
        let references = component.file.images.values().map(|image| &image.reference);
        references.filter_map(|reference| self.components.get(reference).cloned()).collect()
    }

    /// The plan of an image, by its reference.
    pub(crate) fn plan_of(&self, reference: &str) -> Option<&ImagePlan> {
        let mut cluster = [&self.node, &self.registry].into_iter();
        let plan = self.components.get(reference);
        plan.or_else(|| cluster.find(|image| image.reference.to_string() == reference)).map(Deref::deref)
    }

    /// What has to be built, and with what; none where nothing has to be.
    ///
    /// # Errors
    /// A recipe is malformed, or the engine does not answer.
    pub async fn building(
        &self,
        decided: &DecidedImages,
        engine: Option<&Engine>,
    ) -> Result<Option<Building>, Failure> {
        let open = decided.images.iter().filter(|(_, image)| image.state == ImageState::ToBuild);
        let recipes: Vec<_> = open.filter_map(|(name, _)| self.plan_of(name)?.recipe.clone()).collect();
        if recipes.is_empty() {
            return Ok(None);
        }
        let missing = self.builder.missing_tools(&recipes)?;
        let container = match engine {
            _ if missing.is_empty() => Standby::NotNeeded,
            None => Standby::No("no engine answers that could run one".into()),
            Some(engine) if !engine.endpoint().is_local() => {
                Standby::No("the Docker Engine is on another machine and does not see this one's files".into())
            }
            Some(engine) => self.standby(engine).await?,
        };
        Ok(Some(Building { images: recipes.len(), tools: self.builder.needed_tools(&recipes)?, missing, container }))
    }

    async fn standby(&self, engine: &Engine) -> Result<Standby, Failure> {
        Ok(match self.container.outlook(engine, &self.builder).await? {
            Outlook::Here => Standby::Ready("its image is here".into()),
            Outlook::Build => Standby::Ready("its image is built first".into()),
            Outlook::Fetch => Standby::Ready(format!("its image is made from {}", self.container.reference)),
            Outlook::None => {
                Standby::No(format!("`--images source` does not fetch its image, {}", self.container.reference))
            }
        })
    }
}

/// The container that builds where tools are missing, as far as the settings let its image come.
fn container(mode: ImageSource, cluster: &ClusterSpec) -> Result<ContainerPlan, Failure> {
    let image = ImagePlan::fetched(cluster.file.builder.reference.parse().map_err(ImageError::from)?);
    let recipe = cluster.file.builder.recipe.as_deref().unwrap_or_default();
    Ok(ContainerPlan {
        reference: image.reference,
        recipe: cluster.tree.join(&format!("images/{recipe}")),
        may_fetch: mode != ImageSource::Source,
        may_build: mode != ImageSource::Registry,
    })
}

fn uses(component: &Component, reference: &str) -> bool {
    component.file.images.values().any(|image| image.reference == reference)
}

/// What an image from packages lacks, as its recipe says.
pub fn limits(image: &ImageRef, tree: &FileTree) -> Option<String> {
    let recipe = tree.join(&format!("images/{}", image.recipe.as_ref()?));
    let recipe = crate::build::recipe::read(&recipe).ok()?;
    match (recipe.version, recipe.limits) {
        (Some(version), Some(limits)) => Some(format!("version {version}; {limits}")),
        (Some(version), None) => Some(format!("version {version}")),
        (None, limits) => limits,
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
