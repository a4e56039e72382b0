//! What exists: can it be asked, and what was it made with.

use std::time::Duration;

use tokio::time::Instant;

use crate::docker::network::PlatformNetwork;
use crate::docker::observe::ObservedPlatform;
use crate::docker::subnet::Subnet;
use crate::docker::{Engine, network, registry};
use crate::error::Failure;
use crate::execute::ended::REGISTRY_DEADLINE;
use crate::execute::nodes::connect;
use crate::images::registry::Registry;
use crate::kubernetes::record;
use crate::power;
use crate::settings::{DEFAULT_REGISTRY_PORT, Existing, SettingsError};

/// A cluster that starts at this moment is not waited for here: the plan's own steps do that.
const PATIENCE: Duration = Duration::from_secs(3);

/// A client for the platform, if its API answers now.
pub(super) async fn live(engine: &Engine, platform: Option<&ObservedPlatform>) -> Option<kube::Client> {
    let platform = platform?;
    let node = platform.control_plane().filter(|node| node.running)?;
    let (_, client) = connect(engine, &platform.name, &node.name, PATIENCE).await.ok()?;
    Some(client)
}

/// What the platform was made with, and what the last `up` recorded.
///
/// # Errors
/// The API answers but does not give the record.
pub(super) async fn existing(
    platform: &ObservedPlatform,
    live: Option<&kube::Client>,
) -> Result<Option<Existing>, Failure> {
    let Some(settings) = platform.settings.clone() else { return Ok(None) };
    let workers = u16::try_from(platform.nodes.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let record = match live {
        Some(client) => record::read(client).await?,
        None => None,
    };
    Ok(Some(Existing { settings: Some(settings), workers, record }))
}

/// Starts a platform that was stopped or paused, and waits for its API.
///
/// # Errors
/// The engine refuses, or the API does not answer in time.
pub(super) async fn start(engine: &Engine, platform: &ObservedPlatform) -> Result<kube::Client, Failure> {
    let node = platform.control_plane().ok_or_else(|| platform.not_running())?;
    let begun = std::time::Instant::now();
    engine.start(&node.name).await?;
    power::await_api(engine, &platform.name, &node.name, begun).await
}

/// The registry's port on loopback: the one it has, the one that was asked for, the usual one, or any that is free.
///
/// # Errors
/// [`SettingsError::RegistryPort`] if another one was asked for than it has.
pub(super) async fn registry_port(engine: &Engine, wanted: Option<u16>) -> Result<u16, Failure> {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    match (registry::find(engine).await?, wanted) {
        (Some(had), Some(wanted)) if wanted != 0 && wanted != had => {
            Err(SettingsError::RegistryPort { had, wanted }.into())
        }
        (Some(had), _) => Ok(had),
        (None, Some(wanted)) if wanted != 0 => Ok(wanted),
        (None, None) if free(DEFAULT_REGISTRY_PORT) => Ok(DEFAULT_REGISTRY_PORT),
        (None, _) => Ok(network::free_port().unwrap_or(0)),
    }
}

/// The network keeps the addresses that it has.
///
/// # Errors
/// [`SettingsError::SubnetFixed`] if others were asked for than it has.
pub(super) async fn check_subnet(engine: &Engine, wanted: Option<Subnet>) -> Result<(), Failure> {
    let Some(wanted) = wanted else { return Ok(()) };
    match network::find(engine).await?.map(PlatformNetwork::subnet) {
        Some(had) if had != wanted => Err(SettingsError::SubnetFixed { had, wanted }.into()),
        _ => Ok(()),
    }
}

/// The registry, if it runs. Another program may have started it just now, or be taking it away: it is waited for until
/// it answers or is gone.
///
/// # Errors
/// It runs and does not answer in time.
pub(super) async fn running_registry(engine: &Engine) -> Result<Option<Registry>, Failure> {
    let deadline = Instant::now() + REGISTRY_DEADLINE;
    loop {
        let Some(port) = registry::find(engine).await? else { return Ok(None) };
        let local = Registry::at_port(port)?;
        if local.answers_or_waits(deadline).await? {
            return Ok(Some(local));
        }
    }
}
