//! Objects that a policy makes and keeps as they are: who edits one of them finds it as before a moment later.

use backstack_health::finding::Change;
use serde_json::Value;

use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, label, list, name, namespace};
use crate::live::policy::policies;
use crate::live::snapshot::Snapshot;

/// Labels by which Kyverno knows what its policies have made.
const POLICY: &str = "generate.kyverno.io/policy-name";
const PLACE: &str = "generate.kyverno.io/policy-namespace";

/// A finding whose next step would be undone, with one that lasts.
pub(in crate::live::diagnose) fn kept(snapshot: &Snapshot, finding: Finding) -> Finding {
    let Some(object) = snapshot.get(&finding.object) else { return finding };
    let Some(policy) = label(object, POLICY) else { return finding };
    let places = ["", label(object, PLACE).unwrap_or_default(), namespace(object)];
    let is_it = |one: &&Value| name(one) == policy && places.contains(&namespace(one)) && field(one).is_some();
    let found = policies(snapshot).find(is_it);
    // What is made once and left alone can be edited like anything else.
    if found.is_some_and(|policy| !keeps(policy)) {
        return finding;
    }
    let at = finding.object.clone();
    let told = found.map_or_else(|| format!("policy `{policy}`"), |policy| Ref::of(policy).to_string());
    let field = found.and_then(field).unwrap_or_default();
    let of = if field.is_empty() { told.clone() } else { format!("`{field}` of {told}") };
    let undone = format!("{told} makes {at} and keeps it as it is, so an edit of it is undone");
    let next = match finding.next.split_once(": ").filter(|_| finding.fault == Fault::Blocked) {
        Some((_, what)) => format!(
            "Make a NetworkPolicy of your own in namespace {} that lets this through (policies add up): {what} Or change {of}: {undone}.",
            at.namespace
        ),
        None => format!("Change {of}: {undone}. What it has to say: {}", finding.next),
    };
    let mut finding = finding.with(format!("label {POLICY}"), policy);
    if let Some(policy) = found {
        finding.change = Some(Change { object: Ref::of(policy).typed(), field, value: None });
    }
    finding.next(next)
}

/// Where a policy says what it makes.
fn field(policy: &Value) -> Option<String> {
    if policy.pointer("/spec/generate").is_some() {
        return Some("spec.generate".into());
    }
    let rule = list(policy, "/spec/rules").iter().position(|rule| rule.get("generate").is_some())?;
    Some(format!("spec.rules[{rule}].generate"))
}

/// Whether a policy brings what it has made back to what it says.
fn keeps(policy: &Value) -> bool {
    let is_on = |value: Option<&Value>| value == Some(&Value::Bool(true));
    let mut rules = list(policy, "/spec/rules").iter();
    is_on(policy.pointer("/spec/evaluation/synchronize/enabled"))
        || rules.any(|rule| is_on(rule.pointer("/generate/synchronize")))
}
