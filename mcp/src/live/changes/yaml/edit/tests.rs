use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::live::changes::yaml::write::tests::any_value;

const FILE: &str = "# The shop.
apiVersion: p.dev/v1 # of the platform
kind: App
metadata:
  name: \"shop\"
  labels: {team: red, 'tier': front}

spec:
  # Pinned: 1.30 leaks.
  image: nginx:1.29.3 # see ticket 7
  command: ['sh', -c]
  env:
  - name: A
    # Why A.
    value: 'on'
  - {name: B, value: \"2\"}
  script: |
    echo 1
      echo 2
  empty:
  none: []
# The end.
---
# Another one.
kind: Other
";

fn first() -> Value {
    values(FILE).expect("YAML").remove(0)
}

/// The lines that differ, as `-` and `+`.
fn changed(text: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut wanted = values(text).expect("YAML").remove(0);
    change(&mut wanted);
    let done = set(text, 0, &wanted).expect("a change");
    assert!(!done.rewritten, "written anew:\n{}", done.text);
    let diff = similar::TextDiff::from_lines(text, &done.text);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changes.map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n'))).collect()
}

type Change = Box<dyn Fn(&mut Value)>;

#[test]
fn only_the_lines_of_what_changes_are_others() {
    let cases: Vec<(Change, &[&str])> = vec![
        (
            Box::new(|it| it["spec"]["image"] = "a:2".into()),
            &["-  image: nginx:1.29.3 # see ticket 7", "+  image: a:2 # see ticket 7"],
        ),
        (Box::new(|it| it["metadata"]["name"] = "on".into()), &["-  name: \"shop\"", "+  name: \"on\""]),
        (
            Box::new(|it| it["metadata"]["labels"]["tier"] = "back".into()),
            &["-  labels: {team: red, 'tier': front}", "+  labels: {team: red, 'tier': back}"],
        ),
        (
            Box::new(|it| it["metadata"]["labels"]["a/b"] = json!(["y"])),
            &["-  labels: {team: red, 'tier': front}", "+  labels: {team: red, 'tier': front, a/b: [\"y\"]}"],
        ),
        (Box::new(|it| it["spec"]["command"] = json!(["sh"])), &["-  command: ['sh', -c]", "+  command: ['sh']"]),
        (Box::new(|it| it["spec"]["env"][0]["value"] = "off".into()), &["-    value: 'on'", "+    value: 'off'"]),
        (
            Box::new(|it| it["spec"]["env"][1]["value"] = json!("3")),
            &["-  - {name: B, value: \"2\"}", "+  - {name: B, value: \"3\"}"],
        ),
        (
            Box::new(|it| it["spec"]["env"].as_array_mut().expect("list").push(json!({"name": "C", "value": "1"}))),
            &["+  - name: C", "+    value: \"1\""],
        ),
        (
            Box::new(|it| drop(it["spec"]["env"].as_array_mut().expect("list").remove(1))),
            &["-  - {name: B, value: \"2\"}"],
        ),
        (
            Box::new(|it| drop(it["spec"].as_object_mut().expect("map").remove("script"))),
            &["-  script: |", "-    echo 1", "-      echo 2"],
        ),
        (
            Box::new(|it| it["spec"]["script"] = "one".into()),
            &["-  script: |", "-    echo 1", "-      echo 2", "+  script: one"],
        ),
        (Box::new(|it| it["spec"]["script"] = "a\nb\n".into()), &["-    echo 1", "-      echo 2", "+    a", "+    b"]),
        (Box::new(|it| it["spec"]["empty"] = 5.into()), &["-  empty:", "+  empty: 5"]),
        (Box::new(|it| it["spec"]["none"] = json!([{"a": 1}])), &["-  none: []", "+  none:", "+  - a: 1"]),
        (Box::new(|it| it["spec"]["replicas"] = 2.into()), &["+  replicas: 2"]),
        (
            Box::new(|it| it["spec"]["image"] = json!({"tag": 1})),
            &["-  image: nginx:1.29.3 # see ticket 7", "+  image: # see ticket 7", "+    tag: 1"],
        ),
        (Box::new(|it| it["status"] = json!({"a": {"b": null}})), &["+status:", "+  a:", "+    b: null"]),
    ];
    for (change, lines) in cases {
        let got = changed(FILE, change);
        assert_eq!(got, lines);
    }
}

#[test]
fn line_ends_stay_what_they_are() {
    let text = FILE.replace('\n', "\r\n");
    let mut wanted = first();
    wanted["spec"]["env"] = json!([]);
    wanted["spec"]["more"] = json!({"a": [1, "x\ny\n"]});
    let done = set(&text, 0, &wanted).expect("a change");
    assert!(!done.rewritten && !done.text.replace("\r\n", "").contains(['\n', '\r']), "{:?}", done.text);
    let bare = "a: 1";
    assert_eq!(set(bare, 0, &json!({"a": 1, "b": 2})).expect("a change").text, "a: 1\nb: 2");
}

#[test]
fn json_stays_json() {
    let done =
        set("{\"a\": 1,\n \"b\": {\"c\": [\"x\"]}}\n", 0, &json!({"a": 1, "b": {"c": ["x", "on\u{7f}"], "d": 2}}));
    assert_eq!(done.expect("a change").text, "{\"a\": 1,\n \"b\": {\"c\": [\"x\", \"on\\u007F\"], \"d\": 2}}\n");
}

#[test]
fn what_an_anchor_is_for_keeps_its_value() {
    let text = "a: &x {k: 1}\nb: *x\n";
    let done = set(text, 0, &json!({"a": {"k": 2}, "b": {"k": 1}})).expect("a change");
    assert_eq!(values(&done.text).expect("YAML")[0], json!({"a": {"k": 2}, "b": {"k": 1}}));
}

#[test]
fn documents_go_and_come_as_a_whole() {
    assert_eq!(remove(FILE, 0).expect("YAML").as_deref(), Some("---\n# Another one.\nkind: Other\n"));
    assert!(remove(FILE, 1).expect("YAML").expect("the first").ends_with("# The end.\n"));
    assert_eq!(remove("a: 1\n", 0), Ok(None));
    assert_eq!(append("a: 1\n", "---\nb: 2\n"), "a: 1\n---\nb: 2\n");
    let replaced = replace(FILE, 1, "kind: Third # new\n").expect("YAML");
    assert!(
        replaced.starts_with("# The shop.") && replaced.ends_with("# The end.\n---\nkind: Third # new\n"),
        "{replaced}"
    );
}

/// Every path to a leaf or a collection in a value.
fn paths(value: &Value, at: &str) -> Vec<String> {
    let inner: Vec<_> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    inner
        .into_iter()
        .flat_map(|(key, value)| {
            let path = format!("{at}/{key}");
            [path.clone()].into_iter().chain(paths(value, &path))
        })
        .collect()
}

/// A text of a value with a comment behind and above many of its lines.
fn commented(value: &Value, dash: usize, line_break: &'static str) -> String {
    let style = Style { dash, line_break, json: false };
    let written = write::manifest(value, style);
    let lines = written.split_inclusive(line_break).enumerate();
    // Not within texts of several lines: there it would be text.
    let is_safe = !written.contains(['|', '"', '\'']);
    let lines = lines.map(|(index, line)| match index % 3 {
        0 if is_safe => format!("# comment {index}{line_break}{line}"),
        1 if is_safe => format!("{} # behind {index}{line_break}", line.trim_end_matches(line_break)),
        _ => line.to_string(),
    });
    lines.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// One field becomes something else: the result means what was wanted, and every line that is not of that field is
    /// there byte for byte.
    #[test]
    fn one_field_changes_and_the_rest_stays(
        value in any_value(),
        put in any_value(),
        pick in any::<prop::sample::Index>(),
        removes in any::<bool>(),
        dash in prop::sample::select(vec![0_usize, 2]),
        crlf in any::<bool>(),
    ) {
        let before = json!({"kind": "A", "spec": {"field": value, "other": [1, {"a": "b"}]}});
        let text = commented(&before, dash, if crlf { "\r\n" } else { "\n" }) + if crlf { "# end\r\n" } else { "# end\n" };
        prop_assume!(values(&text) == Ok(vec![before.clone()]));
        let paths: Vec<_> = paths(&before["spec"]["field"], "/spec/field").into_iter().chain(["/spec/field".into()]).collect();
        let path = &paths[pick.index(paths.len())];
        let mut wanted = before.clone();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        match wanted.pointer_mut(parent).expect("there") {
            Value::Object(fields) if removes => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
            Value::Array(items) if removes => drop(items.remove(key.parse().expect("a number"))),
            _ => *wanted.pointer_mut(path).expect("there") = put,
        }
        let done = set(&text, 0, &wanted).expect("a change");
        prop_assert_eq!(values(&done.text), Ok(vec![wanted]));
        prop_assert!(!done.rewritten, "written anew:\n{}\n=>\n{}", text, done.text);
        prop_assert!(done.text.starts_with(text.split_once("spec:").expect("spec").0));
        let tail = text.rfind("other:").map(|at| &text[at..]).expect("other");
        prop_assert!(done.text.ends_with(tail), "{}\n=>\n{}", text, done.text);
    }

    /// All of it becomes something else.
    #[test]
    fn any_value_becomes_any_other(before in any_value(), after in any_value()) {
        let (before, after) = (json!({"kind": "A", "spec": before}), json!({"kind": "A", "spec": after}));
        let text = write::manifest(&before, Style::FRESH);
        let done = set(&text, 0, &after).expect("a change");
        prop_assert_eq!(values(&done.text), Ok(vec![after]));
    }
}
