//! Answers: facts that are told twice, as structured content and as text, and bounded once.
//!
//! A tool returns typed facts. Here they become JSON, lose what must not leave the platform ([`secrets`]), are cut to
//! the budget ([`bound`]) and are rendered as text ([`text`]) from that same JSON. So both tell the same facts by
//! construction, and no tool can forget a limit.

pub mod bound;
mod order;
pub mod text;

pub use crate::next_call::NextCall;
use crate::secrets;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Tokens that an answer may take if the caller does not say.
pub const DEFAULT_MAX_TOKENS: usize = 2_000;
/// The most that a caller may ask for.
pub const MOST_TOKENS: usize = 50_000;
/// The least: less could not even say what was left out.
pub const LEAST_TOKENS: usize = 200;

/// Something that did not fit.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Which part of the answer.
    pub what: String,
    /// How much of it is here.
    pub shown: usize,
    /// How much there is.
    pub total: usize,
    /// What is counted: `items` or `characters`.
    pub unit: String,
}

/// The list of an answer that is given page by page.
#[derive(Debug, Clone)]
struct Page {
    field: &'static str,
    offset: usize,
    total: usize,
}

/// Typed facts, on their way to the caller.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    facts: T,
    platform: Option<String>,
    page: Option<Page>,
    next: Vec<NextCall>,
    drops: &'static [&'static str],
}

impl<T: Serialize> Answer<T> {
    /// An answer with these facts. `T` serializes to an object. Put what matters first: lists are cut at their end.
    pub fn new(facts: T) -> Self {
        Self { facts, platform: None, page: None, next: Vec::new(), drops: &[] }
    }

    /// Says which platform this is about.
    #[must_use]
    pub fn about(mut self, platform: &str) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// `field` holds the items from `offset` on out of `total`. What does not fit is offered as the next call, which
    /// is this call with `cursor`.
    #[must_use]
    pub fn page(mut self, field: &'static str, offset: usize, total: usize) -> Self {
        self.page = Some(Page { field, offset, total });
        self
    }

    /// Offers a call that tells more.
    #[must_use]
    pub fn next(mut self, call: NextCall) -> Self {
        self.next.push(call);
        self
    }

    /// Names the fields that give way first, in this order, where the answer is too long: what is left keeps its length.
    #[must_use]
    pub fn drops(mut self, fields: &'static [&'static str]) -> Self {
        self.drops = fields;
        self
    }

    /// The facts themselves.
    pub fn facts(&self) -> &T {
        &self.facts
    }

    /// The facts alone, for an answer that has them in it.
    pub fn into_facts(self) -> T {
        self.facts
    }

    /// Redacts, bounds and renders. `tool` and `arguments` are the call that this answers.
    pub fn finish(self, tool: &str, arguments: &Map<String, Value>, max_tokens: usize) -> Finished {
        let order = order::Order::of(&self.facts);
        let mut facts = match serde_json::to_value(&self.facts) {
            Ok(Value::Object(map)) => map,
            Ok(other) => Map::from_iter([("value".to_string(), other)]),
            Err(error) => Map::from_iter([("error".to_string(), Value::String(error.to_string()))]),
        };
        without_nulls(&mut facts);
        facts.values_mut().for_each(secrets::clean);
        let mut left_out = bound::dropped(&mut facts, self.drops, max_tokens);
        let is_short = !left_out.is_empty();
        left_out.extend(bound::bound(&mut facts, max_tokens));
        // Calls that tell more are the first to go, but for the one that gives this answer in full.
        let mut next = if is_short { self.next.into_iter().take(1).collect() } else { self.next };
        if let Some(page) = &self.page {
            more(page, &facts, &mut left_out, &mut next, tool, arguments);
        }
        if !left_out.is_empty() && max_tokens < MOST_TOKENS {
            let mut again = arguments.clone();
            again.insert("max_tokens".into(), json!((max_tokens * 4).min(MOST_TOKENS)));
            next.push(NextCall::new(tool, Value::Object(again), "the same with more of what was left out"));
        }
        if let Some(platform) = self.platform {
            facts.insert("platform".into(), Value::String(platform));
        }
        insert(&mut facts, "left_out", &left_out);
        insert(&mut facts, "next", &next);
        let structured = Value::Object(facts);
        Finished { text: text::render(&structured, &order), structured }
    }
}

/// Leaves out what is null: output schemas say that such a field may be missing.
fn without_nulls(facts: &mut Map<String, Value>) {
    facts.retain(|_, value| !value.is_null());
    facts.values_mut().for_each(nulls_within);
}

fn nulls_within(value: &mut Value) {
    match value {
        Value::Object(map) => without_nulls(map),
        Value::Array(items) => items.iter_mut().for_each(nulls_within),
        _ => {}
    }
}

/// Envelope fields are there only if they say something.
fn insert(facts: &mut Map<String, Value>, key: &str, list: &[impl Serialize]) {
    if !list.is_empty() {
        facts.insert(key.into(), json!(list));
    }
}

/// A page that was cut says so in terms of the whole list, and its next call goes on exactly behind it.
fn more(
    page: &Page,
    facts: &Map<String, Value>,
    left_out: &mut Vec<LeftOut>,
    next: &mut Vec<NextCall>,
    tool: &str,
    arguments: &Map<String, Value>,
) {
    left_out.retain(|part| part.what != page.field);
    let shown = facts.get(page.field).and_then(Value::as_array).map_or(0, Vec::len);
    let end = page.offset + shown;
    if end >= page.total || shown == 0 {
        return;
    }
    let mut arguments = arguments.clone();
    arguments.insert("cursor".into(), json!(cursor(end)));
    let why = format!("{} {} to {} of {}", page.field, end + 1, (end + shown).min(page.total), page.total);
    next.push(NextCall::new(tool, Value::Object(arguments), why));
}

/// The cursor that goes on at `offset`.
pub fn cursor(offset: usize) -> String {
    format!("at-{offset}")
}

/// Reads a cursor of ours.
///
/// # Errors
/// One that is not ours.
pub fn offset(cursor: Option<&str>) -> Result<usize, crate::ToolError> {
    // Clients write an empty one for the first page.
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(0) };
    cursor.strip_prefix("at-").and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        crate::ToolError::invalid(format!("{} is not a cursor of this server", crate::error::quoted(cursor)))
            .hint("Leave `cursor` out to begin, or use the one from the last answer as it is.")
    })
}

/// An answer ready for the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// For clients that show text.
    pub text: String,
    /// For clients that show structured content.
    pub structured: Value,
}

impl Finished {
    /// The answer of a tool that was called by an old name says so.
    #[must_use]
    pub fn renamed(mut self, now: Option<&'static str>) -> Self {
        let Some(now) = now else { return self };
        let note = format!("This tool's name is old and goes with the next version: call `{now}`.");
        self.text = format!("{}\nnote: {note}", self.text);
        if let Some(facts) = self.structured.as_object_mut() {
            facts.insert("note".into(), note.into());
        }
        self
    }
}
