//! Causes at the end of a chain: behind a Service without pods, behind the words of a log, behind what a policy keeps. Each
//! with the neighbour that is well.

use serde_json::{Value, json};

use super::super::{Fault, Finding, Verdict, diagnose, needs};
use super::between::{running, service, snapshot};
use crate::live::served::ServedKind;
use crate::live::snapshot::Snapshot;

const POD: &str = "spec.template.spec";

pub(super) fn first(snapshot: &Snapshot, entity: &str) -> Finding {
    let diagnosis = diagnose(snapshot, entity).expect("it is found");
    let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("no cause: {diagnosis:#?}"));
    assert!(!cause.next.is_empty() && !cause.evidence.is_empty(), "{cause:?}");
    cause.clone()
}

pub(super) fn is(cause: &Finding, fault: Fault, object: &str, field: &str) {
    let told = (cause.fault, cause.object.to_string(), cause.field.clone());
    assert_eq!(told, (fault, object.to_string(), field.to_string()), "{cause:#?}");
}

/// Object and field where it is written.
fn change(cause: &Finding) -> (&str, &str) {
    cause.change.as_ref().map_or(("", ""), |change| (change.object.as_str(), change.field.as_str()))
}

fn is_well(snapshot: &Snapshot, entity: &str) {
    let diagnosis = diagnose(snapshot, entity).expect("it is found");
    assert_eq!((diagnosis.verdict, &diagnosis.causes), (Verdict::Healthy, &Vec::new()), "{entity}");
}

/// A Deployment whose pods end again and again.
fn crashing(name: &str, container: Value, pod: Value) -> Vec<Value> {
    let mut parts = running(name, container);
    for part in &mut parts {
        let place = if part["kind"] == "Pod" { "/spec" } else { "/spec/template/spec" };
        let spec = part.pointer_mut(place).and_then(Value::as_object_mut).expect("a template");
        spec.extend(pod.as_object().expect("a map").clone());
    }
    parts[0]["status"] = json!({"replicas": 1, "updatedReplicas": 1});
    parts[2]["status"]["conditions"][0]["status"] = "False".into();
    parts[2]["status"]["containerStatuses"] = json!([{"name": "app", "ready": false, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]);
    parts
}

fn said(parts: Vec<Vec<Value>>, name: &str, log: &str) -> Snapshot {
    let mut shop = snapshot(parts);
    shop.put_log(("shop".into(), format!("{name}-1-x"), "app".into()), log);
    shop
}

#[test]
fn behind_a_service_without_pods_its_workload_is_judged() {
    let refused = r#"pods "api-1-" is forbidden: error looking up service account shop/reader: serviceaccount "reader" not found"#;
    let parts = |account: &str| {
        let mut parts = running("api", json!({}));
        parts.truncate(2);
        for part in &mut parts {
            part["spec"]["template"]["spec"]["serviceAccountName"] = "reader".into();
            part["status"] = json!({"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused}]});
        }
        parts.push(
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": "shop", "name": account}}),
        );
        snapshot(vec![parts, vec![service("api", "api", 80, 8080)]])
    };
    for entity in ["Service:shop/api", "Deployment:shop/api"] {
        let cause = first(&parts("other"), entity);
        is(&cause, Fault::MissingReference, "Deployment shop/api", &format!("{POD}.serviceAccountName"));
    }
    is_well(&snapshot(vec![running("api", json!({})), vec![service("api", "api", 80, 8080)]]), "Service:shop/api");
}

fn site(line: &str, mount: Value, key: &str) -> Snapshot {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "site"},
        "data": {key: "server {\n  listen 80;\n  proxy_pas x;\n  password: hunter2hunter2\n}"}});
    let mut mount = mount;
    mount["name"] = "conf".into();
    let pod = json!({"volumes": [{"name": "conf", "configMap": {"name": "site"}}]});
    said(vec![crashing("web", json!({"volumeMounts": [mount]}), pod), vec![map]], "web", line)
}

#[test]
fn a_crash_over_a_text_that_a_map_has_is_told_with_its_key_and_line() {
    let folder = || json!({"mountPath": "/etc/web"});
    let line = "2026/01/01 10:00:00 [emerg] 1#1: unknown directive \"proxy_pas\" in /etc/web/site.conf:3";
    for (mount, line) in [
        (folder(), line),
        (json!({"mountPath": "/etc/web/site.conf", "subPath": "site.conf"}), line),
        (folder(), "ERROR: cannot read /etc/web/site.conf: line 3: unexpected word"),
    ] {
        let cause = first(&site(line, mount, "site.conf"), "Deployment:shop/web");
        is(&cause, Fault::CrashLoop, "ConfigMap shop/site", "data[site.conf]");
        assert!(cause.next.contains("line 3") && cause.next.contains("`proxy_pas x;`"), "{}", cause.next);
        assert!(cause.next.contains("rollout restart deployment web"), "{}", cause.next);
    }
    let cause =
        first(&site("ERROR: /etc/web/site.conf is not what I expect", folder(), "site.conf"), "Deployment:shop/web");
    is(&cause, Fault::CrashLoop, "ConfigMap shop/site", "data[site.conf]");
    // What stands there as a secret is not shown.
    let cause = first(&site("ERROR: bad /etc/web/site.conf:4", folder(), "site.conf"), "Deployment:shop/web");
    assert!(!format!("{cause:?}").contains("hunter2"), "{cause:#?}");
    // Elsewhere, under another name, or where the program complains of something else, the file is not at fault.
    for (line, key) in [
        ("ERROR: bad /etc/other/site.conf:3", "site.conf"),
        ("ERROR: bad /etc/web/site.conf:3", "other.conf"),
        ("FATAL: host of /etc/web/site.conf:3: connection refused", "site.conf"),
    ] {
        let cause = first(&site(line, folder(), key), "Deployment:shop/web");
        assert_eq!(cause.object.kind, "Pod", "{line}: {cause:#?}");
    }
}

#[test]
fn files_that_only_root_may_read_get_a_group() {
    let told = |pod: Value, line: &str| {
        let mut pod = pod;
        pod["volumes"] = pod
            .get("volumes")
            .cloned()
            .unwrap_or_else(|| json!([{"name": "keys", "secret": {"secretName": "k", "defaultMode": 0o400}}]));
        let container = json!({"volumeMounts": [{"name": "keys", "mountPath": "/etc/keys"}]});
        first(&said(vec![crashing("web", container, pod)], "web", line), "Deployment:shop/web")
    };
    let denied = "cat: /etc/keys/key: Permission denied";
    let user = || json!({"securityContext": {"runAsUser": 1000, "runAsGroup": 3000}});
    let cause = told(user(), denied);
    assert_eq!(change(&cause), ("Deployment:shop/web", format!("{POD}.securityContext.fsGroup").as_str()));
    assert_eq!(cause.change.as_ref().and_then(|change| change.value.clone()), Some(json!(3000)));
    assert!(
        cause.next.contains("fsGroup: 3000") && cause.next.contains("`spec.volumes[0].secret.defaultMode`"),
        "{}",
        cause.next
    );
    let others = [
        (json!({}), denied),
        (json!({"securityContext": {"runAsUser": 0}}), denied),
        (json!({"securityContext": {"runAsUser": 1000, "fsGroup": 2000}}), denied),
        (
            json!({"securityContext": {"runAsUser": 1000}, "volumes": [{"name": "keys", "secret": {"secretName": "k"}}]}),
            denied,
        ),
        (json!({"securityContext": {"runAsUser": 1000}, "volumes": [{"name": "keys", "emptyDir": {}}]}), denied),
        (user(), "cat: /root/key: Permission denied"),
        (user(), "cat: /etc/keys/key: No such file or directory"),
    ];
    for (pod, line) in others {
        let cause = told(pod.clone(), line);
        assert!(!cause.next.contains("fsGroup"), "{pod} {line}: {cause:#?}");
    }
}

fn cluster(notes: Value) -> Vec<Value> {
    let owner = json!([{"apiVersion": "db.dev/v1", "kind": "Cluster", "name": "pg", "uid": "c", "controller": true}]);
    let mut service = service("pg-rw", "pg", 5432, 5432);
    service["metadata"]["ownerReferences"] = owner;
    vec![
        json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "pg", "uid": "c", "annotations": notes},
            "spec": {"instances": 1}, "status": {"phase": "fine"}}),
        service,
    ]
}

#[test]
fn a_crash_over_a_service_without_pods_leads_to_what_has_made_it() {
    let log = "trying\nFATAL: could not connect to server pg-rw:5432";
    let off = json!({"db.dev/hibernation": "on"});
    let field = "metadata.annotations[db.dev/hibernation]";
    let told_in_words = said(vec![crashing("web", json!({}), json!({})), cluster(off.clone())], "web", log);
    let command = json!({"command": ["sh", "-c", "exec 3<>/dev/tcp/pg-rw/5432"]});
    let told_by_command = said(vec![crashing("web", command, json!({})), cluster(off.clone())], "web", log);
    for shop in [told_in_words, told_by_command] {
        let cause = first(&shop, "Deployment:shop/web");
        is(&cause, Fault::Paused, "Cluster shop/pg", field);
        assert_eq!(cause.affects, ["Deployment shop/web"]);
        assert!(cause.next.contains("to `off`"), "{}", cause.next);
        assert_eq!(diagnose(&shop, "Deployment:shop/web").expect("found").verdict, Verdict::Broken);
    }
    // A database that is on, and one that nobody complains of.
    let on = said(vec![crashing("web", json!({}), json!({})), cluster(json!({}))], "web", log);
    assert_eq!(first(&on, "Deployment:shop/web").object.kind, "Pod");
    let other = said(vec![crashing("web", json!({}), json!({})), cluster(off)], "web", "FATAL: no settings");
    assert_eq!(first(&other, "Deployment:shop/web").object.kind, "Pod");
}

#[test]
fn the_kind_of_what_has_made_a_service_is_read_where_last_words_lead_there() {
    let mut shop = said(
        vec![crashing("web", json!({}), json!({})), cluster(json!({})).split_off(1)],
        "web",
        "FATAL: could not connect to server pg-rw:5432",
    );
    let kind =
        ServedKind { group: "db.dev".into(), kind: "Cluster".into(), plural: "clusters".into(), namespaced: true };
    shop.served = [kind.clone()].into();
    assert_eq!(needs(&shop, "Deployment:shop/web").expect("found").kinds, [kind]);
}

fn claim(phase: &str, class: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data", "uid": "new"},
        "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "50Mi"}}}, "status": {"phase": phase}})
}

#[test]
fn a_volume_that_is_still_tied_to_a_claim_of_before_is_named() {
    let volume = |holder: Value, size: &str, phase: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "old"}, "status": {"phase": phase},
            "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, "claimRef": holder}})
    };
    let holder = |name: &str, uid: &str| json!({"namespace": "shop", "name": name, "uid": uid});
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Normal",
        "reason": "FailedBinding", "message": "no persistent volumes available for this claim and no storage class is set",
        "involvedObject": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data"}});
    let told = |volume: Value| {
        let shop = snapshot(vec![vec![claim("Pending", ""), volume, event.clone()]]);
        first(&shop, "PersistentVolumeClaim:shop/data")
    };
    let cause = told(volume(holder("data", "old"), "50Mi", "Released"));
    is(&cause, Fault::Volume, "PersistentVolume old", "spec.claimRef");
    assert!(cause.next.contains("kubectl patch pv old"), "{}", cause.next);
    for other in [
        volume(holder("data", "new"), "50Mi", "Released"),
        volume(holder("other", "old"), "50Mi", "Released"),
        volume(holder("data", "old"), "10Mi", "Released"),
        volume(holder("data", "old"), "50Mi", "Bound"),
    ] {
        assert_eq!(told(other.clone()).object.kind, "PersistentVolumeClaim", "{other}");
    }
}

#[test]
fn a_claim_of_one_pod_is_told_by_who_has_it() {
    let parts = |holder: &str| {
        let mount = |parts: Vec<Value>| {
            let volumes = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]);
            let with = |mut part: Value| {
                let place = if part["kind"] == "Pod" { "/spec" } else { "/spec/template/spec" };
                part.pointer_mut(place).expect("a template")["volumes"] = volumes.clone();
                part
            };
            parts.into_iter().map(with).collect::<Vec<_>>()
        };
        let mut reader = mount(running("reader", json!({})));
        reader[0]["status"] = json!({"replicas": 1, "updatedReplicas": 1});
        let mut waits = reader[2].clone();
        waits["metadata"]["name"] = "reader-1-y".into();
        waits["spec"]["nodeName"] = "".into();
        waits["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "message": "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod."}]});
        if holder != "reader" {
            reader.truncate(2);
        }
        let mut bound = claim("Bound", "standard");
        bound["spec"]["accessModes"] = json!(["ReadWriteOncePod"]);
        let other = if holder == "reader" { Vec::new() } else { mount(running(holder, json!({}))) };
        snapshot(vec![reader, vec![waits, bound], other])
    };
    let cause = first(&parts("writer"), "Deployment:shop/reader");
    is(&cause, Fault::Unschedulable, "PersistentVolumeClaim shop/data", "spec.accessModes");
    assert!(cause.summary.contains("Deployment shop/writer"), "{}", cause.summary);
    assert!(cause.next.contains(&format!("`{POD}.volumes[0].persistentVolumeClaim.claimName`")), "{}", cause.next);
    // The old pod of the same Deployment is a matter of its rollout.
    is(
        &first(&parts("reader"), "Deployment:shop/reader"),
        Fault::Unschedulable,
        "Deployment shop/reader",
        "spec.strategy.type",
    );
}

#[test]
fn a_quota_without_room_for_a_claim_is_raised_and_not_the_pods_lowered() {
    let quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": "shop", "name": "space"}});
    let told = |message: &str| {
        let mut set = running("db", json!({})).remove(0);
        set["kind"] = "StatefulSet".into();
        set["spec"]["replicas"] = 2.into();
        set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "logs"}}, {"metadata": {"name": "data"},
            "spec": {"resources": {"requests": {"storage": "80Mi"}}}}]);
        set["status"] = json!({"replicas": 1, "updatedReplicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True", "message": message}]});
        first(&snapshot(vec![vec![set, quota.clone()]]), "StatefulSet:shop/db")
    };
    let cause = told(
        "create Claim data-db-1 for Pod db-1 in StatefulSet db failed error: persistentvolumeclaims \"data-db-1\" is forbidden: exceeded quota: space, requested: requests.storage=80Mi, used: requests.storage=80Mi, limited: requests.storage=100Mi",
    );
    is(&cause, Fault::Quota, "ResourceQuota shop/space", "spec.hard[requests.storage]");
    assert!(
        cause.next.starts_with("Raise `spec.hard[requests.storage]` of ResourceQuota shop/space to 160"),
        "{}",
        cause.next
    );
    assert!(cause.next.contains("`spec.volumeClaimTemplates[1].spec.resources.requests.storage`"), "{}", cause.next);
    let cause = told(
        "pods \"db-1\" is forbidden: exceeded quota: space, requested: requests.cpu=1, used: requests.cpu=1500m, limited: requests.cpu=2",
    );
    is(&cause, Fault::Quota, "StatefulSet shop/db", &format!("{POD}.containers[0].resources"));
    assert!(
        cause.next.contains("Raise `spec.hard[requests.cpu]` of ResourceQuota shop/space to 2.5"),
        "{}",
        cause.next
    );
}

#[test]
fn a_webhook_that_answers_otherwise_is_told_by_its_configuration() {
    let told = |said: &str, name: &str, component: Value| {
        let message = format!(
            "Internal error occurred: failed calling webhook \"guard.example.org\": failed to call webhook: {said}"
        );
        let mut pay = running("pay", json!({}));
        pay.truncate(2);
        for part in &mut pay {
            part["status"] = json!({"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]});
        }
        let config = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "guards"},
            "webhooks": [{"name": "first.example.org"}, {"name": name, "clientConfig": {"service": {"namespace": "shop", "name": "guard", "port": 80, "path": "/check"}}}]});
        let mut guard = service("guard", "guard", 80, 8080);
        guard["metadata"]["labels"] = component;
        first(&snapshot(vec![pay, running("guard", json!({})), vec![guard, config]]), "Deployment:shop/pay")
    };
    let post = "Post \"https://guard.shop.svc:80/check?timeout=3s\": ";
    for (said, field) in [
        ("http: server gave HTTP response to HTTPS client", "webhooks[1].clientConfig.service.port"),
        ("x509: certificate signed by unknown authority", "webhooks[1].clientConfig.caBundle"),
        ("x509: certificate is valid for a.b, not guard.shop.svc", "webhooks[1].clientConfig.service.name"),
        ("dial tcp 10.0.0.1:80: connect: connection refused", "webhooks[1].clientConfig.service.port"),
        ("context deadline exceeded", "webhooks[1].timeoutSeconds"),
    ] {
        let cause = told(&format!("{post}{said}"), "guard.example.org", json!({}));
        is(&cause, Fault::Webhook, "ValidatingWebhookConfiguration guards", field);
        assert!(
            cause.next.contains("`webhooks[1].failurePolicy` of ValidatingWebhookConfiguration guards to Ignore"),
            "{}",
            cause.next
        );
        assert!(!cause.next.contains("backstack status"), "{}", cause.next);
    }
    let plain = format!("{post}http: server gave HTTP response to HTTPS client");
    let cause = told(&plain, "guard.example.org", json!({"backstack.dev/component": "guards"}));
    assert!(cause.next.contains("`backstack status` tells of guards"), "{}", cause.next);
    // Of one that nobody has configured any more nothing is said but what the message says.
    is(&told(&plain, "other.example.org", json!({})), Fault::Webhook, "Deployment shop/pay", "");
}

#[test]
fn what_a_source_wants_and_nobody_may_change_is_told_with_its_field() {
    let message = "error when patching \"/dev/shm/2857065703\": Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\",\"tier\":\"front\"}}: field is immutable";
    let told = |message: &str| {
        let resource = json!({"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "SyncFailed", "message": message});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "shop"},
            "spec": {"source": {"repoURL": "http://charts", "chart": "shop", "targetRevision": "2.0.0"}, "destination": {"namespace": "shop"}},
            "status": {"sync": {"status": "OutOfSync"}, "resources": [{"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync"}],
                "conditions": [{"type": "SyncError", "message": format!("Failed last sync attempt to [2.0.0]: one or more objects failed to apply, reason: {message}")}],
                "operationState": {"phase": "Failed", "message": "one or more objects failed to apply", "syncResult": {"resources": [resource]}}}});
        let diagnosis =
            diagnose(&snapshot(vec![running("web", json!({})), vec![application]]), "Application:argocd/shop")
                .expect("found");
        assert!(!format!("{:?}", diagnosis.causes).contains("``"), "{diagnosis:#?}");
        diagnosis.causes
    };
    let causes = told(message);
    assert_eq!(causes.len(), 1, "{causes:#?}");
    is(&causes[0], Fault::NotApplied, "Deployment shop/web", "spec.selector");
    assert!(causes[0].next.starts_with("Delete Deployment shop/web"), "{}", causes[0].next);
    let cause = told(
        "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    )
    .remove(0);
    assert_eq!((cause.fault, cause.object.kind.as_str()), (Fault::InvalidManifest, "Application"));
    assert!(cause.next.contains("chart `shop` 2.0.0 of http://charts"), "{}", cause.next);
}

#[test]
fn a_member_that_has_no_name_is_told_by_its_set() {
    let set = |service: &str| {
        let mut parts = running("db", json!({}));
        parts.remove(1);
        parts[0]["kind"] = "StatefulSet".into();
        parts[0]["spec"]["serviceName"] = service.into();
        parts[1]["metadata"]["ownerReferences"][0] =
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "db-d"});
        let mut peers = super::between::service("peers", "db", 80, 8080);
        peers["spec"]["clusterIP"] = "None".into();
        parts.push(peers);
        parts
    };
    let told = |service: &str, command: &str, line: &str| {
        let sync = running("sync", json!({"command": ["sh", "-c", command]}));
        let mut shop = snapshot(vec![set(service), sync]);
        shop.put_recent_log(("shop".into(), "sync-1-x".into(), "app".into()), &format!("{line}\n").repeat(5));
        diagnose(&shop, "Deployment:shop/sync").expect("found").causes
    };
    let line = "ERROR: cannot resolve db-0.db, trying again";
    for command in ["getent hosts db-0.db", "./sync"] {
        let causes = told("db", command, line);
        is(&causes[0], Fault::MissingReference, "StatefulSet shop/db", "spec.serviceName");
        assert!(
            causes[0].next.contains("Make Service shop/db with `clusterIP: None`") && causes[0].next.contains("peers"),
            "{}",
            causes[0].next
        );
        assert_eq!(
            (causes.len(), causes[0].affects.clone()),
            (1, vec!["Deployment shop/sync".to_string()]),
            "{causes:#?}"
        );
    }
    // Nobody calls it, or it has its Service.
    assert!(told("db", "./sync", "all is well").is_empty());
    assert!(!told("peers", "getent hosts db-0.peers", "ready").iter().any(|cause| cause.object.kind == "StatefulSet"));
}

#[test]
fn what_a_policy_makes_and_keeps_is_not_edited() {
    let told = |synchronize: bool, labels: Value| {
        let deny = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "deny", "labels": labels},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
        let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedGeneratingPolicy", "metadata": {"namespace": "shop", "name": "lockdown"},
            "spec": {"evaluation": {"synchronize": {"enabled": synchronize}}, "generate": [{"expression": "x"}]}});
        let caller = running("caller", json!({"env": [{"name": "API_URL", "value": "http://api:80"}]}));
        let parts = vec![caller, running("api", json!({})), vec![service("api", "api", 80, 8080), deny, policy]];
        first(&snapshot(parts), "Deployment:shop/caller")
    };
    let labels =
        || json!({"generate.kyverno.io/policy-name": "lockdown", "generate.kyverno.io/policy-namespace": "shop"});
    let cause = told(true, labels());
    is(&cause, Fault::Blocked, "NetworkPolicy shop/deny", "spec.ingress");
    assert_eq!(change(&cause), ("NamespacedGeneratingPolicy:shop/lockdown", "spec.generate"));
    assert!(
        cause.next.starts_with("Make a NetworkPolicy of your own in namespace shop")
            && cause.next.contains("at TCP port 8080"),
        "{}",
        cause.next
    );
    for (synchronize, labels) in [(false, labels()), (true, json!({}))] {
        let cause = told(synchronize, labels);
        assert!(
            cause.next.starts_with("Let it through in `spec.ingress` of NetworkPolicy shop/deny"),
            "{}",
            cause.next
        );
    }
}
