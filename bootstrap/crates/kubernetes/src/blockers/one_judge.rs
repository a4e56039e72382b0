//! `up`, `status` and the assistant's `diagnose` say the same of the same cluster: ten faults, asked of all three.

use backstack_health::Ref;
use backstack_mcp::live::diagnose::diagnose;
use backstack_mcp::live::snapshot::Snapshot;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::inventory::Entry;
use crate::readiness::{NotReady, assess};
use crate::scope::{Rollout, Scope};
use crate::status::{Health, component};
use crate::view::View;

/// A Deployment, its set, and a pod with this spec and status; or no pod at all.
fn cluster(pod: Option<(Value, Value)>, others: Vec<Value>) -> Vec<Value> {
    let owner =
        |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid}]);
    let made = i64::from(pod.is_some());
    let status = json!({"observedGeneration": 1, "replicas": made, "updatedReplicas": made});
    let mut objects = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "1", "generation": 1},
            "spec": {"replicas": 1}, "status": status}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1", "namespace": "shop", "uid": "2",
            "ownerReferences": owner("Deployment", "web", "1")}, "spec": {"replicas": 1}, "status": {"replicas": made}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {
            "allocatable": {"memory": "1Gi"}, "conditions": [{"type": "Ready", "status": "True"}]}}),
    ];
    objects.extend(pod.map(|(spec, status)| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1-x", "namespace": "shop", "uid": "3",
            "ownerReferences": owner("ReplicaSet", "web-1", "2")}, "spec": spec, "status": status})
    }));
    objects.extend(others);
    objects
}

fn spec(container: Value) -> Value {
    let mut app = json!({"name": "app", "image": "shop/web:1"});
    for (key, value) in container.as_object().into_iter().flatten() {
        app[key] = value.clone();
    }
    json!({"nodeName": "n", "containers": [app]})
}

fn event(kind: &str, name: &str, reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{name}.{reason}"), "namespace": "shop"},
        "type": "Warning", "reason": reason, "message": message, "lastTimestamp": "2026-01-02T03:04:00Z",
        "involvedObject": {"kind": kind, "namespace": "shop", "name": name}})
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [
        {"name": "app", "ready": false, "state": {"waiting": {"reason": reason, "message": message}}}]})
}

fn ended(end: Value) -> Value {
    json!({"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": end}}]})
}

fn faults() -> Vec<(&'static str, Vec<Value>)> {
    let no_image = "failed to resolve reference \"shop/web:1\": shop/web:1: not found";
    let quota = "Error creating: pods \"web-1-y\" is forbidden: exceeded quota: tiny, requested: pods=1, used: pods=0, limited: pods=0";
    let unfit = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "message": "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available."}]});
    let large = json!({"containers": [{"name": "app", "resources": {"requests": {"memory": "2Gi"}}}]});
    let claims =
        json!({"containers": [{"name": "app"}], "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
        "status": {"phase": "Pending"}});
    let runs =
        json!({"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "state": {"running": {}}}]});
    let probed = spec(json!({"readinessProbe": {"httpGet": {"port": 81}}}));
    let pod = |spec: Value, status: Value| Some((spec, status));
    let of_pod = |reason: &str, message: &str| vec![event("Pod", "web-1-x", reason, message)];
    vec![
        ("image", cluster(pod(spec(json!({})), waiting("ErrImagePull", no_image)), vec![])),
        ("crash", cluster(pod(spec(json!({})), ended(json!({"exitCode": 3, "reason": "Error"}))), vec![])),
        (
            "memory",
            cluster(
                pod(
                    spec(json!({"resources": {"limits": {"memory": "64Mi"}}})),
                    ended(json!({"exitCode": 137, "reason": "OOMKilled"})),
                ),
                vec![],
            ),
        ),
        (
            "reference",
            cluster(pod(spec(json!({})), waiting("CreateContainerConfigError", "secret \"web\" not found")), vec![]),
        ),
        (
            "command",
            cluster(pod(spec(json!({})), waiting("CreateContainerError", "exec: \"serve\": no such file")), vec![]),
        ),
        ("quota", cluster(None, vec![event("ReplicaSet", "web-1", "FailedCreate", quota)])),
        ("room", cluster(pod(large, unfit), vec![])),
        (
            "claim",
            cluster(
                pod(claims, json!({"phase": "Pending"})),
                vec![claim, event("PersistentVolumeClaim", "data", "ProvisioningFailed", "no class \"fast\"")],
            ),
        ),
        ("probe", cluster(pod(probed, runs), of_pod("Unhealthy", "Readiness probe failed: connection refused"))),
        (
            "mount",
            cluster(
                pod(spec(json!({})), waiting("ContainerCreating", "")),
                of_pod("FailedMount", "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found"),
            ),
        ),
    ]
}

fn entry() -> Entry {
    let entry = json!({"component": "shop", "version": "1", "digest": "", "namespace": "shop", "complete": true,
        "applied": "", "objects": []});
    serde_json::from_value(entry).expect("an entry")
}

#[test]
fn ten_faults_are_told_in_the_same_words_by_up_status_and_diagnose() {
    let rollout = Rollout { at: Ref::new("apps", "Deployment", "shop", "web"), generation: 1 };
    let scope = Scope { component: "shop".into(), workloads: vec![rollout], ..Scope::default() };
    let mut told = Vec::new();
    for (name, objects) in faults() {
        let found = assess(&scope, &View::of(&objects), OffsetDateTime::now_utc());
        let error = NotReady { component: "shop".into(), waited: Default::default(), blockers: found.blockers.clone() };
        let status = component(&entry(), found);
        let diagnosis = diagnose(&Snapshot::of("lab", objects), "Deployment:shop/web").expect("it is found");
        let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("{name}: nothing is wrong"));

        assert_eq!(error.blockers[0].text, cause.summary, "{name}: up and diagnose");
        assert_eq!(status.blockers[0].text, cause.summary, "{name}: status and diagnose");
        assert_eq!(error.blockers[0].fault, cause.fault, "{name}");
        assert!(cause.next.starts_with(&error.blockers[0].next), "{name}: the same next step");
        let is_trouble = name != "probe";
        assert_eq!(status.health == Health::Degraded, is_trouble, "{name}: a probe may only be slow");
        assert!(!cause.evidence.is_empty(), "{name} has evidence");
        told.push(cause.summary.clone());
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 10, "ten faults, ten sentences: {told:#?}");
}
