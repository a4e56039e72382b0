//! One function for each kind of step: the adapters are called here, and nowhere is order decided.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use tokio::time::Instant;

use super::context::{API_DEADLINE, Context, Live, Origin, set};
use super::{elsewhere, engine_images, nodes, served};
use crate::cluster::{kubeconfig, network, provision, registry};
use crate::definitions;
use crate::error::Failure;
use crate::images::local::LocalRegistry;
use crate::images::reference::Wanted;
use crate::images::road::Road;
use crate::plan::{Action, PlannedStep, Step};
use crate::platform::{self, Installer, Unit, watch::ClusterWatch};
use crate::report::{Outcome, Phase, Progress, units};
use crate::stack::render;

/// How long a registry that runs may take to answer.
pub const REGISTRY_DEADLINE: Duration = Duration::from_secs(30);

/// How a step ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    /// A few words for the subject's line, or nothing.
    pub detail: String,
}

impl Ended {
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, detail: String::new() }
    }

    fn with(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into() }
    }

    fn changed(changed: bool) -> Self {
        Self::new(if changed { Outcome::Created } else { Outcome::Unchanged })
    }
}

/// Does one step.
///
/// # Errors
/// Whatever the adapter says, explained.
pub async fn perform(context: &Context, planned: &PlannedStep, progress: &Progress) -> Result<Ended, Failure> {
    match &planned.step {
        Step::EnsureNetwork => ensure_network(context).await,
        Step::ProvideImage { image, .. } => engine_images::provide(context, *image, progress).await,
        Step::EnsureRegistry => ensure_registry(context).await,
        Step::ReachCluster { .. } => elsewhere::connect(context),
        Step::ReachRegistry { .. } => elsewhere::registry(context).await,
        Step::BuildImage { reference } => build_image(context, reference, progress).await,
        Step::MirrorImage { reference } => mirror_image(context, reference, progress).await,
        Step::FetchDefinitions { component } => fetch_definitions(context, component, progress).await,
        Step::ProvisionNode { node, role } => {
            if planned.action == Action::Exists {
                // Another stack may name other upstreams; containerd reads these files at every pull.
                context.own().engine.write_files(node, &nodes::mirrors(context)).await?;
                return Ok(Ended::new(Outcome::Unchanged));
            }
            progress.phase(Phase::Applying);
            nodes::provision(context, node, *role, progress).await
        }
        Step::InitControlPlane { node } => {
            if planned.action != Action::Exists {
                nodes::init(context, node, progress).await?;
            }
            connect(context, node, progress).await?;
            Ok(Ended::changed(planned.action != Action::Exists))
        }
        Step::JoinNode { node } => {
            if planned.action != Action::Exists {
                nodes::join(context, node, progress).await?;
            }
            Ok(Ended::changed(planned.action != Action::Exists))
        }
        Step::InstallDefaults { node } => {
            if planned.action != Action::Exists {
                provision::install_defaults(&context.own().engine, node, &context.own().node.reference.to_string())
                    .await?;
            }
            Ok(Ended::changed(planned.action != Action::Exists))
        }
        Step::WriteKubeconfig => write_kubeconfig(context),
        Step::AwaitNodes => nodes::await_ready(context, progress).await,
        Step::PreparePlatform => prepare(context, progress).await,
        Step::InstallComponent { component } => install(context, component, progress).await,
        Step::RemoveComponent { component } => remove(context, component, progress).await,
    }
}

async fn ensure_network(context: &Context) -> Result<Ended, Failure> {
    let (network, made) = network::ensure(&context.own().engine).await?;
    let existing = context.own().existing.iter().flat_map(|platform| &platform.nodes);
    let addresses = existing.filter_map(|node| Some((node.name.clone(), node.address?)));
    context.found.addresses.lock().unwrap_or_else(PoisonError::into_inner).extend(addresses);
    context.found.network.set(network).ok();
    Ok(Ended::changed(made))
}

async fn ensure_registry(context: &Context) -> Result<Ended, Failure> {
    let network = *set(&context.found.network);
    let (image, upstream) = (set(&context.found.registry_image), context.own().registry_image.reference.to_string());
    let running =
        registry::ensure(&context.own().engine, network, image, &upstream, context.settings.registry_port).await?;
    let local = LocalRegistry::at_port(running.host_port)?;
    await_answer(&local).await?;
    context.found.road.set(Road::new(local, context.store.clone())).ok();
    let changed = running.changed;
    context.found.registry.set(running).ok();
    Ok(Ended::changed(changed))
}

pub(super) async fn await_answer(local: &LocalRegistry) -> Result<(), Failure> {
    let deadline = Instant::now() + REGISTRY_DEADLINE;
    while !local.answers_or_waits(deadline).await? {}
    Ok(())
}

async fn build_image(context: &Context, reference: &str, progress: &Progress) -> Result<Ended, Failure> {
    let Some(recipe) = &context.images[reference].recipe else { return Ok(Ended::new(Outcome::Unchanged)) };
    progress.phase(Phase::Building);
    progress.detail(format!("building {reference}"));
    context.builder.build(recipe, progress).await?;
    context.found.built.fetch_add(1, Ordering::Relaxed);
    Ok(Ended::new(Outcome::Created))
}

async fn mirror_image(context: &Context, reference: &str, progress: &Progress) -> Result<Ended, Failure> {
    let image = &context.images[reference];
    let road = set(&context.found.road);
    let moved = match (&image.recipe, context.origin) {
        (Some(recipe), Origin::Source) => {
            let built = context.builder.build(recipe, progress).await?;
            road.push_built(&built.manifest, &image.reference, progress).await?
        }
        _ => {
            let wanted = Wanted { reference: image.reference.clone(), pin: image.pin.clone() };
            road.pull(&context.upstream, &wanted, progress).await?
        }
    };
    if image.reference.digest().is_none() || context.settings.push.is_some() {
        context.keep_image(reference, &moved.digest);
    }
    context.found.moved.fetch_add(moved.bytes, Ordering::Relaxed);
    // Bytes in the registry are not yet a change of the component.
    Ok(Ended::new(Outcome::Unchanged))
}

async fn fetch_definitions(context: &Context, component: &str, progress: &Progress) -> Result<Ended, Failure> {
    let sources = &context.component(component).file.crds;
    let first = match context.origin {
        Origin::Source => definitions::From::Modules,
        Origin::Registry => definitions::From::Upstream,
    };
    definitions::fetch(sources, first, &context.store, &context.http, progress).await?;
    let mut found = Vec::new();
    definitions::read(sources, &context.store, |manifest| {
        let wrong = |problem| platform::Error::Manifest { component: component.into(), problem };
        found.push(platform::Definition::of(&manifest).map_err(wrong)?);
        Ok::<_, Failure>(())
    })?;
    context.keep_definitions(component, found);
    Ok(Ended::new(Outcome::Unchanged))
}

/// Connects to the API of a control plane that was just made, or runs already.
async fn connect(context: &Context, node: &str, progress: &Progress) -> Result<(), Failure> {
    progress.detail("waiting for the API server");
    let (kubeconfig, client) =
        nodes::connect(&context.own().engine, &context.settings.name, node, API_DEADLINE).await?;
    let watch = Arc::new(ClusterWatch::start(client.clone()));
    let installer = Installer::new(client, &context.settings.name, context.settings.host());
    context.found.live.set(Live { kubeconfig: Some(kubeconfig), installer, watch }).ok();
    Ok(())
}

fn write_kubeconfig(context: &Context) -> Result<Ended, Failure> {
    let Some(entry) = &set(&context.found.live).kubeconfig else { return Ok(Ended::new(Outcome::Unchanged)) };
    let there = kubeconfig::has(&context.own().kubeconfig, &entry.context, &entry.server);
    if !there {
        kubeconfig::add(&context.own().kubeconfig, entry)?;
    }
    Ok(Ended::changed(!there))
}

async fn prepare(context: &Context, progress: &Progress) -> Result<Ended, Failure> {
    let live = set(&context.found.live);
    live.installer.prepare(Instant::now() + API_DEADLINE, progress).await?;
    let client = live.installer.client();
    if !context.is_elsewhere() {
        let port = set(&context.found.registry).host_port;
        platform::announce::local_registry(client, port, &context.registry_inside()).await?;
    }
    platform::record::write(client, &context.record()).await?;
    platform::assistant::ensure(live.installer.kinds()).await?;
    Ok(Ended::new(Outcome::Unchanged))
}

async fn install(context: &Context, name: &str, progress: &Progress) -> Result<Ended, Failure> {
    let live = set(&context.found.live);
    let unit = unit(context, live, name).await?;
    let deadline = Instant::now() + Duration::from_secs(unit.readiness.timeout_seconds);
    let installed = platform::bring_up(&live.installer, &live.watch, &unit, deadline, progress).await?;
    let routes = &context.component(name).file.routes;
    if installed.outcome() != Outcome::Unchanged && !routes.is_empty() && !context.is_elsewhere() {
        let ca = live.installer.secrets().ca_pem().await?.unwrap_or_default();
        served::await_routes(context, &ca, routes, progress).await;
    }
    Ok(Ended::with(installed.outcome(), unit.version))
}

/// A component as it is applied to this platform.
async fn unit(context: &Context, live: &Live, name: &str) -> Result<Unit, Failure> {
    let component = context.component(name);
    let facts = render::PlatformFacts {
        name: context.settings.name.clone(),
        url: context.settings.url.clone(),
        host: context.settings.host().into(),
        port: context.settings.public_port(),
        namespace: platform::SYSTEM_NAMESPACE.into(),
        registry: context.registry_inside(),
        ca_bundle: BASE64.encode(live.installer.secrets().ca_pem().await?.unwrap_or_default()),
        images: context.found.images.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        ingress_class: context.stack.ingress_class().map(str::to_string),
    };
    let objects = render::render(component, &facts);
    let file = &component.file;
    let unit = Unit::new(
        (&file.name, &file.version, &file.namespace),
        context.take_definitions(name),
        objects,
        file.secrets.clone(),
        file.readiness.clone(),
    );
    Ok(Unit { depends_on: file.depends_on.clone(), ..unit })
}

async fn remove(context: &Context, component: &str, progress: &Progress) -> Result<Ended, Failure> {
    progress.phase(Phase::Removing);
    let deadline = Instant::now() + Duration::from_secs(180);
    set(&context.found.live).installer.remove(component, deadline, progress).await?;
    Ok(Ended::new(Outcome::Removed))
}

/// What moved, for the summary.
pub fn moved(context: &Context) -> String {
    if context.is_elsewhere() && context.settings.push.is_none() {
        return "The cluster pulls images from their upstream registries.".into();
    }
    let (bytes, built) = (context.found.moved.load(Ordering::Relaxed), context.found.built.load(Ordering::Relaxed));
    match (built, bytes) {
        (0, 0) => "No image was built and no byte moved: all images were there.".into(),
        (0, bytes) => format!("No image was built; {} moved into the local registry.", units::bytes(bytes)),
        (built, bytes) => format!("Images built: {built}; {} moved into the local registry.", units::bytes(bytes)),
    }
}
