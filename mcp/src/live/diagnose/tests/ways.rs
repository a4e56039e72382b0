//! The way of a request, and what programs are told: faults with which everything runs. On a platform the same is planted
//! by `scripts/tools/situations` (routes, settings, unseen).

use serde_json::{Value, json};

use super::super::{Fault, Verdict, diagnose, needs};
use super::between::{running, service, snapshot};
use crate::live::questions::{Question, Reply, Shown};
use crate::live::served::ServedKind;
use crate::live::snapshot::Snapshot;

const FIELD: &str = "spec.template.spec.containers[0]";

fn first(snapshot: &Snapshot, entity: &str) -> (Fault, String, String) {
    let diagnosis = diagnose(snapshot, entity).expect("it is found");
    let cause = diagnosis.causes.first().unwrap_or_else(|| panic!("no cause: {diagnosis:#?}"));
    assert!(!cause.next.is_empty() && !cause.evidence.is_empty(), "{cause:?}");
    (cause.fault, cause.object.to_string(), cause.field.clone())
}

fn is(fault: Fault, object: &str, field: &str) -> (Fault, String, String) {
    (fault, object.into(), field.into())
}

fn is_well(snapshot: &Snapshot, entity: &str) {
    let diagnosis = diagnose(snapshot, entity).expect("it is found");
    assert_eq!((diagnosis.verdict, &diagnosis.causes), (Verdict::Healthy, &Vec::new()), "{entity}");
}

fn ingress(path: &str, notes: Value, tls: Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web", "annotations": notes},
        "spec": {"ingressClassName": "front", "tls": tls, "rules": [{"host": "shop.localhost", "http": {"paths": [
            {"path": path, "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}, "status": {"loadBalancer": {}}})
}

/// What serves Ingresses: a class, and the pod of the component that brought it.
fn front() -> Vec<Value> {
    let mut parts = running(
        "front",
        json!({"args": ["--entrypoints.websecure.address=:8443"],
        "ports": [{"containerPort": 8000, "name": "web"}, {"containerPort": 8443, "name": "websecure"}]}),
    );
    for part in &mut parts {
        part["metadata"]["namespace"] = "front".into();
        part["metadata"]["labels"]["backstack.dev/component"] = "front".into();
    }
    parts[2]["status"]["podIP"] = "10.0.9.9".into();
    parts.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "front",
        "labels": {"backstack.dev/component": "front"}}, "spec": {"controller": "traefik.io/ingress-controller"}}));
    parts
}

fn served(kind: &str, plural: &str) -> ServedKind {
    ServedKind { group: "traefik.io".into(), kind: kind.into(), plural: plural.into(), namespaced: true }
}

fn middleware(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "traefik.io/v1alpha1", "kind": "Middleware", "metadata": {"namespace": "shop", "name": name}, "spec": spec})
}

fn way(ingress: Value, more: Vec<Value>) -> Snapshot {
    let mut snapshot =
        snapshot(vec![front(), running("web", json!({})), vec![service("web", "web", 80, 8080), ingress], more]);
    snapshot.served = [served("Middleware", "middlewares"), served("TLSOption", "tlsoptions")].into();
    snapshot.put_listening(("10.0.0.3".into(), 8080), true);
    snapshot
}

fn page(address: &str, port: u16, path: &str) -> Question {
    Question::Page { address: address.into(), port, host: "shop.localhost".into(), path: path.into() }
}

fn says(status: u16) -> Reply {
    Reply::Page { status, location: String::new(), body: String::new() }
}

#[test]
fn what_an_annotation_names_must_be_there() {
    let key = "traefik.ingress.kubernetes.io/router.middlewares";
    let field = format!("metadata.annotations[{key}]");
    let named = |word: &str| ingress("/shop", json!({key: word}), json!([]));
    let strip = || middleware("strip", json!({"stripPrefix": {"prefixes": ["/shop"]}}));
    let other = middleware("other", json!({}));
    let gone = way(named("shop-strip@kubernetescrd"), vec![other.clone()]);
    assert_eq!(first(&gone, "Ingress:shop/web"), is(Fault::MissingReference, "Ingress shop/web", &field));
    let elsewhere = way(named("default-strip@kubernetescrd"), vec![strip()]);
    let cause = diagnose(&elsewhere, "shop/web").expect("found").causes.remove(0);
    assert_eq!(cause.change.and_then(|change| change.value), Some("shop-strip@kubernetescrd".into()));
    is_well(&way(named("shop-strip@kubernetescrd"), vec![strip()]), "Ingress:shop/web");
    let mut misses = strip();
    misses["spec"]["stripPrefix"]["prefixes"] = json!(["/shp"]);
    let misses = way(named("shop-strip@kubernetescrd"), vec![misses]);
    let expected = is(Fault::WrongRoute, "Middleware shop/strip", "spec.stripPrefix.prefixes[0]");
    assert_eq!(first(&misses, "Ingress:shop/web"), expected);
}

#[test]
fn tls_that_is_asked_of_a_program_that_speaks_plainly_is_told() {
    let told = |change: fn(&mut Value), number: u16| {
        let mut leads = ingress("/", json!({}), json!([]));
        leads["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] = json!({"number": number});
        let mut web = service("web", "web", number, 8080);
        change(&mut web);
        let mut snapshot = snapshot(vec![front(), running("web", json!({})), vec![web, leads]]);
        snapshot.put_listening(("10.0.0.3".into(), 8080), true);
        snapshot.put_reply(page("10.0.9.9", 8000, "/"), says(500));
        snapshot.put_reply(page("10.0.0.3", 8080, "/"), says(200));
        first(&snapshot, "Ingress:shop/web")
    };
    let key = "traefik.ingress.kubernetes.io/service.serversscheme";
    let noted = |web: &mut Value| {
        web["metadata"]["annotations"] = json!({"traefik.ingress.kubernetes.io/service.serversscheme": "https"});
    };
    let at = |field: &str| is(Fault::WrongPort, "Service shop/web", field);
    assert_eq!(told(noted, 80), at(&format!("metadata.annotations[{key}]")));
    assert_eq!(told(|web| web["spec"]["ports"][0]["name"] = "https-web".into(), 80), at("spec.ports[0].name"));
    assert_eq!(told(|_| (), 443), at("spec.ports[0].port"));
    // Told to speak plainly, it is another fault.
    let plain = |web: &mut Value| {
        web["metadata"]["annotations"] = json!({"traefik.ingress.kubernetes.io/service.serversscheme": "http"});
    };
    assert_eq!(told(plain, 443).0, Fault::WrongRoute);
}

#[test]
fn an_address_that_outlived_its_service_is_told_where_a_gateway_fails() {
    let told = |answer: u16, made: &str| {
        let front_door = running("web", json!({"args": ["--upstream=http://api.shop.svc"]}));
        let mut api = service("api", "api", 80, 8080);
        api["metadata"]["creationTimestamp"] = made.into();
        let mut snapshot = way(ingress("/", json!({}), json!([])), [running("api", json!({})), vec![api]].concat());
        for part in front_door {
            snapshot.put(part);
        }
        snapshot.put_reply(page("10.0.9.9", 8000, "/"), says(answer));
        snapshot.put_reply(page("10.0.0.3", 8080, "/"), says(answer));
        diagnose(&snapshot, "Ingress:shop/web").expect("it is found")
    };
    let late = told(502, "2026-01-01T11:30:00Z");
    assert_eq!((late.verdict, late.causes[0].fault), (Verdict::Broken, Fault::NoSuchHost), "{late:?}");
    assert_eq!(late.causes[0].object.to_string(), "Deployment shop/web", "it says the name itself");
    assert!(late.causes[0].next.contains("rollout restart deployment/web"), "{late:?}");
    for (answer, made) in [(500, "2026-01-01T11:30:00Z"), (502, "2026-01-01T10:30:00Z")] {
        let other = told(answer, made);
        assert_eq!((other.verdict, other.causes[0].fault), (Verdict::Broken, Fault::LogErrors), "{other:?}");
    }
}

#[test]
fn words_for_another_controller_doors_and_patterns_are_told() {
    let noted = |key: &str, value: &str| way(ingress("/", json!({key: value}), json!([])), vec![]);
    let at = |key: &str| format!("metadata.annotations[{key}]");
    let key = "nginx.ingress.kubernetes.io/rewrite-target";
    assert_eq!(first(&noted(key, "/"), "Ingress:shop/web"), is(Fault::WrongRoute, "Ingress shop/web", &at(key)));
    let key = "traefik.ingress.kubernetes.io/router.entrypoints";
    assert_eq!(
        first(&noted(key, "https"), "Ingress:shop/web"),
        is(Fault::MissingReference, "Ingress shop/web", &at(key))
    );
    is_well(&noted(key, "websecure"), "Ingress:shop/web");
    let pattern = way(ingress("/api/.*", json!({}), json!([])), vec![]);
    let expected = is(Fault::WrongRoute, "Ingress shop/web", "spec.rules[0].http.paths[0].path");
    assert_eq!(first(&pattern, "Ingress:shop/web"), expected);
}

#[test]
fn answers_on_the_way_tell_who_does_not_pass_a_request_on() {
    let asked = |through: Option<u16>, own: Option<u16>, root: Option<u16>| {
        let mut snapshot = way(ingress("/shop", json!({}), json!([])), vec![]);
        let wanted = needs(&snapshot, "Ingress:shop/web").expect("found").questions;
        for (question, status) in [
            (page("10.0.9.9", 8000, "/shop"), through),
            (page("10.0.0.3", 8080, "/shop"), own),
            (page("10.0.0.3", 8080, "/"), root),
        ] {
            assert!(wanted.contains(&question), "{question:?} is asked: {wanted:?}");
            if let Some(status) = status {
                snapshot.put_reply(question, says(status));
            }
        }
        snapshot
    };
    let path = "spec.rules[0].http.paths[0].path";
    let told = |through, own, root| first(&asked(through, own, root), "Ingress:shop/web");
    assert_eq!(told(Some(404), Some(200), Some(200)), is(Fault::WrongRoute, "Ingress shop/web", path));
    assert_eq!(told(Some(502), None, None), is(Fault::WrongPort, "Service shop/web", "spec.ports[0].targetPort"));
    assert_eq!(told(Some(404), Some(404), Some(200)), is(Fault::WrongRoute, "Ingress shop/web", path));
    assert_eq!(told(Some(500), Some(500), Some(200)).0, Fault::LogErrors);
    for (through, own, root) in [
        (Some(200), Some(200), Some(200)),
        (Some(404), Some(404), Some(404)),
        (Some(401), Some(401), Some(200)),
        (None, None, None),
    ] {
        is_well(&asked(through, own, root), "Ingress:shop/web");
    }
}

#[test]
fn a_program_that_wants_tls_is_told_by_what_it_shows() {
    let mut snapshot = way(ingress("/", json!({}), json!([])), vec![]);
    let tls = Question::Certificate { address: "10.0.0.3".into(), port: 8080, host: "web".into() };
    let refused = "Client sent an HTTP request to an HTTPS server.".to_string();
    snapshot
        .put_reply(page("10.0.0.3", 8080, "/"), Reply::Page { status: 400, location: String::new(), body: refused });
    snapshot.put_reply(tls, Reply::Certificate(Shown::default()));
    let (fault, object, field) = first(&snapshot, "Ingress:shop/web");
    assert_eq!((fault, object.as_str()), (Fault::WrongPort, "Service shop/web"));
    assert!(field.contains("serversscheme"), "{field}");
}

#[test]
fn the_certificate_that_is_shown_tells_of_a_secret_that_nobody_reads() {
    let tls = json!([{"hosts": ["shop.localhost"], "secretName": "web-tls"}]);
    let shown = |names: &[&str], ends: &str, is_for_servers: bool| {
        let mut snapshot = way(ingress("/", json!({}), tls.clone()), vec![]);
        let question = Question::Certificate { address: "10.0.9.9".into(), port: 8443, host: "shop.localhost".into() };
        assert!(needs(&snapshot, "Ingress:shop/web").expect("found").questions.contains(&question));
        let names = names.iter().map(ToString::to_string).collect();
        snapshot.put_reply(question, Reply::Certificate(Shown { names, is_for_servers, ends: ends.into() }));
        snapshot
    };
    let expected = || is(Fault::Certificate, "Ingress shop/web", "spec.tls[0].secretName");
    let (later, before) = ("2027-01-01T00:00:00Z", "2025-12-01T00:00:00Z");
    assert_eq!(first(&shown(&["localhost"], later, true), "Ingress:shop/web"), expected());
    assert_eq!(first(&shown(&["shop.localhost"], before, true), "Ingress:shop/web"), expected());
    assert_eq!(first(&shown(&["shop.localhost"], later, false), "Ingress:shop/web"), expected());
    is_well(&shown(&["*.localhost"], later, true), "Ingress:shop/web");
    let unseen = way(ingress("/", json!({}), tls.clone()), vec![]);
    assert_eq!(diagnose(&unseen, "Ingress:shop/web").expect("found").verdict, Verdict::Unknown);
}

#[test]
fn what_is_mounted_over_pages_is_named_where_they_are_missing() {
    let mounted = |volume: Value, status: Option<u16>| {
        let mut web = running("web", json!({"volumeMounts": [{"name": "h", "mountPath": "/usr/share/nginx/html"}]}));
        for part in &mut web {
            let spec = if part["kind"] == "Pod" { &mut part["spec"] } else { &mut part["spec"]["template"]["spec"] };
            spec["volumes"] = json!([volume]);
        }
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "pages"}, "data": {"a.txt": "x"}});
        let mut snapshot = snapshot(vec![web, vec![service("web", "web", 80, 8080), map]]);
        let question = Question::Page { address: "10.0.0.3".into(), port: 8080, host: "web".into(), path: "/".into() };
        if let Some(status) = status {
            snapshot.put_reply(question, says(status));
        }
        snapshot
    };
    let (empty, map) = (json!({"name": "h", "emptyDir": {}}), json!({"name": "h", "configMap": {"name": "pages"}}));
    let expected = || is(Fault::Volume, "Deployment shop/web", &format!("{FIELD}.volumeMounts[0].mountPath"));
    assert_eq!(first(&mounted(empty.clone(), Some(403)), "web"), expected());
    assert_eq!(first(&mounted(map, Some(403)), "web"), expected());
    is_well(&mounted(empty.clone(), Some(200)), "web");
    is_well(&mounted(empty, None), "web");
}

#[test]
fn a_part_of_a_volume_that_is_no_key_is_an_empty_folder() {
    let mounted = |part: &str| {
        let mut app =
            running("app", json!({"volumeMounts": [{"name": "c", "mountPath": "/etc/app.conf", "subPath": part}]}));
        app[0]["spec"]["template"]["spec"]["volumes"] = json!([{"name": "c", "configMap": {"name": "cfg"}}]);
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "cfg"}, "data": {"app.conf": "x"}});
        snapshot(vec![app, vec![map]])
    };
    let expected = is(Fault::MissingReference, "Deployment shop/app", &format!("{FIELD}.volumeMounts[0].subPath"));
    assert_eq!(first(&mounted("app.cnf"), "app"), expected);
    is_well(&mounted("app.conf"), "app");
}

#[test]
fn addresses_must_fit_their_port() {
    let told = |value: &str, port: Value| {
        let mut api = service("api", "api", 80, 8080);
        api["spec"]["ports"] = json!([port]);
        snapshot(vec![
            running("caller", json!({"env": [{"name": "API_URL", "value": value}]})),
            running("api", json!({})),
            vec![api],
        ])
    };
    let port = |number: u16, name: &str| json!({"port": number, "targetPort": 8080, "name": name});
    let expected = || is(Fault::WrongPort, "Deployment shop/caller", &format!("{FIELD}.env[0].value"));
    for (value, had) in [
        ("https://api:80", port(80, "")),
        ("https://api:8000/x", port(8000, "http")),
        ("http://api:443", port(443, "https")),
        ("http://api/x", port(8080, "http")),
        ("postgres://app@api:6379/x", port(6379, "")),
    ] {
        assert_eq!(first(&told(value, had), "caller"), expected(), "{value}");
    }
    for (value, had) in [
        ("http://api/x", port(80, "http")),
        ("https://api", port(443, "https")),
        ("https://api:8443", port(8443, "")),
        ("postgresql://app@api:5432/x", port(5432, "")),
        ("postgresql://app@api:6432/x", port(6432, "")),
    ] {
        is_well(&told(value, had), "caller");
    }
}

#[test]
fn a_folder_of_a_server_that_a_volume_covers_is_told_where_nobody_listens() {
    let told = |folder: &str, file: &str, sub: &str| {
        let mut mount = json!({"name": "conf", "mountPath": folder});
        if !sub.is_empty() {
            mount["subPath"] = sub.into();
        }
        let mut parts = running("web", json!({"ports": [{"containerPort": 80}], "volumeMounts": [mount]}));
        for spec in ["/0/spec/template/spec", "/1/spec/template/spec", "/2/spec"] {
            let mut all = Value::Array(std::mem::take(&mut parts));
            all.pointer_mut(spec).expect("a spec")["volumes"] =
                json!([{"name": "conf", "configMap": {"name": "extra"}}]);
            parts = all.as_array().expect("a list").clone();
        }
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "extra"}, "data": {"gzip.conf": file}});
        let mut snapshot = snapshot(vec![parts, vec![service("web", "web", 80, 80), map]]);
        snapshot.put_listening(("10.0.0.3".into(), 80), false);
        first(&snapshot, "Service:shop/web")
    };
    let hidden = told("/etc/nginx/conf.d", "gzip on;", "");
    assert_eq!(
        (hidden.1.as_str(), hidden.2.as_str()),
        ("Pod shop/web-1-x", "spec.containers[0].volumeMounts[0].mountPath")
    );
    for (folder, file, sub) in [
        ("/etc/nginx/conf.d", "listen 80;", ""),
        ("/etc/nginx/conf.d/gzip.conf", "gzip on;", "gzip.conf"),
        ("/etc/app", "gzip on;", ""),
    ] {
        let other = told(folder, file, sub);
        assert_eq!((other.1.as_str(), other.2.as_str()), ("Service shop/web", "spec.ports[0].targetPort"), "{folder}");
    }
}

#[test]
fn a_secret_whose_certificate_is_shown_is_missed_no_more() {
    let told = |shown: &str| {
        let tls = json!([{"hosts": ["shop.localhost"], "secretName": "bought"}]);
        let mut snapshot = way(ingress("/", json!({}), tls), vec![]);
        let log = "ERR Error configuring TLS error=\"secret shop/bought does not exist\" ingress=web namespace=shop\n";
        snapshot.put_recent_log(("front".into(), "front-1-x".into(), "app".into()), &log.repeat(3));
        let asked = Question::Certificate { address: "10.0.9.9".into(), port: 8443, host: "shop.localhost".into() };
        let names = vec![shown.into()];
        snapshot.put_reply(
            asked,
            Reply::Certificate(Shown { names, is_for_servers: true, ends: "2027-01-01T00:00:00Z".into() }),
        );
        snapshot
    };
    is_well(&told("shop.localhost"), "Ingress:shop/web");
    assert_eq!(first(&told("default.front"), "Ingress:shop/web").2, "spec.tls[0].secretName");
}

#[test]
fn an_alias_that_hides_a_service_is_told() {
    let aliased = |address: &str| {
        let mut caller = running("caller", json!({}));
        caller[0]["spec"]["template"]["spec"]["hostAliases"] = json!([{"ip": address, "hostnames": ["api.shop.svc"]}]);
        let mut api = service("api", "api", 80, 8080);
        api["spec"]["clusterIP"] = "10.96.0.7".into();
        snapshot(vec![caller, running("api", json!({})), vec![api]])
    };
    let expected = is(Fault::Dns, "Deployment shop/caller", "spec.template.spec.hostAliases[0].ip");
    assert_eq!(first(&aliased("10.1.2.3"), "caller"), expected);
    is_well(&aliased("10.96.0.7"), "caller");
}

#[test]
fn a_limit_that_holds_a_container_back_is_told() {
    let limited = |reply: Option<(u64, u64)>, used: &str| {
        let mut parts = running("worker", json!({"resources": {"limits": {"cpu": "100m"}}}));
        parts[2]["status"]["containerStatuses"][0]["containerID"] = "containerd://abc".into();
        let figures = json!({"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"namespace": "shop", "name": "worker-1-x"},
            "containers": [{"name": "app", "usage": {"cpu": used}}]});
        let mut snapshot = snapshot(vec![parts, vec![figures]]);
        let question = Question::Processor { container: "abc".into() };
        assert_eq!(needs(&snapshot, "worker").expect("found").questions, std::slice::from_ref(&question));
        if let Some((moments, held_back)) = reply {
            snapshot.put_reply(question, Reply::Processor { moments, held_back });
        }
        snapshot
    };
    let expected = || is(Fault::Throttled, "Pod shop/worker-1-x", "spec.containers[0].resources.limits.cpu");
    assert_eq!(first(&limited(Some((6, 5)), "10m"), "worker"), expected());
    assert_eq!(first(&limited(None, "99m"), "worker"), expected());
    is_well(&limited(Some((6, 1)), "40m"), "worker");
    is_well(&limited(Some((1, 1)), "1m"), "worker");
}

#[test]
fn udp_where_somebody_listens_for_tcp_is_told() {
    let mut web = service("web", "web", 80, 9090);
    web["spec"]["ports"][0]["protocol"] = "UDP".into();
    let mut snapshot = snapshot(vec![running("web", json!({"ports": []})), vec![web]]);
    is_well(&snapshot, "Deployment:web");
    snapshot.put_listening(("10.0.0.3".into(), 9090), true);
    let expected = is(Fault::WrongPort, "Service shop/web", "spec.ports[0].protocol");
    assert_eq!(first(&snapshot, "Deployment:web"), expected);
}

#[test]
fn what_a_log_complains_of_is_found_where_it_is_written() {
    let told = |line: &str| {
        let env = json!([{"name": "COLOR", "value": "red"}, {"name": "DB_NAME", "value": "ordrs"},
            {"name": "QUEUE", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "queue"}}}, {"name": "LEVEL", "value": "error"}]);
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "cfg"}, "data": {"queue": "jobs-new"}});
        let mut snapshot = snapshot(vec![running("worker", json!({"env": env})), vec![map]]);
        let log = format!("{line}\n").repeat(5);
        snapshot.put_recent_log(("shop".into(), "worker-1-x".into(), "app".into()), &log);
        first(&snapshot, "worker")
    };
    let field = |index: usize| format!("spec.containers[0].env[{index}].value");
    let pod = "Pod shop/worker-1-x";
    assert_eq!(told(r#"FATAL: database "ordrs" does not exist"#), is(Fault::LogErrors, pod, &field(1)));
    let expected = is(Fault::LogErrors, "ConfigMap shop/cfg", "data[queue]");
    assert_eq!(told("ERROR NOT_FOUND - no queue 'jobs-new' in vhost '/'"), expected);
    assert_eq!(told("ERROR no bucket named red, giving up").2, field(0));
    // A word that every log has is no value.
    assert_eq!(told("ERROR some error happened").2, "");
}
