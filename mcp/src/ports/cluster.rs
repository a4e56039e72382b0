//! What is read of a platform's cluster. Objects are plain JSON: this crate knows no Kubernetes types.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::PortError;

/// Names one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    /// As `apps/v1`.
    pub api_version: String,
    pub kind: String,
    /// `None` for objects of the whole cluster.
    pub namespace: Option<String>,
    pub name: String,
}

/// Which objects to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ListQuery {
    pub api_version: String,
    pub kind: String,
    /// `None` for all namespaces.
    pub namespace: Option<String>,
    /// As `app=web,tier!=cache`.
    pub labels: Option<String>,
    /// As `involvedObject.name=web`.
    pub fields: Option<String>,
    /// At most so many objects.
    pub limit: Option<usize>,
}

/// What a list gave.
#[derive(Debug, Clone, Default)]
pub struct List {
    pub items: Vec<Arc<Value>>,
    /// How many there are in all, where the cluster said so.
    pub total: usize,
}

/// Which log lines of a pod to read.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub namespace: String,
    pub pod: String,
    /// `None` for the only or the first one.
    pub container: Option<String>,
    /// Of the container's run before this one.
    pub previous: bool,
    /// At most so many lines, from the end.
    pub tail: usize,
}

/// What a server-side dry run said.
#[derive(Debug, Clone, Default)]
pub struct DryRun {
    /// The object as it would be, if it was accepted.
    pub object: Option<Value>,
    /// Why it was refused.
    pub refused: Option<String>,
    /// Admission warnings.
    pub warnings: Vec<String>,
}

/// Reads of one platform's cluster, answered from caches kept by watches where there are any.
#[async_trait]
pub trait Cluster: Send + Sync + 'static {
    /// Name of the platform; every answer says it.
    fn platform(&self) -> &str;

    /// One object; `None` if there is no such.
    async fn get(&self, object: &ObjectRef) -> Result<Option<Arc<Value>>, PortError>;

    /// Several objects. A kind that the cluster does not serve is an error of kind `NotFound`.
    async fn list(&self, query: &ListQuery) -> Result<List, PortError>;

    /// Lines of a container's log.
    async fn logs(&self, query: &LogQuery) -> Result<Vec<String>, PortError>;

    /// Asks the cluster what it would do with this object. Changes nothing.
    async fn dry_run(&self, object: &Value) -> Result<DryRun, PortError>;

    /// State of the install, also while `up` is running: JSON as `backstack status -o json` gives it.
    async fn status(&self) -> Result<Value, PortError>;
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
