//! What matters of Deployments, StatefulSets, DaemonSets, ReplicaSets and Jobs.

use serde::Deserialize;

use super::{Condition, Meta, or_default};

/// A Deployment, StatefulSet, DaemonSet or Job. The kind is told apart by who keeps it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Workload {
    pub metadata: Meta,
    pub spec: WorkloadSpec,
    pub status: WorkloadStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    pub replicas: Option<i64>,
    pub suspend: Option<bool>,
    pub paused: bool,
    pub update_strategy: UpdateStrategy,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UpdateStrategy {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    pub observed_generation: i64,
    pub replicas: i64,
    pub updated_replicas: i64,
    pub ready_replicas: i64,
    pub available_replicas: i64,
    pub current_revision: String,
    pub update_revision: String,
    pub current_number_scheduled: i64,
    pub desired_number_scheduled: i64,
    pub updated_number_scheduled: i64,
    pub number_available: i64,
    pub active: i64,
    pub succeeded: i64,
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

impl Workload {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }
}
