//! Objects that are being deleted and do not go.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, list, name, number, text};

/// Controllers take their finalizers off within seconds.
const PATIENCE: i64 = 30;

/// Why it is still there, if it should be gone.
pub(super) fn of_object(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(since) = seen.seconds_since(text(object, "/metadata/deletionTimestamp")) else { return Vec::new() };
    let at = Ref::of(object);
    let finalizers: Vec<_> = list(object, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
    if at.kind == "Namespace" {
        return of_namespace(seen, object, &at, since).into_iter().collect();
    }
    // The time of a pod's deletion is when its grace is over.
    if since < PATIENCE {
        return Vec::new();
    }
    let finding = Finding::new(Fault::Deleting, at.clone(), String::new());
    if finalizers.is_empty() {
        let grace = number(object, "/metadata/deletionGracePeriodSeconds");
        let text = format!("is being deleted since {}, and still there", in_words(since));
        let finding = Finding { summary: text, ..finding }.at("metadata.deletionTimestamp").at_most(60);
        return vec![finding.with("grace period", &format!("{grace} s")).next("See whether its node answers.")];
    }
    let text =
        format!("is being deleted since {}, and held by finalizer `{}`", in_words(since), finalizers.join("`, `"));
    let finding = Finding { summary: text, ..finding }
        .at("metadata.finalizers")
        .with("metadata.finalizers", &finalizers.join(", "));
    vec![finding.next(format!(
        "See why whoever put `{}` there does not take it off (does that controller run?); only if it is gone for good, remove the finalizer from {at}.",
        finalizers[0]
    ))]
}

/// A namespace goes when all in it is gone: the first thing in it that is held is the cause.
fn of_namespace(seen: &Seen<'_>, object: &Value, at: &Ref, since: i64) -> Option<Finding> {
    let held = seen.snapshot.everything().find(|one| {
        text(one, "/metadata/namespace") == name(object)
            && !text(one, "/metadata/deletionTimestamp").is_empty()
            && !list(one, "/metadata/finalizers").is_empty()
    });
    let said = list(object, "/status/conditions").iter().filter(|condition| text(condition, "/status") == "True");
    let said: Vec<_> = said.map(|condition| text(condition, "/message")).filter(|text| !text.is_empty()).collect();
    let finding = match held {
        Some(held) => {
            let finalizers: Vec<_> = list(held, "/metadata/finalizers").iter().filter_map(Value::as_str).collect();
            let held = Ref::of(held);
            let text = format!(
                "is held by finalizer `{}`, and so is the deletion of {at} since {}",
                finalizers.join("`, `"),
                in_words(since)
            );
            Finding::new(Fault::Deleting, held.clone(), text)
                .at("metadata.finalizers")
                .with("metadata.finalizers", &finalizers.join(", "))
                .next(format!("See why whoever put `{}` on {held} does not take it off; only if that is gone for good, remove the finalizer.", finalizers[0]))
        }
        None if since > PATIENCE || !said.is_empty() => Finding::new(
            Fault::Deleting,
            at.clone(),
            format!("is being deleted since {}, and takes nothing new", in_words(since)),
        )
        .at("metadata.deletionTimestamp")
        .next("Its conditions tell what is left in it; when that is gone, the namespace goes."),
        None => return None,
    };
    Some(finding.with("conditions", &said.join(" ")))
}
