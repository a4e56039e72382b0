//! Editors' settings in JSON with comments: what goes in comes out, and nothing else changes.
#![no_main]

use std::path::Path;

use backstack_fuzz::entries;
use backstack_mcp::install::{Client, set, unset};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

const CLIENT: Client = Client::VsCode;

fuzz_target!(|before: &str| {
    let path = Path::new("mcp.json");
    let (ours, other) = entries();
    let was_there = !matches!(unset(CLIENT, before, path), Ok(Some(left)) if left == before);
    let Ok(with) = set(CLIENT, Some(before), &ours, path) else { return };
    assert_eq!(set(CLIENT, Some(&with), &ours, path).expect("once more"), with, "once more");
    let changed = set(CLIENT, Some(&with), &other, path).expect("brought up to date");
    assert_eq!(rest(&with), rest(before), "{with}");
    assert_eq!(rest(&changed), rest(before), "{changed}");
    let entry = read(&with)["servers"]["backstack"]["command"].clone();
    assert_eq!(entry, "/usr/bin/backstack", "{with}");
    for text in [with, changed] {
        let left = unset(CLIENT, &text, path).expect("taken out");
        assert!(was_there || left.as_deref() == Some(before), "{before:?}\n{text:?}\n{left:?}");
    }
});

fn read(text: &str) -> Map<String, Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = jsonc_parser::parse_to_ast(text, &Default::default(), &Default::default()).expect("JSON");
    read.value.map(Value::from).and_then(|value| value.as_object().cloned()).unwrap_or_default()
}

/// All but our entry.
fn rest(text: &str) -> Map<String, Value> {
    let mut all = read(text);
    if let Some(section) = all.get_mut("servers").and_then(Value::as_object_mut) {
        section.remove("backstack");
        if section.is_empty() {
            all.remove("servers");
        }
    }
    all
}
