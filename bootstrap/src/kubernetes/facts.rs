//! The few fields of cluster objects that matter, as types; everything else is dropped on arrival.
//!
//! They read Kubernetes' own JSON. A missing field is its zero, as Kubernetes means it.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::MANAGER;

/// How long a container without a readiness probe has to run.
const SETTLES: Duration = Duration::seconds(3);
/// The same for one that has ended before, with a probe or without.
const SETTLES_AGAIN: Duration = Duration::seconds(10);
/// One that ended after some time may do so again after that time; longer than this nobody waits for it.
const SETTLES_AT_MOST: Duration = Duration::seconds(60);

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
    pub desired_number_scheduled: i64,
    pub updated_number_scheduled: i64,
    pub number_available: i64,
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Pod {
    pub metadata: Meta,
    pub spec: PodSpec,
    pub status: PodStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    pub node_name: String,
    pub containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub volumes: Vec<Volume>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    pub name: String,
    pub image: String,
    pub resources: Resources,
    /// Whether it has one.
    #[serde(rename = "readinessProbe", deserialize_with = "is_there")]
    pub has_readiness_probe: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resources {
    #[serde(deserialize_with = "or_default")]
    pub requests: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    pub persistent_volume_claim: Option<ClaimReference>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimReference {
    pub claim_name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    pub phase: String,
    pub message: String,
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    pub name: String,
    pub ready: bool,
    pub started: Option<bool>,
    pub restart_count: i64,
    pub state: ContainerState,
    pub last_state: ContainerState,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    pub waiting: Option<Waiting>,
    pub running: Option<Running>,
    pub terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    pub reason: String,
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    pub started_at: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    pub exit_code: i64,
    pub reason: String,
    pub message: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
}

impl Terminated {
    /// How long it ran.
    fn ran(&self) -> Option<Duration> {
        Some(parse_time(self.finished_at.as_deref()?)? - parse_time(self.started_at.as_deref()?)?)
    }
}

impl ContainerStatus {
    /// How it ended last time. One that went with its node (the kubelet does not know how it ended, and calls that
    /// `Unknown`) did not end by itself.
    pub fn last_end(&self) -> Option<&Terminated> {
        let last = self.last_state.terminated.as_ref().filter(|_| self.restart_count > 0);
        last.filter(|end| end.reason != "Unknown")
    }

    /// How long it has to run after it ended. One that ended well was only told to.
    fn settles_again(&self) -> Duration {
        let last = self.last_end().filter(|end| end.exit_code != 0);
        let ran = last.and_then(Terminated::ran).unwrap_or_default();
        (ran + SETTLES).clamp(SETTLES_AGAIN, SETTLES_AT_MOST)
    }
}

impl Pod {
    pub fn is_ready(&self) -> bool {
        self.status.conditions.iter().any(|condition| condition.kind == "Ready" && condition.is_true())
    }

    /// How much longer it must run before its readiness can be believed; nothing if that is so already.
    ///
    /// A container without a readiness probe is ready the moment it runs, also if it ends a moment later. One that
    /// has ended before has to run for longer than it did then, whatever its probe says.
    pub fn settles_in(&self, now: OffsetDateTime) -> Option<Duration> {
        let unsettled = self.status.container_statuses.iter().filter_map(|status| {
            let container = self.spec.containers.iter().find(|container| container.name == status.name)?;
            let needed = match (status.last_end().is_some(), container.has_readiness_probe) {
                (true, _) => status.settles_again(),
                (false, true) => return None,
                (false, false) => SETTLES,
            };
            let started = parse_time(status.state.running.as_ref()?.started_at.as_deref()?)?;
            let runs = now - started;
            // A start in the future comes from another clock, which tells nothing.
            (runs < needed && runs > -SETTLES).then(|| needed - runs)
        });
        unsettled.max()
    }

    /// Whether it still counts: not deleted, not through.
    pub fn is_live(&self) -> bool {
        self.metadata.deletion_timestamp.is_none() && self.status.phase != "Succeeded"
    }

    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.spec.volumes.iter().filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
    }
}

/// An event, of the core group.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    pub metadata: Meta,
    pub involved_object: Involved,
    pub reason: String,
    pub message: String,
    pub last_timestamp: Option<String>,
    pub event_time: Option<String>,
    pub series: Option<Series>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Involved {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub field_path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Series {
    pub last_observed_time: Option<String>,
}

impl Event {
    /// When it happened last, as RFC 3339; such texts of UTC sort by time.
    pub fn time(&self) -> &str {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time.as_deref());
        let times = [series, self.last_timestamp.as_deref(), self.event_time.as_deref()];
        times.into_iter().flatten().next().or(self.metadata.creation_timestamp.as_deref()).unwrap_or_default()
    }
}

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

/// Kubernetes writes `null` for an empty list here and there.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether there is anything but `null`.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}
