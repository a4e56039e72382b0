//! Lists of addresses that a route lets in, and programs of this cluster that ask there all the same and are turned away.

use serde_json::Value;

use super::Seen;
use super::slices::is_within;
use crate::live::diagnose::around::{backends, maker_of};
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::references::annotations;
use crate::live::references::selector::selected;
use crate::live::references::template::Template;
use crate::live::snapshot::{LogKey, Snapshot};

/// Words of fields that say who may come in.
const LETS_IN: [&str; 2] = ["allow", "white"];
/// What a route that lets a program in nowhere weighs: that program gets nothing.
const TURNED_AWAY: u32 = 60;
/// How a log tells that somebody was turned away.
const REFUSED: [&str; 2] = ["403", "forbidden"];
/// Programs whose logs are read because of a list.
const MOST_USERS: usize = 3;

/// Addresses that an object lets in.
struct Allowed {
    field: String,
    ranges: Vec<String>,
}

impl Allowed {
    /// The first list of addresses below a field that says who may come in. Where another address than that of the
    /// connection counts, nobody can tell here.
    fn of(value: &Value, path: &str, is_list: bool) -> Option<Self> {
        match value {
            Value::Object(fields) => {
                fields.iter().filter(|_| value.get("ipStrategy").is_none()).find_map(|(key, inner)| {
                    let lower = key.to_lowercase();
                    let is_list = is_list || LETS_IN.iter().any(|word| lower.contains(word));
                    Self::of(inner, &format!("{path}.{key}"), is_list)
                })
            }
            Value::Array(items) if is_list => {
                let ranges: Vec<String> = items.iter().filter_map(Value::as_str).map(String::from).collect();
                let is_range = |range: &String| is_within(range, "10.0.0.1").is_some() || range.contains("::");
                let is_of_ranges = !ranges.is_empty() && ranges.len() == items.len() && ranges.iter().all(is_range);
                is_of_ranges.then(|| Self { field: path.to_string(), ranges })
            }
            _ => None,
        }
    }

    fn lets_in(&self, address: &str) -> bool {
        self.ranges.iter().any(|range| is_within(range, address) == Some(true))
    }
}

/// A program of the cluster that asks at a route, and whose address no list of that route has.
pub(super) fn of_ingress(seen: &Seen<'_>, ingress: &Value) -> Option<Finding> {
    let (object, allowed) = list_of(seen.snapshot, ingress)?;
    users(seen.snapshot, ingress).into_iter().find_map(|(pod, host)| {
        let address = text(pod, "/status/podIP");
        if address.is_empty() || allowed.lets_in(address) {
            return None;
        }
        let is_told = |line: &&str| {
            let lower = line.to_lowercase();
            line.contains(host) && REFUSED.iter().any(|word| lower.contains(word))
        };
        let line = super::logs::recent_lines(seen, pod).filter(is_told).last()?;
        Some(finding(seen.snapshot, (ingress, object, pod), &allowed, line))
    })
}

/// Logs of those who ask at a route that has a list of addresses.
pub(in crate::live::diagnose) fn logs(snapshot: &Snapshot, ingress: &Value) -> Vec<LogKey> {
    let users = list_of(snapshot, ingress).map(|_| users(snapshot, ingress)).unwrap_or_default();
    users.into_iter().flat_map(|(pod, _)| super::logs::running(pod)).take(MOST_USERS).collect()
}

/// The object with such a list that an Ingress names.
fn list_of<'a>(snapshot: &'a Snapshot, ingress: &Value) -> Option<(&'a Value, Allowed)> {
    annotations::named(&snapshot.served, ingress).into_iter().find_map(|named| {
        let object = snapshot.all(&named.kind.group, &named.kind.kind).find(|object| named.is(object))?;
        Some((object, Allowed::of(object.get("spec")?, "spec", false)?))
    })
}

/// Pods that are told a host of an Ingress and are not what stands behind it.
fn users<'a>(snapshot: &'a Snapshot, ingress: &'a Value) -> Vec<(&'a Value, &'a str)> {
    let hosts: Vec<_> = list(ingress, "/spec/rules").iter().map(|rule| text(rule, "/host")).collect();
    let place = namespace(ingress);
    let behind =
        backends(ingress).into_iter().filter_map(|(_, service)| snapshot.get(&Ref::new("", "Service", place, service)));
    let behind: Vec<_> = behind.flat_map(|service| selected(snapshot, service)).map(name).collect();
    let pods = snapshot.all("", "Pod").filter(|pod| !behind.contains(&name(pod)));
    let users = pods.filter_map(|pod| {
        let told = hosts.iter().find(|host| !host.is_empty() && is_told(pod, host))?;
        Some((pod, *told))
    });
    users.take(MOST_USERS).collect()
}

/// Whether a variable, a command or an argument of a pod has a host as a word of its own.
fn is_told(pod: &Value, host: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let has = |written: &str| {
        written
            .match_indices(host)
            .any(|(at, _)| !written[..at].ends_with(is_part) && !written[at + host.len()..].starts_with(is_part))
    };
    let Some(template) = Template::of(pod) else { return false };
    template.containers().any(|(_, container)| {
        let words = ["command", "args"].into_iter().flat_map(|part| list(container, &format!("/{part}")));
        let words = words.filter_map(Value::as_str);
        words.chain(list(container, "/env").iter().map(|variable| text(variable, "/value"))).any(has)
    })
}

fn finding(
    snapshot: &Snapshot,
    (ingress, object, pod): (&Value, &Value, &Value),
    allowed: &Allowed,
    line: &str,
) -> Finding {
    let (at, field, address) = (Ref::of(object), &allowed.field, text(pod, "/status/podIP"));
    let (user, ranges) = (Ref::of(maker_of(snapshot, pod)), allowed.ranges.join(", "));
    let text =
        format!("lets {ranges} in at {}, and {user} asks there from {address}: it is turned away", Ref::of(ingress));
    let mut finding = Finding::new(Fault::WrongValue, at.clone(), text).at(field.clone());
    finding.weight = TURNED_AWAY;
    finding.affects.push(Ref::of(ingress).to_string());
    finding.affects.push(user.to_string());
    let node = snapshot.get(&Ref::new("", "Node", "", crate::live::object::text(pod, "/spec/nodeName")));
    let network = node.map(|node| crate::live::object::text(node, "/spec/podCIDR")).filter(|range| !range.is_empty());
    let wanted = network.map_or_else(|| format!("{address}/32"), String::from);
    finding.with(field.clone(), &ranges).with("log", line).next(format!(
        "Add `{wanted}`, which {user} asks from, to `{field}` of {at}, or widen the range there that is meant to have it."
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allowed(spec: Value) -> Option<String> {
        Allowed::of(&spec, "spec", false).map(|allowed| allowed.field)
    }

    #[test]
    fn a_list_of_addresses_is_told_from_other_lists() {
        let ranges = json!(["10.0.0.0/28", "203.0.113.7"]);
        assert_eq!(
            allowed(json!({"ipAllowList": {"sourceRange": ranges}})).as_deref(),
            Some("spec.ipAllowList.sourceRange")
        );
        assert_eq!(
            allowed(json!({"ipWhiteList": {"sourceRange": ranges}})).as_deref(),
            Some("spec.ipWhiteList.sourceRange")
        );
        for spec in [
            json!({"ipAllowList": {"sourceRange": ranges, "ipStrategy": {"depth": 1}}}),
            json!({"denyList": {"sourceRange": ranges}}),
            json!({"headers": {"accessControlAllowMethods": ["GET"]}}),
            json!({"basicAuth": {"secret": "users"}}),
        ] {
            assert_eq!(allowed(spec.clone()), None, "{spec}");
        }
    }
}
