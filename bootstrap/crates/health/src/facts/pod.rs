//! What matters of pods.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{Condition, Meta, or_default, parse_time};
use crate::object::Ref;

/// How long a container without a readiness probe has to run.
const SETTLES: Duration = Duration::seconds(3);
/// The same for one that has ended before, with a probe or without.
const SETTLES_AGAIN: Duration = Duration::seconds(10);
/// One that ended after some time may do so again after that time; longer than this nobody waits for it.
const SETTLES_AT_MOST: Duration = Duration::seconds(60);

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
    #[serde(deserialize_with = "or_default")]
    pub node_selector: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    pub name: String,
    pub image: String,
    pub resources: Resources,
    pub readiness_probe: Option<Value>,
    pub liveness_probe: Option<Value>,
    pub startup_probe: Option<Value>,
}

impl Container {
    /// A probe by its kind: `readiness`, `liveness` or `startup`.
    pub fn probe(&self, kind: &str) -> Option<&Value> {
        match kind {
            "readiness" => self.readiness_probe.as_ref(),
            "liveness" => self.liveness_probe.as_ref(),
            "startup" => self.startup_probe.as_ref(),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resources {
    #[serde(deserialize_with = "or_default")]
    pub requests: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub limits: BTreeMap<String, String>,
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
    pub reason: String,
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
    /// Which object it is.
    pub fn at(&self) -> Ref {
        Ref::new("", "Pod", &self.metadata.namespace, &self.metadata.name)
    }

    /// What is declared of a container, of whichever sort.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.spec.containers.iter().chain(&self.spec.init_containers).find(|one| one.name == name)
    }

    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }

    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(Condition::is_true)
    }

    /// How much longer it must run before its readiness can be believed; nothing if that is so already.
    ///
    /// A container without a readiness probe is ready the moment it runs, also if it ends a moment later. One that
    /// has ended before has to run for longer than it did then, whatever its probe says.
    pub fn settles_in(&self, now: OffsetDateTime) -> Option<Duration> {
        let unsettled = self.status.container_statuses.iter().filter_map(|status| {
            let container = self.spec.containers.iter().find(|container| container.name == status.name)?;
            let needed = match (status.last_end().is_some(), container.readiness_probe.is_some()) {
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
