//! Whole values as text, in the style of the file that they go into.

use serde_json::{Map, Value};

use super::scalar::{self, Quotes};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Blanks by which items of a list stand further in than their key.
    pub dash: usize,
    /// `\n` or `\r\n`, as the file has it.
    pub line_break: &'static str,
    /// It is JSON: keys and texts in quotes.
    pub json: bool,
}

impl Style {
    /// What is new is written so.
    pub const FRESH: Self = Self { dash: 2, line_break: "\n", json: false };
}

/// A manifest of its own: the fields of every object first, in the order that people expect.
pub fn manifest(object: &Value, style: Style) -> String {
    let first = ["apiVersion", "kind", "metadata", "spec"];
    let fields = object.as_object();
    let known = first.iter().filter_map(|key| fields?.get_key_value(*key));
    let rest = fields.into_iter().flatten().filter(|(key, _)| !first.contains(&key.as_str()));
    let lines = known.chain(rest).map(|(key, value)| format!("{}{}", entry(key, value, 0, style), style.line_break));
    lines.collect()
}

/// `key: value` from a column on, without a line break at its end and without blanks before it.
pub fn entry(key: &str, value: &Value, column: usize, style: Style) -> String {
    format!("{}:{}", scalar::string(key, Quotes::Spare), behind_colon(value, column, style))
}

/// What stands behind the colon of a key that begins in this column.
pub fn behind_colon(value: &Value, column: usize, style: Style) -> String {
    let below = |column: usize, text: String| format!("{}{}{text}", style.line_break, " ".repeat(column));
    match value {
        Value::Object(fields) if !fields.is_empty() => below(column + 2, map(fields, column + 2, style)),
        Value::Array(items) if !items.is_empty() => below(column + style.dash, list(items, column + style.dash, style)),
        other => format!(" {}", leaf(other, column + 2, style)),
    }
}

/// `- item` from a column on.
pub fn item(value: &Value, column: usize, style: Style) -> String {
    let inner = match value {
        Value::Object(fields) if !fields.is_empty() => map(fields, column + 2, style),
        Value::Array(items) if !items.is_empty() => list(items, column + 2, style),
        other => leaf(other, column + 2, style),
    };
    format!("- {inner}")
}

fn map(fields: &Map<String, Value>, column: usize, style: Style) -> String {
    let entries = fields.iter().map(|(key, value)| entry(key, value, column, style));
    joined(entries, column, style)
}

fn list(items: &[Value], column: usize, style: Style) -> String {
    joined(items.iter().map(|value| item(value, column, style)), column, style)
}

fn joined(parts: impl Iterator<Item = String>, column: usize, style: Style) -> String {
    let between = format!("{}{}", style.line_break, " ".repeat(column));
    parts.collect::<Vec<_>>().join(&between)
}

/// A scalar, or a collection with nothing in it. Lines of a text stand in `column`.
fn leaf(value: &Value, column: usize, style: Style) -> String {
    match value {
        Value::Object(_) => "{}".into(),
        Value::Array(_) => "[]".into(),
        Value::String(text) if scalar::is_block(text) => block(text, column, style),
        other => scalar::inline(other, Quotes::Spare),
    }
}

fn block(text: &str, column: usize, style: Style) -> String {
    let body = text.trim_end_matches('\n');
    let keep = match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    let after = "\n".repeat((text.len() - body.len()).saturating_sub(1));
    let blanks = " ".repeat(column);
    let lines = body.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{blanks}{line}") });
    let lines: Vec<_> = [keep.to_string()].into_iter().chain(lines).collect();
    lines.join(style.line_break) + &after.replace('\n', style.line_break)
}

/// Between brackets, in one line.
pub fn flow(value: &Value, style: Style) -> String {
    match value {
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, value)| flow_entry(key, value, style));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(|value| flow(value, style));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if style.json => scalar::string(text, Quotes::Double),
        Value::Number(number) if style.json => number.to_string(),
        other => scalar::inline(other, Quotes::Bracket),
    }
}

/// `key: value` between brackets.
pub fn flow_entry(key: &str, value: &Value, style: Style) -> String {
    let quotes = if style.json { Quotes::Double } else { Quotes::Bracket };
    format!("{}: {}", scalar::string(key, quotes), flow(value, style))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Any value, with keys and texts that are hard to write.
    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z]{1,8}",
            "[ a:#\\n-]{0,12}",
            Just("on".to_string()),
            Just("a\nb\n".to_string()),
            Just("12:30:45".to_string()),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(prop_oneof!["[a-z]{1,6}", text.clone()], inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_manifest_reads_as_people_write_it() {
        let object = json!({"spec": {"image": "a:1", "args": ["-c", "on"], "empty": [], "script": "a\n  b\n", "env": [{"name": "A", "value": "1"}]},
            "kind": "App", "apiVersion": "p.dev/v1", "metadata": {"name": "shop"}});
        assert_eq!(
            manifest(&object, Style::FRESH),
            "apiVersion: p.dev/v1\nkind: App\nmetadata:\n  name: shop\nspec:\n  args:\n    - -c\n    - \"on\"\n  empty: []\n  env:\n    - name: A\n      value: \"1\"\n  image: a:1\n  script: |\n    a\n      b\n"
        );
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(value in any_value(), dash in prop::bool::ANY, crlf in prop::bool::ANY) {
            let style = Style { dash: if dash { 2 } else { 0 }, line_break: if crlf { "\r\n" } else { "\n" }, json: false };
            let object = json!({"spec": value});
            let read: Value = serde_yaml::from_str(&manifest(&object, style)).expect("YAML");
            prop_assert_eq!(&read, &object);
            let read: Value = serde_yaml::from_str(&flow(&object, style)).expect("YAML");
            prop_assert_eq!(&read, &object);
            let read: Value = serde_json::from_str(&flow(&object, Style { json: true, ..style })).expect("JSON");
            prop_assert_eq!(&read, &object);
        }
    }
}
