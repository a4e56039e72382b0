//! Objects of any other kind: what their conditions, their phase and the newest warnings about them tell.

use serde_json::Value;

use super::{Fault, Finding, classify};
use crate::live::object::{Ref, conditions, gist, text};
use crate::live::snapshot::{Snapshot, event_count};

/// Ends of types of conditions that should be true, and of those that should not.
const GOOD: [&str; 18] = [
    "Ready",
    "Synced",
    "Available",
    "Healthy",
    "Installed",
    "Accepted",
    "Established",
    "Programmed",
    "Reconciled",
    "ResolvedRefs",
    "Archiving",
    "Succeeded",
    "Valid",
    "Connected",
    "Released",
    "Configured",
    "Granted",
    "Cached",
];
const BAD: [&str; 5] = ["Failed", "Degraded", "Error", "Stalled", "Failure"];
/// Words of phases that nobody wants to stay in.
const BAD_PHASES: [&str; 8] =
    ["fail", "error", "unrecoverable", "invalid", "not supported", "unable", "cannot", "image catalog"];

/// Fields of a status that say whether it worked.
const RESULTS: [&str; 5] = ["applied", "ready", "healthy", "succeeded", "synced"];
/// Annotations with which operators are told to leave something alone, or to take its pods away.
const SWITCHES: [&str; 7] = ["hibernation", "paused", "pause", "suspended", "suspend", "disabled", "fencedInstances"];
/// Fields of a specification that say the same.
const OFF: [&str; 4] = ["suspend", "suspended", "paused", "disabled"];
/// How controllers say that something is not there.
const GONE: [&str; 4] = ["not found", "does not exist", "doesn't exist", "no such"];
/// Ends of fields that name another object.
const REFERENCES: [&str; 2] = ["name", "ref"];
/// Shorter values stand in any message.
const TELLING: usize = 5;

/// The reason of events by which policies tell, at themselves, who breaks them.
pub(super) const VIOLATION: &str = "PolicyViolation";

/// What is wrong with an object of a kind that nothing here knows.
pub(super) fn of_any(snapshot: &Snapshot, object: &Value) -> Option<Finding> {
    // What somebody has switched off says nothing else that would matter.
    let own = of_switch(object).or_else(|| of_field(object)).or_else(|| of_number(object));
    let own = own.or_else(|| of_conditions(object));
    let own = own.or_else(|| of_phase(object)).or_else(|| of_result(object));
    own.or_else(|| of_events(snapshot, object))
}

fn of_conditions(object: &Value) -> Option<Finding> {
    // Some keep them one level deeper.
    let deeper = object.pointer("/status/conditionStatus").map(|inner| serde_json::json!({"status": inner}));
    let bad = conditions(object).chain(deeper.iter().flat_map(conditions)).find(|condition| {
        let ends = |words: &[&str]| words.iter().any(|word| condition.kind.ends_with(word));
        condition.is_false() && ends(&GOOD) || condition.is_true() && ends(&BAD)
    })?;
    let fault = fault_of(object, bad.message).unwrap_or(Fault::Unexplained);
    let why = if bad.message.is_empty() { bad.reason } else { bad.message };
    let text = format!("{} is {}: {}", bad.kind, bad.status, gist(why, 160));
    let finding = Finding::new(fault, Ref::of(object), text)
        .with(format!("condition {}: {}", bad.kind, bad.reason), bad.message)
        .with("phase", phase(object));
    Some(match named_in(object, bad.message) {
        Some(field) if fault == Fault::MissingReference => {
            let next = format!("Make what `{field}` of {} names, or correct it.", Ref::of(object));
            finding.at(field).next(next)
        }
        Some(field) => {
            let next = format!("The message names what `{field}` of {} says: correct that.", Ref::of(object));
            finding.at(field).next(next)
        }
        None => finding.next("Correct what the message names; the events of this object tell more."),
    })
}

/// The field of a specification whose value stands in a message; the longest value, for it tells most.
pub(super) fn named_in(object: &Value, message: &str) -> Option<String> {
    longest(object, message, |_| true)
}

/// The same of values that are paths of an order, as patches have them.
pub(super) fn path_in(object: &Value, message: &str) -> Option<String> {
    longest(object, message, |value| value.starts_with("spec.") || value.starts_with("metadata."))
}

fn longest(object: &Value, message: &str, is_meant: fn(&str) -> bool) -> Option<String> {
    let mut found = Vec::new();
    collect(object.get("spec")?, "spec", &|value: &str| message.contains(value) && is_meant(value), &mut found);
    found.into_iter().max_by_key(|(length, _)| *length).map(|(_, field)| field)
}

fn collect(value: &Value, field: &str, fits: &impl Fn(&str) -> bool, found: &mut Vec<(usize, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| collect(value, &format!("{field}.{key}"), fits, found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, value)| collect(value, &format!("{field}[{index}]"), fits, found));
        }
        Value::String(text) if text.len() >= TELLING && fits(text) => {
            found.push((text.len(), field.into()));
        }
        _ => {}
    }
}

fn of_phase(object: &Value) -> Option<Finding> {
    let phase = phase(object);
    let lower = phase.to_lowercase();
    BAD_PHASES.iter().any(|word| lower.contains(word)).then(|| {
        let said = ["phaseReason", "error", "message"].map(|field| text(object, &format!("/status/{field}")));
        let reason = said.into_iter().find(|said| !said.is_empty()).unwrap_or_default();
        let text = if reason.is_empty() {
            format!("is in phase `{phase}`")
        } else {
            format!("is in phase `{phase}`: {}", gist(reason, 160))
        };
        let fault = fault_of(object, reason).unwrap_or(Fault::Unexplained);
        let finding = Finding::new(fault, Ref::of(object), text).with("status.phase", phase);
        match named_in(object, reason).filter(|_| fault == Fault::MissingReference) {
            Some(field) => {
                let next = format!("Make what `{field}` of {} names, or correct it.", finding.object);
                finding.at(field).next(next)
            }
            None => finding.next("Read its events, and what its controller says."),
        }
    })
}

/// A status that says in one word that it did not work, and why: `applied: false` with a message.
fn of_result(object: &Value) -> Option<Finding> {
    let word =
        RESULTS.into_iter().find(|word| object.pointer(&format!("/status/{word}")) == Some(&Value::Bool(false)))?;
    let message = ["message", "error", "reason"].iter().map(|field| text(object, &format!("/status/{field}")));
    let message = message.into_iter().find(|message| !message.is_empty())?;
    let fault = fault_of(object, message).unwrap_or(Fault::SyncFailed);
    let finding = Finding::new(fault, Ref::of(object), format!("is not {word}: {}", gist(message, 160)));
    let finding = finding.with(format!("status.{word}"), "false").with("status.message", message);
    Some(match named_in(object, message) {
        Some(field) => {
            let next = format!("Correct `{field}` of {}, or make what it names.", Ref::of(object));
            finding.at(field).next(next)
        }
        None => finding.next("Correct what the message names."),
    })
}

/// An annotation with which somebody has switched it off.
fn of_switch(object: &Value) -> Option<Finding> {
    let at = Ref::of(object);
    let notes = object.pointer("/metadata/annotations")?.as_object().filter(|_| at.group.contains('.'))?;
    let (key, value) = notes.iter().find(|(key, value)| {
        let word = key.rsplit('/').next().unwrap_or(key);
        // `on`, or a list of what is switched off.
        let is_on = match value.as_str() {
            Some("on" | "true" | "yes" | "enabled") => true,
            Some(list) => list.starts_with('[') && list.len() > 2,
            None => false,
        };
        key.contains('/') && is_on && SWITCHES.contains(&word)
    })?;
    let (value, field) = (value.as_str().unwrap_or_default(), format!("metadata.annotations[{key}]"));
    let text = format!("is switched off: annotation `{key}` is `{value}`");
    let finding = Finding::new(Fault::Paused, at.clone(), text).at(field.clone()).with(field.clone(), value);
    let off = [("on", "off"), ("true", "false")].into_iter().find(|(on, _)| *on == value).map(|(_, off)| off);
    Some(match off {
        Some(off) => finding.should_be(off).next(format!("Set `{field}` of {at} to `{off}` to go on.")),
        None => finding.next(format!("Take annotation `{key}` off {at} to go on.")),
    })
}

/// A field with which somebody has switched it off.
fn of_field(object: &Value) -> Option<Finding> {
    let at = Ref::of(object);
    let is_on = |word: &&str| object.pointer(&format!("/spec/{word}")) == Some(&Value::Bool(true));
    let word = OFF.into_iter().find(is_on).filter(|_| at.group.contains('.') && !at.group.ends_with(".k8s.io"))?;
    let field = format!("spec.{word}");
    let text = format!("is switched off: `{field}` is true");
    let finding = Finding::new(Fault::Paused, at.clone(), text).at(field.clone()).should_be(false);
    Some(finding.with(field.clone(), "true").next(format!("Set `{field}` of {at} to false.")))
}

/// None of it is wanted: `instances: 0`.
fn of_number(object: &Value) -> Option<Finding> {
    let at = Ref::of(object);
    let is_none = |word: &&str| object.pointer(&format!("/spec/{word}")) == Some(&Value::from(0));
    let word = ["replicas", "instances"].into_iter().find(is_none);
    let word = word.filter(|_| at.group.contains('.') && !at.group.ends_with(".k8s.io"))?;
    let field = format!("spec.{word}");
    let finding = Finding::new(Fault::Paused, at.clone(), format!("runs nothing: `{field}` is 0")).at(field.clone());
    Some(finding.should_be(1).with(field.clone(), "0").next(format!("Set `{field}` of {at} to 1 or more.")))
}

fn phase(object: &Value) -> &str {
    text(object, "/status/phase")
}

/// A controller that writes no conditions may still write events. What Kubernetes' own kinds need has rules of its own.
fn of_events(snapshot: &Snapshot, object: &Value) -> Option<Finding> {
    let at = Ref::of(object);
    let is_own = at.group.contains('.') && !at.group.ends_with(".k8s.io");
    // What a policy finds wrong with others is said of them, too.
    let is_its_own = |event: &&Value| text(event, "/type") == "Warning" && text(event, "/reason") != VIOLATION;
    let event = snapshot.events_of(&at).into_iter().next().filter(|event| is_own && is_its_own(event))?;
    let said = text(event, "/message");
    let fault = classify(said).unwrap_or(Fault::Unexplained);
    let finding = Finding::new(fault, at, format!("its controller warns: {}", gist(said, 160)));
    let finding = finding.with(format!("event {} ×{}", text(event, "/reason"), event_count(event)), said);
    Some(finding.next("Correct what the message names."))
}

/// What a controller's message tells: one that names something which is not there, and which the object names by a field of
/// that sort, tells of a reference that leads nowhere.
fn fault_of(object: &Value, message: &str) -> Option<Fault> {
    classify(message).or_else(|| {
        let lower = message.to_lowercase();
        let is_gone = GONE.iter().any(|words| lower.contains(words));
        let field = named_in(object, message).filter(|_| is_gone)?.to_lowercase();
        REFERENCES.iter().any(|end| field.ends_with(end)).then_some(Fault::MissingReference)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_and_named_is_a_reference_that_leads_nowhere() {
        let judged = |message: &str| {
            let object = json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "pg"},
                "spec": {"login": {"secretRef": {"name": "orders-login"}}, "image": "registry/orders:9"},
                "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "x", "message": message}]}});
            let found = of_any(&Snapshot::of("lab", [object.clone()]), &object).expect("it is not ready");
            (found.fault, found.field)
        };
        let field = "spec.login.secretRef.name".to_string();
        assert_eq!(judged("secrets \"orders-login\" not found"), (Fault::MissingReference, field.clone()));
        assert_eq!(judged("cannot read orders-login yet"), (Fault::Unexplained, field));
        assert_eq!(judged("registry/orders:9 not found").0, Fault::Unexplained, "an image is no reference");
    }
}
