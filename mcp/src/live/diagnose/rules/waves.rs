//! A sync that waits for what only something of a later wave, or behind a hook, would let get ready: neither ever comes.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding, source};
use crate::live::object::{Ref, annotation, list, name, namespace, number, text};
use crate::live::references::pointers::pointers;
use crate::live::references::template::{Template, uses};

const WAVE: &str = "argocd.argoproj.io/sync-wave";
const HOOK: &str = "argocd.argoproj.io/hook";
/// A class whose volumes are made only when a pod wants them.
const FIRST_USER: &str = "WaitForFirstConsumer";
/// Kinds that make pods.
const WORKLOADS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];

/// Something that is applied only after what is waited for.
struct Later {
    at: Ref,
    wave: i64,
}

/// What an Application's sync waits for in vain.
pub(super) fn of_application(seen: &Seen<'_>, application: &Value) -> Option<Finding> {
    let operation = "/status/operationState";
    if text(application, &format!("{operation}/phase")) != "Running" {
        return None;
    }
    let message = text(application, &format!("{operation}/message"));
    let (_, what) = message.split_once("waiting for ")?;
    let word = what.split_whitespace().find(|word| word.contains('/'))?;
    let mut parts = word.rsplit('/');
    let (called, kind) = (parts.next()?, parts.next()?);
    let entries = list(application, "/status/resources");
    let entry = entries.iter().find(|one| text(one, "/kind") == kind && text(one, "/name") == called);
    let place = entry.map_or_else(|| text(application, "/spec/destination/namespace"), |one| text(one, "/namespace"));
    let mut objects = seen.snapshot.everything().filter(|one| text(one, "/kind") == kind && name(one) == called);
    let object = objects.find(|one| namespace(one).is_empty() || namespace(one) == place)?;
    let is_hook = annotation(object, HOOK).is_some();
    let own = wave(object);
    let later = entries.iter().filter_map(|one| {
        let at = Ref::new(text(one, "/group"), text(one, "/kind"), text(one, "/namespace"), text(one, "/name"));
        let wave = number(one, "/syncWave");
        let is_behind = is_hook || wave > own;
        // What is there already, nobody waits for; Secrets are never read, and what differs is not applied yet.
        let is_missing = text(one, "/status") == "OutOfSync" && seen.snapshot.get(&at).is_none();
        (one.get("hook") != Some(&Value::Bool(true)) && is_behind && is_missing).then_some(Later { at, wave })
    });
    let later: Vec<_> = later.collect();
    let waits = first_user(seen, object, &later).or_else(|| named(seen, object, &later));
    waits.map(|(later, why)| judged(application, object, later, is_hook, &why, message))
}

fn wave(object: &Value) -> i64 {
    annotation(object, WAVE).and_then(|wave| wave.trim().parse().ok()).unwrap_or_default()
}

/// A claim gets its volume when a pod wants it, and what makes the pod comes later.
fn first_user<'a>(seen: &Seen<'_>, object: &Value, later: &'a [Later]) -> Option<(&'a Later, String)> {
    let is_open = text(object, "/kind") == "PersistentVolumeClaim" && text(object, "/status/phase") != "Bound";
    let class = text(object, "/spec/storageClassName");
    let class = seen.snapshot.get(&Ref::new("storage.k8s.io", "StorageClass", "", class)).filter(|_| is_open)?;
    let waits = text(class, "/volumeBindingMode") == FIRST_USER;
    let user = later.iter().find(|one| WORKLOADS.contains(&one.at.kind.as_str())).filter(|_| waits)?;
    Some((
        user,
        format!("{} makes a volume only when a pod wants it (`volumeBindingMode: {FIRST_USER}`)", Ref::of(class)),
    ))
}

/// Something that it names comes later.
fn named<'a>(seen: &Seen<'_>, object: &Value, later: &'a [Later]) -> Option<(&'a Later, String)> {
    let used = uses(object).into_iter().filter(|used| !used.optional).map(|used| (used.at, used.field));
    let pointed = pointers(&seen.snapshot.served, object).into_iter().map(|pointer| (pointer.at, pointer.field));
    used.chain(pointed).find_map(|(at, field)| {
        let one = later.iter().find(|one| one.at == at)?;
        Some((one, format!("it names that in `{field}`")))
    })
}

fn judged(application: &Value, object: &Value, later: &Later, is_hook: bool, why: &str, message: &str) -> Finding {
    let (at, app, from) = (Ref::of(object), Ref::of(application), source::in_words(application));
    let key = if is_hook { HOOK } else { WAVE };
    let field = format!("metadata.annotations[{key}]");
    let order = if is_hook { "behind this hook".to_string() } else { format!("in wave {}", later.wave) };
    let text = format!(
        "gets ready only with {}, which {app} applies {order}, and the sync waits for {at} before it: {why}",
        later.at
    );
    let mut finding = Finding::new(Fault::NotApplied, at.clone(), text).at(field.clone());
    // Whatever else is missing or not ready comes from that.
    finding.weight = Fault::MissingReference.weight() + 1;
    finding.affects.extend([app.to_string(), later.at.to_string()]);
    let said = annotation(object, key).unwrap_or("none, which is 0");
    let finding = finding.with("status.operationState.message", message).with(field.clone(), said);
    let makes_pods = Template::of(object).is_some();
    match (is_hook, makes_pods) {
        (true, _) => finding.next(format!(
            "Let {} come before: give it the same `{HOOK}` in {from}, with a smaller `{WAVE}` than {at}; or take `{field}` out of {at} there.",
            later.at
        )),
        (false, true) => finding.next(format!(
            "Put {} before {at}, in {from}: give it annotation `{WAVE}: \"{}\"`, or set `{field}` of {at} to \"{}\".",
            later.at,
            wave(object) - 1,
            later.wave + 1
        )),
        (false, false) => finding.should_be(later.wave.to_string()).next(format!(
            "Set `{field}` of {at} to \"{}\", the wave of {}, or take that annotation off both, in {from}.",
            later.wave, later.at
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    fn application(waits: &str, resources: Value) -> Value {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"source": {"repoURL": "http://git/r.git", "path": "shop"}, "destination": {"namespace": "shop"}},
            "status": {"sync": {"status": "OutOfSync"}, "health": {"status": "Progressing"}, "resources": resources,
                "operationState": {"phase": "Running", "message": waits}}})
    }

    fn first(objects: Vec<Value>) -> (String, String, String) {
        let diagnosis = diagnose(&Snapshot::of("lab", objects), "Application:argocd/shop").expect("it is there");
        diagnosis.causes.into_iter().next().map(|one| (one.object.to_string(), one.field, one.next)).unwrap_or_default()
    }

    fn claim(phase: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data", "annotations": {WAVE: "-1"}},
            "spec": {"storageClassName": "standard"}, "status": {"phase": phase}})
    }

    fn class(mode: &str) -> Value {
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "standard"}, "provisioner": "x", "volumeBindingMode": mode})
    }

    #[test]
    fn a_claim_whose_user_comes_later_is_told() {
        let listed = |wave: i64| {
            json!([{"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data", "status": "Synced", "syncWave": -1},
                {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync", "syncWave": wave}])
        };
        let waits = "waiting for healthy state of /PersistentVolumeClaim/data";
        let (object, field, next) = first(vec![application(waits, listed(1)), claim("Pending"), class(FIRST_USER)]);
        assert_eq!(
            (object.as_str(), field),
            ("PersistentVolumeClaim shop/data", format!("metadata.annotations[{WAVE}]"))
        );
        assert!(next.contains("to \"1\", the wave of Deployment shop/web"), "{next}");
        for (listed, claim, class) in [
            (listed(1), claim("Pending"), class("Immediate")),
            (listed(1), claim("Bound"), class(FIRST_USER)),
            (listed(-1), claim("Pending"), class(FIRST_USER)),
        ] {
            let told = first(vec![application(waits, listed), claim, class]);
            assert!(!told.1.contains(WAVE), "{told:?}");
        }
    }

    #[test]
    fn what_names_something_of_a_later_wave_is_told() {
        let job = |notes: Value| {
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "migrate", "annotations": notes},
                "spec": {"template": {"spec": {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": "login"}}]}]}}}, "status": {"active": 1}})
        };
        let secret =
            json!([{"kind": "Secret", "namespace": "shop", "name": "login", "status": "OutOfSync", "syncWave": 2}]);
        let (object, field, next) = first(vec![
            application("waiting for completion of hook batch/Job/migrate", secret.clone()),
            job(json!({HOOK: "PreSync"})),
        ]);
        assert_eq!((object.as_str(), field), ("Job shop/migrate", format!("metadata.annotations[{HOOK}]")));
        assert!(next.starts_with("Let Secret shop/login come before"), "{next}");
        let (_, field, next) =
            first(vec![application("waiting for healthy state of batch/Job/migrate", secret), job(json!({WAVE: "1"}))]);
        assert_eq!(field, format!("metadata.annotations[{WAVE}]"));
        assert!(next.contains("`argocd.argoproj.io/sync-wave: \"0\"`"), "{next}");
        let other =
            json!([{"kind": "Secret", "namespace": "shop", "name": "other", "status": "OutOfSync", "syncWave": 2}]);
        let told =
            first(vec![application("waiting for healthy state of batch/Job/migrate", other), job(json!({WAVE: "1"}))]);
        assert!(!told.1.contains(WAVE), "it needs none of that: {told:?}");
    }
}
