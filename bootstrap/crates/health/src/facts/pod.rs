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
    /// Name, namespace, labels and owners.
    pub metadata: Meta,
    /// What is declared of it.
    pub spec: PodSpec,
    /// How it is, as its kubelet says.
    pub status: PodStatus,
}

/// What is declared of a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Node that it was put on; empty before it was scheduled.
    pub node_name: String,
    /// Containers that run side by side.
    pub containers: Vec<Container>,
    /// Containers that run before those, one after the other.
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
    /// Its volumes, of which only the claims are kept.
    #[serde(deserialize_with = "or_default")]
    pub volumes: Vec<Volume>,
    /// Labels that its node must have, value by key.
    #[serde(deserialize_with = "or_default")]
    pub node_selector: BTreeMap<String, String>,
}

/// What is declared of a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name, unique in its pod.
    pub name: String,
    /// Reference of its image, as it was written.
    pub image: String,
    /// What it asks for, and what it may have at most.
    pub resources: Resources,
    /// How it is found out whether it takes connections; `None` if it is not asked.
    pub readiness_probe: Option<Value>,
    /// How it is found out whether it has to be restarted; `None` if it is not asked.
    pub liveness_probe: Option<Value>,
    /// What has to succeed once before the others begin; `None` if nothing has.
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

/// Shares of a node, as quantities by `cpu`, `memory` and other names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// What the node must have left for it.
    #[serde(deserialize_with = "or_default")]
    pub requests: BTreeMap<String, String>,
    /// What it may have at most; what is not in it has no limit.
    #[serde(deserialize_with = "or_default")]
    pub limits: BTreeMap<String, String>,
}

/// A volume of a pod; any sort but claims has nothing that is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// The claim that it is of; `None` for any other sort.
    pub persistent_volume_claim: Option<ClaimReference>,
}

/// The claim that a volume is of.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimReference {
    /// Name of the claim, in the pod's namespace.
    pub claim_name: String,
}

/// How a pod is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Why the pod as a whole is so, as `Evicted`; mostly empty.
    pub reason: String,
    /// The same for people; mostly empty.
    pub message: String,
    /// One for each type, as `PodScheduled` and `Ready`.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    /// How its containers are; empty before the kubelet has begun.
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus>,
    /// How its init containers are.
    #[serde(deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
}

/// How a container is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// Its name, as in the pod's spec.
    pub name: String,
    /// Whether its readiness probe succeeds; true without a probe while it runs.
    pub ready: bool,
    /// Whether its startup probe has succeeded; `None` if the kubelet does not say.
    pub started: Option<bool>,
    /// How often it was started again.
    pub restart_count: i64,
    /// How it is now.
    pub state: ContainerState,
    /// How it was before it was started again.
    pub last_state: ContainerState,
}

/// One of three states; none is set where nothing is known, which means waiting.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// Set if it does not run yet, or is not started again yet.
    pub waiting: Option<Waiting>,
    /// Set while it runs.
    pub running: Option<Running>,
    /// Set if it has ended.
    pub terminated: Option<Terminated>,
}

/// Why a container does not run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// One word, as `ImagePullBackOff` or `CrashLoopBackOff`.
    pub reason: String,
    /// The same for people; may be empty.
    pub message: String,
}

/// A container that runs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// Since when (RFC 3339); `None` if the kubelet does not say.
    pub started_at: Option<String>,
}

/// A container that has ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// Its exit code; 128 and the number of the signal if one ended it.
    pub exit_code: i64,
    /// One word, as `Completed`, `Error` or `OOMKilled`.
    pub reason: String,
    /// What it wrote to its termination log, or why it could not be started; mostly empty.
    pub message: String,
    /// When it was started (RFC 3339).
    pub started_at: Option<String>,
    /// When it ended (RFC 3339).
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

    /// The condition of this type, as `PodScheduled`.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether its condition `Ready` is true; [`Pod::settles_in`] says whether to believe that.
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

    /// Names of the claims that its volumes are of, in its own namespace.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &str> {
        self.spec.volumes.iter().filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
    }
}
