use serde_json::{Map, Value, json};

use super::client::Place;
use super::*;

mod before;
mod files;
mod styles;

const PLACE: Place = Place { section: "mcpServers", name: "backstack" };

fn entry(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn ours() -> Map<String, Value> {
    entry(json!({"type": "stdio", "command": "/usr/bin/backstack", "args": ["mcp", "--docs", "/a b"]}))
}

/// What a client reads.
fn read_json(text: &str) -> Value {
    let text = text.trim_start_matches('\u{feff}');
    let read = jsonc_parser::parse_to_ast(text, &Default::default(), &Default::default());
    read.unwrap_or_else(|error| panic!("{error}:\n{text}")).value.map(Value::from).expect("a value")
}

#[track_caller]
fn json_there_and_back(before: &str, with: &str) {
    let after = json::set(Some(before), PLACE, &ours()).expect("set");
    assert_eq!(after, with);
    assert_eq!(json::remove(&after, PLACE).expect("removed").as_deref(), Some(before));
}

#[test]
fn comments_stay_at_what_they_are_about() {
    json_there_and_back(
        "{\n\t// my servers\n\t\"mcpServers\": {\n\t\t\"other\": {\"command\": \"x\"} // keep\n\t\t// and this\n\t},\n\t\
         /* and */ \"inputs\": [1, \"},\"],\n}\n",
        "{\n\t// my servers\n\t\"mcpServers\": {\n\t\t\"other\": {\"command\": \"x\"}, // keep\n\t\t\"backstack\": {\n\t\t\t\
         \"args\": [\n\t\t\t\t\"mcp\",\n\t\t\t\t\"--docs\",\n\t\t\t\t\"/a b\"\n\t\t\t],\n\t\t\t\"command\": \
         \"/usr/bin/backstack\",\n\t\t\t\"type\": \"stdio\"\n\t\t}\n\t\t// and this\n\t},\n\t\
         /* and */ \"inputs\": [1, \"},\"],\n}\n",
    );
}

#[test]
fn a_carriage_return_alone_ends_a_comment() {
    for before in
        ["{ // c\r}", "{\t// c\r \u{c}\n}", "{\r\t// c\r  \"a\": 1 // d\r\t}", "{\"a\": 1, // c\r\"b\": {}}\r"]
    {
        let with = json::set(Some(before), PLACE, &ours()).expect("set");
        assert_eq!(read_json(&with)["mcpServers"]["backstack"], Value::Object(ours()), "{with:?}");
        assert_eq!(json::remove(&with, PLACE).expect("removed").as_deref(), Some(before), "{with:?}");
    }
}

#[test]
fn a_file_on_one_line_stays_on_one_line() {
    let one = r#"{"args": ["mcp", "--docs", "/a b"], "command": "/usr/bin/backstack", "type": "stdio"}"#;
    json_there_and_back("{}", &format!(r#"{{"mcpServers": {{ "backstack": {one} }}}}"#));
    json_there_and_back(r#"{"mcpServers":{}}"#, &format!(r#"{{"mcpServers":{{"backstack": {one}}}}}"#));
    json_there_and_back(r#"{"a": 1,}"#, &format!(r#"{{"a": 1, "mcpServers": {{ "backstack": {one} }},}}"#));
}

#[test]
fn a_new_file_goes_again_and_a_blank_one_stays() {
    let new = json::set(None, PLACE, &ours()).expect("set");
    assert!(new.ends_with("}\n"), "{new}");
    assert_eq!(json::remove(&new, PLACE).expect("removed"), None);
    for blank in ["", "\n", " \r\n\t", "\u{feff}", "\u{feff}\n"] {
        let with = json::set(Some(blank), PLACE, &ours()).expect("set");
        assert_eq!(json::remove(&with, PLACE).expect("removed").as_deref(), Some(blank), "{blank:?}");
    }
    for blank in ["", "\n", "\u{feff}", "\u{feff}\u{feff}", "\r\n# only words"] {
        let with = toml::set(Some(blank), PLACE, &ours()).expect("set");
        assert_eq!(toml::remove(&with, PLACE).expect("removed").as_deref(), Some(blank), "{blank:?}");
    }
    let new = toml::set(None, PLACE, &ours()).expect("set");
    assert_eq!(toml::remove(&new, PLACE).expect("removed"), None);
}

#[test]
fn what_people_added_to_our_entry_stays() {
    let before = "{\n  \"mcpServers\": {\n    \"backstack\": {\n      \"command\": \"old\", // mine\n      \"env\": {\"A\": \"1\"},\n      \
                  \"args\": [\"mcp\"],\n      \"disabled\": true\n    }\n  }\n}\n";
    let after = json::set(Some(before), PLACE, &entry(json!({"command": "new", "args": ["mcp"]}))).expect("set");
    assert_eq!(after, before.replace("\"old\"", "\"new\""));
    let http = entry(json!({"url": "http://h/mcp", "headers": {"Authorization": "Bearer t"}}));
    let other = read_json(&json::set(Some(before), PLACE, &http).expect("set"));
    let wanted =
        json!({"url": "http://h/mcp", "headers": {"Authorization": "Bearer t"}, "env": {"A": "1"}, "disabled": true});
    assert_eq!(other["mcpServers"]["backstack"], wanted);
    let headers = r#"{"mcpServers": {"backstack": {"url": "u", "headers": {"X-Mine": "1", "Authorization": "old"}}}}"#;
    let after = read_json(&json::set(Some(headers), PLACE, &http).expect("set"));
    assert_eq!(after["mcpServers"]["backstack"]["headers"], json!({"X-Mine": "1", "Authorization": "Bearer t"}));

    let before = "[mcpServers.backstack]\r\ncommand = \"old\" # mine\r\nstartup_timeout_sec = 9\r\nargs = ['mcp']\r\n\r\n\
                  [mcpServers.backstack.env]\r\nA = \"1\"\r\n";
    let new = entry(json!({"command": "new", "args": ["mcp"]}));
    let after = toml::set(Some(before), PLACE, &new).expect("set");
    assert_eq!(after, before.replace("\"old\"", "\"new\""));
    let after = toml::set(Some(before), PLACE, &entry(json!({"url": "u", "http_headers": {"A": "b"}}))).expect("set");
    assert_eq!(
        after,
        "[mcpServers.backstack]\r\nhttp_headers = { A = \"b\" }\r\nurl = \"u\"\r\nstartup_timeout_sec = 9\r\n\r\n\
         [mcpServers.backstack.env]\r\nA = \"1\"\r\n"
    );
    let inline = "mcpServers = { backstack = { command = \"old\", env = { A = \"1\" } }, other = {} }\n";
    let after = toml::set(Some(inline), PLACE, &entry(json!({"command": "new"}))).expect("set");
    assert_eq!(after, inline.replace("\"old\"", "\"new\""));
}

#[test]
fn what_came_later_stays() {
    let with = json::set(Some("{\n  \"a\": 1\n}\n"), PLACE, &ours()).expect("set");
    let later = with.replace("\"mcpServers\": {", "\"mcpServers\": { // note\n    \"later\": {},");
    let after = json::remove(&later, PLACE).expect("removed").expect("a file");
    assert_eq!(after, "{\n  \"a\": 1,\n  \"mcpServers\": { // note\n    \"later\": {}\n  }\n}\n");
    let with = toml::set(Some("a = 1"), PLACE, &ours()).expect("set");
    let later = format!("{with} # said\n\n# about b\n[b]\nc = 1\n");
    assert_eq!(toml::remove(&later, PLACE).expect("out").as_deref(), Some("a = 1\n\n# about b\n[b]\nc = 1\n"));
}

#[test]
fn a_text_with_our_header_in_it_is_no_header() {
    let before = "prompt = \"\"\"\n[mcpServers.backstack]\ncommand = \"x\"\n\"\"\"\n\n[mcpServers.other]\ncommand = \"y\"\n\n\
                  [profile]\nz = 1\n";
    let with = toml::set(Some(before), PLACE, &ours()).expect("set");
    assert!(with.starts_with(before) && with.len() > before.len(), "{with}");
    assert_eq!(toml::remove(&with, PLACE).expect("removed").as_deref(), Some(before));
    assert_eq!(toml::remove(before, PLACE).expect("nothing to do").as_deref(), Some(before));
}

#[test]
fn an_entry_without_a_header_of_its_own_is_left_alone() {
    let before = "[mcpServers.a]\nx = 1\n[mcpServers.backstack.env]\nA = \"b\"\n\n[z]\n";
    let error = toml::set(Some(before), PLACE, &ours()).expect_err("no header");
    assert!(error.contains("no header of its own"), "{error}");
}

#[test]
fn what_is_unclear_is_left_alone_with_the_line() {
    for (text, part) in [
        ("[1]", "line 1"),
        ("// only words", "only comments"),
        ("{\"mcpServers\": 3}", "no object"),
        ("{\n\"a\": \n}", "line 3"),
        ("{\"a\": \"x", "line 1"),
        ("{} {}", "line 1"),
        ("{\n\"mcpServers\": {},\n\"mcpServers\": {}}", "line 3: `mcpServers` is there a second time"),
        ("{\"a\": 1 \"b\": 2}", "line 1"),
    ] {
        let error = json::set(Some(text), PLACE, &ours()).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    for text in ["{\"mcpServers\": {\"backstack\": 3}}", "{\"mcpServers\": {\"backstack\": null}}"] {
        assert!(
            json::set(Some(text), PLACE, &ours())
                .expect_err(text)
                .contains("`backstack` is there, but it is no object")
        );
    }
    let deep = "{\"a\":".repeat(100_000);
    assert!(json::set(Some(&deep), PLACE, &ours()).is_err());
    for (text, part) in [
        ("mcpServers = 3\n", "no table"),
        ("[[mcpServers]]\n", "no table"),
        ("a = 1\nb = \n", "line 2"),
        ("mcpServers.backstack.command = 'x'\n", "dotted keys"),
    ] {
        let error = toml::set(Some(text), PLACE, &ours()).expect_err(text);
        assert!(error.contains(part), "{error}");
    }
    let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(text::decode(wide).expect_err("UTF-16").contains("UTF-16"));
    let wider: Vec<u8> = "\u{feff}{}".chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    assert!(text::decode(wider).expect_err("UTF-32").contains("UTF-32; save it as UTF-8"));
    assert!(text::decode(b"{\n\"a\": \"\xff\"}".to_vec()).expect_err("bytes").contains("line 2"));
}
