//! What matters of what workloads stand on: claims, endpoints, nodes, and objects of which only conditions count.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Condition, Meta, or_default};

/// A claim for a volume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Claim {
    pub metadata: Meta,
    pub status: Phase,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Phase {
    pub phase: String,
}

/// Part of the addresses behind a Service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EndpointSlice {
    pub metadata: Meta,
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    pub conditions: EndpointConditions,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    pub ready: Option<bool>,
}

impl EndpointSlice {
    pub fn service(&self) -> &str {
        self.metadata.labels.get("kubernetes.io/service-name").map_or("", String::as_str)
    }

    /// An endpoint that does not say is ready.
    pub fn has_ready(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.conditions.ready != Some(false))
    }
}

/// Any object of which only the conditions matter.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Conditioned {
    pub metadata: Meta,
    pub status: Conditions,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Conditions {
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

impl Conditioned {
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Node {
    pub metadata: Meta,
    pub status: NodeStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    pub allocatable: BTreeMap<String, String>,
    pub node_info: NodeInfo,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    pub kubelet_version: String,
}

impl Node {
    pub fn ready(&self) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == "Ready")
    }

    pub fn is_ready(&self) -> bool {
        self.ready().is_some_and(Condition::is_true)
    }
}

/// Only who made it, for ReplicaSets.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Owned {
    pub metadata: Meta,
}
