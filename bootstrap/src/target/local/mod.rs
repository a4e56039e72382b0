//! A cluster in node containers, in the Docker Engine of this machine or of another one.
//!
//! ```text
//! api       the way to the API of a control plane
//! look      what there is of a platform
//! site      what making nodes takes
//! down      takes a platform away, and with the last one what they share
//! ```

mod api;
pub mod down;
mod look;
mod site;

use std::time::Duration;

use futures::future::join_all;
use kube::Client;

use crate::build::Architecture;
use crate::docker::node_certificates::{self, Validity};
use crate::docker::observe::{self, ObservedPlatform};
use crate::docker::{ClusterError, Engine};
use crate::error::Failure;
use crate::kubernetes::record;
use crate::settings::Record;

pub use api::{API_DEADLINE, await_api, connect, kubeconfig_entry};
pub(super) use look::complete;
pub use look::{REGISTRY_DEADLINE, running_registry};
pub use site::Site;

/// Reading commands do not wait for a platform that is starting.
const PATIENCE: Duration = Duration::from_secs(5);

/// An engine that answers.
pub struct Local {
    /// It runs nodes and registry.
    pub engine: Engine,
}

/// A platform in the engine, whether it runs or not.
pub struct Platform {
    /// The engine that its nodes run in.
    pub engine: Engine,
    /// Its containers, as they were when it was looked at.
    pub observed: ObservedPlatform,
}

/// A platform in the engine that runs.
#[derive(Clone)]
pub struct Running {
    /// The engine that its nodes run in.
    pub engine: Engine,
    /// Its containers, as they were when it was looked at.
    pub platform: ObservedPlatform,
    /// The control plane's node.
    pub control_plane: String,
    /// Asks its Kubernetes API, as an administrator.
    pub client: Client,
}

impl Local {
    /// Reaches the engine that is meant.
    ///
    /// # Errors
    /// None answers.
    pub async fn connect() -> Result<Self, ClusterError> {
        Ok(Self { engine: Engine::connect().await? })
    }

    /// The architecture of the engine's machine, as Go names it.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn architecture(&self) -> Result<String, ClusterError> {
        Ok(match self.engine.info().await?.architecture.as_deref() {
            Some("x86_64") => "amd64".into(),
            Some("aarch64") => "arm64".into(),
            Some(other) => other.into(),
            None => Architecture::host().to_string(),
        })
    }

    /// Whether there is a platform of that name.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn has(&self, name: &str) -> Result<bool, ClusterError> {
        Ok(observe::platforms(&self.engine).await?.contains_key(name))
    }

    /// A platform of this name.
    ///
    /// # Errors
    /// [`ClusterError::NoPlatform`] with those that there are.
    pub async fn find(self, name: &str) -> Result<Platform, ClusterError> {
        let mut platforms = observe::platforms(&self.engine).await?;
        match platforms.remove(name) {
            Some(observed) => Ok(Platform { engine: self.engine, observed }),
            None => Err(ClusterError::NoPlatform { name: name.into(), existing: platforms.into_keys().collect() }),
        }
    }
}

impl Platform {
    /// A client for its API.
    ///
    /// # Errors
    /// It does not run, or its API does not answer.
    pub async fn client(&self) -> Result<Client, Failure> {
        let node = self.observed.control_plane().filter(|node| node.running);
        let node = node.ok_or_else(|| self.observed.not_running())?;
        match connect(&self.engine, &self.observed.name, &node.name, PATIENCE).await {
            Ok((_, client)) => Ok(client),
            Err(failure) => Err(self.ended(&node.name).await.map_or(failure, Failure::from)),
        }
    }

    /// That the certificates of a node have ended, if they have.
    async fn ended(&self, node: &str) -> Option<ClusterError> {
        let validity = node_certificates::look(&self.engine, node).await.ok()??;
        let (platform, ended) = (self.observed.name.clone(), validity.told());
        (validity.end <= validity.now).then_some(ClusterError::CertificatesEnded { platform, ended })
    }

    /// Nodes whose certificates end within a month, with how long they are good for. What does not answer tells nothing.
    pub async fn ending(&self) -> Vec<(String, Validity)> {
        let running = self.observed.nodes.iter().filter(|node| node.running);
        let looks = running.map(|node| async move {
            let validity = node_certificates::look(&self.engine, &node.name).await.ok()??;
            validity.ends_soon().then(|| (node.name.clone(), validity))
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// What the last `up` recorded of it.
    ///
    /// # Errors
    /// No `up` has come to its end, or the API does not answer.
    pub async fn record(&self, client: &Client) -> Result<Record, Failure> {
        recorded(&self.observed.name, client).await
    }

    /// The same platform with the way to its API, for what looks behind that.
    ///
    /// # Errors
    /// It does not run, or its API does not answer.
    pub async fn running(self) -> Result<Running, Failure> {
        let client = self.client().await?;
        let control_plane = self.observed.control_plane().map(|node| node.name.clone()).unwrap_or_default();
        Ok(Running { engine: self.engine, platform: self.observed, control_plane, client })
    }
}

impl Running {
    /// What the last `up` recorded of it.
    ///
    /// # Errors
    /// No `up` has come to its end, or the API does not answer.
    pub async fn record(&self) -> Result<Record, Failure> {
        recorded(&self.platform.name, &self.client).await
    }

    /// Names of all nodes, control plane first.
    pub fn nodes(&self) -> Vec<String> {
        self.platform.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// Names of all nodes but the control plane.
    pub(crate) fn workers(&self) -> impl Iterator<Item = String> {
        self.nodes().into_iter().filter(|node| *node != self.control_plane)
    }
}

async fn recorded(name: &str, client: &Client) -> Result<Record, Failure> {
    record::read(client).await?.ok_or_else(|| not_set_up(name))
}

/// Why nothing can be done to a platform that no `up` has come to yet.
pub(crate) fn not_set_up(name: &str) -> Failure {
    Failure::not_yet(format!("platform `{name}` is not set up yet"), "Run `backstack up` to the end.")
}
