//! What different readers of YAML agree on, and what is told with its line.

use super::*;
use serde_json::json;

fn one(text: &str) -> Document {
    let (mut documents, faults) = parse(text.as_bytes());
    assert_eq!(faults, []);
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn faults(text: &str) -> Vec<Fault> {
    parse(text.as_bytes()).1
}

#[test]
fn values_know_their_lines() {
    let document = one("# head\na: 1\nb:\n  - x\n  - c: {d: e}\n    f: g\n");
    assert_eq!(document.value, json!({"a": 1, "b": ["x", {"c": {"d": "e"}, "f": "g"}]}));
    let line = |pointer| document.places.line(pointer);
    assert_eq!([line(""), line("/a"), line("/b"), line("/b/0"), line("/b/1/c/d"), line("/b/1/f")], [2, 2, 3, 4, 5, 6]);
    assert_eq!(line("/b/1/unknown"), 5);
    let line_of = |name| document.places.line_of(&document.value, name);
    assert_eq!([line_of("b[1].c.d"), line_of("b[1].f"), line_of("b[7]"), line_of("x.y")], [5, 6, 3, 2]);
    assert_eq!(pointer(&json!({"a.b/c": {"d": 1}, "a": 2}), "a.b/c.d"), "/a.b~1c/d");
}

#[test]
fn keys_with_slashes_are_escaped() {
    let document = one("x: y\na/b~c: 1\n");
    assert_eq!(document.places.line(&child("", "a/b~c")), 2);
    assert_eq!(document.value.pointer(&child("", "a/b~c")), Some(&json!(1)));
}

#[test]
fn text_in_blocks_knows_its_own_lines() {
    let text = "data:\n  file: |\n    one\n    two ${x}\n  folded: >-\n    one\n    two\n";
    let document = one(text);
    let value = document.value.pointer("/data/file").and_then(Value::as_str).expect("text");
    assert_eq!(value, "one\ntwo ${x}\n");
    assert_eq!(document.places.line_in_text("/data/file", value, value.find("${").expect("found")), 4);
    assert_eq!(document.places.line_in_text("/data/folded", "one two", 4), 5);
    let document = one("a: |\n\n\n  x\nb:\n  - |\n    y\n    z\n");
    assert_eq!(document.places.line_in_text("/a", "\n\nx\n", 2), 4);
    assert_eq!(document.places.line_in_text("/b/0", "y\nz\n", 2), 8);
}

#[test]
fn documents_are_apart_and_empty_ones_left_out() {
    let (documents, faults) = parse(b"---\n# nothing\n---\na: 1\n---\na: 2\n");
    assert_eq!(faults, []);
    assert_eq!(documents.iter().map(|document| document.places.line("/a")).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, part) in [
        ("a: 1\nb: 2\na: 3\n", 3, "key `a` is given twice (first in line 1)"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merge keys"),
        ("a: 1\n? [b]\n: c\n", 2, "a key must be text"),
        ("a: !thing b\n", 1, "YAML tags"),
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML"),
        ("a: 1\n  b: 2\n", 2, "not valid YAML"),
        ("a: &x [*x]\n", 1, "refers to a value that contains it"),
        ("a: yes\n", 1, "write `true`"),
        ("a: &x 1\n---\nb: *x\n", 3, "anchors end with their document"),
        ("a: &x 1\n---\nb: &y 1\nc: *x\n", 4, "anchors end with their document"),
        ("a: 1\nb: *z\n", 2, "has no anchor"),
    ] {
        let faults = faults(text);
        assert!(
            faults.iter().any(|(at, message)| *at == line && message.contains(part)),
            "{text:?}: expected line {line} `{part}`, got {faults:?}"
        );
    }
    assert!(parse(b"a: 1\nb: \xff\n").1[0].1.contains("UTF-8"));
}

#[test]
fn every_encoding_and_line_break_is_read() {
    let text = "\u{feff}# ä\r\na: |\r\n  x\r\n  y\r\nb: ä\r\n";
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for bytes in [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        let (documents, faults) = parse(&bytes);
        assert_eq!(faults, []);
        assert_eq!(documents[0].value, json!({"a": "x\ny\n", "b": "ä"}));
        assert_eq!(documents[0].places.line("/b"), 5);
    }
}

#[test]
fn a_carriage_return_alone_makes_no_line_that_is_not_there() {
    let text = "text: |\n  one\n  two\n  \rf";
    assert!(faults(text).iter().all(|(line, _)| *line <= 5) && !faults(text).is_empty(), "{:?}", faults(text));
}

#[test]
fn of_a_key_that_is_there_twice_no_place_is_left_without_a_value() {
    for text in ["a: [1]\na: 2\n", "? [b]\n: [1]\n? {c: d}\n: 2\n"] {
        let (documents, faults) = parse(text.as_bytes());
        assert!(!faults.is_empty());
        let Document { value, places, .. } = &documents[0];
        assert!(places.all_written().all(|(pointer, _)| value.pointer(pointer).is_some()), "{places:?}");
    }
}

#[test]
fn doubtful_words_may_be_text() {
    let (documents, faults) = parse_with(b"a: yes\nb: 'no'\nc: 1\n", Words::Text);
    assert_eq!(faults, []);
    assert_eq!(documents[0].value, json!({"a": "yes", "b": "no", "c": 1}));
    let written = |pointer| documents[0].places.written(pointer);
    assert_eq!([written("/a"), written("/b"), written("/c")], [Some("yes"), None, Some("1")]);
}

#[test]
fn aliases_are_written_out_but_not_without_end() {
    assert_eq!(one("a: &x [1, 2]\nb: *x\n").value, json!({"a": [1, 2], "b": [1, 2]}));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = level - 1;
        let list = vec![format!("*a{before}"); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    assert!(faults(&bomb)[0].1.contains("aliases counted"));
}

/// Anchors within anchors: each keeps all that lies in it once more.
#[test]
fn anchors_keep_no_more_than_a_file_may_have() {
    let anchors: String = (0..60).map(|level| format!("&a{level} [")).collect();
    let text = format!("{anchors}{}{}", "1,".repeat(100_000), "]".repeat(60));
    assert!(faults(&text)[0].1.contains("aliases counted"));
}

/// Every value is kept with the keys around it: of one megabyte this made many thousands.
#[test]
fn long_keys_around_many_values_are_refused() {
    let key = "k".repeat(1_000);
    let text = format!("{}[{}]{}", format!("{{{key}: ").repeat(50), "1,".repeat(150_000), "}".repeat(50));
    let (documents, faults) = parse(text.as_bytes());
    assert!(documents.is_empty() && faults[0].1.contains("too long"), "{faults:?}");
}

/// The time for each key must not grow with their number.
#[test]
fn many_keys_are_read_quickly() {
    let text: String = (0..190_000).map(|key| format!("{key}:\n")).collect();
    let start = std::time::Instant::now();
    assert_eq!(one(&text).value.as_object().map(Map::len), Some(190_000));
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn deep_nesting_is_refused() {
    assert!(faults(&"[".repeat(100))[0].1.contains("nested deeper"));
    let block: String = (0..100).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(faults(&block)[0].1.contains("nested deeper"));
}
