use serde_json::Value;

use super::*;

fn places(folder: &Path) -> Places {
    Places { home: folder.into(), config: folder.join(".config"), project: None }
}

fn stdio() -> Entry {
    Entry::Stdio { command: "/usr/bin/backstack".into(), arguments: vec!["mcp".into()] }
}

const WITH_COMMENTS: &str = "{
\t// my servers
\t\"servers\": {
\t\t\"other\": {\"command\": \"x\"}, // keep
\t},
\t/* and */ \"inputs\": [1, \"},\"],
}
";

#[test]
fn every_client_gets_its_entry_and_loses_it_again() {
    for client in Client::ALL {
        let folder = tempfile::tempdir().expect("folder");
        let places = places(folder.path());
        let edit = install(client, &places, &stdio()).expect("edit");
        assert!(edit.changes);
        write(&edit).expect("written");
        let text = std::fs::read_to_string(&edit.path).expect("file");
        assert!(text.contains("/usr/bin/backstack"), "{text}");
        assert!(!install(client, &places, &stdio()).expect("again").changes, "{client:?} is not idempotent");
        let gone = uninstall(client, &places).expect("out");
        assert!(gone.changes && gone.content.is_empty(), "something is left of a file of our own: {}", gone.content);
    }
}

#[test]
fn nothing_else_of_a_file_changes() {
    let value: Value = serde_json::json!({"command": "b"});
    let with = jsonc::set(WITH_COMMENTS, &["servers", "backstack"], &value).expect("set");
    for kept in ["\t// my servers", "// keep", "/* and */ \"inputs\": [1, \"},\"],", "\"other\": {\"command\": \"x\"},"]
    {
        assert!(with.contains(kept), "{kept} is gone:\n{with}");
    }
    let changed = jsonc::set(&with, &["servers", "backstack"], &serde_json::json!({"command": "c"})).expect("set");
    assert!(changed.contains("\"c\"") && !changed.contains("\"b\""));
    let without = jsonc::remove(&changed, &["servers", "backstack"]).expect("removed");
    assert!(!without.contains("backstack") && without.contains("// keep"), "{without}");
    assert!(jsonc::set(&without, &["servers", "again"], &value).is_ok(), "{without}");
}

#[test]
fn plain_json_stays_json() {
    let texts = [
        "{}",
        "{\n}",
        "{\"mcpServers\": {}}",
        "{\"a\": 1}",
        "{\"mcpServers\": {\"x\": {}}, \"b\": [1, {\"c\": \"\\\"}\"}]}",
        "{\n  \"mcpServers\": {\n    \"x\": {\n      \"command\": \"y\"\n    }\n  }\n}\n",
    ];
    for text in texts {
        let before: Value = serde_json::from_str(text).expect("json");
        let with = jsonc::set(text, &["mcpServers", "backstack"], &serde_json::json!({"n": 1})).expect("set");
        let value: Value = serde_json::from_str(&with).unwrap_or_else(|error| panic!("{error}: {with}"));
        assert_eq!(value["mcpServers"]["backstack"]["n"], 1);
        let out = jsonc::remove(&with, &["mcpServers", "backstack"]).expect("out");
        let mut after: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        if before.get("mcpServers").is_none() {
            after.as_object_mut().expect("object").remove("mcpServers");
        }
        assert_eq!(after, before, "{out}");
    }
}

#[test]
fn what_is_unclear_is_left_alone_with_the_line() {
    for (text, part) in [
        ("[1]", "line 1"),
        ("{\"mcpServers\": 3}", "no object"),
        ("{\n\"a\": \n}", "line 3"),
        ("{\"a\": \"x", "no end"),
        ("{} {}", "behind"),
    ] {
        let error = jsonc::set(text, &["mcpServers", "backstack"], &Value::Null).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    let deep = "{\"a\":".repeat(100_000);
    assert!(jsonc::set(&deep, &["x"], &Value::Null).is_err());
    assert!(toml::set("mcp_servers = { a = 1 }\n", "mcp_servers", "backstack", &Value::Null).is_err());
}

#[test]
fn toml_keeps_its_other_tables() {
    let text = "# mine\nmodel = \"x\"\n\n[mcp_servers.other]\ncommand = \"y\"\n\n[mcp_servers.backstack]\ncommand = \"old\"\n\n\
                [mcp_servers.backstack.env]\nA = \"1\"\n\n[profile]\nz = 1\n";
    let with = toml::set(text, "mcp_servers", "backstack", &serde_json::json!({"command": "new", "args": ["mcp"]}))
        .expect("set");
    assert!(with.ends_with("[mcp_servers.backstack]\nargs = [\"mcp\"]\ncommand = \"new\"\n"), "{with}");
    for kept in ["# mine", "[mcp_servers.other]", "[profile]\nz = 1"] {
        assert!(with.contains(kept), "{with}");
    }
    assert!(!with.contains("old") && !with.contains("backstack.env"));
}

#[cfg(unix)]
#[test]
fn a_file_with_a_token_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let places = places(folder.path());
    let path = Client::Cursor.file(&places);
    std::fs::create_dir_all(path.parent().expect("folder")).expect("made");
    std::fs::write(&path, "{}").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let entry = Entry::Http { url: "http://127.0.0.1:7311/mcp".into(), token: "t".into() };
    write(&install(Client::Cursor, &places, &entry).expect("edit")).expect("written");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(matches!(install(Client::ClaudeDesktop, &places, &entry), Err(InstallError::NoHttp { .. })));
}

#[test]
fn rules_share_a_file_with_others() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("AGENTS.md"), "# Mine\n\nBe kind.\n").expect("written");
    let file = rules_file(Client::Codex, folder.path()).expect("file");
    write(&file.install().expect("edit")).expect("written");
    assert!(!file.install().expect("again").changes);
    let text = std::fs::read_to_string(&file.path).expect("file");
    assert!(text.starts_with("# Mine\n\nBe kind.\n") && text.contains("catalog_list"));
    assert_eq!(file.uninstall().expect("out").content, "# Mine\n\nBe kind.\n");
    assert_eq!(rules_file(Client::ClaudeDesktop, folder.path()), None);
}
