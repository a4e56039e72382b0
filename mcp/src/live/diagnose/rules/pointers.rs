//! What an object of somebody's own kind names and is not there: a pool in front of a database that nobody has made, a route
//! to a port that its Service does not have.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text};
use crate::live::owners;
use crate::live::references::pointers::{Address, Pointer, addresses, pointers};
use crate::live::references::{nearest, there_are};

/// Where Crossplane itself writes into a composite.
const OF_CROSSPLANE: [&str; 2] = ["spec.crossplane.resourceRefs", "spec.resourceRefs"];

/// References that lead nowhere. What is made by another is that one's to correct.
pub(super) fn of_any(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    if owners::reference(object).is_some() {
        return Vec::new();
    }
    let at = Ref::of(object);
    // What Crossplane composed of it: nobody writes these, and what is not made yet is told by whatever keeps it.
    let is_written = |pointer: &Pointer| !OF_CROSSPLANE.iter().any(|own| pointer.field.starts_with(own));
    let all = pointers(&seen.snapshot.served, object).into_iter().filter(is_written);
    let mut found: Vec<_> = all.filter_map(|pointer| wrong(seen, &at, &pointer)).collect();
    found.extend(addresses(object).iter().filter_map(|address| nobody(seen, &at, address)));
    found
}

fn wrong(seen: &Seen<'_>, at: &Ref, pointer: &Pointer) -> Option<Finding> {
    let Pointer { at: wanted, field, port } = pointer;
    let snapshot = seen.snapshot;
    // Of a kind that could not be listed nobody knows.
    if !snapshot.has_kind(&wanted.group, &wanted.kind) {
        return None;
    }
    if let Some(there) = snapshot.get(wanted) {
        let port_field = format!("{}.port", field.trim_end_matches(".name"));
        return no_port(at, there, port.as_ref()?, &port_field);
    }
    let others = || snapshot.inside(&wanted.group, &wanted.kind, &wanted.namespace);
    let text = format!("names {wanted}, which does not exist ({})", there_are(others()));
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field, &wanted.name);
    Some(match nearest(&wanted.name, others().map(name)) {
        Some(near) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
        None => finding.next(format!("Make {wanted}, or correct `{field}` of {at}.")),
    })
}

/// A port, by its number or its name, that a Service does not have.
fn no_port(at: &Ref, service: &Value, port: &Value, field: &str) -> Option<Finding> {
    let ports = list(service, "/spec/ports");
    let is_it =
        |one: &Value| one.get("port") == Some(port) || port.as_str().is_some_and(|name| text(one, "/name") == name);
    if ports.is_empty() || ports.iter().any(is_it) || text(service, "/spec/type") == "ExternalName" {
        return None;
    }
    let numbers: Vec<_> = ports.iter().filter_map(|one| one.get("port").and_then(Value::as_i64)).collect();
    let shown = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let wanted = port.as_str().map_or_else(|| port.to_string(), String::from);
    let service = Ref::of(service);
    let text = format!("leads to port {wanted} of {service}, which has no such port (it has {shown})");
    let finding =
        Finding::new(Fault::WrongPort, at.clone(), text).at(field).with(format!("ports of {service}"), &shown);
    let finding = match numbers.as_slice() {
        [only] => finding.should_be(*only),
        _ => finding,
    };
    Some(finding.next(format!("Set `{field}` of {at} to a port of {service} ({shown}).")))
}

/// An address of a Service that is not there, or that has no such port.
fn nobody(seen: &Seen<'_>, at: &Ref, address: &Address) -> Option<Finding> {
    let Address { service, port, field, written } = address;
    if let Some(there) = seen.snapshot.get(service) {
        return no_port(at, there, &(*port)?.into(), field);
    }
    let others = || seen.snapshot.inside("", "Service", &service.namespace);
    let text = format!("is configured to use `{written}`, and there is no {service} ({})", there_are(others()));
    let finding = Finding::new(Fault::NoSuchHost, at.clone(), text).at(field.clone()).with(field, written);
    Some(match nearest(&service.name, others().map(name)) {
        Some(near) => finding.should_be(written.replacen(&service.name, near, 1)).next(format!(
            "Change the host in `{field}` of {at} to `{near}.{}.svc`, if that is meant.",
            service.namespace
        )),
        None => finding.next(format!("Make {service}, or correct the host in `{field}` of {at}.")),
    })
}
