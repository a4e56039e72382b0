//! How long `diagnose` thinks about a platform of so many objects that stands still: prints milliseconds as JSON.
//!
//! `frozen [WORKLOADS]`; each workload is a Deployment with its ReplicaSet, three pods, Service, ConfigMap and slice.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

use std::time::Instant;

use backstack_mcp::live::diagnose::diagnose;
use backstack_mcp::live::snapshot::Snapshot;
use serde_json::{Value, json};

const PODS: usize = 3;
const RUNS: usize = 5;

fn main() {
    let workloads = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1250);
    let snapshot = Snapshot::of("frozen", (0..workloads).flat_map(objects));
    let count = snapshot.everything().count();
    let times: Vec<_> = ["team-0/app-0", "Namespace:team-0", ""]
        .map(|entity| (entity, (0..RUNS).map(|_| milliseconds(&snapshot, entity)).fold(f64::MAX, f64::min)))
        .into();
    let [one, namespace, platform] = times.as_slice() else { return };
    println!(
        "{{\"objects\": {count}, \"one_ms\": {:.1}, \"namespace_ms\": {:.1}, \"platform_ms\": {:.1}}}",
        one.1, namespace.1, platform.1
    );
}

fn milliseconds(snapshot: &Snapshot, entity: &str) -> f64 {
    let start = Instant::now();
    let diagnosis = diagnose(snapshot, entity);
    let passed = start.elapsed();
    drop(diagnosis.expect("it is found"));
    passed.as_secs_f64() * 1e3
}

fn objects(number: usize) -> Vec<Value> {
    let (place, name) = (format!("team-{}", number / 25), format!("app-{number}"));
    let labels = json!({"app": name});
    let needs = format!("http://app-{}:80", (number / 25) * 25);
    let spec = json!({"containers": [{"name": "app", "image": "r/app:1", "ports": [{"containerPort": 8080}],
        "env": [{"name": "API_URL", "value": needs}], "envFrom": [{"configMapRef": {"name": name}}]}]});
    let meta = |name: &str, uid: String, owner: Option<(&str, &str, String)>| {
        let owners: Vec<_> = owner
            .into_iter()
            .map(|(api, kind, uid)| json!({"apiVersion": api, "kind": kind, "name": "x", "uid": uid}))
            .collect();
        json!({"namespace": place, "name": name, "uid": uid, "labels": labels, "ownerReferences": owners})
    };
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let status = json!({"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3});
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}, "status": {"phase": "Active"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(&name, format!("{name}-d"), None),
            "spec": {"replicas": PODS, "template": template}, "status": status}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"replicas": PODS, "template": template}, "status": status,
            "metadata": meta(&format!("{name}-1"), format!("{name}-s"), Some(("apps/v1", "Deployment", format!("{name}-d"))))}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": place, "name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": place, "name": name}, "data": {"mode": "fast"}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"namespace": place, "name": format!("{name}-e")}}),
    ];
    objects.extend((0..PODS).map(|pod| {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": spec,
            "metadata": meta(&format!("{name}-1-{pod}"), format!("{name}-p{pod}"), Some(("apps/v1", "ReplicaSet", format!("{name}-s")))),
            "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}})
    }));
    objects
}
