//! Names of platforms -> connected clusters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backstack_mcp::error::ErrorKind;
use backstack_mcp::ports::{Cluster, Platforms, PortError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::cluster::LiveCluster;
use super::connect::{Way, connect};
use crate::docker::{Engine, observe};
use crate::error::Explain;

/// The list of containers is asked for at most this often.
const LIST_AGAIN: Duration = Duration::from_secs(5);

/// The platforms that can be reached from here. Nothing is connected before it is asked for.
pub struct LivePlatforms {
    /// The only one that may be asked about, if one was chosen at the start.
    chosen: Option<(String, Way)>,
    listed: Mutex<Option<(Instant, Vec<String>)>>,
    connected: Mutex<BTreeMap<String, Slot>>,
}

/// One cluster, or the place for it; connecting holds up only those who want the same one.
type Slot = Arc<Mutex<Option<Arc<LiveCluster>>>>;

impl LivePlatforms {
    /// All platforms of the local engine.
    pub fn all() -> Self {
        Self { chosen: None, listed: Mutex::default(), connected: Mutex::default() }
    }

    /// Only this one.
    pub fn only(name: &str, way: Way) -> Self {
        Self { chosen: Some((name.into(), way)), ..Self::all() }
    }

    async fn list(&self) -> Result<Vec<String>, PortError> {
        let mut listed = self.listed.lock().await;
        if let Some((when, names)) = listed.as_ref()
            && when.elapsed() < LIST_AGAIN
        {
            return Ok(names.clone());
        }
        let unavailable = |error: &dyn Explain| {
            let told = PortError::new(ErrorKind::Unavailable, format!("platforms cannot be listed: {error}"));
            error.hints().into_iter().fold(told, PortError::hint)
        };
        let engine = Engine::connect().await.map_err(|error| unavailable(&error))?;
        let names: Vec<_> =
            observe::platforms(&engine).await.map_err(|error| unavailable(&error))?.into_keys().collect();
        *listed = Some((Instant::now(), names.clone()));
        Ok(names)
    }

    async fn choose(&self, name: Option<&str>) -> Result<(String, Way), PortError> {
        if let Some((chosen, way)) = &self.chosen {
            return match name {
                Some(other) if other != chosen => Err(PortError::new(
                    ErrorKind::NotFound,
                    format!("this server is for platform `{chosen}`; it does not know `{other}`"),
                )
                .hint("Leave `platform` out.")),
                _ => Ok((chosen.clone(), way.clone())),
            };
        }
        if let Some(name) = name {
            return Ok((name.into(), Way::Containers));
        }
        let mut names = self.list().await?;
        match names.len() {
            0 => Err(PortError::new(ErrorKind::Unavailable, "there is no platform on this machine")
                .hint("Make one with `backstack up`. Catalog and documents can be asked without one.")),
            1 => Ok((names.remove(0), Way::Containers)),
            _ => {
                Err(PortError::new(ErrorKind::Ambiguous, format!("there are several platforms: {}", names.join(", ")))
                    .hint("Call again with `platform` set to one of them."))
            }
        }
    }
}

#[async_trait]
impl Platforms for LivePlatforms {
    async fn names(&self) -> Result<Vec<String>, PortError> {
        match &self.chosen {
            Some((name, _)) => Ok(vec![name.clone()]),
            None => self.list().await,
        }
    }

    async fn platform(&self, name: Option<&str>) -> Result<Arc<dyn Cluster>, PortError> {
        let (name, way) = self.choose(name).await?;
        let slot = self.connected.lock().await.entry(name.clone()).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(cluster) = slot.as_ref().filter(|cluster| !cluster.is_stale()) {
            return Ok(cluster.clone());
        }
        // What does not answer is given up: its address or its certificates may be others now.
        *slot = None;
        let connection = connect(&name, &way).await?;
        // On a cluster of somebody else's the platform has a name of its own, beside the context's.
        let recorded = connection.record.as_ref().map(|record| record.name.clone()).filter(|name| !name.is_empty());
        let cluster = Arc::new(LiveCluster::start(&recorded.unwrap_or(name), connection));
        *slot = Some(cluster.clone());
        Ok(cluster)
    }
}
