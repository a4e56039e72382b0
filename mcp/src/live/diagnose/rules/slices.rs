//! Services without a selector: whether somebody has written down addresses for them, and who has those.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::workload::is_used;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, label, list, text};
use crate::live::owners;
use crate::live::references::nearest;
use crate::live::snapshot::{Door, Snapshot};

const GROUP: &str = "discovery.k8s.io";
const SERVICE: &str = "kubernetes.io/service-name";

/// What keeps traffic from the addresses that somebody has written down.
pub(super) fn of_service(seen: &Seen<'_>, service: &Value) -> Option<Finding> {
    let is_alias = text(service, "/spec/type") == "ExternalName";
    if is_alias || !seen.snapshot.has_kind(GROUP, "EndpointSlice") {
        return None;
    }
    let slices = slices(seen.snapshot, service);
    if slices.iter().all(|slice| list(slice, "/endpoints").is_empty()) {
        let slip = slip(seen.snapshot, service);
        // What something else has made, and nobody uses, may well be there only to keep a name free.
        if slip.is_none() && owners::reference(service).is_some() && !is_used(seen.snapshot, service) {
            return None;
        }
        return Some(slip.unwrap_or_else(|| nothing_behind(&Ref::of(service))));
    }
    slices.iter().find_map(|slice| of_slice(seen.snapshot, service, slice))
}

/// Ports of these addresses that are worth a try: only those of pods, others are nobody's here to knock at.
pub(super) fn doors(snapshot: &Snapshot, service: &Value) -> Vec<Door> {
    if has_selector(service) {
        return Vec::new();
    }
    let slices = slices(snapshot, service).into_iter();
    let doors = slices.flat_map(|slice| {
        let addresses = addresses(slice).filter(|(_, address)| has_pod(snapshot, address));
        addresses.flat_map(|(_, address)| ports(slice).map(move |(_, port)| (address.to_string(), port)))
    });
    doors.collect()
}

/// Addresses behind a Service that somebody has written down and that are none of this cluster's pods.
pub(in crate::live::diagnose) fn outside(snapshot: &Snapshot, service: &Value) -> Vec<String> {
    if has_selector(service) {
        return Vec::new();
    }
    let slices = slices(snapshot, service).into_iter();
    let all = slices.flat_map(|slice| addresses(slice).map(|(_, address)| address.to_string()));
    all.filter(|address| !has_pod(snapshot, address) && !is_of_pods(snapshot, address)).collect()
}

fn has_selector(service: &Value) -> bool {
    service.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|selector| !selector.is_empty())
}

fn slices<'a>(snapshot: &'a Snapshot, service: &Value) -> Vec<&'a Value> {
    let at = Ref::of(service);
    let all = snapshot.inside(GROUP, "EndpointSlice", &at.namespace);
    all.filter(|slice| label(slice, SERVICE) == Some(at.name.as_str())).collect()
}

/// Addresses of a slice, each with its field.
fn addresses(slice: &Value) -> impl Iterator<Item = (String, &str)> {
    list(slice, "/endpoints").iter().enumerate().flat_map(|(index, endpoint)| {
        let all = list(endpoint, "/addresses").iter().filter_map(Value::as_str).enumerate();
        all.map(move |(number, address)| (format!("endpoints[{index}].addresses[{number}]"), address))
    })
}

/// TCP ports of a slice, each with its field.
fn ports(slice: &Value) -> impl Iterator<Item = (String, u16)> {
    let all =
        list(slice, "/ports").iter().enumerate().filter(|(_, port)| matches!(text(port, "/protocol"), "" | "TCP"));
    all.filter_map(|(index, port)| {
        let number = port.get("port").and_then(Value::as_u64)?;
        Some((format!("ports[{index}].port"), u16::try_from(number).ok()?))
    })
}

fn has_pod(snapshot: &Snapshot, address: &str) -> bool {
    snapshot.all("", "Pod").any(|pod| text(pod, "/status/podIP") == address)
}

/// Whether an address is one that a node gives to its pods.
fn is_of_pods(snapshot: &Snapshot, address: &str) -> bool {
    snapshot.all("", "Node").any(|node| is_within(text(node, "/spec/podCIDR"), address) == Some(true))
}

/// Whether an address is one of a range, `10.0.0.0/8`; nothing if either is not of IPv4.
pub(super) fn is_within(range: &str, address: &str) -> Option<bool> {
    let (network, bits) = range.split_once('/').unwrap_or((range, "32"));
    let (network, address) = (network.parse::<Ipv4Addr>().ok()?, address.parse::<Ipv4Addr>().ok()?);
    let mask = u32::MAX.checked_shl(32u32.saturating_sub(bits.parse().ok()?)).unwrap_or_default();
    Some(u32::from(address) & mask == u32::from(network) & mask)
}

fn of_slice(snapshot: &Snapshot, service: &Value, slice: &Value) -> Option<Finding> {
    let at = Ref::of(slice);
    if let Some(finding) = other_names(service, slice, &at) {
        return Some(finding);
    }
    for (field, address) in addresses(slice) {
        if is_of_pods(snapshot, address) && !has_pod(snapshot, address) {
            let text = format!("gives {} the address {address}, which no pod has", Ref::of(service));
            let finding =
                Finding::new(Fault::NoSuchHost, at.clone(), text).at(field.clone()).with(field.clone(), address);
            return Some(finding.next(format!("Give {} a `spec.selector` with the labels of its pods in place of addresses written by hand: pods get new ones. Else correct `{field}` of {at}.", Ref::of(service))));
        }
        let closed = ports(slice).find(|(_, port)| snapshot.listens(address, *port) == Some(false));
        if let Some((field, port)) = closed {
            let text = format!("leads {} to port {port} of {address}, where nothing listens", Ref::of(service));
            let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field.clone());
            let finding = finding.with("tried", &format!("{address} port {port}: connection refused"));
            return Some(
                finding.next(format!("Set `{field}` of {at} to the port that the program at {address} listens on.")),
            );
        }
    }
    None
}

/// Ports of a slice belong to those of the Service that are called the same.
fn other_names(service: &Value, slice: &Value, at: &Ref) -> Option<Finding> {
    let names = |object: &Value, pointer: &str| -> Vec<String> {
        list(object, pointer).iter().map(|port| text(port, "/name").to_string()).collect()
    };
    let (wanted, had) = (names(service, "/spec/ports"), names(slice, "/ports"));
    if wanted.is_empty() || had.is_empty() || wanted.iter().any(|name| had.contains(name)) {
        return None;
    }
    let shown = |names: &[String]| match names {
        [one] if one.is_empty() => "a port without a name".to_string(),
        names => format!("`{}`", names.join("`, `")),
    };
    let text =
        format!("has {}, and {} has {}: they do not belong together", shown(&had), Ref::of(service), shown(&wanted));
    let field = "ports[0].name";
    let finding = Finding::new(Fault::WrongPort, at.clone(), text).at(field).should_be(wanted[0].clone());
    Some(
        finding
            .with("ports", &had.join(", "))
            .next(format!("Set `{field}` of {at} to the name of the Service's port.")),
    )
}

/// A slice that was probably written for this Service, and names one that does not exist.
fn slip(snapshot: &Snapshot, service: &Value) -> Option<Finding> {
    let at = Ref::of(service);
    let lost = |slice: &&Value| {
        let named = label(slice, SERVICE).unwrap_or_default();
        let is_lost = snapshot.get(&Ref::new("", "Service", &at.namespace, named)).is_none();
        let is_near = [named, crate::live::object::name(slice)].iter().any(|written| {
            nearest(written, std::iter::once(at.name.as_str())).is_some() || written.starts_with(&at.name)
        });
        is_lost && is_near && owners::reference(slice).is_none()
    };
    let slice = snapshot.inside(GROUP, "EndpointSlice", &at.namespace).find(lost)?;
    let (field, named) = (format!("metadata.labels[{SERVICE}]"), label(slice, SERVICE).unwrap_or("nothing"));
    let text = format!("has addresses for `{named}`, and no Service is called so: {at} leads nowhere");
    let finding = Finding::new(Fault::WrongSelector, Ref::of(slice), text).at(field.clone()).should_be(at.name.clone());
    Some(finding.with(field.clone(), named).next(format!("Set `{field}` of {} to `{}`.", Ref::of(slice), at.name)))
}

/// Nobody has written down any.
fn nothing_behind(at: &Ref) -> Finding {
    let text = "has no selector, and no EndpointSlice gives it addresses: it leads nowhere";
    let finding =
        Finding::new(Fault::WrongSelector, at.clone(), text).at("spec.selector").with("spec.selector", "none");
    finding.next(format!("Give {at} a `spec.selector` with the labels of its pods, or make an EndpointSlice for it."))
}
