//! What may be ordered: each served version of a composite API, as an API and as the template of its form.

use serde_json::{Value, json};

use super::{API, api_name};
use crate::live::object::{annotation, list, text};
use crate::live::snapshot::CompositeKind;
use crate::live::versions;

/// Who decides what may be ordered.
const ENGINEERS: &str = "group:default/platform-engineers";

/// APIs and templates of a definition.
pub(super) fn offers(kind: &CompositeKind<'_>) -> Vec<Value> {
    let versions = list(kind.definition, "/spec/versions");
    let served: Vec<_> = versions.iter().filter(|version| is_true(version, "served")).collect();
    let current = current(&served);
    let of_each = |version: &&Value| [api(kind, version), template(kind, version, current)];
    served.iter().flat_map(of_each).collect()
}

/// The version to order today: the newest that is not deprecated, else the newest.
fn current<'a>(served: &[&'a Value]) -> Option<&'a str> {
    let newest = |deprecated_too: bool| {
        let counts = served.iter().filter(|version| deprecated_too || !is_true(version, "deprecated"));
        counts.map(|version| text(version, "/name")).max_by_key(|name| versions::rank(name))
    };
    newest(false).or_else(|| newest(true))
}

fn is_true(version: &Value, field: &str) -> bool {
    version.get(field).and_then(Value::as_bool).unwrap_or(false)
}

fn api(kind: &CompositeKind<'_>, version: &Value) -> Value {
    let schema = version.pointer("/schema/openAPIV3Schema");
    let about = schema.map_or("", |schema| text(schema, "/description"));
    let usual = format!("What may be ordered as {}.", kind.kind);
    let lifecycle = if is_true(version, "deprecated") { "deprecated" } else { "production" };
    let name = text(version, "/name");
    json!({
        "apiVersion": API, "kind": "API",
        "metadata": {
            "name": api_name(kind, name), "namespace": "default", "title": format!("{} {name}", kind.kind),
            "description": if about.is_empty() { &usual } else { about }, "tags": ["crossplane"],
        },
        "spec": {"type": "crd", "lifecycle": lifecycle, "owner": ENGINEERS,
            "definition": schema.map(Value::to_string).unwrap_or_default()},
    })
}

fn template(kind: &CompositeKind<'_>, version: &Value, current: Option<&str>) -> Value {
    let name = text(version, "/name");
    let words = words(kind.kind);
    let title = annotation(kind.definition, "backstack.dev/title").unwrap_or(&words);
    let about = annotation(kind.definition, "backstack.dev/description")
        .or_else(|| version.pointer("/schema/openAPIV3Schema/description").and_then(Value::as_str));
    let article = if kind.kind.starts_with(['A', 'E', 'I', 'O', 'U']) { "An" } else { "A" };
    let about = about.map_or_else(|| format!("{article} {words}, made by Crossplane."), Into::into);
    let scope = if kind.is_namespaced() { "namespaced" } else { "cluster-wide" };
    let (title, about, of_type, tags) = match deprecation(kind, version, current) {
        Some(warning) => (
            format!("{title} ({name}, deprecated)"),
            format!("{warning} {about}"),
            "deprecated",
            json!([name, scope, "deprecated"]),
        ),
        None => (title.to_string(), about, "resource", json!([name, scope])),
    };
    let lifecycle = if of_type == "deprecated" { of_type } else { "production" };
    json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
        "metadata": {"name": format!("{}.{}-{name}", kind.plural, kind.group), "namespace": "default",
            "title": title, "description": about, "tags": tags},
        "spec": {"type": of_type, "lifecycle": lifecycle, "owner": ENGINEERS},
    })
}

/// Why a version should not be ordered any more; nothing if it may be.
fn deprecation(kind: &CompositeKind<'_>, version: &Value, current: Option<&str>) -> Option<String> {
    if !is_true(version, "deprecated") {
        return None;
    }
    let name = text(version, "/name");
    let said = version.get("deprecationWarning").and_then(Value::as_str);
    let warning = said.map_or_else(|| format!("{} {name} is deprecated.", kind.kind), Into::into);
    match current {
        Some(current) if current != name && !warning.contains(current) => {
            Some(format!("{warning} Use {current} instead."))
        }
        _ => Some(warning),
    }
}

/// `WebApp` -> `Web App`.
fn words(kind: &str) -> String {
    let mut words = String::new();
    for letter in kind.chars() {
        if letter.is_uppercase() && words.ends_with(|last: char| last.is_lowercase() || last.is_ascii_digit()) {
            words.push(' ');
        }
        words.push(letter);
    }
    words
}
