//! Our three entries as text, in block style and in brackets, and the note on what stood there before them.

use serde_json::{Map, Value, json};

/// The lists of a kubeconfig that hold named entries.
pub(crate) const LISTS: [&str; 3] = ["clusters", "contexts", "users"];
/// Name of the extension that holds the [`Note`].
pub(super) const EXTENSION: &str = "backstack.dev";

/// An entry of one of the lists.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// `clusters`, `users` or `contexts`.
    pub list: &'static str,
    pub value: Value,
}

/// What was in the file before our entries, so that it can be put back letter for letter. It lies in our context, as an
/// extension: kubectl and whoever else writes the file keep those.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Note {
    /// The text behind a key's colon that ours took the place of.
    pub before: Vec<(String, String)>,
    /// Keys that were not there.
    pub added: Vec<String>,
    /// Whether the file itself was not there.
    pub made: bool,
}

impl Note {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn before(&self, key: &str) -> Option<&str> {
        self.before.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str())
    }

    pub(super) fn has_added(&self, key: &str) -> bool {
        self.added.iter().any(|name| name == key)
    }

    /// Whether it says anything of a key.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.has_added(key) || self.before(key).is_some()
    }

    /// Takes over what another note says of a key.
    pub(super) fn inherit(&mut self, other: &Self, key: &str) {
        self.before.retain(|(name, _)| name != key);
        self.added.retain(|name| name != key);
        self.before.extend(other.before.iter().filter(|(name, _)| name == key).cloned());
        self.added.extend(other.added.iter().filter(|name| *name == key).cloned());
    }

    pub(super) fn value(&self) -> Value {
        let before: Map<String, Value> =
            self.before.iter().map(|(key, text)| (key.clone(), text.clone().into())).collect();
        let mut value = Map::new();
        if !before.is_empty() {
            value.insert("before".into(), before.into());
        }
        if !self.added.is_empty() {
            value.insert("added".into(), self.added.clone().into());
        }
        if self.made {
            value.insert("made".into(), true.into());
        }
        value.into()
    }

    /// As it is written into the context.
    pub(super) fn extensions(&self) -> Value {
        json!([{"name": EXTENSION, "extension": self.value()}])
    }
}

/// An item of a block list, without the blanks before its dash and the line break at its end.
pub(super) fn block_item(value: &Value, indent: usize, eol: &str) -> String {
    let mut lines = Vec::new();
    block_lines(value, indent + 2, &mut lines);
    let text = lines.join(eol);
    format!("- {}", text.trim_start_matches(' '))
}

fn block_lines(value: &Value, indent: usize, lines: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let blanks = " ".repeat(indent);
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{blanks}{}:", scalar(key)));
                block_lines(value, indent + 2, lines);
            }
            Value::String(text) => lines.push(format!("{blanks}{}: {}", scalar(key), scalar(text))),
            // JSON is YAML, too.
            other => lines.push(format!("{blanks}{}: {other}", scalar(key))),
        }
    }
}

/// A text as YAML: plain only where every reader of every version of YAML sees text.
pub(super) fn scalar(text: &str) -> String {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/=_.:-".contains(letter))
        && !text.ends_with(':')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.into() } else { quoted(text) }
}

/// A text in double quotes, which is right in JSON and in YAML.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A value in brackets, in one line; or as people write JSON, each line but the first after `blanks`.
pub(super) fn flow(value: &Value, spread: Option<(&str, &str)>) -> String {
    let Some((blanks, eol)) = spread else { return value.to_string() };
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.replace('\n', &format!("{eol}{blanks}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_for_every_reader() {
        for (text, written) in [
            ("kind-p", "kind-p"),
            ("https://127.0.0.1:6443", "https://127.0.0.1:6443"),
            ("Q0E=", "Q0E="),
            ("no", "\"no\""),
            ("Y", "\"Y\""),
            ("1e3", "\"1e3\""),
            ("a b", "\"a b\""),
            ("a:", "\"a:\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn an_item_is_written_in_both_styles() {
        let value = json!({"name": "a", "user": {"x": {"v": true}, "z": []}});
        assert_eq!(
            block_item(&value, 2, "\r\n"),
            "- name: a\r\n    user:\r\n      x:\r\n        v: true\r\n      z: []"
        );
        assert_eq!(flow(&json!({"a": 1}), Some(("    ", "\n"))), "{\n      \"a\": 1\n    }");
    }

    #[test]
    fn a_note_passes_on_what_it_knows() {
        let mut heir = Note { added: vec!["users".into()], ..Note::default() };
        let note =
            Note { before: vec![("clusters".into(), " []".into())], added: vec!["contexts".into()], made: false };
        for key in ["clusters", "contexts"] {
            heir.inherit(&note, key);
        }
        assert_eq!(heir.before("clusters"), Some(" []"));
        assert!(heir.has_added("contexts") && heir.knows("users") && !heir.knows("current-context"));
    }
}
