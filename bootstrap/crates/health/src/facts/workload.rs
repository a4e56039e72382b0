//! What matters of Deployments, StatefulSets, DaemonSets, ReplicaSets and Jobs.

use serde::Deserialize;

use super::{Condition, Meta, or_default};

/// A Deployment, StatefulSet, DaemonSet or Job. The kind is told apart by who keeps it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Name, namespace, labels, owners and generation.
    pub metadata: Meta,
    /// What is declared of it.
    pub spec: WorkloadSpec,
    /// How far its controller has come.
    pub status: WorkloadStatus,
}

/// What is declared of a workload; each kind has some of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    /// How many pods it should have; `None` for kinds that do not count them, and for the default of 1.
    pub replicas: Option<i64>,
    /// Whether a Job makes no pods for now.
    pub suspend: Option<bool>,
    /// Whether a Deployment does not roll out changes for now.
    pub paused: bool,
    /// How a StatefulSet or DaemonSet replaces its pods.
    pub update_strategy: UpdateStrategy,
}

/// How pods are replaced by those of a newer version.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UpdateStrategy {
    /// `RollingUpdate`, or `OnDelete` if somebody does it by hand; empty if it does not say.
    #[serde(rename = "type")]
    pub kind: String,
}

/// How far a workload's controller has come; each kind has some of it, and the rest is 0 or empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// The newest generation that the controller has looked at.
    pub observed_generation: i64,
    /// Pods there are, of whatever version.
    pub replicas: i64,
    /// Pods of the newest version.
    pub updated_replicas: i64,
    /// Pods whose condition `Ready` is true.
    pub ready_replicas: i64,
    /// Pods that have been ready for as long as the workload asks for.
    pub available_replicas: i64,
    /// Of a StatefulSet: the version that its pods are replaced from.
    pub current_revision: String,
    /// Of a StatefulSet: the version that its pods are replaced by; the same as the other if none is.
    pub update_revision: String,
    /// Of a DaemonSet: nodes that have its pod and should.
    pub current_number_scheduled: i64,
    /// Of a DaemonSet: nodes that should have its pod.
    pub desired_number_scheduled: i64,
    /// Of a DaemonSet: nodes that have a pod of its newest version.
    pub updated_number_scheduled: i64,
    /// Of a DaemonSet: nodes whose pod is available.
    pub number_available: i64,
    /// Of a Job: pods that have not ended.
    pub active: i64,
    /// Of a Job: pods that have ended well.
    pub succeeded: i64,
    /// One for each type, as `Available` or `Complete`.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

impl Workload {
    /// The condition of this type, as `ReplicaFailure`.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }
}
