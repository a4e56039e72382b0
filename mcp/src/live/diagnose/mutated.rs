//! What was changed on its way into the cluster: a policy or a webhook has written into it something that whoever made it
//! did not say.

use serde_json::Value;

use super::Finding;
use super::rules::admission;
use crate::live::object::{Ref, label, list, name, namespace, text};
use crate::live::owners;
use crate::live::policy::POLICIES;
use crate::live::references::template::Template;
use crate::live::scrub::declared;
use crate::live::snapshot::Snapshot;

const HOOK: &str = "MutatingWebhookConfiguration";

/// What stands in a pod and not in what made it, and what may have put it there: the one webhook that pods of this
/// namespace pass; the pod itself where there are several. Kubernetes itself changes no such field of a container.
pub(super) fn on_the_way<'a>(
    snapshot: &'a Snapshot,
    pod: &'a Value,
    owner: &Value,
    field: &str,
) -> Option<(&'a Value, String)> {
    let is_own = (field.contains(".containers[") || field.contains(".initContainers["))
        && !field.contains("volumeMounts")
        && !field.contains(".resources.");
    if text(pod, "/kind") != "Pod" || !is_own || !is_of_its_version(pod, owner) {
        return None;
    }
    let value = value_at(pod, field)?;
    if counterpart(pod, owner, field).is_some_and(|above| value_at(owner, &above) == Some(value)) {
        return None;
    }
    let mut hooks = hooks(snapshot, pod);
    match (hooks.next(), hooks.next()) {
        (Some((hook, index)), None) => Some((hook, format!("webhooks[{index}]"))),
        _ => Some((pod, field.into())),
    }
}

/// Whether the owner of a pod still says what it said when the pod was made.
fn is_of_its_version(pod: &Value, owner: &Value) -> bool {
    match text(owner, "/kind") {
        "ReplicaSet" | "Job" => true,
        "StatefulSet" => {
            let version = text(owner, "/status/updateRevision");
            !version.is_empty() && label(pod, "controller-revision-hash") == Some(version)
        }
        _ => false,
    }
}

/// The same field of the container of that name in what makes such pods; nothing if that has no such container.
fn counterpart(pod: &Value, owner: &Value, field: &str) -> Option<String> {
    let (below, above) = (Template::of(pod)?, Template::of(owner)?);
    let (path, container) = below.containers().find(|(path, _)| field.starts_with(path.as_str()))?;
    let (same, _) = above.container(text(container, "/name"))?;
    Some(format!("{same}{}", &field[path.len()..]))
}

fn hooks<'a>(snapshot: &'a Snapshot, pod: &'a Value) -> impl Iterator<Item = (&'a Value, usize)> {
    let all = snapshot.all("admissionregistration.k8s.io", HOOK);
    all.filter_map(move |hook| {
        let labels = pod.pointer("/metadata/labels");
        let takes = |webhook: &Value| admission::takes(snapshot, webhook, ("", "pods"), namespace(pod), labels);
        Some((hook, list(hook, "/webhooks").iter().position(takes)?))
    })
}

/// A finding about what was changed on the way, with who did it, what there was before, and how to go on.
pub(super) fn told(
    snapshot: &Snapshot,
    object: &Value,
    written: &Value,
    field: &str,
    finding: &Finding,
) -> Option<Finding> {
    let (by, kind) = (Ref::of(written), text(written, "/kind"));
    let is_policy = POLICIES.iter().any(|(group, kind)| by.group == *group && by.kind == *kind);
    let workload = owners::line(snapshot, object).take_while(|owner| Template::of(owner).is_some()).last();
    let workload = workload.or(Template::of(object).map(|_| object))?;
    let before = before(object, workload, &finding.field);
    // A pod that differs from what made it, and many who may have done that.
    let is_unclear = by == finding.object && text(object, "/kind") == "Pod" && before.is_some();
    if !(is_policy || kind == HOOK || is_unclear) || by == finding.object && !is_unclear {
        return None;
    }
    let at = Ref::of(workload);
    let who = match is_unclear {
        false => by.to_string(),
        true => {
            let names: Vec<_> = hooks(snapshot, object).map(|(hook, _)| name(hook)).collect();
            match names.is_empty() {
                true => "a policy or a webhook".into(),
                false => format!("one of the webhooks {}", names.join(", ")),
            }
        }
    };
    let mut finding = finding.clone();
    let said = before.map_or_else(String::new, |before| format!(" ({at} says `{}`)", before.0));
    finding.summary = format!("{}; {who} has written that{said}", finding.summary);
    let kept = kept(object, workload, &finding.field).filter(|_| before.is_none());
    let innocent = if kept.is_none() { format!(" In {at} itself nothing is wrong.") } else { String::new() };
    let again = match (before, kept) {
        (Some((_, true)), _) => format!("then delete the pods of {at}, so that they are made anew"),
        (None, Some(above)) => format!(
            "then take `{above}` out of {at}, where it stays (applying {at} again does not take it out), and its pods are made anew"
        ),
        _ => format!("then apply {at} again, and let its pods be made anew"),
    };
    finding.next = match is_unclear {
        true => format!("See which of them changes `{}` of pods ({who}), and correct that; {again}.", finding.field),
        false => format!("Correct `{field}` of {by}, which writes it, or take {by} away; {again}.{innocent}"),
    };
    Some(finding)
}

/// The field of a workload that a policy has written and that nobody who applied it has said: there it stays.
fn kept(object: &Value, workload: &Value, field: &str) -> Option<String> {
    let (below, above) = (Template::of(object)?, Template::of(workload)?);
    let above = format!("{}{}", above.path, field.strip_prefix(below.path)?);
    let is_said = field.ends_with(".image");
    (!is_said && value_at(workload, &above) == value_at(object, field)).then_some(above)
}

/// What the workload says, or whoever applied it has said, where that is not what the object has; and whether it is the
/// workload itself that still says so.
fn before<'a>(object: &Value, workload: &'a Value, field: &str) -> Option<(&'a str, bool)> {
    let value = value_at(object, field)?;
    let above = counterpart(object, workload, field).and_then(|above| value_at(workload, &above));
    if let Some(above) = above.filter(|above| *above != value) {
        return Some((above.as_str()?, true));
    }
    let template = Template::of(object)?;
    let (_, container) = template.containers().find(|(path, _)| *field == format!("{path}.image"))?;
    let applied = declared(workload)?.get("images")?.get(text(container, "/name"))?;
    (applied != value).then_some((applied.as_str()?, false))
}

/// The value at `spec.containers[0].image`.
pub(super) fn value_at<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    let pointer: String = field
        .split(['.', '['])
        .map(|part| format!("/{}", part.trim_end_matches(']').replace('~', "~0").replace('/', "~1")))
        .collect();
    object.pointer(&pointer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;

    /// A Deployment whose pod has another image than its set says.
    fn changed(hooks: &[&str]) -> Vec<Value> {
        let spec = |image: &str| json!({"nodeName": "n", "containers": [{"name": "app", "image": image}]});
        let template = |image: &str| json!({"metadata": {"labels": {"app": "web"}}, "spec": spec(image)});
        let owner = |api: &str, kind: &str, name: &str| json!([{"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": true}]);
        let mut all = vec![
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web", "uid": "web"},
                "spec": {"replicas": 1, "template": template("good/x:1")}, "status": {}}),
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": "web-1", "uid": "web-1",
                "ownerReferences": owner("apps/v1", "Deployment", "web")}, "spec": {"replicas": 1, "template": template("good/x:1")}, "status": {"replicas": 1}}),
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web-1-x", "uid": "p", "labels": {"app": "web"},
                "ownerReferences": owner("apps/v1", "ReplicaSet", "web-1")}, "spec": spec("bad/x:1"), "status": {
                "phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "bad/x:1: not found"}}}]}}),
        ];
        all.extend(hooks.iter().map(|name| {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": HOOK, "metadata": {"name": name}, "webhooks": [{"name": "a.dev",
                "rules": [{"apiGroups": [""], "operations": ["CREATE"], "resources": ["pods"]}]}]})
        }));
        all
    }

    fn cause(objects: Vec<Value>) -> Finding {
        let told = diagnose(&Snapshot::of("lab", objects), "Deployment:shop/web").expect("a workload");
        told.causes.into_iter().next().expect("a cause")
    }

    #[test]
    fn what_a_pod_has_and_its_owner_does_not_say_is_a_webhooks_work() {
        let told = cause(changed(&["inject"]));
        let change = told.change.clone().unwrap_or_else(|| panic!("{told:?}"));
        assert_eq!(
            (change.object.as_str(), change.field.as_str()),
            ("MutatingWebhookConfiguration:inject", "webhooks[0]")
        );
        assert!(told.summary.contains("Deployment shop/web says `good/x:1`"), "{}", told.summary);
        let told = cause(changed(&["inject", "mirror"]));
        assert!(told.next.contains("one of the webhooks inject, mirror"), "{told:?}");
        assert!(!told.next.contains("It is written in"), "{told:?}");
    }

    #[test]
    fn what_a_policy_wrote_into_the_workload_itself_is_told_by_what_was_applied() {
        let mut all = changed(&[]);
        let applied = all[1].to_string();
        for (index, way) in [(1, "/spec/template/spec"), (2, "/spec/template/spec")] {
            *all[index].pointer_mut(&format!("{way}/containers/0/image")).expect("an image") = "bad/x:1".into();
        }
        all[1]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": applied});
        all.push(json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedMutatingPolicy", "metadata": {"namespace": "shop", "name": "mirror"},
            "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "resources": ["pods"]}]},
                "mutations": [{"applyConfiguration": {"expression": "image: one.image.replace('good/', 'bad/x')"}}]}}));
        let told = cause(all);
        let change = told.change.clone().unwrap_or_else(|| panic!("{told:?}"));
        assert_eq!(change.object, "NamespacedMutatingPolicy:shop/mirror");
        assert!(told.summary.contains("Deployment shop/web says `good/x:1`"), "{}", told.summary);
        assert!(told.next.contains("then apply Deployment shop/web again"), "{}", told.next);
    }
}
