//! Whether a resource fits its API, checked here first: the server's own check says less about what was meant.

use serde::Serialize;
use serde_json::Value;

use super::apis;
use super::object::{list, name, namespace, text};
use super::snapshot::CompositeKind;
use crate::likeness::likeness;

/// A field that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Misfit {
    /// Way to the field, as `spec.image` or `spec.env[0].name`.
    pub path: String,
    /// What is wrong with it, as a sentence goes on behind the path: `is required`.
    pub problem: String,
}

/// All that does not fit; nothing if everything does.
pub fn check(kind: &CompositeKind<'_>, object: &Value) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let mut tell = |path: &str, problem: String| misfits.push(Misfit { path: path.into(), problem });
    // Any version that is served may be ordered, not just the one that compositions refer to.
    let asked = text(object, "/apiVersion").strip_prefix(kind.group).and_then(|rest| rest.strip_prefix('/'));
    let version = asked.filter(|version| kind.serves(version));
    if version.is_none() {
        tell("apiVersion", format!("must be `{}`", apis::api_version(kind)));
    }
    if !is_dns_label(name(object)) {
        tell(
            "metadata.name",
            "must be lower-case letters, digits and dashes, at most 63, starting with a letter".into(),
        );
    }
    match (kind.is_namespaced(), namespace(object).is_empty()) {
        (true, true) => tell("metadata.namespace", "is required: this kind lives in a namespace".into()),
        (false, false) => tell("metadata.namespace", "must be left out: this kind is cluster-wide".into()),
        _ => {}
    }
    let schema = apis::schema_of(kind, version.unwrap_or(kind.version()));
    if let Some(spec) = schema.and_then(|schema| schema.pointer("/properties/spec")) {
        let empty = Value::Object(serde_json::Map::new());
        fits(spec, object.get("spec").unwrap_or(&empty), "spec", &mut misfits);
    }
    misfits
}

/// What does not fit a kind that a CustomResourceDefinition defines; nothing if it has no such version.
pub fn check_custom(definition: &Value, object: &Value) -> Option<Vec<Misfit>> {
    let version = text(object, "/apiVersion").rsplit('/').next().unwrap_or_default();
    let versions = list(definition, "/spec/versions").iter();
    let schema = versions.into_iter().find(|one| text(one, "/name") == version)?.pointer("/schema/openAPIV3Schema")?;
    let mut misfits = Vec::new();
    // What every object has is known to every server.
    let own = |key: &str| !matches!(key, "apiVersion" | "kind" | "metadata" | "status");
    for (key, value) in object.as_object().into_iter().flatten().filter(|(key, _)| own(key)) {
        match schema.pointer(&format!("/properties/{key}")) {
            Some(schema) => fits(schema, value, key, &mut misfits),
            None => misfits.push(Misfit { path: key.clone(), problem: "is not a field of this API".into() }),
        }
    }
    for key in list(schema, "/required").iter().filter_map(Value::as_str).filter(|key| own(key)) {
        if object.get(key).is_none() {
            misfits.push(Misfit { path: key.into(), problem: "is required".into() });
        }
    }
    Some(misfits)
}

/// Whether a name is a DNS label that begins with a letter: lower-case letters, digits and dashes, at most 63.
pub(crate) fn is_dns_label(name: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(good)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
}

fn fits(schema: &Value, value: &Value, path: &str, misfits: &mut Vec<Misfit>) {
    let mut tell = |path: &str, problem: String| misfits.push(Misfit { path: path.into(), problem });
    if value.is_null() && schema.get("nullable").and_then(Value::as_bool) == Some(true) {
        return;
    }
    let kind = text(schema, "/type");
    if !has_type(schema, kind, value) {
        return tell(path, format!("must be {kind}, is {}", type_of(value)));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let words: Vec<_> = allowed.iter().map(Value::to_string).collect();
        tell(path, format!("must be one of {}", words.join(", ")));
    }
    if let Some(problem) = out_of_range(schema, value) {
        tell(path, problem);
    }
    match value {
        Value::Object(fields) => {
            for key in list(schema, "/required").iter().filter_map(Value::as_str) {
                // Defaults are filled in before the server checks.
                let has_default = schema.pointer(&format!("/properties/{key}/default")).is_some();
                if !fields.contains_key(key) && !has_default {
                    misfits.push(Misfit { path: format!("{path}.{key}"), problem: "is required".into() });
                }
            }
            for (key, value) in fields {
                field(schema, key, value, path, misfits);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = schema.get("items") {
                    fits(schema, item, &format!("{path}[{index}]"), misfits);
                }
            }
        }
        _ => {}
    }
}

fn field(schema: &Value, key: &str, value: &Value, path: &str, misfits: &mut Vec<Misfit>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let at = format!("{path}.{key}");
    if let Some(known) = properties.and_then(|properties| properties.get(key)) {
        return fits(known, value, &at, misfits);
    }
    if let Some(any) = schema.get("additionalProperties") {
        if any.is_object() {
            fits(any, value, &at, misfits);
        }
        return;
    }
    let is_open = schema.get("x-kubernetes-preserve-unknown-fields").and_then(Value::as_bool) == Some(true);
    let crossplane = path == "spec" && key == "crossplane";
    if is_open || crossplane || properties.is_none() {
        return;
    }
    let names = properties.into_iter().flatten().map(|(name, _)| name);
    let closest = names.map(|name| (likeness(name, key), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    let problem = match closest {
        Some((score, name)) if score > 0.75 => format!("is not a field of this API; did you mean `{name}`?"),
        _ => "is not a field of this API".into(),
    };
    misfits.push(Misfit { path: at, problem });
}

fn has_type(schema: &Value, kind: &str, value: &Value) -> bool {
    let int_or_string = schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true);
    match kind {
        _ if int_or_string => value.is_i64() || value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn out_of_range(schema: &Value, value: &Value) -> Option<String> {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        let low = limit("minimum").filter(|low| number < *low).map(|low| format!("must be at least {low}"));
        return low
            .or_else(|| limit("maximum").filter(|high| number > *high).map(|high| format!("must be at most {high}")));
    }
    let length = value.as_str().map(|text| text.chars().count())?;
    let length = u32::try_from(length).map_or(f64::MAX, f64::from);
    let low = limit("minLength").filter(|low| length < *low).map(|low| format!("must have at least {low} characters"));
    low.or_else(|| {
        limit("maxLength").filter(|high| length > *high).map(|high| format!("must have at most {high} characters"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::snapshot::Snapshot;
    use serde_json::json;

    #[test]
    fn a_kind_of_somebody_else_is_checked_by_its_definition() {
        let definition = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"required": ["spec"], "properties": {
            "spec": {"type": "object", "required": ["rules"], "properties": {"rules": {"type": "array"}}}}}}}]}});
        let told = |object: Value| {
            let misfits = check_custom(&definition, &object)?;
            Some(misfits.into_iter().map(|one| format!("{} {}", one.path, one.problem)).collect::<Vec<_>>())
        };
        let of = |rest: Value| {
            let mut object = json!({"apiVersion": "x.dev/v1", "kind": "Policy", "metadata": {"name": "a"}});
            json_patch::merge(&mut object, &rest);
            told(object)
        };
        assert_eq!(of(json!({"spec": {"rules": []}})), Some(vec![]));
        assert_eq!(of(json!({"spec": {}})), Some(vec!["spec.rules is required".into()]));
        assert_eq!(of(json!({})), Some(vec!["spec is required".into()]));
        assert_eq!(of(json!({"spec": {"rules": 1}, "spce": 1})).map(|told| told.len()), Some(2));
        assert_eq!(of(json!({"apiVersion": "x.dev/v2"})), None);
    }

    #[test]
    fn an_order_may_be_of_any_version_that_is_served() {
        let version = |name: &str, served: bool, field: &str| {
            json!({"name": name, "served": served, "referenceable": name == "v1",
                "schema": {"openAPIV3Schema": {"properties": {"spec": {"type": "object", "properties": {field: {"type": "integer"}}}}}}})
        };
        let definition = json!({"spec": {"group": "x.dev", "scope": "Namespaced", "names": {"kind": "Db", "plural": "dbs"},
            "versions": [version("v3", false, "c"), version("v2", true, "b"), version("v1", true, "a")]}});
        let kind = CompositeKind::of(&definition);
        let told = |version: &str, field: &str| {
            let object = json!({"apiVersion": format!("x.dev/{version}"), "metadata": {"name": "a", "namespace": "n"}, "spec": {field: 1}});
            check(&kind, &object).into_iter().map(|misfit| misfit.path).collect::<Vec<_>>()
        };
        assert_eq!(told("v1", "a"), [""; 0]);
        assert_eq!(told("v2", "b"), [""; 0]);
        assert_eq!(told("v2", "a"), ["spec.a"]);
        assert_eq!(told("v3", "a"), ["apiVersion"]);
    }

    #[test]
    fn every_misfit_is_told_at_once_with_its_path() {
        let snapshot = Snapshot::of("lab", [apis::tests::definition()]);
        let kind = apis::find(&snapshot, "app").expect("there");
        let object = json!({"apiVersion": "p.dev/v1alpha1", "kind": "App", "metadata": {"name": "Shop"},
            "spec": {"imgae": "x", "replicas": 9, "size": "huge", "env": [{"value": 1}]}});
        let told: Vec<_> =
            check(&kind, &object).into_iter().map(|misfit| format!("{} {}", misfit.path, misfit.problem)).collect();
        for part in [
            "metadata.name must be",
            "metadata.namespace is required",
            "spec.image is required",
            "did you mean `image`",
            "spec.replicas must be at most 5",
            "spec.size must be one of",
            "spec.env[0].name is required",
            "spec.env[0].value must be string, is number",
        ] {
            assert!(told.iter().any(|line| line.contains(part)), "{part} in {told:#?}");
        }
        assert_eq!(told.len(), 8, "{told:#?}");
    }
}
