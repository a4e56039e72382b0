//! `down`: what would go of a platform, and its going.

use std::sync::Arc;

use super::Reached;
use super::existing::{self, Cluster};
use super::local::{self, Local};
use crate::error::Failure;
use crate::report::Reporter;
use crate::settings::Record;

/// A platform that is about to be taken away. One that is not there is no error.
pub struct Leaving {
    name: String,
    from: From,
}

enum From {
    Local { local: Box<Local>, found: bool, purge: bool },
    Existing { cluster: Cluster, record: Option<Box<Record>> },
}

/// What is gone.
pub enum Gone {
    /// Containers, and what platforms share.
    Local(local::down::Removed),
    /// Components and their objects.
    Existing(existing::down::Gone),
    /// There was no platform on the cluster of a context.
    Nothing {
        /// That context.
        context: String,
    },
}

impl Reached {
    /// Looks what would go with a platform; `purge` takes the image cache of this machine too.
    ///
    /// # Errors
    /// The engine or the API does not answer, or the platform there is another one.
    pub async fn leaving(self, name: &str, purge: bool) -> Result<Leaving, Failure> {
        let from = match self {
            Self::Local(local) => From::Local { found: local.has(name).await?, local, purge },
            Self::Existing(cluster) => {
                let record = existing::Platform::named(&cluster, name).await?.map(Box::new);
                From::Existing { cluster, record }
            }
        };
        Ok(Leaving { name: name.into(), from })
    }
}

impl Leaving {
    /// What is lost with it, one sentence each; empty if nothing is.
    pub fn loses(&self) -> Vec<String> {
        let name = &self.name;
        match &self.from {
            From::Local { found, purge, .. } => {
                let platform = found
                    .then(|| format!("Platform `{name}` is lost with all that is in it, and with its checkpoints."));
                let cache = "The image cache is lost: the next `up` fetches or builds every image again.";
                platform.into_iter().chain(purge.then(|| cache.into())).collect()
            }
            From::Existing { record: None, .. } => Vec::new(),
            From::Existing { cluster, .. } => vec![format!(
                "Platform `{name}` on the cluster of context `{}` is lost with all objects of its kinds.",
                cluster.context
            )],
        }
    }

    /// Takes it away; only what takes long is reported on. An interrupted `down` can be run again.
    ///
    /// # Errors
    /// The engine or the API refuses, or something is still there at the deadline.
    pub async fn take_away(self, reporter: impl FnOnce() -> Arc<dyn Reporter>) -> Result<Gone, Failure> {
        Ok(match self.from {
            From::Local { local, purge, .. } => Gone::Local(local::down::run(&local, &self.name, purge).await?),
            From::Existing { cluster, record: None } => Gone::Nothing { context: cluster.context },
            From::Existing { cluster, record: Some(record) } => {
                Gone::Existing(existing::down::run(&cluster, &record, reporter()).await?)
            }
        })
    }
}

impl Gone {
    /// Whether there was nothing to take away.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Local(removed) => *removed == local::down::Removed::default(),
            Self::Existing(_) => false,
            Self::Nothing { .. } => true,
        }
    }
}
