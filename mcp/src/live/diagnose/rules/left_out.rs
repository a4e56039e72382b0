//! What a container may go without: a reference that is optional, and a program that complains that it has not got it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::references::{nearest, there_are};

/// How programs say that they have not got something.
const LACKS: [&str; 12] = [
    "no ",
    "missing",
    "not set",
    "unset",
    "not given",
    "not configured",
    "empty",
    "without",
    "required",
    "not found",
    "undefined",
    "401",
];

/// A variable that is optional, and that the line says is not there.
pub(super) fn told(
    seen: &Seen<'_>,
    pod: &Value,
    path: &str,
    container: &Value,
    line: &str,
    finding: &Finding,
) -> Option<Finding> {
    let lower = line.to_lowercase();
    if !LACKS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let words: Vec<_> = lower.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    let variables = list(container, "/env").iter().enumerate();
    let optional = variables.flat_map(|(index, variable)| {
        let kinds = [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")];
        kinds.into_iter().filter_map(move |(part, kind)| {
            let reference = variable.pointer(&format!("/valueFrom/{part}"))?;
            let is_optional = reference.get("optional") == Some(&Value::Bool(true));
            is_optional
                .then(|| (format!("{path}.env[{index}].valueFrom.{part}"), kind, text(variable, "/name"), reference))
        })
    });
    let is_named = |variable: &str| {
        let variable = variable.to_lowercase();
        // The last word says what it is: `FEED_TOKEN` is a token.
        let last = variable.rsplit('_').next().unwrap_or(&variable);
        words.contains(&variable.as_str()) || last.len() > 3 && words.contains(&last)
    };
    let (field, kind, variable, reference) = optional.into_iter().find(|(_, _, variable, _)| is_named(variable))?;
    let (at, key) = (Ref::of(pod), text(reference, "/key"));
    let source = Ref::new("", kind, namespace(pod), name_of(reference));
    let found = finding.clone().with(variable, &format!("key `{key}` of {source}, optional"));
    if kind == "ConfigMap" {
        return of_map(seen, &at, (&field, variable, key), &source, found);
    }
    let text = format!(
        "{}; `{variable}` is to come from {source}, and the program starts without it if that is not there",
        finding.summary
    );
    let field = format!("{field}.name");
    Some(Finding { summary: text, ..found }.at(field.clone()).next(format!(
        "See whether there is a {source} with key `{key}` (`kubectl -n {} get secrets`; Secrets are not read here). If another is meant, correct `{field}` of {at}; else make it, and begin the program anew. Take `optional` away: then the pod says so itself.",
        source.namespace
    )))
}

/// Of a ConfigMap it is known whether it is there, and whether it has that key.
fn of_map(
    seen: &Seen<'_>,
    at: &Ref,
    (field, variable, key): (&str, &str, &str),
    map: &Ref,
    found: Finding,
) -> Option<Finding> {
    let maps = || seen.snapshot.inside("", "ConfigMap", &map.namespace);
    let Some(there) = seen.snapshot.get(map) else {
        let field = format!("{field}.name");
        let text = format!("has no `{variable}`: {map}, which it is to come from, does not exist, and is optional");
        let found = Finding { fault: Fault::MissingReference, summary: text, ..found }.at(field.clone());
        return Some(match nearest(&map.name, maps().map(name)) {
            Some(near) => found.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, or make {map}.")),
            None => found
                .next(format!("Make {map} with key `{key}`, or correct `{field}` of {at} ({}).", there_are(maps()))),
        });
    };
    let keys: Vec<_> =
        there.get("data").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    if keys.contains(&key) {
        return None;
    }
    let field = format!("{field}.key");
    let text =
        format!("has no `{variable}`: {map} has no key `{key}` (it has {}), and that is optional", keys.join(", "));
    let found = Finding { fault: Fault::MissingReference, summary: text, ..found }.at(field.clone());
    Some(found.next(format!("Correct `{field}` of {at}, or add key `{key}` to {map}; then begin the program anew.")))
}

fn name_of(reference: &Value) -> &str {
    text(reference, "/name")
}
