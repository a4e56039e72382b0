//! A JSON value as text, in the style of the file around it.

use serde_json::Value;

/// How a file is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'a> {
    /// Over several lines, or all on one.
    pub lines: bool,
    /// One step further in.
    pub unit: &'a str,
    pub line_end: &'a str,
}

/// The value, its first line standing at this indentation.
pub(super) fn value(value: &Value, style: &Style, indent: &str) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let deeper = format!("{indent}{}", style.unit);
            let members = map
                .iter()
                .map(|(key, inner)| format!("{}: {}", Value::from(key.as_str()), self::value(inner, style, &deeper)));
            around('{', members, '}', style, indent, holds_objects(value))
        }
        Value::Array(items) if !items.is_empty() => {
            let deeper = format!("{indent}{}", style.unit);
            let items = items.iter().map(|item| self::value(item, style, &deeper));
            around('[', items, ']', style, indent, false)
        }
        other => other.to_string(),
    }
}

/// An object of objects that is new shows so on one line too: see `json`.
fn holds_objects(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.values().all(Value::is_object))
}

fn around(
    open: char,
    parts: impl Iterator<Item = String>,
    close: char,
    style: &Style,
    indent: &str,
    spaced: bool,
) -> String {
    if !style.lines {
        let space = if spaced { " " } else { "" };
        return format!("{open}{space}{}{space}{close}", parts.collect::<Vec<_>>().join(", "));
    }
    let line = format!("{}{indent}{}", style.line_end, style.unit);
    let parts = parts.collect::<Vec<_>>().join(&format!(",{line}"));
    format!("{open}{line}{parts}{}{indent}{close}", style.line_end)
}
