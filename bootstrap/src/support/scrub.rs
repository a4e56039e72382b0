//! Fields of objects that hold secrets, by what they are called: nobody has to know the value for it to go.

use serde_json::{Map, Value};

use super::redact::REMOVED;

/// What the name of a variable has in it that holds a secret.
const TELLING: [&str; 10] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
];
/// ... unless it tells of where one is, or what it is called.
const OF_A_PLACE: [&str; 8] = ["FILE", "PATH", "DIR", "NAME", "NAMESPACE", "REF", "TTL", "SECONDS"];
/// Keys whose text is a secret in whatever object.
const KEYS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secretkey",
    "clientsecret",
    "privatekey",
    "accesskey",
    "apikey",
    "certificatekey",
    "bearertoken",
];

/// Whether a variable of this name holds a secret.
pub(super) fn is_telling(name: &str) -> bool {
    let name = name.to_uppercase().replace(['-', '.'], "_");
    TELLING.iter().any(|word| name.contains(word)) && !OF_A_PLACE.iter().any(|place| name.ends_with(place))
}

/// Takes such values out, and gives them.
pub(super) fn scrub(value: &mut Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(value, &mut found);
    found
}

fn visit(value: &mut Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, found)),
        Value::Object(fields) => {
            // A variable: `name` and `value`.
            if fields.get("name").and_then(Value::as_str).is_some_and(is_telling) {
                take(fields, "value", found);
            }
            let keys: Vec<_> = fields.keys().filter(|key| is_secret_key(key)).cloned().collect();
            keys.iter().for_each(|key| take(fields, key, found));
            fields.values_mut().for_each(|field| visit(field, found));
        }
        _ => {}
    }
}

fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase().replace(['_', '-'], "");
    KEYS.contains(&key.as_str())
}

fn take(fields: &mut Map<String, Value>, key: &str, found: &mut Vec<String>) {
    let Some(value) = fields.get_mut(key) else { return };
    if value.as_str().is_some_and(|text| !text.is_empty()) {
        found.extend(std::mem::replace(value, REMOVED.into()).as_str().map(String::from));
    }
}

/// Takes the values of variables out of `NAME=VALUE`, as a container's environment is told, and gives them.
pub(super) fn environment(variables: &mut Value) -> Vec<String> {
    let mut found = Vec::new();
    for variable in variables.as_array_mut().into_iter().flatten() {
        let Some((name, value)) = variable.as_str().and_then(|text| text.split_once('=')) else { continue };
        if is_telling(name) && !value.is_empty() {
            found.push(value.to_string());
            *variable = format!("{name}={REMOVED}").into();
        }
    }
    found
}

/// A Secret with the keys of its data, and how long each value is.
pub(super) fn secret(object: &mut Value) {
    for field in ["data", "stringData"] {
        let values = object.get_mut(field).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(Map::values_mut) {
            let length = value.as_str().map_or(0, str::len);
            // Of base64, four letters are three bytes.
            let padding = value.as_str().map_or(0, |text| text.bytes().rev().take_while(|byte| *byte == b'=').count());
            let bytes = if field == "data" { (length / 4 * 3).saturating_sub(padding) } else { length };
            *value = format!("[removed: {bytes} bytes]").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_that_tell_of_secrets_are_known_and_those_that_tell_of_places_are_not() {
        for name in ["DB_PASSWORD", "api-key", "GITHUB_TOKEN", "client.secret", "AWS_SECRET_ACCESS_KEY"] {
            assert!(is_telling(name), "{name}");
        }
        for name in ["TOKEN_FILE", "SECRET_NAME", "PATH", "KEYBOARD", "TOKEN_TTL"] {
            assert!(!is_telling(name), "{name}");
        }
    }

    #[test]
    fn values_of_such_names_go_at_any_depth() {
        let mut pod = json!({"spec": {"containers": [{"name": "token", "env": [
            {"name": "DB_PASSWORD", "value": "geheim"}, {"name": "PLAIN", "value": "stays"},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
        ]}]}, "config": {"clientSecret": "auch", "token": true, "secretName": "s"}});
        assert_eq!(scrub(&mut pod), ["auch", "geheim"]);
        let env = &pod["spec"]["containers"][0]["env"];
        assert_eq!((&env[0]["value"], &env[1]["value"]), (&json!(REMOVED), &json!("stays")));
        assert_eq!(env[2]["valueFrom"]["secretKeyRef"]["name"], "s");
        assert_eq!(pod["config"], json!({"clientSecret": REMOVED, "token": true, "secretName": "s"}));
    }

    #[test]
    fn a_containers_environment_loses_values_and_keeps_names() {
        let mut env = json!(["PATH=/bin", "MY_TOKEN=abc=def", "EMPTY_TOKEN="]);
        assert_eq!(environment(&mut env), ["abc=def"]);
        assert_eq!(env, json!(["PATH=/bin", "MY_TOKEN=[removed]", "EMPTY_TOKEN="]));
    }

    #[test]
    fn of_a_secret_the_lengths_are_left() {
        let mut object = json!({"data": {"a": "Z2VoZWlt", "b": "Z2U=", "c": ""}, "stringData": {"d": "auch"}});
        secret(&mut object);
        assert_eq!(
            object["data"],
            json!({"a": "[removed: 6 bytes]", "b": "[removed: 2 bytes]", "c": "[removed: 0 bytes]"})
        );
        assert_eq!(object["stringData"]["d"], "[removed: 4 bytes]");
    }
}
