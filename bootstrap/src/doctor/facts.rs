//! What the machine has, as far as it can be asked from here.

use std::net::TcpListener;
use std::path::Path;
use std::time::Instant;

use bollard::models::SystemInfo;
use time::OffsetDateTime;

use super::building::Building;
use super::cgroups::Cgroups;
use super::clock::{Authorities, Clock};
use super::handed_on::{self, HandedOn};
use super::names::Names;
use super::storage::Storage;
use super::ways::Ways;
use crate::docker::inotify::{self, FileWatches};
use crate::docker::mode::NodeMode;
use crate::docker::network::PlatformNetwork;
use crate::docker::observe::ObservedPlatform;
use crate::docker::subnet::Subnet;
use crate::docker::{ClusterError, Engine, host, kubeconfig, names, network, observe, registry};
use crate::error::Explain;
use crate::folders;
use crate::proxy::Findings;
use crate::settings::{ImageSource, UpSettings, display};

/// A port that the platform wants on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortUse {
    /// Port on this machine's loopback address.
    pub port: u16,
    /// What comes in there, as `HTTPS` or `the Kubernetes API`.
    pub purpose: &'static str,
    /// Flag of `up` that chooses another port, as `--https-port`.
    pub flag: &'static str,
    /// By something that is not this platform.
    pub taken: bool,
}

/// Facts about engine and machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What the engine says of itself; an error if none answers.
    pub engine: Result<EngineFacts, Absent>,
    /// Ports that have to be free; empty for what the platform holds itself already.
    pub ports: Vec<PortUse>,
    /// Path for people, or what is wrong.
    pub kubeconfig: Result<String, String>,
    /// The cache's folder, for people, and the bytes free there; unknown if that cannot be asked.
    pub cache: Option<(String, u64)>,
    /// What has to be built, and with what.
    pub building: Option<Building>,
    /// Proxies of the environment, and what is wrong with them.
    pub proxy: Findings,
    /// Whether engine and nodes go out through the same proxies.
    pub handed_on: HandedOn,
    /// Where the platform's names lead.
    pub names: Names,
    /// Ranges of addresses in use, and which of them meet the platform's own.
    pub ways: Ways,
    /// What the clocks of this machine and of the engine say.
    pub clock: Clock,
    /// How many of the environment's own certificates are trusted, with what is wrong with others; none: not set.
    pub certificates: Option<Result<(String, Vec<String>), String>>,
}

/// No engine can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Why none answers, as a sentence.
    pub found: String,
    /// What to do about it; all hints in one line.
    pub fix: String,
}

/// What the engine says of itself and its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Version of the engine, as `29.1.2`; empty if it does not say.
    pub version: String,
    /// Where it answers, and what named it.
    pub endpoint: String,
    /// Its ports are on another machine's loopback.
    pub remote: bool,
    /// Its storage driver, and the disk below it.
    pub storage: Storage,
    /// The machine's control groups, as the engine reports them.
    pub cgroups: Cgroups,
    /// What node containers may do there, in words.
    pub mode: String,
    /// Processors that the engine's machine has; 0 if it does not say.
    pub cpus: u64,
    /// Bytes.
    pub memory: u64,
    /// Bytes free where the engine keeps its data; unknown for an engine on another machine.
    pub disk_free: Option<u64>,
    /// Unknown for an engine with another kernel.
    pub file_watches: Option<FileWatches>,
    /// Whether nodes may raise their limits.
    pub may_raise: bool,
    /// The platform exists, so its images are there.
    pub has_platform: bool,
    /// A sentence about a container that has the name of a node and is not ours; `None` if there is none.
    pub name_in_use: Option<String>,
    /// What has the name of the network or registry that all platforms share, and is not ours.
    pub shared_in_use: Vec<String>,
}

/// Facts that come from the engine and are judged together with others of the machine.
#[derive(Default)]
struct Beside {
    /// The engine runs on this machine's kernel.
    here: bool,
    network: Option<Subnet>,
    engine_ahead: Option<f64>,
    engine_proxy: Option<String>,
    engine_fetches: bool,
    /// The environment of the control plane that is there.
    nodes: Option<Vec<String>>,
}

/// Asks engine and machine, everything at the same time.
///
/// # Errors
/// The engine does not answer.
pub async fn gather(
    engine: &Engine,
    settings: &UpSettings,
    mode: &NodeMode,
    existing: Option<&ObservedPlatform>,
    building: Option<Building>,
) -> Result<Facts, ClusterError> {
    let (asked, start) = (OffsetDateTime::now_utc(), Instant::now());
    let info = async { Ok((engine.info().await?, start.elapsed())) };
    let wanted = node_names(settings);
    let (info, names, foreign, registry, shared_in_use, network, nodes) = tokio::try_join!(
        info,
        async { Ok(Names::ask(settings.host()).await) },
        observe::foreign(engine, &wanted),
        registry::find(engine),
        shared_in_use(engine),
        network_of(engine),
        environment_of(engine, existing),
    )?;
    let ((info, took), running) =
        (info, existing.and_then(ObservedPlatform::control_plane).is_some_and(|node| node.running));
    let beside = Beside {
        here: host::has_the_kernel_of(&info),
        network,
        engine_ahead: Clock::engine_ahead(info.system_time.as_deref(), asked, took),
        engine_proxy: [&info.https_proxy, &info.http_proxy]
            .into_iter()
            .flatten()
            .find(|proxy| !proxy.is_empty())
            .cloned(),
        engine_fetches: settings.images != ImageSource::Source && settings.bundle.is_none() && existing.is_none(),
        nodes,
    };
    let ports = ports(settings, running, registry.is_some());
    let facts = EngineFacts {
        name_in_use: foreign.map(|container| format!("container `{container}` exists and was not made by backstack")),
        shared_in_use,
        ..of_engine(engine, info, mode, existing)
    };
    Ok(Facts { ports, building, ..of_the_machine(Ok(facts), beside, settings, names) })
}

fn of_engine(engine: &Engine, info: SystemInfo, mode: &NodeMode, existing: Option<&ObservedPlatform>) -> EngineFacts {
    let root = info.docker_root_dir.clone().unwrap_or_default();
    // The engine's folder is here only if the engine is. A folder of that name may be another engine's.
    let local =
        engine.endpoint().address.starts_with("unix://") && host::has_the_kernel_of(&info) && Path::new(&root).exists();
    EngineFacts {
        endpoint: engine.endpoint().to_string(),
        remote: !engine.endpoint().is_local(),
        cgroups: Cgroups::of(&info),
        file_watches: FileWatches::of(&info),
        may_raise: inotify::can_be_raised(&info),
        version: info.server_version.unwrap_or_default(),
        storage: Storage::of(info.driver.unwrap_or_default(), local.then_some(Path::new(&root))),
        mode: mode.describe(),
        cpus: u64::try_from(info.ncpu.unwrap_or(0)).unwrap_or(0),
        memory: u64::try_from(info.mem_total.unwrap_or(0)).unwrap_or(0),
        disk_free: local.then(|| fs4::available_space(&root).ok()).flatten(),
        has_platform: existing.and_then(ObservedPlatform::control_plane).is_some_and(|node| node.complete),
        name_in_use: None,
        shared_in_use: Vec::new(),
    }
}

/// What can be told where no engine answers.
pub async fn without_engine(error: &ClusterError, settings: &UpSettings, building: Option<Building>) -> Facts {
    let absent = Absent { found: error.to_string(), fix: error.hints().join(" ") };
    // The engine that will be started is taken to be this machine's.
    let beside = Beside { here: true, ..Beside::default() };
    let facts = of_the_machine(Err(absent), beside, settings, Names::ask(settings.host()).await);
    Facts { ports: ports(settings, false, false), building, ..facts }
}

fn of_the_machine(engine: Result<EngineFacts, Absent>, beside: Beside, settings: &UpSettings, names: Names) -> Facts {
    let kubeconfig = kubeconfig::path().and_then(|path| kubeconfig::check(&path).map(|()| display(&path)));
    let kubeconfig = kubeconfig.map_err(|error| error.to_string());
    let certificates = crate::tls::trust().map_err(|error| error.to_string()).transpose();
    let certificates = certificates.map(|trust| trust.map(|trust| (trust.describe(), trust.warnings().to_vec())));
    let proxies = crate::proxy::of_environment();
    let handed_on = HandedOn {
        here: HandedOn::now(),
        engine: beside.engine_proxy.map(|proxy| crate::proxy::without_password(&proxy)),
        engine_fetches: beside.engine_fetches,
        nodes: beside.nodes.map(|environment| handed_on::proxies(&environment)),
    };
    let authorities = Authorities::trusted_here(OffsetDateTime::now_utc());
    Facts {
        engine,
        ports: Vec::new(),
        kubeconfig,
        cache: cache_free(),
        building: None,
        proxy: proxies.findings(),
        handed_on,
        names,
        ways: Ways::of(beside.here, beside.network, settings.subnet, &proxies.hosts()),
        clock: Clock { engine_ahead: beside.engine_ahead, authorities },
        certificates,
    }
}

/// The range of the platforms' network. One of that name which is somebody else's has been told already.
async fn network_of(engine: &Engine) -> Result<Option<Subnet>, ClusterError> {
    match network::find(engine).await {
        Err(ClusterError::NetworkInUse { .. }) => Ok(None),
        found => Ok(found?.map(PlatformNetwork::subnet)),
    }
}

/// The environment of the platform's control plane, if there is one.
async fn environment_of(
    engine: &Engine,
    existing: Option<&ObservedPlatform>,
) -> Result<Option<Vec<String>>, ClusterError> {
    let Some(node) = existing.and_then(ObservedPlatform::control_plane) else { return Ok(None) };
    let config = engine.inspect(&node.name).await?.and_then(|container| container.config);
    Ok(config.and_then(|config| config.env))
}

async fn shared_in_use(engine: &Engine) -> Result<Vec<String>, ClusterError> {
    let container = observe::foreign(engine, &[names::REGISTRY.into()]).await?;
    let mut found: Vec<_> = container.map(|name| format!("container `{name}`")).into_iter().collect();
    match network::find(engine).await {
        Err(ClusterError::NetworkInUse { network }) => found.push(format!("network `{network}`")),
        other => drop(other?),
    }
    Ok(found)
}

/// Bytes free where the cache is, or will be made.
fn cache_free() -> Option<(String, u64)> {
    let cache = folders::cache().ok()?;
    let there = cache.ancestors().find(|folder| folder.exists())?;
    Some((display(&cache), fs4::available_space(there).ok()?))
}

fn node_names(settings: &UpSettings) -> Vec<String> {
    let workers = (1..=settings.workers).map(|number| names::worker(&settings.name, number));
    std::iter::once(names::control_plane(&settings.name)).chain(workers).collect()
}

/// Ports that have to be free; none of those that the platform or the registry holds already because it runs.
fn ports(settings: &UpSettings, platform_runs: bool, registry_runs: bool) -> Vec<PortUse> {
    let mut wanted = Vec::new();
    if !platform_runs {
        wanted.push((settings.http_port, "HTTP", "--http-port"));
        wanted.push((settings.https_port, "HTTPS", "--https-port"));
        wanted.push((settings.api_port, "the Kubernetes API", "--api-port"));
        wanted.extend(settings.ports.iter().map(|port| (port.host, "a mapped port", "--port")));
    }
    if !registry_runs {
        wanted.push((settings.registry_port, "the local registry", "--registry-port"));
    }
    let taken = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_err();
    let chosen = wanted.into_iter().filter(|(port, ..)| *port != 0);
    chosen.map(|(port, purpose, flag)| PortUse { port, purpose, flag, taken: taken(port) }).collect()
}
