//! Files as people and programs write them, by the thousand: what goes in comes out, and nothing else changes.

use proptest::prelude::*;

use super::*;

/// White space and comments, as they may stand between any two words of JSON.
fn space() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        3 => Just(" ".to_string()),
        3 => Just("\n  ".to_string()),
        1 => Just("\r\n\t".to_string()),
        1 => Just(" // word, \"}\n".to_string()),
        1 => Just(" // word\r\n    ".to_string()),
        1 => Just(" /* { */ ".to_string()),
        1 => Just("\n/* two\nlines */\n".to_string()),
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    const VALUES: [&str; 8] =
        ["1", "-2.5e3", "true", "null", "\"\"", "\"}, // \\\" \\u00e9 \u{1f600}\"", "[1, [], {}]", "[\n1,\n]"];
    prop::sample::select(&VALUES[..]).prop_map(str::to_string)
}

/// An object of these members, with or without a comma at the end.
fn object(members: Vec<(&'static str, BoxedStrategy<String>)>) -> BoxedStrategy<String> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(key, value)| {
            (space(), space(), space(), value, space())
                .prop_map(move |(a, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}"))
        })
        .collect();
    (members, space(), any::<bool>())
        .prop_map(|(members, end, comma)| {
            let comma = if comma && !members.is_empty() { "," } else { "" };
            format!("{{{}{comma}{end}}}", members.join(","))
        })
        .boxed()
}

fn entries() -> BoxedStrategy<String> {
    let server = || object(vec![("command", scalar().boxed())]);
    prop_oneof![
        object(vec![]),
        object(vec![("one", server())]),
        object(vec![("one", server()), ("backstack2", scalar().boxed())]),
    ]
    .boxed()
}

fn json_file() -> impl Strategy<Value = String> {
    let root = prop_oneof![
        object(vec![]),
        object(vec![("a", scalar().boxed())]),
        object(vec![("mcpServers", entries())]),
        object(vec![("a", scalar().boxed()), ("mcpServers", entries()), ("b", entries())]),
        object(vec![("b", entries()), ("mcpServers", entries())]),
    ];
    (any::<bool>(), space(), root, space())
        .prop_map(|(mark, before, root, after)| format!("{}{before}{root}{after}", if mark { "\u{feff}" } else { "" }))
}

fn toml_file() -> impl Strategy<Value = String> {
    let parts = [
        "# a word\n",
        "\n",
        "key = 1 # why\n",
        "  spaced   =   'x'\n",
        "text = \"\"\"\n[mcpServers.backstack]\ncommand = \"no\"\n\"\"\"\n",
        "[table]\nlist = [\n  1, # one\n  2,\n]\n",
        "[mcpServers]\n",
        "[mcpServers.other]\ncommand = \"x\"\n\n",
        "  [mcpServers.other.env]\n  A = '[b]'\n",
        "[[many]]\nx = 1\n",
        "mcpServers = { other = { command = 'x' }, more = 1 }\n",
        "mcpServers = {}\n",
        "mcpServers = { }\n",
        "mcpServers.other.command = 'x'\n",
    ];
    let parts = prop::sample::subsequence(parts.to_vec(), 0..=parts.len());
    (any::<bool>(), parts, any::<bool>(), any::<bool>())
        .prop_map(|(mark, parts, windows, ends)| {
            let text: String = parts.concat();
            let text = if ends { text } else { text.trim_end_matches('\n').to_string() };
            let text = if windows { text.replace('\n', "\r\n") } else { text };
            format!("{}{text}", if mark { "\u{feff}" } else { "" })
        })
        .prop_filter("TOML", |text| toml_edit::Document::parse(text.trim_start_matches('\u{feff}')).is_ok())
}

/// A second installation, over HTTP: other keys.
fn other() -> Map<String, Value> {
    entry(json!({"url": "http://127.0.0.1:7311/mcp", "headers": {"Authorization": "Bearer \"t\""}}))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn json_is_given_back_as_it_was(before in json_file()) {
        let with = json::set(Some(&before), PLACE, &ours()).expect("set");
        let (mut all, was) = (read_json(&with), read_json(&before));
        prop_assert_eq!(&all["mcpServers"]["backstack"], &Value::Object(ours()));
        let section = all["mcpServers"].as_object_mut().expect("section");
        section.remove("backstack");
        if section.is_empty() && was.get("mcpServers").is_none() {
            all.as_object_mut().expect("root").remove("mcpServers");
        }
        prop_assert_eq!(all, was);
        prop_assert_eq!(&json::set(Some(&with), PLACE, &ours()).expect("again"), &with);
        prop_assert_eq!(json::remove(&with, PLACE).expect("removed"), Some(before.clone()));
        let changed = json::set(Some(&with), PLACE, &other()).expect("changed");
        prop_assert_eq!(&read_json(&changed)["mcpServers"]["backstack"], &Value::Object(other()));
        prop_assert_eq!(json::remove(&changed, PLACE).expect("removed"), Some(before));
    }

    #[test]
    fn toml_is_given_back_as_it_was(before in toml_file()) {
        let with = toml::set(Some(&before), PLACE, &ours()).expect("set");
        prop_assert_eq!(&toml::set(Some(&with), PLACE, &ours()).expect("again"), &with);
        prop_assert_eq!(toml::remove(&with, PLACE).expect("removed"), Some(before.clone()));
        let changed = toml::set(Some(&with), PLACE, &other()).expect("changed");
        prop_assert!(!changed.contains("/usr/bin/backstack"), "{}", changed);
        prop_assert_eq!(toml::remove(&changed, PLACE).expect("removed"), Some(before));
    }

    #[test]
    fn no_text_is_too_strange(text in "[\\[\\]{}\",:/*\\\\ \n\ra-c=.#'\u{feff}]{0,60}") {
        for remove in [json::remove, toml::remove] {
            if let Ok(left) = remove(&text, PLACE) {
                prop_assert_eq!(left, Some(text.clone()));
            }
        }
        drop(json::set(Some(&text), PLACE, &ours()));
        if let Ok(with) = toml::set(Some(&text), PLACE, &ours()) {
            prop_assert_eq!(toml::remove(&with, PLACE).expect("removed"), Some(text));
        }
    }
}
