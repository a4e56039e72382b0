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
use crate::docker::{ClusterError, Engine, observe};
use crate::error::Explain;
use crate::settings::DEFAULT_NAME;

/// The list of containers is asked for at most this often.
const LIST_AGAIN: Duration = Duration::from_secs(5);

/// The platforms that can be reached from here. Nothing is connected before it is asked for.
pub struct LivePlatforms {
    /// The only one that may be asked about, if one was chosen at the start.
    chosen: Option<(String, Way)>,
    /// The one that is meant where a call names none.
    usual: Option<String>,
    listed: Mutex<Option<(Instant, Names)>>,
    connected: Mutex<BTreeMap<String, Slot>>,
}

/// Names of platforms, and whether each runs.
type Names = Vec<(String, bool)>;

/// One cluster, or the place for it; connecting holds up only those who want the same one.
type Slot = Arc<Mutex<Option<Arc<LiveCluster>>>>;

impl LivePlatforms {
    /// All platforms of the local engine. Where a call names none, `usual` is meant if it runs, and else the only one that
    /// does.
    pub fn all(usual: &str) -> Self {
        Self { usual: Some(usual.into()), ..Self::none() }
    }

    fn none() -> Self {
        Self { chosen: None, usual: None, listed: Mutex::default(), connected: Mutex::default() }
    }

    /// Only this one.
    pub fn only(name: &str, way: Way) -> Self {
        Self { chosen: Some((name.into(), way)), ..Self::none() }
    }

    async fn list(&self) -> Result<Names, PortError> {
        let mut listed = self.listed.lock().await;
        if let Some((when, names)) = listed.as_ref()
            && when.elapsed() < LIST_AGAIN
        {
            return Ok(names.clone());
        }
        let engine = Engine::connect().await.map_err(|error| unlisted(&error))?;
        let platforms = observe::platforms(&engine).await.map_err(|error| unlisted(&error))?;
        let runs = |platform: &observe::ObservedPlatform| platform.control_plane().is_some_and(|node| node.running);
        let names: Vec<_> = platforms.into_iter().map(|(name, platform)| (name, runs(&platform))).collect();
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
        let all = self.list().await?;
        match meant(&all, self.usual.as_deref()) {
            Ok(name) => Ok((name, Way::Containers)),
            Err(error) => Err(error),
        }
    }
}

/// The platform that is meant by a call that names none.
fn meant(all: &[(String, bool)], usual: Option<&str>) -> Result<String, PortError> {
    let running: Vec<&str> = all.iter().filter(|(_, runs)| *runs).map(|(name, _)| name.as_str()).collect();
    let is_named = usual.filter(|usual| *usual != DEFAULT_NAME);
    match (usual.filter(|usual| running.contains(usual)), is_named, running.as_slice()) {
        (Some(usual), ..) => Ok(usual.into()),
        // Whoever named one does not want another one's answers.
        (None, Some(named), _) => {
            Err(PortError::new(ErrorKind::Unavailable, format!("platform `{named}` does not run on this machine"))
                .hint(format!("Start it with `backstack up --name {named}`; `backstack status` lists what there is.")))
        }
        (None, None, [only]) => Ok((*only).to_string()),
        (None, None, []) => match all {
            [] => Err(PortError::new(ErrorKind::Unavailable, "there is no platform on this machine")
                .hint("Make one with `backstack up`. Catalog and documents can be asked without one.")),
            all => {
                let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
                Err(PortError::new(ErrorKind::Unavailable, format!("no platform runs; there are {}", names.join(", ")))
                    .hint("Start one with `backstack start --name NAME`."))
            }
        },
        (None, None, several) => {
            Err(PortError::new(ErrorKind::Ambiguous, format!("several platforms run: {}", several.join(", ")))
                .hint("Call again with `platform` set to one of them, or start the server with `--name`."))
        }
    }
}

#[async_trait]
impl Platforms for LivePlatforms {
    async fn names(&self) -> Result<Vec<String>, PortError> {
        match &self.chosen {
            Some((name, _)) => Ok(vec![name.clone()]),
            None => Ok(self.list().await?.into_iter().map(|(name, _)| name).collect()),
        }
    }

    async fn platform(&self, name: Option<&str>) -> Result<Arc<dyn Cluster>, PortError> {
        let (name, way) = self.choose(name).await?;
        let slot = self.connected.lock().await.entry(name.clone()).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(cluster) = slot.as_ref()
            && !cluster.is_stale().await
        {
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

/// Without an engine there is no platform, and what needs none still answers. A setting that leads to no engine is a mistake
/// that nobody is to be kept in the dark about.
fn unlisted(error: &ClusterError) -> PortError {
    let kind = if error.is_wrong_setting() { ErrorKind::NotFound } else { ErrorKind::Unavailable };
    let told = PortError::new(kind, format!("platforms cannot be listed: {error}"));
    error.hints().into_iter().fold(told, PortError::hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_one_is_meant_and_else_the_only_one_that_runs() {
        let all =
            |names: &[(&str, bool)]| names.iter().map(|(name, runs)| ((*name).to_string(), *runs)).collect::<Vec<_>>();
        let two = all(&[("backstack", true), ("lab", true)]);
        assert_eq!(meant(&two, Some("backstack")).as_deref(), Ok("backstack"));
        assert_eq!(meant(&two, Some("lab")).as_deref(), Ok("lab"));
        let stopped = all(&[("backstack", false), ("lab", true)]);
        assert_eq!(meant(&stopped, Some("backstack")).as_deref(), Ok("lab"), "the only one that runs");
        let error = meant(&stopped, Some("other")).expect_err("it was named");
        assert!(error.message.contains("`other` does not run"), "{}", error.message);
        let several = meant(&all(&[("a", true), ("b", true)]), Some("backstack")).expect_err("two");
        assert_eq!(several.kind, ErrorKind::Ambiguous);
        assert_eq!(meant(&[], Some("backstack")).expect_err("none").kind, ErrorKind::Unavailable);
    }
}
