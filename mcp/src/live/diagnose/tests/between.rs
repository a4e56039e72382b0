//! What is wrong between objects that are each in order: references, traffic, time. On a platform the same is planted by
//! `scripts/tools/situations`.

use serde_json::{Value, json};

use super::super::{Diagnosis, Fault, Verdict, diagnose};
use crate::live::snapshot::Snapshot;

/// The moment of all these snapshots.
const NOW: &str = "2026-01-01T12:00:00Z";

/// A Deployment that runs, with its set and its pod.
pub(super) fn running(name: &str, container: Value) -> Vec<Value> {
    let labels = json!({"app": name});
    let mut spec = json!({"containers": [{"name": "app", "image": "r/x:1", "ports": [{"containerPort": 8080}]}]});
    for (key, value) in container.as_object().into_iter().flatten() {
        spec["containers"][0][key] = value.clone();
    }
    let meta = |name: &str, uid: &str, owner: Option<(&str, &str, &str)>| {
        let owners: Vec<_> = owner
            .iter()
            .map(|(api, kind, uid)| json!({"apiVersion": api, "kind": kind, "name": owner_name(name), "uid": uid}))
            .collect();
        json!({"namespace": "shop", "name": name, "uid": uid, "labels": labels, "ownerReferences": owners})
    };
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    spec["nodeName"] = "n".into();
    let (set, pod) = (format!("{name}-1"), format!("{name}-1-x"));
    let (own, set_uid) = (format!("{name}-d"), format!("{name}-s"));
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name, &own, None), "spec": {"replicas": 1, "template": template},
            "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta(&set, &set_uid, Some(("apps/v1", "Deployment", &own))),
            "spec": {"replicas": 1, "template": template}, "status": {"replicas": 1, "availableReplicas": 1}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(&pod, &format!("{name}-p"), Some(("apps/v1", "ReplicaSet", &set_uid))), "spec": spec,
            "status": {"phase": "Running", "podIP": format!("10.0.0.{}", name.len()), "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T11:00:00Z"}}}]}}),
    ]
}

fn owner_name(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(owner, _)| owner)
}

pub(super) fn service(name: &str, selected: &str, port: u16, target: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": name},
        "spec": {"selector": {"app": selected}, "ports": [{"port": port, "targetPort": target}]}})
}

pub(super) fn snapshot(parts: Vec<Vec<Value>>) -> Snapshot {
    let place = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let mut snapshot = Snapshot::of("lab", parts.into_iter().flatten().chain([place]));
    snapshot.now = NOW.into();
    snapshot
}

fn told(snapshot: &Snapshot, entity: &str) -> (Fault, String, String) {
    let diagnosis = diagnose(snapshot, entity).expect("it is found");
    let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("no cause: {diagnosis:#?}"));
    assert!(!cause.next.is_empty() && !cause.evidence.is_empty(), "{cause:?}");
    (cause.fault, cause.object.to_string(), cause.field.clone())
}

fn expect(snapshot: &Snapshot, entity: &str, fault: Fault, object: &str, field: &str) {
    assert_eq!(told(snapshot, entity), (fault, object.to_string(), field.to_string()));
}

fn verdict(snapshot: &Snapshot, entity: &str) -> Verdict {
    diagnose(snapshot, entity).map(|it: Diagnosis| it.verdict).expect("it is found")
}

#[test]
fn what_runs_and_is_reached_is_healthy() {
    let parts = vec![running("web", json!({})), vec![service("web", "web", 80, 8080)]];
    assert_eq!(verdict(&snapshot(parts), "shop/web"), Verdict::Healthy);
}

#[test]
fn a_service_beside_a_workload_is_looked_at() {
    let selector = vec![running("web", json!({})), vec![service("web", "wep", 80, 8080)]];
    expect(&snapshot(selector), "web", Fault::WrongSelector, "Service shop/web", "spec.selector.app");
    let port = vec![running("web", json!({})), vec![service("web", "web", 80, 9090)]];
    expect(&snapshot(port), "Deployment:web", Fault::WrongPort, "Service shop/web", "spec.ports[0].targetPort");
}

#[test]
fn an_open_port_counts_for_more_than_a_declared_one() {
    let parts = || vec![running("web", json!({"ports": []})), vec![service("web", "web", 80, 9090)]];
    let mut tried = snapshot(parts());
    assert_eq!(verdict(&tried, "Deployment:web"), Verdict::Healthy, "nothing is declared, nothing was tried");
    tried.put_listening(("10.0.0.3".into(), 9090), false);
    expect(&tried, "Deployment:web", Fault::WrongPort, "Service shop/web", "spec.ports[0].targetPort");
    tried.put_listening(("10.0.0.3".into(), 9090), true);
    assert_eq!(verdict(&tried, "Deployment:web"), Verdict::Healthy);
}

#[test]
fn hosts_that_are_told_must_be_there_and_have_the_port() {
    let caller = |value: &str| running("caller", json!({"env": [{"name": "API_URL", "value": value}]}));
    let parts =
        |value: &str| snapshot(vec![caller(value), running("api", json!({})), vec![service("api", "api", 80, 8080)]]);
    let field = "spec.template.spec.containers[0].env[0].value";
    expect(&parts("http://apii:80"), "caller", Fault::NoSuchHost, "Deployment shop/caller", field);
    expect(&parts("http://api:81"), "caller", Fault::WrongPort, "Deployment shop/caller", field);
    assert_eq!(verdict(&parts("http://api:80"), "caller"), Verdict::Healthy);
}

#[test]
fn a_policy_that_keeps_needed_traffic_away_is_named() {
    let policy = |from: &str, port: u16| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "api"},
            "spec": {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": from}}}], "ports": [{"port": port}]}]}})
    };
    let parts = |policy: Value| {
        let caller = running("caller", json!({"env": [{"name": "API_URL", "value": "http://api:80"}]}));
        snapshot(vec![caller, running("api", json!({})), vec![service("api", "api", 80, 8080), policy]])
    };
    expect(&parts(policy("callers", 8080)), "caller", Fault::Blocked, "NetworkPolicy shop/api", "spec.ingress[0].from");
    expect(&parts(policy("caller", 80)), "caller", Fault::Blocked, "NetworkPolicy shop/api", "spec.ingress[0].ports");
    assert_eq!(verdict(&parts(policy("caller", 8080)), "caller"), Verdict::Healthy);
}

#[test]
fn a_log_that_complains_of_what_is_down_leads_there_and_is_no_cause_itself() {
    let caller = running("caller", json!({"env": [{"name": "DB_HOST", "value": "db"}]}));
    let mut db = running("db", json!({}));
    db[2]["status"]["conditions"][0]["status"] = "False".into();
    db[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}}}]);
    let mut both = snapshot(vec![caller, db, vec![service("db", "db", 5432, 8080)]]);
    let key = ("shop".to_string(), "caller-1-x".to_string(), "app".to_string());
    both.put_recent_log(key, &"dial tcp: connect db:5432: connection refused\n".repeat(5));
    let diagnosis = diagnose(&both, "caller").expect("found");
    assert_eq!(diagnosis.causes[0].fault, Fault::CrashLoop, "{diagnosis:#?}");
    assert_eq!(diagnosis.causes[0].affects, ["Deployment shop/caller"]);
    assert!(diagnosis.causes.iter().all(|cause| cause.fault != Fault::LogErrors), "{diagnosis:#?}");
    assert_eq!(diagnosis.verdict, Verdict::Broken);
}

#[test]
fn a_program_with_an_old_configuration_is_told() {
    let map = |changed: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "settings",
            "managedFields": [{"manager": "kubectl", "time": changed, "fieldsV1": {}}]}, "data": {"mode": "fast"}})
    };
    let parts = |changed: &str| {
        let web = running("web", json!({"envFrom": [{"configMapRef": {"name": "settings"}}]}));
        snapshot(vec![web, vec![map(changed)]])
    };
    assert_eq!(told(&parts("2026-01-01T11:30:00Z"), "web").0, Fault::StaleConfig);
    assert_eq!(verdict(&parts("2026-01-01T10:30:00Z"), "web"), Verdict::Healthy);
}

#[test]
fn what_starts_for_too_long_is_not_called_starting() {
    let mut web = running("web", json!({}));
    web[2]["status"] = json!({"phase": "Pending", "startTime": "2026-01-01T11:00:00Z",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T11:00:00Z"}],
        "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T11:00:01Z"}}}]});
    let late = snapshot(vec![web.clone()]);
    let diagnosis = diagnose(&late, "Pod:web-1-x").expect("found");
    assert_eq!((diagnosis.verdict, diagnosis.causes[0].fault), (Verdict::Broken, Fault::Stalled), "{diagnosis:#?}");
    let mut early = snapshot(vec![web]);
    early.now = "2026-01-01T11:01:00Z".into();
    assert_eq!(verdict(&early, "Pod:web-1-x"), Verdict::Starting);
}

#[test]
fn one_end_long_ago_is_the_past() {
    let mut web = running("web", json!({}));
    web[2]["status"]["containerStatuses"][0]["restartCount"] = 1.into();
    web[2]["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T11:00:00Z"}});
    let diagnosis = diagnose(&snapshot(vec![web]), "web").expect("found");
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{diagnosis:#?}");
    assert!(diagnosis.past[0].contains("60 min ago"), "{:?}", diagnosis.past);
}

#[test]
fn what_cannot_go_names_the_finalizer() {
    let mut web = running("web", json!({}));
    web[0]["metadata"]["deletionTimestamp"] = "2026-01-01T11:50:00Z".into();
    web[0]["metadata"]["finalizers"] = json!(["example.org/backup"]);
    expect(&snapshot(vec![web]), "Deployment:web", Fault::Deleting, "Deployment shop/web", "metadata.finalizers");
}

#[test]
fn a_field_is_followed_to_where_it_is_written() {
    let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
        "spec": {"group": "p.dev", "names": {"kind": "App", "plural": "apps"}, "versions": [{"name": "v1", "referenceable": true}]}});
    let app = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "shop", "name": "web", "uid": "a"}, "spec": {"image": "r/x:1"},
        "status": {"conditions": [{"type": "Synced", "status": "True"}]}});
    let mut web = running("web", json!({}));
    web[0]["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "p.dev/v1", "kind": "App", "name": "web", "uid": "a"}]);
    web[2]["status"]["conditions"][0]["status"] = "False".into();
    web[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull", "message": "r/x:1: not found"}}}]);
    let diagnosis = diagnose(&snapshot(vec![vec![definition, app], web]), "web").expect("found");
    let change = diagnosis.causes[0].change.as_ref().expect("a place to change");
    assert_eq!((change.object.as_str(), change.field.as_str()), ("App:shop/web", "spec.image"));
}
