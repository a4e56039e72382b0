//! What keeps workloads, and what belongs to them, from running.

use serde_json::Value;

use super::fault::{Fault, classify};
use super::finding::Finding;
use crate::live::object::{Ref, condition, conditions, list, name, namespace, number, short, text};
use crate::live::snapshot::{Snapshot, event_count};

/// Everything that is wrong with an object, by its kind.
pub(super) fn of_object(snapshot: &Snapshot, object: &Value) -> Vec<Finding> {
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => of_workload(snapshot, object),
        "Job" => of_job(snapshot, object).into_iter().collect(),
        "Service" => of_service(snapshot, object).into_iter().collect(),
        "PersistentVolumeClaim" => of_claim(snapshot, object).into_iter().collect(),
        "Event" | "Pod" | "Node" => Vec::new(),
        _ => of_any(object).into_iter().collect(),
    }
}

fn of_workload(snapshot: &Snapshot, workload: &Value) -> Vec<Finding> {
    let at = Ref::of(workload);
    if at.kind == "ReplicaSet" && number(workload, "/spec/replicas") == 0 {
        return Vec::new();
    }
    let mut findings: Vec<_> = refused(snapshot, workload, &at).into_iter().collect();
    if findings.is_empty() && at.kind != "ReplicaSet" {
        findings.extend(paused(workload, &at));
    }
    if findings.is_empty() && at.kind != "ReplicaSet" {
        findings.extend(not_available(snapshot, workload, &at));
    }
    findings
}

/// Pods that the API does not let be made.
fn refused(snapshot: &Snapshot, workload: &Value, at: &Ref) -> Option<Finding> {
    let condition = condition(workload, "ReplicaFailure").filter(|condition| condition.is_true());
    let events = snapshot.events_of(at);
    let event = events.into_iter().find(|event| text(event, "/reason") == "FailedCreate");
    let short_of_pods = number(workload, "/status/replicas") < wanted(workload);
    let message = condition
        .map(|condition| condition.message)
        .or_else(|| event.filter(|_| short_of_pods).map(|event| text(event, "/message")))?;
    let fault = classify(message).unwrap_or(Fault::Unexplained);
    let core = message.split_once("Error creating: ").map_or(message, |(_, tail)| tail);
    let mut finding =
        Finding::new(fault, at.clone(), format!("its pods cannot be made, {}: {}", fault.title(), short(core, 200)));
    finding = finding.with("condition ReplicaFailure", condition.map_or("", |condition| condition.message));
    if let Some(event) = event {
        finding = finding.with(format!("event FailedCreate ×{}", event_count(event)), text(event, "/message"));
    }
    if fault == Fault::Quota {
        for quota in snapshot
            .all("", "ResourceQuota")
            .filter(|quota| namespace(quota) == at.namespace && core.contains(name(quota)))
        {
            let (hard, used) = (quota.pointer("/status/hard"), quota.pointer("/status/used"));
            let amounts = |amounts: Option<&Value>| amounts.map(Value::to_string).unwrap_or_default();
            finding = finding.with(
                format!("ResourceQuota {}", name(quota)),
                &format!("used {} of {}", amounts(used), amounts(hard)),
            );
        }
    }
    Some(finding.next(step(fault)))
}

fn step(fault: Fault) -> &'static str {
    match fault {
        Fault::Quota => "Raise the namespace's ResourceQuota, free some of it, or lower the pods' requests.",
        Fault::PolicyDenied => {
            "Read policy_get for the policy that is named, and change the pod template so that it complies."
        }
        Fault::MissingReference => "Create what is named in the same namespace, or correct the reference.",
        Fault::MissingRights => "Grant the named account the right with a Role and a RoleBinding.",
        Fault::Webhook => {
            "See why the webhook's service does not answer: platform_status tells of the component that owns it."
        }
        _ => "Read the events of the workload.",
    }
}

/// How many pods there should be.
pub fn wanted(workload: &Value) -> i64 {
    match text(workload, "/kind") {
        "DaemonSet" => number(workload, "/status/desiredNumberScheduled"),
        _ => workload.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1),
    }
}

/// How many of them are ready.
pub fn ready(workload: &Value) -> i64 {
    match text(workload, "/kind") {
        "DaemonSet" => number(workload, "/status/numberReady"),
        _ => number(workload, "/status/readyReplicas"),
    }
}

fn paused(workload: &Value, at: &Ref) -> Option<Finding> {
    if workload.pointer("/spec/paused").and_then(Value::as_bool) == Some(true) {
        return Some(Finding::new(Fault::Paused, at.clone(), "its rollout is paused").next("Remove `spec.paused`."));
    }
    (wanted(workload) == 0 && at.kind != "DaemonSet").then(|| {
        Finding::new(Fault::Paused, at.clone(), "it is scaled to 0 replicas")
            .with("spec.replicas", "0")
            .next("Set the number of replicas to 1 or more.")
    })
}

fn not_available(snapshot: &Snapshot, workload: &Value, at: &Ref) -> Option<Finding> {
    let (wanted, ready) = (wanted(workload), ready(workload));
    if ready >= wanted {
        return None;
    }
    let pods = snapshot.pods_of(workload).len();
    Some(
        Finding::new(Fault::Starting, at.clone(), format!("{ready} of {wanted} pods are ready, {pods} exist"))
            .with("condition Progressing", condition(workload, "Progressing").map_or("", |condition| condition.message))
            .next("Ask again in a moment; if it stays so, read its events."),
    )
}

fn of_job(snapshot: &Snapshot, job: &Value) -> Option<Finding> {
    let failed = condition(job, "Failed").filter(|condition| condition.is_true());
    if let Some(failed) = failed {
        let message = if failed.message.is_empty() { failed.reason } else { failed.message };
        return Some(
            Finding::new(Fault::JobFailed, Ref::of(job), format!("has failed: {}", short(message, 160)))
                .with(format!("condition Failed: {}", failed.reason), failed.message)
                .next("Read its pod's log; then delete the Job so that it is made again."),
        );
    }
    let at = Ref::of(job);
    let event = snapshot.events_of(&at).into_iter().find(|event| text(event, "/reason") == "FailedCreate")?;
    let is_through = number(job, "/status/succeeded") > 0 || number(job, "/status/active") > 0;
    if is_through {
        return None;
    }
    let fault = classify(text(event, "/message")).unwrap_or(Fault::Unexplained);
    Some(
        Finding::new(fault, at, format!("its pods cannot be made: {}", short(text(event, "/message"), 200)))
            .with(format!("event FailedCreate ×{}", event_count(event)), text(event, "/message"))
            .next(step(fault)),
    )
}

fn of_service(snapshot: &Snapshot, service: &Value) -> Option<Finding> {
    service.pointer("/spec/selector").and_then(Value::as_object).filter(|selector| !selector.is_empty())?;
    if !snapshot.selected(service).is_empty() {
        return None;
    }
    let selector = service.pointer("/spec/selector").map(Value::to_string).unwrap_or_default();
    Some(
        Finding::new(Fault::NoEndpoints, Ref::of(service), "no pod has the labels that it selects")
            .with("spec.selector", &selector)
            .next("Compare the selector with the labels in the workload's pod template."),
    )
}

fn of_claim(snapshot: &Snapshot, claim: &Value) -> Option<Finding> {
    if text(claim, "/status/phase") == "Bound" {
        return None;
    }
    let at = Ref::of(claim);
    let events = snapshot.events_of(&at);
    let event = events.first()?;
    if matches!(text(event, "/reason"), "WaitForFirstConsumer" | "WaitForPodScheduled") {
        return None;
    }
    Some(
        Finding::new(
            Fault::Volume,
            at,
            format!("is {}: {}", text(claim, "/status/phase"), short(text(event, "/message"), 160)),
        )
        .with(format!("event {}", text(event, "/reason")), text(event, "/message"))
        .next("Check its storage class and its size."),
    )
}

/// Objects of other kinds tell their trouble in conditions.
fn of_any(object: &Value) -> Option<Finding> {
    let telling = ["Ready", "Synced", "Available", "Healthy", "Installed", "Accepted", "Established"];
    let bad = conditions(object).find(|condition| condition.is_false() && telling.contains(&condition.kind))?;
    let fault = classify(bad.message).unwrap_or(Fault::Unexplained);
    let why = if bad.message.is_empty() { bad.reason } else { bad.message };
    Some(
        Finding::new(fault, Ref::of(object), format!("{} is False: {}", bad.kind, short(why, 160)))
            .with(format!("condition {}: {}", bad.kind, bad.reason), bad.message)
            .next("Read the events of this object."),
    )
}

/// Nodes that are not ready.
pub(super) fn of_nodes(snapshot: &Snapshot) -> Vec<Finding> {
    let bad = snapshot.all("", "Node").filter_map(|node| {
        let ready = condition(node, "Ready")?;
        (!ready.is_true()).then(|| {
            Finding::new(Fault::NodeNotReady, Ref::of(node), format!("is not ready: {}", short(ready.message, 160)))
                .with("condition Ready", ready.message)
                .next("Look whether its container runs: `backstack status`, `backstack doctor`.")
        })
    });
    bad.collect()
}

/// Namespaces on their way out take nothing new.
pub(super) fn of_namespace(snapshot: &Snapshot, namespace: &str) -> Option<Finding> {
    let object = snapshot.get(&Ref::new("", "Namespace", "", namespace))?;
    (text(object, "/status/phase") == "Terminating").then(|| {
        let left: Vec<_> =
            list(object, "/status/conditions").iter().map(|condition| text(condition, "/message")).collect();
        Finding::new(Fault::MissingReference, Ref::of(object), "is being deleted, and takes nothing new")
            .with("conditions", &left.join(" "))
            .next("Wait until it is gone; then let the namespace be made again.")
    })
}
