//! What looks broken and is only early, late, or not wanted just now.

use serde_json::{Value, json};

use super::super::{Diagnosis, Fault, Verdict, diagnose};
use super::between::{running, service, snapshot};

fn asked(parts: Vec<Vec<Value>>, entity: &str) -> Diagnosis {
    diagnose(&snapshot(parts), entity).expect("it is found")
}

/// A Deployment whose one pod runs since ten minutes and has not passed its startup probe.
fn starting_since_ten_minutes(probe: &Value, said: &str, restarts: i64) -> Diagnosis {
    let mut parts = running("web", json!({"startupProbe": probe}));
    parts[0]["status"] = json!({"replicas": 1, "updatedReplicas": 1});
    parts[2]["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    parts[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "started": false, "restartCount": restarts,
        "state": {"running": {"startedAt": "2026-01-01T11:50:00Z"}}}]);
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning",
        "reason": "Unhealthy", "lastTimestamp": "2026-01-01T11:59:57Z", "message": format!("Startup probe failed: {said}"),
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1-x", "fieldPath": "spec.containers{app}"}});
    asked(vec![parts, vec![event]], "Deployment:shop/web")
}

#[test]
fn a_startup_probe_may_fail_until_its_last_try() {
    let probe = |tries: i64| json!({"exec": {"command": ["test", "-f", "/ready"]}, "periodSeconds": 10, "failureThreshold": tries});
    let told = starting_since_ten_minutes(&probe(90), "", 0);
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Starting, Fault::Starting), "{told:?}");
    assert_eq!(told.causes[0].summary, "container `app` is starting since 600 s: its startup probe gives it 900 s");
    for (tries, said, restarts, why) in [
        (60, "", 0, "its time is over"),
        (90, "", 1, "it was begun anew already"),
        (90, "sh: tset: not found", 0, "the command is wrong"),
    ] {
        let told = starting_since_ten_minutes(&probe(tries), said, restarts);
        assert_eq!(told.verdict, Verdict::Broken, "{why}: {told:?}");
    }
}

#[test]
fn a_metric_that_nobody_serves_is_not_waited_for() {
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3,
            "metrics": [{"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "64Mi"}}},
                {"type": "Pods", "pods": {"metric": {"name": "requests_per_second"}, "target": {"type": "AverageValue", "averageValue": "5"}}}]},
        "status": {"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetPodsMetric",
            "message": "unable to get metric requests_per_second: no custom metrics API (custom.metrics.k8s.io) registered"}]}});
    let mut young = running("web", json!({}));
    young[2]["status"]["startTime"] = "2026-01-01T11:59:50Z".into();
    let told = asked(vec![young.clone(), vec![scaler.clone()]], "HorizontalPodAutoscaler:shop/web");
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Broken, Fault::CannotScale), "{told:?}");
    assert_eq!(told.causes[0].field, "spec.metrics[1].pods.metric.name");
    // With an adapter the first figures may well be on their way.
    let adapter = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta2.custom.metrics.k8s.io"},
        "spec": {"group": "custom.metrics.k8s.io"}});
    let told = asked(vec![young, vec![scaler, adapter]], "HorizontalPodAutoscaler:shop/web");
    assert_eq!(told.causes[0].fault, Fault::Starting, "{told:?}");
}

#[test]
fn no_replicas_are_a_fault_where_something_needs_them() {
    let mut parts = running("web", json!({}));
    parts[0]["spec"]["replicas"] = 0.into();
    parts[0]["status"] = json!({});
    parts.truncate(1);
    let told = asked(vec![parts.clone()], "Deployment:shop/web");
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Imperfect, Fault::Paused), "{told:?}");
    let told = asked(vec![parts, vec![service("web", "web", 80, 8080)]], "Deployment:shop/web");
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Broken, Fault::Paused), "{told:?}");
}
