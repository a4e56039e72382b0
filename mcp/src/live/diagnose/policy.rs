//! What policies have to say about an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Fault, Finding};
use crate::live::object::{Ref, short};
use crate::live::policy::{Outcome, results};
use crate::live::snapshot::Snapshot;

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
                let summary = format!("policy `{}` fails: {}", result.policy, short(&result.message, 200));
                let finding = Finding::new(Fault::PolicyFailed, result.object.clone(), summary)
                    .with(format!("{said}{}", result.rule_in_words()), &result.message)
                    .next(format!(
                        "Change the object in Git as the policy says; policies(entity=\"{}\") tells it in full.",
                        result.policy
                    ));
                by_policy.insert(key, finding);
            }
        }
    }
    by_policy.into_values().collect()
}
