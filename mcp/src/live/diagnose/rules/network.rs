//! Network policies: traffic that is needed, and that no policy lets through.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{COMPONENT, Ref, list, name, namespace, text};
use crate::live::references::hosts::hosts;
use crate::live::references::selector::{fits, selected, shown};
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

const GROUP: &str = "networking.k8s.io";
/// Where the cluster's own name server is.
const DNS: (&str, &str) = ("kube-system", "kube-dns");

/// The pods at one end of a connection, as policies see them.
struct End<'a> {
    namespace: &'a str,
    labels: Option<&'a Value>,
    address: &'a str,
    /// Ports that its containers declare, by which rules may name them; nothing where nobody knows.
    ports: Option<Vec<(i64, &'a str, &'a str)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    In,
    Out,
}

impl Direction {
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::In => ("Ingress", "ingress", "from"),
            Self::Out => ("Egress", "egress", "to"),
        }
    }
}

/// Connections that a workload's programs need, and that are kept away: to each host that they are told to use, at both
/// ends, and to the name server that tells them where those are.
pub(super) fn of_needs(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let own = End { namespace: namespace(object), labels: template.labels, address: "", ports: None };
    let at = Ref::of(object);
    let mut found = Vec::new();
    let needs = seen.hosts_of(&at);
    for host in needs {
        let Some(service) = seen.snapshot.get(&host.service) else { continue };
        let Some(pod) = selected(seen.snapshot, service).first().copied() else { continue };
        let port = target_port(service, pod, host.port);
        let other = end_of(pod);
        let what = format!("{at} from {}", host.service);
        found.extend(blocked(seen.snapshot, Direction::Out, &own, &other, port, "TCP", &what));
        found.extend(blocked(seen.snapshot, Direction::In, &other, &own, port, "TCP", &what));
    }
    if needs.is_empty() {
        return found;
    }
    let server = seen.snapshot.get(&Ref::new("", "Service", DNS.0, DNS.1));
    if let Some(pod) = server.and_then(|server| selected(seen.snapshot, server).first().copied()) {
        let what = format!("{at} from the cluster's name server (UDP 53)");
        found.extend(blocked(seen.snapshot, Direction::Out, &own, &end_of(pod), Some(53), "UDP", &what));
    }
    found
}

/// A policy by itself: what it selects, and whether it lets anything through at all.
pub(super) fn of_policy(seen: &Seen<'_>, policy: &Value) -> Vec<Finding> {
    let snapshot = seen.snapshot;
    let place = namespace(policy);
    let at = Ref::of(policy);
    let selector = policy.pointer("/spec/podSelector");
    let pods: Vec<_> =
        snapshot.inside("", "Pod", place).filter(|pod| fits(selector, pod.pointer("/metadata/labels"))).collect();
    let mut found = Vec::new();
    // What an Ingress leads to is asked for by the pods that serve the Ingress's class.
    for pod in &pods {
        for (service, ports) in routed(snapshot, pod) {
            for caller in ingress_pods(snapshot) {
                let what = format!("the ingress from {service}");
                let port = ports.first().copied().flatten();
                found.extend(blocked(snapshot, Direction::In, &end_of(pod), &end_of(caller), port, "TCP", &what));
            }
        }
    }
    found.extend(pods.first().into_iter().flat_map(|pod| clients_kept_away(snapshot, pod)));
    if found.is_empty() && closes(policy, Direction::In) {
        let served: Vec<_> = pods.iter().filter(|pod| !services_of(snapshot, pod).is_empty()).collect();
        let is_open = |pod: &Value| {
            policies_of(snapshot, &end_of(pod), Direction::In).iter().any(|one| !closes(one, Direction::In))
        };
        if let Some(pod) = served.iter().find(|pod| !is_open(pod)) {
            let service = services_of(snapshot, pod).remove(0);
            let text = format!("lets nobody reach the pods behind {service}");
            found.push(
                Finding::new(Fault::Blocked, at.clone(), text)
                    .at("spec.ingress")
                    .at_most(46)
                    .with("spec.podSelector", &selector.map(Value::to_string).unwrap_or_default())
                    .next(format!(
                        "Add a rule to `spec.ingress` of {at} for those who need it, or take the policy away."
                    )),
            );
        }
    }
    found.dedup_by(|a, b| a.summary == b.summary);
    found
}

/// Workloads beside a pod that are told to use a Service in front of it, and that no policy lets in.
fn clients_kept_away(snapshot: &Snapshot, pod: &Value) -> Vec<Finding> {
    let services = services_of(snapshot, pod);
    if services.is_empty() {
        return Vec::new();
    }
    let kinds = [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")];
    let clients = kinds.iter().flat_map(|(group, kind)| snapshot.inside(group, kind, namespace(pod)));
    let kept = clients.flat_map(|client| {
        let told = hosts(snapshot, client).into_iter().filter(|host| services.contains(&host.service));
        let labels = Template::of(client).and_then(|template| template.labels);
        told.filter_map(|host| {
            let service = snapshot.get(&host.service)?;
            let end = End { namespace: namespace(client), labels, address: "", ports: None };
            let what = format!("{} from {}", Ref::of(client), host.service);
            blocked(snapshot, Direction::In, &end_of(pod), &end, target_port(service, pod, host.port), "TCP", &what)
        })
        .collect::<Vec<_>>()
    });
    kept.collect()
}

fn end_of(pod: &Value) -> End<'_> {
    let ports = Template::of(pod).map(|template| template.ports());
    End {
        namespace: namespace(pod),
        labels: pod.pointer("/metadata/labels"),
        address: text(pod, "/status/podIP"),
        ports,
    }
}

fn target_port(service: &Value, pod: &Value, port: Option<u16>) -> Option<u16> {
    let ports = list(service, "/spec/ports");
    let wanted =
        |one: &&Value| port.is_none_or(|port| one.get("port").and_then(Value::as_u64) == Some(u64::from(port)));
    let one = ports.iter().find(wanted)?;
    match one.get("targetPort") {
        Some(Value::String(name)) => {
            let declared = Template::of(pod)?.ports();
            let number = declared.iter().find(|(_, had, _)| had == name)?.0;
            u16::try_from(number).ok()
        }
        Some(number) => u16::try_from(number.as_u64()?).ok(),
        None => u16::try_from(one.get("port")?.as_u64()?).ok(),
    }
}

/// Policies that decide about a direction of some pods.
fn policies_of<'a>(snapshot: &'a Snapshot, end: &End<'_>, direction: Direction) -> Vec<&'a Value> {
    let (word, field, _) = direction.parts();
    let decides = |policy: &&Value| {
        let types = list(policy, "/spec/policyTypes");
        let is_meant = match types.is_empty() {
            true => direction == Direction::In || policy.pointer(&format!("/spec/{field}")).is_some(),
            false => types.iter().any(|one| one.as_str() == Some(word)),
        };
        is_meant && fits(policy.pointer("/spec/podSelector"), end.labels)
    };
    snapshot.inside(GROUP, "NetworkPolicy", end.namespace).filter(decides).collect()
}

/// Whether a policy has no rule at all for a direction that it decides about.
fn closes(policy: &Value, direction: Direction) -> bool {
    list(policy, &format!("/spec/{}", direction.parts().1)).is_empty()
}

/// A finding if policies decide about a connection, and none of them lets it through. `end` is where they stand.
fn blocked(
    snapshot: &Snapshot,
    direction: Direction,
    end: &End<'_>,
    other: &End<'_>,
    port: Option<u16>,
    protocol: &str,
    what: &str,
) -> Option<Finding> {
    let policies = policies_of(snapshot, end, direction);
    let (_, field, peers) = direction.parts();
    let rules = |policy: &Value| list(policy, &format!("/spec/{field}")).to_vec();
    // The port is one of whoever is asked, and so is its name.
    let asked = if direction == Direction::In { end } else { other };
    let wanted = Wanted { port, protocol, declared: asked.ports.as_deref() };
    let lets = |policy: &&Value| {
        rules(policy).iter().any(|rule| wanted.is_let_by(rule) && lets_peer(snapshot, rule, peers, policy, other))
    };
    if policies.is_empty() || policies.iter().any(lets) {
        return None;
    }
    if let Some(finding) = policies.iter().find_map(|policy| by_name(snapshot, direction, policy, other, &wanted, what))
    {
        return Some(finding);
    }
    let (policy, place) = nearest_rule(snapshot, &policies, direction, other, &wanted);
    let at = Ref::of(policy);
    let way = if direction == Direction::In { "from" } else { "to" };
    let far = format!("pods with `{}` in namespace {}", shown(other.labels), other.namespace);
    let port = port.map(|port| format!(" at {protocol} port {port}")).unwrap_or_default();
    let text = format!("keeps {what}: no rule lets traffic {way} {far} pass{port}");
    let others: Vec<_> = policies.iter().map(|policy| name(policy)).collect();
    Some(
        Finding::new(Fault::Blocked, at.clone(), text)
            .at(place.clone())
            .with(place.clone(), &policy.pointer(&format!("/spec/{field}")).map_or("no rule".into(), Value::to_string))
            .with("policies that decide", &others.join(", "))
            .next(format!("Let it through in `{place}` of {at}: {way} {far}{port}.")),
    )
}

/// The port that a connection needs, and what the pods that are asked call theirs.
struct Wanted<'a> {
    port: Option<u16>,
    protocol: &'a str,
    declared: Option<&'a [(i64, &'a str, &'a str)]>,
}

impl Wanted<'_> {
    fn is_let_by(&self, rule: &Value) -> bool {
        let ports = list(rule, "/ports");
        ports.is_empty() || ports.iter().any(|one| self.is_one_of(one))
    }

    fn is_one_of(&self, one: &Value) -> bool {
        let said = text(one, "/protocol");
        let said = if said.is_empty() { "TCP" } else { said };
        let first = one.get("port").and_then(Value::as_u64);
        let last = one.get("endPort").and_then(Value::as_u64).or(first);
        let is_within = match (first, last, self.port) {
            (Some(first), Some(last), Some(port)) => (first..=last).contains(&u64::from(port)),
            // Ports that nobody knows are taken to fit.
            _ => one.get("port").and_then(Value::as_str).is_none_or(|name| self.is_called(name)),
        };
        said == self.protocol && is_within
    }

    /// Whether the pods that are asked have a port of that name, and it is this one.
    fn is_called(&self, name: &str) -> bool {
        let (Some(declared), Some(port)) = (self.declared, self.port) else { return true };
        declared.iter().any(|(number, had, _)| *had == name && *number == i64::from(port))
    }
}

/// A rule that lets in whoever asks, and names a port by a name that the pods' port does not have.
fn by_name(
    snapshot: &Snapshot,
    direction: Direction,
    policy: &Value,
    other: &End<'_>,
    wanted: &Wanted<'_>,
    what: &str,
) -> Option<Finding> {
    let (_, part, peers) = direction.parts();
    let (declared, port) = (wanted.declared?, wanted.port?);
    let rules = list(policy, &format!("/spec/{part}")).iter().enumerate();
    let mut meant = rules.filter(|(_, rule)| lets_peer(snapshot, rule, peers, policy, other));
    let (field, name) = meant.find_map(|(rule, value)| {
        let mut ports = list(value, "/ports").iter().enumerate();
        let (index, name) = ports.find_map(|(index, one)| Some((index, one.get("port")?.as_str()?)))?;
        Some((format!("spec.{part}[{rule}].ports[{index}].port"), name))
    })?;
    let at = Ref::of(policy);
    let own = declared.iter().find(|(number, ..)| *number == i64::from(port)).map_or("", |(_, called, _)| *called);
    let called = if own.is_empty() { "has no name".to_string() } else { format!("is called `{own}`") };
    let text =
        format!("keeps {what}: it lets them pass at the port called `{name}`, and port {port} of those pods {called}");
    let finding = Finding::new(Fault::Blocked, at.clone(), text).at(field.clone()).with(field.clone(), name);
    let (right, value) = match own {
        "" => (port.to_string(), Value::from(port)),
        own => (format!("`{own}` (or {port})"), Value::from(own)),
    };
    Some(finding.should_be(value).next(format!("Set `{field}` of {at} to {right}.")))
}

fn lets_peer(snapshot: &Snapshot, rule: &Value, peers: &str, policy: &Value, other: &End<'_>) -> bool {
    let all = list(rule, &format!("/{peers}"));
    all.is_empty() || all.iter().any(|peer| is_peer(snapshot, peer, policy, other))
}

fn is_peer(snapshot: &Snapshot, peer: &Value, policy: &Value, other: &End<'_>) -> bool {
    if let Some(block) = peer.get("ipBlock") {
        // Whole ranges are left to those who wrote them; `0.0.0.0/0` is everybody.
        return text(block, "/cidr").ends_with("/0") || other.address.is_empty();
    }
    let place = snapshot.get(&Ref::new("", "Namespace", "", other.namespace));
    let is_place = match peer.get("namespaceSelector") {
        Some(selector) => fits(Some(selector), place.and_then(|place| place.pointer("/metadata/labels"))),
        None => other.namespace == namespace(policy),
    };
    is_place && peer.get("podSelector").is_none_or(|selector| fits(Some(selector), other.labels))
}

/// The policy and field that are nearest to letting it through.
fn nearest_rule<'a>(
    snapshot: &Snapshot,
    policies: &[&'a Value],
    direction: Direction,
    other: &End<'_>,
    wanted: &Wanted<'_>,
) -> (&'a Value, String) {
    let (_, field, peers) = direction.parts();
    for policy in policies {
        for (index, rule) in list(policy, &format!("/spec/{field}")).iter().enumerate() {
            if lets_peer(snapshot, rule, peers, policy, other) {
                return (policy, format!("spec.{field}[{index}].ports"));
            }
            if wanted.is_let_by(rule) && !list(rule, "/ports").is_empty() {
                return (policy, format!("spec.{field}[{index}].{peers}"));
            }
        }
    }
    let with_rules = policies.iter().find(|policy| !closes(policy, direction));
    match with_rules {
        Some(policy) => (policy, format!("spec.{field}[0].{peers}")),
        None => (policies[0], format!("spec.{field}")),
    }
}

fn services_of(snapshot: &Snapshot, pod: &Value) -> Vec<Ref> {
    let selects = |service: &&Value| selected(snapshot, service).iter().any(|one| name(one) == name(pod));
    snapshot.inside("", "Service", namespace(pod)).filter(selects).map(Ref::of).collect()
}

/// Services before a pod that an Ingress leads to, with the ports of the pod that they mean.
fn routed(snapshot: &Snapshot, pod: &Value) -> Vec<(Ref, Vec<Option<u16>>)> {
    let services = services_of(snapshot, pod).into_iter();
    let is_routed = |service: &Ref| {
        let ingresses = snapshot.inside(GROUP, "Ingress", &service.namespace);
        ingresses
            .into_iter()
            .any(|ingress| super::super::around::backends(ingress).iter().any(|(_, name)| *name == service.name))
    };
    services
        .filter(is_routed)
        .filter_map(|at| {
            let service = snapshot.get(&at)?;
            let ports = list(service, "/spec/ports").iter();
            let ports = ports.map(|port| {
                let number = port.get("port").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
                target_port(service, pod, number)
            });
            Some((at, ports.collect()))
        })
        .collect()
}

/// Pods that serve an ingress class: those of the component that brought the class.
pub(super) fn ingress_pods(snapshot: &Snapshot) -> Vec<&Value> {
    let component = |object: &Value| crate::live::object::label(object, COMPONENT).map(String::from);
    let classes: Vec<_> = snapshot.all(GROUP, "IngressClass").filter_map(component).collect();
    let workloads = ["Deployment", "DaemonSet"].iter().flat_map(|kind| snapshot.all("apps", kind));
    let serving = workloads.filter(|workload| component(workload).is_some_and(|one| classes.contains(&one)));
    serving.filter_map(|workload| snapshot.pods_of(workload).first().copied()).take(1).collect()
}
