//! A value that a log complains of, and where somebody has written it: a variable, an argument, a key of a ConfigMap.

use serde_json::Value;

use super::Seen;
use crate::live::object::{Ref, list, namespace, text};

/// Shorter values stand in any line.
const LEAST: usize = 3;
/// Values that mean nothing by themselves.
const COMMON: [&str; 12] =
    ["true", "false", "info", "debug", "error", "warn", "production", "development", "default", "none", "null", "yes"];

/// How programs say that a variable is not set.
const UNSET: [&str; 8] =
    [" not set", "unset", "missing", "is required", "must be set", "not defined", "undefined", "is empty"];

/// A value, and where it stands.
pub(super) struct Said {
    pub object: Ref,
    pub field: String,
    /// The variable by which the program gets it.
    pub name: String,
    pub value: String,
}

/// The value in a line of a log that tells most: the one in quotes, else the longest word.
pub(super) fn value(seen: &Seen<'_>, pod: &Value, path: &str, container: &Value, line: &str) -> Option<Said> {
    let quoted = words(line, |letter| matches!(letter, '"' | '\'' | '`'));
    let plain = words(line, |letter| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '[' | ']' | '=')
    });
    let all = written(seen, pod, path, container);
    let among = |words: &[&str]| {
        let fitting = all.iter().filter(|said| is_telling(&said.value) && words.contains(&said.value.as_str()));
        fitting.max_by_key(|said| said.value.len())
    };
    // The first and every second part stand outside of quotes.
    let inside: Vec<_> = quoted.into_iter().skip(1).step_by(2).collect();
    let found = among(&inside).or_else(|| among(&plain))?;
    Some(Said {
        object: found.object.clone(),
        field: found.field.clone(),
        name: found.name.clone(),
        value: found.value.clone(),
    })
}

fn words(line: &str, is_end: impl Fn(char) -> bool) -> Vec<&str> {
    line.split(is_end).map(|word| word.trim_end_matches([':', '.'])).collect()
}

fn is_telling(value: &str) -> bool {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    value.len() >= LEAST && !is_number && !COMMON.contains(&value.to_lowercase().as_str())
}

/// All that a container is told in so many words.
fn written(seen: &Seen<'_>, pod: &Value, path: &str, container: &Value) -> Vec<Said> {
    let (at, place) = (Ref::of(pod), namespace(pod));
    let map_of = |name: &str| Ref::new("", "ConfigMap", place, name);
    let key_of = |map: &str, key: &str| {
        let data = seen.snapshot.get(&map_of(map))?.get("data")?;
        Some(data.get(key)?.as_str()?.trim().to_string())
    };
    let mut all = Vec::new();
    for (index, variable) in list(container, "/env").iter().enumerate() {
        let name = text(variable, "/name").to_string();
        let literal = text(variable, "/value");
        if !literal.is_empty() {
            let field = format!("{path}.env[{index}].value");
            all.push(Said { object: at.clone(), field, name, value: literal.trim().into() });
            continue;
        }
        let Some(reference) = variable.pointer("/valueFrom/configMapKeyRef") else { continue };
        let (map, key) = (text(reference, "/name"), text(reference, "/key"));
        if let Some(value) = key_of(map, key) {
            all.push(Said { object: map_of(map), field: format!("data[{key}]"), name, value });
        }
    }
    for map in list(container, "/envFrom").iter().map(|source| text(source, "/configMapRef/name")) {
        let data = seen.snapshot.get(&map_of(map)).and_then(|map| map.get("data")).and_then(Value::as_object);
        for (key, value) in data.into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().trim().to_string();
            all.push(Said { object: map_of(map), field: format!("data[{key}]"), name: key.clone(), value });
        }
    }
    for (index, argument) in list(container, "/args").iter().filter_map(Value::as_str).enumerate() {
        let (name, value) = argument.split_once('=').unwrap_or(("the argument", argument));
        let field = format!("{path}.args[{index}]");
        all.push(Said { object: at.clone(), field, name: name.into(), value: value.into() });
    }
    all
}

/// A variable that a line says is not set, and that the container has not.
pub(super) fn unset<'a>(container: &Value, line: &'a str) -> Option<&'a str> {
    let lower = line.to_lowercase();
    let words = line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let is_name = |word: &&str| {
        word.len() > 3
            && word.contains('_')
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let is_had = |word: &str| list(container, "/env").iter().any(|one| text(one, "/name") == word);
    let word = words.into_iter().find(is_name).filter(|word| !is_had(word))?;
    let is_unset = UNSET.iter().any(|words| lower.contains(words)) || line.contains(&format!("no {word}"));
    is_unset.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_unset_where_a_line_says_so_and_nobody_has_set_it() {
        let container = serde_json::json!({"env": [{"name": "DB_HOST", "value": "db"}]});
        for (line, expected) in [
            ("ERROR no REPORT_BUCKET set", Some("REPORT_BUCKET")),
            ("ERROR REPORT_BUCKET is not set", Some("REPORT_BUCKET")),
            ("KeyError: missing environment variable 'REPORT_BUCKET'", Some("REPORT_BUCKET")),
            ("DB_HOST must be set", None),
            ("HTTP_STATUS 500", None),
        ] {
            assert_eq!(unset(&container, line), expected, "{line}");
        }
    }
}
