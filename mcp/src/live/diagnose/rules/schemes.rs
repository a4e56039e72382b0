//! Addresses whose beginning does not fit their port: `https://` to plain HTTP, `postgres://` to a port of Redis, an address
//! without a port to a Service that has another.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, text};
use crate::live::references::hosts::Host;
use crate::live::scrub::HIDDEN;

/// What ports are known for: beginnings of addresses, and the port of those.
const KNOWN: [(&[&str], u16); 9] = [
    (&["postgres", "postgresql"], 5432),
    (&["mysql", "mariadb"], 3306),
    (&["redis", "rediss"], 6379),
    (&["amqp", "amqps"], 5672),
    (&["mongodb"], 27017),
    (&["nats"], 4222),
    (&["kafka"], 9092),
    (&["memcached"], 11211),
    (&["ldap"], 389),
];

/// What is wrong with the addresses that a workload's programs are told.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    seen.hosts_of(&Ref::of(object)).iter().filter_map(|host| wrong(seen, host)).collect()
}

fn wrong(seen: &Seen<'_>, host: &Host) -> Option<Finding> {
    let service = seen.snapshot.get(&host.service)?;
    let (scheme, rest) = host.written.split_once("://")?;
    // `jdbc:postgresql://`, `redis+sentinel://`
    let scheme = scheme.rsplit(':').next()?.split('+').next()?.to_lowercase();
    let is_web = matches!(scheme.as_str(), "http" | "https");
    let usual = if scheme == "https" { 443 } else { 80 };
    let port = host.port.or(is_web.then_some(usual))?;
    let ports = list(service, "/spec/ports");
    let had = ports.iter().find(|one| one.get("port").and_then(Value::as_u64) == Some(u64::from(port)));
    if is_web {
        return match had {
            Some(had) => other_scheme(host, &scheme, port, had),
            None if host.port.is_none() && host.port_field.is_none() => no_usual_port(host, &scheme, rest, port, ports),
            None => None,
        };
    }
    of_another_protocol(host, &scheme, port)
}

/// `https` to what is called `http`, and the other way round.
fn other_scheme(host: &Host, scheme: &str, port: u16, had: &Value) -> Option<Finding> {
    let called = if text(had, "/appProtocol").is_empty() { text(had, "/name") } else { text(had, "/appProtocol") };
    let is_tls = called.starts_with("https") || called.is_empty() && port == 443;
    let is_plain = !is_tls
        && (called == "http" || called.starts_with("http-") || called == "web" || called.is_empty() && port == 80);
    let right = match scheme {
        "https" if is_plain => "http",
        "http" if is_tls => "https",
        _ => return None,
    };
    let text = format!("is configured to use `{}`, and port {port} of {} speaks {right}", host.written, host.service);
    Some(told(host, text, host.written.replacen(scheme, right, 1)))
}

/// Without a port the usual one is meant, and the Service has another.
fn no_usual_port(host: &Host, scheme: &str, rest: &str, port: u16, ports: &[Value]) -> Option<Finding> {
    let numbers: Vec<_> = ports.iter().filter_map(|one| one.get("port").and_then(Value::as_u64)).collect();
    // Other rules tell of headless ones, and of those without ports.
    let first = numbers.first()?;
    let shown = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = format!(
        "is configured to use `{}`, which means port {port}, and {} has no such port (it has {shown})",
        host.written, host.service
    );
    let name_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let right = if *first == 80 && scheme == "https" {
        host.written.replacen("https", "http", 1)
    } else {
        format!("{scheme}://{}:{first}{}", &rest[..name_end], &rest[name_end..])
    };
    Some(told(host, text, right))
}

/// A port that is known for something else.
fn of_another_protocol(host: &Host, scheme: &str, port: u16) -> Option<Finding> {
    let (own, usual) = KNOWN.iter().find(|(schemes, _)| schemes.contains(&scheme))?;
    let (others, _) = KNOWN.iter().find(|(_, number)| *number == port).filter(|(others, _)| others != own)?;
    let text = format!(
        "is configured to use port {port} of {} with `{scheme}://`: that is the port of {}, {scheme} has {usual}",
        host.service, others[0]
    );
    let field = &host.field;
    let finding =
        Finding::new(Fault::WrongPort, host.object.clone(), text).at(field.clone()).with(field.clone(), &host.written);
    Some(finding.next(format!(
        "Correct the port (or the host) in `{field}` of {}: `{scheme}://` means a server that speaks {}, usually at port {usual}.",
        host.object, own[0]
    )))
}

fn told(host: &Host, text: String, right: String) -> Finding {
    let field = &host.field;
    let finding =
        Finding::new(Fault::WrongPort, host.object.clone(), text).at(field.clone()).with(field.clone(), &host.written);
    let next = format!("Change `{field}` of {} to `{right}`.", host.object);
    // What was taken out of a value must not be written back into it.
    if host.is_whole && !right.contains(HIDDEN) { finding.should_be(right).next(next) } else { finding.next(next) }
}
