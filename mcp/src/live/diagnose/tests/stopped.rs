//! What keeps a pod from beginning or staying, where the first cause is easily mistaken; each with a cousin that is another
//! matter.

use serde_json::{Value, json};

use super::unseen::{deployment, event, service, snapshot, told};
use super::{Diagnosis, Fault};
use crate::live::snapshot::Snapshot;

/// A Deployment whose pod is not ready: `status` of its container, or of the pod.
fn unready(name: &str, spec: Value, status: Value) -> Vec<Value> {
    let mut all = deployment(name, spec);
    all[0]["status"]["readyReplicas"] = 0.into();
    all[0]["status"]["availableReplicas"] = 0.into();
    all[2]["status"]["conditions"] =
        json!([{"type": "Ready", "status": "False"}, {"type": "PodScheduled", "status": "True"}]);
    for (key, value) in status.as_object().into_iter().flatten() {
        all[2]["status"][key] = value.clone();
    }
    all
}

fn crashed(container: &str, code: i64) -> Value {
    json!([{"name": container, "ready": false, "restartCount": 5, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": code, "reason": "Error"}}}])
}

fn with_log(objects: Vec<Value>, pod: &str, container: &str, log: &str) -> Snapshot {
    let mut snapshot = snapshot(objects);
    snapshot.put_log(("shop".into(), pod.into(), container.into()), log);
    snapshot
}

const USAGE: &str = "flag provided but not defined: -message\nUsage of /echo:\n  -listen string\n    \taddress to listen on\n  -text string\n    \ttext to put on the webpage\n  -version\n    \tdisplay version information";

#[test]
fn a_flag_that_a_program_does_not_know_is_named_where_it_is_written() {
    let judged = |args: Value, log: &str| {
        let spec = json!({"containers": [{"name": "banner", "image": "r/echo:1", "args": args}]});
        let objects = unready("banner", spec, json!({"containerStatuses": crashed("banner", 2)}));
        told(&with_log(objects, "banner-1-x", "banner", log), "Deployment:shop/banner")
    };
    let (found, [object, field, next]) = judged(json!(["-listen=:80", "-message=hello"]), USAGE);
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("Deployment:shop/banner", "spec.template.spec.containers[0].args[1]"),
        "{found:#?}"
    );
    assert!(found.causes[0].summary.contains("knows no flag `-message`"), "{}", found.causes[0].summary);
    assert!(next.contains("-listen, -text, -version"), "{next}");
    // A flag that nobody has written here comes from somewhere else.
    let (_, [_, field, _]) = judged(json!(["-listen=:80"]), USAGE);
    assert_eq!(field, "spec.template.spec.containers[0].args");
}

#[test]
fn what_a_program_says_comes_before_an_address_that_it_has_not_used() {
    let judged = |log: &str| {
        let init =
            json!([{"name": "migrate", "image": "r/migrate:1", "env": [{"name": "DB_HOST", "value": "orders-db"}]}]);
        let spec = json!({"initContainers": init, "containers": [{"name": "orders", "image": "r/orders:1", "ports": [{"containerPort": 80}]}]});
        let statuses = json!([{"name": "orders", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}]);
        let status = json!({"initContainerStatuses": crashed("migrate", 2), "containerStatuses": statuses});
        let other = json!({"containers": [{"name": "db", "image": "r/db:1", "ports": [{"containerPort": 80}]}]});
        let services = vec![service("orders", json!(80)), service("orders-dbs", json!(80))];
        let objects = [unready("orders", spec, status), deployment("orders-dbs", other), services].concat();
        told(&with_log(objects, "orders-1-x", "migrate", log), "Deployment:shop/orders")
    };
    let (found, [_, field, next]) = judged("migrating\n/bin/sh: 1: DATABASE_HOST: parameter not set");
    assert_eq!(field, "spec.template.spec.initContainers[0].env", "{found:#?}");
    assert!(next.contains("`DATABASE_HOST`"), "{next}");
    assert!(found.causes.iter().all(|cause| !cause.next.ends_with("to `orders`.")), "nobody uses itself: {found:#?}");
    let (found, [_, field, _]) = judged("migrating\ndial tcp: lookup orders-db: no such host");
    assert_eq!(
        (found.causes[0].fault, field.as_str()),
        (Fault::NoSuchHost, "spec.template.spec.initContainers[0].env[0].value")
    );
}

#[test]
fn a_pod_that_its_node_rejects_is_no_wrong_selector() {
    let mut pod = deployment("gateway", json!({"securityContext": {"sysctls": [{"name": "kernel.sem", "value": "1"}, {"name": "net.core.somaxconn", "value": "1024"}]},
        "containers": [{"name": "a", "image": "r/a:1"}]})).remove(2);
    pod["metadata"]["ownerReferences"] = json!([]);
    let said = "Pod was rejected: forbidden sysctl: \"net.core.somaxconn\" not allowlisted";
    pod["status"] = json!({"phase": "Failed", "reason": "SysctlForbidden", "message": said});
    let objects = vec![pod, service("gateway", json!(80))];
    let (found, [object, field, next]) = told(&snapshot(objects), "Pod:shop/gateway-1-x");
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("Pod:shop/gateway-1-x", "spec.securityContext.sysctls[1].name"),
        "{found:#?}"
    );
    assert_eq!(found.causes[0].fault, Fault::CannotStart);
    assert!(next.contains("make it anew"), "{next}");
    assert!(found.causes.iter().all(|cause| cause.fault != Fault::WrongSelector), "{found:#?}");
}

#[test]
fn a_pod_that_cannot_be_set_up_is_told_by_what_it_asks_for_and_not_by_its_network() {
    let judged = |said: &str| {
        let spec = json!({"subdomain": "recommendation-engine-peers", "setHostnameAsFQDN": true, "containers": [{"name": "a", "image": "r/a:1", "args": ["-x"]}]});
        let waiting = json!([{"name": "a", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]);
        let mut objects = unready("recommendation", spec, json!({"phase": "Pending", "containerStatuses": waiting}));
        objects.push(event("Pod", "recommendation-1-x", "FailedCreatePodSandBox", said));
        told(&snapshot(objects), "Deployment:shop/recommendation")
    };
    let said = "Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, FQDN recommendation-1-x.recommendation-engine-peers.shop.svc.cluster.local is too long (64 characters is the max, 83 characters requested)";
    let (found, [object, field, next]) = judged(said);
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("Deployment:shop/recommendation", "spec.template.spec.setHostnameAsFQDN"),
        "{found:#?}"
    );
    assert!(next.contains("out") && !next.contains("kube-system"), "{next}");
    let network = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"1\": plugin type=\"ptp\" failed (add)";
    let (found, [_, field, next]) = judged(network);
    assert!(field.is_empty() && next.contains("kube-system"), "{found:#?}");
}

fn failed_by_a_rule(line: &str) -> (Diagnosis, [String; 3]) {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": "import", "uid": "j"},
        "spec": {"backoffLimit": 6, "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]},
            "template": {"spec": {"containers": [{"name": "a", "image": "r/a:1", "command": ["run"]}]}}},
        "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "Container a for pod shop/import-1 failed with exit code 3 matching FailJob rule at index 0"}]}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "import-1",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "import", "uid": "j", "controller": true}]},
        "spec": {"nodeName": "n", "containers": [{"name": "a", "image": "r/a:1", "command": ["run"]}]},
        "status": {"phase": "Failed", "containerStatuses": [{"name": "a", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]}});
    told(&with_log(vec![job, pod], "import-1", "a", line), "Job:shop/import")
}

#[test]
fn a_job_that_a_rule_ends_although_it_asks_for_another_try_is_told_by_the_rule() {
    let (found, [object, field, next]) = failed_by_a_rule("stock server is busy, come back later (exit 3)");
    assert_eq!((object.as_str(), field.as_str()), ("Job:shop/import", "spec.podFailurePolicy.rules[0]"), "{found:#?}");
    assert!(next.contains("again without that rule"), "{next}");
    // What no try will mend, the rule ends rightly.
    let (found, _) = failed_by_a_rule("FATAL: the table has no column `price`");
    assert_eq!(found.causes[0].fault, Fault::CrashLoop, "{found:#?}");
}

/// A program that may not write, in a namespace whose policy writes a user into its pods.
fn as_user(user: Option<i64>, policy: bool, line: &str) -> (Diagnosis, [String; 3]) {
    let context = user.map_or_else(|| json!({}), |user| json!({"runAsUser": user}));
    let spec =
        json!({"securityContext": context, "containers": [{"name": "site", "image": "r/site:1", "args": ["serve"]}]});
    let mut objects = unready("site", spec, json!({"containerStatuses": crashed("site", 1)}));
    if policy {
        objects.push(json!({"apiVersion": "policies.kyverno.io/v1beta1", "kind": "NamespacedMutatingPolicy", "metadata": {"namespace": "shop", "name": "drop-root"},
            "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]},
                "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsUser: 10001}}}"}}]}}));
    }
    told(&with_log(objects, "site-1-x", "site", line), "Deployment:shop/site")
}

#[test]
fn a_user_that_a_policy_writes_and_that_may_not_write_leads_to_the_policy() {
    let denied = "[emerg] 1#1: mkdir() \"/var/cache/nginx/client\" failed (13: Permission denied)";
    let (found, [object, field, next]) = as_user(Some(10001), true, denied);
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("NamespacedMutatingPolicy:shop/drop-root", "spec.mutations[0].applyConfiguration.expression"),
        "{found:#?}"
    );
    assert!(next.contains("`spec.template.spec.securityContext.runAsUser` out of Deployment shop/site"), "{next}");
    let (_, [object, field, next]) = as_user(Some(10001), false, denied);
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("Deployment:shop/site", "spec.template.spec.securityContext.runAsUser")
    );
    assert!(next.contains("emptyDir"), "{next}");
    for (user, line) in [(None, denied), (Some(10001), "ERROR: permission denied for table orders")] {
        let (_, [_, field, _]) = as_user(user, true, line);
        assert_eq!(field, "spec.template.spec.containers[0].args", "{line}");
    }
}

#[test]
fn a_resource_that_is_only_a_limit_is_named_where_it_is_written() {
    let judged = |resources: Value| {
        let spec = json!({"containers": [{"name": "a", "image": "r/a:1", "resources": resources}]});
        let said = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.";
        let mut objects = unready(
            "trainer",
            spec,
            json!({"phase": "Pending", "containerStatuses": [],
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}]}),
        );
        objects[2]["spec"]["nodeName"] = "".into();
        objects[2]["spec"]["containers"][0]["resources"] =
            json!({"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}});
        told(&snapshot(objects), "Deployment:shop/trainer").1[1].clone()
    };
    let limit = json!({"nvidia.com/gpu": "1"});
    let place = "spec.template.spec.containers[0].resources";
    assert_eq!(judged(json!({"limits": limit})), format!("{place}.limits.nvidia.com/gpu"));
    assert_eq!(judged(json!({"limits": limit, "requests": limit})), format!("{place}.requests.nvidia.com/gpu"));
}

#[test]
fn a_volume_that_cannot_be_mounted_is_told_with_what_the_node_or_the_source_lacks() {
    let judged = |volume: Value, said: &str| {
        let mut volume = volume;
        volume["name"] = "conf".into();
        let waiting = json!([{"name": "a", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]);
        let spec = json!({"volumes": [volume], "containers": [{"name": "a", "image": "r/a:1"}]});
        let mut objects = unready("sync", spec, json!({"phase": "Pending", "containerStatuses": waiting}));
        objects.push(event(
            "Pod",
            "sync-1-x",
            "FailedMount",
            &format!("MountVolume.SetUp failed for volume \"conf\" : {said}"),
        ));
        told(&snapshot(objects), "Deployment:shop/sync").1
    };
    let sources = json!([{"configMap": {"name": "a"}}, {"secret": {"name": "partner", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]);
    let [_, field, next] =
        judged(json!({"projected": {"sources": sources}}), "references non-existent secret key: ca.crt");
    assert_eq!(field, "spec.template.spec.volumes[0].projected.sources[1].secret.items[0].key");
    assert!(next.contains("Secret shop/partner has no key `ca.crt`"), "{next}");
    let [_, field, next] = judged(
        json!({"hostPath": {"path": "/var/run/docker.sock", "type": "Socket"}}),
        "hostPath type check failed: /var/run/docker.sock is not a socket file",
    );
    assert_eq!(field, "spec.template.spec.volumes[0].hostPath.path");
    assert!(
        next.contains("take volume conf out") && next.contains("containerd://") && !next.contains("OrCreate"),
        "{next}"
    );
    let [_, _, next] = judged(
        json!({"hostPath": {"path": "/data", "type": "Directory"}}),
        "hostPath type check failed: /data is not a directory",
    );
    assert!(next.contains("DirectoryOrCreate"), "{next}");
}

/// Two programs; `orders` asks whom its probe names, and `billing` asks `other`.
fn asking(other: &str) -> (Diagnosis, [String; 3]) {
    let spec = |name: &str, asked: &str| {
        json!({"containers": [{"name": name, "image": "r/a:1", "ports": [{"containerPort": 8080}],
            "readinessProbe": {"exec": {"command": ["bash", "-c", format!("exec 3<>/dev/tcp/{asked}/80")]}}}]})
    };
    let runs = |name: &str| json!({"containerStatuses": [{"name": name, "ready": false, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T10:00:00Z"}}}]});
    let failed = |name: &str, asked: &str| {
        event(
            "Pod",
            &format!("{name}-1-x"),
            "Unhealthy",
            &format!("Readiness probe failed: bash: /dev/tcp/{asked}/80: Connection refused"),
        )
    };
    let orders = unready("orders", spec("orders", "billing"), runs("orders"));
    let billing = unready("billing", spec("billing", other), runs("billing"));
    let rest = vec![
        service("orders", json!(8080)),
        service("billing", json!(8080)),
        failed("orders", "billing"),
        failed("billing", other),
    ];
    told(&snapshot([orders, billing, rest].concat()), "Deployment:shop/orders")
}

#[test]
fn programs_whose_probes_wait_for_each_other_are_told_as_such() {
    let (found, [object, field, next]) = asking("orders");
    assert!(found.causes[0].summary.contains("each is ready only when the other is"), "{found:#?}");
    assert_eq!(
        (object.as_str(), field.as_str()),
        ("Deployment:shop/orders", "spec.template.spec.containers[0].readinessProbe.exec.command")
    );
    assert!(next.contains("its own port 8080"), "{next}");
    let (found, _) = asking("ledger");
    assert!(!found.causes[0].summary.contains("each is ready only"), "{found:#?}");
}
