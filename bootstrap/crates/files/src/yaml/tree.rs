//! A text as a tree that knows where everything stands, so that it can be changed in place.
//!
//! Positions are bytes of the text. What stands around values (blanks, comments, quotes) is not in the tree; it is
//! found in the text again, from the positions.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Nesting beyond this is nothing that people write.
const MAX_DEPTH: usize = 64;

/// A value and where it stands: for one in block style from its first letter to the last of what is in it.
#[derive(Debug)]
pub struct Node {
    /// Bytes of the text from its first to behind its last; empty for a value that is left out.
    pub span: Range<usize>,
    /// What stands there.
    pub content: Content,
}

/// What a value is.
#[derive(Debug)]
pub enum Content {
    /// A single value, as text without quotes and escapes.
    Scalar(String),
    /// A sequence, in either style.
    List {
        /// Written in brackets, `[a, b]`, and not with a dash for each item.
        flow: bool,
        /// Its values, from top to bottom.
        items: Vec<Node>,
    },
    /// A mapping, in either style.
    Map {
        /// Written in braces, `{a: b}`, and not with a line for each key.
        flow: bool,
        /// Its keys with their values, from top to bottom; a key may occur twice.
        entries: Vec<Entry>,
    },
    /// Stands for a value elsewhere, and so is never changed here.
    Alias {
        /// Where that value begins, behind its anchor.
        target: usize,
    },
}

/// A key and its value.
#[derive(Debug)]
pub struct Entry {
    /// What stands before the colon, mostly a scalar.
    pub key: Node,
    /// Where the colon ends.
    pub colon: usize,
    /// What stands behind the colon; an empty scalar if that is nothing.
    pub value: Node,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::List { items, .. } => items,
            _ => &[],
        }
    }

    /// The entry of that key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.text() == Some(key))
    }

    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Where aliases stand in it, and where the values begin that they stand for.
    pub fn aliases(&self) -> Vec<(usize, usize)> {
        match &self.content {
            Content::Alias { target } => vec![(self.span.start, *target)],
            Content::Scalar(_) => Vec::new(),
            Content::List { items, .. } => items.iter().flat_map(Self::aliases).collect(),
            Content::Map { entries, .. } => {
                entries.iter().flat_map(|entry| [entry.key.aliases(), entry.value.aliases()].concat()).collect()
            }
        }
    }

    /// Whether it stands in brackets, as all of a JSON file does.
    pub fn is_flow(&self) -> bool {
        matches!(self.content, Content::List { flow: true, .. } | Content::Map { flow: true, .. })
    }
}

/// One document of a text.
#[derive(Debug)]
pub struct Tree {
    /// Where it begins: at its `---`, or at the beginning of the text.
    pub start: usize,
    /// A scalar of nothing if there is nothing in it.
    pub root: Node,
}

impl Tree {
    /// Whether nothing is written in it.
    pub fn is_empty(&self) -> bool {
        self.root.span.is_empty() && self.root.text() == Some("")
    }
}

/// All documents of a text, the empty ones too.
///
/// # Errors
/// What is no YAML, or gives a key twice, in words that follow "is malformed: ".
pub fn documents(text: &str) -> Result<Vec<Tree>, String> {
    if let Some((at, letter)) = text.char_indices().find(|(_, letter)| !is_printable(*letter)) {
        let (line, code) = (text[..at].matches('\n').count() + 1, u32::from(letter));
        return Err(format!("the character U+{code:04X} in line {line} may not stand in YAML"));
    }
    let at = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    fold(text, text, at).or_else(|why| {
        let (shifted, at) = shifted(text);
        fold(text, &shifted, at).map_err(|_| why)
    })
}

/// What the standard allows (`c-printable`). kubectl refuses a file with anything else; this parser would not.
fn is_printable(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// Folds the parser's events into a tree. `read` is what the parser gets, `at` the byte of `text` for each of its
/// characters.
fn fold(text: &str, read: &str, at: Vec<usize>) -> Result<Vec<Tree>, String> {
    let mut builder = Builder { text, at, open: Vec::new(), anchors: HashMap::new(), start: 0, documents: Vec::new() };
    let mut parser = Parser::new_from_str(read);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| format!("{} in line {}", error.info(), error.marker().line()))?;
        builder.event(event, span)?;
    }
    Ok(builder.documents)
}

/// The text with every line that begins with a closing bracket moved to the right: kubectl does not mind where those
/// stand, while this parser keeps to the letter of the standard.
fn shifted(text: &str) -> (String, Vec<usize>) {
    let (mut shifted, mut at) = (String::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with([']', '}']) {
            shifted.push_str(&" ".repeat(MAX_DEPTH));
            at.extend([start; MAX_DEPTH]);
        }
        shifted.push_str(line);
        at.extend(line.char_indices().map(|(offset, _)| start + offset));
        start += line.len();
    }
    at.push(text.len());
    (shifted, at)
}

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    key: Option<Node>,
}

struct Builder<'a> {
    text: &'a str,
    at: Vec<usize>,
    open: Vec<Open>,
    /// Where the value of each anchor begins.
    anchors: HashMap<usize, usize>,
    /// Where the document that is read begins.
    start: usize,
    documents: Vec<Tree>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        if let Event::MappingStart(anchor, _) | Event::SequenceStart(anchor, _) | Event::Scalar(_, _, anchor, _) = event
        {
            self.anchors.insert(anchor, start);
        }
        match event {
            Event::MappingStart(..) => self.start(start, Content::Map { flow: false, entries: Vec::new() }),
            Event::SequenceStart(..) => self.start(start, Content::List { flow: false, items: Vec::new() }),
            Event::MappingEnd | Event::SequenceEnd => match self.open.pop() {
                Some(Open { mut node, .. }) => {
                    // Told by its end: a list whose dashes stand below its key begins, for the parser, behind the first
                    // of them, where an item may open with a bracket of its own.
                    if let Content::Map { flow, .. } | Content::List { flow, .. } = &mut node.content {
                        *flow = self.text[start..].starts_with([']', '}']);
                    }
                    // The parser counts blanks and a comment behind the bracket to it.
                    node.span.end = if node.is_flow() { (start + 1).min(end) } else { last(&node) };
                    self.finish(node)
                }
                None => Ok(()),
            },
            Event::Scalar(text, style, ..) => {
                let span = self.scalar(&text, style, start..end);
                self.finish(Node { span, content: Content::Scalar(text.into_owned()) })
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied().unwrap_or(start);
                self.finish(Node { span: start..end, content: Content::Alias { target } })
            }
            Event::DocumentStart(_) => {
                self.start = if self.documents.is_empty() { 0 } else { start };
                Ok(())
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn byte(&self, index: usize) -> usize {
        self.at.get(index).copied().unwrap_or(self.text.len())
    }

    /// The parser counts the blanks and the comment behind a quoted text to it.
    fn scalar(&self, content: &str, style: ScalarStyle, span: Range<usize>) -> Range<usize> {
        match style {
            ScalarStyle::Plain if content.is_empty() => span.start..span.start,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let opening = properties(self.text, span.start);
                span.start..closing(self.text, opening).unwrap_or(span.end)
            }
            // The blanks before what follows are counted to it too.
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let end = self.text[..span.end].trim_end_matches([' ', '\t']).len();
                let whole = end > span.start && self.text[..end].ends_with(['\n', '\r']);
                span.start..if whole { end } else { span.end }
            }
            ScalarStyle::Plain => span,
        }
    }

    fn start(&mut self, start: usize, content: Content) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH} levels in line {}", line(self.text, start)));
        }
        self.open.push(Open { node: Node { span: start..start, content }, key: None });
        Ok(())
    }

    fn finish(&mut self, node: Node) -> Result<(), String> {
        let (text, begin) = (self.text, node.span.start);
        let Some(open) = self.open.last_mut() else {
            self.documents.push(Tree { start: self.start, root: node });
            return Ok(());
        };
        match (&mut open.node.content, open.key.take()) {
            (Content::List { items, .. }, _) => items.push(node),
            (Content::Map { entries, .. }, Some(key)) => entries.push(entry(text, key, node)),
            (Content::Map { entries, .. }, None) => {
                if let Some(name) = node.text()
                    && let Some(first) = entries.iter().find(|entry| entry.key.text() == Some(name))
                {
                    let (line, first) = (line(text, begin), line(text, first.key.span.start));
                    return Err(format!("key `{name}` is given twice, in line {line} and in line {first}"));
                }
                open.key = Some(node);
            }
            (Content::Scalar(_) | Content::Alias { .. }, _) => {}
        }
        Ok(())
    }
}

/// The line, from 1. It is counted anew: for messages alone.
pub fn line(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// A value of nothing stands where its colon ends, wherever the parser saw it.
fn entry(text: &str, key: Node, mut value: Node) -> Entry {
    let blank = |letter: char| letter.is_whitespace();
    let behind = text[key.span.end..].trim_start_matches(blank);
    let colon = text.len() - behind.len() + usize::from(behind.starts_with(':'));
    if value.span.is_empty() && value.text() == Some("") {
        value.span = colon..colon;
    }
    Entry { key, colon, value }
}

fn last(node: &Node) -> usize {
    let inner = match &node.content {
        Content::List { items, .. } => items.last().map(|item| item.span.end),
        Content::Map { entries, .. } => entries.last().map(|entry| entry.value.span.end),
        Content::Scalar(_) | Content::Alias { .. } => None,
    };
    inner.unwrap_or(node.span.end)
}

/// How many letters stand before a position in its line.
pub fn column(text: &str, at: usize) -> usize {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    text[start..at].chars().count()
}

/// Where the value begins behind anchor and tag, blanks and comments.
pub fn properties(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let skipped = match rest.chars().next() {
            Some(letter) if letter.is_whitespace() => letter.len_utf8(),
            Some('#') => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            Some('&' | '!') => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            _ => return at,
        };
        at += skipped;
    }
}

/// Where the quote that opens at `at` has closed.
fn closing(text: &str, at: usize) -> Option<usize> {
    let quote = text[at..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut letters = text[at + 1..].char_indices().peekable();
    while let Some((offset, letter)) = letters.next() {
        let doubled = quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'');
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            '\'' if letter == quote && doubled => drop(letters.next()),
            letter if letter == quote => return Some(at + 1 + offset + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<'a>(text: &'a str, key: &str) -> &'a str {
        let documents = documents(text).expect("YAML");
        let entry = documents[0].root.entry(key).expect("the key");
        &text[entry.colon..entry.value.span.end]
    }

    #[test]
    fn values_know_where_they_stand() {
        let text = "é: 'a''b' # \"c\"\nb: \"x \\\" y\"  # z\nl: # c\n- 1\n- k: v # d\n\n# e\nn:\nf: [ {a: b} ] # g\np: a\n  b\n";
        for (key, value) in [
            ("é", " 'a''b'"),
            ("b", " \"x \\\" y\""),
            ("l", " # c\n- 1\n- k: v"),
            ("n", ""),
            ("f", " [ {a: b} ]"),
            ("p", " a\n  b"),
        ] {
            assert_eq!(shown(text, key), value, "{key}");
        }
        let nested = documents("a:\n- [1]\n- b\n").expect("YAML");
        assert!(!nested[0].root.get("a").expect("a").is_flow());
        assert_eq!(shown("{\"a\" : null, \"b\":\"c\"}", "a"), " null");
        assert_eq!(shown("a: !!str &x [1]\nb: 2", "a"), " !!str &x [1]");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, part) in [
            ("a: 1\nb: 2\na: 3\n", "key `a` is given twice, in line 3 and in line 1"),
            ("a:\n- {b: 1, b: 2}\n", "key `b` is given twice, in line 2 and in line 2"),
            ("a: [1\n", "line 2"),
            (&"[".repeat(100), "nested deeper"),
        ] {
            let said = documents(text).expect_err("malformed");
            assert!(said.contains(part), "{text}: {said}");
        }
    }

    #[test]
    fn documents_know_where_they_begin() {
        let text = "# first\na: 1\n---\n# second\nb: 2\n---\n";
        let documents = documents(text).expect("YAML");
        let starts: Vec<_> = documents.iter().map(|document| (document.start, document.is_empty())).collect();
        assert_eq!(starts, [(0, false), (13, false), (31, true)]);
    }
}
