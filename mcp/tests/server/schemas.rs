//! What clients are told about the tools, kept word for word. `BACKSTACK_UPDATE_GOLDEN=1` writes the file anew.

use std::path::Path;

use serde_json::Value;

use super::server;

/// Words that some strict client refuses in a schema.
const REFUSED: [&str; 6] = ["$ref", "$defs", "\"null\"", "uint", "\"format\":\"int", "\"type\":["];

#[tokio::test]
async fn tools_are_told_as_they_were() {
    let told = serde_json::to_value(server().told()).expect("plain data");
    let text = format!("{}\n", serde_json::to_string_pretty(&told).expect("plain data"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/tools.json");
    if std::env::var_os("BACKSTACK_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let golden = std::fs::read_to_string(&path).expect("tests/server/tools.json");
    assert_eq!(text, golden, "the tools changed: is that meant? BACKSTACK_UPDATE_GOLDEN=1 writes the file");
}

#[tokio::test]
async fn strict_clients_accept_every_schema() {
    for tool in server().told() {
        let schemas = [Some(tool.input_schema.clone()), tool.output_schema.clone()];
        for schema in schemas.iter().flatten() {
            let text = Value::Object(schema.as_ref().clone()).to_string();
            for word in REFUSED {
                assert!(!text.contains(word), "{} has {word}: {text}", tool.name);
            }
            assert_eq!(schema["type"], "object", "{}", tool.name);
        }
        assert!(tool.output_schema.is_some(), "{} has no output schema", tool.name);
        let annotations = tool.annotations.expect("annotations");
        assert_eq!(annotations.read_only_hint, Some(true), "{}", tool.name);
        let every_field_is_told = tool.input_schema["properties"].as_object().expect("properties").iter();
        for (name, field) in every_field_is_told {
            assert!(field["description"].is_string(), "{}: `{name}` is not described", tool.name);
        }
    }
}
