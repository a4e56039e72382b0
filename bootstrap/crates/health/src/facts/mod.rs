//! The few fields of cluster objects that matter, as types; everything else is dropped on arrival.
//!
//! They read Kubernetes' own JSON. A missing field is its zero, as Kubernetes means it.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

mod cluster;
mod event;
mod pod;
mod workload;

pub use cluster::{
    Claim, Conditioned, Conditions, Endpoint, EndpointConditions, EndpointSlice, Node, NodeInfo, NodeStatus, Owned,
    Phase,
};
pub use event::{Event, Involved, Series};
pub use pod::{
    ClaimReference, Container, ContainerState, ContainerStatus, Pod, PodSpec, PodStatus, Resources, Running,
    Terminated, Volume, Waiting,
};
pub use workload::{UpdateStrategy, Workload, WorkloadSpec, WorkloadStatus};

/// Field manager of everything that the installer applies.
pub const MANAGER: &str = "backstack";

/// Reads a time as Kubernetes writes it.
pub fn parse_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Metadata that matters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Name of the object, unique for its kind in its namespace.
    pub name: String,
    /// Its namespace; empty for cluster-wide objects.
    pub namespace: String,
    /// Counts the changes of its spec, from 1; 0 for kinds that do not count.
    pub generation: i64,
    /// Its labels, value by key.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// The objects that made it, as a ReplicaSet its pods: it is deleted when they are.
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference>,
    /// When it was made (RFC 3339).
    pub creation_timestamp: Option<String>,
    /// When its deletion was asked for (RFC 3339); `None` unless it is on its way out.
    pub deletion_timestamp: Option<String>,
    /// Whether its number of replicas is the one that its manifest says.
    #[serde(rename = "managedFields", deserialize_with = "replicas_are_ours")]
    pub declares_replicas: bool,
}

/// Who set which fields of an object; of the fields only the one that matters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Managed {
    manager: String,
    #[serde(rename = "fieldsV1")]
    fields: ManagedObject,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ManagedObject {
    #[serde(rename = "f:spec")]
    spec: ManagedSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ManagedSpec {
    #[serde(rename = "f:replicas")]
    replicas: Option<IgnoredAny>,
}

/// Whoever scales a workload takes the field over from the manager that applied it.
fn replicas_are_ours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let managed: Vec<Managed> = or_default(deserializer)?;
    Ok(managed.iter().any(|one| one.manager == MANAGER && one.fields.spec.replicas.is_some()))
}

/// What an object was made by.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct OwnerReference {
    /// Kind of the owner, as `ReplicaSet`.
    pub kind: String,
    /// Name of the owner, which is in the same namespace or in none.
    pub name: String,
}

/// A condition in an object's status.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// Its type, as `Ready` or `Available`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word for programs, as `MinimumReplicasUnavailable`; may be empty.
    pub reason: String,
    /// The same for people; may be empty.
    pub message: String,
}

impl Condition {
    /// Whether its status is `True`; `Unknown` is not.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

/// The conditions of any object.
pub fn conditions_of(object: &Value) -> Vec<Condition> {
    let conditions = object.pointer("/status/conditions").cloned();
    conditions.and_then(|conditions| serde_json::from_value(conditions).ok()).unwrap_or_default()
}

/// Kubernetes writes `null` for an empty list here and there.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
