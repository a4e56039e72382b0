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
    let with = |more: Vec<Value>| {
        asked(vec![parts.clone(), vec![service("web", "web", 80, 8080)], more], "Deployment:shop/web")
    };
    // Its Service may be there for later; an autoscaler is switched off like that.
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3}, "status": {"conditions": [
            {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled", "message": "scaling is disabled since the replica count of the target is zero"}]}});
    let told = with(vec![scaler]);
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Imperfect, Fault::Paused), "{told:?}");
    let route = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}});
    for user in [vec![route], running("caller", json!({"env": [{"name": "WEB_URL", "value": "http://web"}]}))] {
        let told = with(user);
        assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Broken, Fault::Paused), "{told:?}");
    }
}

#[test]
fn what_somebody_has_switched_off_or_keeps_for_later_is_a_remark() {
    let schedule = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"namespace": "shop", "name": "yearly"},
        "spec": {"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "x"}]}}}}}});
    let agents = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "shop", "name": "gpu"},
        "spec": {"template": {"spec": {"nodeSelector": {"accelerator": "x"}, "containers": [{"name": "x"}]}}},
        "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}});
    for (object, field) in [(schedule, "spec.suspend"), (agents, "spec.template.spec.nodeSelector")] {
        let entity = format!(
            "{}:shop/{}",
            object["kind"].as_str().expect("a kind"),
            object["metadata"]["name"].as_str().expect("a name")
        );
        let told = asked(vec![vec![object]], &entity);
        assert_eq!((told.verdict, told.causes[0].field.as_str()), (Verdict::Imperfect, field), "{told:?}");
    }
}

#[test]
fn a_job_that_nobody_works_on_is_told() {
    let told = |controller: &str, made: &str, status: Value| {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "sum", "creationTimestamp": made},
            "spec": {"managedBy": controller, "template": {"spec": {"containers": [{"name": "x"}]}}}, "status": status});
        let told = asked(vec![vec![job]], "Job:shop/sum");
        told.causes.first().map(|cause| (told.verdict, cause.field.clone()))
    };
    let (long_ago, just_now) = ("2026-01-01T11:50:00Z", "2026-01-01T11:59:50Z");
    let expected = Some((Verdict::Broken, "spec.managedBy".to_string()));
    assert_eq!(told("example.com/queue", long_ago, json!({})), expected);
    for (controller, made, status) in [
        ("kubernetes.io/job-controller", long_ago, json!({})),
        ("example.com/queue", just_now, json!({})),
        ("example.com/queue", long_ago, json!({"active": 1})),
    ] {
        assert_ne!(told(controller, made, status), expected, "{controller} {made}");
    }
}

#[test]
fn a_version_that_is_tried_on_some_pods_of_a_set_is_a_remark() {
    for (ready, verdict) in [(2, Verdict::Imperfect), (1, Verdict::Broken)] {
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "db"},
            "spec": {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}, "template": {"spec": {"containers": [{"name": "x"}]}}},
            "status": {"replicas": 2, "readyReplicas": ready, "currentRevision": "db-1", "updateRevision": "db-2"}});
        let told = asked(vec![vec![set]], "StatefulSet:shop/db");
        assert_eq!(told.verdict, verdict, "{told:?}");
    }
}

#[test]
fn a_service_whose_pods_only_start_is_starting_too() {
    let begun = |since: &str| {
        let mut parts = running("web", json!({}));
        parts[0]["status"] = json!({"replicas": 1, "updatedReplicas": 1});
        parts[2]["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "lastTransitionTime": since}]);
        parts[2]["status"]["phase"] = "Pending".into();
        parts[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}]);
        parts[2]["status"]["initContainerStatuses"] =
            json!([{"name": "fetch", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": since}}}]);
        parts[2]["spec"]["initContainers"] = json!([{"name": "fetch", "image": "r/x:1"}]);
        asked(vec![parts, vec![service("web", "web", 80, 8080)]], "Service:shop/web")
    };
    let told = begun("2026-01-01T11:58:30Z");
    assert_eq!((told.verdict, told.causes[0].fault), (Verdict::Starting, Fault::Starting), "{told:?}");
    let told = begun("2026-01-01T11:40:00Z");
    assert_eq!(told.verdict, Verdict::Broken, "for too long: {told:?}");
}
