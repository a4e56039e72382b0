//! The same as `json` for TOML: what the parser says about places is edited, so line ends, comments and the order of tables
//! stay as they are.
//!
//! A new entry is a table at the end of the file, or a member of an inline table that is there.

use std::ops::Range;

use serde_json::{Map, Value};
use toml_edit::{Document, InlineTable, Item, Key, Table};

use super::Present;
use super::client::{Place, is_ours};
use super::text::{self, Edits, MARK};

/// Puts the entry in, or brings the one that is there up to date; `None` is a file that is not there.
///
/// # Errors
/// What cannot be read, or a section that is no table.
pub(super) fn set(before: Option<&str>, place: Place, entry: &Map<String, Value>) -> Result<String, String> {
    let Some(before) = before else { return Ok(text::append(None, &block(place, entry))) };
    let (mark, text) = split_mark(before);
    let document = parse(text)?;
    let section = document.as_table().get(place.section);
    let after = match section {
        None | Some(Item::None) => text::append(Some(before), &block(place, entry)),
        Some(Item::Table(table)) if !table.contains_key(place.name) => text::append(Some(before), &block(place, entry)),
        Some(Item::Table(table)) => format!("{mark}{}", update(text, &table[place.name], entry, place)?),
        Some(Item::Value(toml_edit::Value::InlineTable(table))) => {
            format!("{mark}{}", set_inline(text, table, place, entry)?)
        }
        Some(other) => return Err(no_table(text, place.section, other)),
    };
    check(&after, place, entry)?;
    Ok(after)
}

/// Takes the entry out, if it is there; `None` if the file was new with it.
///
/// # Errors
/// What cannot be read, or an entry in pieces.
pub(super) fn remove(before: &str, place: Place) -> Result<Option<String>, String> {
    let (mark, text) = split_mark(before);
    let document = parse(text)?;
    match document.as_table().get(place.section) {
        Some(Item::Value(toml_edit::Value::InlineTable(table))) if table.contains_key(place.name) => {
            Ok(Some(format!("{mark}{}", without_inline(text, table, place.name))))
        }
        Some(Item::Table(section)) => match section.get_key_value(place.name) {
            Some((_, Item::Table(table))) => {
                let mut regions = regions(text, table)?;
                regions.sort_by_key(|region| std::cmp::Reverse(region.start));
                let mut text = Some(before.to_string());
                for region in regions {
                    let region = region.start + mark.len()..region.end + mark.len();
                    text = text.and_then(|text| text::cut(&text, region));
                }
                Ok(text)
            }
            Some((key, item)) => {
                let mut edits = Edits::default();
                edits.put(whole_lines(text, place_of(key, item)), "");
                Ok(Some(format!("{mark}{}", edits.apply(text))))
            }
            None => Ok(Some(before.into())),
        },
        _ => Ok(Some(before.into())),
    }
}

/// The entry that is there.
///
/// # Errors
/// As [`set`], or a value of ours that could not be written again.
pub(super) fn present(text: &str, place: Place) -> Result<Option<Present>, String> {
    let document = parse(split_mark(text).1)?;
    let entry = document.as_table().get(place.section).and_then(|section| section.get(place.name));
    let Some(entry) = entry.and_then(Item::as_table_like) else { return Ok(None) };
    let mut present = Present::default();
    for (key, item) in entry.iter() {
        let value = if is_ours(key) {
            to_json(item).ok_or_else(|| format!("`{key}` of `{}` is of a kind that no client knows", place.name))?
        } else {
            Value::Null
        };
        present.put(key, value);
    }
    Ok(Some(present))
}

/// `None` for what [`to_toml`] does not give back.
fn to_json(item: &Item) -> Option<Value> {
    if let Some(table) = item.as_table_like() {
        let members = table.iter().map(|(key, item)| Some((key.to_string(), to_json(item)?)));
        return members.collect::<Option<Map<_, _>>>().map(Value::Object);
    }
    match item.as_value()? {
        toml_edit::Value::String(text) => Some(text.value().as_str().into()),
        toml_edit::Value::Integer(number) => Some((*number.value()).into()),
        toml_edit::Value::Boolean(flag) => Some((*flag.value()).into()),
        toml_edit::Value::Array(items) => items.iter().map(|value| to_json(&Item::Value(value.clone()))).collect(),
        _ => None,
    }
}

fn split_mark(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with(MARK) { MARK.len_utf8() } else { 0 })
}

fn parse(text: &str) -> Result<Document<&str>, String> {
    Document::parse(text).map_err(|error| {
        let line = text::line(text.as_bytes(), error.span().map_or(0, |span| span.start));
        format!("line {line}: it is no TOML: {}", error.message().lines().next().unwrap_or_default())
    })
}

fn no_table(text: &str, section: &str, item: &Item) -> String {
    let line = text::line(text.as_bytes(), item.span().map_or(0, |span| span.start));
    format!("line {line}: `{section}` is there, but it is no table")
}

/// What was written is read once more, before it is anybody's file.
fn check(after: &str, place: Place, entry: &Map<String, Value>) -> Result<(), String> {
    let document = parse(split_mark(after).1)?;
    let written = document.as_table().get(place.section).and_then(|section| section.get(place.name));
    let fits = entry.iter().all(|(key, value)| {
        let there = written.and_then(|entry| entry.get(key));
        there.is_some_and(|there| holds(there, value))
    });
    if fits { Ok(()) } else { Err(format!("the table `{}` is written in a way that cannot be changed", place.section)) }
}

/// Whether an item says what a JSON value says; a table may say more.
fn holds(item: &Item, wanted: &Value) -> bool {
    match wanted {
        Value::Object(map) => map.iter().all(|(key, value)| item.get(key).is_some_and(|there| holds(there, value))),
        Value::Array(items) => item.as_array().is_some_and(|array| {
            array.len() == items.len()
                && array.iter().zip(items).all(|(there, wanted)| holds(&Item::Value(there.clone()), wanted))
        }),
        Value::String(text) => item.as_str() == Some(text),
        Value::Bool(flag) => item.as_bool() == Some(*flag),
        Value::Number(number) => item.as_integer() == number.as_i64(),
        Value::Null => item.is_none(),
    }
}

fn block(place: Place, entry: &Map<String, Value>) -> String {
    let lines: Vec<_> = entry.iter().map(|(key, value)| line(key, value)).collect();
    format!("[{}.{}]\n{}", place.section, place.name, lines.join("\n"))
}

fn line(key: &str, value: &Value) -> String {
    format!("{} = {}", Key::new(key).display_repr(), to_toml(value))
}

fn to_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, value)| (Key::new(key), to_toml(value))).collect::<InlineTable>().into()
        }
        Value::Array(items) => items.iter().map(to_toml).collect::<toml_edit::Array>().into(),
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => number.as_i64().unwrap_or_default().into(),
        Value::Null => "".into(),
    }
}

/// Brings an entry up to date: our keys as they should be, those of the user as they are.
fn update(text: &str, entry: &Item, wanted: &Map<String, Value>, place: Place) -> Result<String, String> {
    let mut edits = Edits::default();
    match entry {
        Item::Table(table) if table.is_dotted() => return Err(in_pieces(place)),
        Item::Table(table) => update_table(text, table, wanted, true, &mut edits)?,
        Item::Value(toml_edit::Value::InlineTable(inline)) => {
            let span = inline.span().unwrap_or_default();
            edits.put(span, merged(text, inline, wanted, true));
        }
        other => return Err(no_table(text, place.name, other)),
    }
    let after = edits.apply(text);
    // Whether the last line has an end is how `cut` knows what was there before.
    Ok(if text.ends_with('\n') { after } else { text::without_line_end(&after).into() })
}

/// The lines that are a table's own. One that is there only because of a table in it has none, although the parser gives it
/// a place in the other's header.
fn own_span(table: &Table) -> Option<Range<usize>> {
    table.span().filter(|_| !table.is_implicit())
}

fn in_pieces(place: Place) -> String {
    format!("`{0}.{1}` is written with dotted keys; write it as a table, [{0}.{1}]", place.section, place.name)
}

fn update_table(
    text: &str,
    table: &Table,
    wanted: &Map<String, Value>,
    top: bool,
    edits: &mut Edits,
) -> Result<(), String> {
    for (name, item) in table.iter().filter(|(name, _)| top && is_ours(name) && !wanted.contains_key(*name)) {
        match (item, table.key(name)) {
            (Item::Table(inner), _) if !inner.is_dotted() => {
                for region in regions(text, inner)? {
                    edits.put(whole_lines(text, region), "");
                }
            }
            (_, Some(key)) => edits.put(whole_lines(text, place_of(key, item)), ""),
            (_, None) => {}
        }
    }
    let mut new = String::new();
    for (key, value) in wanted {
        match (table.get(key), value) {
            (Some(item), value) if holds(item, value) => {}
            (Some(Item::Table(inner)), Value::Object(map)) => update_table(text, inner, map, false, edits)?,
            (Some(Item::Value(toml_edit::Value::InlineTable(inner))), Value::Object(map)) => {
                edits.put(inner.span().unwrap_or_default(), merged(text, inner, map, false));
            }
            (Some(item), value) => match item.span() {
                Some(span) => edits.put(span, to_toml(value).to_string()),
                None => return Err(format!("`{key}` is written with dotted keys; write it as one value")),
            },
            (None, value) => new.push_str(&format!("{}{}", text::line_end(text), line(key, value))),
        }
    }
    match own_span(table) {
        _ if new.is_empty() => {}
        Some(span) => {
            let end = end_of_line(text, span.end);
            edits.put(end..end, new);
        }
        None => return Err("a part of it has no header of its own; write it as a table, above those in it".into()),
    }
    Ok(())
}

/// An inline table with what is wanted of it.
fn merged(text: &str, table: &InlineTable, wanted: &Map<String, Value>, top: bool) -> String {
    let own = &text[table.span().unwrap_or_default()];
    match own.parse::<toml_edit::Value>() {
        Ok(toml_edit::Value::InlineTable(mut table)) => {
            merge(&mut table, wanted, top);
            table.to_string().trim().into()
        }
        // It was read once already.
        _ => own.into(),
    }
}

fn merge(table: &mut InlineTable, wanted: &Map<String, Value>, top: bool) {
    if top {
        table.retain(|key, _| !is_ours(key) || wanted.contains_key(key));
    }
    for (key, value) in wanted {
        match (table.get_mut(key), value) {
            (Some(there), value) if holds(&Item::Value(there.clone()), value) => {}
            (Some(toml_edit::Value::InlineTable(inner)), Value::Object(map)) => merge(inner, map, false),
            _ => {
                table.insert(key, to_toml(value));
            }
        }
    }
}

/// The entry as a member of an inline table.
fn set_inline(text: &str, table: &InlineTable, place: Place, entry: &Map<String, Value>) -> Result<String, String> {
    let mut edits = Edits::default();
    let value = Value::Object(entry.clone());
    match (table.get(place.name), table.iter().last()) {
        (Some(toml_edit::Value::InlineTable(there)), _) => {
            if !holds(&Item::Value(there.clone().into()), &value)
                || there.iter().any(|(key, _)| is_ours(key) && !entry.contains_key(key))
            {
                edits.put(there.span().unwrap_or_default(), merged(text, there, entry, true));
            }
        }
        (Some(other), _) => return Err(no_table(text, place.name, &Item::Value(other.clone()))),
        (None, Some((_, last))) => {
            let end = last.span().unwrap_or_default().end;
            edits.put(end..end, format!(", {}", line(place.name, &value)));
        }
        (None, None) => {
            let begin = table.span().unwrap_or_default().start + 1;
            edits.put(begin..begin, line(place.name, &value));
        }
    }
    Ok(edits.apply(text))
}

fn without_inline(text: &str, table: &InlineTable, name: &str) -> String {
    let spans: Vec<_> = table.iter().map(|(key, value)| (key, table.key(key), value)).collect();
    let index = spans.iter().position(|(key, ..)| *key == name).unwrap_or_default();
    let of = |index: usize| spans.get(index).and_then(|(_, key, value)| Some((key.as_ref()?.span()?, value.span()?)));
    let Some((key, value)) = of(index) else { return text.into() };
    let mut edits = Edits::default();
    match (index.checked_sub(1).and_then(of), of(index + 1)) {
        (Some((_, previous)), _) => edits.put(previous.end..value.end, ""),
        (None, Some((next, _))) => edits.put(key.start..next.start, ""),
        (None, None) => edits.put(key.start..value.end, ""),
    }
    edits.apply(text)
}

/// The lines of a table and of those below it: from each header to the last value under it.
fn regions(text: &str, table: &Table) -> Result<Vec<Range<usize>>, String> {
    let mut found = Vec::new();
    let mut end = own_span(table).map(|span| span.end);
    below(text, table, &mut end, &mut found)?;
    match (own_span(table), end) {
        (Some(span), end) => {
            found.push(start_of_line(text, span.start)..end_of_line(text, end.unwrap_or(span.end)));
        }
        (None, Some(_)) => return Err("it is written with dotted keys; take it out by hand".into()),
        (None, None) => {}
    }
    Ok(found)
}

fn below(text: &str, table: &Table, end: &mut Option<usize>, found: &mut Vec<Range<usize>>) -> Result<(), String> {
    for (_, item) in table {
        match item {
            Item::Table(inner) if inner.is_dotted() => below(text, inner, end, found)?,
            Item::Table(inner) => found.extend(regions(text, inner)?),
            Item::ArrayOfTables(tables) => {
                for inner in tables {
                    found.extend(regions(text, inner)?);
                }
            }
            other => *end = (*end).max(other.span().map(|span| span.end)),
        }
    }
    Ok(())
}

fn place_of(key: &Key, item: &Item) -> Range<usize> {
    let key = key.span().unwrap_or_default();
    key.start..item.span().map_or(key.end, |span| span.end)
}

/// With the white space before it, if there is nothing else on the line.
fn start_of_line(text: &str, at: usize) -> usize {
    let begin = text[..at].rfind('\n').map_or(0, |at| at + 1);
    if text[begin..at].trim().is_empty() { begin } else { at }
}

/// Before the line end.
fn end_of_line(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
    if text[..end].ends_with('\r') { end - 1 } else { end }
}

/// With the line end behind it.
fn whole_lines(text: &str, range: Range<usize>) -> Range<usize> {
    let end = end_of_line(text, range.end);
    let rest = &text[end..];
    let more = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    start_of_line(text, range.start)..end + more
}
