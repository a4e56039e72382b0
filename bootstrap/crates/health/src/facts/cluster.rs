//! What matters of what workloads stand on: claims, endpoints, nodes, and objects of which only conditions count.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Condition, Meta, or_default};

/// A claim for a volume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Name, namespace, labels and owners.
    pub metadata: Meta,
    /// Whether it has its volume.
    pub status: Phase,
}

/// The status of an object of which only the phase counts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Phase {
    /// One word, for a claim `Pending`, `Bound` or `Lost`; empty where there is no status yet.
    pub phase: String,
}

/// Part of the addresses behind a Service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EndpointSlice {
    /// Name and namespace; a label says which Service it is of.
    pub metadata: Meta,
    /// The addresses, of which only the conditions are kept.
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Vec<Endpoint>,
}

/// One address behind a Service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Whether it takes connections.
    pub conditions: EndpointConditions,
}

/// What is known of one address.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// Whether it takes connections; `None` is to be taken for yes.
    pub ready: Option<bool>,
}

impl EndpointSlice {
    /// Name of the Service, from the label `kubernetes.io/service-name`; empty if it has none.
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
    /// Name, namespace, labels and owners.
    pub metadata: Meta,
    /// Its conditions.
    pub status: Conditions,
}

/// The status of an object of which only the conditions count.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// One for each type; empty where its controller has not looked at it yet.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

impl Conditioned {
    /// The condition of this type, as `Available`.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Name and labels; nodes have no namespace.
    pub metadata: Meta,
    /// Its conditions, and what it has for pods.
    pub status: NodeStatus,
}

/// What a node's kubelet says of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// One for each type, as `Ready` and `DiskPressure`.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    /// What is left for pods, as quantities: `cpu` to `3920m`, `memory` to `16Gi`.
    #[serde(deserialize_with = "or_default")]
    pub allocatable: BTreeMap<String, String>,
    /// What runs on it.
    pub node_info: NodeInfo,
}

/// The programs of a node.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    /// Version of its kubelet with the leading `v`, which is that of Kubernetes.
    pub kubelet_version: String,
}

impl Node {
    /// The condition `Ready`; `None` before the kubelet has said anything.
    pub fn ready(&self) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == "Ready")
    }

    /// Whether its kubelet says that it takes pods.
    pub fn is_ready(&self) -> bool {
        self.ready().is_some_and(Condition::is_true)
    }
}

/// Only who made it, for ReplicaSets.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Owned {
    /// Name, namespace and owners.
    pub metadata: Meta,
}
