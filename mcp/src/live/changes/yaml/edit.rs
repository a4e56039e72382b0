//! A document of a file made into another value, in as few places as can be: what is the same stays byte for byte,
//! comments, quotes and line ends included.
//!
//! Every result is read again, by another reader of YAML than the one that found the places.

use std::ops::Range;

use backstack_files::yaml::tree::{Content, Entry, Node, Tree, column, documents, properties};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::scalar::{self, Quotes};
use super::write::{self, Style};

/// Places that are changed one after the other; more of them are a new file.
const MOST_EDITS: usize = 300;

/// Why a text cannot be changed, in words that stand alone.
pub type Refusal = String;

/// A text after its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The whole file, with the same line ends.
    pub text: String,
    /// The document could not be changed in place and was written anew: comments in it are lost.
    pub rewritten: bool,
}

/// Each document of a file, nothing for an empty one.
///
/// # Errors
/// It cannot be read, or two readers do not agree on how many documents it has.
pub fn values(text: &str) -> Result<Vec<Value>, Refusal> {
    let read = serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).map_err(|error| error.to_string()));
    read.collect()
}

/// Makes one document of a file into this value.
///
/// # Errors
/// The file cannot be read.
pub fn set(text: &str, document: usize, wanted: &Value) -> Result<Changed, Refusal> {
    let before = values(text)?;
    let is_right = |text: &str| {
        let mut expected = before.clone();
        let place = expected.get_mut(document)?;
        *place = wanted.clone();
        (values(text).ok()? == expected).then_some(())
    };
    if let Ok(changed) = in_place(text, document, wanted)
        && is_right(&changed).is_some()
    {
        return Ok(Changed { text: changed, rewritten: false });
    }
    let changed = anew(text, document, wanted)?;
    match is_right(&changed) {
        Some(()) => Ok(Changed { text: changed, rewritten: true }),
        None => Err("the file has a form that cannot be changed safely".into()),
    }
}

/// Takes a whole document out of a file; nothing if no other is left.
///
/// # Errors
/// The file cannot be read.
pub fn remove(text: &str, document: usize) -> Result<Option<String>, Refusal> {
    let trees = documents(text)?;
    let mut expected = values(text)?;
    let Some(tree) = trees.get(document).filter(|_| trees.len() == expected.len()) else {
        return Err("it has no such document".into());
    };
    expected.remove(document);
    expected.retain(|value| !value.is_null());
    if expected.is_empty() {
        return Ok(None);
    }
    let end = trees.get(document + 1).map_or(text.len(), |next| next.start);
    let left = splice(text, tree.start..end, "");
    let mut got = values(&left)?;
    got.retain(|value| !value.is_null());
    if got == expected { Ok(Some(left)) } else { Err("its documents cannot be told apart".into()) }
}

/// The text of one document without its `---`; `with` takes its place.
///
/// # Errors
/// The file cannot be read, or has no such document.
pub fn replace(text: &str, document: usize, with: &str) -> Result<String, Refusal> {
    let trees = documents(text)?;
    let tree = trees.get(document).ok_or("it has no such document")?;
    let rest = &text[tree.start..];
    let head =
        if rest.starts_with("---") { end_of_line(text, tree.start) + line_break(text).len() } else { tree.start };
    let end = trees.get(document + 1).map_or(text.len(), |next| next.start);
    let with = with.trim_start_matches("---").trim_matches(['\n', '\r']);
    let eol = line_break(text);
    let with = with.lines().map(|line| format!("{line}{eol}")).collect::<String>();
    Ok(splice(text, head.min(end)..end, &with))
}

/// Puts a further document at the end of a file.
pub fn append(text: &str, document: &str) -> String {
    let eol = line_break(text);
    let gap = if text.is_empty() || text.ends_with(['\n', '\r']) { "" } else { eol };
    let document = document.trim_start_matches("---").trim_matches(['\n', '\r']);
    let lines: String = document.lines().map(|line| format!("{line}{eol}")).collect();
    format!("{text}{gap}---{eol}{lines}")
}

fn in_place(text: &str, document: usize, wanted: &Value) -> Result<String, Refusal> {
    let mut text = text.to_string();
    for _ in 0..MOST_EDITS {
        let (trees, now) = (documents(&text)?, values(&text)?);
        let (Some(tree), Some(now)) = (trees.get(document), now.get(document)) else {
            return Err("it has no such document".into());
        };
        let editor = Editor { text: &text, style: style(&text, tree) };
        let Some((range, put)) = editor.first(&tree.root, &Slot::Root, now, wanted, false)? else { return Ok(text) };
        text = splice(&text, range, &put);
    }
    Err("too much of it changes".into())
}

/// The document written anew, between what stands before and behind it.
fn anew(text: &str, document: usize, wanted: &Value) -> Result<String, Refusal> {
    let trees = documents(text)?;
    let tree = trees.get(document).ok_or("it has no such document")?;
    let style = style(text, tree);
    if style.json {
        let pretty = serde_json::to_string_pretty(wanted).map_err(|error| error.to_string())?;
        return Ok(splice(text, tree.root.span.clone(), &pretty));
    }
    replace(text, document, &write::manifest(wanted, style))
}

/// Where a value stands in what is around it.
enum Slot<'a> {
    Root,
    Entry(&'a Entry),
    /// The dash of an item in block style.
    Item(usize),
    /// Between brackets.
    Flow,
}

type Edit = (Range<usize>, String);

struct Editor<'a> {
    text: &'a str,
    style: Style,
}

impl Editor<'_> {
    /// The first place that has to change, and what comes there; nothing if all is as it shall be.
    fn first(
        &self,
        node: &Node,
        slot: &Slot<'_>,
        now: &Value,
        wanted: &Value,
        flow: bool,
    ) -> Result<Option<Edit>, Refusal> {
        if now == wanted {
            return Ok(None);
        }
        match (&node.content, now, wanted) {
            (Content::Map { flow: own, entries }, Value::Object(now), Value::Object(wanted))
                if !entries.is_empty() && !wanted.is_empty() =>
            {
                self.in_map(entries, now, wanted, flow || *own).map(Some)
            }
            (Content::List { flow: own, items }, Value::Array(now), Value::Array(wanted))
                if !items.is_empty() && !wanted.is_empty() && items.len() == now.len() =>
            {
                self.in_list(node, slot, now, wanted, flow || *own).map(Some)
            }
            _ => self.replace(node, slot, wanted, flow).map(Some),
        }
    }

    fn in_map(
        &self,
        entries: &[Entry],
        now: &Map<String, Value>,
        wanted: &Map<String, Value>,
        flow: bool,
    ) -> Result<Edit, Refusal> {
        for entry in entries {
            let key = entry.key.text().ok_or("a key of it is no text")?;
            let (Some(now), Some(wanted)) = (now.get(key), wanted.get(key)) else { continue };
            let slot = if flow { Slot::Flow } else { Slot::Entry(entry) };
            if let Some(edit) = self.first(&entry.value, &slot, now, wanted, flow)? {
                return Ok(edit);
            }
        }
        if let Some((key, value)) = wanted.iter().find(|(key, _)| !now.contains_key(*key)) {
            return self.insert_key(entries, key, value, flow);
        }
        let spans: Vec<_> =
            entries.iter().map(|entry| entry.key.span.start..entry.value.span.end.max(entry.colon)).collect();
        let gone = entries.iter().position(|entry| entry.key.text().is_none_or(|key| !wanted.contains_key(key)));
        self.take_out(&spans, gone.ok_or("its keys cannot be told apart")?, flow)
    }

    fn in_list(
        &self,
        node: &Node,
        slot: &Slot<'_>,
        now: &[Value],
        wanted: &[Value],
        flow: bool,
    ) -> Result<Edit, Refusal> {
        let items = node.items();
        let same = |pair: &(&Value, &Value)| pair.0 == pair.1;
        let front = now.iter().zip(wanted).take_while(same).count();
        let most = now.len().min(wanted.len()) - front;
        let back = now.iter().rev().zip(wanted.iter().rev()).take_while(same).count().min(most);
        let (left, right) = (now.len() - front - back, wanted.len() - front - back);
        let dash =
            |index: usize| self.dash(slot, items, index).ok_or("a list of it begins in a way that is not understood");
        match (left, right) {
            (0, _) => self.insert_item(items, front, &wanted[front], flow, slot),
            (_, 0) => {
                let begin = |index: usize| if flow { Ok(items[index].span.start) } else { dash(index) };
                let spans = (0..items.len()).map(|index| Ok(begin(index)?..items[index].span.end));
                self.take_out(&spans.collect::<Result<Vec<_>, Refusal>>()?, front, flow)
            }
            _ => {
                let slot = if flow { Slot::Flow } else { Slot::Item(dash(front)?) };
                let edit = self.first(&items[front], &slot, &now[front], &wanted[front], flow)?;
                edit.ok_or_else(|| "its items cannot be told apart".into())
            }
        }
    }

    /// Other text for a value. What was no collection keeps its quotes and the comment behind it.
    fn replace(&self, node: &Node, slot: &Slot<'_>, wanted: &Value, flow: bool) -> Result<Edit, Refusal> {
        let gap = if node.span.is_empty() { " " } else { "" };
        if flow {
            let put = match (wanted, self.quotes(node)) {
                (Value::String(text), quotes @ (Quotes::Single | Quotes::Double)) => scalar::string(text, quotes),
                _ => write::flow(wanted, self.style),
            };
            return Ok((node.span.clone(), format!("{gap}{put}")));
        }
        let is_leaf = matches!(node.content, Content::Scalar(_) | Content::Alias { .. }) && !self.is_block(node, slot);
        if is_leaf && !node.span.is_empty() && is_inline(wanted) {
            return Ok((node.span.clone(), scalar::inline(wanted, self.quotes(node))));
        }
        let (from, put) = match slot {
            Slot::Entry(entry) => {
                (entry.colon, write::behind_colon(wanted, self.column(entry.key.span.start), self.style))
            }
            Slot::Item(dash) => (dash + 1, write::item(wanted, self.column(*dash), self.style)[1..].to_string()),
            Slot::Root | Slot::Flow => return Err("the whole of it changes".into()),
        };
        let kept = self.text[..node.span.end].trim_end().len().max(from);
        let rest = self.text[kept..end_of_line(self.text, kept)].trim_end();
        match put.split_once(self.style.line_break) {
            // A comment behind what was one word stays in that line.
            Some((head, tail)) if is_leaf && rest.trim_start().starts_with('#') => {
                Ok((from..kept + rest.len(), format!("{head}{rest}{}{tail}", self.style.line_break)))
            }
            _ => Ok((from..kept, put)),
        }
    }

    /// Whether a scalar is written below a `|` or `>`.
    fn is_block(&self, node: &Node, slot: &Slot<'_>) -> bool {
        let from = match slot {
            Slot::Entry(entry) => entry.colon,
            Slot::Item(dash) => dash + 1,
            Slot::Root | Slot::Flow => node.span.start,
        };
        self.text[properties(self.text, from)..].starts_with(['|', '>'])
    }

    fn quotes(&self, node: &Node) -> Quotes {
        match self.text[node.span.start..].chars().next() {
            Some('\'') => Quotes::Single,
            Some('"') => Quotes::Double,
            _ => Quotes::Spare,
        }
    }

    fn insert_key(&self, entries: &[Entry], key: &str, value: &Value, flow: bool) -> Result<Edit, Refusal> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Err("it is empty".into()) };
        let end = last.value.span.end.max(last.colon);
        if flow {
            return Ok((end..end, format!(", {}", write::flow_entry(key, value, self.style))));
        }
        let column = self.column(first.key.span.start);
        Ok(self.below(end, column, &write::entry(key, value, column, self.style)))
    }

    fn insert_item(
        &self,
        items: &[Node],
        index: usize,
        value: &Value,
        flow: bool,
        slot: &Slot<'_>,
    ) -> Result<Edit, Refusal> {
        if flow {
            let put = write::flow(value, self.style);
            return Ok(match items.get(index) {
                Some(next) => (next.span.start..next.span.start, format!("{put}, ")),
                None => (items[index - 1].span.end..items[index - 1].span.end, format!(", {put}")),
            });
        }
        let dash = self.dash(slot, items, index.saturating_sub(1));
        let dash = dash.ok_or("a list of it begins in a way that is not understood")?;
        let column = self.column(dash);
        let put = write::item(value, column, self.style);
        Ok(match index {
            0 => (dash..dash, format!("{put}{}{}", self.style.line_break, " ".repeat(column))),
            _ => self.below(items[index - 1].span.end, column, &put),
        })
    }

    /// New lines below what ends here.
    fn below(&self, end: usize, column: usize, put: &str) -> Edit {
        let (blanks, eol) = (" ".repeat(column), self.style.line_break);
        // A text of several lines ends with its last line break.
        if self.text[..end].ends_with(['\n', '\r']) {
            return (end..end, format!("{blanks}{put}{eol}"));
        }
        let line = end_of_line(self.text, end);
        (line..line, format!("{eol}{blanks}{put}"))
    }

    /// Where the dash of an item stands.
    fn dash(&self, slot: &Slot<'_>, items: &[Node], index: usize) -> Option<usize> {
        let from = match (index.checked_sub(1), slot) {
            (Some(before), _) => items.get(before)?.span.end,
            (None, Slot::Entry(entry)) => entry.colon,
            (None, Slot::Item(dash)) => dash + 1,
            (None, Slot::Root | Slot::Flow) => return None,
        };
        let at = properties(self.text, from);
        self.text[at..].starts_with('-').then_some(at)
    }

    /// One of several things, with its whole lines or its comma.
    fn take_out(&self, spans: &[Range<usize>], index: usize, flow: bool) -> Result<Edit, Refusal> {
        let (span, next) = (&spans[index], spans.get(index + 1));
        let before = index.checked_sub(1).map(|before| &spans[before]);
        if flow {
            let range = match (next, before) {
                (Some(next), _) => span.start..next.start,
                (None, Some(before)) => before.end..span.end,
                (None, None) => span.clone(),
            };
            return Ok((range, String::new()));
        }
        let line = self.text[..span.start].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        if !self.text[line..span.start].trim().is_empty() {
            // Behind a dash: up to the next one.
            let next = next.ok_or("an entry shares its line with something else")?;
            return Ok((span.start..next.start, String::new()));
        }
        if self.text[..span.end].ends_with(['\n', '\r']) {
            return Ok((line..span.end, String::new()));
        }
        let end = end_of_line(self.text, span.end);
        let behind = &self.text[end..];
        let range = match behind {
            // Without a line break at the end of the file, the one before goes.
            "" => self.text[..line].trim_end_matches(['\n', '\r']).len()..end,
            behind => line..end + if behind.starts_with("\r\n") { 2 } else { 1 },
        };
        Ok((range, String::new()))
    }

    fn column(&self, at: usize) -> usize {
        column(self.text, at)
    }
}

/// Whether a value is written in one line.
fn is_inline(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => false,
        Value::String(text) => !scalar::is_block(text),
        _ => true,
    }
}

/// How a document is written.
fn style(text: &str, tree: &Tree) -> Style {
    let json = tree.root.is_flow() && text[properties(text, tree.root.span.start)..].starts_with('{');
    Style { dash: dash_of(text, &tree.root).unwrap_or(Style::FRESH.dash), line_break: line_break(text), json }
}

/// How far lists stand in from their keys here, told by the first that there is.
fn dash_of(text: &str, node: &Node) -> Option<usize> {
    let own = node.entries().iter().find_map(|entry| {
        let is_list = matches!(&entry.value.content, Content::List { flow: false, items } if !items.is_empty());
        let at = properties(text, entry.colon);
        (is_list && text[at..].starts_with('-'))
            .then(|| column(text, at).saturating_sub(column(text, entry.key.span.start)))
    });
    let inner = node.entries().iter().map(|entry| &entry.value).chain(node.items());
    own.or_else(|| inner.into_iter().find_map(|inner| dash_of(text, inner)))
}

/// The line break that a text uses.
fn line_break(text: &str) -> &'static str {
    match text.find(['\n', '\r']).map(|at| &text[at..]) {
        Some(rest) if rest.starts_with("\r\n") => "\r\n",
        Some(rest) if rest.starts_with('\r') => "\r",
        _ => "\n",
    }
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |offset| at + offset)
}

fn splice(text: &str, range: Range<usize>, put: &str) -> String {
    format!("{}{put}{}", &text[..range.start], &text[range.end..])
}

#[cfg(test)]
mod tests;
