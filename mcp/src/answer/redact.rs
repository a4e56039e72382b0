//! Takes out what must never reach a model: values of Secrets, credentials in plain sight, and bookkeeping noise.
//!
//! This runs over every answer, whatever tool made it, as the last line of defence; tools should not fetch such things
//! in the first place.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde_json::{Map, Value};

/// Stands where something was taken out.
pub const REDACTED: &str = "(redacted)";

/// Fields of objects that are noise and can carry copies of secrets.
const DROPPED_FIELDS: [&str; 1] = ["managedFields"];
/// Annotations that carry a copy of the whole object.
const DROPPED_ANNOTATIONS: [&str; 2] =
    ["kubectl.kubernetes.io/last-applied-configuration", "objectset.rio.cattle.io/applied"];
/// Ends of names whose plain text value is a credential.
const CREDENTIAL_NAMES: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "token",
    "apikey",
    "privatekey",
    "secretkey",
    "clientsecret",
    "accesskey",
    "passphrase",
    "secretaccesskey",
    "authtoken",
];

/// Redacts `value` in place, at any depth.
pub fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => object(map),
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => {
            if let Some(clean) = scrub(text) {
                *text = clean;
            }
        }
        _ => {}
    }
}

fn object(map: &mut Map<String, Value>) {
    for field in DROPPED_FIELDS {
        map.remove(field);
    }
    if let Some(Value::Object(annotations)) = map.get_mut("annotations") {
        annotations.retain(|key, _| !DROPPED_ANNOTATIONS.contains(&key.as_str()));
    }
    if map.get("kind").and_then(Value::as_str) == Some("Secret") {
        for field in ["data", "stringData"] {
            if let Some(Value::Object(data)) = map.get_mut(field) {
                data.values_mut().for_each(|value| *value = REDACTED.into());
            }
        }
    }
    // `env: [{name: DB_PASSWORD, value: ...}]`
    let names_credential = map.get("name").and_then(Value::as_str).is_some_and(is_credential);
    if names_credential && let Some(value) = map.get_mut("value") {
        *value = REDACTED.into();
    }
    for (key, value) in map.iter_mut() {
        let plain = value.as_str().is_some_and(|text| !text.is_empty());
        if plain && is_credential(key) {
            *value = REDACTED.into();
        } else {
            redact(value);
        }
    }
}

fn is_credential(name: &str) -> bool {
    // Every key of every answer comes here, so nothing is copied: both are read from their ends.
    CREDENTIAL_NAMES.iter().any(|end| {
        let mut letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
        end.bytes().rev().all(|wanted| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(&wanted)))
    })
}

/// The text without credentials in it; `None` if there are none. Meant for logs, events and messages.
pub fn scrub(text: &str) -> Option<String> {
    if !is_suspicious(text) {
        return None;
    }
    let mut clean = without_private_keys(text);
    clean = clean.split_inclusive(char::is_whitespace).map(scrub_word).collect();
    clean = after_bearer(&clean);
    (clean != text).then_some(clean)
}

/// Whether a text may have a credential in it. Nearly none has, and every text of every answer is asked.
fn is_suspicious(text: &str) -> bool {
    SIGNS.is_match(text)
}

/// What every credential that [`scrub`] knows has beside it or in it, found in one pass over the text.
static SIGNS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let others = ["private key-----", "eyj", "://", "bearer "];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(CREDENTIAL_NAMES.iter().chain(&others))
        .expect("a few short words")
});

fn without_private_keys(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let block = &rest[begin..];
        let end = block
            .find("-----END ")
            .map_or(block.len(), |end| block[end + 9..].find("-----").map_or(block.len(), |tail| end + 9 + tail + 5));
        clean.push_str(&rest[..begin]);
        let is_key = block[..end].lines().next().unwrap_or(block).contains("PRIVATE KEY");
        clean.push_str(if is_key { REDACTED } else { &block[..end] });
        rest = &block[end..];
    }
    clean.push_str(rest);
    clean
}

/// One word with the white space behind it.
fn scrub_word(word: &str) -> String {
    let bare = word.trim_end();
    let space = &word[bare.len()..];
    if let Some(found) = token(bare) {
        return format!("{}{space}", bare.replace(found, REDACTED));
    }
    if let Some(clean) = password_in_url(bare) {
        return format!("{clean}{space}");
    }
    // password=..., --token=..., "password":"..."
    if let Some(at) = bare.find(['=', ':'])
        && is_credential(&bare[..at])
        && bare.len() > at + 1
        && !bare[at..].starts_with("://")
    {
        return format!("{}{REDACTED}{space}", &bare[..=at]);
    }
    word.to_string()
}

/// A signed token (three parts, the first of them `eyJ...`) within a word.
fn token(word: &str) -> Option<&str> {
    let begin = word.find("eyJ")?;
    let tail = &word[begin..];
    let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(tail.len());
    let token = &tail[..end];
    (token.len() > 30 && token.matches('.').count() >= 2).then_some(token)
}

/// `scheme://user:password@host`
fn password_in_url(word: &str) -> Option<String> {
    let start = word.find("://")? + 3;
    let authority_end = word[start..].find(['/', '?', '#', '"']).map_or(word.len(), |end| start + end);
    let at = word[start..authority_end].rfind('@')? + start;
    let colon = word[start..at].find(':')? + start;
    Some(format!("{}{REDACTED}{}", &word[..=colon], &word[at..]))
}

fn after_bearer(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut clean = String::new();
    let mut done = 0;
    while let Some(found) = lower[done..].find("bearer ") {
        let begin = done + found + "bearer ".len();
        let end =
            text[begin..].find(|c: char| c.is_whitespace() || "\"',".contains(c)).map_or(text.len(), |e| begin + e);
        clean.push_str(&text[done..begin]);
        // A short word behind it is prose ("bearer token"), not a credential.
        clean.push_str(if end - begin >= 16 { REDACTED } else { &text[begin..end] });
        done = end;
    }
    clean.push_str(&text[done..]);
    clean
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CANARY: &str = "c4n4ry-v4lue-0123456789";

    #[test]
    fn no_canary_survives() {
        let jwt = format!("eyJhbGciOiJSUzI1NiJ9.{CANARY}.c2lnbmF0dXJl");
        let mut value = json!({
            "object": {"kind": "Secret", "data": {"a": CANARY}, "stringData": {"b": CANARY}, "metadata": {
                "managedFields": [{"x": CANARY}],
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY, "keep": "me"}}},
            "list": {"items": [{"kind": "Secret", "data": {"a": CANARY}}]},
            "env": [{"name": "DB_PASSWORD", "value": CANARY}, {"name": "LEVEL", "value": "debug"}],
            "spec": {"adminPassword": CANARY, "api_key": CANARY, "passwordSecretRef": {"name": "db"}},
            "log": format!("start\npassword={CANARY} ok\nAuthorization: Bearer {CANARY}\njwt {jwt} end\n\
                            postgres://me:{CANARY}@db:5432/x\n-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n\
                            -----END RSA PRIVATE KEY-----\ndone"),
        });
        redact(&mut value);
        let text = value.to_string();
        assert!(!text.contains(CANARY), "{text}");
        for kept in ["keep", "debug", "db", "start", "done", "ok", "5432"] {
            assert!(text.contains(kept), "{kept} is gone: {text}");
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "The token is in Secret gitea/portal, key `token`.",
            "Use a bearer token per client.",
            "https://localhost:8443/argocd",
            "max_tokens: 2000",
            "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(scrub(text), None, "{text}");
        }
    }
}
