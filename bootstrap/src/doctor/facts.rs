//! What the machine has, as far as it can be asked from here.

use std::net::TcpListener;
use std::path::Path;

use crate::cluster::mode::NodeMode;
use crate::cluster::observe::ObservedPlatform;
use crate::cluster::{ClusterError, Engine, kubeconfig, names, observe, registry};
use crate::settings::{UpSettings, display};

/// A port that the platform wants on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortUse {
    pub port: u16,
    pub purpose: &'static str,
    pub flag: &'static str,
    /// By something that is not this platform.
    pub taken: bool,
}

/// Facts about engine and machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub engine_version: String,
    pub engine_address: String,
    pub storage_driver: String,
    pub mode: String,
    pub cpus: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes free where the engine keeps its data; unknown for an engine on another machine.
    pub disk_free: Option<u64>,
    /// Unknown for an engine on another machine.
    pub inotify_instances: Option<u64>,
    pub inotify_watches: Option<u64>,
    pub ports: Vec<PortUse>,
    /// Path for people, or what is wrong.
    pub kubeconfig: Result<String, String>,
    pub name_in_use: Option<String>,
    /// Tool and how to install it.
    pub missing_tools: Vec<(String, String)>,
    pub proxy: Option<String>,
}

/// Asks engine and machine.
///
/// # Errors
/// The engine does not answer.
pub async fn gather(
    engine: &Engine,
    settings: &UpSettings,
    mode: &NodeMode,
    existing: Option<&ObservedPlatform>,
    missing_tools: Vec<(String, String)>,
) -> Result<Facts, ClusterError> {
    let info = engine.info().await?;
    let root = info.docker_root_dir.clone().unwrap_or_default();
    // The engine's folder is here only if the engine is.
    let local = engine.address().starts_with("unix://") && cfg!(target_os = "linux") && Path::new(&root).exists();
    let wanted: Vec<String> = node_names(settings);
    let foreign = observe::foreign(engine, &wanted).await?;
    Ok(Facts {
        engine_version: info.server_version.unwrap_or_default(),
        engine_address: engine.address().into(),
        storage_driver: info.driver.unwrap_or_default(),
        mode: mode.describe(),
        cpus: u64::try_from(info.ncpu.unwrap_or(0)).unwrap_or(0),
        memory: u64::try_from(info.mem_total.unwrap_or(0)).unwrap_or(0),
        disk_free: local.then(|| fs4::available_space(&root).ok()).flatten(),
        inotify_instances: local.then(|| limit("max_user_instances")).flatten(),
        inotify_watches: local.then(|| limit("max_user_watches")).flatten(),
        ports: ports(engine, settings, existing).await?,
        kubeconfig: kubeconfig::path()
            .and_then(|path| kubeconfig::check(&path).map(|()| display(&path)))
            .map_err(|error| error.to_string()),
        name_in_use: foreign.map(|container| format!("container `{container}` exists and was not made by backstack")),
        missing_tools,
        proxy: proxy(),
    })
}

fn node_names(settings: &UpSettings) -> Vec<String> {
    let workers = (1..=settings.workers).map(|number| names::worker(&settings.name, number));
    std::iter::once(names::control_plane(&settings.name)).chain(workers).collect()
}

fn limit(name: &str) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse().ok()
}

/// Ports that have to be free; none of those that the platform itself holds already.
async fn ports(
    engine: &Engine,
    settings: &UpSettings,
    existing: Option<&ObservedPlatform>,
) -> Result<Vec<PortUse>, ClusterError> {
    let mut wanted = Vec::new();
    if existing.and_then(ObservedPlatform::control_plane).is_none_or(|node| !node.running) {
        wanted.push((settings.http_port, "HTTP", "--http-port"));
        wanted.push((settings.https_port, "HTTPS", "--https-port"));
        wanted.push((settings.api_port, "the Kubernetes API", "--api-port"));
        wanted.extend(settings.ports.iter().map(|port| (port.host, "a mapped port", "--port")));
    }
    if registry::find(engine).await?.is_none() {
        wanted.push((settings.registry_port, "the local registry", "--registry-port"));
    }
    let taken = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_err();
    let chosen = wanted.into_iter().filter(|(port, ..)| *port != 0);
    Ok(chosen.map(|(port, purpose, flag)| PortUse { port, purpose, flag, taken: taken(port) }).collect())
}

fn proxy() -> Option<String> {
    let set = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let found = set.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    Some(format!("{found} is set; the nodes use it, the cluster's own addresses go past it"))
}
