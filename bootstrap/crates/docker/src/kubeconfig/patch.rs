//! Single changes to a kubeconfig's text. Each takes a text and gives one that differs in exactly one place.
//!
//! What is put in is put where it can be taken out again without a trace: at the beginning of a list rather than at its
//! end, where comments, texts of several lines and a missing line break would get mixed up with it.

use std::ops::Range;

use serde_json::Value;

use super::item::{block_item, flow, quoted, scalar};
use super::tree::{Content, Entry, Node, column, parse, properties};

/// Why a text cannot be changed, in words that follow "is malformed: " or stand alone.
pub(super) type Refusal = String;

/// The line break that the text uses.
pub(super) fn line_break(text: &str) -> &'static str {
    match text.find(['\n', '\r']).map(|at| &text[at..]) {
        Some(rest) if rest.starts_with("\r\n") => "\r\n",
        Some(rest) if rest.starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// The line break that stands here, or else that of the text: what is put in before it goes together with it later.
fn break_at(text: &str, at: usize) -> &'static str {
    match &text[at..] {
        rest if rest.starts_with("\r\n") => "\r\n",
        rest if rest.starts_with('\r') => "\r",
        rest if rest.starts_with('\n') => "\n",
        _ => line_break(text),
    }
}

/// Makes a context the current one; gives what stood behind the colon, if the key was there.
pub(super) fn set_current(text: &str, context: &str) -> Result<(String, Option<String>), Refusal> {
    const KEY: &str = "current-context";
    let root = parse(text)?;
    match root.as_ref().and_then(|root| Some((root, root.entry(KEY)?))) {
        Some((root, entry)) => {
            let written = if root.is_flow() { quoted(context) } else { scalar(context) };
            Ok(replace_value(text, entry, &format!(" {written}")))
        }
        None => Ok((insert_key(text, KEY, &Value::from(context))?, None)),
    }
}

/// Puts other text behind a key's colon.
pub(super) fn set_behind(text: &str, key: &str, behind: &str) -> Result<String, Refusal> {
    let root = parse(text)?.ok_or("it is empty")?;
    let entry = root.entry(key).ok_or_else(|| format!("`{key}` is missing"))?;
    Ok(replace_value(text, entry, behind).0)
}

fn replace_value(text: &str, entry: &Entry, behind: &str) -> (String, Option<String>) {
    // The last line break of a text of several lines stays.
    let kept = text[..entry.value.span.end].trim_end().len();
    let range = entry.colon..kept.max(entry.colon);
    let before = text[range.clone()].to_string();
    (splice(text, range, behind), Some(before))
}

/// What stood where an item came in.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// Other items.
    Items,
    /// No item; this stood behind the colon.
    Empty(String),
    /// Not even the key.
    Nothing,
}

/// Puts an item at the beginning of a list, which is made if it is not there.
pub(super) fn insert_item(text: &str, list: &str, item: &Value) -> Result<(String, Place), Refusal> {
    let root = parse(text)?;
    let Some((root, entry)) = root.as_ref().and_then(|root| Some((root, root.entry(list)?))) else {
        return Ok((insert_key(text, list, &Value::Array(vec![item.clone()]))?, Place::Nothing));
    };
    match &entry.value.content {
        Content::List { flow, items } if !items.is_empty() => {
            let put = if *flow { into_brackets(text, &items[0], item) } else { into_block(text, entry, item)? };
            Ok((put, Place::Items))
        }
        Content::List { .. } => Ok(into_nothing(text, root, entry, item)),
        Content::Scalar(word) if matches!(word.as_str(), "" | "~" | "null" | "Null" | "NULL") => {
            Ok(into_nothing(text, root, entry, item))
        }
        Content::Alias { .. } => Err(format!("`{list}` is an alias, which stands for something else")),
        _ => Err(format!("`{list}` is not a list")),
    }
}

fn into_brackets(text: &str, first: &Node, item: &Value) -> String {
    let at = first.span.start;
    let eol = line_break(text);
    let put = match blanks_before(text, at) {
        Some(blanks) => format!("{},{eol}{blanks}", flow(item, Some((blanks, eol)))),
        None => format!("{}, ", flow(item, None)),
    };
    splice(text, at..at, &put)
}

fn into_block(text: &str, entry: &Entry, item: &Value) -> Result<String, Refusal> {
    let eol = line_break(text);
    let dash = dash(text, entry, 0).ok_or("the list begins in a way that is not understood")?;
    let indent = column(text, dash);
    let blanks = " ".repeat(indent);
    let item = block_item(item, indent, eol);
    // Comments between the key and its first item are about that item.
    let line = end_of_line(text, entry.colon);
    let comments = text[entry.colon..dash].split(['\n', '\r']).map(str::trim);
    let free = comments.into_iter().all(|part| part.is_empty() || part.starts_with('#'));
    if line < dash && free {
        let next = line + break_at(text, line).len();
        return Ok(splice(text, next..next, &format!("{blanks}{item}{eol}")));
    }
    Ok(splice(text, dash..dash, &format!("{item}{eol}{blanks}")))
}

fn into_nothing(text: &str, root: &Node, entry: &Entry, item: &Value) -> (String, Place) {
    let range = entry.colon..entry.value.span.end.max(entry.colon);
    let before = Place::Empty(text[range.clone()].to_string());
    if root.is_flow() {
        return (splice(text, range, &format!(" [{}]", flow(item, None))), before);
    }
    let line = end_of_line(text, range.end);
    let eol = break_at(text, line);
    let indent = column(text, entry.key.span.start);
    let item = format!("{eol}{}{}", " ".repeat(indent), block_item(item, indent, eol));
    let text = splice(text, line..line, &item);
    (splice(&text, range, ""), before)
}

/// Puts a new key before the first that says more than what the file is, or at the end.
pub(super) fn insert_key(text: &str, key: &str, value: &Value) -> Result<String, Refusal> {
    let eol = line_break(text);
    let Some(root) = parse(text)? else {
        let whole = text.is_empty() || text.ends_with(['\n', '\r']);
        let body = block_key(key, value, 0, eol);
        return Ok(if whole { format!("{text}{body}{eol}") } else { format!("{text}{eol}{body}") });
    };
    let Content::Map { flow: in_brackets, entries } = &root.content else { return Err("it is not a mapping".into()) };
    let begins_line = |entry: &Entry| *in_brackets || blanks_before(text, entry.key.span.start).is_some();
    let next =
        entries.iter().find(|entry| !matches!(entry.key.text(), Some("apiVersion" | "kind")) && begins_line(entry));
    let (at, put) = if *in_brackets {
        let pair = |spread| format!("{}: {}", quoted(key), flow(value, spread));
        match (next, entries.last()) {
            (Some(next), _) => {
                let at = next.key.span.start;
                let put = match blanks_before(text, at) {
                    Some(blanks) => format!("{},{eol}{blanks}", pair(Some((blanks, eol)))),
                    None => format!("{}, ", pair(None)),
                };
                (at, put)
            }
            (None, Some(last)) => (last.value.span.end, format!(", {}", pair(None))),
            (None, None) => (properties(text, root.span.start) + 1, pair(None)),
        }
    } else if let Some(next) = next {
        let at = next.key.span.start;
        let indent = column(text, at);
        (at, format!("{}{eol}{}", block_key(key, value, indent, eol), " ".repeat(indent)))
    } else {
        let indent = entries.first().map_or(0, |first| column(text, first.key.span.start));
        let body = |eol| format!("{}{}", " ".repeat(indent), block_key(key, value, indent, eol));
        let end = entries.last().map_or(root.span.end, |last| last.value.span.end.max(last.colon));
        if text[..end].ends_with(['\n', '\r']) {
            (end, format!("{}{eol}", body(eol)))
        } else {
            let line = end_of_line(text, end);
            let eol = break_at(text, line);
            (line, format!("{eol}{}", body(eol)))
        }
    };
    Ok(splice(text, at..at, &put))
}

fn block_key(key: &str, value: &Value, indent: usize, eol: &str) -> String {
    match value {
        Value::Array(items) => {
            let items =
                items.iter().map(|item| format!("{eol}{}{}", " ".repeat(indent), block_item(item, indent, eol)));
            format!("{key}:{}", items.collect::<String>())
        }
        Value::String(text) => format!("{key}: {}", scalar(text)),
        other => format!("{key}: {other}"),
    }
}

/// Takes a key out, with its value.
pub(super) fn remove_key(text: &str, key: &str) -> Result<String, Refusal> {
    let root = parse(text)?.ok_or("it is empty")?;
    let entries = root.entries();
    let Some(index) = entries.iter().position(|entry| entry.key.text() == Some(key)) else { return Ok(text.into()) };
    let spans: Vec<_> =
        entries.iter().map(|entry| entry.key.span.start..entry.value.span.end.max(entry.colon)).collect();
    let range = if root.is_flow() { in_brackets(&spans, index) } else { lines(text, &spans, index)? };
    Ok(splice(text, range, ""))
}

/// Takes the first item of that name out of a list, and tells whether the list has others; `None` if there is no such
/// item.
pub(super) fn remove_item(text: &str, list: &str, name: &str) -> Result<Option<(String, bool)>, Refusal> {
    let Some(root) = parse(text)? else { return Ok(None) };
    let Some(entry) = root.entry(list) else { return Ok(None) };
    let items = entry.value.items();
    let named = |item: &Node| item.get("name").and_then(Node::text) == Some(name);
    let Some(index) = items.iter().position(named) else { return Ok(None) };
    let others = items.len() > 1;
    let range = if entry.value.is_flow() {
        let spans: Vec<_> = items.iter().map(|item| item.span.clone()).collect();
        in_brackets(&spans, index)
    } else {
        let begin = |index| dash(text, entry, index).ok_or("the list has a form that is not understood");
        let spans = (0..items.len()).map(|index| Ok(begin(index)?..items[index].span.end));
        lines(text, &spans.collect::<Result<Vec<_>, Refusal>>()?, index)?
    };
    Ok(Some((splice(text, range, ""), others)))
}

/// One of several things in brackets, with a comma.
fn in_brackets(spans: &[Range<usize>], index: usize) -> Range<usize> {
    let span = &spans[index];
    match (spans.get(index + 1), index.checked_sub(1).and_then(|before| spans.get(before))) {
        (Some(next), _) => span.start..next.start,
        (None, Some(before)) => before.end..span.end,
        (None, None) => span.clone(),
    }
}

/// The whole lines of one of several things that stand below each other.
fn lines(text: &str, spans: &[Range<usize>], index: usize) -> Result<Range<usize>, Refusal> {
    let span = &spans[index];
    let Some(blanks) = blanks_before(text, span.start) else {
        // Behind a `:` or another dash: up to the next one.
        let next = spans.get(index + 1).ok_or("an entry shares its line with something else")?;
        return Ok(span.start..next.start);
    };
    let start = span.start - blanks.len();
    // A text of several lines ends with its last line break.
    let end = if text[..span.end].ends_with(['\n', '\r']) { span.end } else { end_of_line(text, span.end) };
    let behind = &text[end..];
    if text[..end].ends_with(['\n', '\r']) {
        Ok(start..end)
    } else if behind.is_empty() {
        // Without a line break at the end of the file, the one before goes.
        let before = text[..start].strip_suffix("\r\n").or_else(|| text[..start].strip_suffix(['\n', '\r']));
        Ok(before.map_or(start, str::len)..end)
    } else {
        Ok(start..end + if behind.starts_with("\r\n") { 2 } else { 1 })
    }
}

/// Where the dash of an item stands.
fn dash(text: &str, entry: &Entry, index: usize) -> Option<usize> {
    let from = match index.checked_sub(1) {
        Some(before) => entry.value.items().get(before)?.span.end,
        None => entry.colon,
    };
    let at = properties(text, from);
    text[at..].starts_with('-').then_some(at)
}

/// The blanks between the beginning of the line and a position, if there is nothing else.
fn blanks_before(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let before = &text[start..at];
    before.chars().all(|letter| matches!(letter, ' ' | '\t')).then_some(before)
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |offset| at + offset)
}

fn splice(text: &str, range: Range<usize>, put: &str) -> String {
    format!("{}{put}{}", &text[..range.start], &text[range.end..])
}
