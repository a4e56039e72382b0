//! What is told for objects as a cluster has them.

use backstack_health::Ref;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::explain;
use crate::object::VersionedRef;
use crate::readiness::assess;
use crate::scope::{Rollout, Scope, Wanted, Webhook};
use crate::view::{Tracked, View};

fn now() -> OffsetDateTime {
    OffsetDateTime::parse("2026-01-02T03:05:00Z", &Rfc3339).expect("a time")
}

fn scope() -> Scope {
    let rollout = Rollout { at: Ref::new("apps", "Deployment", "shop", "web"), generation: 1 };
    Scope { component: "shop".into(), workloads: vec![rollout], ..Scope::default() }
}

fn deployment() -> Value {
    json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}})
}

fn replica_set() -> Value {
    json!({"kind": "ReplicaSet", "metadata": {"name": "web-1", "namespace": "shop",
        "ownerReferences": [{"kind": "Deployment", "name": "web"}]}})
}

fn pod(name: &str, spec: Value, status: Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": name, "namespace": "shop",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1"}]}, "spec": spec, "status": status})
}

fn event(kind: &str, name: &str, reason: &str, message: &str, time: &str) -> Value {
    json!({"kind": "Event", "metadata": {"name": format!("{name}.{reason}.{time}"), "namespace": "shop"},
        "involvedObject": {"kind": kind, "namespace": "shop", "name": name, "fieldPath": "spec.containers{app}"},
        "reason": reason, "message": message, "lastTimestamp": format!("2026-01-02T{time}Z")})
}

fn spec() -> Value {
    json!({"nodeName": "n1", "containers": [{"name": "app", "image": "shop/web:1"}]})
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"phase": "Pending", "containerStatuses": [
        {"name": "app", "ready": false, "state": {"waiting": {"reason": reason, "message": message}}}]})
}

/// The texts of all blockers when the Deployment has this pod and these other objects.
fn told(pod: Value, others: &[Value]) -> Vec<String> {
    let objects: Vec<_> = [deployment(), replica_set(), pod].into_iter().chain(others.iter().cloned()).collect();
    let found = assess(&scope(), &View::of(&objects), now());
    found.blockers.iter().map(ToString::to_string).collect()
}

#[test]
fn a_pod_that_waits_says_for_what() {
    let pull_error = "Back-off pulling image \"shop/web:1\": ErrImagePull: failed to pull and unpack image \
        \"reg.example/shop/web:1\": failed to resolve reference \"reg.example/shop/web:1\": failed to do request: \
        Head \"https://reg.example/v2/\": dial tcp: lookup reg.example on 10.96.0.10:53: no such host";
    let cases = [
        (
            "image pull that fails",
            waiting("ImagePullBackOff", pull_error),
            vec![],
            "image `shop/web:1` cannot be pulled: the registry does not answer: dial tcp: lookup reg.example on 10.96.0.10:53: no such host",
        ),
        (
            "image that does not exist, told by an event only",
            waiting("ImagePullBackOff", "Back-off pulling image \"shop/web:1\""),
            vec![event(
                "Pod",
                "p",
                "Failed",
                "Failed to pull image \"shop/web:1\": rpc error: code = NotFound desc = \
                failed to resolve reference \"shop/web:1\": shop/web:1: not found",
                "03:04:00",
            )],
            "image `shop/web:1` cannot be pulled: there is no such image or tag",
        ),
        (
            "image that is being pulled",
            waiting("ContainerCreating", ""),
            vec![event("Pod", "p", "Pulling", "Pulling image \"shop/web:1\"", "03:04:22")],
            "pulling image `shop/web:1` since 38 s",
        ),
        (
            "image that was pulled",
            waiting("ContainerCreating", ""),
            vec![
                event("Pod", "p", "Pulling", "Pulling image \"shop/web:1\"", "03:04:22"),
                event("Pod", "p", "Pulled", "Successfully pulled image", "03:04:40"),
            ],
            "container `app` is being made",
        ),
        (
            "secret of a volume that is missing",
            waiting("ContainerCreating", ""),
            vec![event(
                "Pod",
                "p",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found",
                "03:04:30",
            )],
            "waits for a volume: MountVolume.SetUp failed for volume \"tls\" : secret \"web-tls\" not found",
        ),
        (
            "secret of an environment variable that is missing",
            waiting("CreateContainerConfigError", "secret \"web\" not found"),
            vec![],
            "container `app` cannot be made: secret \"web\" not found",
        ),
    ];
    for (name, status, others, expected) in cases {
        assert_eq!(told(pod("p", spec(), status), &others), [format!("pod shop/p: {expected}")], "{name}");
    }
}

#[test]
fn a_container_that_ends_again_and_again_is_told_with_how_and_how_often() {
    let crash = |end: Value, restarts: i64| {
        json!({"phase": "Running", "containerStatuses": [{"name": "app", "ready": false, "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
            "lastState": {"terminated": end}}]})
    };
    let exits = told(pod("p", spec(), crash(json!({"exitCode": 1, "reason": "Error"}), 4)), &[]);
    assert_eq!(exits, ["pod shop/p: container `app` exits 1, 4 restarts"]);
    let memory = told(pod("p", spec(), crash(json!({"exitCode": 137, "reason": "OOMKilled"}), 1)), &[]);
    assert_eq!(
        memory,
        ["pod shop/p: container `app` is killed because it needs more memory than its limit, 1 restart"]
    );
}

#[test]
fn a_crash_knows_where_its_log_is_and_ranks_before_its_neighbours() {
    let crash = json!({"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 0,
        "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]});
    let objects =
        [deployment(), replica_set(), pod("a", spec(), waiting("ContainerCreating", "")), pod("b", spec(), crash)];
    let blockers = assess(&scope(), &View::of(&objects), now()).blockers;
    assert_eq!(blockers[0].to_string(), "pod shop/b: container `app` exits 2");
    assert_eq!(blockers[0].log_source.as_ref().expect("a log").container, "app");
    assert_eq!(blockers.len(), 2);
}

#[test]
fn the_scheduler_is_told_with_the_numbers_it_leaves_out() {
    let node = json!({"kind": "Node", "metadata": {"name": "n1"}, "status": {
        "allocatable": {"memory": "1Gi", "cpu": "2"}, "conditions": [{"type": "Ready", "status": "True"}]}});
    let neighbour = json!({"kind": "Pod", "metadata": {"name": "other", "namespace": "x"}, "status": {"phase": "Running"},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "resources": {"requests": {"memory": "814Mi"}}}]}});
    let spec = json!({"containers": [{"name": "app", "resources": {"requests": {"memory": "512Mi"}}}]});
    let unfit = |message: &str| {
        json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]})
    };
    let full = "0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption \
        victims found for incoming pod.";
    let cases = [
        (full, "0 of 1 nodes fit: insufficient memory (needs 512 Mi, 210 Mi free)"),
        ("no nodes available to schedule pods", "no nodes available to schedule pods"),
        (
            "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match Pod's node affinity/selector.",
            "0 of 3 nodes fit: too many pods on the node; nodes didn't match Pod's node affinity/selector",
        ),
        (
            "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
            "0 of 1 nodes fit: the nodes' taints keep it away",
        ),
    ];
    for (message, expected) in cases {
        let found = told(pod("p", spec.clone(), unfit(message)), &[node.clone(), neighbour.clone()]);
        assert_eq!(found, [format!("pod shop/p: {expected}")]);
    }
}

#[test]
fn a_claim_without_a_volume_is_the_cause_but_one_that_waits_for_the_pod_is_not() {
    let spec = json!({"containers": [], "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]});
    let claim = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
        "status": {"phase": "Pending"}});
    let waits = |reason: &str, message: &str| {
        let why = event("PersistentVolumeClaim", "data", reason, message, "03:04:00");
        told(pod("p", spec.clone(), json!({"phase": "Pending"})), &[claim.clone(), why])
    };
    let failed = waits("ProvisioningFailed", "storageclass.storage.k8s.io \"fast\" not found");
    assert_eq!(
        failed,
        ["pod shop/p: its volume claim `data` is pending: storageclass.storage.k8s.io \"fast\" not found"]
    );
    assert_eq!(waits("WaitForFirstConsumer", "waiting for first consumer"), ["pod shop/p: waits for a node"]);
    let missing = told(pod("p", spec.clone(), json!({"phase": "Pending"})), &[]);
    assert_eq!(missing, ["pod shop/p: its volume claim `data` does not exist"]);
}

#[test]
fn a_running_container_is_told_with_its_probe() {
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "app", "ready": false,
        "state": {"running": {"startedAt": "2026-01-02T03:04:10Z"}}}]});
    let quiet = told(pod("p", spec(), status.clone()), &[]);
    assert_eq!(quiet, ["pod shop/p: container `app` is starting, running for 50 s"]);
    let probe =
        event("Pod", "p", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "03:04:50");
    let loud = told(pod("p", spec(), status), &[probe]);
    assert_eq!(
        loud,
        ["pod shop/p: container `app` runs but its readiness probe fails: HTTP probe failed with statuscode: 503"]
    );
}

#[test]
fn init_containers_come_first() {
    let status = json!({"phase": "Pending",
        "initContainerStatuses": [
            {"name": "done", "state": {"terminated": {"exitCode": 0}}},
            {"name": "migrate", "state": {"running": {"startedAt": "2026-01-02T03:04:30Z"}}}],
        "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]});
    assert_eq!(
        told(pod("p", spec(), status), &[]),
        ["pod shop/p: waits for init container `migrate` to finish, running for 30 s"]
    );
    let failing = json!({"phase": "Pending", "initContainerStatuses": [{"name": "migrate", "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]});
    assert_eq!(told(pod("p", spec(), failing), &[]), ["pod shop/p: init container `migrate` exits 1, 3 restarts"]);
}

#[test]
fn pods_that_may_not_be_made_are_told_by_their_workload() {
    let refused = "(combined from similar events): Error creating: pods \"web-1-x\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5";
    let mut without_pods = deployment();
    without_pods["status"] = json!({"observedGeneration": 1});
    let objects = [without_pods, replica_set(), event("ReplicaSet", "web-1", "FailedCreate", refused, "03:04:00")];
    let blockers = assess(&scope(), &View::of(&objects), now()).blockers;
    assert_eq!(
        blockers[0].to_string(),
        "Deployment shop/web: its pods cannot be made: pods \"web-1-x\" is forbidden: \
        exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5"
    );
}

#[test]
fn pods_that_say_the_same_are_told_once() {
    let objects: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|name| pod(name, spec(), waiting("ContainerCreating", "")))
        .chain([deployment(), replica_set()])
        .collect();
    let blockers = assess(&scope(), &View::of(&objects), now()).blockers;
    assert_eq!(blockers.len(), 1);
    assert_eq!(blockers[0].to_string(), "pod shop/a: container `app` is being made (and 2 more)");
}

#[test]
fn a_failed_job_is_final_and_comes_first() {
    let rollout = Rollout { at: Ref::new("batch", "Job", "shop", "seed"), generation: 1 };
    let scope = Scope { workloads: vec![rollout], ..Scope::default() };
    let job = json!({"kind": "Job", "metadata": {"name": "seed", "namespace": "shop"}, "status": {"conditions": [
        {"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]}});
    let blockers = assess(&scope, &View::of(&[job]), now()).blockers;
    assert_eq!(blockers[0].fault, backstack_health::Fault::JobFailed);
    assert_eq!(blockers[0].to_string(), "Job shop/seed: has failed: Job has reached the specified backoff limit");
}

#[test]
fn webhooks_apis_and_conditions_are_waited_for() {
    let thing = VersionedRef::new("example.dev/v1", "Thing", Some("shop"), "x");
    let scope = Scope {
        component: "shop".into(),
        api_services: vec!["v1.metrics.example.dev".into()],
        conditions: vec![(thing.clone(), Wanted::Condition("Ready".into()))],
        webhooks: vec![Webhook { configuration: "checks".into(), namespace: "shop".into(), service: "hook".into() }],
        ..Scope::default()
    };
    let mut view = View::of(&[
        json!({"kind": "APIService", "metadata": {"name": "v1.metrics.example.dev"}, "status": {"conditions": [
            {"type": "Available", "status": "False", "message": "endpoints for service/metrics have no addresses."}]}}),
        json!({"kind": "EndpointSlice", "metadata": {"name": "hook-1", "namespace": "shop",
            "labels": {"kubernetes.io/service-name": "hook"}}, "endpoints": null}),
    ]);
    let texts = |view: &View| assess(&scope, view, now()).blockers.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(&view),
        [
            "webhook checks: nobody answers behind its service `shop/hook` yet",
            "API v1.metrics.example.dev: does not answer: endpoints for service/metrics have no addresses",
            "Thing shop/x: does not exist yet",
        ]
    );

    let ready = |status: &str| {
        json!({"metadata": {"name": "x"}, "status": {"conditions": [
        {"type": "Ready", "status": status, "message": "cannot resolve it"}]}})
    };
    view.follow(&thing, Some(&ready("False")));
    assert_eq!(texts(&view)[2], "Thing shop/x: Ready is False: cannot resolve it");

    view.follow(&thing, Some(&ready("True")));
    for (tracked, key, object) in [
        (
            Tracked::ApiServices,
            "/v1.metrics.example.dev",
            json!({"kind": "APIService", "metadata": {"name": "v1.metrics.example.dev"},
            "status": {"conditions": [{"type": "Available", "status": "True"}]}}),
        ),
        (
            Tracked::EndpointSlices,
            "shop/hook-1",
            json!({"kind": "EndpointSlice", "metadata": {"name": "hook-1", "namespace": "shop",
            "labels": {"kubernetes.io/service-name": "hook"}}, "endpoints": [{"conditions": {}}]}),
        ),
    ] {
        view.put(tracked, key.into(), &object);
    }
    assert!(texts(&view).is_empty(), "{:?}", texts(&view));
}

#[test]
fn a_field_or_the_object_itself_can_be_waited_for() {
    let app = VersionedRef::new("example.dev/v1", "App", Some("shop"), "x");
    let text = |wanted: Wanted, found: Option<Value>| {
        let scope = Scope { component: "shop".into(), conditions: vec![(app.clone(), wanted)], ..Scope::default() };
        let mut view = View::default();
        view.follow(&app, found.as_ref());
        let blockers = explain(&scope, &[], &view, OffsetDateTime::UNIX_EPOCH);
        blockers.first().map(ToString::to_string)
    };
    let healthy = || Wanted::Field("status.health.status".into(), json!("Healthy"));
    let health = |value: Value| Some(json!({"status": {"health": {"status": value}}}));
    assert_eq!(text(healthy(), health(json!("Healthy"))), None);
    assert_eq!(text(healthy(), None).as_deref(), Some("App shop/x: does not exist yet"));
    assert_eq!(text(healthy(), Some(json!({}))).as_deref(), Some("App shop/x: has no `status.health.status` yet"));
    let expected = "App shop/x: status.health.status is Degraded, not Healthy";
    assert_eq!(text(healthy(), health(json!("Degraded"))).as_deref(), Some(expected));
    let first = Wanted::Field("spec.ports.0".into(), json!(80));
    assert_eq!(text(first.clone(), Some(json!({"spec": {"ports": [80]}}))), None);
    assert_eq!(
        text(first, Some(json!({"spec": {"ports": [{}]}}))).as_deref(),
        Some("App shop/x: spec.ports.0 is a map, not 80")
    );
    assert_eq!(text(Wanted::Exists, Some(json!({}))), None);
    assert_eq!(text(Wanted::Exists, None).as_deref(), Some("App shop/x: does not exist yet"));
}
