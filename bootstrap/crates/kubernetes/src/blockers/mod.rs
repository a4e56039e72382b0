//! Why something does not run yet, in plain sentences, the likeliest cause first.
//!
//! Pure: a picture of the cluster in, [`Blocker`]s out. Only [`logs`] asks the cluster.

use std::cmp::Reverse;
use std::fmt;

use backstack_health::facts::{Pod, conditions_of};
use backstack_health::workload::{State, failed_job, refused};
use backstack_health::{Fault, Finding, LogSource, Ref, pod, words};
use serde::{Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;

use super::scope::{Rollout, Scope, Wanted};
use super::view::View;

pub mod deeper;
pub mod logs;
#[cfg(test)]
mod one_judge;
#[cfg(test)]
mod tests;

/// What only follows from workloads that do not run yet weighs less than they do.
const WEBHOOK: u32 = 50;
const API: u32 = 49;
const CONDITION: u32 = 48;

/// Something that blocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocker {
    /// What it is about: `pod shop/web-1`.
    pub object: String,
    /// What sort of cause it is; as JSON its sort in one word.
    #[serde(rename = "cause", serialize_with = "sort_of")]
    pub fault: Fault,
    /// A short sentence without a subject.
    pub text: String,
    /// How many more objects of the same workload have the very same.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// The last lines that the container wrote, if they were fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What to do next; empty if there is nothing but waiting.
    #[serde(skip)]
    pub next: String,
    /// How much it explains, against other blockers: the heaviest comes first.
    #[serde(skip)]
    pub weight: u32,
    /// Where the last lines of the container can be read; `None` if it is about no container that ended.
    #[serde(skip)]
    pub log_source: Option<LogSource>,
    /// What a deeper look begins at: the workload that it keeps from running, or what is waited for; `None` if there is
    /// nothing of the kind.
    #[serde(skip)]
    pub subject: Option<Ref>,
}

fn sort_of<S: Serializer>(fault: &Fault, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(fault.sort())
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Blocker {
    /// A blocker that weighs as much as its fault, without a log and without advice.
    pub fn new(object: impl Into<String>, fault: Fault, text: impl Into<String>) -> Self {
        let (object, text, weight) = (object.into(), text.into(), fault.weight());
        let (more, log, next, log_source, subject) = Default::default();
        Self { object, fault, text, more, log, next, weight, log_source, subject }
    }

    fn weighing(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    fn about(self, subject: Ref) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// The blocker and, below it, the container's last words.
    pub fn lines(&self) -> Vec<String> {
        let log = self.log.iter().map(|line| format!("  | {line}"));
        [self.to_string()].into_iter().chain(log).collect()
    }
}

impl From<Finding> for Blocker {
    fn from(finding: Finding) -> Self {
        let object = match finding.object.kind.as_str() {
            "Pod" => format!("pod {}/{}", finding.object.namespace, finding.object.name),
            _ => finding.object.to_string(),
        };
        let next = if finding.fault.is_lasting() { finding.next } else { String::new() };
        let (weight, more, log_source) = (finding.weight, finding.more, finding.log);
        Self { more, next, weight, log_source, ..Self::new(object, finding.fault, finding.summary) }
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.text)?;
        if self.more > 0 {
            write!(f, " (and {} more)", self.more)?;
        }
        Ok(())
    }
}

/// All that blocks a component; nothing if nothing does.
pub fn explain(scope: &Scope, pending: &[(&Rollout, State)], view: &View, now: OffsetDateTime) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    for (rollout, state) in pending {
        let of_it = of_workload(rollout, state, view, now).into_iter();
        blockers.extend(of_it.map(|blocker| blocker.about(rollout.at.clone())));
    }
    blockers.extend(of_webhooks(scope, view));
    blockers.extend(of_api_services(scope, view));
    blockers.extend(of_conditions(scope, view));
    blockers.sort_by_key(|blocker| Reverse(blocker.weight));
    blockers
}

fn of_workload(rollout: &Rollout, state: &State, view: &View, now: OffsetDateTime) -> Vec<Blocker> {
    let at = &rollout.at;
    let pods = view.pods_of(at);
    let of_pods = || pods.iter().filter_map(|pod| of_pod(pod, view, now)).map(Blocker::from);
    let workload = view.workload(at);
    if let Some(failed) = workload.and_then(|workload| failed_job(at, workload)) {
        return [Blocker::from(failed)].into_iter().chain(of_pods().next()).collect();
    }
    let mut blockers = merged(of_pods().collect());
    blockers.extend(workload.and_then(|workload| refused(at, workload, view)).map(Blocker::from));
    if blockers.is_empty() {
        blockers.extend(state.finding(at).map(Blocker::from));
    }
    blockers
}

/// The likeliest cause of a pod that is not ready, or not for long enough to believe it.
fn of_pod(pod: &Pod, view: &View, now: OffsetDateTime) -> Option<Finding> {
    let first = pod::findings(pod, view, now).into_iter().next();
    if !pod.is_ready() {
        return first;
    }
    pod.settles_in(now)?;
    Some(first.unwrap_or_else(|| Finding::new(Fault::Starting, pod.at(), "has just started")))
}

/// Pods of one workload that say the same count as one.
fn merged(blockers: Vec<Blocker>) -> Vec<Blocker> {
    let mut merged: Vec<Blocker> = Vec::new();
    for blocker in blockers {
        match merged.iter_mut().find(|known| known.fault == blocker.fault && known.text == blocker.text) {
            Some(known) => known.more += 1,
            None => merged.push(blocker),
        }
    }
    merged
}

fn of_webhooks(scope: &Scope, view: &View) -> Vec<Blocker> {
    let silent = scope.webhooks.iter().filter(|hook| !view.has_endpoints(&hook.namespace, &hook.service));
    let blockers = silent.map(|hook| {
        let text = format!("nobody answers behind its service `{}/{}` yet", hook.namespace, hook.service);
        let service = Ref::new("", "Service", &hook.namespace, &hook.service);
        Blocker::new(format!("webhook {}", hook.configuration), Fault::Webhook, text).weighing(WEBHOOK).about(service)
    });
    blockers.collect()
}

fn of_api_services(scope: &Scope, view: &View) -> Vec<Blocker> {
    let blockers = scope.api_services.iter().filter_map(|name| {
        let condition = view.api_service(name).and_then(|service| service.condition("Available"));
        let text = match condition {
            Some(condition) if condition.is_true() => return None,
            Some(condition) => format!("does not answer: {}", words::sentence(&condition.message)),
            None => "has not been looked at yet".into(),
        };
        let service = Ref::new("apiregistration.k8s.io", "APIService", "", name);
        Some(Blocker::new(format!("API {name}"), Fault::ApiUnavailable, text).weighing(API).about(service))
    });
    blockers.collect()
}

fn of_conditions(scope: &Scope, view: &View) -> Vec<Blocker> {
    let blockers = scope.conditions.iter().filter_map(|(object, wanted)| {
        let text = match (view.followed(object), wanted) {
            (None, _) => "does not exist yet".to_string(),
            (Some(_), Wanted::Exists) => return None,
            (Some(found), Wanted::Condition(kind)) => lacks_condition(found, kind)?,
            (Some(found), Wanted::Field(path, value)) => lacks_value(found, path, value)?,
        };
        let blocker = Blocker::new(object.to_string(), Fault::Unexplained, text).weighing(CONDITION);
        Some(blocker.about(object.object.clone()))
    });
    blockers.collect()
}

fn lacks_condition(found: &Value, kind: &str) -> Option<String> {
    let conditions = conditions_of(found);
    match conditions.iter().find(|condition| condition.kind == kind) {
        Some(condition) if condition.is_true() => None,
        Some(condition) if condition.message.is_empty() => Some(format!("{kind} is {}", condition.status)),
        Some(condition) => Some(format!("{kind} is {}: {}", condition.status, words::sentence(&condition.message))),
        None => Some(format!("has no condition `{kind}` yet")),
    }
}

fn lacks_value(found: &Value, path: &str, wanted: &Value) -> Option<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    match found.pointer(&format!("/{}", path.replace('.', "/"))) {
        Some(value) if value == wanted => None,
        None | Some(Value::Null) => Some(format!("has no `{path}` yet")),
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            Some(format!("{path} is {}, not {}", if value.is_array() { "a list" } else { "a map" }, plain(wanted)))
        }
        Some(value) => Some(format!("{path} is {}, not {}", plain(value), plain(wanted))),
    }
}
