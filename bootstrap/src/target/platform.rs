//! A platform that exists: its containers or its cluster, and a client for its API.

use super::{Target, existing, local};
use crate::docker::node_certificates::Validity;
use crate::docker::observe::ObservedNode;
use crate::error::Failure;
use crate::settings::Record;

/// A platform that exists.
pub enum Platform {
    /// In the engine; it may be stopped.
    Local(Box<local::Platform>),
    /// On a cluster that somebody else made.
    Existing(Box<existing::Platform>),
}

impl Platform {
    /// Its name, as `--name` has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(platform) => &platform.observed.name,
            Self::Existing(platform) => &platform.record.name,
        }
    }

    /// Which cluster it is on.
    pub fn target(&self) -> Target {
        match self {
            Self::Local(_) => Target::Local,
            Self::Existing(platform) => Target::Existing { context: platform.cluster.context.clone() },
        }
    }

    /// A client for the platform's API.
    ///
    /// # Errors
    /// It does not run, or its API does not answer.
    pub async fn client(&self) -> Result<kube::Client, Failure> {
        match self {
            Self::Local(platform) => platform.client().await,
            Self::Existing(platform) => Ok(platform.cluster.client.clone()),
        }
    }

    /// What the platform is, as the last `up` recorded it.
    ///
    /// # Errors
    /// No `up` has come to its end, or the API does not answer.
    pub async fn record(&self, client: &kube::Client) -> Result<Record, Failure> {
        match self {
            Self::Local(platform) => platform.record(client).await,
            Self::Existing(platform) => Ok(platform.record.clone()),
        }
    }

    /// Its engine, and what named it; none on a cluster that somebody else made.
    pub fn engine(&self) -> Option<String> {
        match self {
            Self::Local(platform) => Some(platform.engine.endpoint().to_string()),
            Self::Existing(_) => None,
        }
    }

    /// Nodes whose certificates end within a month; on a cluster that somebody else made that is not ours to look at.
    pub async fn ending(&self) -> Vec<(String, Validity)> {
        match self {
            Self::Local(platform) => platform.ending().await,
            Self::Existing(_) => Vec::new(),
        }
    }

    /// Its containers; none on a cluster that somebody else made.
    pub fn containers(&self) -> Vec<ObservedNode> {
        match self {
            Self::Local(platform) => platform.observed.nodes.clone(),
            Self::Existing(_) => Vec::new(),
        }
    }
}
