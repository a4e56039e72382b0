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
    pub name: String,
    pub namespace: String,
    pub generation: i64,
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference>,
    pub creation_timestamp: Option<String>,
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
    pub kind: String,
    pub name: String,
}

/// A condition in an object's status.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: String,
    pub message: String,
}

impl Condition {
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
