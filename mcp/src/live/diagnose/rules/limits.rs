//! Pods that a namespace does not take: a limit range gives them what does not fit what they ask for, a quota has no room
//! for the pod that a rollout makes first.

use serde_json::Value;

use super::Seen;
use super::quotas::{Exceeded, in_units};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, number, text};
use crate::live::owners;
use crate::live::quantity::milli;
use crate::live::references::template::Template;

/// How the API refuses a pod, before it says which field is at fault.
const INVALID: &str = "\" is invalid: ";
/// How it refuses a request that is more than the limit: `cpu limit of 50m`.
const OVER: &str = "must be less than or equal to ";

/// A refusal to make pods, as one of what is at fault where that can be seen.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    let is_refusal = matches!(finding.fault, Fault::InvalidManifest | Fault::Quota) && finding.field.is_empty();
    let Some(object) = seen.snapshot.get(&finding.object).filter(|_| is_refusal) else { return finding };
    // Of a set its Deployment is what people write.
    let workload = owners::line(seen.snapshot, object).take_while(|owner| Template::of(owner).is_some());
    let workload = workload.filter(|owner| text(owner, "/kind") == "Deployment").last().unwrap_or(object);
    match finding.fault {
        Fault::Quota => no_room_for_one_more(seen, workload, &finding)
            .unwrap_or_else(|| super::quotas::told(seen, workload, finding)),
        _ => invalid(seen, workload, &finding).unwrap_or(finding),
    }
}

/// A pod that the API does not accept, of a template that it did: the message says which field that is.
fn invalid(seen: &Seen<'_>, workload: &Value, finding: &Finding) -> Option<Finding> {
    let template = Template::of(workload)?;
    let said = finding.summary.split_once(INVALID)?.1.trim_start_matches('[');
    let (field, why) = said.split_once(": ")?;
    let above = format!("{}{}", template.path, field.strip_prefix("spec").filter(|rest| rest.starts_with('.'))?);
    let container = template.containers().find(|(path, _)| above.starts_with(&format!("{path}.")));
    if let (Some((path, container)), Some((_, over))) = (container, why.split_once(OVER)) {
        let (resource, limit) = over.split_once(" limit of ")?;
        let limit = limit.split([',', ' ', ']']).next()?;
        if let Some(found) = too_low(seen, workload, (&path, container), resource, limit, finding) {
            return Some(found);
        }
    }
    let at = Ref::of(workload);
    let next =
        format!("Correct `{above}` of {at}, which the message names; if it is right there, a policy changes the pods.");
    Some(Finding { object: at, ..finding.clone() }.at(above).next(next))
}

/// A limit that a container has not said, and that a limit range gives it: less than what it asks for.
fn too_low(
    seen: &Seen<'_>,
    workload: &Value,
    (path, container): (&str, &Value),
    resource: &str,
    limit: &str,
    finding: &Finding,
) -> Option<Finding> {
    if container.pointer("/resources/limits").is_some_and(|limits| limits.get(resource).is_some()) {
        return None;
    }
    let at = Ref::of(workload);
    let asked = container.pointer("/resources/requests")?.get(resource).map(shown)?;
    let mut ranges = seen.snapshot.inside("", "LimitRange", &at.namespace);
    let (range, index) = ranges.find_map(|range| {
        let gives = |one: &Value| {
            let given = one.get("default").and_then(|all| all.get(resource)).map(shown);
            text(one, "/type") == "Container" && given.is_some_and(|given| milli(&given) == milli(limit))
        };
        Some((range, list(range, "/spec/limits").iter().position(gives)?))
    })?;
    let (range, field) = (Ref::of(range), format!("spec.limits[{index}].default.{resource}"));
    let text = format!(
        "gives a container without a {resource} limit one of {limit}, and container `{}` of {at} asks for {asked}: each of its pods is refused",
        text(container, "/name")
    );
    let mut found = Finding::new(Fault::LimitRange, range.clone(), text).at(field.clone()).with(field.clone(), limit);
    found.evidence.extend(finding.evidence.iter().cloned());
    found.affects.push(at.to_string());
    Some(found.next(format!(
        "Set `{path}.resources.limits.{resource}` of {at} to {asked} or more, or raise `{field}` of {range} to that."
    )))
}

/// An amount as it is written, with quotes or without.
fn shown(amount: &Value) -> String {
    amount.as_str().map_or_else(|| amount.to_string(), String::from)
}

/// A quota that has room for all pods that should be, and for none beside them: a rollout makes the new one first.
fn no_room_for_one_more(seen: &Seen<'_>, workload: &Value, finding: &Finding) -> Option<Finding> {
    let wanted = workload.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let is_rolled_out = text(workload, "/kind") == "Deployment" && text(workload, "/spec/strategy/type") != "Recreate";
    let (all, new) = (number(workload, "/status/replicas"), number(workload, "/status/updatedReplicas"));
    // All pods that there should be are there, and some are of the version of before.
    if !is_rolled_out || wanted == 0 || all < wanted || new >= wanted {
        return None;
    }
    let at = Ref::of(workload);
    let Exceeded { quota, resource, needed } = Exceeded::of(&finding.summary)?;
    let found = seen.snapshot.inside("", "ResourceQuota", &at.namespace).find(|one| name(one) == quota)?;
    let (at_quota, field) = (Ref::of(found), format!("spec.hard.{resource}"));
    let surge = ["maxSurge", "maxUnavailable"].map(|word| {
        let value = workload.pointer(&format!("/spec/strategy/rollingUpdate/{word}")).map(shown);
        format!("{word} {}", value.unwrap_or_else(|| "25%".into()))
    });
    let text = format!(
        "has no room for the pod that the rollout of {at} makes before an old one goes ({}): its {all} pods use all of {resource}",
        surge.join(", ")
    );
    let mut cause = Finding::new(Fault::Quota, at_quota.clone(), text).at(field.clone());
    cause.evidence = finding.evidence.clone();
    cause.affects.push(at.to_string());
    Some(cause.with("spec.strategy.rollingUpdate", &surge.join(", ")).next(format!(
        "Raise `{field}` of {at_quota} to {} or more, or let {at} replace its pods in place: `spec.strategy.rollingUpdate` with maxSurge 0 and maxUnavailable 1.",
        in_units(resource, needed)
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::live::diagnose::{Fault, Finding, diagnose};
    use crate::live::snapshot::Snapshot;

    fn told(said: &str, resources: Value, status: Value, rule: Value) -> Finding {
        let mut status = status;
        status["conditions"] =
            json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": said}]);
        let spec = json!({"replicas": 2, "template": {"metadata": {}, "spec": {"containers": [{"name": "app", "resources": resources}]}}});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web", "uid": "d"},
            "spec": spec, "status": status});
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": "web-1", "uid": "s",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
            "spec": spec, "status": {"conditions": status["conditions"]}});
        let diagnosis =
            diagnose(&Snapshot::of("lab", [deployment, set, rule]), "Deployment:shop/web").expect("it is there");
        assert_eq!(diagnosis.causes.len(), 1, "{diagnosis:#?}");
        diagnosis.causes[0].clone()
    }

    fn range(cpu: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"namespace": "shop", "name": "usual"},
            "spec": {"limits": [{"type": "Pod", "default": {"cpu": cpu}}, {"type": "Container", "default": {"cpu": cpu}}]}})
    }

    #[test]
    fn a_limit_that_a_range_gives_is_named_where_it_is_too_low() {
        let said = "Pod \"web-1-x\" is invalid: spec.containers[0].resources.requests: Invalid value: \"100m\": must be less than or equal to cpu limit of 50m";
        let asks = json!({"requests": {"cpu": "100m"}});
        let cause = told(said, asks.clone(), json!({}), range("0.05"));
        assert_eq!((cause.fault, cause.object.to_string()), (Fault::LimitRange, "LimitRange shop/usual".into()));
        assert_eq!(
            (cause.field.as_str(), cause.affects[0].as_str()),
            ("spec.limits[1].default.cpu", "Deployment shop/web")
        );
        assert!(
            cause
                .next
                .contains("`spec.template.spec.containers[0].resources.limits.cpu` of Deployment shop/web to 100m"),
            "{}",
            cause.next
        );
        // Where no range gives that limit, the message's own field is all that is known.
        let cause = told(said, asks, json!({}), range("80m"));
        assert_eq!(
            (cause.fault, cause.field.as_str()),
            (Fault::InvalidManifest, "spec.template.spec.containers[0].resources.requests")
        );
    }

    #[test]
    fn a_quota_without_room_for_a_rollout_is_told_from_one_that_is_too_small() {
        let quota =
            || json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "team"}});
        let said = "pods \"web-1-x\" is forbidden: exceeded quota: team, requested: pods=1,requests.memory=64Mi, used: pods=2,requests.memory=128Mi, limited: pods=2,requests.memory=1Gi";
        let cause = told(said, json!({}), json!({"replicas": 2, "updatedReplicas": 0}), quota());
        assert_eq!(
            (cause.object.to_string(), cause.field.as_str()),
            ("ResourceQuota shop/team".into(), "spec.hard.pods")
        );
        assert!(cause.next.contains("to 3 or more") && cause.next.contains("maxSurge 0"), "{}", cause.next);
        let cause = told(said, json!({}), json!({"replicas": 1, "updatedReplicas": 1}), quota());
        assert_eq!((cause.object.to_string(), cause.field.as_str()), ("Deployment shop/web".into(), "spec.replicas"));
    }
}
