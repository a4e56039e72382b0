//! Whose work it is that something becomes real: the component of the platform that follows such objects, and that may have
//! no pods.

use serde_json::Value;

use super::{Seen, across, guarded, matches, secrets, tls};
use crate::live::diagnose::custom::named_in;
use crate::live::diagnose::{Fault, Finding, classify};
use crate::live::object::{COMPONENT, Ref, condition, gist, group_of, label, list, name, namespace, number, text};
use crate::live::references::annotations;
use crate::live::snapshot::{LogKey, Snapshot};

/// Label of the rights by which a component opens its own kinds to the assistant.
const RIGHTS: &str = "backstack.dev/aggregate-to-assistant";
/// Whose definitions make kinds of composite resources.
const COMPOSITES: &str = "apiextensions.crossplane.io";
/// Logs of one component that are read.
const MOST_LOGS: usize = 3;
/// So often a complaint must come before it is more than a hiccup.
const AGAIN: usize = 2;
/// What a complaint weighs at least: less than what is known for certain.
const COMPLAINT: u32 = 52;
/// How controllers say that something is not there.
const GONE: [&str; 3] = ["not exist", "not found", "no such"];
/// Seconds after which what was applied together is seen together.
const TOGETHER: i64 = 5;
/// What an autoscaler asks for figures.
const FIGURES: &str = "metrics.k8s.io";

/// Workloads without any replica of the component that should work on an object.
pub(in crate::live::diagnose) fn absent(seen: &Seen<'_>, object: &Value, is_composite: bool) -> Vec<Finding> {
    let snapshot = seen.snapshot;
    let Some(component) = component(snapshot, object, is_composite) else { return Vec::new() };
    // Its own parts tell of themselves.
    if label(object, COMPONENT) == Some(component) {
        return Vec::new();
    }
    let workloads = ["Deployment", "StatefulSet"].into_iter().flat_map(|kind| snapshot.all("apps", kind));
    let idle = workloads.filter(|workload| {
        let has_none = workload.pointer("/spec/replicas").is_some() && number(workload, "/spec/replicas") == 0;
        label(workload, COMPONENT) == Some(component) && has_none
    });
    let kind = text(object, "/kind");
    idle.map(|workload| {
        let at = Ref::of(workload);
        let text = format!("has 0 replicas: it is part of {component}, which works on every {kind}");
        Finding::new(Fault::Paused, at.clone(), text)
            .at("spec.replicas")
            .should_be(1)
            .with("spec.replicas", "0")
            .next(format!("Scale {at} to 1: `backstack up` does so too."))
    })
    .collect()
}

/// Logs of the pods of the component that works on such objects.
pub(in crate::live::diagnose) fn logs(snapshot: &Snapshot, object: &Value, is_composite: bool) -> Vec<LogKey> {
    let Some(component) = component(snapshot, object, is_composite) else { return Vec::new() };
    let workloads = ["Deployment", "StatefulSet", "DaemonSet"].into_iter().flat_map(|kind| snapshot.all("apps", kind));
    let own = workloads.filter(|workload| label(workload, COMPONENT) == Some(component));
    let pods = own.filter_map(|workload| snapshot.pods_of(workload).first().copied());
    pods.flat_map(super::logs::running).take(MOST_LOGS).collect()
}

/// The last line in which that component complains of an object, and of something else by name, if that is said.
pub(super) fn said<'a>(seen: &Seen<'a>, object: &Value, word: &str) -> Option<&'a str> {
    let keys = logs(seen.snapshot, object, false);
    let mut lines = keys.into_iter().filter_map(|key| seen.snapshot.recent_log(&key)).flat_map(str::lines);
    let is_about = |line: &&str| is_named(line, object) && line.contains(word) && complains(line);
    let mut last = None;
    for line in lines.by_ref().filter(is_about) {
        last = Some(line);
    }
    last
}

/// What that component complains of again and again, of an object that is asked about and that nothing else explains.
pub(in crate::live::diagnose) fn complaint(seen: &Seen<'_>, object: &Value, is_composite: bool) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let at = Ref::of(object);
    // Of Kubernetes' own kinds many programs speak.
    let is_own = at.group.contains('.') && (!at.group.ends_with(".k8s.io") || at.kind == "Ingress");
    let logs = logs(snapshot, object, is_composite).into_iter().filter(|_| is_own);
    let mut about = logs.filter_map(|key| Some((snapshot.recent_log(&key)?, key))).filter_map(|(log, key)| {
        let all: Vec<_> = log.lines().collect();
        let mine = |line: &&&str| is_named(line, object) && complains(line);
        let last = all.iter().rposition(|line| mine(&line))?;
        // What was over long before the end of the log is the past.
        let is_now = all.iter().filter(mine).count() >= AGAIN && last + all.len() / 3 + 40 > all.len();
        is_now.then_some((all[last], key))
    });
    let (line, (place, pod, _)) = about.next_back()?;
    let said = core_of(line);
    if is_there_now(snapshot, object, &said) || has_come_since(seen, object, line) {
        return None;
    }
    if let Some(finding) = secrets::told(object, &said, line) {
        return Some(finding);
    }
    if let Some(finding) = guarded::told(seen, object, &said, line) {
        return Some(finding);
    }
    let fault = classify(&said).unwrap_or(Fault::Unexplained);
    let text = format!("its controller complains: {}", gist(&said, 200));
    let mut finding = Finding::new(fault, at.clone(), text).with(format!("log of Pod {place}/{pod}"), line);
    finding.weight = finding.weight.max(COMPLAINT);
    Some(match named_in(object, &said) {
        Some(field) => {
            let next = format!("Correct `{field}` of {at}, which the message names.");
            across::told(seen, object, &said, matches::told(object, &said, finding.at(field).next(next)))
        }
        None => finding.next(format!("Correct in {at} what the message names.")),
    })
}

/// Whether what a line missed has come since: a certificate, say, is made after the Ingress that shows it.
fn is_there_now(snapshot: &Snapshot, object: &Value, said: &str) -> bool {
    let said = said.to_lowercase();
    if !GONE.iter().any(|words| said.contains(words)) {
        return false;
    }
    let parts = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let names: Vec<_> = said.split(parts).filter(|part| *part != name(object)).collect();
    let (group, place) = ("cert-manager.io", namespace(object));
    // Secrets are not read; of one that a certificate is written into, the certificate tells.
    let is_written = |certificate: &Value| {
        names.contains(&text(certificate, "/spec/secretName"))
            && condition(certificate, "Ready").is_some_and(|ready| ready.is_true())
    };
    said.contains("secret") && text(object, "/kind") == "Ingress" && tls::fits(snapshot, object)
        || said.contains("secret") && snapshot.inside(group, "Certificate", place).any(is_written)
        || ["Service", "ConfigMap"].into_iter().filter(|kind| said.contains(&kind.to_lowercase())).any(|kind| {
            let mut there = snapshot.inside("", kind, place);
            there.any(|one| names.contains(&name(one)))
        })
}

/// Whether what an annotation names was made only as the line was written that misses it: applied together, the one is seen
/// before the other. A controller that misses it still says so again.
fn has_come_since(seen: &Seen<'_>, object: &Value, line: &str) -> bool {
    let lower = line.to_lowercase();
    let is_missing = GONE.iter().any(|words| lower.contains(words));
    let Some(said) = line.split_whitespace().next().and_then(|time| seen.seconds_since(time)) else { return false };
    let served = &seen.snapshot.served;
    let named = annotations::named(served, object)
        .into_iter()
        .filter(|one| is_missing && lower.contains(&one.word.to_lowercase()));
    named.into_iter().any(|named| {
        let mut all = seen.snapshot.all(&named.kind.group, &named.kind.kind);
        let there = all.find(|one| named.is(one));
        let made = there.and_then(|one| seen.seconds_since(text(one, "/metadata/creationTimestamp")));
        made.is_some_and(|made| said + TOGETHER >= made)
    })
}

/// Whether a line of a controller's log tells of trouble; some write its level in three letters.
fn complains(line: &str) -> bool {
    super::logs::is_error(line) || line.split_whitespace().take(4).any(|word| matches!(word, "ERR" | "FTL"))
}

/// What an object is called, for lines of logs.
fn is_named(line: &str, object: &Value) -> bool {
    line.contains(name(object)) && (namespace(object).is_empty() || line.contains(namespace(object)))
}

/// What a line of a log says, without what every line has.
fn core_of(line: &str) -> String {
    let fields: Option<Value> = line.find('{').and_then(|at| serde_json::from_str(&line[at..]).ok());
    let said = fields
        .as_ref()
        .map(|fields| ["error", "err", "msg", "message"].map(|field| text(fields, &format!("/{field}"))));
    let said = said.and_then(|said| said.into_iter().find(|said| !said.is_empty()));
    said.map_or_else(|| super::logs::message(line).to_string(), String::from)
}

fn component<'a>(snapshot: &'a Snapshot, object: &Value, is_composite: bool) -> Option<&'a str> {
    let group = group_of(text(object, "/apiVersion"));
    match text(object, "/kind") {
        "Ingress" => {
            let class = text(object, "/spec/ingressClassName");
            let classes = snapshot.all("networking.k8s.io", "IngressClass");
            let mut classes = classes.filter(|one| class.is_empty() || text(one, "/metadata/name") == class);
            label(classes.next()?, COMPONENT)
        }
        "HorizontalPodAutoscaler" => {
            let services = snapshot.all("apiregistration.k8s.io", "APIService");
            services.into_iter().find(|one| text(one, "/spec/group") == FIGURES).and_then(|one| label(one, COMPONENT))
        }
        _ if is_composite => of_group(snapshot, COMPOSITES),
        _ => of_group(snapshot, group),
    }
}

/// The component that opens kinds of this group to the assistant: it has brought them.
fn of_group<'a>(snapshot: &'a Snapshot, group: &str) -> Option<&'a str> {
    if !group.contains('.') {
        return None;
    }
    let roles = snapshot.all("rbac.authorization.k8s.io", "ClusterRole").filter(|role| label(role, RIGHTS).is_some());
    let opens = |role: &&Value| {
        let mut rules = list(role, "/rules").iter();
        rules.any(|rule| list(rule, "/apiGroups").iter().any(|one| one.as_str() == Some(group)))
    };
    roles.filter(opens).find_map(|role| label(role, COMPONENT))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;

    #[test]
    fn nobody_works_on_a_kind_whose_component_has_no_pods() {
        let at = |kind: &str, api: &str, place: &str, name: &str| {
            json!({"apiVersion": api, "kind": kind,
            "metadata": {"namespace": place, "name": name, "labels": {COMPONENT: "certs"}}})
        };
        let mut role = at("ClusterRole", "rbac.authorization.k8s.io/v1", "", "certs:assistant");
        role["metadata"]["labels"][RIGHTS] = "true".into();
        role["rules"] = json!([{"apiGroups": ["cert-manager.io"], "resources": ["certificates"], "verbs": ["list"]}]);
        let mut keeper = at("Deployment", "apps/v1", "certs", "controller");
        keeper["spec"] = json!({"replicas": 0});
        let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"secretName": "web", "issuerRef": {"name": "ca"}}, "status": {}});
        let issuer = json!({"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": {"namespace": "shop", "name": "ca"}});
        let snapshot = Snapshot::of("lab", [role, keeper, certificate, issuer]);
        let told = diagnose(&snapshot, "Certificate:shop/web").expect("a certificate");
        assert_eq!(told.causes[0].object.to_string(), "Deployment certs/controller", "{told:?}");
        assert_eq!(told.causes[0].field, "spec.replicas");
    }

    #[test]
    fn what_was_missed_and_is_there_now_is_no_complaint() {
        let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": "shop", "name": "web"}});
        let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"secretName": "web-tls"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "api"}});
        let snapshot = Snapshot::of("lab", [ingress.clone(), certificate, service]);
        for (said, is) in [
            ("secret shop/web-tls does not exist", true),
            ("secret shop/web-other does not exist", false),
            ("service shop/web-tls not found", false),
            ("service shop/api not found", true),
            ("secret shop/web-tls has no key", false),
        ] {
            assert_eq!(is_there_now(&snapshot, &ingress, said), is, "{said}");
        }
    }
}
