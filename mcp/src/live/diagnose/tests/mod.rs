//! The planted faults on small snapshots: shapes and messages as the servers write them. On a real cluster they are
//! planted by `bootstrap/crates/end-to-end/tests/end_to_end/diagnose`.

mod between;
mod chains;
mod complaints;
mod in_time;
mod keepers;
mod stopped;
mod turned_down;
mod unseen;
mod ways;
mod wholes;

use serde_json::{Value, json};

use super::{Diagnosis, Fault, Verdict, diagnose};
use crate::live::snapshot::Snapshot;

fn xrd() -> Value {
    json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
        "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "App", "plural": "apps"}, "versions": [{"name": "v1", "referenceable": true}]}})
}

fn composition(function: &str) -> Value {
    json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "apps"},
        "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1", "kind": "App"}, "pipeline": [{"step": "render", "functionRef": {"name": function}}]}})
}

fn function(name: &str) -> Value {
    json!({"apiVersion": "pkg.crossplane.io/v1", "kind": "Function", "metadata": {"name": name},
        "status": {"conditions": [{"type": "Installed", "status": "True"}, {"type": "Healthy", "status": "True"}]}})
}

fn application() -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-shop"},
        "spec": {"source": {"repoURL": "http://git/gitea/o/demo.git", "targetRevision": "main", "path": "demo/app"}, "destination": {"namespace": "demo"}},
        "status": {"sync": {"status": "Synced"}, "health": {"status": "Progressing"},
            "resources": [{"group": "p.dev", "kind": "App", "namespace": "demo", "name": "shop", "status": "Synced"}]}})
}

fn app(synced: Option<&str>) -> Value {
    let synced = match synced {
        None => json!({"type": "Synced", "status": "True"}),
        Some(message) => json!({"type": "Synced", "status": "False", "reason": "ReconcileError", "message": message}),
    };
    json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "app"},
        "spec": {"crossplane": {"compositionRef": {"name": "apps"}, "resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}]}},
        "status": {"conditions": [synced, {"type": "Ready", "status": "False", "reason": "Creating", "message": "Unready resources: deployment"}]}})
}

fn owned(api: &str, kind: &str, name: &str, uid: &str, owner: (&str, &str), more: Value) -> Value {
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": "demo", "name": name, "uid": uid,
        "ownerReferences": [{"apiVersion": "x", "kind": owner.0, "name": "shop", "uid": owner.1, "controller": true}]}});
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}

/// The Deployment and its set, with what they say about themselves.
fn workload(refused: Option<&str>) -> Vec<Value> {
    let conditions = match refused {
        None => {
            json!([{"type": "Available", "status": "False", "message": "Deployment does not have minimum availability."}])
        }
        Some(message) => {
            json!([{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}])
        }
    };
    let status = json!({"spec": {"replicas": 1, "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {}}}, "status": {"replicas": u8::from(refused.is_none()), "conditions": conditions}});
    vec![
        owned("apps/v1", "Deployment", "shop", "deployment", ("App", "app"), status.clone()),
        owned("apps/v1", "ReplicaSet", "shop-1", "set", ("Deployment", "deployment"), status),
        owned("v1", "Service", "shop", "service", ("App", "app"), json!({"spec": {"selector": {"app": "shop"}}})),
    ]
}

fn pod(status: Value) -> Value {
    let spec = json!({"nodeName": "n", "containers": [{"name": "app", "image": "registry/shop:9", "readinessProbe": {"httpGet": {"port": 81}}}]});
    let mut pod = owned("v1", "Pod", "shop-1-x", "pod", ("ReplicaSet", "set"), json!({"spec": spec, "status": status}));
    pod["metadata"]["labels"] = json!({"app": "shop"});
    pod
}

fn event(kind: &str, name: &str, reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "demo", "name": format!("{name}.{reason}")}, "type": "Warning",
        "reason": reason, "message": message, "count": 4, "involvedObject": {"kind": kind, "namespace": "demo", "name": name}})
}

fn judged(parts: Vec<Vec<Value>>) -> Diagnosis {
    let mut objects = vec![xrd(), composition("render"), function("render"), application()];
    objects.extend(parts.into_iter().flatten());
    let diagnosis = diagnose(&Snapshot::of("lab", objects), "shop").expect("it is found");
    for cause in &diagnosis.causes {
        assert!(!cause.next.is_empty() && !cause.summary.is_empty(), "{cause:?} says what it is and what to do");
    }
    diagnosis
}

fn first(parts: Vec<Vec<Value>>) -> (Fault, String) {
    let diagnosis = judged(parts);
    let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("no cause: {diagnosis:#?}"));
    assert!(!cause.evidence.is_empty(), "{cause:?} has evidence");
    (cause.fault, cause.summary.clone())
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason, "message": message}}}]})
}

#[test]
fn a_bad_image_is_named() {
    let pull = event("Pod", "shop-1-x", "Failed", "Failed to pull image \"registry/shop:9\": rpc error: not found");
    let (fault, summary) = first(vec![
        vec![app(None)],
        workload(None),
        vec![pod(waiting("ImagePullBackOff", "Back-off pulling image")), pull],
    ]);
    assert_eq!(fault, Fault::BadImage);
    assert!(summary.contains("`registry/shop:9`") && summary.contains("no such image"), "{summary}");
}

#[test]
fn a_crash_shows_its_code_and_a_failing_liveness_probe_is_no_crash() {
    let crashed = |code: i64| {
        json!({"containerStatuses": [{"name": "app", "ready": false, "restartCount": 5, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": code, "reason": "Error"}}}]})
    };
    let (fault, summary) = first(vec![vec![app(None)], workload(None), vec![pod(crashed(3))]]);
    assert_eq!(fault, Fault::CrashLoop);
    assert!(summary.contains("exits 3"), "{summary}");
    let probe = event("Pod", "shop-1-x", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500");
    assert_eq!(first(vec![vec![app(None)], workload(None), vec![pod(crashed(137)), probe]]).0, Fault::FailingProbe);
}

#[test]
fn a_failing_readiness_probe_comes_before_the_service_without_endpoints() {
    let running = json!({"conditions": [{"type": "Ready", "status": "False", "message": "containers with unready status: [app]"}],
        "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"running": {}}}]});
    let probe = event(
        "Pod",
        "shop-1-x",
        "Unhealthy",
        "Readiness probe failed: Get \"http://10.0.0.1:81/\": connection refused",
    );
    let (fault, summary) = first(vec![vec![app(None)], workload(None), vec![pod(running), probe]]);
    assert_eq!(fault, Fault::FailingProbe);
    assert!(summary.contains("connection refused"), "{summary}");
}

#[test]
fn an_unschedulable_pod_says_what_it_asks_for() {
    let unscheduled = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available."}]});
    let mut pod = pod(unscheduled);
    pod["spec"]["nodeName"] = "".into();
    let (fault, summary) = first(vec![vec![app(None)], workload(None), vec![pod]]);
    assert_eq!(fault, Fault::Unschedulable);
    assert!(summary.contains("insufficient memory") && !summary.contains("preemption"), "{summary}");
}

#[test]
fn refusals_to_make_pods_are_told_apart() {
    let refused = |message: &str| first(vec![vec![app(None)], workload(Some(message))]).0;
    assert_eq!(
        refused(
            r#"pods "shop-1-y" is forbidden: exceeded quota: tiny, requested: pods=1, used: pods=0, limited: pods=0"#
        ),
        Fault::Quota
    );
    assert_eq!(
        refused(r#"admission webhook "vpol.validate.kyverno.svc-fail" denied the request: Policy x failed: y"#),
        Fault::PolicyDenied
    );
    assert_eq!(
        refused(
            r#"pods "shop-1-" is forbidden: error looking up service account demo/nobody: serviceaccount "nobody" not found"#
        ),
        Fault::MissingReference
    );
}

#[test]
fn a_missing_function_is_named_even_before_crossplane_says_so() {
    let diagnosis =
        diagnose(&Snapshot::of("lab", [xrd(), composition("renderer"), function("render"), app(None)]), "shop")
            .expect("found");
    assert_eq!(diagnosis.causes[0].fault, Fault::MissingFunction);
    assert!(diagnosis.causes[0].summary.contains("`renderer`"), "{diagnosis:#?}");
}

#[test]
fn missing_rights_of_crossplane_are_told() {
    let message = r#"cannot compose resources: cannot apply composed resource "ingress": cannot patch object: ingresses.networking.k8s.io "shop" is forbidden: User "system:serviceaccount:crossplane-system:crossplane" cannot patch resource "ingresses" in API group "networking.k8s.io" in the namespace "demo""#;
    let (fault, summary) = first(vec![vec![app(Some(message))]]);
    assert_eq!(fault, Fault::MissingRights);
    assert!(summary.contains("ingresses"), "{summary}");
}

#[test]
fn a_kind_that_crossplane_may_not_list_is_named() {
    let mut app = app(Some(
        "cannot compose resources: cannot get existing composed resources: cannot get composed resource: Timeout: failed waiting for *unstructured.Unstructured Informer to sync",
    ));
    app["spec"]["crossplane"]["resourceRefs"] =
        json!([{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "name": "shop"}]);
    let (fault, summary) = first(vec![vec![app]]);
    assert_eq!(fault, Fault::MissingRights);
    assert!(summary.contains("Lease (coordination.k8s.io/v1)"), "{summary}");
}

#[test]
fn a_definition_that_is_not_served_says_why() {
    let mut broken = xrd();
    broken["status"] = json!({});
    let name = broken["metadata"]["name"].clone();
    let event = |number: u8| {
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "default", "name": format!("e{number}")}, "type": "Warning",
        "reason": "EstablishComposite", "involvedObject": {"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "name": name},
        "message": "cannot create object: Unsupported value: \"strng\""})
    };
    let snapshot = Snapshot::of("lab", [broken, event(1), event(2)]);
    let diagnosis = diagnose(&snapshot, name.as_str().expect("a name")).expect("found");
    assert_eq!(diagnosis.causes[0].fault, Fault::InvalidManifest);
    assert!(diagnosis.causes[0].summary.contains("strng"), "{diagnosis:#?}");
    assert_eq!((diagnosis.events.len(), diagnosis.events[0].count), (1, 2));
}

fn broken_in_git(condition: Value, operation: Value) -> Fault {
    let mut application = application();
    application["status"] = json!({"sync": {"status": "Unknown"}, "health": {"status": "Healthy"}, "conditions": [condition], "operationState": operation});
    let snapshot = Snapshot::of("lab", [xrd(), application]);
    let diagnosis = diagnose(&snapshot, "demo/shop").expect("found through its application");
    assert_eq!(diagnosis.verdict, Verdict::Broken);
    diagnosis.causes[0].fault
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_name_and_line() {
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-broken"},
        "spec": {"source": {"repoURL": "http://git/backstack/demo-cluster.git", "path": "demo/app", "directory": {"include": "broken.yaml"}}},
        "status": {"sync": {"status": "Unknown"}, "health": {"status": "Healthy"}, "conditions": [{"type": "ComparisonError",
            "message": "Failed to load target state: rpc error: code = FailedPrecondition desc = Failed to unmarshal \"broken.yaml\": failed to unmarshal manifest: error converting YAML to JSON: yaml: line 3: mapping values are not allowed"}]}});
    let snapshot = Snapshot::of("lab", [application]);
    let diagnosis = diagnose(&snapshot, "Application:argocd/demo-app-broken").expect("found");
    let cause = &diagnosis.causes[0];
    assert!(cause.summary.contains("broken.yaml") && cause.summary.contains("line 3"), "{}", cause.summary);
    assert!(cause.next.contains("`demo/app/broken.yaml` in http://git/backstack/demo-cluster.git"), "{}", cause.next);
}

#[test]
fn what_does_not_arrive_from_git_is_found_through_the_application() {
    let comparison = |message: &str| broken_in_git(json!({"type": "ComparisonError", "message": message}), Value::Null);
    assert_eq!(
        comparison(
            "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = unable to resolve 'nope' to a commit SHA"
        ),
        Fault::WrongRevision
    );
    assert_eq!(
        comparison(
            "rpc error: code = Unknown desc = Manifest generation error (cached): failed to unmarshal manifest: error converting YAML to JSON: yaml: line 3"
        ),
        Fault::InvalidManifest
    );
    let operation = json!({"phase": "Failed", "message": "one or more objects failed to apply", "syncResult": {"resources": [
        {"group": "p.dev", "kind": "App", "namespace": "demo", "name": "shop", "status": "SyncFailed", "message": "App.p.dev \"shop\" is invalid: spec.image: Required value"}]}});
    assert_eq!(broken_in_git(json!({"type": "Other", "message": ""}), operation), Fault::InvalidManifest);
}

#[test]
fn a_failing_report_is_the_cause_where_all_else_is_well() {
    let report = json!({"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"namespace": "demo", "name": "r"},
        "scope": {"apiVersion": "p.dev/v1", "kind": "App", "namespace": "demo", "name": "shop"}, "results": [{"policy": "pinned", "result": "fail", "message": "name a version"}]});
    let mut healthy = app(None);
    healthy["status"]["conditions"][1]["status"] = "True".into();
    healthy["spec"]["crossplane"]["resourceRefs"] = json!([]);
    let diagnosis = judged(vec![vec![healthy.clone(), report.clone()]]);
    assert_eq!((diagnosis.causes[0].fault, diagnosis.verdict), (Fault::PolicyFailed, Verdict::Imperfect));
    // And only an aside where something is really broken.
    let pull = pod(waiting("ErrImagePull", "not found"));
    assert_eq!(first(vec![vec![app(None), report], workload(None), vec![pull]]).0, Fault::BadImage);
    assert_eq!(judged(vec![vec![healthy]]).verdict, Verdict::Healthy);
}

#[test]
fn other_things_of_the_same_application_are_left_alone() {
    let mut shared = application();
    shared["status"]["resources"] = json!([{"group": "p.dev", "kind": "App", "namespace": "demo", "name": "shop"}, {"group": "apps", "kind": "Deployment", "namespace": "demo", "name": "other"}]);
    let other = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "other", "uid": "o"},
        "spec": {"replicas": 1}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]}});
    let mut healthy = app(None);
    healthy["status"]["conditions"][1]["status"] = "True".into();
    healthy["spec"]["crossplane"]["resourceRefs"] = json!([]);
    let snapshot = Snapshot::of("lab", [xrd(), composition("render"), function("render"), shared, other, healthy]);
    assert_eq!(diagnose(&snapshot, "shop").expect("found").verdict, Verdict::Healthy);
    assert_eq!(diagnose(&snapshot, "Application:demo-app-shop").expect("found").causes[0].fault, Fault::Quota);
}
