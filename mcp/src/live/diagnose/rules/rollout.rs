//! Rollouts that do not go on by themselves, because somebody has said so.

use serde_json::Value;

use crate::live::diagnose::{Fault, Finding, REMARK};
use crate::live::object::{Ref, number, text};

/// More than this nobody means who writes `minReadySeconds`.
const LONG: i64 = 300;

/// What a workload's own rules keep back.
pub(super) fn of_workload(object: &Value) -> Vec<Finding> {
    let found = match text(object, "/kind") {
        "StatefulSet" => [partition(object), by_hand(object)],
        "Deployment" => [long_wait(object), None],
        "DaemonSet" => [nowhere(object), by_hand(object)],
        _ => [None, None],
    };
    found.into_iter().flatten().collect()
}

/// Pods with a smaller number than the partition keep the old version.
fn partition(object: &Value) -> Option<Finding> {
    let field = "spec.updateStrategy.rollingUpdate.partition";
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let is_new = text(object, "/status/currentRevision") == text(object, "/status/updateRevision");
    (partition > 0 && !is_new).then(|| {
        let at = Ref::of(object);
        let pods = if partition == 1 { "pod".to_string() } else { format!("{partition} pods") };
        let text = format!("keeps its first {pods} at the previous version");
        let finding =
            Finding::new(Fault::Paused, at.clone(), text).at(field).should_be(0).with(field, &partition.to_string());
        // While all of its pods are ready, a version that is tried on some of them harms nobody.
        let finding = if all_ready(object) { finding.at_most(REMARK) } else { finding };
        finding.next(format!("Set `{field}` of {at} to 0 to roll it out to all pods, when that is wanted."))
    })
}

fn all_ready(set: &Value) -> bool {
    number(set, "/status/readyReplicas") >= number(set, "/spec/replicas")
}

/// With `OnDelete` nobody replaces pods but who deletes them.
fn by_hand(object: &Value) -> Option<Finding> {
    let is_by_hand = text(object, "/spec/updateStrategy/type") == "OnDelete";
    let (wanted, new) = match text(object, "/kind") {
        "DaemonSet" => {
            (number(object, "/status/desiredNumberScheduled"), number(object, "/status/updatedNumberScheduled"))
        }
        _ => (number(object, "/status/replicas"), number(object, "/status/updatedReplicas")),
    };
    let is_old = text(object, "/status/currentRevision") != text(object, "/status/updateRevision")
        || text(object, "/kind") == "DaemonSet";
    (is_by_hand && is_old && new < wanted).then(|| {
        let at = Ref::of(object);
        let text = format!("has {} pods of an older version, and replaces none by itself", wanted - new);
        let finding = Finding::new(Fault::Paused, at.clone(), text)
            .at("spec.updateStrategy.type")
            .with("spec.updateStrategy.type", "OnDelete");
        finding.next(format!(
            "Delete its old pods one by one, or set `spec.updateStrategy.type` of {at} to RollingUpdate."
        ))
    })
}

/// Pods that are ready, and not counted as available for a long time.
fn long_wait(object: &Value) -> Option<Finding> {
    let seconds = number(object, "/spec/minReadySeconds");
    let ready = number(object, "/status/readyReplicas");
    let waits = ready > 0 && number(object, "/status/availableReplicas") < ready;
    (seconds >= LONG && waits).then(|| {
        let at = Ref::of(object);
        let text = format!("has {ready} pods that are ready, and counts them only after {seconds} s more");
        let finding = Finding::new(Fault::Stalled, at.clone(), text)
            .at("spec.minReadySeconds")
            .with("spec.minReadySeconds", &seconds.to_string());
        finding.next(format!("Lower `spec.minReadySeconds` of {at}."))
    })
}

/// No node is meant for its pods.
fn nowhere(object: &Value) -> Option<Finding> {
    let wishes = ["nodeSelector", "affinity"];
    let wish = wishes.into_iter().find(|wish| object.pointer(&format!("/spec/template/spec/{wish}")).is_some())?;
    let is_seen = number(object, "/status/observedGeneration") > 0;
    (is_seen && number(object, "/status/desiredNumberScheduled") == 0).then(|| {
        let (at, field) = (Ref::of(object), format!("spec.template.spec.{wish}"));
        let value = object.pointer(&format!("/spec/template/spec/{wish}")).map(Value::to_string).unwrap_or_default();
        let finding = Finding::new(Fault::Unschedulable, at.clone(), "runs on no node: none is what it asks for")
            .at(field.clone());
        finding
            // Nodes of that sort may be still to come: it harms nobody.
            .at_most(REMARK)
            .with(field.clone(), &value)
            .next(format!("Correct `{field}` of {at}, or give a node those labels."))
    })
}
