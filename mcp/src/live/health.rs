//! How an object is, in a word and a short reason: for lists and graphs.

use backstack_health::facts::Workload;
use backstack_health::workload::state;
use serde::Serialize;
use serde_json::Value;

use super::diagnose::{Finding, of_pod, of_workload, pod_is_ready};
use super::object::{Ref, conditions, short, text};
use super::snapshot::{Snapshot, typed};

/// How an object is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum Health {
    // Something is wrong that does not go away by itself.
    Degraded,
    // It is on its way, or waits for something.
    Progressing,
    /// It is there, and has nothing to say about itself.
    Present,
    // All that it says of itself is as it should be.
    Healthy,
}

/// Health and, where it is not healthy, why.
pub fn of(snapshot: &Snapshot, object: &Value) -> (Health, String) {
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" => judged(of_workload(snapshot, object)),
        "ReplicaSet" | "Job" => judged(with_state(of_workload(snapshot, object), object)),
        "Pod" if pod_is_ready(object) => (Health::Healthy, String::new()),
        "Pod" => judged(of_pod(snapshot, object)),
        "Application" => application(object),
        _ => by_conditions(object),
    }
}

/// Where nothing is wrong, how far it is: a Job that runs for long is no trouble, and still not through.
fn with_state(mut findings: Vec<Finding>, object: &Value) -> Vec<Finding> {
    let workload = typed::<Workload>(object).filter(|_| findings.is_empty());
    findings.extend(workload.and_then(|workload| {
        let at = Ref::of(object);
        state(&at, 0, Some(&workload)).finding(&at)
    }));
    findings
}

/// The first thing that is wrong, as it is told everywhere.
fn judged(findings: Vec<Finding>) -> (Health, String) {
    let Some(first) = findings.into_iter().next() else { return (Health::Healthy, String::new()) };
    let health = if first.fault.is_lasting() { Health::Degraded } else { Health::Progressing };
    (health, short(&first.summary, 160))
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
