//! What operators and Argo CD look after. On a platform the same is planted by `scripts/tools/situations` (keepers, unseen).

use serde_json::{Value, json};

use super::super::{Fault, diagnose};
use super::between::{running, snapshot};
use crate::live::snapshot::Snapshot;

fn first(snapshot: &Snapshot, entity: &str) -> Option<(Fault, String, String)> {
    let causes = diagnose(snapshot, entity).expect("it is found").causes;
    causes.first().map(|cause| (cause.fault, cause.object.to_string(), cause.field.clone()))
}

fn is(fault: Fault, object: &str, field: &str) -> Option<(Fault, String, String)> {
    Some((fault, object.into(), field.into()))
}

fn cluster(notes: Value, spec: Value, status: Value) -> Value {
    json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "db", "uid": "c", "annotations": notes},
        "spec": spec, "status": status})
}

#[test]
fn what_is_switched_off_is_told_and_not_what_comes_from_that() {
    let told = |notes: Value, spec: Value| {
        let status = json!({"conditions": [{"type": "Ready", "status": "False", "message": "not ready"}]});
        let mut pod = running("db", json!({})).remove(2);
        pod["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "db.dev/v1", "kind": "Cluster", "name": "db", "uid": "c", "controller": true}]);
        pod["status"]["conditions"][0]["status"] = "False".into();
        pod["status"]["containerStatuses"][0]["ready"] = false.into();
        first(&snapshot(vec![vec![cluster(notes, spec, status), pod]]), "Cluster:shop/db")
    };
    let key = "cnpg.io/fencedInstances";
    let at = format!("metadata.annotations[{key}]");
    assert_eq!(told(json!({key: "[\"*\"]"}), json!({})), is(Fault::Paused, "Cluster shop/db", &at));
    assert_eq!(told(json!({}), json!({"suspend": true})), is(Fault::Paused, "Cluster shop/db", "spec.suspend"));
    assert_eq!(told(json!({}), json!({"instances": 0})), is(Fault::Paused, "Cluster shop/db", "spec.instances"));
    assert_ne!(told(json!({key: "[]"}), json!({"suspend": false})).map(|told| told.0), Some(Fault::Paused));
}

#[test]
fn a_claim_that_its_class_does_not_let_grow_is_told_where_more_is_asked_for() {
    let told = |grows: bool| {
        let owner = cluster(json!({}), json!({"storage": {"size": "200Mi"}}), json!({"phase": "fine"}));
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "db-1",
            "ownerReferences": [{"apiVersion": "db.dev/v1", "kind": "Cluster", "name": "db", "uid": "c"}]},
            "spec": {"storageClassName": "plain", "resources": {"requests": {"storage": "100Mi"}}}, "status": {"phase": "Bound"}});
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "plain"}, "allowVolumeExpansion": grows});
        first(&snapshot(vec![vec![owner, claim, class]]), "Cluster:shop/db")
    };
    assert_eq!(told(false), is(Fault::Volume, "Cluster shop/db", "spec.storage.size"));
    assert_eq!(told(true), None);
}

fn application(spec: Value, status: Value) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop",
        "creationTimestamp": "2026-01-01T10:00:00Z"}, "spec": spec, "status": status})
}

#[test]
fn a_window_that_is_open_keeps_an_application_from_being_synced() {
    let told = |kind: &str, schedule: &str| {
        let project = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd", "name": "team"},
            "spec": {"syncWindows": [{"kind": kind, "schedule": schedule, "duration": "2h", "applications": ["sh*"]}]}});
        let spec = json!({"project": "team", "source": {"path": "a"}, "destination": {"namespace": "shop"}, "syncPolicy": {"automated": {}}});
        let status = json!({"sync": {"status": "OutOfSync"}, "resources": [{"kind": "ConfigMap", "namespace": "shop", "name": "a", "status": "OutOfSync"}]});
        first(&snapshot(vec![vec![project, application(spec, status)]]), "Application:argocd/shop")
    };
    let window = is(Fault::Paused, "AppProject argocd/team", "spec.syncWindows[0]");
    // It is noon.
    assert_eq!(told("deny", "0 11 * * *"), window);
    assert_eq!(told("allow", "0 2 * * *"), window);
    assert_ne!(told("deny", "0 2 * * *"), window);
    assert_ne!(told("allow", "0 11 * * *"), window);
}

#[test]
fn applications_that_do_nothing_say_why() {
    let told = |spec: Value, status: Value, note: Option<&str>| {
        let mut application = application(spec, status);
        if let Some(note) = note {
            application["metadata"]["annotations"] = json!({note: "true"});
        }
        first(&snapshot(vec![vec![application]]), "Application:argocd/shop")
    };
    let source = |include: &str| json!({"project": "x", "source": {"path": "a", "directory": {"include": include}}, "syncPolicy": {"automated": {}}});
    let synced = json!({"sync": {"status": "Synced"}, "health": {"status": "Healthy"}});
    let expected = is(Fault::NotApplied, "Application argocd/shop", "spec.source.directory.include");
    assert_eq!(told(source("*.jsn"), synced.clone(), None), expected);
    let key = "argocd.argoproj.io/skip-reconcile";
    let expected = is(Fault::Paused, "Application argocd/shop", &format!("metadata.annotations[{key}]"));
    assert_eq!(told(source(""), json!({"sync": {"status": "OutOfSync"}}), Some(key)), expected);
    let off = json!({"project": "x", "source": {"path": "a"}, "syncPolicy": {"automated": {"enabled": false}}});
    let expected = is(Fault::NotApplied, "Application argocd/shop", "spec.syncPolicy.automated.enabled");
    assert_eq!(told(off, json!({"sync": {"status": "OutOfSync"}}), None), expected);
    let left = json!({"sync": {"status": "OutOfSync"}, "operationState": {"phase": "Succeeded"},
        "resources": [{"kind": "ConfigMap", "namespace": "shop", "name": "old", "status": "OutOfSync", "requiresPruning": true}]});
    let expected = is(Fault::OutOfSync, "Application argocd/shop", "spec.syncPolicy.automated.prune");
    assert_eq!(told(source(""), left, None).map(|told| (told.0, told.2)), expected.map(|told| (told.0, told.2)));
}

#[test]
fn a_sync_that_waits_for_a_hook_leads_to_the_hook() {
    let hook = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "migrate"}, "spec": {}, "status": {}});
    let status = json!({"sync": {"status": "OutOfSync"}, "resources": [{"group": "batch", "kind": "Job", "namespace": "shop", "name": "migrate"}],
        "operationState": {"phase": "Running", "startedAt": "2026-01-01T11:50:00Z", "message": "waiting for completion of hook batch/Job/migrate"}});
    let spec = json!({"project": "x", "source": {"path": "a"}, "destination": {"namespace": "shop"}, "syncPolicy": {"automated": {}}});
    let told = first(&snapshot(vec![vec![hook, application(spec, status)]]), "Application:argocd/shop");
    assert_eq!(told, is(Fault::Stalled, "Job shop/migrate", ""));
}

#[test]
fn a_set_that_makes_no_application_is_told() {
    let set = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"namespace": "argocd", "name": "all", "uid": "s",
        "creationTimestamp": "2026-01-01T10:00:00Z"}, "spec": {"generators": [{"clusters": {"selector": {}}}]}, "status": {}});
    let told = |made: Vec<Value>| first(&snapshot(vec![vec![set.clone()], made]), "ApplicationSet:argocd/all");
    assert_eq!(told(Vec::new()), is(Fault::Missing, "ApplicationSet argocd/all", "spec.generators[0]"));
    let mut made = application(json!({}), json!({"sync": {"status": "Synced"}}));
    made["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "all", "uid": "s"}]);
    assert_eq!(told(vec![made]), None);
}

#[test]
fn a_webhook_that_nobody_answers_for_is_told_in_its_namespace() {
    let hook = |policy: &str| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "guard"},
            "webhooks": [{"name": "guard.dev", "failurePolicy": policy, "namespaceSelector": {"matchLabels": {"team": "a"}},
                "clientConfig": {"service": {"namespace": "shop", "name": "guard"}}}]})
    };
    let told = |policy: &str| {
        let place = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"team": "a"}}, "status": {"phase": "Active"}});
        first(&snapshot(vec![vec![hook(policy), place]]), "Namespace:team")
    };
    let expected = is(Fault::Webhook, "ValidatingWebhookConfiguration guard", "webhooks[0].clientConfig.service");
    assert_eq!(told("Fail"), expected);
    assert_eq!(told("Ignore"), None);
}
