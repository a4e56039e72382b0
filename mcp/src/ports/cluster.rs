//! What is read of a platform's cluster. Objects are plain JSON: this crate knows no Kubernetes types.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{GitServer, PortError};
use crate::live::changes::dry_run::DryRun;
use crate::live::changes::images::Found;
use crate::live::object::Ref;
use crate::live::questions::{Question, Reply};
use crate::live::served::ServedKind;
use crate::live::snapshot::{Door, Snapshot};

/// Which log lines of a pod to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Namespace of the pod.
    pub namespace: String,
    /// `metadata.name` of the pod.
    pub pod: String,
    /// `None` for the only or the first one.
    pub container: Option<String>,
    /// Of the container's run before this one.
    pub previous: bool,
    /// At most so many lines, from the end.
    pub tail: usize,
    /// Only what was written in the last so many seconds.
    pub since_seconds: Option<i64>,
    /// Each line begins with the time at which it was written, as RFC 3339.
    pub timestamps: bool,
}

/// How a platform is right now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformState {
    /// Where people reach it.
    pub url: String,
    /// Name and version of the stack, as `back 0.1.0`; empty while it cannot be read.
    pub stack: String,
    /// Its nodes, sorted by name.
    pub nodes: Vec<NodeState>,
    /// What does not run first.
    pub components: Vec<ComponentState>,
    /// All paths that components of the stack declare.
    pub routes: Vec<RouteState>,
}

/// One node of the platform's cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeState {
    /// `metadata.name` of the node, as `backstack-control-plane`.
    pub name: String,
    /// Whether its condition `Ready` is true.
    pub ready: bool,
    /// Version of Kubernetes that it runs.
    pub version: String,
}

/// One component of the platform's stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentState {
    /// Name in the stack, as `argo-cd`.
    pub name: String,
    /// Version in its `component.yaml`, which follows upstream's.
    pub version: String,
    /// Namespace that it is installed in.
    pub namespace: String,
    /// `ready`, `progressing` or `degraded`.
    pub health: String,
    /// What it waits for, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
}

/// A path behind the platform's ingress.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteState {
    /// Address for people: the platform's own, and the path.
    pub url: String,
    /// The component that declares it.
    pub component: String,
    /// `namespace/name:port` of the Service behind it.
    pub service: String,
    /// Whether a pod answers behind it.
    pub answers: bool,
}

/// One platform's cluster, read through caches that watches keep.
#[async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Name of the platform; every answer says it.
    fn platform(&self) -> &str;

    /// All that is kept, as it is now. Asks the cluster nothing, but fails if the cluster does not answer any more.
    async fn snapshot(&self) -> Result<Snapshot, PortError>;

    /// Objects of kinds that are not kept, side by side; those that are there.
    async fn read(&self, objects: &[Ref]) -> Result<Vec<Value>, PortError>;

    /// Every kind that the cluster serves, kept or not.
    async fn kinds(&self) -> Result<Vec<ServedKind>, PortError>;

    /// Objects of a kind that is not kept, of one namespace or of all.
    ///
    /// # Errors
    /// The cluster does not answer, or the account may not list them.
    async fn list(&self, kind: &ServedKind, namespace: Option<&str>) -> Result<Vec<Value>, PortError>;

    /// Logs of several containers, side by side.
    async fn logs(&self, queries: &[LogQuery]) -> Vec<Result<String, PortError>>;

    /// Whether something listens at ports of pods, tried without sending anything; nothing where nobody can tell.
    async fn listening(&self, doors: &[Door]) -> Vec<Option<bool>>;

    /// What programs in pods answer; nothing where nobody can ask, or nobody answers.
    async fn asked(&self, questions: &[Question]) -> Vec<Option<Reply>> {
        vec![None; questions.len()]
    }

    /// Asks the cluster what it would do with these objects. Changes nothing.
    async fn dry_run(&self, objects: &[Value]) -> Result<Vec<DryRun>, PortError>;

    /// Asks a Service of the platform through the API server, and waits so long: its HTTP status, and its answer as JSON.
    ///
    /// # Errors
    /// The cluster does not answer, or the account may not ask.
    async fn ask(
        &self,
        service: &Ref,
        path: &str,
        question: &Value,
        patience: Duration,
    ) -> Result<(u16, Value), PortError>;

    /// Whether an image can be had: in the platform's own registry, or at the one that its name says.
    async fn image(&self, reference: &str) -> Found {
        Found::Unknown(format!("nobody was asked for {reference}"))
    }

    /// State of the install, also while `up` is running.
    async fn state(&self) -> Result<PlatformState, PortError>;

    /// Counts changes of what is kept.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The platform's Git server, with the assistant's own account.
    ///
    /// # Errors
    /// There is none, or changes are not allowed.
    async fn git(&self) -> Result<Arc<dyn GitServer>, PortError>;
}

/// The platforms that can be asked.
#[async_trait]
pub trait Platforms: Send + Sync + 'static {
    /// Their names, sorted.
    async fn names(&self) -> Result<Vec<String>, PortError>;

    /// One of them. Without a name the only one; several without a name is an error of kind `Ambiguous` that lists
    /// them; none at all is one of kind `Unavailable` that says how to make one.
    async fn platform(&self, name: Option<&str>) -> Result<Arc<dyn Cluster>, PortError>;
}
