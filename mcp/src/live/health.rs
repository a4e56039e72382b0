//! How an object is, in a word and a short reason: for lists and graphs.

use serde::Serialize;
use serde_json::Value;

use super::diagnose::{pod_is_ready, ready, wanted};
use super::object::{condition, conditions, list, number, short, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    Degraded,
    Progressing,
    /// It is there, and has nothing to say about itself.
    Present,
    Healthy,
}

/// Health and, where it is not healthy, why.
pub fn of(object: &Value) -> (Health, String) {
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => workload(object),
        "Pod" => pod(object),
        "Job" => job(object),
        "Application" => application(object),
        _ => by_conditions(object),
    }
}

fn workload(object: &Value) -> (Health, String) {
    let (wanted, ready) = (wanted(object), ready(object));
    let failure = condition(object, "ReplicaFailure").filter(|condition| condition.is_true());
    match failure {
        Some(failure) => (Health::Degraded, short(failure.message, 160)),
        None if ready >= wanted => (Health::Healthy, String::new()),
        None => (Health::Progressing, format!("{ready} of {wanted} ready")),
    }
}

fn pod(object: &Value) -> (Health, String) {
    if pod_is_ready(object) || text(object, "/status/phase") == "Succeeded" {
        return (Health::Healthy, String::new());
    }
    let statuses = [list(object, "/status/initContainerStatuses"), list(object, "/status/containerStatuses")].concat();
    let mut waiting = statuses.iter().map(|status| text(status, "/state/waiting/reason"));
    let stuck = waiting.find(|reason| !matches!(*reason, "" | "ContainerCreating" | "PodInitializing"));
    match stuck {
        Some(reason) => (Health::Degraded, reason.into()),
        None if condition(object, "PodScheduled").is_some_and(|scheduled| scheduled.is_false()) => {
            (Health::Degraded, "Unschedulable".into())
        }
        None => (Health::Progressing, text(object, "/status/phase").into()),
    }
}

fn job(object: &Value) -> (Health, String) {
    match condition(object, "Failed").filter(|failed| failed.is_true()) {
        Some(failed) => (Health::Degraded, short(failed.message, 160)),
        None if number(object, "/status/succeeded") > 0 => (Health::Healthy, String::new()),
        None => (Health::Progressing, "running".into()),
    }
}

fn application(object: &Value) -> (Health, String) {
    let (health, sync) = (text(object, "/status/health/status"), text(object, "/status/sync/status"));
    let error = conditions(object).find(|condition| condition.kind.ends_with("Error"));
    let why = error.map_or_else(|| format!("{sync}, {health}"), |error| short(error.message, 160));
    match (health, sync) {
        _ if error.is_some() => (Health::Degraded, why),
        ("Healthy", "Synced") => (Health::Healthy, String::new()),
        ("Degraded" | "Missing", _) | (_, "Unknown") => (Health::Degraded, why),
        _ => (Health::Progressing, why),
    }
}

fn by_conditions(object: &Value) -> (Health, String) {
    let telling = ["Ready", "Synced", "Healthy", "Installed", "Established", "Available"];
    let mut told = conditions(object).filter(|condition| telling.contains(&condition.kind)).peekable();
    if told.peek().is_none() {
        return (Health::Present, String::new());
    }
    match told.find(|condition| !condition.is_true()) {
        None => (Health::Healthy, String::new()),
        Some(bad) => {
            let why = if bad.message.is_empty() { bad.reason } else { bad.message };
            let health = if bad.kind == "Synced" && bad.is_false() { Health::Degraded } else { Health::Progressing };
            (health, format!("{} is {}: {}", bad.kind, bad.status, short(why, 160)))
        }
    }
}
