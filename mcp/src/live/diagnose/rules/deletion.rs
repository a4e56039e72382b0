//! Objects that are being deleted and do not go.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, list, name, namespace, number, text};
use crate::live::owners;
use crate::live::references::template::Template;

/// Controllers take their finalizers off within seconds.
const PATIENCE: i64 = 30;
/// Finalizers by which Kubernetes keeps what is in use.
const USED: [&str; 2] = ["kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"];

/// Why it is still there, if it should be gone.
pub(super) fn of_object(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(since) = seen.seconds_since(text(object, "/metadata/deletionTimestamp")) else { return Vec::new() };
    let at = Ref::of(object);
    let finalizers: Vec<_> = list(object, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
    if at.kind == "Namespace" {
        return of_namespace(seen, object, &at, since).into_iter().collect();
    }
    // What still uses it, and does not go itself, need not be given any time.
    if let Some(finding) = in_use(seen, object, &at, since, &finalizers) {
        return vec![finding];
    }
    // The time of a pod's deletion is when its grace is over.
    if since < PATIENCE {
        return Vec::new();
    }
    let finding = Finding::new(Fault::Deleting, at.clone(), String::new());
    if finalizers.is_empty() {
        let grace = number(object, "/metadata/deletionGracePeriodSeconds");
        let text = format!("is being deleted since {}, and still there", in_words(since));
        let finding = Finding { summary: text, ..finding }.at("metadata.deletionTimestamp").at_most(60);
        return vec![finding.with("grace period", &format!("{grace} s")).next("See whether its node answers.")];
    }
    let text =
        format!("is being deleted since {}, and held by finalizer `{}`", in_words(since), finalizers.join("`, `"));
    let finding = Finding { summary: text, ..finding }
        .at("metadata.finalizers")
        .with("metadata.finalizers", &finalizers.join(", "));
    vec![finding.next(format!(
        "See why whoever put `{}` there does not take it off (does that controller run?); only if it is gone for good, remove the finalizer from {at}.",
        finalizers[0]
    ))]
}

/// What Kubernetes itself holds, because somebody still uses it: it goes when they do.
fn in_use(seen: &Seen<'_>, object: &Value, at: &Ref, since: i64, finalizers: &[&str]) -> Option<Finding> {
    let finalizer = *finalizers.iter().find(|one| USED.contains(one))?;
    let (users, waiting): (Vec<&Value>, Vec<&Value>) = match at.kind.as_str() {
        "PersistentVolumeClaim" => using_pods(seen, object).partition(|pod| !text(pod, "/spec/nodeName").is_empty()),
        "PersistentVolume" => {
            let part = |field: &str| text(object, &format!("/spec/claimRef/{field}"));
            let claim = Ref::new("", "PersistentVolumeClaim", part("namespace"), part("name"));
            (seen.snapshot.get(&claim).filter(|claim| !is_leaving(claim)).into_iter().collect(), Vec::new())
        }
        _ => return None,
    };
    let (makers, kept_back) = (makers(seen, &users), makers(seen, &waiting));
    let told = makers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let (all, is_one) = (makers.iter().map(let_go).collect::<Vec<_>>().join(" and "), makers.len() == 1);
    let uses = if is_one { "is gone, which still uses it" } else { "are gone, which still use it" };
    let span = in_words(since);
    let text = format!("is being deleted since {span}, and stays until {told} {uses}: nothing new may use it");
    let used = users.first().map(|user| Ref::of(user).to_string())?;
    let finding = Finding::new(Fault::Deleting, at.clone(), text).at("metadata.finalizers");
    let finding = finding.with("metadata.finalizers", finalizer).with("used by", &used);
    let affects = kept_back.iter().map(ToString::to_string).collect();
    let finding = Finding { affects, ..finding };
    let kind = at.kind.as_str();
    Some(finding.next(format!(
        "Save its data if it matters; then {all}, so that the deletion of {at} (`metadata.finalizers`) comes to its end, and make it again; or let what is new use another {kind}. A deletion cannot be taken back."
    )))
}

/// How what uses something is made to let it go.
fn let_go(at: &Ref) -> String {
    let word = at.kind.to_lowercase();
    match word.as_str() {
        "deployment" | "statefulset" => {
            format!("scale {at} to 0 (`kubectl -n {} scale {word}/{} --replicas=0`)", at.namespace, at.name)
        }
        _ => format!("delete {at}"),
    }
}

/// Pods that use a claim, and are not on their way out themselves.
fn using_pods<'a>(seen: &Seen<'a>, claim: &Value) -> impl Iterator<Item = &'a Value> {
    let pods = seen.snapshot.inside("", "Pod", namespace(claim));
    let claim = name(claim).to_string();
    let uses = move |pod: &&Value| {
        let mut volumes = list(pod, "/spec/volumes").iter();
        volumes.any(|volume| text(volume, "/persistentVolumeClaim/claimName") == claim)
    };
    pods.filter(|pod| !is_leaving(pod)).filter(uses)
}

/// What has made these, each once.
fn makers(seen: &Seen<'_>, objects: &[&Value]) -> Vec<Ref> {
    let mut makers: Vec<Ref> = objects.iter().map(|object| Ref::of(workload_of(seen, object))).collect();
    makers.sort();
    makers.dedup();
    makers
}

fn is_leaving(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// The Deployment, set or Job that a pod is of, or the object itself.
fn workload_of<'a>(seen: &Seen<'a>, object: &'a Value) -> &'a Value {
    owners::line(seen.snapshot, object).take_while(|owner| Template::of(owner).is_some()).last().unwrap_or(object)
}

/// A namespace goes when all in it is gone: the first thing in it that is held is the cause.
fn of_namespace(seen: &Seen<'_>, object: &Value, at: &Ref, since: i64) -> Option<Finding> {
    let held = seen.snapshot.everything().find(|one| {
        text(one, "/metadata/namespace") == name(object)
            && !text(one, "/metadata/deletionTimestamp").is_empty()
            && !list(one, "/metadata/finalizers").is_empty()
    });
    let said = list(object, "/status/conditions").iter().filter(|condition| text(condition, "/status") == "True");
    let said: Vec<_> = said.map(|condition| text(condition, "/message")).filter(|text| !text.is_empty()).collect();
    let finding = match held {
        Some(held) => {
            let finalizers: Vec<_> = list(held, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
            let held = Ref::of(held);
            let text = format!(
                "is held by finalizer `{}`, and so is the deletion of {at} since {}",
                finalizers.join("`, `"),
                in_words(since)
            );
            Finding::new(Fault::Deleting, held.clone(), text)
                .at("metadata.finalizers")
                .with("metadata.finalizers", &finalizers.join(", "))
                .next(format!("See why whoever put `{}` on {held} does not take it off; only if that is gone for good, remove the finalizer.", finalizers[0]))
        }
        None if since > PATIENCE || !said.is_empty() => Finding::new(
            Fault::Deleting,
            at.clone(),
            format!("is being deleted since {}, and takes nothing new", in_words(since)),
        )
        .at("metadata.deletionTimestamp")
        .next("Its conditions tell what is left in it; when that is gone, the namespace goes."),
        None => return None,
    };
    Some(finding.with("conditions", &said.join(" ")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::live::diagnose::{Fault, diagnose};
    use crate::live::snapshot::Snapshot;

    fn claim() -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data",
            "deletionTimestamp": "2026-01-01T11:59:50Z", "finalizers": ["kubernetes.io/pvc-protection"]},
            "status": {"phase": "Bound"}})
    }

    fn pod(name: &str, node: &str) -> Value {
        let scheduled = if node.is_empty() { "False" } else { "True" };
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": name},
            "spec": {"nodeName": node, "containers": [{"name": "app"}], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": scheduled,
                "message": "0/1 nodes are available: persistentvolumeclaim \"data\" is being deleted."}]}})
    }

    fn told(objects: Vec<Value>) -> Vec<(Fault, String, String)> {
        let mut snapshot = Snapshot::of("lab", objects);
        snapshot.now = "2026-01-01T12:00:00Z".into();
        let told = diagnose(&snapshot, "Pod:shop/new").expect("it is there");
        told.causes.into_iter().map(|one| (one.fault, one.object.to_string(), one.next)).collect()
    }

    #[test]
    fn a_claim_that_is_deleted_waits_for_whoever_uses_it() {
        let causes = told(vec![claim(), pod("new", ""), pod("old", "n")]);
        assert_eq!(causes.len(), 1, "{causes:?}");
        assert_eq!((causes[0].0, causes[0].1.as_str()), (Fault::Deleting, "PersistentVolumeClaim shop/data"));
        assert!(causes[0].2.contains("delete Pod shop/old"), "{causes:?}");
        // One that goes itself takes its time.
        let mut old = pod("old", "n");
        old["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:20Z".into();
        assert_eq!(told(vec![claim(), pod("new", ""), old])[0].0, Fault::Unschedulable);
    }
}
