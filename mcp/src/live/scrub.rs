//! What never reaches an assistant: values of Secrets, and the copies of them that hide elsewhere.
//!
//! Every object passes [`scrub`] before it is kept or shown, whatever road it came by.

use serde_json::{Map, Value};

/// Stands where something was taken out.
pub const HIDDEN: &str = "<hidden>";
/// Annotations longer than this hold copies of objects or reports, never what a person would read.
const LONG_ANNOTATION: usize = 1024;
/// Parts of names of variables and fields whose literal values are hidden.
const SECRET_WORDS: [&str; 9] =
    ["password", "passwd", "secret", "token", "credential", "apikey", "api_key", "private_key", "access_key"];

/// Takes out field managers, copies of the object in annotations, and values of Secrets.
pub fn scrub(object: &mut Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        keep_last_change(meta);
        meta.remove("selfLink");
        scrub_annotations(meta);
    }
    if is_secret(object) {
        hide_values(object);
    }
    if let Some(items) = object.get_mut("items").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(scrub);
    }
    for part in ["spec", "status"] {
        if let Some(part) = object.get_mut(part) {
            scrub_deep(part);
        }
    }
    scrub_words(object);
}

/// Messages quote what programs said, and addresses may carry a password.
fn scrub_words(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(scrub_words),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value {
                    Value::String(text) if key == "message" => *text = scrub_text(text),
                    value => scrub_words(value),
                }
            }
        }
        Value::String(text) if text.contains("://") && text.contains('@') => *text = hide_user_info(text),
        _ => {}
    }
}

/// The object, scrubbed.
pub fn scrubbed(mut object: Value) -> Value {
    scrub(&mut object);
    object
}

/// Of the field managers only who wrote last, and when; states that controllers write are no changes.
fn keep_last_change(meta: &mut Map<String, Value>) {
    let Some(Value::Array(managers)) = meta.remove("managedFields") else { return };
    let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_string();
    let changes = managers.into_iter().filter(|entry| text(entry, "subresource").is_empty());
    if let Some(last) = changes.max_by_key(|entry| text(entry, "time")).filter(|entry| !text(entry, "time").is_empty())
    {
        let kept = serde_json::json!([{"manager": text(&last, "manager"), "time": text(&last, "time")}]);
        meta.insert("managedFields".into(), kept);
    }
}

fn is_secret(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, "Secret" | "SecretList") && !version.contains('/')
}

fn scrub_annotations(meta: &mut Map<String, Value>) {
    let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.retain(|key, value| {
        let is_copy = key.contains("last-applied") || key.contains("applied-configuration");
        let is_long = value.as_str().is_some_and(|text| text.len() > LONG_ANNOTATION);
        !is_copy && !is_long
    });
    if annotations.is_empty() {
        meta.remove("annotations");
    }
}

/// Keeps the keys: which ones there are is often the whole question.
fn hide_values(object: &mut Value) {
    for field in ["data", "stringData"] {
        if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
            values.values_mut().for_each(|value| *value = HIDDEN.into());
        } else if let Some(fields) = object.as_object_mut() {
            fields.remove(field);
        }
    }
}

/// Inside specifications: whole objects in templates, literal values of variables, fields that are named like a secret.
fn scrub_deep(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(scrub_deep),
        Value::Object(fields) => {
            if let Some(meta) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                meta.remove("managedFields");
                scrub_annotations(meta);
            }
            let is_secret_object = fields.get("kind").and_then(Value::as_str) == Some("Secret");
            hide_named(fields);
            for (key, value) in fields.iter_mut() {
                if is_secret_object && matches!(key.as_str(), "data" | "stringData") {
                    hide_leaves(value);
                } else {
                    scrub_deep(value);
                }
            }
        }
        _ => {}
    }
}

fn hide_named(fields: &mut Map<String, Value>) {
    // `{name: DB_PASSWORD, value: ...}` as containers and charts have it.
    let is_secret_name = fields.get("name").and_then(Value::as_str).is_some_and(sounds_secret);
    if is_secret_name && fields.get("value").is_some_and(Value::is_string) {
        fields.insert("value".into(), HIDDEN.into());
    }
    for (key, value) in fields.iter_mut() {
        let is_reference = ["Ref", "Name", "Key", "Path"].iter().any(|end| key.ends_with(end));
        // References to Secrets are names, and names may be told.
        if value.is_string() && sounds_secret(key) && !is_reference {
            *value = HIDDEN.into();
        }
    }
}

fn hide_leaves(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(hide_leaves),
        Value::Array(items) => items.iter_mut().for_each(hide_leaves),
        Value::Null => {}
        _ => *value = HIDDEN.into(),
    }
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Text that programs wrote, with what looks like a credential taken out.
pub fn scrub_text(text: &str) -> String {
    text.lines().map(scrub_line).collect::<Vec<_>>().join("\n")
}

/// `password=...`, `"token": "..."`, `Authorization: Bearer ...`, `scheme://user:password@host`.
pub fn scrub_line(line: &str) -> String {
    let line = hide_user_info(line);
    let mut kept = String::with_capacity(line.len());
    let mut hide_next = false;
    for piece in line.split_inclusive([' ', ',', '&', ';', '\t']) {
        let (word, gap) = split_gap(piece);
        if hide_next && !word.is_empty() {
            hide_next = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
            kept.push_str(if hide_next { word } else { HIDDEN });
        } else if let Some((at, width)) = separator(word) {
            let (key, value) = (&word[..at], &word[at + width..]);
            let is_secret = sounds_secret(key) || key.to_ascii_lowercase().ends_with("authorization");
            hide_next = is_secret && value.is_empty();
            kept.push_str(&word[..at + width]);
            kept.push_str(if is_secret && !value.is_empty() { HIDDEN } else { value });
        } else {
            hide_next = word.eq_ignore_ascii_case("bearer");
            kept.push_str(word);
        }
        kept.push_str(gap);
    }
    kept
}

fn split_gap(piece: &str) -> (&str, &str) {
    let word = piece.trim_end_matches([' ', ',', '&', ';', '\t']);
    (word, &piece[word.len()..])
}

fn separator(word: &str) -> Option<(usize, usize)> {
    let at = word.find(['=', ':'])?;
    Some((at, 1))
}

fn hide_user_info(line: &str) -> String {
    if !line.contains('@') {
        return line.into();
    }
    let mut rest = line;
    let mut kept = String::new();
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        kept.push_str(head);
        let end = tail.find(|c: char| c == '/' || c.is_whitespace() || c == '"').unwrap_or(tail.len());
        match tail[..end].rfind('@') {
            Some(sign) => {
                kept.push_str(HIDDEN);
                rest = &tail[sign..];
            }
            None => rest = tail,
        }
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CANARY: &str = "canary-7f3a";

    #[test]
    fn no_road_of_an_object_lets_a_canary_through() {
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": CANARY}});
        let copy = secret.to_string();
        let objects = [
            secret.clone(),
            json!({"apiVersion": "v1", "kind": "SecretList", "items": [secret]}),
            json!({"apiVersion": "v1", "kind": "List", "items": [secret]}),
            json!({"kind": "ConfigMap", "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy}}}),
            json!({"kind": "Deployment", "metadata": {"managedFields": [{"fieldsV1": {CANARY: {}}}]}}),
            json!({"kind": "Object", "spec": {"forProvider": {"manifest": secret}}}),
            json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [
                {"env": [{"name": "DB_PASSWORD", "value": CANARY}]}]}}}}),
            json!({"kind": "Database", "spec": {"password": CANARY}, "status": {"adminToken": CANARY}}),
            json!({"kind": "Application", "spec": {"source": {"helm": {"parameters": [{"name": "auth.password", "value": CANARY}]}}}}),
            json!({"kind": "PolicyReport", "results": [{"message": format!("secret={CANARY}")}]}),
            json!({"kind": "Application", "spec": {"source": {"repoURL": format!("https://u:{CANARY}@git.example.org/a")}}}),
            json!({"kind": "X", "spec": {"template": {"metadata": {"annotations": {"a.dev/last-applied-x": copy}}}}}),
        ];
        for object in objects {
            let clean = scrubbed(object.clone()).to_string();
            assert!(!clean.contains(CANARY), "{object} became {clean}");
        }
    }

    #[test]
    fn what_people_ask_for_stays() {
        let object = json!({"kind": "Pod", "metadata": {"name": "a", "annotations": {"note": "hi"}}, "spec": {
            "volumes": [{"secret": {"secretName": "db"}}],
            "containers": [{"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                {"name": "COLOR", "value": "blue"}]}]}});
        assert_eq!(scrubbed(object.clone()), object);
        let secret = scrubbed(json!({"apiVersion": "v1", "kind": "Secret", "data": {"user": "YQ=="}}));
        assert_eq!(secret["data"], json!({"user": HIDDEN}), "the keys stay");
    }

    #[test]
    fn lines_lose_credentials_and_nothing_else() {
        for line in [
            "connecting with password=canary-7f3a to db",
            "Authorization: Bearer canary-7f3a",
            "authorization: canary-7f3a",
            "postgres://app:canary-7f3a@db:5432/app refused",
            r#"{"level":"info","token":"canary-7f3a","a":1}"#,
            "curl -H Bearer canary-7f3a",
        ] {
            let clean = scrub_line(line);
            assert!(!clean.contains(CANARY), "{line} became {clean}");
        }
        let plain = "2026-01-02T03:04:05Z error: connect ECONNREFUSED db:5432 (retry=3)";
        assert_eq!(scrub_line(plain), plain);
    }
}
