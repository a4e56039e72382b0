//! `up`, `status` and the assistant's `diagnose` say the same of the same cluster: faults that pods show by themselves, and
//! faults whose cause stands in another object, asked of all three.

use std::time::Duration;

use backstack_common::error::Explain;
use backstack_health::{Finding, Ref};
use backstack_mcp::live::diagnose::diagnose;
use backstack_mcp::live::snapshot::Snapshot;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Blocker, deeper};
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
    let labels = json!({"matchLabels": {"app": "web"}});
    let written = pod.as_ref().map_or_else(|| spec(json!({})), |(spec, _)| spec.clone());
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": without_node(written)});
    let status = json!({"observedGeneration": 1, "replicas": made, "updatedReplicas": made});
    let mut objects = vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "1", "generation": 1},
            "spec": {"replicas": 1, "selector": labels, "template": template}, "status": status}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1", "namespace": "shop", "uid": "2",
            "ownerReferences": owner("Deployment", "web", "1")},
            "spec": {"replicas": 1, "selector": labels, "template": template}, "status": {"replicas": made}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {
            "allocatable": {"memory": "1Gi"}, "conditions": [{"type": "Ready", "status": "True"}]}}),
    ];
    objects.extend(pod.map(|(spec, status)| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1-x", "namespace": "shop", "uid": "3",
            "labels": {"app": "web"}, "ownerReferences": owner("ReplicaSet", "web-1", "2")}, "spec": spec, "status": status})
    }));
    objects.extend(others);
    objects
}

/// What the scheduler has written is in no template.
fn without_node(mut spec: Value) -> Value {
    spec.as_object_mut().map(|spec| spec.remove("nodeName"));
    spec
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

/// Faults that a pod shows, and whose cause is written elsewhere.
fn deeper_faults() -> Vec<(&'static str, Vec<Value>)> {
    let pending = |message: &str| {
        json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": message}]})
    };
    let claims = json!({"containers": [{"name": "app", "image": "shop/web:1"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}});
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "standard"},
        "provisioner": "rancher.io/local-path"});
    let unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";
    let configured = spec(json!({"envFrom": [{"configMapRef": {"name": "settings"}}]}));
    let absent = waiting("CreateContainerConfigError", "configmap \"settings\" not found");
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "setting", "namespace": "shop"}});
    let chosen = json!({"containers": [{"name": "app", "image": "shop/web:1"}], "nodeSelector": {"disk": "ssd"}});
    let unfit = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
    let mut private = spec(json!({"image": "registry.example/shop/web:1"}));
    private["imagePullSecrets"] = json!([{"name": "login"}]);
    let refused = waiting("ImagePullBackOff", "failed to authorize: 401 Unauthorized");
    vec![
        ("class", cluster(Some((claims, pending(unbound))), vec![claim, class])),
        ("settings", cluster(Some((configured, absent)), vec![other])),
        ("selector", cluster(Some((chosen, pending(unfit))), vec![])),
        ("login", cluster(Some((private, refused)), vec![])),
    ]
}

fn entry() -> Entry {
    let entry = json!({"component": "shop", "version": "1", "digest": "", "namespace": "shop", "complete": true,
        "applied": "", "objects": []});
    serde_json::from_value(entry).expect("an entry")
}

fn scope() -> Scope {
    let rollout = Rollout { at: Ref::new("apps", "Deployment", "shop", "web"), generation: 1 };
    Scope { component: "shop".into(), workloads: vec![rollout], ..Scope::default() }
}

/// The first cause that `diagnose` names.
fn asked(name: &str, objects: Vec<Value>, thing: &str) -> Finding {
    let diagnosis = diagnose(&Snapshot::of("lab", objects), thing).expect("it is found");
    diagnosis.causes.into_iter().next().unwrap_or_else(|| panic!("{name}: nothing is wrong"))
}

/// What `up` watches while a component starts.
fn watched(objects: &[Value]) -> View {
    let kinds = ["ConfigMap", "StorageClass", "ResourceQuota"];
    let watched = objects.iter().filter(|object| !kinds.contains(&object["kind"].as_str().unwrap_or_default()));
    View::of(&watched.cloned().collect::<Vec<_>>())
}

#[test]
fn faults_are_told_in_the_same_words_by_up_status_and_diagnose() {
    let mut told = Vec::new();
    let all: Vec<_> = faults().into_iter().chain(deeper_faults()).collect();
    let count = all.len();
    for (name, objects) in all {
        let found = assess(&scope(), &watched(&objects), OffsetDateTime::now_utc());
        let subjects = deeper::subjects(&found.blockers);
        assert_eq!(subjects, [scope().workloads[0].at.clone()], "{name}: {:?}", found.blockers);
        let cause = asked(name, objects, &subjects[0].typed());
        let causes = [(subjects[0].clone(), cause.clone())];
        let state = component(&entry(), found.clone());
        let blockers = deeper::told(found.blockers, &causes);
        let error = NotReady { component: "shop".into(), waited: Duration::ZERO, blockers };

        assert_eq!(error.blockers.len(), 1, "{name}: {:?}", error.blockers);
        let blocker = &error.blockers[0];
        let expected = Blocker::from(cause.clone());
        assert_eq!(
            (&blocker.object, &blocker.text, blocker.fault),
            (&expected.object, &cause.summary, cause.fault),
            "{name}"
        );
        assert!(
            error.hints().contains(&cause.next),
            "{name}: the next step of {cause:?} is not in {:?}",
            error.hints()
        );
        assert!(!cause.evidence.is_empty(), "{name} has evidence");
        let is_trouble = name != "probe";
        assert_eq!(state.health == Health::Degraded, is_trouble, "{name}: a probe may only be slow");
        if !is_trouble {
            assert_eq!(state.blockers[0].text, cause.summary, "{name}: what may pass is not asked about again");
        }
        told.push(cause.summary.clone());
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), count, "each fault has a sentence of its own: {told:#?}");
}

/// What real platforms had when a fault was planted on them: `BACKSTACK_RECORD` of the end-to-end tests writes it.
const RECORDED: [(&str, &str); 5] = [
    ("bad-image", include_str!("recorded/bad-image.json")),
    ("crash", include_str!("recorded/crash.json")),
    ("probe", include_str!("recorded/probe.json")),
    ("quota", include_str!("recorded/quota.json")),
    ("unschedulable", include_str!("recorded/unschedulable.json")),
];

#[test]
fn recorded_platforms_are_judged_alike_too() {
    for (name, recorded) in RECORDED {
        let recorded: Value = serde_json::from_str(recorded).expect("a recording");
        let text = |field: &str| recorded[field].as_str().expect("a text").to_string();
        let objects = recorded["objects"].as_array().expect("objects").clone();
        let now = OffsetDateTime::parse(&text("now"), &Rfc3339).expect("a time");
        let workload = objects.iter().map(Ref::of).find(|at| at.typed() == text("workload")).expect("it is there");
        let scope = Scope { workloads: vec![Rollout { at: workload.clone(), generation: 1 }], ..Scope::default() };
        let found = assess(&scope, &watched(&objects), now);
        let mut snapshot = Snapshot::of("lab", objects);
        snapshot.now = text("now");
        let diagnosis = diagnose(&snapshot, &workload.typed()).expect("it is found");
        let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("{name}: nothing is wrong"));

        assert_eq!(serde_json::to_value(cause.fault).expect("a word"), text("cause"), "{name}");
        assert_eq!(found.blockers[0].fault, cause.fault, "{name}: {:?}", found.blockers);
        let blockers = deeper::told(found.blockers, &[(workload, cause.clone())]);
        assert_eq!(blockers[0].text, cause.summary, "{name}");
    }
}
