//! The way to a platform that exists: its containers or its context, and a client for its API.

use std::time::Duration;

use clap::Args;

use crate::checkpoint::{self, CheckpointError};
use crate::docker::observe::{self, ObservedNode, ObservedPlatform};
use crate::docker::{ClusterError, Engine};
use crate::error::Failure;
use crate::execute::nodes::connect;
use crate::existing::{self, Cluster, ExistingError};
use crate::kubernetes::record;
use crate::settings::Record;
use crate::stack::{Stack, StackErrors, StackSource};

/// Reading commands do not wait for a platform that is starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which platform is meant, for commands that read or change one.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TargetArgs {
    /// Platform on the cluster of this kubeconfig context, instead of one that backstack made
    #[arg(long, env = "BACKSTACK_CONTEXT", value_name = "CONTEXT")]
    pub context: Option<String>,
}

/// A platform that exists.
pub(super) struct Platform {
    pub name: String,
    place: Place,
}

enum Place {
    Own { engine: Box<Engine>, observed: ObservedPlatform },
    Existing(Cluster),
}

/// Finds a platform: by name, or on the cluster of a context, where the record knows its name.
///
/// # Errors
/// [`ClusterError::NoPlatform`] with those that there are, [`ExistingError`] for a context.
pub(super) async fn find(name: &str, target: &TargetArgs) -> Result<Platform, Failure> {
    if let Some(context) = &target.context {
        let cluster = existing::connect(context).await?;
        let record = record::read::<Record>(&cluster.client).await?;
        let record = record.ok_or_else(|| ExistingError::NoPlatform { context: context.clone() })?;
        return Ok(Platform { name: record.name, place: Place::Existing(cluster) });
    }
    let engine = Engine::connect().await?;
    let mut platforms = observe::platforms(&engine).await?;
    match platforms.remove(name) {
        Some(observed) => Ok(Platform { name: name.into(), place: Place::Own { engine: Box::new(engine), observed } }),
        None => Err(ClusterError::NoPlatform { name: name.into(), existing: platforms.into_keys().collect() }.into()),
    }
}

/// A platform of our own that runs, for commands that look behind its API.
///
/// # Errors
/// As [`find`], and [`CheckpointError::Elsewhere`] for a platform on a cluster that somebody else made.
pub(super) async fn place(name: &str, target: &TargetArgs) -> Result<checkpoint::Place, Failure> {
    if let Some(context) = &target.context {
        return Err(CheckpointError::Elsewhere { context: context.clone() }.into());
    }
    let platform = find(name, target).await?;
    let client = platform.client().await?;
    match platform.place {
        Place::Own { engine, observed } => {
            let control_plane = observed.control_plane().map(|node| node.name.clone()).unwrap_or_default();
            Ok(checkpoint::Place { engine: *engine, platform: observed, control_plane, client })
        }
        Place::Existing(_) => unreachable!("a context was refused before"),
    }
}

/// A platform of our own and its engine, whether it runs or not.
///
/// # Errors
/// As [`find`], and [`ClusterError::Elsewhere`] for a platform on a cluster that somebody else made.
pub(super) async fn own(name: &str, target: &TargetArgs) -> Result<(Engine, ObservedPlatform), Failure> {
    if let Some(context) = &target.context {
        return Err(ClusterError::Elsewhere { context: context.clone() }.into());
    }
    match find(name, target).await?.place {
        Place::Own { engine, observed } => Ok((*engine, observed)),
        Place::Existing(_) => unreachable!("a context was refused before"),
    }
}

impl Platform {
    /// A client for the platform's API.
    pub(super) async fn client(&self) -> Result<kube::Client, Failure> {
        let (engine, observed) = match &self.place {
            Place::Existing(cluster) => return Ok(cluster.client.clone()),
            Place::Own { engine, observed } => (engine, observed),
        };
        let node = observed.control_plane().filter(|node| node.running);
        let Some(node) = node else {
            return Err(observed.not_running().into());
        };
        let (_, client) = connect(engine, &self.name, &node.name, PATIENCE).await?;
        Ok(client)
    }

    /// Its engine, and what named it; none on a cluster that somebody else made.
    pub(super) fn engine(&self) -> Option<String> {
        match &self.place {
            Place::Own { engine, .. } => Some(engine.endpoint().to_string()),
            Place::Existing(_) => None,
        }
    }

    /// Its containers; none on a cluster that somebody else made.
    pub(super) fn containers(&self) -> Vec<ObservedNode> {
        match &self.place {
            Place::Own { observed, .. } => observed.nodes.clone(),
            Place::Existing(_) => Vec::new(),
        }
    }

    /// What the platform is, as the last `up` recorded it.
    pub(super) async fn record(&self, client: &kube::Client) -> Result<Record, Failure> {
        record::read(client).await?.ok_or_else(|| {
            Failure::not_yet(format!("platform `{}` is not set up yet", self.name), "Run `backstack up` to the end.")
        })
    }
}

/// The stack of a platform. A user's own may have moved since.
pub(super) fn stack(record: &Record) -> Result<Stack, StackErrors> {
    Stack::load_changed(StackSource::named(&record.stack), &record.changes)
}
