//! JSON schemas that strict clients accept.
//!
//! Some clients refuse nullable `type` arrays, `format: uint32` and references. So schemas are written out in full, an
//! optional field is one that may be missing (never null), and formats that JSON Schema does not know are gone.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::answer::DEFAULT_MAX_TOKENS;

/// Arguments that many tools have: a model reads them once for each.
const SHARED: [(&str, &str); 2] = [("platform", "If there are several"), ("cursor", "From the last answer")];
/// Levels of fields that an output schema names.
const TOLD_DEEP: usize = 1;

/// The schema of a tool's arguments, with what the server adds: `max_tokens`, and `confirm` for proposals.
pub fn input<T: JsonSchema>(asks_first: bool) -> Map<String, Value> {
    let mut schema = of::<T>(SchemaSettings::for_deserialize);
    schema.entry("type").or_insert("object".into());
    schema.insert("additionalProperties".into(), false.into());
    let properties = properties(&mut schema);
    properties.insert(
        "max_tokens".into(),
        json!({"type": "integer", "description": format!("Budget; {DEFAULT_MAX_TOKENS}")}),
    );
    for (name, meaning) in SHARED {
        if let Some(Value::Object(argument)) = properties.get_mut(name) {
            argument.insert("description".into(), meaning.into());
        }
    }
    if asks_first {
        properties.insert(
            "confirm".into(),
            json!({
                "type": "string",
                "description": "The code of the question, after the user agreed",
            }),
        );
    }
    schema
}

/// The schema of a tool's structured content: its facts, and what every answer may carry beside them.
pub fn output<T: JsonSchema>() -> Map<String, Value> {
    let mut schema = of::<T>(SchemaSettings::for_serialize);
    let properties = properties(&mut schema);
    properties.insert("platform".into(), json!({"type": "string"}));
    for envelope in ["left_out", "next"] {
        properties.insert(envelope.into(), json!({"type": "array", "items": {"type": "object"}}));
    }
    let mut schema = Value::Object(schema);
    shallow(&mut schema, TOLD_DEEP);
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// Cuts a schema of answers to its form: programs check it, and models read the answers themselves. Below `depth` an
/// object is an object, whatever is in it.
fn shallow(schema: &mut Value, depth: usize) {
    let Value::Object(map) = schema else { return };
    map.remove("description");
    if depth == 0 {
        map.retain(|key, _| matches!(key.as_str(), "type" | "items" | "anyOf" | "oneOf" | "enum" | "const"));
    }
    let below = depth.saturating_sub(1);
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(|property| shallow(property, below));
    }
    if let Some(items) = map.get_mut("items") {
        shallow(items, depth);
    }
    for branches in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = map.get_mut(branches) {
            branches.iter_mut().for_each(|branch| shallow(branch, depth));
        }
    }
}

fn properties(schema: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if !properties.is_object() {
        *properties = json!({});
    }
    properties.as_object_mut().expect("made an object above")
}

/// What is written may leave out fields that a reader must not rely on: the two directions have different schemas.
fn of<T: JsonSchema>(direction: impl Fn(SchemaSettings) -> SchemaSettings) -> Map<String, Value> {
    let mut settings = direction(SchemaSettings::draft2020_12());
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    strict(&mut schema);
    match schema {
        Value::Object(mut map) => {
            map.remove("title");
            map
        }
        _ => Map::new(),
    }
}

/// Rewrites a schema so that strict clients accept it; the same values stay valid, but for null.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            not_required_if_null(map);
            if map.get("type").is_some_and(Value::is_array) {
                not_null(map);
            }
            if let Some(only) = only_branch(map) {
                map.remove("anyOf");
                for (key, value) in only {
                    map.entry(key).or_insert(value);
                }
            }
            if map.get("format").and_then(Value::as_str).is_some_and(unknown_format) {
                map.remove("format");
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            map.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        // `true` as a schema means anything; some clients want an object there.
        _ => {}
    }
}

/// What would be null is left out of an answer, so it is not always there.
fn not_required_if_null(map: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = map.get("properties") else { return };
    let null = json!("null");
    let may_be_null = |name: &Value| {
        let property = name.as_str().and_then(|name| properties.get(name));
        let types = property.and_then(|property| property.get("type")?.as_array());
        let branches = property.and_then(|property| property.get("anyOf")?.as_array());
        types.is_some_and(|types| types.contains(&null))
            || branches.is_some_and(|branches| branches.iter().any(|branch| branch.get("type") == Some(&null)))
    };
    let always: Option<Vec<Value>> = map
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter(|name| !may_be_null(name)).cloned().collect());
    if let Some(always) = always {
        map.insert("required".into(), always.into());
    }
}

/// `type: [string, null]` -> `type: string`
fn not_null(map: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = map.get_mut("type") else { return };
    types.retain(|kind| kind != "null");
    if types.len() == 1
        && let Some(only) = types.pop()
    {
        map.insert("type".into(), only);
    }
    if let Some(Value::Array(allowed)) = map.get_mut("enum") {
        allowed.retain(|value| !value.is_null());
    }
}

/// `anyOf: [X, null]` -> `X`
fn only_branch(map: &Map<String, Value>) -> Option<Map<String, Value>> {
    let branches = map.get("anyOf")?.as_array()?;
    let mut real = branches.iter().filter(|branch| branch.get("type") != Some(&json!("null")));
    let first = real.next()?;
    if real.next().is_some() || branches.len() < 2 {
        return None;
    }
    first.as_object().cloned()
}

fn unknown_format(format: &str) -> bool {
    !["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "regex"]
        .contains(&format)
}

/// Schema of a field with an object of whatever form: strict clients refuse a schema that says nothing.
pub fn object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "additionalProperties": true})
}

/// Schema of a field with a list of such objects.
pub fn objects(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let item = object(generator);
    schemars::json_schema!({"type": "array", "items": item})
}

/// Schema of a field with any JSON value.
pub fn any(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let branches = ["string", "number", "boolean", "array", "object"].map(|kind| json!({"type": kind}));
    schemars::json_schema!({"anyOf": branches})
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;

    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is made")]
    struct Inner {
        name: String,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is made")]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        A,
        B,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is made")]
    struct Example {
        /// How many.
        count: u32,
        text: Option<String>,
        inner: Option<Inner>,
        choice: Option<Choice>,
        list: Vec<Inner>,
    }

    #[test]
    fn nothing_that_strict_clients_refuse() {
        let schema = Value::Object(output::<Example>());
        let text = schema.to_string();
        for bad in ["\"null\"", "uint", "$ref", "$defs", "$schema"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        assert_eq!(schema["properties"]["text"]["type"], "string");
        assert_eq!(schema["properties"]["inner"]["type"], "object");
        let told = Value::Object(input::<Example>(false));
        assert_eq!(told["properties"]["count"]["description"], "How many.");
        assert_eq!(schema["properties"]["choice"]["enum"], json!(["a", "b"]));
        assert_eq!(schema["required"], json!(["count", "list"]));
    }
}
