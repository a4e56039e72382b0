//! What exists already: read from containers and their labels, never from a file of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary};
use bollard::query_parameters as query;
use serde::{Deserialize, Serialize};

use super::engine::{Engine, none_if_missing};
use super::error::ClusterError;
use super::mode::NodeMode;
use super::names;
use super::node::{API_PORT, PortMapping, Role};
use super::provision::MARKER;

/// What a platform was made with. Kept as a label on its control-plane container, because it cannot change
/// while the platform lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformSettings {
    /// Version of backstack that made it.
    pub made_by: String,
    /// The host's port for HTTP, as given with `--http-port`.
    pub http_port: u16,
    /// The host's port for HTTPS, as given with `--https-port`.
    pub https_port: u16,
    /// Further ports.
    pub ports: Vec<PortMapping>,
    /// Reference of the node image.
    pub node_image: String,

    /// How its nodes run.
    pub node_mode: NodeMode,
}

/// A node's container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObservedNode {
    /// Name of the container, and of the node.
    pub name: String,
    /// What the node is for, from kind's label.
    pub role: Role,
    /// It runs, and is not paused.
    pub running: bool,
    /// It is frozen: it keeps its memory, and gets no processor.
    pub paused: bool,
    /// All that makes it a node went through; one that is half made is recreated.
    pub complete: bool,
    /// Its fixed address in the platforms' network; `None` if it is not in it.
    pub address: Option<Ipv4Addr>,
    /// Port of the API server on loopback; control plane only.
    pub api_port: Option<u16>,
}

/// The containers of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObservedPlatform {
    /// Name of the platform, from the label of its containers.
    pub name: String,
    /// What it was made with; `None` if there is no control plane, or its label cannot be read.
    pub settings: Option<PlatformSettings>,
    /// Control plane first, then workers by name.
    pub nodes: Vec<ObservedNode>,
}

impl ObservedPlatform {
    /// Why nothing can be asked of it.
    pub fn not_running(&self) -> ClusterError {
        let platform = self.name.clone();
        match self.control_plane().is_some_and(|node| node.paused) {
            true => ClusterError::Paused { platform },
            false => ClusterError::NotRunning { platform },
        }
    }

    /// The control plane, if there is one.
    pub fn control_plane(&self) -> Option<&ObservedNode> {
        self.nodes.iter().find(|node| node.role == Role::ControlPlane)
    }
}

/// All platforms of this engine that backstack made, by name.
///
/// # Errors
/// The engine does not answer.
pub async fn platforms(engine: &Engine) -> Result<BTreeMap<String, ObservedPlatform>, ClusterError> {
    let mut platforms: BTreeMap<String, ObservedPlatform> = BTreeMap::new();
    for container in ours(engine).await? {
        let Some(platform) = label(&container, names::KIND_CLUSTER) else { continue };
        let Some(node) = node(engine, &container).await? else { continue };
        let entry = platforms.entry(platform.clone()).or_insert_with(|| ObservedPlatform {
            name: platform,
            settings: None,
            nodes: Vec::new(),
        });
        if let Some(settings) = label(&container, names::SETTINGS) {
            entry.settings = serde_json::from_str(&settings).ok();
        }
        entry.nodes.push(node);
    }
    for platform in platforms.values_mut() {
        platform.nodes.sort_by(|a, b| (a.role, a.name.len(), &a.name).cmp(&(b.role, b.name.len(), &b.name)));
    }
    Ok(platforms)
}

/// Addresses on the platform network that containers hold, running or not.
///
/// # Errors
/// The engine does not answer.
pub async fn taken_addresses(engine: &Engine) -> Result<BTreeSet<Ipv4Addr>, ClusterError> {
    Ok(ours(engine).await?.iter().filter_map(fixed_address).collect())
}

/// A container of that name which is not ours, if there is one.
///
/// # Errors
/// The engine does not answer.
pub async fn foreign(engine: &Engine, names: &[String]) -> Result<Option<String>, ClusterError> {
    for name in names {
        if let Some(container) = engine.inspect(name).await?
            && label(&container, names::MANAGED).is_none()
        {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Makes sure that no container of these names is somebody else's: such a one is never touched.
///
/// # Errors
/// [`ClusterError::NameInUse`], naming it.
pub async fn none_foreign(engine: &Engine, names: &[String]) -> Result<(), ClusterError> {
    match foreign(engine, names).await? {
        Some(container) => Err(ClusterError::NameInUse { container }),
        None => Ok(()),
    }
}

/// The port of a running control plane's API server on loopback.
///
/// # Errors
/// [`ClusterError::NodeDied`] if the node does not run.
pub async fn api_port_of(engine: &Engine, node: &str) -> Result<u16, ClusterError> {
    match engine.inspect(node).await?.as_ref().and_then(api_port) {
        Some(port) => Ok(port),
        None => Err(ClusterError::NodeDied { node: node.into(), logs: engine.logs(node, 30).await }),
    }
}

/// All that we made, running or not. One that goes while we look is left out.
async fn ours(engine: &Engine) -> Result<Vec<ContainerInspectResponse>, ClusterError> {
    let ours = containers(engine, names::MANAGED).await?;
    let inspected =
        ours.iter().filter_map(|summary| summary.id.clone()).map(|id| async move { engine.inspect(&id).await });
    Ok(futures::future::try_join_all(inspected).await?.into_iter().flatten().collect())
}

async fn containers(engine: &Engine, label: &str) -> Result<Vec<ContainerSummary>, ClusterError> {
    let filters = [("label".to_string(), vec![label.to_string()])].into();
    let options = query::ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
    engine.docker().list_containers(Some(options)).await.map_err(ClusterError::engine("list containers"))
}

async fn node(engine: &Engine, container: &ContainerInspectResponse) -> Result<Option<ObservedNode>, ClusterError> {
    let role = match label(container, names::KIND_ROLE).as_deref() {
        Some("control-plane") => Role::ControlPlane,
        Some("worker") => Role::Worker,
        _ => return Ok(None),
    };
    let Some(name) = container.name.as_deref().map(|name| name.trim_start_matches('/').to_string()) else {
        return Ok(None);
    };
    let complete = match has_marker(engine, &name).await {
        Ok(complete) => complete,
        // The engine answers 500 for the files of a container that somebody removes at this moment.
        Err(_) if is_going(engine, &name).await? => return Ok(None),
        Err(error) => return Err(error),
    };
    let is = |what: Option<bool>| what.unwrap_or(false);
    let (up, paused) = container.state.as_ref().map_or((false, false), |it| (is(it.running), is(it.paused)));
    Ok(Some(ObservedNode {
        role,
        running: up && !paused,
        paused,
        complete,
        address: fixed_address(container),
        api_port: api_port(container),
        name,
    }))
}

/// Looks into the container's file system, which the engine can do for a stopped one too.
async fn has_marker(engine: &Engine, node: &str) -> Result<bool, ClusterError> {
    let options = query::ContainerArchiveInfoOptionsBuilder::default().path(MARKER).build();
    let info = engine.docker().get_container_archive_info(node, Some(options)).await;
    Ok(none_if_missing(info).map_err(ClusterError::engine(format!("look into node `{node}`")))?.is_some())
}

/// Whether a container is gone, or has lost its files on the way there.
async fn is_going(engine: &Engine, node: &str) -> Result<bool, ClusterError> {
    let Some(container) = engine.inspect(node).await? else { return Ok(true) };
    Ok(container
        .state
        .is_some_and(|state| state.dead == Some(true) || state.status == Some(ContainerStateStatusEnum::REMOVING)))
}

fn label(container: &ContainerInspectResponse, key: &str) -> Option<String> {
    container.config.as_ref()?.labels.as_ref()?.get(key).cloned()
}

fn fixed_address(container: &ContainerInspectResponse) -> Option<Ipv4Addr> {
    let networks = container.network_settings.as_ref()?.networks.as_ref()?;
    let endpoint = networks.get(names::NETWORK)?;
    endpoint.ipam_config.as_ref()?.ipv4_address.as_ref()?.parse().ok()
}

/// The chosen port is only in the state of a running container; the wish is in its configuration.
fn api_port(container: &ContainerInspectResponse) -> Option<u16> {
    let key = format!("{API_PORT}/tcp");
    let running = container.network_settings.as_ref().and_then(|network| network.ports.as_ref()?.get(&key)?.clone());
    let wanted = container.host_config.as_ref().and_then(|host| host.port_bindings.as_ref()?.get(&key)?.clone());
    running.or(wanted)?.iter().find_map(|binding| binding.host_port.as_ref()?.parse().ok()).filter(|port| *port != 0)
}
