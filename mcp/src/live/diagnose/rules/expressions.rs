//! A policy whose own expression fails: it refuses what it could not judge, and nothing is wrong with that.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text};
use crate::live::policy::POLICIES;

/// Where policies keep expressions that say yes or no.
const PARTS: [&str; 2] = ["validations", "matchConditions"];

/// A refusal as one of the policy that is at fault, where the policy says that it failed itself.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if !matches!(finding.fault, Fault::PolicyDenied | Fault::PolicyFailed) {
        return finding;
    }
    let texts = finding.evidence.iter().map(|evidence| evidence.text.as_str()).chain([finding.summary.as_str()]);
    let Some((policy, error)) = texts.filter_map(failed).next() else { return finding };
    let (policy, error) = (policy.to_string(), error.to_string());
    let kinds = POLICIES.iter().flat_map(|(group, kind)| seen.snapshot.all(group, kind));
    let mut named = kinds.filter(|one| {
        let place = text(one, "/metadata/namespace");
        name(one) == policy && (place.is_empty() || place == finding.object.namespace)
    });
    let Some(found) = named.next() else { return finding };
    let at = Ref::of(found);
    let field = field_of(found, &error).unwrap_or_else(|| "spec.validations".into());
    let summary = format!("fails on what it is to judge, and so refuses {}: {error}", finding.object);
    let mut cause = Finding::new(finding.fault, at.clone(), summary).at(field.clone());
    cause.evidence.clone_from(&finding.evidence);
    cause.affects.push(finding.object.to_string());
    cause.weight = finding.weight;
    let guard = match missing(&error) {
        Some(key) => format!(": ask with `has(...)` whether `{key}` is there before it is read (or write `.?{key}`)"),
        None => String::new(),
    };
    cause.next(format!("Correct `{field}` of {at}{guard}. {} itself need not change.", finding.object))
}

/// `Policy no-privileged error: no such key: securityContext`: whose error it is, and what it says.
fn failed(said: &str) -> Option<(&str, &str)> {
    let (_, rest) = said.split_once("Policy ")?;
    let (policy, error) = rest.split_once(" error: ")?;
    (!policy.contains(' ')).then(|| (policy, error.trim_start_matches("error: ").trim()))
}

fn missing(error: &str) -> Option<&str> {
    error.split_once("no such key: ").and_then(|(_, key)| key.split_whitespace().next())
}

/// The expression that reads what is missing; the only one, where there is no other.
fn field_of(policy: &Value, error: &str) -> Option<String> {
    let all = PARTS.into_iter().flat_map(|part| {
        let entries = list(policy, &format!("/spec/{part}")).iter().enumerate();
        entries.map(move |(index, one)| (format!("spec.{part}[{index}].expression"), text(one, "/expression")))
    });
    let all: Vec<_> = all.collect();
    let reads = |key: &str| all.iter().find(|(_, expression)| expression.contains(key)).map(|(field, _)| field.clone());
    let only = || (all.len() == 1).then(|| all[0].0.clone());
    missing(error).and_then(reads).or_else(only)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::live::diagnose::diagnose;
    use crate::live::snapshot::Snapshot;

    #[test]
    fn a_policy_that_fails_itself_is_the_one_to_correct() {
        let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedValidatingPolicy", "metadata": {"namespace": "shop", "name": "no-root"},
            "spec": {"validations": [{"expression": "object.metadata.name != ''"}, {"expression": "object.spec.containers.all(c, c.securityContext.privileged == false)"}]}});
        let said = |words: &str| {
            let message = format!("admission webhook \"x\" denied the request: Policy no-root {words}");
            let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"},
                "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app"}]}}},
                "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]}});
            let snapshot = Snapshot::of("lab", [policy.clone(), deployment]);
            diagnose(&snapshot, "Deployment:shop/web").expect("it is there").causes.remove(0)
        };
        let cause = said("error: error: no such key: securityContext");
        assert_eq!(cause.object.to_string(), "NamespacedValidatingPolicy shop/no-root", "{cause:?}");
        assert_eq!(cause.field, "spec.validations[1].expression");
        assert!(cause.next.contains("has(...)") && cause.next.contains("Deployment shop/web itself"), "{}", cause.next);
        let cause = said("failed: privileged containers are not allowed");
        assert_eq!(cause.object.to_string(), "Deployment shop/web", "a policy that judged is right");
    }
}
