//! The local registry: one container for all platforms of an engine, its images on a volume that outlives them.

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointIpamConfig, EndpointSettings, HostConfig, Mount, MountType,
    NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum, VolumeCreateRequest,
};
use bollard::query_parameters as query;

use super::engine::{Engine, none_if_missing};
use super::error::ClusterError;
use super::names::{self, REGISTRY, REGISTRY_PORT, REGISTRY_VOLUME};
use super::network::PlatformNetwork;
use super::{locks, observe};

/// What the registry's image does not set for itself, or not as a machine of one person wants it.
const ENVIRONMENT: [&str; 4] = [
    // It would trace to a collector by default; there is none.
    "OTEL_TRACES_EXPORTER=none",
    "REGISTRY_STORAGE_DELETE_ENABLED=true",
    // Upstream's configuration is an example that logs each step of each request: the engine keeps that for ever.
    "REGISTRY_LOG_LEVEL=warn",
    "REGISTRY_LOG_ACCESSLOG_DISABLED=true",
];

/// A registry that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningRegistry {
    /// Port on the host's loopback.
    pub host_port: u16,
    /// Whether it had to be made or started.
    pub changed: bool,
}

/// The registry's host port, if its container runs.
///
/// # Errors
/// The engine does not answer.
pub async fn find(engine: &Engine) -> Result<Option<u16>, ClusterError> {
    Ok(engine.inspect(REGISTRY).await?.filter(is_running).and_then(|container| host_port(&container)))
}

/// Makes and starts the registry unless it runs.
///
/// `image` is what it is made from; one that runs needs none.
/// `port` is the wanted port on loopback; 0 lets the engine choose.
///
/// # Errors
/// [`ClusterError::PortTaken`] for a port in use, [`ClusterError::NameInUse`] if a container of that name is not
/// ours, or whatever the engine refuses.
pub async fn ensure(
    engine: &Engine,
    network: PlatformNetwork,
    image: Option<&str>,
    upstream_image: &str,
    port: u16,
) -> Result<RunningRegistry, ClusterError> {
    let _turn = locks::turn().await;
    let mut changed = false;
    observe::none_foreign(engine, &[REGISTRY.into()]).await?;
    let found = engine.inspect(REGISTRY).await?;
    let gone = || ClusterError::NodeDied { node: REGISTRY.into(), logs: String::new() };
    if found.is_none() {
        create(engine, network, image.ok_or_else(gone)?, upstream_image, port).await?;
        changed = true;
    }
    if !found.as_ref().is_some_and(is_running) {
        if let Err(error) = engine.start(REGISTRY).await {
            // A container that could not start would keep its port for ever.
            drop(engine.remove_container(REGISTRY).await);
            return Err(error);
        }
        changed = true;
    }
    let container = engine.inspect(REGISTRY).await?;
    let host_port = container.as_ref().and_then(host_port).ok_or_else(gone)?;
    Ok(RunningRegistry { host_port, changed })
}

async fn create(
    engine: &Engine,
    network: PlatformNetwork,
    image: &str,
    upstream_image: &str,
    port: u16,
) -> Result<(), ClusterError> {
    let volume = VolumeCreateRequest {
        name: Some(REGISTRY_VOLUME.into()),
        labels: Some([(names::MANAGED.to_string(), "true".to_string())].into()),
        ..Default::default()
    };
    engine.docker().create_volume(volume).await.map_err(ClusterError::engine("create the registry's volume"))?;
    let options = query::CreateContainerOptionsBuilder::default().name(REGISTRY).build();
    let created = engine.docker().create_container(Some(options), body(network, image, upstream_image, port)).await;
    match created {
        // Another `up` may have been quicker: then its registry is ours too.
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) | Ok(_) => Ok(()),
        Err(error) => Err(ClusterError::engine("create the registry")(error)),
    }
}

fn body(network: PlatformNetwork, image: &str, upstream_image: &str, port: u16) -> ContainerCreateBody {
    let container_port = format!("{REGISTRY_PORT}/tcp");
    let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) };
    let endpoint = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: Some(network.registry().to_string()),
            ..Default::default()
        }),
        ..Default::default()
    };
    ContainerCreateBody {
        image: Some(image.into()),
        env: Some(ENVIRONMENT.map(String::from).to_vec()),
        exposed_ports: Some(vec![container_port.clone()]),
        labels: Some(
            [(names::MANAGED, "true"), (names::IMAGE, upstream_image)]
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .into(),
        ),
        host_config: Some(HostConfig {
            mounts: Some(vec![Mount {
                typ: Some(MountType::VOLUME),
                source: Some(REGISTRY_VOLUME.into()),
                target: Some("/var/lib/registry".into()),
                ..Default::default()
            }]),
            network_mode: Some(names::NETWORK.into()),
            port_bindings: Some([(container_port, Some(vec![binding]))].into()),
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                maximum_retry_count: None,
            }),
            ..Default::default()
        }),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some([(names::NETWORK.to_string(), endpoint)].into()),
        }),
        ..Default::default()
    }
}

/// Removes the registry's container unless it is somebody else's; its volume stays.
///
/// # Errors
/// The engine refuses.
pub async fn remove(engine: &Engine) -> Result<bool, ClusterError> {
    if observe::foreign(engine, &[REGISTRY.into()]).await?.is_some() {
        return Ok(false);
    }
    engine.remove_container(REGISTRY).await
}

/// Removes the registry's volume with all images in it.
///
/// # Errors
/// The engine refuses, for instance because a container uses the volume.
pub async fn purge(engine: &Engine) -> Result<bool, ClusterError> {
    let removed = engine.docker().remove_volume(REGISTRY_VOLUME, None::<query::RemoveVolumeOptions>).await;
    Ok(none_if_missing(removed).map_err(ClusterError::engine("remove the registry's volume"))?.is_some())
}

fn is_running(container: &ContainerInspectResponse) -> bool {
    container.state.as_ref().and_then(|state| state.running).unwrap_or(false)
}

fn host_port(container: &ContainerInspectResponse) -> Option<u16> {
    let ports = container.network_settings.as_ref()?.ports.as_ref()?;
    let bindings = ports.get(&format!("{REGISTRY_PORT}/tcp"))?.as_ref()?;
    bindings.iter().find_map(|binding| binding.host_port.as_ref()?.parse().ok())
}
