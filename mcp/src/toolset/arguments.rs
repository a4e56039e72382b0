//! Arguments as a tool's schema wants them.
//!
//! Models and clients write numbers, flags and objects as text, and whole numbers with a point. Where the schema leaves no
//! doubt what is meant, that is taken. Everything else is refused in the schema's words, all of it at once.

use serde_json::{Map, Value};

use crate::error::{ToolError, quoted};
use crate::likeness::likeness;

/// Problems that are told at once.
const MOST_PROBLEMS: usize = 8;
/// Whole numbers up to here are exact when they are written with a point.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Bytes of a text, but for those below: more than any name, reference or cursor has.
const MOST: usize = 2_000;
/// Bytes of what people write in sentences.
const MOST_WRITTEN: usize = 10_000;
/// The server cuts it to what it can give.
const BUDGET: &str = "max_tokens";

/// The arguments as this schema describes them; what is null is left out.
///
/// # Errors
/// Every argument that does not fit.
pub fn fit(
    tool: &str,
    schema: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, ToolError> {
    let mut problems = Problems::default();
    let given = &renamed(schema, given);
    let fitted = object(schema, given, "", &mut problems);
    if problems.told.is_empty() {
        return Ok(fitted);
    }
    problems.told.truncate(MOST_PROBLEMS);
    let error = ToolError::invalid(format!("the arguments of {tool} are wrong: {}", problems.told.join("; ")))
        .candidates(problems.meant);
    Err(match schema.get("properties").and_then(Value::as_object) {
        Some(known) if problems.unknown => error.hint(format!("It takes {}.", names(known.keys().map(String::as_str)))),
        _ => error.hint("Fix what is named here and call again."),
    })
}

/// Old names of arguments, taken for one version: what they are called now.
const FORMER: [(&str, &str); 6] = [
    ("ref", "entity"),
    ("application", "entity"),
    ("name", "entity"),
    ("pod", "entity"),
    ("tail", "lines"),
    ("descriptor", "manifest"),
];
/// What people call an argument that has another name.
const MEANT: [(&str, &str); 12] = [
    ("ns", "namespace"),
    ("search", "text"),
    ("query", "text"),
    ("filter", "text"),
    ("pattern", "grep"),
    ("resource", "entity"),
    ("workload", "entity"),
    ("target", "entity"),
    ("selector", "label"),
    ("team", "owner"),
    ("sort", "by"),
    ("from", "since"),
];

/// The same arguments under the names that this tool has for them.
fn renamed(schema: &Map<String, Value>, given: &Map<String, Value>) -> Map<String, Value> {
    let known = |key: &str| schema.get("properties").is_some_and(|known| known.get(key).is_some());
    let now = |key: &String| match FORMER.iter().find(|(old, _)| *old == key) {
        Some((_, now)) if !known(key) && known(now) && !given.contains_key(*now) => (*now).to_string(),
        _ => key.clone(),
    };
    given.iter().map(|(key, value)| (now(key), value.clone())).collect()
}

#[derive(Default)]
struct Problems {
    told: Vec<String>,
    meant: Vec<String>,
    unknown: bool,
}

impl Problems {
    fn wrong(&mut self, path: &str, schema: &Value, value: &Value) -> Value {
        self.told.push(format!("`{path}` must be {}, got {}", words(schema), shown(value)));
        Value::Null
    }
}

fn object(
    schema: &Map<String, Value>,
    given: &Map<String, Value>,
    path: &str,
    problems: &mut Problems,
) -> Map<String, Value> {
    let none = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let strict = schema.get("additionalProperties") == Some(&Value::Bool(false));
    let mut fitted = Map::new();
    for (key, value) in given {
        let inner = below(path, key);
        match known.get(key) {
            // Models write null for "not given".
            Some(_) if value.is_null() => {}
            Some(schema) => {
                fitted.insert(key.clone(), fitting(schema, value, &inner, problems));
            }
            None if strict && value.is_null() => {}
            None if strict => unknown(key, known, &inner, problems),
            None => {
                fitted.insert(key.clone(), value.clone());
            }
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for key in required.filter(|key| !fitted.contains_key(*key)) {
        let what = known.get(key).map(words).unwrap_or_default();
        problems.told.push(format!("`{}` is missing: {what}", below(path, key)));
    }
    fitted
}

fn unknown(key: &str, known: &Map<String, Value>, path: &str, problems: &mut Problems) {
    problems.unknown = true;
    let close = known.keys().filter(|name| likeness(name, key) > 0.8);
    let meant = MEANT.iter().filter(|(word, name)| *word == key && known.contains_key(*name));
    let meant: Vec<String> = close.cloned().chain(meant.map(|(_, name)| (*name).to_string())).collect();
    let guess = meant.first().map(|name| format!(": did you mean `{name}`?")).unwrap_or_default();
    problems.told.push(format!("there is no argument {}{guess}", quoted(path)));
    problems.meant.extend(meant);
}

fn fitting(schema: &Value, value: &Value, path: &str, problems: &mut Problems) -> Value {
    if let Some(allowed) = allowed(schema) {
        return if allowed.contains(&value) { value.clone() } else { problems.wrong(path, schema, value) };
    }
    if let Some(branches) = branches(schema) {
        return any_of(schema, branches, value, path, problems);
    }
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    match (kind, value) {
        ("integer", _) => match whole(value).filter(|number| in_range(schema, number, path)) {
            Some(number) => number,
            None => problems.wrong(path, schema, value),
        },
        ("number", _) => match number(value).filter(|number| in_range(schema, number, path)) {
            Some(number) => number,
            None => problems.wrong(path, schema, value),
        },
        ("boolean", Value::String(text)) => match text.trim() {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => problems.wrong(path, schema, value),
        },
        ("array", Value::Array(items)) => list(schema, items, path, problems),
        ("array", Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => list(schema, &items, path, problems),
            // One text where several may be.
            _ if is_of_texts(schema) => Value::Array(vec![value.clone()]),
            _ => problems.wrong(path, schema, value),
        },
        ("object", Value::Object(map)) => members(schema, map, path, problems),
        ("object", Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => members(schema, &map, path, problems),
            _ => problems.wrong(path, schema, value),
        },
        ("string", Value::String(text)) => {
            problems.told.extend(too_long(path, text));
            value.clone()
        }
        ("boolean", Value::Bool(_)) => value.clone(),
        ("boolean" | "string" | "array" | "object", _) => problems.wrong(path, schema, value),
        _ => value.clone(),
    }
}

/// Why a text is too long to be what it is given as. The content of a file may have any length.
pub fn too_long(path: &str, text: &str) -> Option<String> {
    let most = match path {
        "manifest" | "descriptor" => return None,
        "reason" | "query" => MOST_WRITTEN,
        _ => MOST,
    };
    (text.len() > most).then(|| format!("`{path}` has {} bytes, and at most {most} are taken", text.len()))
}

fn is_of_texts(schema: &Value) -> bool {
    schema.pointer("/items/type").and_then(Value::as_str) == Some("string")
}

fn list(schema: &Value, items: &[Value], path: &str, problems: &mut Problems) -> Value {
    let Some(item) = schema.get("items") else { return items.into() };
    let fitted =
        items.iter().enumerate().map(|(index, value)| fitting(item, value, &format!("{path}[{index}]"), problems));
    fitted.collect::<Vec<_>>().into()
}

fn members(schema: &Value, map: &Map<String, Value>, path: &str, problems: &mut Problems) -> Value {
    match schema.as_object() {
        Some(schema) => Value::Object(object(schema, map, path, problems)),
        None => Value::Object(map.clone()),
    }
}

/// What fits a branch as it is stays so; otherwise it is what fits exactly one.
fn any_of(schema: &Value, branches: &[Value], value: &Value, path: &str, problems: &mut Problems) -> Value {
    let mut fitted: Vec<Value> = Vec::new();
    for branch in branches {
        let mut trial = Problems::default();
        let result = fitting(branch, value, path, &mut trial);
        if !trial.told.is_empty() {
            continue;
        }
        if result == *value {
            return result;
        }
        if !fitted.contains(&result) {
            fitted.push(result);
        }
    }
    match (fitted.pop(), fitted.is_empty()) {
        (Some(only), true) => only,
        _ => problems.wrong(path, schema, value),
    }
}

/// A whole number, whether it was written `2`, `2.0` or `"2"`.
pub fn whole(value: &Value) -> Option<Value> {
    let number = number(value)?;
    if number.is_i64() || number.is_u64() {
        return Some(number);
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT)?;
    // Exact, as was just seen.
    Some((float as i64).into())
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(Value::Number),
        _ => None,
    }
}

fn in_range(schema: &Value, number: &Value, path: &str) -> bool {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let Some(number) = number.as_f64() else { return false };
    path == BUDGET
        || (bound("minimum").is_none_or(|least| number >= least) && bound("maximum").is_none_or(|most| number <= most))
}

/// The values of an enumeration, written as one or as constants.
fn allowed(schema: &Value) -> Option<Vec<&Value>> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Some(values.iter().collect());
    }
    if let Some(value) = schema.get("const") {
        return Some(vec![value]);
    }
    let branches = branches(schema)?;
    let values: Vec<_> = branches.iter().map(allowed).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    (!values.is_empty()).then_some(values)
}

fn branches(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
}

/// What a schema wants, in words.
fn words(schema: &Value) -> String {
    if let Some(allowed) = allowed(schema) {
        let values: Vec<_> =
            allowed.into_iter().map(|value| value.as_str().map_or(value.to_string(), str::to_string)).collect();
        return format!("one of {}", names(values.iter().map(String::as_str)));
    }
    if let Some(branches) = branches(schema) {
        return branches.iter().map(words).collect::<Vec<_>>().join(" or ");
    }
    match schema.get("type").and_then(Value::as_str).unwrap_or_default() {
        "integer" => format!("a whole number{}", range(schema)),
        "number" => format!("a number{}", range(schema)),
        "boolean" => "true or false".into(),
        "string" => "text".into(),
        "array" => match schema.get("items").and_then(|items| items.get("type")).and_then(Value::as_str) {
            Some("string") => "a list of texts".into(),
            Some("integer") => "a list of whole numbers".into(),
            Some("object") => "a list of objects".into(),
            _ => "a list".into(),
        },
        "object" => "an object".into(),
        _ => "something else".into(),
    }
}

fn range(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} or less"),
        (None, None) => String::new(),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) if items.len() > 10 => format!("a list of {}", items.len()),
        Value::Object(map) if map.len() > 10 => format!("an object of {} members", map.len()),
        other => quoted(&other.to_string()),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Map<String, Value> {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                "depth": {"type": "integer", "minimum": 0},
                "share": {"type": "number"},
                "deep": {"type": "boolean"},
                "kinds": {"type": "array", "items": {"type": "string"}},
                "spec": {"type": "object", "additionalProperties": true},
                "inner": {"type": "object", "additionalProperties": false, "properties": {"n": {"type": "integer"}}},
                "action": {"enum": ["create", "delete"], "type": "string"},
                "told": {"oneOf": [{"const": "a", "description": "A"}, {"const": "b"}]},
                "free": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "object"}]},
                "max_tokens": {"type": "integer", "minimum": 200, "maximum": 50_000},
            },
        });
        schema.as_object().cloned().expect("an object")
    }

    fn fitted(mut given: Value) -> Result<Value, String> {
        let given = given.as_object_mut().expect("an object");
        given.entry("name").or_insert("x".into());
        let mut fitted = fit("t", &schema(), given).map_err(|error| error.text())?;
        fitted.retain(|key, _| key != "name");
        Ok(fitted.into())
    }

    #[test]
    fn a_text_is_no_longer_than_what_it_names() {
        let long = "a".repeat(MOST + 1);
        assert_eq!(fitted(json!({"name": long})), Err(told("`name` has 2001 bytes, and at most 2000 are taken")));
        let listed = fitted(json!({"kinds": ["a", long]})).expect_err("too long");
        assert!(listed.contains("`kinds[1]` has 2001 bytes"), "{listed}");
        assert!(fitted(json!({"spec": {"text": long}})).is_ok(), "what has no schema is judged elsewhere");
        assert!(too_long("manifest", &long.repeat(1000)).is_none() && too_long("query", &long).is_none());
    }

    fn told(problem: &str) -> String {
        format!(
            "Error (invalid_argument): the arguments of t are wrong: {problem}\nHint: Fix what is named here and call again."
        )
    }

    #[test]
    fn what_can_be_meant_in_one_way_is_taken() {
        for (given, wanted) in [
            (json!({"limit": 2.0}), json!({"limit": 2})),
            (json!({"limit": "5"}), json!({"limit": 5})),
            (json!({"limit": " 5.0 "}), json!({"limit": 5})),
            (json!({"limit": 1e2}), json!({"limit": 100})),
            (json!({"share": "0.5"}), json!({"share": 0.5})),
            (json!({"deep": "true"}), json!({"deep": true})),
            (json!({"deep": "False"}), json!({"deep": false})),
            (json!({"spec": "{\"a\": {\"b\": null}}"}), json!({"spec": {"a": {"b": null}}})),
            (json!({"kinds": "[\"a\", \"b\"]"}), json!({"kinds": ["a", "b"]})),
            (json!({"kinds": "API"}), json!({"kinds": ["API"]})),
            (json!({"inner": "{\"n\": \"7\"}"}), json!({"inner": {"n": 7}})),
            (json!({"inner": {"n": null}}), json!({"inner": {}})),
            (json!({"limit": null, "deep": null}), json!({})),
            (json!({"free": "5"}), json!({"free": "5"})),
            (json!({"free": 5.0}), json!({"free": 5.0})),
            (json!({"told": "b", "action": "create"}), json!({"told": "b", "action": "create"})),
            (json!({"max_tokens": 1}), json!({"max_tokens": 1})),
        ] {
            assert_eq!(fitted(given.clone()), Ok(wanted), "{given}");
        }
    }

    #[test]
    fn the_rest_is_refused_in_words_of_the_schema() {
        for (given, part) in [
            (json!({"limit": "abc"}), "`limit` must be a whole number from 1 to 100, got `abc`"),
            (json!({"limit": 2.5}), "`limit` must be a whole number from 1 to 100, got `2.5`"),
            (json!({"limit": 101}), "`limit` must be a whole number from 1 to 100, got `101`"),
            (json!({"limit": true}), "`limit` must be a whole number from 1 to 100, got `true`"),
            (json!({"depth": -1}), "`depth` must be a whole number, 0 or more, got `-1`"),
            (json!({"depth": 1e300}), "`depth` must be a whole number"),
            (json!({"share": "NaN"}), "`share` must be a number, got `NaN`"),
            (json!({"deep": "yes"}), "`deep` must be true or false, got `yes`"),
            (json!({"deep": 1}), "`deep` must be true or false, got `1`"),
            (json!({"name": 3}), "`name` must be text, got `3`"),
            (json!({"name": null}), "`name` is missing: text"),
            (json!({"kinds": ["a", 1]}), "`kinds[1]` must be text, got `1`"),
            (json!({"spec": "[1]"}), "`spec` must be an object, got `[1]`"),
            (json!({"inner": {"m": 1}}), "there is no argument `inner.m`"),
            (json!({"action": "made"}), "`action` must be one of `create`, `delete`, got `made`"),
            (json!({"told": "c"}), "`told` must be one of `a`, `b`, got `c`"),
            (json!({"free": [1]}), "`free` must be text or a number or an object"),
            (
                json!({"limits": 1}),
                "there is no argument `limits`: did you mean `limit`?\nPossibly meant: limit\nHint: It takes `",
            ),
        ] {
            let error = fitted(given.clone()).expect_err(&given.to_string());
            assert!(error.contains(part), "{error}");
            for rust in ["expected", "invalid type", "u32", "usize", "struct", "field"] {
                assert!(!error.contains(rust), "{error}");
            }
        }
        let both = fitted(json!({"limit": "abc", "deep": "x"})).expect_err("two");
        assert!(both.contains("`limit`") && both.contains("`deep`"), "{both}");
    }

    #[test]
    fn a_long_text_does_not_come_back() {
        let long = "a".repeat(900_000);
        for given in
            [json!({"limit": long}), json!({"inner": {"n": long}}), json!({"action": long}), json!({&*long: 1})]
        {
            let error = fitted(given).expect_err("wrong");
            assert!(error.len() < 1_500 && error.contains("900000 characters"), "{}", error.len());
        }
    }
}
