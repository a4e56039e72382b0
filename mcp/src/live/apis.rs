//! The platform's own APIs: what composite resources there are, with their fields as a short table and an example.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::object::{annotation, condition, list, name, text};
use super::snapshot::{CompositeKind, Snapshot};

/// Nested deeper than this is for those who read the definition itself.
const DEEPEST: usize = 6;

/// One API in a list.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ApiRow {
    /// Kind of the composite resources, as `App`.
    pub kind: String,
    /// Group and version that new resources are written in, as `platform.backstack.dev/v1alpha1`.
    pub api_version: String,
    /// `namespaced` or `cluster-wide`.
    pub scope: &'static str,
    /// Whether resources of it can be made.
    pub established: bool,
    /// How many resources of it there are.
    pub resources: usize,
    /// Names of the compositions that can make its resources.
    pub compositions: Vec<String>,
    /// From the annotation `backstack.dev/description`, else from the schema; empty if neither says anything.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// One field of an API.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Field {
    /// As `spec.image` or `spec.env[].name`.
    pub path: String,
    /// Its type, as `string`, `list of object`, `map`, or `integer or string`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the object that the field is in has to have it.
    pub required: bool,
    /// What the server fills in; `None` if it leaves the field out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any")]
    pub default: Option<Value>,
    /// Allowed values, ranges and patterns.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub allowed: String,
    /// What the schema says of it, in one line; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// All APIs, by kind.
pub fn rows(snapshot: &Snapshot) -> Vec<ApiRow> {
    let mut rows: Vec<_> = snapshot.composite_kinds().iter().map(|kind| row(snapshot, kind)).collect();
    rows.sort_by(|a, b| a.kind.cmp(&b.kind));
    rows
}

fn row(snapshot: &Snapshot, kind: &CompositeKind<'_>) -> ApiRow {
    let compositions = snapshot.all("apiextensions.crossplane.io", "Composition").filter(|composition| {
        text(composition, "/spec/compositeTypeRef/kind") == kind.kind
            && text(composition, "/spec/compositeTypeRef/apiVersion").starts_with(&format!("{}/", kind.group))
    });
    ApiRow {
        kind: kind.kind.into(),
        api_version: api_version(kind),
        scope: if kind.is_namespaced() { "namespaced" } else { "cluster-wide" },
        established: condition(kind.definition, "Established").is_some_and(|established| established.is_true()),
        resources: snapshot.all(kind.group, kind.kind).count(),
        compositions: compositions.map(|composition| name(composition).into()).collect(),
        description: description(kind),
    }
}

fn description(kind: &CompositeKind<'_>) -> String {
    let said = annotation(kind.definition, "backstack.dev/description").unwrap_or_default();
    let schema = schema(kind).map_or("", |schema| text(schema, "/description"));
    if said.is_empty() { schema.into() } else { said.into() }
}

/// Group and version of the version that counts, as manifests have it: `platform.backstack.dev/v1alpha1`.
pub(crate) fn api_version(kind: &CompositeKind<'_>) -> String {
    format!("{}/{}", kind.group, kind.version())
}

/// An API by kind (`App`), plural (`apps`) or full name (`apps.platform.backstack.dev`).
pub fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> Option<CompositeKind<'a>> {
    let wanted = wanted.to_lowercase();
    snapshot.composite_kinds().into_iter().find(|kind| {
        let full = format!("{}.{}", kind.plural, kind.group);
        [kind.kind.to_lowercase(), kind.plural.into(), full].contains(&wanted)
    })
}

/// The OpenAPI schema of the version that counts.
pub fn schema<'a>(kind: &CompositeKind<'a>) -> Option<&'a Value> {
    schema_of(kind, kind.version())
}

/// The OpenAPI schema of one of its versions.
pub fn schema_of<'a>(kind: &CompositeKind<'a>, version: &str) -> Option<&'a Value> {
    let versions = list(kind.definition, "/spec/versions");
    versions.iter().find(|entry| text(entry, "/name") == version)?.pointer("/schema/openAPIV3Schema")
}

/// The fields that a person sets, required ones first.
pub fn fields(kind: &CompositeKind<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(spec) = schema(kind).and_then(|schema| schema.pointer("/properties/spec")) {
        walk(spec, "spec", 0, &mut fields);
    }
    // What Crossplane itself adds is not what the API is about.
    fields.retain(|field| !field.path.starts_with("spec.crossplane"));
    fields.sort_by_key(|field| (field.path.matches('.').count() > 1, !field.required));
    fields
}

fn walk(schema: &Value, path: &str, depth: usize, fields: &mut Vec<Field>) {
    if depth > DEEPEST {
        return;
    }
    let required: Vec<_> = list(schema, "/required").iter().filter_map(Value::as_str).collect();
    for (key, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{key}");
        fields.push(one(field, &path, required.contains(&key.as_str())));
        match field.get("items") {
            Some(items) => walk(items, &format!("{path}[]"), depth + 1, fields),
            None => walk(field, &path, depth + 1, fields),
        }
    }
}

fn one(field: &Value, path: &str, required: bool) -> Field {
    let kind = match (text(field, "/type"), field.pointer("/items/type").and_then(Value::as_str)) {
        ("array", Some(items)) => format!("list of {items}"),
        ("", _) if field.get("x-kubernetes-int-or-string").is_some() => "integer or string".into(),
        ("object", _) if field.get("additionalProperties").is_some() => "map".into(),
        (kind, _) => kind.into(),
    };
    Field {
        path: path.into(),
        kind,
        required,
        default: field.get("default").cloned(),
        allowed: allowed(field),
        description: text(field, "/description").split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn allowed(field: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        parts.push(values.iter().map(plain).collect::<Vec<_>>().join(", "));
    }
    for (key, word) in [
        ("minimum", "from"),
        ("maximum", "to"),
        ("minLength", "at least"),
        ("maxLength", "at most"),
        ("pattern", "like"),
        ("format", ""),
    ] {
        if let Some(value) = field.get(key) {
            parts.push(format!("{word} {}", plain(value)).trim().to_string());
        }
    }
    parts.join(" ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// A resource with every required field, and those that have a default or an example.
pub fn example(kind: &CompositeKind<'_>) -> Value {
    let spec = schema(kind).and_then(|schema| schema.pointer("/properties/spec"));
    let mut metadata = Map::from_iter([("name".to_string(), json!("example"))]);
    if kind.is_namespaced() {
        metadata.insert("namespace".into(), "demo".into());
    }
    json!({
        "apiVersion": api_version(kind),
        "kind": kind.kind,
        "metadata": metadata,
        "spec": spec.map_or_else(|| json!({}), example_object),
    })
}

fn example_object(schema: &Value) -> Value {
    let required: Vec<_> = list(schema, "/required").iter().filter_map(Value::as_str).collect();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let shown = properties.filter(|(key, field)| {
        *key != "crossplane"
            && (required.contains(&key.as_str()) || field.get("default").is_some() || field.get("example").is_some())
    });
    Value::Object(shown.map(|(key, field)| (key.clone(), example_value(key, field))).collect())
}

fn example_value(key: &str, field: &Value) -> Value {
    if let Some(value) = field.get("default").or(field.get("example")).or(field.pointer("/enum/0")) {
        return value.clone();
    }
    match text(field, "/type") {
        "object" => example_object(field),
        "array" => json!([field.get("items").map_or(Value::Null, |items| example_value(key, items))]),
        "integer" | "number" => field.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        _ if key == "image" => json!("nginx:1.29"),
        _ => json!(format!("<{key}>")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An XRD as they come.
    pub(crate) fn definition() -> Value {
        json!({
            "apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "App", "plural": "apps"}, "versions": [{
                "name": "v1alpha1", "served": true, "referenceable": true, "schema": {"openAPIV3Schema": {"description": "A web app.", "properties": {
                    "spec": {"type": "object", "required": ["image"], "properties": {
                        "image": {"type": "string", "description": "What to\n run.", "minLength": 1},
                        "replicas": {"type": "integer", "default": 1, "minimum": 0, "maximum": 5},
                        "size": {"type": "string", "enum": ["small", "large"]},
                        "env": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
                        "crossplane": {"type": "object", "properties": {"paused": {"type": "boolean"}}}}}}}}}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]},
        })
    }

    #[test]
    fn fields_are_a_short_table_and_the_example_fits_them() {
        let snapshot = Snapshot::of("lab", [definition()]);
        let kind = find(&snapshot, "apps.p.dev").expect("there");
        let fields = fields(&kind);
        let paths: Vec<_> = fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(
            paths,
            ["spec.image", "spec.env", "spec.replicas", "spec.size", "spec.env[].name", "spec.env[].value"]
        );
        assert_eq!((fields[2].allowed.as_str(), fields[3].allowed.as_str()), ("from 0 to 5", "small, large"));
        let example = example(&kind);
        assert_eq!(example["spec"], json!({"image": "nginx:1.29", "replicas": 1}));
        assert!(super::super::schema::check(&kind, &example).is_empty());
        assert_eq!(rows(&snapshot)[0].description, "A web app.");
    }
}
