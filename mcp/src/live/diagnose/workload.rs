//! What keeps workloads, and what belongs to them, from running.

use backstack_health::facts::Workload;
use backstack_health::workload::{failed_job, refused, state};
use serde_json::Value;

use super::rules::certificates::is_issuer;
use super::{Fault, Finding, REMARK, custom};
use crate::live::object::{COMPONENT, Ref, condition, label, list, name, namespace, short, text};
use crate::live::references::hosts::hosts;
use crate::live::snapshot::{Snapshot, typed};

/// Everything that is wrong with an object, by its kind.
pub(in crate::live) fn of_object(snapshot: &Snapshot, object: &Value) -> Vec<Finding> {
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => of_workload(snapshot, object),
        "Job" => of_job(snapshot, object).into_iter().collect(),
        "PersistentVolumeClaim" => of_claim(snapshot, object).into_iter().collect(),
        "Event" | "Pod" | "Node" => Vec::new(),
        _ if is_issuer(object) => Vec::new(),
        _ => custom::of_any(snapshot, object).into_iter().collect(),
    }
}

fn of_workload(snapshot: &Snapshot, object: &Value) -> Vec<Finding> {
    let at = Ref::of(object);
    let Some(workload) = typed::<Workload>(object) else { return Vec::new() };
    if at.kind == "ReplicaSet" && workload.spec.replicas == Some(0) {
        return Vec::new();
    }
    if let Some(finding) = refused(&at, &workload, snapshot) {
        return vec![with_quotas(snapshot, finding)];
    }
    // Of a ReplicaSet its Deployment tells.
    let state = (at.kind != "ReplicaSet").then(|| state(&at, 0, Some(&workload)));
    let finding = state.and_then(|state| state.finding(&at));
    finding
        .map(|finding| if is_unused(snapshot, object) { finding.at_most(REMARK) } else { finding })
        .into_iter()
        .collect()
}

/// Whether somebody may well want none of it just now: it has 0 replicas, and nobody uses it. (An autoscaler leaves what has
/// none as it is: that is how it is switched off.)
fn is_unused(snapshot: &Snapshot, object: &Value) -> bool {
    let labels = object.pointer("/spec/template/metadata/labels");
    let leads_here = |service: &&Value| {
        let selector =
            service.pointer("/spec/selector").and_then(Value::as_object).filter(|selector| !selector.is_empty());
        selector.is_some_and(|selector| {
            selector.iter().all(|(key, value)| labels.and_then(|all| all.get(key)) == Some(value))
        })
    };
    object.pointer("/spec/replicas").and_then(Value::as_i64) == Some(0)
        && label(object, COMPONENT).is_none()
        && list(object, "/metadata/ownerReferences").is_empty()
        && !snapshot.inside("", "Service", namespace(object)).filter(leads_here).any(|one| is_used(snapshot, one))
}

/// Whether anybody is known to use a Service: it is open to the outside, a route leads to it, or a program of its namespace
/// is told its name.
pub(super) fn is_used(snapshot: &Snapshot, service: &Value) -> bool {
    let (own, place) = (name(service), namespace(service));
    let is_open = matches!(text(service, "/spec/type"), "NodePort" | "LoadBalancer");
    let routes = snapshot.tables().filter(|((_, kind), _)| kind == "Ingress" || kind.ends_with("Route"));
    let mut routes = routes.flat_map(|(_, table)| table.values()).filter(|route| namespace(route) == place);
    let workloads = ["Deployment", "StatefulSet", "DaemonSet"].into_iter();
    let mut workloads = workloads.flat_map(|kind| snapshot.inside("apps", kind, place));
    let at = Ref::of(service);
    is_open
        || routes.any(|route| route.get("spec").is_some_and(|spec| has_name(spec, own)))
        || workloads.any(|workload| hosts(snapshot, workload).iter().any(|host| host.service == at))
}

/// Whether a name stands somewhere in a route.
fn has_name(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key == "name" && value == wanted || has_name(value, wanted))
        }
        Value::Array(items) => items.iter().any(|item| has_name(item, wanted)),
        _ => false,
    }
}

/// A refusal because of a quota, with what is used of it.
fn with_quotas(snapshot: &Snapshot, mut finding: Finding) -> Finding {
    if finding.fault != Fault::Quota {
        return finding;
    }
    let namespace_of = finding.object.namespace.clone();
    let quotas = snapshot.all("", "ResourceQuota").filter(|quota| namespace(quota) == namespace_of);
    for quota in quotas.filter(|quota| finding.summary.contains(name(quota))).collect::<Vec<_>>() {
        let amounts = |field: &str| quota.pointer(field).map(Value::to_string).unwrap_or_default();
        let text = format!("used {} of {}", amounts("/status/used"), amounts("/status/hard"));
        finding = finding.with(format!("ResourceQuota {}", name(quota)), &text);
    }
    finding
}

fn of_job(snapshot: &Snapshot, object: &Value) -> Option<Finding> {
    let (at, job) = (Ref::of(object), typed::<Workload>(object)?);
    failed_job(&at, &job).or_else(|| Some(with_quotas(snapshot, refused(&at, &job, snapshot)?)))
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

/// Nodes that are not ready.
pub(super) fn of_nodes(snapshot: &Snapshot) -> Vec<Finding> {
    snapshot.all("", "Node").filter_map(of_node).collect()
}

fn of_node(node: &Value) -> Option<Finding> {
    let at = Ref::of(node);
    if let Some(ready) = condition(node, "Ready").filter(|ready| !ready.is_true()) {
        let text = format!("is not ready: {}", short(ready.message, 160));
        let finding = Finding::new(Fault::NodeNotReady, at, text).with("condition Ready", ready.message);
        return Some(finding.next("Look whether its container runs: `backstack status`, `backstack doctor`."));
    }
    let short_of = ["DiskPressure", "MemoryPressure", "PIDPressure"];
    let pressure = short_of.iter().filter_map(|kind| condition(node, kind)).find(|condition| condition.is_true())?;
    let text = format!("is short of something ({}): it takes no new pods and may end some", pressure.kind);
    let finding =
        Finding::new(Fault::NodeNotReady, at, text).with(format!("condition {}", pressure.kind), pressure.message);
    Some(finding.next("Give the engine more disk or memory, or remove what uses it: `backstack doctor`."))
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
