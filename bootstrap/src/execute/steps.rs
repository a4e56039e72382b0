//! One function for each kind of step: the adapters are called here, and nowhere is order decided.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use tokio::time::Instant;

use super::context::Context;
use super::ended::{Ended, await_answer};
use super::outputs::Live;
use super::{engine_images, mirror, nodes, reach, served};
use crate::assistant::causes;
use crate::definitions::{self, CrdOrigin};
use crate::docker::{kubeconfig, network, provision, registry};
use crate::error::Failure;
use crate::images::registry::Registry;
use crate::images::transfer::Transfer;
use crate::kubernetes::readiness::NotReady;
use crate::kubernetes::{self, Unit};
use crate::plan::{Action, NodeState, PlannedStep, Step};
use crate::report::{Outcome, Phase, Progress, units};
use crate::stack::{Component, render};
use crate::target::local::{API_DEADLINE, Site};

/// Does one step.
///
/// # Errors
/// Whatever the adapter says, explained.
pub async fn perform(context: &Context, planned: &PlannedStep, progress: &Progress) -> Result<Ended, Failure> {
    let to_do = planned.action != Action::Exists;
    match &planned.step {
        Step::EnsureNetwork => ensure_network(context, context.local()?).await,
        Step::ProvideImage { kind, image } => {
            engine_images::provide(context, &context.local()?.engine, *kind, image, progress).await
        }
        Step::EnsureRegistry => ensure_registry(context, context.local()?).await,
        Step::ReachCluster { .. } => reach::cluster(context),
        Step::ReachRegistry { .. } => reach::registry(context).await,
        Step::BuildImage { image } => mirror::build(context, image, progress).await,
        Step::MirrorImage { image } => mirror::bring(context, image, progress).await,
        Step::FetchDefinitions { component, places } => fetch_definitions(context, component, places, progress).await,
        Step::ProvisionNode { node, state: NodeState::Running, .. } => {
            nodes::refresh(context, context.local()?, node, progress).await
        }
        Step::ProvisionNode { node, role, state } => {
            progress.phase(Phase::Applying);
            nodes::provision(context, context.local()?, node, *role, *state, progress).await
        }
        Step::InitControlPlane { node } => {
            let site = context.local()?;
            let outcome = match to_do {
                true => nodes::init(context, site, node, progress).await.map(|()| Outcome::Created),
                false => nodes::renew(context, site, node, progress).await,
            }?;
            reach::control_plane(context, site, node, progress).await?;
            Ok(Ended::new(outcome))
        }
        Step::JoinNode { node } => {
            let site = context.local()?;
            let outcome = match to_do {
                true => nodes::join(context, site, node, progress).await.map(|()| Outcome::Created),
                false => nodes::renew(context, site, node, progress).await,
            }?;
            Ok(Ended::new(outcome))
        }
        Step::StartPods { node } => {
            progress.detail("starting the pods of the checkpoint");
            nodes::start_pods(context, context.local()?, node).await?;
            Ok(Ended::new(Outcome::Created))
        }
        Step::InstallDefaults { node } => {
            if to_do {
                let image = context.node_image.to_string();
                provision::install_defaults(&context.local()?.engine, node, &image).await?;
            }
            Ok(Ended::changed(to_do))
        }
        Step::WriteKubeconfig => write_kubeconfig(context),
        Step::AwaitNodes => nodes::await_ready(context, progress).await,
        Step::PreparePlatform => prepare(context, progress).await,
        Step::InstallComponent { component } => install(context, component, progress).await,
        Step::RemoveComponent { component } => remove(context, component, progress).await,
    }
}

async fn ensure_network(context: &Context, site: &Site) -> Result<Ended, Failure> {
    let (network, made) = network::ensure(&site.engine, context.settings.subnet).await?;
    let existing = site.platform.iter().flat_map(|platform| &platform.nodes);
    let addresses = existing.filter_map(|node| Some((node.name.clone(), node.address?)));
    context.found.keep_addresses(addresses);
    context.found.keep_network(network);
    Ok(Ended::changed(made))
}

async fn ensure_registry(context: &Context, site: &Site) -> Result<Ended, Failure> {
    let network = context.found.network();
    let image = context.found.registry_image();
    let upstream = context.registry_image.to_string();
    let running = registry::ensure(&site.engine, network, image, &upstream, context.settings.registry_port).await?;
    let local = Registry::at_port(running.host_port)?;
    await_answer(&local).await?;
    context.found.keep_transfer(Transfer::new(local, context.store.clone()));
    let changed = running.changed;
    context.found.keep_registry(running);
    Ok(Ended::changed(changed))
}

async fn fetch_definitions(
    context: &Context,
    component: &Component,
    places: &[CrdOrigin],
    progress: &Progress,
) -> Result<Ended, Failure> {
    definitions::fetch(&component.file.crds, places, &context.store, &context.builder, &context.http, progress).await?;
    read_definitions(context, component)?;
    Ok(Ended::new(Outcome::Unchanged))
}

/// Reads definitions that are in the cache, and keeps them for the component's installation.
pub(super) fn read_definitions(context: &Context, component: &Component) -> Result<(), Failure> {
    let mut found = Vec::new();
    definitions::read(&component.file.crds, &context.store, |manifest| {
        let wrong = |problem| kubernetes::Error::Manifest { component: component.name().into(), problem };
        found.push(kubernetes::Definition::of(&manifest).map_err(wrong)?);
        Ok::<_, Failure>(())
    })?;
    context.found.keep_definitions(component.name(), found);
    Ok(())
}

fn write_kubeconfig(context: &Context) -> Result<Ended, Failure> {
    let (Some(file), Some(entry)) = (&context.kubeconfig, &context.found.live().kubeconfig) else {
        return Ok(Ended::new(Outcome::Unchanged));
    };
    let there = kubeconfig::has(file, entry);
    if !there {
        kubeconfig::add(file, entry)?;
    }
    Ok(Ended::changed(!there))
}

async fn prepare(context: &Context, progress: &Progress) -> Result<Ended, Failure> {
    let live = context.found.live();
    live.installer.prepare(Instant::now() + context.patience(API_DEADLINE), progress).await?;
    let client = live.installer.client();
    if let Some(registry) = context.found.registry() {
        let (port, inside) = (registry.host_port, context.registry_inside());
        kubernetes::local_registry_hosting::announce(client, port, &inside).await?;
    }
    kubernetes::record::write(client, &context.record()).await?;
    kubernetes::assistant::ensure(live.installer.kinds()).await?;
    Ok(Ended::new(Outcome::Unchanged))
}

async fn install(context: &Context, component: &Component, progress: &Progress) -> Result<Ended, Failure> {
    let live = context.found.live();
    let unit = unit(context, live, component).await?;
    let deadline = Instant::now() + context.patience(Duration::from_secs(unit.readiness.timeout_seconds));
    let installed = match kubernetes::bring_up(&live.installer, &live.watch, &unit, deadline, progress).await {
        Err(kubernetes::Error::NotReady(error)) => return Err(explained(context, error).await.into()),
        other => other?,
    };
    let routes = &component.file.routes;
    if installed.outcome() != Outcome::Unchanged && !routes.is_empty() && !context.site.is_existing() {
        let ca = live.installer.secrets().ca_pem().await?.unwrap_or_default();
        served::await_routes(context, &ca, routes, progress).await;
    }
    Ok(Ended::with(installed.outcome(), unit.version))
}

/// What a component could not run for, as `diagnose` tells it.
async fn explained(context: &Context, error: NotReady) -> kubernetes::Error {
    let target = context.site.target();
    let told = causes::told(&target, &context.settings.name, vec![error.blockers]).await;
    NotReady { blockers: told.into_iter().flatten().collect(), ..error }.into()
}

/// A component as it is applied to this platform.
pub(super) async fn unit(context: &Context, live: &Live, component: &Component) -> Result<Unit, Failure> {
    let facts = render::PlatformFacts {
        name: context.settings.name.clone(),
        url: context.settings.url.clone(),
        host: context.settings.host().into(),
        port: context.settings.public_port(),
        namespace: kubernetes::SYSTEM_NAMESPACE.into(),
        registry: context.registry_inside(),
        ca_bundle: BASE64.encode(live.installer.secrets().ca_pem().await?.unwrap_or_default()),
        images: context.found.images(),
        ingress_class: context.stack.ingress_class().map(str::to_string),
    };
    let objects = render(component, &facts);
    let file = &component.file;
    let unit = Unit::new(
        (&file.name, &file.version, &file.namespace),
        context.found.take_definitions(&file.name),
        objects,
        file.secrets.clone(),
        file.readiness.clone(),
    );
    let left_out = context.left_out.iter().filter(|one| one.component == file.name).cloned().collect();
    let built_images = context.built_images_of(component);
    Ok(Unit { depends_on: file.depends_on.clone(), built_images, left_out, ..unit })
}

async fn remove(context: &Context, component: &str, progress: &Progress) -> Result<Ended, Failure> {
    progress.phase(Phase::Removing);
    let deadline = Instant::now() + context.patience(Duration::from_secs(180));
    context.found.live().installer.remove(component, deadline, progress).await?;
    Ok(Ended::new(Outcome::Removed))
}

/// What moved, for the summary.
pub fn moved(context: &Context) -> String {
    if context.site.is_existing() && context.settings.push.is_none() {
        return "The cluster pulls images from their upstream registries.".into();
    }
    match context.found.counts() {
        (0, 0) => "No image was built and no byte moved: all images were there.".into(),
        (0, bytes) => format!("No image was built; {} moved into the local registry.", units::bytes(bytes)),
        (built, bytes) => format!("Images built: {built}; {} moved into the local registry.", units::bytes(bytes)),
    }
}
