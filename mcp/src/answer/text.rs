//! Renders structured content as text: every fact of it, with as few characters as will do.
//!
//! Scalars are `key: value` lines, lists of flat objects are tables, everything else is indented below its key.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::order::Order;

/// Cells longer than this make no table.
const CELL: usize = 160;

/// The text of a value.
pub fn render(value: &Value, order: &Order) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) => object(map, 0, order, &mut out),
        other => write_value("", other, 0, order, &mut out),
    }
    out.truncate(out.trim_end().len());
    out
}

fn object(map: &Map<String, Value>, indent: usize, order: &Order, out: &mut String) {
    for (key, value) in order.sorted(map) {
        write_value(key, value, indent, order, out);
    }
}

fn write_value(key: &str, value: &Value, indent: usize, order: &Order, out: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(map) if map.is_empty() => line(out, &pad, key, "{}"),
        Value::Object(map) => {
            let _ = writeln!(out, "{pad}{key}:");
            object(map, indent + 1, order, out);
        }
        Value::Array(items) if items.is_empty() => line(out, &pad, key, "none"),
        Value::Array(items) => {
            if let Some(words) = short_words(items) {
                line(out, &pad, key, &words);
            } else {
                let _ = writeln!(out, "{pad}{key}:");
                list(items, indent + 1, order, out);
            }
        }
        Value::String(text) if text.contains('\n') => {
            let _ = writeln!(out, "{pad}{key}: |");
            for text_line in text.lines() {
                let _ = writeln!(out, "{pad}  {text_line}");
            }
        }
        scalar => line(out, &pad, key, &word(scalar)),
    }
}

fn line(out: &mut String, pad: &str, key: &str, text: &str) {
    let _ = if key.is_empty() { writeln!(out, "{pad}{text}") } else { writeln!(out, "{pad}{key}: {text}") };
}

fn list(items: &[Value], indent: usize, order: &Order, out: &mut String) {
    let pad = "  ".repeat(indent);
    if let Some(columns) = columns(items, order) {
        let names: Vec<_> = columns.iter().map(|column| column.as_str()).collect();
        let _ = writeln!(out, "{pad}{}", names.join(" | "));
        for item in items {
            let cells: Vec<_> = columns.iter().map(|column| item.get(column).map_or("-".into(), word)).collect();
            let _ = writeln!(out, "{pad}{}", cells.join(" | "));
        }
        return;
    }
    for item in items {
        let mut inner = String::new();
        match item {
            Value::Object(map) => object(map, 0, order, &mut inner),
            other => write_value("", other, 0, order, &mut inner),
        }
        for (number, text_line) in inner.lines().enumerate() {
            let _ = writeln!(out, "{pad}{} {text_line}", if number == 0 { "-" } else { " " });
        }
    }
}

/// The columns of a table, if these items make one: two or more flat objects with short cells.
fn columns<'a>(items: &'a [Value], order: &Order) -> Option<Vec<&'a String>> {
    if items.len() < 2 {
        return None;
    }
    let mut columns: Vec<&'a String> = Vec::new();
    for item in items {
        for (key, value) in item.as_object()? {
            let flat = match value {
                Value::Object(_) | Value::Array(_) => false,
                Value::String(text) => text.len() <= CELL && !text.contains('\n'),
                _ => true,
            };
            if !flat {
                return None;
            }
            if !columns.contains(&key) {
                columns.push(key);
            }
        }
    }
    columns.sort_by_key(|column| order.rank(column));
    (columns.len() <= 8).then_some(columns)
}

/// Short scalars fit on one line.
fn short_words(items: &[Value]) -> Option<String> {
    let mut words = Vec::new();
    for item in items {
        match item {
            Value::Object(_) | Value::Array(_) => return None,
            Value::String(text) if text.contains('\n') || text.contains(", ") => return None,
            scalar => words.push(word(scalar)),
        }
    }
    let line = words.join(", ");
    (line.len() <= 200).then_some(line)
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Facts {
        total: usize,
        ok: bool,
        note: &'static str,
        items: Value,
        deep: Value,
    }

    #[test]
    fn every_fact_is_in_the_text_in_the_order_of_its_type() {
        let facts = Facts {
            total: 2,
            ok: true,
            note: "two\nlines",
            items: json!([{"ref": "api:default/a", "title": "A"}, {"ref": "api:default/b"}]),
            deep: json!({"list": [{"name": "x", "more": [1, 2]}], "empty": [], "none": {}}),
        };
        let text = render(&json!(facts), &Order::of(&facts));
        assert_eq!(
            text,
            "total: 2\nok: true\nnote: |\n  two\n  lines\nitems:\n  ref | title\n  api:default/a | A\n  \
             api:default/b | -\ndeep:\n  empty: none\n  list:\n    - more: 1, 2\n      name: x\n  none: {}"
        );
    }
}
