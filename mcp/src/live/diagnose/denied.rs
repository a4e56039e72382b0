//! Which field of a pod a policy refuses: by the path that it names, by what its expressions read.

use serde_json::{Value, json};

use super::mutated::value_at;
use super::{Fault, Finding};
use crate::live::object::{list, name, text};
use crate::live::policy::{missing_key, policies};
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

/// Calls that look at each of a list.
const OF_EACH: [&str; 5] = ["all", "exists", "exists_one", "filter", "map"];
/// What may stand behind a way, and belongs to no object.
const CALLS: [&str; 9] =
    ["size", "orValue", "hasValue", "optMap", "contains", "startsWith", "endsWith", "matches", "isEmpty"];

/// The field of a workload whose pods a policy refuses.
pub(super) fn field(snapshot: &Snapshot, object: &Value, finding: &Finding) -> Option<String> {
    let template = Template::of(object).filter(|_| finding.fault == Fault::PolicyDenied)?;
    let said = finding.evidence.iter().map(|one| one.text.as_str()).chain([finding.summary.as_str()]);
    let said = said.collect::<Vec<_>>().join(" ");
    // One that could not judge refuses everything.
    if said.contains("failed to configure") {
        return None;
    }
    let meta = format!("{}metadata", template.path.strip_suffix("spec")?);
    let notes = object.pointer(&format!("/{}/annotations", meta.replace('.', "/")));
    let pod = json!({"metadata": {"labels": template.labels, "annotations": notes}, "spec": template.spec});
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_');
    let words: Vec<_> = said.split(|letter| !is_of_name(letter)).map(|word| word.trim_matches('.')).collect();
    let named: Vec<_> = policies(snapshot).filter(|policy| words.contains(&name(policy))).collect();
    let by_key = named.iter().find_map(|policy| missing_key(Some(policy), &said, &pod));
    let by_path = || path(&said).filter(|path| path.starts_with("spec."));
    let by_expression = || named.iter().find_map(|policy| read(policy, &said, &pod));
    let found = by_key.or_else(by_path).or_else(by_expression)?;
    Some(match found.strip_prefix("metadata") {
        Some(rest) => format!("{meta}{rest}"),
        None => format!("{}{}", template.path, found.strip_prefix("spec")?),
    })
}

/// `... failed at path /spec/containers/0/image/`, as a field.
fn path(said: &str) -> Option<String> {
    let (_, rest) = said.split_once(" path /")?;
    let way = rest.split(|letter: char| letter.is_whitespace() || matches!(letter, '\'' | '"' | ',')).next()?;
    let parts = way.trim_matches(['/', '.']).split('/').filter(|part| !part.is_empty());
    Some(parts.fold(String::new(), |path, part| match (path.as_str(), part.parse::<usize>()) {
        (_, Ok(index)) => format!("{path}[{index}]"),
        ("", _) => part.into(),
        _ => format!("{path}.{part}"),
    }))
}

/// What the checks of a policy read of a pod: of those whose message was told, or of all.
fn read(policy: &Value, said: &str, pod: &Value) -> Option<String> {
    let checks = list(policy, "/spec/validations");
    let is_told = |check: &&Value| !text(check, "/message").is_empty() && said.contains(text(check, "/message"));
    let told = checks.iter().find(is_told).or_else(|| checks.first())?;
    of_expression(text(told, "/expression"), pod)
}

/// The field that an expression reads: of the first of a list that is not as it should be, or of the first.
fn of_expression(expression: &str, pod: &Value) -> Option<String> {
    let plain = expression.replace(['?', '!'], "");
    let ways = plain
        .match_indices("object.")
        .filter(|(at, _)| !plain[..*at].ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.'));
    let ways = ways.map(|(at, word)| way(&plain[at + word.len()..]));
    let (mut parts, rest) =
        ways.filter(|(parts, _)| parts.first() == Some(&"spec")).max_by_key(|(parts, _)| parts.len())?;
    let call = parts.last().copied().filter(|last| OF_EACH.contains(last) || CALLS.contains(last));
    if call.is_some() {
        parts.pop();
    }
    let base = parts.join(".");
    let Some(variable) =
        call.filter(|call| OF_EACH.contains(call)).and_then(|_| rest.strip_prefix('(')?.split(',').next())
    else {
        return (parts.len() > 1).then_some(base);
    };
    let start = format!("{}.", variable.trim());
    let inner = rest
        .match_indices(&start)
        .filter(|(at, _)| !rest[..*at].ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.'));
    let inner = inner.map(|(at, word)| {
        let mut parts = way(&rest[at + word.len()..]).0;
        parts.truncate(
            parts.iter().position(|part| OF_EACH.contains(part) || CALLS.contains(part)).unwrap_or(parts.len()),
        );
        parts.join(".")
    });
    let inner = inner.max_by_key(String::len).filter(|inner| !inner.is_empty())?;
    let count = value_at(pod, &base).and_then(Value::as_array).map_or(0, Vec::len);
    let field = |index: usize| format!("{base}[{index}].{inner}");
    let lacks = (0..count).find(|index| value_at(pod, &field(*index)).is_none());
    Some(field(lacks.unwrap_or_default()))
}

/// The parts of a way at the begin of a text, and what stands behind it.
fn way(text: &str) -> (Vec<&str>, &str) {
    let end = text
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_')))
        .unwrap_or(text.len());
    (text[..end].split('.').filter(|part| !part.is_empty()).collect(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::diagnose::diagnose;

    #[test]
    fn the_field_that_a_policy_refuses_is_found_by_what_it_reads() {
        let policy = |expression: &str| {
            json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedValidatingPolicy", "metadata": {"namespace": "shop", "name": "guard"},
                "spec": {"validations": [{"expression": expression, "message": "no"}]}})
        };
        let deployment = |said: &str| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"},
                "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"hostNetwork": true, "containers": [{"name": "a", "resources": {"limits": {"memory": "1Mi"}}}, {"name": "b", "image": "x"}]}}},
                "status": {"replicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": format!("admission webhook \"x\" denied the request: {said}")}]}})
        };
        let field = |expression: &str, said: &str| {
            let snapshot = Snapshot::of("lab", [policy(expression), deployment(said)]);
            diagnose(&snapshot, "Deployment:shop/web").expect("it is there").causes.remove(0).field
        };
        let said = "Policy guard failed: no";
        let template = "spec.template";
        for (expression, expected) in [
            ("has(object.metadata.labels) && 'team' in object.metadata.labels", ".metadata.labels[\"team\"]"),
            (
                "object.spec.containers.all(c, has(c.resources) && has(c.resources.limits))",
                ".spec.containers[1].resources.limits",
            ),
            ("object.spec.containers.all(c, c.image.startsWith('r/'))", ".spec.containers[0].image"),
            ("!has(object.spec.hostNetwork) || !object.spec.hostNetwork", ".spec.hostNetwork"),
            ("object.spec.?priorityClassName.orValue('') == 'low'", ".spec.priorityClassName"),
        ] {
            assert_eq!(field(expression, said), format!("{template}{expected}"), "{expression}");
        }
        let by_path = "validation error: rule own failed at path /spec/containers/1/image/";
        assert_eq!(field("true", by_path), "spec.template.spec.containers[1].image");
        assert_eq!(
            field("'team' in object.metadata.labels", "Policy other failed: no"),
            "",
            "another policy refused it"
        );
    }
}
