//! What there is of a platform in the engine: can it be asked, and what was it made with.

use std::time::Duration;

use tokio::time::Instant;

use super::{Local, Site, await_api, connect};
use crate::docker::mode::{self, NodeMode};
use crate::docker::network::PlatformNetwork;
use crate::docker::observe::{self, ObservedPlatform};
use crate::docker::{Engine, locks, network, registry};
use crate::error::Failure;
use crate::images::registry::Registry;
use crate::kubernetes::record;
use crate::settings::{DEFAULT_REGISTRY_PORT, Existing, SettingsError, UpSettings, UpWishes};
use crate::target::{Seen, Touch};

/// A cluster that starts at this moment is not waited for here: the plan's own steps do that.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a registry that runs may take to answer.
pub const REGISTRY_DEADLINE: Duration = Duration::from_secs(120);

impl Local {
    /// What there is of a platform.
    ///
    /// # Errors
    /// The engine or the platform's API does not answer properly, or a platform that is stopped may not be started and
    /// cannot do without.
    pub(in crate::target) async fn observe(&self, name: &str, touch: Touch) -> Result<Seen, Failure> {
        let sharing = if touch == Touch::Start { locks::using().await } else { None };
        let mut platforms = observe::platforms(&self.engine).await?;
        let mut platform = platforms.remove(name);
        // A half-made control plane is recreated, so its settings bind nobody.
        let stands = platform.clone().filter(|platform| platform.control_plane().is_some_and(|node| node.complete));
        let mut live = self.live(stands.as_ref()).await;
        if let (Some(stopped), None) = (&stands, &live) {
            // Without the record, the default stack would take the place of the platform's own.
            match touch {
                Touch::Start => {
                    live = Some(self.start(stopped).await?);
                    platform = observe::platforms(&self.engine).await?.remove(name);
                }
                Touch::Nothing => return Err(stopped.not_running().into()),
                Touch::NothingGuess => {}
            }
        }
        let kept = match &stands {
            Some(platform) => kept(platform, live.as_ref()).await?,
            None => None,
        };
        let registry = registry::find(&self.engine).await?;
        let (stands, others) = (stands.is_some(), platforms.into_keys().collect());
        Ok(Seen { platform, live, kept, stands, others, registry, _sharing: sharing })
    }

    /// A client for the platform, if its API answers now.
    async fn live(&self, platform: Option<&ObservedPlatform>) -> Option<kube::Client> {
        let platform = platform?;
        let node = platform.control_plane().filter(|node| node.running)?;
        let (_, client) = connect(&self.engine, &platform.name, &node.name, PATIENCE).await.ok()?;
        Some(client)
    }

    /// Starts a platform that was stopped or paused, and waits for its API.
    async fn start(&self, platform: &ObservedPlatform) -> Result<kube::Client, Failure> {
        let node = platform.control_plane().ok_or_else(|| platform.not_running())?;
        let begun = std::time::Instant::now();
        self.engine.start(&node.name).await?;
        await_api(&self.engine, &platform.name, &node.name, begun).await
    }

    /// The network keeps the addresses that it has.
    ///
    /// # Errors
    /// [`SettingsError::SubnetFixed`] if others were asked for than it has.
    pub(in crate::target) async fn fits(&self, settings: &UpSettings) -> Result<(), Failure> {
        let Some(wanted) = settings.subnet else { return Ok(()) };
        match network::find(&self.engine).await?.map(PlatformNetwork::subnet) {
            Some(had) if had != wanted => Err(SettingsError::SubnetFixed { had, wanted }.into()),
            _ => Ok(()),
        }
    }

    /// How nodes may run here: as those of the platform do, or as a probe of the engine's privileges finds out.
    ///
    /// # Errors
    /// The engine does not answer.
    pub(in crate::target) async fn site(&self, seen: &Seen) -> Result<Site, Failure> {
        let had = seen.kept.as_ref().and_then(|kept| kept.settings.as_ref()).map(|had| had.node_mode.clone());
        let mode: NodeMode = match had {
            Some(had) => had,
            None => mode::detect(&self.engine).await?,
        };
        let info = self.engine.info().await?;
        let cgroup_v1 = info.cgroup_version == Some(bollard::models::SystemInfoCgroupVersionEnum::_1);
        Ok(Site { engine: self.engine.clone(), mode, cgroup_v1, platform: seen.platform.clone() })
    }
}

/// What the platform was made with, and what the last `up` recorded.
async fn kept(platform: &ObservedPlatform, live: Option<&kube::Client>) -> Result<Option<Existing>, Failure> {
    let Some(settings) = platform.settings.clone() else { return Ok(None) };
    let workers = u16::try_from(platform.nodes.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let record = match live {
        Some(client) => record::read(client).await?,
        None => None,
    };
    Ok(Some(Existing { settings: Some(settings), workers, record }))
}

/// With the registry's port on loopback: the one it has, the one that was asked for, the usual one, or any that is free.
///
/// # Errors
/// [`SettingsError::RegistryPort`] if another one was asked for than it has.
pub(in crate::target) fn complete(wishes: UpWishes, seen: &Seen) -> Result<UpWishes, SettingsError> {
    let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let port = match (seen.registry, wishes.registry_port) {
        (Some(had), Some(wanted)) if wanted != 0 && wanted != had => {
            return Err(SettingsError::RegistryPort { had, wanted });
        }
        (Some(had), _) => had,
        (None, Some(wanted)) if wanted != 0 => wanted,
        (None, None) if free(DEFAULT_REGISTRY_PORT) => DEFAULT_REGISTRY_PORT,
        (None, _) => network::free_port().unwrap_or(0),
    };
    Ok(UpWishes { registry_port: Some(port), ..wishes })
}

/// The registry, if it runs. Another program may have started it just now, or be taking it away: it is waited for until
/// it answers or is gone.
///
/// # Errors
/// It runs and does not answer in time.
pub async fn running_registry(engine: &Engine) -> Result<Option<Registry>, Failure> {
    let deadline = Instant::now() + REGISTRY_DEADLINE;
    loop {
        let Some(port) = registry::find(engine).await? else { return Ok(None) };
        let local = Registry::at_port(port)?;
        if local.answers_or_waits(deadline).await? {
            return Ok(Some(local));
        }
    }
}
