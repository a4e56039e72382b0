//! What policies have to say about an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Fault, Finding};
use crate::live::object::{Ref, short};
use crate::live::policy::{Outcome, PolicyResult, find, last_change, missing_key, results};
use crate::live::snapshot::Snapshot;

/// A report of before its policy changed says little about now.
const OLD: u32 = 40;

/// One finding for each policy that fails, however many objects it fails on.
pub(super) fn of_objects<'a>(snapshot: &Snapshot, objects: impl Iterator<Item = &'a Value>) -> Vec<Finding> {
    let mut by_policy: BTreeMap<(String, String), Finding> = BTreeMap::new();
    let members: BTreeSet<_> = objects.map(Ref::of).collect();
    let failed =
        results(snapshot).into_iter().filter(|result| matches!(result.outcome, Outcome::Fail | Outcome::Error));
    for result in failed.filter(|result| members.contains(&result.object)) {
        let key = (result.policy.clone(), result.rule.clone());
        let said = format!("policy `{}`", result.policy);
        match by_policy.get_mut(&key) {
            Some(finding) => finding.more += 1,
            None => {
                let finding = of_result(snapshot, &result);
                by_policy.insert(key, finding.with(format!("{said}{}", result.rule_in_words()), &result.message));
            }
        }
    }
    by_policy.into_values().collect()
}

fn of_result(snapshot: &Snapshot, result: &PolicyResult) -> Finding {
    let policy = find(snapshot, &result.policy);
    let said = short(&result.message, 200);
    if result.older_than_policy {
        let text = format!("policy `{}` failed before it was changed: {said}", result.policy);
        let changed = policy.map(last_change).unwrap_or_default();
        let finding = Finding::new(Fault::PolicyFailed, result.object.clone(), text).at_most(OLD);
        let times = format!("the report is of {}, the policy of {changed}", result.time);
        return finding.with("older than its policy", &times).next("Wait for the next report: this may be over.");
    }
    let text = format!("policy `{}` fails: {said}", result.policy);
    let finding = Finding::new(Fault::PolicyFailed, result.object.clone(), text);
    let field = snapshot.get(&result.object).and_then(|object| missing_key(policy, &result.message, object));
    match field {
        Some(field) => finding.at(field.clone()).next(format!("Set `{field}` of {}.", result.object)),
        None => finding.next("Change the object in Git as the policy says."),
    }
}
