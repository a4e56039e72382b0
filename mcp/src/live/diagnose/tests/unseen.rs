//! Faults that nobody had planned for, each with a cousin that is well and of which nothing is said.

use serde_json::{Value, json};

use super::{Diagnosis, Verdict, diagnose};
use crate::live::served::ServedKind;
use crate::live::snapshot::Snapshot;

/// A Deployment `name` with one pod that runs and is ready.
pub(super) fn deployment(name: &str, spec: Value) -> Vec<Value> {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let owner = |api: &str, kind: &str, name: &str| json!([{"apiVersion": api, "kind": kind, "name": name, "uid": format!("{kind}-{name}"), "controller": true}]);
    let mut own = spec.clone();
    own["nodeName"] = "n".into();
    let containers = spec["containers"].as_array().cloned().unwrap_or_default();
    let statuses: Vec<_> = containers
        .iter()
        .map(|one| json!({"name": one["name"], "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T10:00:00Z"}}}))
        .collect();
    let status = json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1});
    let set = format!("{name}-1");
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": name, "uid": format!("Deployment-{name}"), "generation": 1},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}, "status": status}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": set, "uid": format!("ReplicaSet-{set}"), "generation": 1,
            "ownerReferences": owner("apps/v1", "Deployment", name)}, "spec": {"replicas": 1, "template": template}, "status": status}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": format!("{set}-x"), "uid": format!("Pod-{name}"), "labels": labels,
            "ownerReferences": owner("apps/v1", "ReplicaSet", &set)}, "spec": own, "status": {"phase": "Running", "podIP": format!("10.244.0.{}", name.len()),
            "startTime": "2026-01-01T10:00:00Z", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": statuses}}),
    ]
}

pub(super) fn service(name: &str, target: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": name},
        "spec": {"clusterIP": "10.96.0.9", "selector": {"app": name}, "ports": [{"port": 80, "targetPort": target}]}})
}

fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}}, "status": {"phase": "Active"}})
}

pub(super) fn snapshot(objects: Vec<Value>) -> Snapshot {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"podCIDR": "10.244.0.0/24"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"containerRuntimeVersion": "containerd://2.1.0"}}});
    Snapshot::of("lab", objects.into_iter().chain([node, namespace()]))
}

pub(super) fn event(kind: &str, name: &str, reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": format!("{name}.{reason}")}, "type": "Warning", "reason": reason,
        "message": message, "count": 4, "lastTimestamp": "2026-01-01T11:59:00Z", "involvedObject": {"kind": kind, "namespace": "shop", "name": name}})
}

pub(super) fn told(snapshot: &Snapshot, asked: &str) -> (Diagnosis, [String; 3]) {
    let told = diagnose(snapshot, asked).expect("it is there");
    let first = told.causes.first();
    let change = first.and_then(|first| first.change.as_ref()).filter(|change| !change.field.is_empty());
    let field = change.map(|change| change.field.clone()).or_else(|| first.map(|first| first.field.clone()));
    let object = change.map(|change| change.object.clone()).or_else(|| first.map(|first| first.object.typed()));
    let next = first.map(|first| first.next.clone()).unwrap_or_default();
    let shown = [object.unwrap_or_default(), field.unwrap_or_default(), next];
    (told, shown)
}

fn recent(snapshot: &mut Snapshot, name: &str, container: &str, lines: &[&str]) {
    snapshot.put_recent_log(("shop".into(), format!("{name}-1-x"), container.into()), &lines.join("\n"));
}

#[test]
fn a_schedule_whose_runs_are_refused_leads_to_what_refuses_them() {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "batch"}, "spec": {"hard": {"count/jobs.batch": "1"}}});
    let seed = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "seed"}, "spec": {},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]}});
    let schedule = |last: &str| {
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"namespace": "shop", "name": "report", "uid": "c", "creationTimestamp": "2026-01-01T11:00:00Z"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}}, "status": {"lastScheduleTime": last, "lastSuccessfulTime": last}})
    };
    let judged = |last: &str, said: &str| {
        let refused = event("CronJob", "report", "FailedCreate", said);
        told(&snapshot(vec![quota.clone(), seed.clone(), schedule(last), refused]), "CronJob:shop/report")
    };
    let full = r#"Error creating job: jobs.batch "report-1" is forbidden: exceeded quota: batch, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1"#;
    let (found, [object, field, next]) = judged("2026-01-01T11:30:00Z", full);
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "ResourceQuota:shop/batch"), "{found:#?}");
    assert_eq!(field, "spec.hard[count/jobs.batch]");
    assert!(next.contains("to 2 or more") && next.contains("delete job seed"), "{next}");
    let policy = r#"Error creating job: admission webhook "vpol.validate.kyverno.svc-fail" denied the request: Policy team failed: no label team"#;
    let (found, [object, ..]) = judged("", policy);
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "CronJob:shop/report"), "{found:#?}");
    // What has run since then may run.
    assert_eq!(judged("2026-01-01T12:00:00Z", full).0.verdict, Verdict::Healthy);
}

/// An Ingress whose middleware lets some addresses in, and a program that is told its host and writes `line`.
fn let_in(range: &str, host: &str, line: &str) -> (Diagnosis, [String; 3]) {
    let web = json!({"containers": [{"name": "web", "image": "r/web:1", "ports": [{"containerPort": 80}]}]});
    let user = json!({"containers": [{"name": "portal", "image": "r/portal:1", "env": [{"name": "TARGET_HOST", "value": host}]}]});
    let list = json!({"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"namespace": "shop", "name": "inside"},
        "spec": {"ipAllowList": {"sourceRange": [range, "203.0.113.0/24"]}}});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web",
            "annotations": {"traefik.ingress.kubernetes.io/router.middlewares": "shop-inside@kubernetescrd"}},
        "spec": {"rules": [{"host": "web.localhost", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}});
    let objects =
        [deployment("web", web), deployment("portal", user), vec![service("web", json!(80)), list, ingress]].concat();
    let mut snapshot = snapshot(objects);
    let kind = ServedKind {
        group: "traefik.io".into(),
        kind: "Middleware".into(),
        plural: "middlewares".into(),
        namespaced: true,
    };
    snapshot.served = vec![kind].into();
    recent(&mut snapshot, "portal", "portal", &[line; 4]);
    told(&snapshot, "Ingress:shop/web")
}

#[test]
fn a_list_of_addresses_that_keeps_out_who_asks_there_is_told() {
    let refused = "ERROR: http://web.localhost:80: HTTP/1.1 403 Forbidden";
    let (found, [object, field, next]) = let_in("10.0.0.0/28", "web.localhost", refused);
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "Middleware:shop/inside"), "{found:#?}");
    assert_eq!(field, "spec.ipAllowList.sourceRange");
    assert!(next.contains("`10.244.0.0/24`"), "{next}");
    // Who is let in, who asks somewhere else, and who is not turned away: nobody is harmed.
    for (range, host, line) in [
        ("10.0.0.0/8", "web.localhost", refused),
        ("10.0.0.0/28", "other.localhost", refused),
        ("10.0.0.0/28", "web.localhost", "http://web.localhost:80 answered"),
    ] {
        let (found, _) = let_in(range, host, line);
        assert!(found.causes.is_empty(), "{range} {host} {line}: {found:#?}");
    }
}

#[test]
fn a_service_that_keeps_a_name_free_is_no_fault() {
    let judged = |owner: Value, more: Vec<Value>| {
        let slot = json!({"apiVersion": "p.dev/v1", "kind": "Slot", "metadata": {"namespace": "shop", "name": "spring", "uid": "s"},
            "status": {"conditions": [{"type": "Synced", "status": "True"}, {"type": "Ready", "status": "True"}]}});
        let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"namespace": "shop", "name": "other"}, "endpoints": []});
        let empty = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "spring-1", "ownerReferences": owner},
            "spec": {"clusterIP": "None", "ports": [{"port": 80}]}});
        let snapshot = snapshot([vec![slot, slice, empty], more].concat());
        told(&snapshot, "Service:shop/spring-1").0.verdict
    };
    let owner = json!([{"apiVersion": "p.dev/v1", "kind": "Slot", "name": "spring", "uid": "s", "controller": true}]);
    let user = json!({"containers": [{"name": "a", "image": "r/a:1", "env": [{"name": "API_HOST", "value": "spring-1.shop.svc"}]}]});
    assert_eq!(judged(owner.clone(), Vec::new()), Verdict::Healthy);
    assert_eq!(judged(owner, deployment("user", user)), Verdict::Broken, "somebody uses it");
    assert_eq!(judged(json!([]), Vec::new()), Verdict::Broken, "a person wrote it");
}

#[test]
fn a_program_that_does_nothing_but_fail_is_broken_and_one_that_fails_now_and_then_is_not() {
    let judged = |lines: &[&str], more: Vec<Value>| {
        let spec = json!({"containers": [{"name": "app", "image": "r/app:1"}]});
        let mut snapshot = snapshot([deployment("app", spec), more].concat());
        recent(&mut snapshot, "app", "app", lines);
        told(&snapshot, "Deployment:shop/app").0.verdict
    };
    let error = "ERROR: 503 from feed.example.org, nothing imported";
    assert_eq!(judged(&[error; 9], Vec::new()), Verdict::Broken);
    assert_eq!(judged(&[error; 5], Vec::new()), Verdict::Imperfect, "too few tell nothing");
    let mut mixed = vec!["imported 12 articles"];
    mixed.extend([error; 9]);
    assert_eq!(judged(&mixed, Vec::new()), Verdict::Imperfect);
    assert_eq!(
        judged(&[error; 9], vec![service("app", json!(80))]),
        Verdict::Imperfect,
        "a server tells only what goes wrong"
    );
    assert_eq!(judged(&["imported 12 articles"; 9], Vec::new()), Verdict::Healthy);
}

#[test]
fn two_applications_with_one_object_are_broken_while_one_is_never_as_it_says() {
    let judged = |sync: &str, source: Value, automated: Value| {
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "web"},
            "spec": {"project": "x", "source": source, "destination": {"namespace": "shop"}, "syncPolicy": automated},
            "status": {"sync": {"status": sync}, "health": {"status": "Healthy"}, "operationState": {"phase": "Succeeded"},
                "resources": [{"kind": "Service", "namespace": "shop", "name": "old", "status": "OutOfSync", "requiresPruning": true}],
                "conditions": [{"type": "SharedResourceWarning", "message": "Deployment/web is part of applications argocd/web and shop"}]}});
        told(&snapshot(vec![application]), "Application:argocd/web")
    };
    let follows = json!({"automated": {"prune": true}});
    let (found, [_, field, next]) =
        judged("OutOfSync", json!({"repoURL": "http://charts", "chart": "web"}), follows.clone());
    assert_eq!((found.verdict, field.as_str()), (Verdict::Broken, "spec.source.chart"), "{found:#?}");
    assert!(next.contains("delete application shop"), "{next}");
    let (found, [_, field, _]) = judged("Synced", json!({"repoURL": "http://git", "path": "web"}), follows);
    assert_eq!((found.verdict, field.as_str()), (Verdict::Imperfect, "spec.source.path"));
}

/// A policy in front of `api` that lets `front` in at a port, and `front`, which is told to use it.
fn let_through(port: Value) -> (Diagnosis, [String; 3]) {
    let api =
        json!({"containers": [{"name": "api", "image": "r/api:1", "ports": [{"name": "web", "containerPort": 5678}]}]});
    let front = json!({"containers": [{"name": "front", "image": "r/front:1", "env": [{"name": "API_HOST", "value": "api"}, {"name": "API_PORT", "value": "80"}]}]});
    let policy = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "api"},
        "spec": {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "front"}}}], "ports": [{"port": port, "protocol": "TCP"}]}]}});
    let objects =
        [deployment("api", api), deployment("front", front), vec![service("api", json!(5678)), policy]].concat();
    told(&snapshot(objects), "Deployment:shop/front")
}

#[test]
fn a_policy_that_names_a_port_as_no_pod_does_lets_nothing_through() {
    let (found, [object, field, next]) = let_through(json!("http"));
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "NetworkPolicy:shop/api"), "{found:#?}");
    assert_eq!(field, "spec.ingress[0].ports[0].port");
    assert!(next.contains("`web` (or 5678)"), "{next}");
    for port in [json!("web"), json!(5678)] {
        assert_eq!(let_through(port.clone()).0.verdict, Verdict::Healthy, "{port}");
    }
}

/// A gateway beside a program, and what it is told and answers.
fn beside(upstream: &str, status: u16) -> (Diagnosis, [String; 3]) {
    let spec = json!({"volumes": [{"name": "conf", "configMap": {"name": "proxy"}}], "containers": [
        {"name": "shop", "image": "r/shop:1", "ports": [{"containerPort": 5678}]},
        {"name": "proxy", "image": "r/proxy:1", "ports": [{"containerPort": 8080}], "volumeMounts": [{"name": "conf", "mountPath": "/etc/conf.d"}]}]});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "proxy"},
        "data": {"default.conf": format!("server {{ listen 8080; location / {{ proxy_pass {upstream}; }} }}")}});
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "shop"},
        "spec": {"rules": [{"host": "shop.localhost", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "shop", "port": {"number": 80}}}}]}}]}});
    let mut snapshot = snapshot([deployment("shop", spec), vec![map, service("shop", json!(8080)), ingress]].concat());
    let pod = crate::live::questions::Question::Page {
        address: "10.244.0.4".into(),
        port: 8080,
        host: "shop.localhost".into(),
        path: "/".into(),
    };
    snapshot
        .put_reply(pod, crate::live::questions::Reply::Page { status, location: String::new(), body: String::new() });
    told(&snapshot, "Ingress:shop/shop")
}

#[test]
fn a_gateway_that_looks_beside_itself_at_the_wrong_port_is_told_where_that_is_written() {
    let (found, [object, field, next]) = beside("http://127.0.0.1:8090", 502);
    assert_eq!((found.verdict, object.as_str()), (Verdict::Broken, "ConfigMap:shop/proxy"), "{found:#?}");
    assert_eq!(field, "data[default.conf]");
    assert!(next.contains("port 5678 in place of 8090") && next.contains("rollout restart deployment shop"), "{next}");
    assert!(beside("http://127.0.0.1:8090", 200).0.causes.is_empty(), "whoever listens there need not say so");
    let (_, [object, ..]) = beside("http://127.0.0.1:5678", 502);
    assert_eq!(object, "Pod:shop/shop-1-x", "where the ports fit, something else is wrong");
}
