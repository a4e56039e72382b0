//! What an object of somebody's own kind names and is not there: a pool in front of a database that nobody has made.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, name};
use crate::live::owners;
use crate::live::references::pointers::{Pointer, pointers};
use crate::live::references::{nearest, there_are};

/// References that lead nowhere. What is made by another is that one's to correct.
pub(super) fn of_any(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    if owners::reference(object).is_some() {
        return Vec::new();
    }
    let all = pointers(&seen.snapshot.served, object).into_iter();
    all.filter_map(|pointer| missing(seen, &Ref::of(object), &pointer)).collect()
}

fn missing(seen: &Seen<'_>, at: &Ref, Pointer { at: wanted, field }: &Pointer) -> Option<Finding> {
    let snapshot = seen.snapshot;
    // Of a kind that could not be listed nobody knows.
    if !snapshot.has_kind(&wanted.group, &wanted.kind) || snapshot.get(wanted).is_some() {
        return None;
    }
    let others = || snapshot.inside(&wanted.group, &wanted.kind, &wanted.namespace);
    let text = format!("names {wanted}, which does not exist ({})", there_are(others()));
    let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).with(field, &wanted.name);
    Some(match nearest(&wanted.name, others().map(name)) {
        Some(near) => finding.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
        None => finding.next(format!("Make {wanted}, or correct `{field}` of {at}.")),
    })
}
