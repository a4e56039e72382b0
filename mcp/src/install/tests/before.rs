//! What people had in the place of our entry before, and files that are theirs.

use super::files::{notes, places, stdio};
use super::*;

/// A client's file, with this in it.
fn with_file(client: Client, text: &str) -> (tempfile::TempDir, Places, Notes) {
    let folder = tempfile::tempdir().expect("folder");
    let (places, notes) = (places(folder.path()), notes(folder.path()));
    let path = client.file(&places);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
    (folder, places, notes)
}

fn text_of(client: Client, places: &Places) -> Option<String> {
    std::fs::read_to_string(client.file(places)).ok()
}

fn put_in(client: Client, places: &Places, notes: &Notes, entry: &Entry) {
    write(&install(client, places, entry, notes).expect("edit"), notes).expect("written");
}

fn take_out(client: Client, places: &Places, notes: &Notes) -> Edit {
    let edit = uninstall(client, places, notes).expect("out");
    write(&edit, notes).expect("written");
    edit
}

fn http() -> Entry {
    Entry::Http { url: "http://127.0.0.1:7311/mcp".into(), token: "t".into() }
}

const HAND_WRITTEN: [(Client, &str); 6] = [
    (
        Client::Cursor,
        "{\"mcpServers\":{\"backstack\":{\"command\":\"/usr/bin/old\",\"env\":{\"A\":\"1\"}, // mine\n}}}\n",
    ),
    (Client::Cursor, "{\n  \"mcpServers\": {\n    \"backstack\": {\n      \"command\": \"x\"\n    }\n  }\n}\n"),
    (
        Client::VsCode,
        "{\"servers\": {\"backstack\": {\"url\": \"http://mine\", \"headers\": {\"X\": \"1\"}}, \"b\": {}}}",
    ),
    (Client::Codex, "[mcp_servers.backstack]\ncommand = \"/usr/bin/old\"\nenv = { A = \"1\" }\n"),
    (Client::Codex, "[mcp_servers.backstack] # mine\r\nurl = \"u\"\r\nhttp_headers = { X = \"1\" }\r\n\r\n[z]\r\n"),
    (Client::Codex, "mcp_servers = { backstack = { command = \"x\", env = { A = \"1\" } } }\n"),
];

#[test]
fn an_entry_that_was_there_comes_back() {
    for (client, before) in HAND_WRITTEN {
        let (_folder, places, notes) = with_file(client, before);
        put_in(client, &places, &notes, &stdio());
        // Once more is not the entry from before.
        put_in(client, &places, &notes, &http());
        put_in(client, &places, &notes, &stdio());
        assert!(text_of(client, &places).expect("there").contains("/usr/bin/backstack"));
        let edit = take_out(client, &places, &notes);
        assert!(edit.remark.is_some_and(|remark| remark.contains("is back")));
        let after = text_of(client, &places).expect("there");
        let of =
            |text: &str| present(client, text, Path::new("x")).expect("read").map(|entry| (entry.ours, entry.theirs));
        assert_eq!(of(&after), of(before), "{after}");
        for kept in ["// mine", "# mine", "env = { A = \"1\" }", "\"env\":{\"A\":\"1\"}", "[z]"] {
            assert_eq!(after.contains(kept), before.contains(kept), "{after}");
        }
        // What is there now is not ours.
        let edit = take_out(client, &places, &notes);
        assert!(edit.content.is_some(), "{before}");
        assert!(!text_of(client, &places).expect("the file stays").contains("backstack"));
        assert!(!take_out(client, &places, &notes).changes);
    }
}

#[test]
fn an_entry_of_the_same_sort_comes_back_to_the_byte() {
    for (client, before) in [HAND_WRITTEN[0], HAND_WRITTEN[1], HAND_WRITTEN[3]] {
        let (_folder, places, notes) = with_file(client, before);
        put_in(client, &places, &notes, &stdio());
        take_out(client, &places, &notes);
        assert_eq!(text_of(client, &places).as_deref(), Some(before));
    }
}

#[test]
fn a_file_that_install_did_not_make_stays() {
    for (client, before) in HAND_WRITTEN {
        let (_folder, places, notes) = with_file(client, before);
        let edit = take_out(client, &places, &notes);
        let (after, keys) = (text_of(client, &places).expect("the file stays"), before.contains("env"));
        assert!(!after.contains("backstack"), "{after}");
        assert_eq!(edit.remark.is_some_and(|remark| remark.ends_with("went with it: `env`.")), keys, "{before}");
    }
    // Made by install, but somebody wrote another entry in its place.
    let (_folder, places, notes) = with_file(Client::Cursor, "");
    std::fs::remove_file(Client::Cursor.file(&places)).expect("gone");
    put_in(Client::Cursor, &places, &notes, &stdio());
    std::fs::write(Client::Cursor.file(&places), HAND_WRITTEN[1].1).expect("written");
    take_out(Client::Cursor, &places, &notes);
    assert_eq!(text_of(Client::Cursor, &places).as_deref(), Some("{}\n"));
}

#[test]
fn what_was_added_to_our_entry_goes_with_it_and_is_named() {
    let (_folder, places, notes) = with_file(Client::Cursor, "{}");
    put_in(Client::Cursor, &places, &notes, &stdio());
    let path = Client::Cursor.file(&places);
    let text = text_of(Client::Cursor, &places).expect("there").replace("\"args\"", "\"env\": {}, \"args\"");
    std::fs::write(path, text).expect("written");
    let edit = take_out(Client::Cursor, &places, &notes);
    assert_eq!(edit.remark.as_deref(), Some("What was added to the entry went with it: `env`."));
    assert_eq!(text_of(Client::Cursor, &places).as_deref(), Some("{}"));
}

#[test]
fn where_install_refuses_uninstall_does_too() {
    for (client, text) in [
        (Client::Cursor, "{\"mcpServers\": {\"backstack\": {\"command\": \"a\", \"command\": \"b\"}}}"),
        (Client::Cursor, "{\"mcpServers\": {\"backstack\": \"a\"}}"),
        (Client::Cursor, "{\"mcpServers\": 3}"),
        (Client::Codex, "[mcp_servers.backstack.env]\nA = \"1\"\n"),
        (Client::Codex, "mcp_servers = { backstack.command = \"x\", y.command = \"z\" }\n"),
        (Client::Codex, "mcp_servers = { backstack = 3 }\n"),
        (Client::Codex, "[mcp_servers]\nbackstack = 3\n"),
        (Client::Codex, "mcp_servers.backstack.command = 'x'\n"),
    ] {
        let (_folder, places, notes) = with_file(client, text);
        let refused = install(client, &places, &stdio(), &notes).expect_err(text).to_string();
        assert!(refused.contains("was left as it is"), "{refused}");
        assert_eq!(uninstall(client, &places, &notes).expect_err(text).to_string(), refused, "{text}");
    }
}

#[test]
fn rules_that_somebody_wrote_come_back_or_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let notes = notes(folder.path());
    for client in [Client::Cursor, Client::ClaudeCode, Client::VsCode, Client::Codex, Client::Zed] {
        let file = rules_file(client, folder.path()).expect("rules");
        std::fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
        std::fs::write(&file.path, "mine\n").expect("written");
        for edit in [RulesFile::install, RulesFile::uninstall] {
            write(&edit(&file, &notes).expect("edit"), &notes).expect("written");
        }
        assert_eq!(std::fs::read_to_string(&file.path).expect("stays"), "mine\n");
        // Not installed, there is nothing of ours.
        let edit = file.uninstall(&notes).expect("edit");
        assert!(!edit.changes, "{client:?}");
        std::fs::remove_file(&file.path).expect("gone");
        write(&file.install(&notes).expect("edit"), &notes).expect("written");
        let text = std::fs::read_to_string(&file.path).expect("written");
        std::fs::write(&file.path, text.replace("`find`", "`seek`")).expect("changed");
        write(&file.uninstall(&notes).expect("edit"), &notes).expect("written");
        assert!(file.path.exists(), "{client:?}: what somebody changed is theirs");
    }
}

#[test]
fn notes_hold_no_token_and_are_their_owners_alone() {
    let (folder, places, notes) = with_file(Client::Cursor, "{}");
    let entry = Entry::Http { url: "http://h/mcp".into(), token: "bs_secret".into() };
    put_in(Client::Cursor, &places, &notes, &entry);
    let path = folder.path().join("state/installed.json");
    assert!(!std::fs::read_to_string(&path).expect("notes").contains("bs_secret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).expect("notes").permissions().mode() & 0o777, 0o600);
    }
}
