//! What is wrong between objects that are each in order: references, traffic, time. On a platform the same is planted by
//! `scripts/tools/situations`.

use serde_json::{Value, json};

use super::super::{Diagnosis, Fault, Verdict, diagnose, needs};
use crate::live::served::ServedKind;
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

/// A database as an operator makes it: the operator's object, and a Service with labels that no template has.
fn operated(ready: bool) -> Vec<Value> {
    let owner =
        json!([{"apiVersion": "db.dev/v1", "kind": "Cluster", "name": "orders", "uid": "c", "controller": true}]);
    let ready = json!([{"type": "Ready", "status": if ready { "True" } else { "False" }, "reason": "NoInstances", "message": "its instances are asleep"}]);
    vec![
        json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "orders", "uid": "c"}, "status": {"conditions": ready}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "orders-r", "uid": "r", "ownerReferences": owner},
            "spec": {"selector": {"db.dev/cluster": "orders", "role": "replica"}, "ports": [{"port": 5432}]}}),
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"namespace": "shop", "name": "orders", "uid": "b", "ownerReferences": owner},
            "spec": {"selector": {"matchLabels": {"db.dev/cluster": "orders"}}}, "status": {"disruptionsAllowed": 0}}),
    ]
}

#[test]
fn of_what_an_operator_made_the_operators_object_tells() {
    // A workload that is called alike lies beside it: nobody is to be sent there.
    let with = |ready| snapshot(vec![running("orders", json!({})), operated(ready)]);
    for asked in ["Service:shop/orders-r", "PodDisruptionBudget:shop/orders", "Cluster:shop/orders"] {
        assert_eq!(verdict(&with(true), asked), Verdict::Healthy, "{asked}");
        expect(&with(false), asked, Fault::NoEndpoints, "Cluster shop/orders", "");
    }
    let diagnosis = diagnose(&with(false), "Namespace:shop").expect("it is found");
    assert!(diagnosis.causes.iter().all(|cause| cause.fault != Fault::WrongSelector), "{:#?}", diagnosis.causes);
    let unread: Vec<_> = operated(true).split_off(1);
    let diagnosis = diagnose(&snapshot(vec![unread]), "Service:shop/orders-r").expect("it is found");
    assert!(diagnosis.causes.is_empty(), "{:#?}", diagnosis.causes);
    assert!(diagnosis.not_looked_at.iter().any(|told| told.starts_with("Cluster:")), "{:?}", diagnosis.not_looked_at);
}

#[test]
fn a_composed_service_is_compared_with_what_was_composed_beside_it() {
    let mut parts = running("web", json!({}));
    let owner = json!([{"apiVersion": "p.dev/v1", "kind": "App", "name": "web", "uid": "a"}]);
    parts[0]["metadata"]["ownerReferences"] = owner.clone();
    let mut composed = service("web", "wep", 80, 8080);
    composed["metadata"]["ownerReferences"] = owner;
    let app = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "shop", "name": "web", "uid": "a"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
        "spec": {"group": "p.dev", "names": {"kind": "App", "plural": "apps"}}, "status": {"conditions": [{"type": "Established", "status": "True"}]}});
    let all = snapshot(vec![parts, vec![composed, app, definition]]);
    expect(&all, "Service:shop/web", Fault::WrongSelector, "Service shop/web", "spec.selector.app");
}

#[test]
fn what_an_operators_object_names_and_is_not_there_is_told() {
    let pooler = json!({"apiVersion": "db.dev/v1", "kind": "Pooler", "metadata": {"namespace": "shop", "name": "pool"}, "spec": {"cluster": {"name": "order"}}});
    let served =
        |kind: &str| ServedKind { group: "db.dev".into(), kind: kind.into(), plural: String::new(), namespaced: true };
    let mut all = snapshot(vec![operated(true), vec![pooler.clone()]]);
    all.served = vec![served("Cluster"), served("Pooler")].into();
    expect(&all, "Pooler:shop/pool", Fault::MissingReference, "Pooler shop/pool", "spec.cluster.name");
    // Nobody has listed that kind: the question is which to list, and nothing is said.
    let mut unknown = snapshot(vec![vec![pooler]]);
    unknown.served = vec![served("Cluster"), served("Pooler")].into();
    assert_eq!(needs(&unknown, "Pooler:shop/pool").expect("it is found").kinds, [served("Cluster")]);
    assert!(diagnose(&unknown, "Pooler:shop/pool").expect("it is found").causes.is_empty());
}

fn node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"podCIDR": "10.244.0.0/24"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
}

/// A Service without a selector, and an address that somebody has written down for it.
fn by_hand(address: &str, port: u16, name: &str) -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "legacy"}, "spec": {"ports": [{"name": "http", "port": 80}]}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"namespace": "shop", "name": "legacy-1", "labels": {"kubernetes.io/service-name": "legacy"}},
            "endpoints": [{"addresses": [address]}], "ports": [{"name": name, "port": port}]}),
    ]
}

#[test]
fn addresses_that_somebody_has_written_down_must_be_somebodys() {
    let with = |address: &str, port, name: &str| {
        snapshot(vec![running("web", json!({})), by_hand(address, port, name), vec![node()]])
    };
    let at = "EndpointSlice shop/legacy-1";
    expect(
        &with("10.244.0.77", 8080, "http"),
        "Service:shop/legacy",
        Fault::NoSuchHost,
        at,
        "endpoints[0].addresses[0]",
    );
    expect(&with("10.0.0.3", 8080, "web"), "Service:shop/legacy", Fault::WrongPort, at, "ports[0].name");
    let mut tried = with("10.0.0.3", 8081, "http");
    assert_eq!(needs(&tried, "Service:shop/legacy").expect("found").doors, [("10.0.0.3".to_string(), 8081)]);
    tried.put_listening(("10.0.0.3".into(), 8081), false);
    expect(&tried, "Service:shop/legacy", Fault::WrongPort, at, "ports[0].port");
    // What is outside of the cluster is nobody's here to judge, nor to knock at.
    let outside = with("192.0.2.1", 80, "http");
    let told = diagnose(&outside, "Service:shop/legacy").expect("found");
    assert!(told.causes.is_empty() && told.not_looked_at.iter().any(|one| one.contains("192.0.2.1")), "{told:#?}");
    assert!(needs(&outside, "Service:shop/legacy").expect("found").doors.is_empty());
}

/// A pod that its liveness probe has ended twice.
fn ended_by_probe(probe: Value) -> Snapshot {
    let mut parts = running("web", json!({"livenessProbe": probe}));
    parts[2]["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
    parts[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 2, "state": {"running": {"startedAt": "2026-01-01T11:59:58Z"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "Error", "finishedAt": "2026-01-01T11:59:57Z"}}}]);
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "Unhealthy", "lastTimestamp": "2026-01-01T11:59:57Z",
        "message": "Liveness probe failed: dial tcp 10.0.0.3:8080: connect: connection refused",
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1-x", "fieldPath": "spec.containers{app}"}});
    snapshot(vec![parts, vec![event]])
}

#[test]
fn a_probe_that_gives_no_time_to_start_is_told_by_the_field_that_is_short() {
    let told_field = |probe: Value| {
        let cause = diagnose(&ended_by_probe(probe), "shop/web").expect("found").causes.remove(0);
        (cause.fault, cause.change.map(|change| change.field).unwrap_or(cause.field))
    };
    let base = "spec.template.spec.containers[0].livenessProbe";
    for (probe, wanted) in [
        (json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}), "failureThreshold"),
        (json!({"tcpSocket": {"port": 8080}, "periodSeconds": 2}), "periodSeconds"),
        (json!({"tcpSocket": {"port": 8080}, "periodSeconds": 10}), "tcpSocket.port"),
        (json!({"tcpSocket": {"port": 9999}, "periodSeconds": 1, "failureThreshold": 1}), "tcpSocket.port"),
    ] {
        assert_eq!(told_field(probe.clone()), (Fault::FailingProbe, format!("{base}.{wanted}")), "{probe}");
    }
}

#[test]
fn a_secret_for_the_registry_that_is_not_there_is_the_reason_where_the_registry_asks_for_it() {
    let with = |why: &str| {
        let mut parts = running("web", json!({}));
        for part in &mut parts {
            let path = if part["kind"] == "Pod" { "/spec" } else { "/spec/template/spec" };
            part.pointer_mut(path).expect("there")["imagePullSecrets"] = json!([{"name": "regcred"}]);
        }
        parts[0]["status"] = json!({"replicas": 1, "unavailableReplicas": 1});
        parts[2]["status"] = json!({"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}],
            "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": why}}}]});
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "FailedToRetrieveImagePullSecret",
            "message": "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.", "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1-x"}});
        let failed = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "f"}, "type": "Warning", "reason": "Failed", "message": why, "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1-x"}});
        snapshot(vec![parts, vec![event, failed]])
    };
    let causes = |why: &str| diagnose(&with(why), "shop/web").expect("found").causes;
    let refused = causes("failed to pull and unpack image: unexpected status: 401 Unauthorized");
    let change = refused[0].change.as_ref().expect("where it is written");
    assert_eq!(
        (refused[0].fault, change.field.as_str()),
        (Fault::MissingReference, "spec.template.spec.imagePullSecrets[0].name")
    );
    let unknown: Vec<_> = causes("failed to pull image: r/x:1: not found").iter().map(|cause| cause.fault).collect();
    assert_eq!(unknown, [Fault::BadImage, Fault::MissingReference]);
}

#[test]
fn a_claim_larger_than_any_volume_it_may_have_says_so() {
    let volume = |size: &str| json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual"}});
    let claim = |named: bool| {
        let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "manual", "resources": {"requests": {"storage": "5Gi"}}}, "status": {"phase": "Pending"}});
        if named {
            claim["spec"]["volumeName"] = "disk".into();
        }
        claim
    };
    for named in [true, false] {
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "VolumeMismatch", "message": "requested PV is too small",
            "involvedObject": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data"}});
        let all = snapshot(vec![vec![claim(named), volume("1Gi"), event]]);
        expect(
            &all,
            "PersistentVolumeClaim:shop/data",
            Fault::Volume,
            "PersistentVolumeClaim shop/data",
            "spec.resources.requests.storage",
        );
        let enough = snapshot(vec![vec![claim(named), volume("5Gi")]]);
        assert!(diagnose(&enough, "PersistentVolumeClaim:shop/data").expect("found").causes.is_empty());
    }
}

#[test]
fn a_certificate_for_another_host_is_told_where_something_says_what_it_is_for() {
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"tls": [{"hosts": ["shop.test"], "secretName": "web-tls"}], "rules": [{"host": "shop.test", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}});
    let certificate = |name: &str, host: &str| {
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": "shop", "name": name},
        "spec": {"secretName": format!("{name}-tls"), "dnsNames": [host], "issuerRef": {"name": "x", "group": "other"}}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    };
    let with = |certificates: Vec<Value>| {
        snapshot(vec![running("web", json!({})), vec![service("web", "web", 80, 8080), ingress.clone()], certificates])
    };
    let other = with(vec![certificate("web", "other.test")]);
    expect(&other, "Ingress:shop/web", Fault::Certificate, "Certificate shop/web", "spec.dnsNames");
    let two = with(vec![certificate("web", "other.test"), certificate("right", "*.test")]);
    expect(&two, "Ingress:shop/web", Fault::Certificate, "Ingress shop/web", "spec.tls[0].secretName");
    assert!(
        diagnose(&with(vec![certificate("web", "shop.test")]), "Ingress:shop/web").expect("found").causes.is_empty()
    );
    let unread = diagnose(&with(Vec::new()), "Ingress:shop/web").expect("found");
    assert!(
        unread.causes.is_empty() && unread.not_looked_at.iter().any(|told| told.contains("web-tls")),
        "{unread:#?}"
    );
}

#[test]
fn a_label_that_a_policy_misses_is_a_field_and_an_old_report_is_called_old() {
    let report = json!({"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"namespace": "shop", "name": "r"},
        "scope": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web-1-x"},
        "results": [{"policy": "team", "result": "fail", "message": "the label `team` must be set", "timestamp": {"seconds": 1_767_225_600}}]});
    let policy = |changed: &str| json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "team", "creationTimestamp": changed}});
    let cause = |changed: &str| {
        diagnose(&snapshot(vec![running("web", json!({})), vec![report.clone(), policy(changed)]]), "shop/web")
            .expect("found")
            .causes
            .remove(0)
    };
    let fresh = cause("2025-12-01T00:00:00Z");
    assert_eq!((fresh.fault, fresh.field.as_str()), (Fault::PolicyFailed, "metadata.labels[\"team\"]"));
    assert_eq!(fresh.change.expect("in the template").field, "spec.template.metadata.labels[\"team\"]");
    let old = cause("2026-01-01T11:00:00Z");
    assert!(
        old.summary.contains("before it was changed")
            && old.evidence.iter().any(|one| one.source == "older than its policy"),
        "{old:?}"
    );
}

#[test]
fn what_a_policy_has_put_into_a_pod_is_written_in_the_policy() {
    let mut parts = running("web", json!({}));
    parts[2]["spec"]["containers"][0]["image"] = "mirror/x:1".into();
    parts[2]["status"] = json!({"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}],
        "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]});
    let policy = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "mirror"}, "spec": {"rules": [
        {"match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "mutate": {"patchStrategicMerge": {"spec": {"containers": [{"(name)": "*", "image": "mirror/x:1"}]}}}}]}});
    let check = |parts: &[Value]| {
        let all = snapshot(vec![parts.to_vec(), vec![policy.clone()]]);
        let cause = diagnose(&all, "shop/web").expect("found").causes.remove(0);
        let change = cause.change.expect("where it is written");
        let told = (cause.fault, change.object.as_str(), change.field.as_str());
        assert_eq!(told, (Fault::BadImage, "ClusterPolicy:mirror", "spec.rules[0].mutate"));
    };
    check(&parts);
    // It may write into the templates already.
    for part in &mut parts[..2] {
        part["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/x:1".into();
    }
    check(&parts);
}
