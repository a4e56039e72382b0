//! YAML to JSON values that know their lines.
//!
//! The parser's events are folded into a tree, and the tree into a [`serde_json::Value`] and a
//! map from JSON pointer to line, so that every later complaint can say where. What different
//! readers of YAML understand differently (`yes`, merge keys, tags) is a problem, not a guess.

mod scalar;
#[cfg(test)]
mod tests;
pub mod tree;

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use crate::text;

/// Nesting beyond this is refused: later passes are recursive.
const MAX_DEPTH: usize = 64;
/// Values in one file, with aliases written out. The largest manifests have some ten thousand.
const MAX_NODES: usize = 200_000;
/// Bytes of the pointers to all values of a document: each has the keys around it.
const MAX_POINTERS: usize = 64 << 20;
const NO_ANCHOR: &str =
    "this alias (`*name`) has no anchor (`&name`) before it in this document; anchors end with their document (`---`)";

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it says, as JSON, with aliases written out.
    pub value: Value,
    /// Where each value stands, by its JSON pointer.
    pub places: Places,
    /// What is wrong in it, although it could be read.
    pub faults: Vec<Fault>,
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

    /// The line of a value that is named as people name it, `metadata.tags[0]`, or of the nearest one around it.
    pub fn line_of(&self, value: &Value, name: &str) -> usize {
        self.line(&pointer(value, name))
    }

    /// Where numbers and words stand, as JSON pointers, and how they were written.
    pub fn all_written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(pointer, place)| Some((pointer.as_str(), place.written.as_deref()?)))
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

/// What to make of words that readers of YAML understand differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Words {
    /// `yes`, `no`, `on`, `off` are faults: write what is meant.
    #[default]
    Refused,
    /// They are text, and [`Places::written`] knows them.
    Text,
}

/// The JSON pointer to what `metadata.tags[0]` names, as far as it is there. Keys may have dots themselves.
pub fn pointer(value: &Value, name: &str) -> String {
    let name = name.strip_prefix('.').unwrap_or(name);
    match value {
        Value::Object(map) => {
            let fits =
                |key: &str| name.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            let longest =
                map.iter().filter_map(|(key, inner)| Some((key, inner, fits(key)?))).max_by_key(|(key, ..)| key.len());
            longest.map_or(String::new(), |(key, inner, rest)| child("", key) + &pointer(inner, rest))
        }
        Value::Array(items) => {
            let index = name.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let found = index.and_then(|(index, rest)| Some((index, items.get(index.parse::<usize>().ok()?)?, rest)));
            found.map_or(String::new(), |(index, inner, rest)| child("", index) + &pointer(inner, rest))
        }
        _ => String::new(),
    }
}

/// Reads all documents of a file. Empty documents are left out; a syntax error ends the reading, but
/// the documents before it are returned.
pub fn parse(bytes: &[u8]) -> (Vec<Document>, Vec<Fault>) {
    let (mut documents, rest) = parse_with(bytes, Words::Refused);
    let faults: Vec<_> = documents.iter_mut().flat_map(|document| std::mem::take(&mut document.faults)).collect();
    (documents, faults.into_iter().chain(rest).collect())
}

/// As [`parse`], but each document has its own faults; beside them is what belongs to none, as what ended the reading.
pub fn parse_with(bytes: &[u8], words: Words) -> (Vec<Document>, Vec<Fault>) {
    let text = match text::decode(bytes) {
        Ok((text, _)) => text,
        Err(error) => return (Vec::new(), vec![(error.line, error.to_string())]),
    };
    let mut builder = Builder { words, last: lines(&text), ..Builder::default() };
    let mut parser = Parser::new_from_str(&text);
    while let Some(event) = parser.next_event() {
        let result = match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => Err((builder.line(error.marker().line()), syntax(error.info()))),
        };
        if let Err(fault) = result {
            builder.faults.push(fault);
            break;
        }
    }
    (builder.documents, builder.faults)
}

/// How many lines a text has, whichever way they end.
fn lines(text: &str) -> usize {
    1 + text.matches(['\n', '\r']).count() - text.matches("\r\n").count()
}

fn syntax(info: &str) -> String {
    if info.contains("unknown anchor") { NO_ANCHOR.into() } else { format!("not valid YAML: {info}") }
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
    /// Keys so far, with their lines.
    keys: HashMap<String, usize>,
    node: Node,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Document>,
    faults: Vec<Fault>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    /// Anchors up to this number belong to documents that have ended.
    ended: usize,
    nodes: usize,
    words: Words,
    /// The last line of the text.
    last: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = self.line(span.start.line());
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
                self.ended = self.anchors.drain().map(|(anchor, _)| anchor).chain([self.ended]).max().unwrap_or(0);
                Ok(())
            }
            Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    /// The parser may count a line too many where carriage returns stand alone.
    fn line(&self, counted: usize) -> usize {
        counted.clamp(1, self.last)
    }

    fn start(&mut self, anchor: usize, tag: Option<&Tag>, line: usize, content: Content) -> Result<(), Fault> {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            self.faults.push((line, "YAML tags (`!name`) are not read here".into()));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err((line, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open { anchor, key: None, keys: HashMap::new(), node: Node { line, content } });
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
        let line = self.line(span.start.line());
        if self.wants_key() {
            self.key(text, style, line);
            return Ok(());
        }
        let plain = style == ScalarStyle::Plain;
        let doubtful = plain && tag.is_none() && self.words == Words::Text && scalar::is_doubtful(text);
        let value = if doubtful { Ok(text.into()) } else { scalar::resolve(text, plain, tag) };
        let value = value.unwrap_or_else(|message| {
            self.faults.push((line, message));
            Value::String(text.into())
        });
        // The parser says where the content of a block starts, not its `|`.
        let leading = text.len() - text.trim_start_matches('\n').len();
        let first = (style == ScalarStyle::Literal).then_some(line - leading.min(line));
        let written = (doubtful || !value.is_string()).then(|| text.to_string());
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
        match open.keys.get(text) {
            Some(first) => self.faults.push((line, format!("key `{text}` is given twice (first in line {first})"))),
            None => drop(open.keys.insert(text.into(), line)),
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
            None if anchor <= self.ended => Err((line, NO_ANCHOR.into())),
            None => Err((line, "this alias refers to a value that contains it".into())),
        }
    }

    /// A value is complete: it goes into what is open, or it is a whole document.
    fn finish(&mut self, anchor: usize, node: Node) -> Result<(), Fault> {
        // What has an anchor is kept a second time, and so is what lies in it with an anchor of its own.
        let kept = if anchor > 0 { node.size() } else { 0 };
        self.nodes += 1 + kept;
        if self.nodes > MAX_NODES {
            return Err((node.line, format!("more than {MAX_NODES} values in one file, aliases counted")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), kept));
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
        if node.pointers(0) > MAX_POINTERS {
            self.faults.push((line, "its keys are too long for so many values in them".into()));
            return;
        }
        let value = node.into_value(String::new(), line, &mut places);
        let faults = std::mem::take(&mut self.faults);
        self.documents.push(Document { value, places, faults });
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

    /// Bytes of the pointers to it and to all that lies in it, but for what is escaped in them.
    fn pointers(&self, own: usize) -> usize {
        own + match &self.content {
            Content::Scalar { .. } => 0,
            Content::List(items) => items.iter().map(|item| item.pointers(own + 2)).sum(),
            Content::Map(entries) => entries.iter().map(|entry| entry.node.pointers(own + 1 + entry.key.len())).sum(),
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
                    // Told as a fault already; places of both would be mixed up.
                    if map.contains_key(&entry.key) {
                        continue;
                    }
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
