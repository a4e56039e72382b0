//! Editors' settings in TOML: what goes in comes out, and nothing else changes.
#![no_main]

use std::path::Path;

use backstack_fuzz::entries;
use backstack_mcp::install::{Client, set, unset};
use libfuzzer_sys::fuzz_target;
use toml_edit::DocumentMut;

const CLIENT: Client = Client::Codex;

fuzz_target!(|before: &str| {
    let path = Path::new("config.toml");
    let (ours, other) = entries();
    let was_there = !matches!(unset(CLIENT, before, path), Ok(Some(left)) if left == before);
    let Ok(with) = set(CLIENT, Some(before), &ours, path) else { return };
    assert_eq!(set(CLIENT, Some(&with), &ours, path).expect("once more"), with, "once more");
    assert_eq!(rest(&with), rest(before), "{with}");
    let changed = set(CLIENT, Some(&with), &other, path).expect("brought up to date");
    assert_eq!(rest(&changed), rest(before), "{changed}");
    for text in [with, changed] {
        let left = unset(CLIENT, &text, path);
        assert!(was_there || left.expect("taken out").as_deref() == Some(before), "{before:?}\n{text:?}");
    }
});

/// All but our entry, without white space and comments.
fn rest(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document: DocumentMut = text.parse().expect("TOML");
    if let Some(section) = document.get_mut("mcp_servers").and_then(|item| item.as_table_like_mut()) {
        section.remove("backstack");
        if section.is_empty() {
            document.remove("mcp_servers");
        }
    }
    plain(document.as_item())
}

fn plain(item: &toml_edit::Item) -> String {
    match item {
        toml_edit::Item::Value(value) => value_of(value),
        toml_edit::Item::ArrayOfTables(tables) => {
            format!("[{}]", tables.iter().map(|table| members(table)).collect::<Vec<_>>().join(","))
        }
        toml_edit::Item::Table(table) => members(table),
        toml_edit::Item::None => String::new(),
    }
}

fn members(table: &dyn toml_edit::TableLike) -> String {
    let mut all: Vec<_> = table.iter().map(|(key, item)| format!("{key:?}:{}", plain(item))).collect();
    all.sort();
    format!("{{{}}}", all.join(","))
}

fn value_of(value: &toml_edit::Value) -> String {
    match value {
        toml_edit::Value::InlineTable(table) => members(table),
        toml_edit::Value::Array(items) => {
            format!("[{}]", items.iter().map(value_of).collect::<Vec<_>>().join(","))
        }
        toml_edit::Value::String(text) => format!("{:?}", text.value()),
        toml_edit::Value::Integer(number) => number.value().to_string(),
        toml_edit::Value::Float(number) => format!("{:?}", number.value()),
        toml_edit::Value::Boolean(flag) => flag.value().to_string(),
        toml_edit::Value::Datetime(time) => time.value().to_string(),
    }
}
