//! The way to a platform that exists: its containers, and a client for its API.

use std::time::Duration;

use crate::cluster::observe::{self, ObservedPlatform};
use crate::cluster::{ClusterError, Engine};
use crate::error::Failure;
use crate::execute::nodes::connect;
use crate::platform::record::{self, Record};
use crate::stack::{Stack, StackErrors, StackSource};

/// Reading commands do not wait for a platform that is starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// A platform that exists.
pub struct Platform {
    pub engine: Engine,
    pub observed: ObservedPlatform,
}

/// Finds a platform by name.
///
/// # Errors
/// [`ClusterError::NoPlatform`] with those that there are.
pub async fn find(name: &str) -> Result<Platform, Failure> {
    let engine = Engine::connect().await?;
    let mut platforms = observe::platforms(&engine).await?;
    match platforms.remove(name) {
        Some(observed) => Ok(Platform { engine, observed }),
        None => Err(ClusterError::NoPlatform { name: name.into(), existing: platforms.into_keys().collect() }.into()),
    }
}

impl Platform {
    /// A client for the platform's API.
    pub async fn client(&self) -> Result<kube::Client, Failure> {
        let node = self.observed.control_plane().filter(|node| node.running);
        let Some(node) = node else {
            return Err(ClusterError::NotRunning { platform: self.observed.name.clone() }.into());
        };
        let (_, client) = connect(&self.engine, &self.observed.name, &node.name, PATIENCE).await?;
        Ok(client)
    }

    /// What the platform is, as the last `up` recorded it.
    pub async fn record(&self, client: &kube::Client) -> Result<Record, Failure> {
        record::read(client).await?.ok_or_else(|| {
            Failure::not_yet(
                format!("platform `{}` is not set up yet", self.observed.name),
                "Run `backstack up` to the end.",
            )
        })
    }
}

/// The stack of a platform. A user's own may have moved since.
pub fn stack(record: &Record) -> Result<Stack, StackErrors> {
    Stack::load_changed(StackSource::named(&record.stack), &record.changes)
}
