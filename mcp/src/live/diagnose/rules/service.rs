//! Services: whom they select, and whether somebody listens there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Seen, hidden, listening, slices};
use crate::live::diagnose::{Fault, Finding, REMARK, of_pod, workload::is_used};
use crate::live::object::{Ref, condition, list, name, namespace, number, short, text};
use crate::live::owners;
use crate::live::references::nearest;
use crate::live::references::selector::{first_misfit, fits_plain, is_of_a_rollout, label, selected, shown};
use crate::live::references::template::Template;
use crate::live::snapshot::{CompositeKind, Door, Snapshot};

/// Pods of a Service that are tried; more of the same would tell the same.
const PODS_TRIED: usize = 3;
/// A Service of type LoadBalancer gets its address within seconds, if anybody gives any.
const ADDRESS_SECONDS: i64 = 60;

/// What keeps traffic to a Service from arriving.
pub(super) fn of_service(seen: &Seen<'_>, service: &Value) -> Vec<Finding> {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object).filter(|map| !map.is_empty());
    let Some(selector) = selector else {
        return external(seen, service).or_else(|| slices::of_service(seen, service)).into_iter().collect();
    };
    let pods = live_pods(seen.snapshot, service);
    if pods.is_empty() {
        return nobody(seen, service, selector).into_iter().collect();
    }
    let mut found: Vec<Finding> = ports(seen, service, &pods);
    found.extend(too_many(seen.snapshot, service, &pods).filter(|_| found.is_empty()));
    // Pods that are only on their way tell that themselves, and for how long that may be.
    if found.is_empty() && !pods.iter().any(|pod| is_ready(pod) || is_on_its_way(seen.snapshot, pod)) {
        found.push(
            Finding::new(Fault::NoEndpoints, Ref::of(service), "none of the pods behind it is ready")
                .with("pods", &pods.iter().map(|pod| name(pod)).collect::<Vec<_>>().join(", "))
                .next("See why its pods are not ready."),
        );
    }
    found.extend(no_address(seen, service));
    found
}

/// TCP ports of pods that a Service leads to: whether somebody listens there is worth a try.
pub(in crate::live::diagnose) fn doors(snapshot: &Snapshot, service: &Value) -> Vec<Door> {
    let pods = live_pods(snapshot, service);
    let by_hand = slices::doors(snapshot, service);
    // One of each workload: what two workloads behind one Service do may differ.
    let mut seen = BTreeSet::new();
    let ready = pods.iter().filter(|pod| is_ready(pod));
    let ready = ready.filter(|pod| seen.insert(owner_name(pod))).take(PODS_TRIED);
    let of_pod = |pod: &&&Value| {
        let address = text(pod, "/status/podIP").to_string();
        // Those that are said to be of another protocol, too: whether somebody listens there for TCP tells that.
        let tried = list(service, "/spec/ports").iter().filter(|port| matches!(protocol(port), "TCP" | "UDP"));
        let numbers = tried.filter_map(|port| number_in(pod, port));
        numbers.map(|number| (address.clone(), number)).filter(|(address, _)| !address.is_empty()).collect::<Vec<_>>()
    };
    ready.flat_map(|pod| of_pod(&pod)).chain(by_hand).collect()
}

/// What made a pod; its own name if nothing did.
fn owner_name(pod: &Value) -> String {
    owners::reference(pod).map_or_else(|| name(pod), |owner| text(owner, "/name")).into()
}

fn live_pods<'a>(snapshot: &'a Snapshot, service: &Value) -> Vec<&'a Value> {
    let mut pods = selected(snapshot, service);
    pods.retain(|pod| {
        text(pod, "/metadata/deletionTimestamp").is_empty()
            && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
    });
    pods
}

fn is_on_its_way(snapshot: &Snapshot, pod: &Value) -> bool {
    let found = of_pod(snapshot, pod);
    !found.is_empty() && found.iter().all(|finding| finding.fault.is_on_its_way())
}

fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready.is_true())
}

/// No pod has its labels: which workload was probably meant, and where they differ.
fn nobody(seen: &Seen<'_>, service: &Value, selector: &serde_json::Map<String, Value>) -> Option<Finding> {
    if !is_a_persons(seen.snapshot, service) {
        return waits_for_its_maker(seen, service);
    }
    let workloads = workloads(seen.snapshot, namespace(service));
    let labels = |workload: &Value| Template::of(workload).and_then(|template| template.labels.cloned());
    let at = Ref::of(service);
    let fitting = workloads.iter().find(|one| fits_plain(service.pointer("/spec/selector"), labels(one).as_ref()));
    if let Some(workload) = fitting.filter(|workload| number(workload, "/spec/replicas") == 0 && is_scaled(workload)) {
        let text = format!("has 0 replicas, so {at} leads nowhere");
        let mut finding = Finding::new(Fault::Paused, Ref::of(workload), text).at("spec.replicas").should_be(1);
        finding = finding.with("spec.replicas", "0").next(format!("Scale {} to 1 or more.", Ref::of(workload)));
        return Some(if is_used(seen.snapshot, service) { finding } else { finding.at_most(REMARK) });
    }
    if let Some(workload) = fitting {
        let text = format!("leads nowhere: {} has no pods", Ref::of(workload));
        let finding =
            Finding::new(Fault::NoEndpoints, at, text).with("spec.selector", &shown(service.pointer("/spec/selector")));
        return Some(finding.next(format!("See why {} has no pods.", Ref::of(workload))));
    }
    if let Some(ended) = ended(seen.snapshot, service) {
        return Some(ended);
    }
    let selected = shown(service.pointer("/spec/selector"));
    let finding = Finding::new(Fault::WrongSelector, at, String::new()).with("spec.selector", &selected);
    let Some((workload, labels)) = meant(seen.snapshot, service, &workloads) else {
        let finding = Finding { summary: format!("selects `{selected}`, and no pod has these labels"), ..finding };
        let next =
            "Compare `spec.selector` with the labels in the workload's pod template (`spec.template.metadata.labels`).";
        return Some(finding.at("spec.selector").next(next));
    };
    let (key, wanted, had) = first_misfit(selector, Some(&labels))?;
    let field = format!("spec.selector[{key}]");
    let field = if key.contains(['.', '/']) { field } else { format!("spec.selector.{key}") };
    let workload = Ref::of(workload);
    let (summary, next) = match had {
        Some(had) => (
            format!("selects `{key}={wanted}`, and no pod has that: those of {workload} have `{key}={had}`"),
            format!("Set `{field}` of {} to `{had}`, if {workload} is meant.", finding.object),
        ),
        None => (
            format!(
                "selects `{key}={wanted}`, and no pod has that: those of {workload} have `{}`",
                shown(Some(&labels))
            ),
            format!(
                "Take `{key}` out of `spec.selector` of {}, or add the label to the pod template of {workload}.",
                finding.object
            ),
        ),
    };
    let finding = Finding { summary, ..finding }.at(field).with(format!("labels of {workload}"), &shown(Some(&labels)));
    let finding = match had {
        Some(had) => finding.should_be(had),
        None => finding,
    };
    Some(finding.next(next))
}

/// Pods with its labels that are there, and have ended.
fn ended(snapshot: &Snapshot, service: &Value) -> Option<Finding> {
    let pods: Vec<_> = selected(snapshot, service)
        .into_iter()
        .map(|pod| format!("{} ({})", name(pod), text(pod, "/status/phase")))
        .collect();
    let shown = pods.first()?.clone();
    let text = format!("leads nowhere: its pods have ended, as {shown}");
    let finding = Finding::new(Fault::NoEndpoints, Ref::of(service), text).with("pods", &pods.join(", "));
    Some(finding.next("See why they ended, and make them anew."))
}

/// Whether a workload says itself how many pods it has.
fn is_scaled(workload: &Value) -> bool {
    workload.pointer("/spec/replicas").is_some()
}

/// Whether a person has written a Service's selector: nobody has made it, or a template has that made a workload beside it.
/// An operator makes the pods of its Services itself, gives them labels while they run, and leaves some without any.
fn is_a_persons(snapshot: &Snapshot, service: &Value) -> bool {
    let Some(owner) = owners::reference(service) else { return true };
    let is_composite =
        |kind: CompositeKind<'_>| owners::named(owner, "") == Ref::new(kind.group, kind.kind, "", text(owner, "/name"));
    let is_beside =
        |workload: &&Value| owners::reference(workload).is_some_and(|other| text(other, "/uid") == text(owner, "/uid"));
    snapshot.composite_kinds().into_iter().any(is_composite)
        && workloads(snapshot, namespace(service)).iter().any(is_beside)
}

/// A Service whose pods somebody else makes: they are missing only if that one is not well, and it tells why.
fn waits_for_its_maker(seen: &Seen<'_>, service: &Value) -> Option<Finding> {
    let maker = owners::above(seen.snapshot, service)?;
    let unready = condition(maker, "Ready").filter(|ready| !ready.is_true())?;
    let said = if unready.message.is_empty() { unready.reason } else { unready.message };
    let (at, service) = (Ref::of(maker), Ref::of(service));
    let text = format!("is not ready, so {service}, which it made, leads nowhere: {}", short(said, 160));
    let finding = Finding::new(Fault::NoEndpoints, at.clone(), text).with("condition Ready", said);
    Some(finding.next(format!("See what {at} waits for: its conditions and events tell.")))
}

/// The workload that a Service was probably made for: one that shares a label or is called alike, and that no other
/// Service leads to rather than one that has its own.
fn meant<'a>(snapshot: &'a Snapshot, service: &Value, workloads: &[&'a Value]) -> Option<(&'a Value, Value)> {
    let selector = service.pointer("/spec/selector")?.as_object()?;
    let scored = workloads.iter().filter_map(|workload| {
        let labels = Template::of(workload)?.labels?.clone();
        let shared = selector.iter().filter(|(key, value)| label(Some(&labels), key) == value.as_str()).count();
        let same_key = selector.keys().filter(|key| labels.get(key.as_str()).is_some()).count();
        let values: Vec<_> = selector.values().filter_map(Value::as_str).chain([name(service)]).collect();
        let is_alike = values.iter().any(|value| nearest(value, [name(workload)].into_iter()).is_some());
        let has_another = snapshot
            .inside("", "Service", namespace(service))
            .any(|other| fits_plain(other.pointer("/spec/selector"), Some(&labels)));
        let score = shared * 4 + usize::from(is_alike) * 3 + same_key + usize::from(!has_another);
        (shared > 0 || is_alike || (same_key > 0 && !has_another)).then_some((score, *workload, labels))
    });
    scored.max_by_key(|(score, ..)| *score).map(|(_, workload, labels)| (workload, labels))
}

/// The workload that a Service was probably made for, if it selects nobody.
pub(in crate::live::diagnose) fn misses<'a>(snapshot: &'a Snapshot, service: &Value) -> Option<&'a Value> {
    let selects = service.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    if !selects || !is_a_persons(snapshot, service) || !live_pods(snapshot, service).is_empty() {
        return None;
    }
    meant(snapshot, service, &workloads(snapshot, namespace(service))).map(|(workload, _)| workload)
}

fn workloads<'a>(snapshot: &'a Snapshot, place: &str) -> Vec<&'a Value> {
    let kinds = [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")];
    kinds.iter().flat_map(|(group, kind)| snapshot.inside(group, kind, place)).collect()
}

/// Ports of a Service that lead to none of its pods' own.
fn ports(seen: &Seen<'_>, service: &Value, pods: &[&Value]) -> Vec<Finding> {
    let ports = list(service, "/spec/ports").iter().enumerate();
    ports.filter_map(|(index, port)| wrong_port(seen, service, pods, index, port)).collect()
}

fn wrong_port(seen: &Seen<'_>, service: &Value, pods: &[&Value], index: usize, port: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let declared: Vec<_> =
        pods.iter().filter_map(|pod| Template::of(pod)).flat_map(|template| template.ports()).collect();
    let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
    let at = Ref::of(service);
    let field = format!("spec.ports[{index}].targetPort");
    let has = ports_shown(&declared);
    if let Some(target) = port.get("targetPort").and_then(Value::as_str) {
        if declared.iter().any(|(_, name, _)| *name == target) {
            return None;
        }
        let text = format!("its port {number} leads to a port called `{target}`, and none of its pods has one ({has})");
        let finding =
            Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone()).with("spec.ports", &port.to_string());
        let only = (declared.len() == 1).then(|| declared[0]);
        let finding = match only {
            Some((number, "", _)) => finding.should_be(number),
            Some((_, name, _)) => finding.should_be(name),
            None => finding,
        };
        return Some(finding.next(format!("Set `{field}` of {at} to a port that its pods have ({has}).")));
    }
    let target = port.get("targetPort").and_then(Value::as_i64).unwrap_or(number);
    let mut same = declared.iter().filter(|(number, _, _)| *number == target);
    let other = same.clone().find(|(_, _, said)| *said == protocol(port)).or(same.next());
    if let Some((_, _, said)) = other.filter(|(_, _, said)| *said != protocol(port)) {
        let text = format!("its port {number} is {}, and its pods declare {target} as {said}", protocol(port));
        let field = format!("spec.ports[{index}].protocol");
        let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone()).should_be(*said);
        return Some(finding.with("spec.ports", &port.to_string()).next(format!("Set `{field}` of {at} to {said}.")));
    }
    let tried: Vec<_> =
        pods.iter().filter_map(|pod| snapshot.listens(text(pod, "/status/podIP"), number_in(pod, port)?)).collect();
    if protocol(port) == "UDP" && other.is_none() {
        let has_twin = list(service, "/spec/ports")
            .iter()
            .any(|one| protocol(one) == "TCP" && one.get("port") == port.get("port"));
        return (tried.contains(&true) && !has_twin).then(|| speaks_tcp(&at, index, number, target));
    }
    let is_closed = match (tried.as_slice(), declared.is_empty(), other.is_some()) {
        ([], false, false) => true,
        ([], ..) => false,
        (tried, ..) => tried.iter().all(|listens| !listens),
    };
    let opened: Vec<_> = pods.iter().flat_map(|pod| listening::of_pod(snapshot, pod)).collect();
    let is_alone = |one: &&(String, listening::Opened)| one.1.is_loopback && i64::from(one.1.port) == target;
    if let Some((path, _)) = opened.iter().find(is_alone).filter(|_| is_closed && !tried.is_empty()) {
        return Some(on_loopback(pods[0], path, target, &at));
    }
    if let Some(hidden) = pods.first().filter(|_| is_closed && !tried.is_empty() && opened.is_empty()) {
        let hidden = hidden::by(seen, hidden, target, &at);
        if hidden.is_some() {
            return hidden;
        }
    }
    is_closed.then(|| {
        let how = if tried.is_empty() { "no container of its pods declares it" } else { "nothing listens there" };
        let text = format!("its port {number} leads to port {target} of its pods, and {how} (they declare {has})");
        let finding =
            Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone()).with("spec.ports", &port.to_string());
        let finding = if tried.is_empty() {
            finding
        } else {
            finding.with("tried", &format!("port {target}: connection refused"))
        };
        let others: Vec<_> = declared.iter().filter(|(number, _, _)| *number != target).collect();
        let only = match opened.as_slice() {
            [(_, only)] if !only.is_loopback && i64::from(only.port) != target => Some(only.port),
            _ => None,
        };
        match (others.as_slice(), only) {
            ([(number, ..)], _) => finding.should_be(*number).next(format!("Set `{field}` of {at} to {number}.")),
            (_, Some(only)) => finding
                .should_be(only)
                .with("log", &format!("the program listens on port {only}"))
                .next(format!("Set `{field}` of {at} to {only}: its log says that the program listens there.")),
            _ if other.is_some() => finding.next(format!(
                "Make the program listen on {target}, or set `{field}` of {at} to the port that it listens on."
            )),
            _ => finding.next(format!("Set `{field}` of {at} to the port that the program listens on.")),
        }
    })
}

/// A port of the wrong protocol: somebody listens there, for TCP.
fn speaks_tcp(service: &Ref, index: usize, number: i64, target: i64) -> Finding {
    let field = format!("spec.ports[{index}].protocol");
    let text = format!("its port {number} is UDP, and its pods listen on {target} for TCP");
    let finding = Finding::new(Fault::WrongPort, service.clone(), text).at(field.clone()).should_be("TCP");
    let finding = finding.with("tried", &format!("port {target}: TCP is open"));
    finding.next(format!("Set `{field}` of {service} to TCP."))
}

/// A program that listens, but where only its own pod reaches it.
fn on_loopback(pod: &Value, container: &str, port: i64, service: &Ref) -> Finding {
    let spec = Template::of(pod).and_then(|template| template.containers().find(|(path, _)| path == container));
    let said = |part: &str| {
        let words = spec.as_ref().map(|(_, spec)| list(spec, &format!("/{part}"))).unwrap_or_default();
        let is_address =
            |word: &Value| word.as_str().is_some_and(|word| word.contains("127.0.0.1") || word.contains("localhost"));
        words.iter().position(is_address).map(|index| format!("{container}.{part}[{index}]"))
    };
    let field = said("args").or_else(|| said("command")).unwrap_or_else(|| format!("{container}.args"));
    let text = format!("listens on port {port} of 127.0.0.1 only, where {service} cannot reach it");
    let finding = Finding::new(Fault::WrongPort, Ref::of(pod), text).at(field.clone());
    finding
        .with("tried", &format!("port {port}: connection refused"))
        .next(format!("Make the program listen on all addresses (0.0.0.0:{port}): `{field}` of {}.", Ref::of(pod)))
}

/// The port of a pod that a Service's port means.
pub(super) fn number_in(pod: &Value, port: &Value) -> Option<u16> {
    let own = port.get("port")?.as_u64()?;
    let number = match port.get("targetPort") {
        None => own,
        Some(Value::String(name)) => {
            let declared = Template::of(pod)?.ports();
            declared.iter().find(|(_, had, _)| had == name).map(|(number, ..)| *number)?.unsigned_abs()
        }
        Some(number) => number.as_u64()?,
    };
    u16::try_from(number).ok()
}

fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}

fn ports_shown(declared: &[(i64, &str, &str)]) -> String {
    let mut shown: Vec<_> = declared
        .iter()
        .map(|(number, name, _)| if name.is_empty() { number.to_string() } else { format!("{number} `{name}`") })
        .collect();
    shown.sort_unstable();
    shown.dedup();
    if shown.is_empty() { "no port".into() } else { shown.join(", ") }
}

/// A Service that is only another name.
fn external(seen: &Seen<'_>, service: &Value) -> Option<Finding> {
    let target = text(service, "/spec/externalName");
    if target.parse::<std::net::IpAddr>().is_ok() {
        let (at, field) = (Ref::of(service), "spec.externalName");
        let text = format!(
            "is another name for `{target}`, which is an address: name servers take it for a name, and find none"
        );
        let finding = Finding::new(Fault::NoSuchHost, at.clone(), text).at(field).with(field, target);
        return Some(finding.next(format!(
            "Make {at} a Service without selector and `{field}`, and an EndpointSlice for it with the address {target}."
        )));
    }
    let inner = target.trim_end_matches('.').trim_end_matches(".cluster.local").strip_suffix(".svc")?;
    let (other, place) = inner.rsplit_once('.')?;
    let other = Ref::new("", "Service", place, other);
    if seen.snapshot.get(&other).is_some() {
        return None;
    }
    let there = crate::live::references::there_are(seen.snapshot.inside("", "Service", place));
    let text = format!("is another name for {other}, which does not exist ({there})");
    Some(
        Finding::new(Fault::NoSuchHost, Ref::of(service), text)
            .at("spec.externalName")
            .with("spec.externalName", target)
            .next(format!("Correct `spec.externalName` of {}.", Ref::of(service))),
    )
}

/// Pods of another workload that the selector fits as well, and that do not listen there.
fn too_many(snapshot: &Snapshot, service: &Value, pods: &[&Value]) -> Option<Finding> {
    list(service, "/spec/ports").iter().filter(|port| protocol(port) == "TCP").find_map(|port| {
        let tried = pods.iter().filter_map(|pod| {
            let number = number_in(pod, port)?;
            Some((*pod, number, snapshot.listens(text(pod, "/status/podIP"), number)?))
        });
        let (open, closed): (Vec<_>, Vec<_>) = tried.partition(|(_, _, listens)| *listens);
        let (pod, number, _) = closed.first().filter(|_| !open.is_empty())?;
        let at = Ref::of(service);
        let text = format!(
            "selects pods of {} too, where nothing listens on port {number}: part of its requests fail",
            owner_name(pod)
        );
        let selected = shown(service.pointer("/spec/selector"));
        let finding =
            Finding::new(Fault::WrongSelector, at.clone(), text).at("spec.selector").with("spec.selector", &selected);
        let finding = finding.with("tried", &format!("{}: port {number} refused", name(pod)));
        let (right, _, _) = open.first()?;
        Some(finding.next(match telling_label(right, pod) {
            Some(label) => {
                format!("Narrow `spec.selector` of {at} to the right pods: add `{label}`, which only they have.")
            }
            None => format!("Give the right pods a label of their own, and add it to `spec.selector` of {at}."),
        }))
    })
}

/// A label that a pod has and another has not, as `app: web`. Those that controllers add change with each rollout.
fn telling_label(pod: &Value, other: &Value) -> Option<String> {
    let had = other.pointer("/metadata/labels");
    let own = pod.pointer("/metadata/labels")?.as_object()?;
    let mut telling = own.iter().filter(|(key, value)| !is_of_a_rollout(key) && label(had, key) != value.as_str());
    telling.next().map(|(key, value)| format!("{key}: {}", value.as_str().unwrap_or_default()))
}

/// An address from outside that nobody gives.
fn no_address(seen: &Seen<'_>, service: &Value) -> Option<Finding> {
    let waits =
        text(service, "/spec/type") == "LoadBalancer" && list(service, "/status/loadBalancer/ingress").is_empty();
    let age = seen.seconds_since(text(service, "/metadata/creationTimestamp"))?;
    (waits && age > ADDRESS_SECONDS).then(|| {
        let text = "waits for an address from outside, and nothing in this cluster gives any";
        Finding::new(Fault::Stalled, Ref::of(service), text)
            .at("spec.type")
            .at_most(46)
            .with("status.loadBalancer", "no address")
            .next("Use `type: ClusterIP` and an Ingress in front of it: the platform's ingress has an address.")
    })
}
