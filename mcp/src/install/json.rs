//! One entry of a JSON file, comments and trailing commas allowed: put in, changed and taken out without a change to any
//! other character.
//!
//! The parser gives places, and the text is edited there. (Its syntax tree keeps bytes too, but what it takes out is not
//! what it put in.) A new member goes behind the last one and behind the comments on that line, so no comment comes to
//! stand at another member. What takes it out finds the same place again. So that it also knows what was there before,
//! without a note anywhere: in an empty object that was there, our member begins right behind the brace; in one that is
//! new, white space is between. A file that is new ends with a line end; one that was there, and blank, does not.

use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::Present;
use super::client::{Place, is_ours};
use super::render::{self, Style};
use super::text::{self, Edits, MARK};

/// Puts the entry in, or brings the one that is there up to date; `None` is a file that is not there.
///
/// # Errors
/// What cannot be read, or where something other than an object is in the way.
pub(super) fn set(before: Option<&str>, place: Place, entry: &Map<String, Value>) -> Result<String, String> {
    let Some(before) = before else { return Ok(format!("{}\n", new_file(place, entry))) };
    let (mark, text) = split_mark(before);
    if text.trim().is_empty() {
        return Ok(format!("{before}{}", new_file(place, entry)));
    }
    let section =
        |text: &str| Parsed::of(text).and_then(|parsed| parsed.object(&[place.section]).map(|at| at.is_some()));
    let new = Value::Object(entry.clone());
    let text = if !section(text)? {
        set_member(text, &[], place.section, &Value::Object([(place.name.to_string(), new)].into_iter().collect()))?
    } else if Parsed::of(text)?.object(&[place.section, place.name])?.is_some() {
        update(text, &[place.section, place.name], entry)?
    } else {
        set_member(text, &[place.section], place.name, &new)?
    };
    Ok(format!("{mark}{text}"))
}

/// Takes the entry out, if it is there; `None` if the file was new with it.
///
/// # Errors
/// What cannot be read.
pub(super) fn remove(before: &str, place: Place) -> Result<Option<String>, String> {
    let (mark, text) = split_mark(before);
    if text.trim().is_empty() {
        return Ok(Some(before.into()));
    }
    let parsed = Parsed::of(text)?;
    let Some(outer) = parsed.member(&parsed.root, place.section)? else { return Ok(Some(before.into())) };
    let Some(section) = outer.value.as_object() else { return Ok(Some(before.into())) };
    let Some(entry) = parsed.member(section, place.name)? else { return Ok(Some(before.into())) };
    if !parsed.is_new(section, entry) {
        return Ok(Some(format!("{mark}{}", parsed.without(section, entry))));
    }
    if !(parsed.is_new(&parsed.root, outer) && parsed.is_all()) {
        return Ok(Some(format!("{mark}{}", parsed.without(&parsed.root, outer))));
    }
    let (front, back) = (&text[..parsed.root.range.start], &text[parsed.root.range.end..]);
    let was_there = back.is_empty() || !front.is_empty() || !mark.is_empty();
    Ok(was_there.then(|| format!("{mark}{front}{back}")))
}

/// The entry that is there.
///
/// # Errors
/// As [`set`].
pub(super) fn present(text: &str, place: Place) -> Result<Option<Present>, String> {
    let (_, text) = split_mark(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let parsed = Parsed::of(text)?;
    let Some(entry) = parsed.object(&[place.section, place.name])? else { return Ok(None) };
    let mut present = Present::default();
    for member in &entry.properties {
        present.put(member.name.as_str(), member.value.clone().into());
    }
    Ok(Some(present))
}

fn new_file(place: Place, entry: &Map<String, Value>) -> String {
    let value = serde_json::json!({place.section: {place.name: entry}});
    render::value(&value, &Style { lines: true, unit: "  ", line_end: "\n" }, "")
}

fn split_mark(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with(MARK) { MARK.len_utf8() } else { 0 })
}

/// Brings an entry up to date: our keys as they should be, those of the user as they are.
fn update(text: &str, path: &[&str], wanted: &Map<String, Value>) -> Result<String, String> {
    let mut text = text.to_string();
    let present = Parsed::of(&text)?.keys(path)?;
    for key in present.iter().filter(|key| path.len() == 2 && is_ours(key) && !wanted.contains_key(*key)) {
        text = remove_member(&text, path, key)?;
    }
    for (key, value) in wanted {
        let deeper: Vec<_> = path.iter().copied().chain([key.as_str()]).collect();
        let both = Parsed::of(&text)?.value(&deeper)?.filter(Value::is_object).and(value.as_object());
        text = match both {
            Some(inner) => update(&text, &deeper, inner)?,
            None => set_member(&text, path, key, value)?,
        };
    }
    Ok(text)
}

fn set_member(text: &str, path: &[&str], key: &str, value: &Value) -> Result<String, String> {
    let parsed = Parsed::of(text)?;
    if parsed.value(&[path, &[key]].concat())?.as_ref() == Some(value) {
        return Ok(text.into());
    }
    let Some(object) = parsed.object(path)? else { return Ok(text.into()) };
    Ok(match parsed.member(object, key)? {
        Some(member) => {
            let range = member.value.range();
            let lines = text[range.start..range.end].contains(LINE_ENDS);
            let indent = text::indent(text, member.range.start).unwrap_or_default().to_string();
            let mut edits = Edits::default();
            edits.put(range.start..range.end, render::value(value, &parsed.style(lines), &indent));
            edits.apply(text)
        }
        None => parsed.with(object, key, value),
    })
}

fn remove_member(text: &str, path: &[&str], key: &str) -> Result<String, String> {
    let parsed = Parsed::of(text)?;
    let Some(object) = parsed.object(path)? else { return Ok(text.into()) };
    Ok(match parsed.member(object, key)? {
        Some(member) => parsed.without(object, member),
        None => text.into(),
    })
}

fn as_object<'a, 'b>(member: &'b ObjectProp<'a>) -> Result<&'b Object<'a>, String> {
    member.value.as_object().ok_or_else(|| format!("`{}` is there, but it is no object", member.name.as_str()))
}

/// A file, read.
struct Parsed<'a> {
    text: &'a str,
    tokens: Vec<TokenAndRange<'a>>,
    root: Object<'a>,
}

impl<'a> Parsed<'a> {
    fn of(text: &'a str) -> Result<Self, String> {
        let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let result = parse_to_ast(text, &collect, &JSONC).map_err(|error| {
            format!("line {}: it is no JSON, with comments or without: {}", error.line_display(), error.kind())
        })?;
        match result.value {
            Some(Node::Object(root)) => Ok(Self { text, tokens: result.tokens.unwrap_or_default(), root }),
            Some(other) => {
                Err(format!("line {}: it does not begin with `{{`", text::line(text.as_bytes(), other.range().start)))
            }
            None => Err("line 1: there are only comments in it; put `{}` behind them".into()),
        }
    }

    /// A member by its key.
    ///
    /// # Errors
    /// It is there twice: which of them counts is every client's own choice.
    fn member<'b>(&self, object: &'b Object<'a>, key: &str) -> Result<Option<&'b ObjectProp<'a>>, String> {
        let mut found = object.properties.iter().filter(|member| member.name.as_str() == key);
        let first = found.next();
        match found.next() {
            Some(second) => {
                let line = text::line(self.text.as_bytes(), second.range.start);
                Err(format!("line {line}: `{key}` is there a second time; leave one of them"))
            }
            None => Ok(first),
        }
    }

    /// The object at a path; `None` if nothing is there.
    fn object(&self, path: &[&str]) -> Result<Option<&Object<'a>>, String> {
        let mut object = &self.root;
        for key in path {
            let Some(member) = self.member(object, key)? else { return Ok(None) };
            object = as_object(member)?;
        }
        Ok(Some(object))
    }

    fn value(&self, path: &[&str]) -> Result<Option<Value>, String> {
        let Some((key, path)) = path.split_last() else { return Ok(None) };
        let Some(object) = self.object(path)? else { return Ok(None) };
        Ok(self.member(object, key)?.map(|member| member.value.clone().into()))
    }

    fn keys(&self, path: &[&str]) -> Result<Vec<String>, String> {
        let members = self.object(path)?.map(|object| object.properties.as_slice()).unwrap_or_default();
        Ok(members.iter().map(|member| member.name.as_str().to_string()).collect())
    }

    fn style(&self, lines: bool) -> Style<'a> {
        let first = self.root.properties.first().and_then(|member| text::indent(self.text, member.range.start));
        let unit = first.filter(|indent| !indent.is_empty()).unwrap_or("  ");
        Style { lines, unit, line_end: text::line_end(self.text) }
    }

    /// With a new member at the end of an object.
    fn with(&self, object: &Object, key: &str, value: &Value) -> String {
        let behind = self.last_place(object, object.properties.last());
        let body = &self.text[object.range.start..object.range.end];
        let was_empty = object.properties.is_empty();
        let hugs = was_empty && behind.at == object.range.start + 1;
        let style = self.style(!hugs && body.contains(LINE_ENDS));
        let base = text::indent(self.text, self.line_start_of(object)).unwrap_or_default();
        let own = object.properties.last().and_then(|last| text::indent(self.text, last.range.start));
        let indent = own.map_or_else(|| format!("{base}{}", style.unit), str::to_string);
        let space = match (hugs, style.lines) {
            (true, _) => String::new(),
            (false, true) => format!("{}{indent}", style.line_end),
            (false, false) => " ".into(),
        };
        let mut edits = Edits::default();
        let ending = match (&behind.comma, object.properties.last()) {
            (None, Some(last)) => {
                edits.put(last.range.end..last.range.end, ",");
                ""
            }
            (Some(_), _) => ",",
            (None, None) => "",
        };
        let member = format!("{}: {}", Value::from(key), render::value(value, &style, &indent));
        edits.put(behind.at..behind.at, format!("{space}{member}{ending}"));
        edits.apply(self.text)
    }

    /// Without a member, its comma, and the white space that came with it. Comments stay.
    fn without(&self, object: &Object, member: &ObjectProp) -> String {
        let index = object.properties.iter().position(|other| other.range == member.range).unwrap_or_default();
        let previous = index.checked_sub(1).and_then(|index| object.properties.get(index));
        let place = self.last_place(object, previous);
        // Comments between the one before and this one were put there by somebody.
        let comment = self
            .tokens
            .iter()
            .rfind(|token| is_comment(token) && token.range.start >= place.at && token.range.end <= member.range.start);
        let from = comment.map_or(place.at, |token| token.range.end);
        let mut edits = Edits::default();
        let own_comma = self.comma(member.range.end);
        let mut to = member.range.end;
        if let Some(comma) = &own_comma {
            if self.text[to..comma.start].trim().is_empty() {
                to = comma.end;
            } else {
                edits.put(comma.clone(), "");
            }
        } else if let Some(comma) = place.comma {
            edits.put(comma, "");
        }
        // What follows must not end up in a comment.
        let in_comment = self.tokens.iter().any(|token| {
            let line_comment = matches!(token.token, Token::CommentLine(_)) && token.range.end <= from;
            line_comment
                && self.text[token.range.end..from].chars().all(|c| c.is_whitespace() && !LINE_ENDS.contains(&c))
        });
        let next_line = self.text[to..].trim_start_matches([' ', '\t']).starts_with(LINE_ENDS);
        edits.put(from..to, if in_comment && !next_line { text::line_end(self.text) } else { "" });
        edits.apply(self.text)
    }

    /// Whether an object was made for this member.
    fn is_new(&self, object: &Object, member: &ObjectProp) -> bool {
        let inside = |token: &&TokenAndRange| {
            let (start, end) = (token.range.start, token.range.end);
            object.range.start < start
                && end < object.range.end
                && !(member.range.start <= start && end <= member.range.end)
        };
        object.properties.len() == 1
            && !self.tokens.iter().any(|token| inside(&token))
            && self.text[object.range.start + 1..].starts_with(char::is_whitespace)
    }

    /// Whether there is nothing but white space around the root.
    fn is_all(&self) -> bool {
        let root = &self.root.range;
        self.text[..root.start].trim().is_empty() && self.text[root.end..].trim().is_empty()
    }

    /// Where a member begins that comes behind this one, or first in the object.
    fn last_place(&self, object: &Object, last: Option<&ObjectProp>) -> Behind {
        let (end, comma) = match last {
            Some(last) => (last.range.end, self.comma(last.range.end)),
            None => (object.range.start + 1, None),
        };
        let mut at = comma.as_ref().map_or(end, |comma| comma.end);
        let from = at;
        for token in self.tokens.iter().skip_while(|token| token.range.start < from) {
            if !is_comment(token) || self.text[at..token.range.start].contains(LINE_ENDS) {
                break;
            }
            at = token.range.end;
        }
        if at > end && self.text[..at].ends_with('\r') {
            at -= 1;
        }
        Behind { at, comma }
    }

    /// The comma that follows here, with nothing but comments between.
    fn comma(&self, from: usize) -> Option<Range<usize>> {
        let next = self.tokens.iter().find(|token| token.range.start >= from && !is_comment(token))?;
        (next.token == Token::Comma).then_some(next.range.start..next.range.end)
    }

    /// Where the member begins that has this object as its value, or the object itself.
    fn line_start_of(&self, object: &Object) -> usize {
        let line = self.text[..object.range.start].rfind('\n').map_or(0, |at| at + 1);
        line + self.text[line..].len() - self.text[line..].trim_start_matches([' ', '\t']).len()
    }
}

struct Behind {
    at: usize,
    comma: Option<Range<usize>>,
}

fn is_comment(token: &TokenAndRange) -> bool {
    matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_))
}

/// Either ends a comment, also without the other.
const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// JSON with comments and trailing commas, and none of what only other dialects have.
const JSONC: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};
