//! Hosts that a program is configured to use: whether there is such a Service, and whether it has that port.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, group_of, is_owned_by, list, name, text};
use crate::live::owners;
use crate::live::references::hosts::Host;
use crate::live::references::nearest;
use crate::live::references::selector::{fits_plain, selected};
use crate::live::references::template::Template;

/// A bare word that no Service is called may be a host of the user's own network: it is a hint, no cause.
const HINT: u32 = 46;

/// What its programs look for in vain.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    seen.hosts_of(&Ref::of(object)).iter().filter_map(|host| wrong(seen, object, host)).collect()
}

fn wrong(seen: &Seen<'_>, object: &Value, host: &Host) -> Option<Finding> {
    let Some(service) = seen.snapshot.get(&host.service) else { return no_service(seen, object, host) };
    if let Some(finding) = empty(seen, service, host) {
        return Some(finding);
    }
    let port = host.port?;
    if let Some(finding) = headless(service, host, port) {
        return Some(finding);
    }
    let has = |one: &Value| one.get("port").and_then(Value::as_u64) == Some(u64::from(port));
    let ports = list(service, "/spec/ports");
    // A headless Service leads to its pods themselves, whatever its ports say.
    let is_headless = service.pointer("/spec/clusterIP").and_then(Value::as_str) == Some("None");
    if ports.iter().any(has) || is_headless || ports.is_empty() {
        return None;
    }
    let numbers: Vec<_> = ports.iter().filter_map(|one| one.get("port").and_then(Value::as_u64)).collect();
    let shown = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = format!("is configured to use port {port} of {}, which has no such port (it has {shown})", host.service);
    let finding = Finding::new(Fault::WrongPort, host.object.clone(), text).at(host.field.clone());
    if let Some(field) = &host.port_field {
        let finding = finding.at(field.clone()).with(field.clone(), &port.to_string());
        let finding = match numbers.as_slice() {
            [only] => finding.should_be(only.to_string()),
            _ => finding,
        };
        return Some(
            finding.next(format!("Set `{field}` of {} to a port of {} ({shown}).", host.object, host.service)),
        );
    }
    let finding = with_value(
        finding,
        host,
        numbers
            .first()
            .filter(|_| numbers.len() == 1)
            .map(|number| host.written.replacen(&format!(":{port}"), &format!(":{number}"), 1)),
    );
    Some(
        finding
            .with(host.field.clone(), &host.written)
            .next(next(host, &format!("a port of {} ({shown})", host.service))),
    )
}

/// One of several Services of an operator's, that has no pods while others of it have: that for reading, of a database without
/// replicas.
fn empty(seen: &Seen<'_>, service: &Value, host: &Host) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let maker = owners::above(snapshot, service)?;
    let has_pods = |service: &Value| !selected(snapshot, service).is_empty();
    let has_selector = service.pointer("/spec/selector").is_some();
    if !has_selector || has_pods(service) || !group_of(text(maker, "/apiVersion")).contains('.') {
        return None;
    }
    let others = snapshot.inside("", "Service", &host.service.namespace);
    let others: Vec<_> = others.filter(|other| is_owned_by(other, maker) && has_pods(other)).map(name).collect();
    if others.is_empty() {
        return None;
    }
    let (maker, there) = (Ref::of(maker), others.join(", "));
    let text =
        format!("is configured to use {}, behind which {maker} has no pods (those of {there} have some)", host.service);
    let finding = Finding::new(Fault::NoSuchHost, host.object.clone(), text).at(host.field.clone());
    let selector = service.pointer("/spec/selector").map(Value::to_string).unwrap_or_default();
    let what = format!("one that has pods ({there}), or let {maker} run more instances");
    Some(finding.with(host.field.clone(), &host.written).with("spec.selector", &selector).next(next(host, &what)))
}

/// Behind a headless Service nobody translates ports: the program's own is needed.
fn headless(service: &Value, host: &Host, port: u16) -> Option<Finding> {
    let is_headless = service.pointer("/spec/clusterIP").and_then(Value::as_str) == Some("None");
    let ports = list(service, "/spec/ports").iter();
    let number = |one: &Value, field: &str| one.get(field).and_then(Value::as_u64);
    let mut meant = ports.filter(|one| number(one, "port") == Some(u64::from(port)));
    let target = meant.next().and_then(|one| number(one, "targetPort")).filter(|target| *target != u64::from(port))?;
    is_headless.then(|| {
        let text = format!(
            "is configured to use port {port} of {}, which is headless: nobody translates that to {target}",
            host.service
        );
        let field = host.port_field.clone().unwrap_or_else(|| host.field.clone());
        let finding = Finding::new(Fault::WrongPort, host.object.clone(), text).at(field.clone());
        let finding = finding.with(host.field.clone(), &host.written);
        match host.port_field {
            Some(_) => finding.should_be(target.to_string()).next(format!(
                "Set `{field}` of {} to {target}, or give {} a cluster address.",
                host.object, host.service
            )),
            None => finding.next(next(host, &format!("port {target}, or give {} a cluster address", host.service))),
        }
    })
}

fn no_service(seen: &Seen<'_>, object: &Value, host: &Host) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let wanted = &host.service;
    // Nobody is told to use what leads to itself.
    let labels = Template::of(object).and_then(|template| template.labels);
    let others = snapshot.inside("", "Service", &wanted.namespace);
    let others = others.filter(|service| !fits_plain(service.pointer("/spec/selector"), labels));
    let near = nearest(&wanted.name, others.map(name));
    let elsewhere = snapshot.all("", "Service").find(|other| name(other) == wanted.name).map(Ref::of);
    let (hint, instead) = match (near, &elsewhere) {
        (Some(near), _) => (format!("; there is `{near}`"), Some(near.to_string())),
        // Whether that of another team is meant nobody but its owner knows.
        (None, Some(other)) => (format!("; there is `{}.{}`", other.name, other.namespace), None),
        (None, None) => (String::new(), None),
    };
    let text = format!("is configured to use `{}`, and there is no {wanted}{hint}", host.written);
    let finding = Finding::new(Fault::NoSuchHost, host.object.clone(), text).at(host.field.clone());
    let is_certain = host.is_full || instead.is_some() || elsewhere.is_some() || complains(seen, object, &wanted.name);
    let finding = if is_certain { finding } else { finding.at_most(HINT) };
    let value = instead.as_ref().map(|instead| host.written.replacen(&wanted.name, instead, 1));
    let finding = with_value(finding, host, value).with(host.field.clone(), &host.written);
    let what = match (instead, &elsewhere) {
        (Some(instead), _) => format!("`{instead}`"),
        (None, Some(other)) => {
            format!("`{}.{}` if that one is meant, else to a Service that exists", other.name, other.namespace)
        }
        (None, None) => "the name of a Service that exists".into(),
    };
    Some(finding.next(next(host, &what)))
}

/// The whole value, if the host is all of it: anything else a person has to write.
fn with_value(finding: Finding, host: &Host, value: Option<String>) -> Finding {
    // What was taken out of a value must not be written back into it.
    match value.filter(|value| host.is_whole && !value.contains(crate::live::scrub::HIDDEN)) {
        Some(value) => finding.should_be(value),
        None => finding,
    }
}

fn next(host: &Host, what: &str) -> String {
    format!("Change the host in `{}` of {} to {what}.", host.field, host.object)
}

/// Whether a pod's recent log names it beside an error.
fn complains(seen: &Seen<'_>, object: &Value, service: &str) -> bool {
    let pods = seen.snapshot.pods_of(object);
    pods.into_iter().any(|pod| {
        super::logs::recent_lines(seen, pod).any(|line| line.contains(service) && super::logs::is_error(line))
    })
}
