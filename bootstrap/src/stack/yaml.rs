//! YAML to JSON values that know their lines.
//!
//! The parser's events are folded into a tree, and the tree into a [`serde_json::Value`] and a
//! map from JSON pointer to line, so that every later complaint can say where. What different
//! readers of YAML understand differently (`yes`, merge keys, tags) is a problem, not a guess.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use super::scalar;

/// Nesting beyond this is refused: later passes are recursive.
const MAX_DEPTH: usize = 64;
/// Values in one file, with aliases written out. The largest manifests have some ten thousand.
const MAX_NODES: usize = 200_000;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub value: Value,
    pub places: Places,
}

/// Something wrong in a file: line (from 1) and text.
pub type Fault = (usize, String);

/// Where the values of a document stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places(BTreeMap<String, Place>);

#[derive(Debug, Clone, PartialEq)]
struct Place {
    /// Line of the key, or of the list's item.
    line: usize,
    /// First line of the text itself, where the text keeps its lines (`|`).
    text: Option<usize>,
    /// How a number or a word such as `true` was written: `1.10` is more than the number 1.1.
    written: Option<String>,
}

impl Places {
    /// The line of the value at a JSON pointer, or of the nearest value around it.
    pub fn line(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.0.get(pointer) {
                return place.line;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 1,
            }
        }
    }

    /// How the number or word at a JSON pointer was written.
    pub fn written(&self, pointer: &str) -> Option<&str> {
        self.0.get(pointer)?.written.as_deref()
    }

    /// The line of byte `offset` within the text at a JSON pointer.
    pub fn line_in_text(&self, pointer: &str, text: &str, offset: usize) -> usize {
        match self.0.get(pointer).and_then(|place| place.text) {
            Some(first) => first + text[..offset].matches('\n').count(),
            None => self.line(pointer),
        }
    }
}

/// Appends a key or index to a JSON pointer.
pub fn child(pointer: &str, key: impl std::fmt::Display) -> String {
    format!("{pointer}/{}", key.to_string().replace('~', "~0").replace('/', "~1"))
}

/// Reads all documents of a file. Empty documents are left out; a syntax error ends the reading, but
/// the documents before it are returned.
pub fn parse(bytes: &[u8]) -> (Vec<Document>, Vec<Fault>) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            return (Vec::new(), vec![(line, "the file is not UTF-8 text".into())]);
        }
    };
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let result = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err((error.marker().line().max(1), format!("not valid YAML: {}", error.info()))),
        };
        if let Err(fault) = result {
            builder.faults.push(fault);
            break;
        }
    }
    (builder.documents, builder.faults)
}

#[derive(Debug, Clone)]
struct Node {
    line: usize,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Scalar { value: Value, text: Option<usize>, written: Option<String> },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
struct Entry {
    key: String,
    line: usize,
    node: Node,
}

/// A list or map that is not closed yet.
struct Open {
    anchor: usize,
    key: Option<(String, usize)>,
    node: Node,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Document>,
    faults: Vec<Fault>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = span.start.line().max(1);
        match event {
            Event::SequenceStart(anchor, tag) => self.start(anchor, tag.as_deref(), line, Content::List(Vec::new())),
            Event::MappingStart(anchor, tag) => self.start(anchor, tag.as_deref(), line, Content::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.finish(open.anchor, open.node),
                None => Ok(()),
            },
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref(), span),
            Event::Alias(anchor) => self.alias(anchor, line),
            Event::DocumentStart(_) | Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn start(&mut self, anchor: usize, tag: Option<&Tag>, line: usize, content: Content) -> Result<(), Fault> {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            self.faults.push((line, "YAML tags (`!name`) are not read here".into()));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err((line, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open { anchor, key: None, node: Node { line, content } });
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Fault> {
        let line = span.start.line().max(1);
        if self.wants_key() {
            self.key(text, style, line);
            return Ok(());
        }
        let value = scalar::resolve(text, style == ScalarStyle::Plain, tag).unwrap_or_else(|message| {
            self.faults.push((line, message));
            Value::String(text.into())
        });
        // The parser says where the content of a block starts, not its `|`.
        let leading = text.len() - text.trim_start_matches('\n').len();
        let first = (style == ScalarStyle::Literal).then_some(line - leading.min(line));
        let written = (!value.is_string()).then(|| text.to_string());
        self.finish(anchor, Node { line, content: Content::Scalar { value, text: first, written } })
    }

    fn wants_key(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(open.node.content, Content::Map(_)) && open.key.is_none())
    }

    fn key(&mut self, text: &str, style: ScalarStyle, line: usize) {
        if text == "<<" && style == ScalarStyle::Plain {
            self.faults.push((line, "merge keys (`<<`) are not read here; write the keys out".into()));
        }
        let Some(open) = self.open.last_mut() else { return };
        if let Content::Map(entries) = &open.node.content
            && let Some(first) = entries.iter().find(|entry| entry.key == text)
        {
            self.faults.push((line, format!("key `{text}` is given twice (first in line {})", first.line)));
        }
        open.key = Some((text.into(), line));
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Fault> {
        match self.anchors.get(&anchor) {
            Some((node, size)) => {
                let (mut node, size) = (node.clone(), *size);
                node.line = line;
                self.nodes += size;
                self.finish(0, node)
            }
            None => Err((line, "this alias refers to a value that contains it".into())),
        }
    }

    /// A value is complete: it goes into what is open, or it is a whole document.
    fn finish(&mut self, anchor: usize, node: Node) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err((node.line, format!("more than {MAX_NODES} values in one file, aliases counted")));
        }
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.document(node);
            return Ok(());
        };
        match &mut open.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match open.key.take() {
                Some((key, line)) => entries.push(Entry { key, line, node }),
                None => {
                    self.faults.push((node.line, "a key must be text, not a list or a map".into()));
                    open.key = Some((String::new(), node.line));
                }
            },
            Content::Scalar { .. } => {}
        }
        Ok(())
    }

    fn document(&mut self, node: Node) {
        if matches!(node.content, Content::Scalar { value: Value::Null, .. }) {
            return;
        }
        let mut places = Places::default();
        let line = node.line;
        let value = node.into_value(String::new(), line, &mut places);
        self.documents.push(Document { value, places });
    }
}

impl Node {
    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar { .. } => 0,
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|entry| entry.node.size()).sum(),
        }
    }

    fn into_value(self, pointer: String, line: usize, places: &mut Places) -> Value {
        let mut place = Place { line, text: None, written: None };
        let value = match self.content {
            Content::Scalar { value, text, written } => {
                (place.text, place.written) = (text, written);
                value
            }
            Content::List(items) => {
                let items = items.into_iter().enumerate();
                items
                    .map(|(index, item)| {
                        let line = item.line;
                        item.into_value(child(&pointer, index), line, places)
                    })
                    .collect()
            }
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let value = entry.node.into_value(child(&pointer, &entry.key), entry.line, places);
                    map.insert(entry.key, value);
                }
                Value::Object(map)
            }
        };
        places.0.insert(pointer, place);
        value
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            [line(""), line("/a"), line("/b"), line("/b/0"), line("/b/1/c/d"), line("/b/1/f")],
            [2, 2, 3, 4, 5, 6]
        );
        assert_eq!(line("/b/1/unknown"), 5);
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

    #[test]
    fn deep_nesting_is_refused() {
        assert!(faults(&"[".repeat(100))[0].1.contains("nested deeper"));
        let block: String = (0..100).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        assert!(faults(&block)[0].1.contains("nested deeper"));
    }
}
