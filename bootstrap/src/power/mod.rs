//! `stop`, `pause` and `start`: a platform frees processor and memory, or the processor alone, and comes back as it was,
//! with its addresses and certificates.

use std::sync::Arc;
use std::time::Instant;

use futures::future::try_join_all;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::docker::names::REGISTRY;
use crate::docker::observe::{self, ObservedPlatform};
use crate::docker::{ClusterError, Engine, kubeconfig, locks, node, node_certificates};
use crate::error::Failure;
use crate::kubernetes::certificates;
use crate::kubernetes::watch::ClusterWatch;
use crate::report::{Event, Outcome, Phase, Planned, Progress, Reporter};
use crate::settle::{self, Expected};
use crate::target::local::{self, Running};

/// Whose line it is that tells of the progress.
const SUBJECT: &str = "platform";

/// What was stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stopped {
    /// Nodes that ran.
    pub nodes: Vec<String>,
    /// The local registry, which all platforms share: it goes with the last one that runs.
    pub registry: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What was paused.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Paused {
    /// Nodes that ran.
    pub nodes: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What was started.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Started {
    /// Nodes that did not run.
    pub nodes: Vec<String>,
    /// Whether the local registry had to be started.
    pub registry: bool,
    /// Until everything was ready.
    pub seconds: f64,
}

/// Stops a platform: its workers, its control plane, and the registry where no other platform runs.
///
/// # Errors
/// The engine refuses.
pub async fn stop(engine: &Engine, platform: &ObservedPlatform, progress: &Progress) -> Result<Stopped, Failure> {
    let begun = Instant::now();
    let running = platform.nodes.iter().filter(|node| node.running || node.paused);
    let running: Vec<_> = running.map(|node| node.name.clone()).collect();
    // What is frozen cannot end by itself.
    wake(engine, platform).await?;
    let control_plane = platform.control_plane().map(|node| node.name.clone()).unwrap_or_default();
    progress.detail("stopping the nodes");
    // Workers first: a control plane that is gone would leave them with nobody to tell that they go.
    let workers = running.iter().filter(|node| **node != control_plane);
    try_join_all(workers.map(|worker| engine.stop(worker))).await?;
    if running.contains(&control_plane) {
        engine.stop(&control_plane).await?;
    }
    let registry = stop_registry(engine, &platform.name).await?;
    Ok(Stopped { nodes: running, registry, seconds: begun.elapsed().as_secs_f64() })
}

async fn wake(engine: &Engine, platform: &ObservedPlatform) -> Result<(), ClusterError> {
    let paused = platform.nodes.iter().filter(|node| node.paused);
    try_join_all(paused.map(|node| engine.start(&node.name))).await.map(drop)
}

/// Freezes all nodes of a platform at once; the registry, which all platforms share, does nothing unasked anyway.
///
/// # Errors
/// [`ClusterError::NotRunning`] if it is stopped, or the engine refuses.
pub async fn pause(engine: &Engine, platform: &ObservedPlatform) -> Result<Paused, Failure> {
    let begun = Instant::now();
    if !platform.control_plane().is_some_and(|node| node.running || node.paused) {
        return Err(platform.not_running().into());
    }
    let nodes = platform.nodes.iter().filter(|node| node.running);
    let nodes: Vec<_> = nodes.map(|node| node.name.clone()).collect();
    try_join_all(nodes.iter().map(|node| engine.pause(node))).await?;
    Ok(Paused { nodes, seconds: begun.elapsed().as_secs_f64() })
}

/// Nobody else must begin to use it at this moment.
async fn stop_registry(engine: &Engine, platform: &str) -> Result<bool, ClusterError> {
    let _turn = locks::turn().await;
    let platforms = observe::platforms(engine).await?;
    let runs = |other: &ObservedPlatform| other.name != platform && other.nodes.iter().any(|node| node.running);
    if platforms.values().any(runs) || locks::alone().is_err() || !is_running(engine, REGISTRY).await? {
        return Ok(false);
    }
    if observe::foreign(engine, &[REGISTRY.into()]).await?.is_some() {
        return Ok(false);
    }
    engine.stop(REGISTRY).await?;
    Ok(true)
}

async fn is_running(engine: &Engine, container: &str) -> Result<bool, ClusterError> {
    let state = engine.inspect(container).await?.and_then(|container| container.state);
    Ok(state.and_then(|state| state.running).unwrap_or(false))
}

/// Starts a platform and waits until all of it is ready.
///
/// # Errors
/// The engine refuses, or something is not ready in time.
pub async fn start(
    engine: &Engine,
    platform: &ObservedPlatform,
    reporter: Arc<dyn Reporter>,
) -> Result<Started, Failure> {
    let begun = Instant::now();
    reporter.report(planned(platform));
    let progress = Progress::new(reporter, SUBJECT);
    progress.phase(Phase::Starting);
    let started = bring_up(engine, platform, &progress).await;
    let seconds = begun.elapsed().as_secs_f64();
    match &started {
        Ok(started) if started.nodes.is_empty() => progress.finished(Outcome::Unchanged, "", seconds),
        Ok(_) => progress.finished(Outcome::Changed, "", seconds),
        Err(failure) => progress.finished(Outcome::Failed, failure.messages[0].clone(), seconds),
    }
    Ok(Started { seconds, ..started? })
}

async fn bring_up(engine: &Engine, platform: &ObservedPlatform, progress: &Progress) -> Result<Started, Failure> {
    let control_plane = platform.control_plane().ok_or_else(|| platform.not_running())?;
    let (paused, control_plane) = (control_plane.paused, control_plane.name.clone());
    let nodes: Vec<_> = platform.nodes.iter().filter(|node| !node.running).map(|node| node.name.clone()).collect();
    progress.detail("starting the nodes");
    let registry = start_registry(engine).await?;
    let (begun, woken) = (Instant::now(), engine_time(engine).await?);
    engine.start(&control_plane).await?;
    try_join_all(nodes.iter().map(|node| engine.start(node))).await?;
    let renewed = renew(engine, &control_plane, platform, progress).await?;
    progress.detail("waiting for the API server");
    let client = local::await_api(engine, &platform.name, &control_plane, begun).await?;
    let place = Running { engine: engine.clone(), platform: platform.clone(), control_plane, client };
    let stopped = nodes.contains(&place.control_plane) && !paused;
    let started_after = if stopped { started_at(&place).await? } else { None };
    if let (true, Some(woken)) = (paused, woken) {
        settle::await_renewed(&place.client, woken, progress).await?;
    }
    if renewed {
        // Kubelets ask for other certificates themselves, which are approved by whoever made the nodes.
        let deadline = tokio::time::Instant::now() + local::API_DEADLINE;
        certificates::approve(&place.client, &place.nodes(), deadline).await?;
    }
    let watch = ClusterWatch::start(place.client.clone());
    settle::await_ready(&place, &watch, &Expected { started_after, ..Expected::default() }, progress).await?;
    settle::await_answers(&place, progress).await?;
    Ok(Started { nodes, registry, seconds: 0.0 })
}

/// Renews certificates of nodes that end soon, or have ended while the platform was stopped; the user's kubeconfig gets those that
/// it had.
async fn renew(
    engine: &Engine,
    control_plane: &str,
    platform: &ObservedPlatform,
    progress: &Progress,
) -> Result<bool, Failure> {
    let nodes: Vec<_> = platform.nodes.iter().map(|node| node.name.clone()).collect();
    try_join_all(nodes.iter().map(|node| node::await_runtime(engine, node))).await?;
    let Some(renewed) = node_certificates::renew_all(engine, control_plane, &nodes).await? else { return Ok(false) };
    renewed.nodes.iter().for_each(|(node, before)| progress.warn(node_certificates::told(node, before)));
    kubeconfig::renew_everywhere(&renewed.before, &renewed.now)?;
    Ok(true)
}

async fn start_registry(engine: &Engine) -> Result<bool, ClusterError> {
    let _turn = locks::turn().await;
    if engine.inspect(REGISTRY).await?.is_none() || is_running(engine, REGISTRY).await? {
        return Ok(false);
    }
    observe::none_foreign(engine, &[REGISTRY.into()]).await?;
    engine.start(REGISTRY).await?;
    Ok(true)
}

/// The moment by the engine's clock, which the nodes have too; this machine's may be another.
async fn engine_time(engine: &Engine) -> Result<Option<OffsetDateTime>, ClusterError> {
    let time = engine.info().await?.system_time;
    Ok(time.and_then(|time| OffsetDateTime::parse(&time, &Rfc3339).ok()))
}

/// When the control plane's container was started, by the clock that pods go by too.
async fn started_at(place: &Running) -> Result<Option<OffsetDateTime>, ClusterError> {
    let state = place.engine.inspect(&place.control_plane).await?.and_then(|container| container.state);
    let time = state.and_then(|state| state.started_at);
    // Pods tell their times in whole seconds.
    let whole = |time: OffsetDateTime| time.replace_nanosecond(0).unwrap_or(time);
    Ok(time.and_then(|time| OffsetDateTime::parse(&time, &Rfc3339).ok()).map(whole))
}

fn planned(platform: &ObservedPlatform) -> Event {
    Event::Planned(Planned {
        platform: platform.name.clone(),
        stack: String::new(),
        version: String::new(),
        subjects: vec![SUBJECT.into()],
        images: 0,
        image_bytes: None,
        fetch_bytes: None,
    })
}
