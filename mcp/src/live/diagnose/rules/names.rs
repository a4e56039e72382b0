//! Objects that a template names, and that are not there or lack the key that is meant.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding, called};
use crate::live::object::{Ref, name, namespace, text};
use crate::live::references::selector::{fits_plain, shown};
use crate::live::references::template::{Template, Use, uses};
use crate::live::references::{nearest, there_are};

/// What its pods cannot do without, or will not start without the next time.
pub(super) fn of_template(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let mut found: Vec<Finding> = uses(object).iter().filter_map(|used| missing(seen, object, used)).collect();
    found.extend(no_node(seen, object));
    found.extend(no_governing_service(seen, object));
    found
}

/// The Service by which the pods of a StatefulSet are found by name.
fn no_governing_service(seen: &Seen<'_>, object: &Value) -> Option<Finding> {
    let (at, wanted) = (Ref::of(object), text(object, "/spec/serviceName"));
    let service = Ref::new("", "Service", &at.namespace, wanted);
    let is_gone = at.kind == "StatefulSet" && !wanted.is_empty() && seen.snapshot.get(&service).is_none();
    let (who, how) = is_gone.then(|| looked_for(seen, &at, wanted)).flatten()?;
    let others = || seen.snapshot.inside("", "Service", &at.namespace);
    let field = "spec.serviceName";
    let text = format!("its pods have no names of their own: {service} does not exist ({})", there_are(others()));
    // The pods themselves run: only who looks for one of them by name does not find it.
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field).at_most(58).with(field, wanted);
    let finding = finding.with(who.to_string(), &how);
    let labels = shown(Template::of(object).and_then(|template| template.labels));
    let make = format!("Make {service} with `clusterIP: None` and the labels of the pods (`{labels}`) as selector");
    Some(match headless(seen, object).or_else(|| nearest(wanted, others().map(name))) {
        Some(near) => finding.should_be(near).next(format!(
            "{make}: then {}-0.{wanted} has an address. Or make {at} again with `{field}: {near}`, and let {who} call {}-0.{near}.",
            at.name, at.name
        )),
        None => finding.next(format!("{make}.")),
    })
}

fn missing(seen: &Seen<'_>, object: &Value, used: &Use) -> Option<Finding> {
    let snapshot = seen.snapshot;
    // Secrets are never read: whether one is there, only events and the pods themselves tell.
    if used.optional || used.at.kind == "Secret" || !snapshot.has_kind(&used.at.group, &used.at.kind) {
        return None;
    }
    let at = Ref::of(object);
    let others = || snapshot.inside(&used.at.group, &used.at.kind, &used.at.namespace);
    let Some(there) = snapshot.get(&used.at) else {
        let near = nearest(&used.at.name, others().map(name));
        let hint = match (near, used.at.kind.as_str()) {
            (Some(near), _) => format!("; there is `{near}`"),
            // Every namespace has some of these that nobody would mean.
            (None, "ConfigMap" | "ServiceAccount") => String::new(),
            (None, _) => format!(" ({})", there_are(others())),
        };
        let text = format!("names {}, which does not exist{hint}", used.at);
        let finding = Finding::new(Fault::MissingReference, at.clone(), text)
            .at(used.field.clone())
            .with(used.field.clone(), &used.at.name);
        return Some(match near {
            Some(near) => {
                finding.should_be(near).next(format!("Set `{}` of {at} to `{near}`, or make {}.", used.field, used.at))
            }
            None => finding.next(format!("Make {}, or correct `{}` of {at}.", used.at, used.field)),
        });
    };
    let key = used.key.as_deref().filter(|_| used.at.kind == "ConfigMap")?;
    let keys: Vec<_> = ["data", "binaryData"]
        .iter()
        .filter_map(|part| there.get(part).and_then(Value::as_object))
        .flat_map(|data| data.keys().map(String::as_str))
        .collect();
    if keys.contains(&key) {
        return None;
    }
    let had = if keys.is_empty() { "it has none".into() } else { format!("it has {}", keys.join(", ")) };
    let text = format!("names key `{key}` of {}, which has no such key ({had})", used.at);
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(used.key_field.clone()).with("keys", &had);
    let finding = match nearest(key, keys.iter().copied()) {
        Some(near) => finding.should_be(near),
        None => finding,
    };
    Some(finding.next(format!("Correct `{}` of {at}, or add the key to {}.", used.key_field, used.at)))
}

/// Who of the namespace looks for the pods of a set by their names, and how that is known: without that nobody misses them.
fn looked_for(seen: &Seen<'_>, set: &Ref, service: &str) -> Option<(Ref, String)> {
    let kinds = [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "CronJob")];
    let mut all = kinds.iter().flat_map(|(group, kind)| seen.snapshot.inside(group, kind, &set.namespace));
    all.find_map(|object| Some((Ref::of(object), called::calls(seen.snapshot, object, &set.name, service)?)))
}

/// The Service without an address of its own that leads to the pods of a set, by another name.
fn headless<'a>(seen: &Seen<'a>, set: &Value) -> Option<&'a str> {
    let labels = Template::of(set)?.labels;
    let mut services = seen.snapshot.inside("", "Service", namespace(set));
    let is_it = |service: &&Value| {
        text(service, "/spec/clusterIP") == "None" && fits_plain(service.pointer("/spec/selector"), labels)
    };
    services.find(is_it).map(name)
}

/// A node that is named and is none.
fn no_node(seen: &Seen<'_>, object: &Value) -> Option<Finding> {
    let template = Template::of(object)?;
    let node = text(template.spec, "/nodeName");
    let is_pod_of_a_set = text(object, "/kind") == "Pod" && !text(object, "/status/startTime").is_empty();
    let at = Ref::new("", "Node", "", node);
    if node.is_empty() || !seen.snapshot.has_kind("", "Node") || is_pod_of_a_set || seen.snapshot.get(&at).is_some() {
        return None;
    }
    let there = there_are(seen.snapshot.all("", "Node"));
    let field = format!("{}.nodeName", template.path);
    let text = format!("is bound to node `{node}`, which does not exist ({there})");
    Some(
        Finding::new(Fault::Unschedulable, Ref::of(object), text)
            .at(field.clone())
            .with(field.clone(), node)
            .next(format!("Take `{field}` out of {}: the scheduler finds a node by itself.", Ref::of(object))),
    )
}
