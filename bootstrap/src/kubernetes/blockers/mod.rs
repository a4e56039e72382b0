//! Why something does not run yet, in plain sentences, the likeliest cause first.
//!
//! Pure: a picture of the cluster in, [`Blocker`]s out. Only [`logs`] asks the cluster.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::cause::Cause;
use super::facts::{Event, conditions_of};
use super::scope::{Rollout, Scope, Wanted};
use super::view::View;
use super::workload::State;

pub mod logs;
mod pods;
mod scheduling;
#[cfg(test)]
mod tests;

/// Where the last words of a container can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// Something that blocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocker {
    /// What it is about: `pod shop/web-1`.
    pub object: String,
    pub cause: Cause,
    /// A short sentence without a subject.
    pub text: String,
    /// How many more objects of the same workload have the very same.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// The last lines that the container wrote, if they were fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    #[serde(skip)]
    pub log_source: Option<LogSource>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Blocker {
    pub fn new(object: impl Into<String>, cause: Cause, text: impl Into<String>) -> Self {
        Self { object: object.into(), cause, text: text.into(), more: 0, log: Vec::new(), log_source: None }
    }

    /// The blocker and, below it, the container's last words.
    pub fn lines(&self) -> Vec<String> {
        let log = self.log.iter().map(|line| format!("  | {line}"));
        [self.to_string()].into_iter().chain(log).collect()
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
        blockers.extend(of_workload(rollout, state, view, now));
    }
    blockers.extend(of_webhooks(scope, view));
    blockers.extend(of_api_services(scope, view));
    blockers.extend(of_conditions(scope, view));
    blockers.sort_by_key(|blocker| blocker.cause);
    blockers
}

fn of_workload(rollout: &Rollout, state: &State, view: &View, now: OffsetDateTime) -> Vec<Blocker> {
    let (kind, namespace, name) = (&rollout.kind, &rollout.namespace, &rollout.name);
    let workload = format!("{kind} {namespace}/{name}");
    if let Some(failed) = failed_job(rollout, view) {
        let last_pod = view.pods_of(kind, namespace, name).into_iter().find_map(|pod| pods::explain(pod, view, now));
        let failed = Blocker::new(workload, Cause::Failed, failed);
        return [failed].into_iter().chain(last_pod).collect();
    }
    let pods = view.pods_of(kind, namespace, name);
    let found = pods.iter().filter_map(|pod| pods::explain(pod, view, now)).collect();
    let mut blockers = merged(found);
    if let Some(event) = forbidden(rollout, state, pods.len(), view) {
        blockers.push(Blocker::new(
            &workload,
            Cause::Forbidden,
            format!("its pods cannot be made: {}", plain(&event.message)),
        ));
    }
    if blockers.is_empty() {
        blockers.push(Blocker::new(workload, state.cause, state.missing.clone()));
    }
    blockers
}

fn failed_job(rollout: &Rollout, view: &View) -> Option<String> {
    let job = view.workload(&rollout.kind, &rollout.namespace, &rollout.name).filter(|_| rollout.kind == "Job")?;
    let failed = job.status.conditions.iter().find(|condition| condition.kind == "Failed" && condition.is_true())?;
    Some(format!("has failed: {}", sentence(&failed.message)))
}

/// The newest refusal to make pods, while there are fewer than there should be.
fn forbidden<'a>(rollout: &Rollout, state: &State, pods: usize, view: &'a View) -> Option<&'a Event> {
    if rollout.kind != "Job" && i64::try_from(pods).is_ok_and(|pods| pods >= state.wanted.max(1)) {
        return None;
    }
    let makers = view.makers(&rollout.kind, &rollout.namespace, &rollout.name);
    let events = makers.iter().flat_map(|(kind, name)| view.events_of(kind, &rollout.namespace, name));
    events.filter(|event| event.reason == "FailedCreate").max_by(|a, b| a.time().cmp(b.time()))
}

/// Pods of one workload that say the same count as one.
fn merged(blockers: Vec<Blocker>) -> Vec<Blocker> {
    let mut merged: Vec<Blocker> = Vec::new();
    for blocker in blockers {
        match merged.iter_mut().find(|known| known.cause == blocker.cause && known.text == blocker.text) {
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
        Blocker::new(format!("webhook {}", hook.configuration), Cause::Webhook, text)
    });
    blockers.collect()
}

fn of_api_services(scope: &Scope, view: &View) -> Vec<Blocker> {
    let blockers = scope.api_services.iter().filter_map(|name| {
        let condition = view.api_service(name).and_then(|service| service.condition("Available"));
        let text = match condition {
            Some(condition) if condition.is_true() => return None,
            Some(condition) => format!("does not answer: {}", sentence(&condition.message)),
            None => "has not been looked at yet".into(),
        };
        Some(Blocker::new(format!("API {name}"), Cause::Api, text))
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
        Some(Blocker::new(object.to_string(), Cause::Condition, text))
    });
    blockers.collect()
}

fn lacks_condition(found: &Value, kind: &str) -> Option<String> {
    let conditions = conditions_of(found);
    match conditions.iter().find(|condition| condition.kind == kind) {
        Some(condition) if condition.is_true() => None,
        Some(condition) if condition.message.is_empty() => Some(format!("{kind} is {}", condition.status)),
        Some(condition) => Some(format!("{kind} is {}: {}", condition.status, sentence(&condition.message))),
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

/// The server's words up to the first line's end, without a final dot.
fn sentence(message: &str) -> &str {
    message.lines().next().unwrap_or_default().trim().trim_end_matches('.')
}

/// What a refusal says after naming what was to be made.
fn plain(message: &str) -> &str {
    let message = sentence(message);
    message.split_once("Error creating: ").map_or(message, |(_, tail)| tail)
}
