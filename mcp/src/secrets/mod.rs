//! The one filter through which everything goes that a model reads: answers, errors, questions, prompts, resources,
//! progress, completions; and every object before it is kept.
//!
//! ```text
//! names   what a thing is called that holds a secret
//! text    texts: lines of logs, YAML, diffs, command lines, addresses
//! ```
//!
//! Tools should not fetch secrets in the first place; this is for those that stand where nobody expects them.

mod names;
mod text;

use std::borrow::Cow;

use serde_json::{Map, Value};

use names::is_secret;

/// Stands where something was taken out.
pub const HIDDEN: &str = "<hidden>";
/// Fields that are noise and can carry copies of secrets.
const DROPPED: [&str; 2] = ["managedFields", "selfLink"];
/// Fields of a Secret that hold its values.
const VALUES: [&str; 2] = ["data", "stringData"];

/// Fields that are called like a secret, and hold the name of one by the definition of their kind: its group, the kind, and
/// the way to the field.
const NAMES: [(&str, &str, &[&str]); 2] = [
    ("traefik.io/", "Middleware", &["spec", "basicAuth", "secret"]),
    ("traefik.io/", "Middleware", &["spec", "digestAuth", "secret"]),
];

/// A text without credentials in it.
pub fn clean_text(text: &str) -> Cow<'_, str> {
    text::clean(text)
}

/// Takes credentials out of a value, at any depth.
pub fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => clean_object(map),
        Value::Array(items) => {
            flags(items);
            items.iter_mut().for_each(clean);
        }
        Value::String(text) => {
            if let Cow::Owned(clean) = text::clean(text) {
                *text = clean;
            }
        }
        _ => {}
    }
}

fn clean_object(map: &mut Map<String, Value>) {
    let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = (text("apiVersion"), text("kind"));
    let known = NAMES.into_iter().filter(|(group, of, _)| kind.0.starts_with(group) && kind.1 == *of);
    let known: Vec<_> = known.map(|(.., way)| way).collect();
    let names: Vec<_> = known.into_iter().filter_map(|way| Some((way, at(map, way)?.clone()))).collect();
    clean_fields(map);
    for (way, name) in names {
        if let Some(field) = at(map, way) {
            *field = name;
        }
    }
}

/// The text at the end of a way.
fn at<'a>(map: &'a mut Map<String, Value>, way: &[&str]) -> Option<&'a mut Value> {
    let (first, rest) = way.split_first()?;
    let value = map.get_mut(*first)?;
    match rest {
        [] => value.is_string().then_some(value),
        rest => at(value.as_object_mut()?, rest),
    }
}

fn clean_fields(map: &mut Map<String, Value>) {
    for field in DROPPED {
        map.remove(field);
    }
    if let Some(Value::Object(annotations)) = map.get_mut("annotations") {
        // Copies of the whole object.
        annotations.retain(|key, _| {
            !key.contains("last-applied") && !key.contains("applied-configuration") && !key.ends_with("/applied")
        });
    }
    if map.get("kind").and_then(Value::as_str) == Some("Secret") {
        for field in VALUES {
            match map.get_mut(field) {
                // The keys stay: which ones there are is often the whole question.
                Some(Value::Object(values)) => values.values_mut().for_each(hide),
                Some(other) => hide(other),
                None => {}
            }
        }
    }
    // `{name: DB_PASSWORD, value: ...}` as containers and charts have it.
    let names_secret = map.get("name").and_then(Value::as_str).is_some_and(is_secret);
    if names_secret && let Some(value @ Value::String(_)) = map.get_mut("value") {
        hide(value);
    }
    for (key, value) in map.iter_mut() {
        match value {
            Value::String(text) if is_secret(key) && !names::is_reference(text) => *value = HIDDEN.into(),
            Value::Array(items) if is_secret(key.trim_end_matches('s')) && !key.to_lowercase().ends_with("secrets") => {
                items.iter_mut().filter(|item| item.is_string()).for_each(hide);
                items.iter_mut().for_each(clean);
            }
            other => clean(other),
        }
    }
}

/// `[--password, X]`: what stands behind a flag.
fn flags(items: &mut [Value]) {
    let is_flag = |item: &Value| {
        item.as_str().is_some_and(|text| text.starts_with('-') && !text.contains(['=', ' ']) && is_secret(text))
    };
    for index in 1..items.len() {
        let is_value = items[index].as_str().is_some_and(|text| !text.starts_with('-') && !names::is_reference(text));
        if is_value && is_flag(&items[index - 1]) {
            hide(&mut items[index]);
        }
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) if text.is_empty() => {}
        other => *other = HIDDEN.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CANARY: &str = "c4n4ry-v4lue-0123456789";

    #[test]
    fn the_name_of_a_secret_that_a_kind_defines_as_such_stays() {
        let guard = |api: &str, part: &str| {
            let mut object = json!({"items": [{"apiVersion": api, "kind": "Middleware", "spec": {part: {"secret": "people", "password": CANARY}}}]});
            clean(&mut object);
            object
        };
        for (api, part, name) in [
            ("traefik.io/v1alpha1", "basicAuth", "people"),
            ("traefik.io/v1alpha1", "digestAuth", "people"),
            ("traefik.io/v1alpha1", "plugin", HIDDEN),
            ("other.io/v1", "basicAuth", HIDDEN),
        ] {
            let object = guard(api, part);
            assert_eq!(object["items"][0]["spec"][part]["secret"], name, "{api} {part}");
            assert!(!object.to_string().contains(CANARY), "{object}");
        }
    }

    #[test]
    fn no_canary_survives_in_objects() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": CANARY}, "stringData": {"b": CANARY},
            "metadata": {"managedFields": [{"x": CANARY}], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY}}});
        for mut value in [
            secret.clone(),
            json!({"items": [secret]}),
            json!({"spec": {"forProvider": {"manifest": secret}}}),
            json!({"env": [{"name": "DB_PASSWORD", "value": CANARY}, {"name": "PGPASS", "value": CANARY}]}),
            json!({"kind": "ConfigMap", "data": {"api_token": CANARY, "app.properties": format!("a=b\ndb.password={CANARY}\n")}}),
            json!({"kind": "ConfigMap", "data": {"config.json": format!(r#"{{"db": {{"password": "{CANARY}"}}}}"#)}}),
            json!({"helm": {"values": format!("auth:\n  password: {CANARY}\n  user: me\n"), "valuesObject": {"auth": {"adminPassword": CANARY}}}}),
            json!({"helm": {"parameters": [{"name": "auth.password", "value": CANARY}]}}),
            json!({"args": ["--user", "me", "--password", CANARY]}),
            json!({"args": ["sh", "-c", format!("PGPASSWORD={CANARY} psql")], "command": [format!("--token={CANARY}")]}),
            json!({"repoURL": format!("https://user:{CANARY}@git.example.org/a")}),
            json!({"passwords": [CANARY], "accessTokens": [CANARY]}),
        ] {
            let before = value.to_string();
            clean(&mut value);
            assert!(!value.to_string().contains(CANARY), "{before} became {value}");
        }
    }

    #[test]
    fn what_people_ask_for_stays() {
        for value in [
            json!({"volumes": [{"secret": {"secretName": "db"}}], "serviceAccountToken": {"path": "token"}}),
            json!({"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}, {"name": "COLOR", "value": "blue"}]}),
            json!({"automountServiceAccountToken": false, "max_tokens": 200, "imagePullSecrets": [{"name": "pull"}], "existingSecret": "db"}),
            json!({"env": [{"name": "URL", "value": "http://db:5432/x?user=$(USER)"}], "tokenExpirationSeconds": 3600, "passwordSecretRef": {"name": "db"}}),
            json!({"args": ["--token-file", "/etc/token", "--secret-name", "db", "--password", "$(PASSWORD)"]}),
        ] {
            let mut cleaned = value.clone();
            clean(&mut cleaned);
            assert_eq!(cleaned, value);
        }
    }
}
