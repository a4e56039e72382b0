//! The YAML in the comments of tracks and steps.

use std::ops::Range;

use backstack_files::yaml::{self, Places};
use backstack_mcp::docs::Page;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Faults, line_of};
use crate::workshop::check::Check;
use crate::workshop::track::Solution;

/// Seconds that a check waits unless a step says otherwise.
const WITHIN: u64 = 60;
/// Nobody waits for longer than this.
const LONGEST: u64 = 1800;
const CHECKS: &[&str] = &["object", "healthy", "report", "git", "pull_request", "url", "entity", "answer"];
const SOLUTIONS: &[&str] = &["propose", "merge", "run", "block", "answer"];

/// A comment that says what a track or a step is.
pub(super) struct Comment {
    /// Line of `<!--` in the page.
    pub line: usize,
    /// Where it ends in the page.
    pub end: usize,
    /// Whether nothing but the heading stands before it in its section.
    pub is_first: bool,
    text: String,
}

/// What the comment of a track says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Track {
    pub name: String,
    #[serde(rename = "as")]
    pub user: String,
    pub minutes: u32,
    #[serde(default)]
    pub own: Vec<String>,
}

/// What the comment of a step says.
pub(super) struct Step {
    pub minutes: u32,
    pub within: u64,
    pub checks: Vec<Check>,
    pub solve: Vec<Solution>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    minutes: u32,
    #[serde(default)]
    within: Option<String>,
    #[serde(default)]
    check: Vec<Value>,
    #[serde(default)]
    solve: Vec<Value>,
}

/// The comment of this kind in a section; one that stands in a code block is an example.
pub(super) fn of(page: &Page, section: Range<usize>, kind: &str) -> Option<Comment> {
    let source = &page.source;
    let opening = format!("<!-- {kind}");
    let mut is_code = false;
    let mut at = section.start;
    let mut before = 0;
    for line in source[section.clone()].split_inclusive('\n') {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        let is_it = line.strip_prefix(&opening).is_some_and(|rest| rest.trim().is_empty());
        if is_it && !is_code {
            let begin = at + line.len();
            let length = source[begin..].find("-->").unwrap_or(source.len() - begin);
            return Some(Comment {
                line: line_of(source, at),
                end: (begin + length + 3).min(source.len()),
                is_first: before <= 1,
                text: source[begin..begin + length].to_string(),
            });
        }
        before += usize::from(!line.trim().is_empty());
        at += line.len();
    }
    None
}

impl Comment {
    /// The value and where its parts stand.
    fn value(&self, faults: &mut Faults<'_>) -> Option<(Value, Places)> {
        let (documents, wrong) = yaml::parse(self.text.as_bytes());
        for (line, what) in &wrong {
            faults.at(self.line + line, what.clone());
        }
        if !wrong.is_empty() {
            return None;
        }
        let document = documents.into_iter().next();
        if document.is_none() {
            faults.at(self.line, "this comment says nothing");
        }
        document.map(|document| (document.value, document.places))
    }

    /// As something that is written in one piece.
    pub(super) fn read<T: DeserializeOwned>(&self, faults: &mut Faults<'_>) -> Option<T> {
        let (value, _) = self.value(faults)?;
        serde_json::from_value(value).map_err(|error| faults.at(self.line, error.to_string())).ok()
    }

    /// As a step.
    pub(super) fn step(&self, faults: &mut Faults<'_>) -> Option<Step> {
        let (value, places) = self.value(faults)?;
        let line = |pointer: &str| self.line + places.line(pointer);
        let written: Written =
            serde_json::from_value(value).map_err(|error| faults.at(self.line, error.to_string())).ok()?;
        if written.check.is_empty() {
            faults.at(self.line, "a step needs a `check`: at least one thing that holds only after it was done");
        }
        let within = written.within.as_deref().map_or(Ok(WITHIN), seconds);
        let within = within.map_err(|why| faults.at(line("/within"), why)).unwrap_or(WITHIN);
        let mut checks = Vec::new();
        for (index, value) in written.check.into_iter().enumerate() {
            match check(value) {
                Ok(check) => checks.push(check),
                Err(why) => faults.at(line(&format!("/check/{index}")), why),
            }
        }
        let mut solve = Vec::new();
        for (index, value) in written.solve.into_iter().enumerate() {
            match solution(value) {
                Ok(solution) => solve.push(solution),
                Err(why) => faults.at(line(&format!("/solve/{index}")), why),
            }
        }
        Some(Step { minutes: written.minutes, within, checks, solve })
    }
}

/// `90s` or `5m` in seconds.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time to wait: write it as `90s` or `5m`, at most {}m", LONGEST / 60);
    let (number, factor) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _) => (number, 1),
        (_, Some(number)) => (number, 60),
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    seconds.filter(|seconds| (1..=LONGEST).contains(seconds)).ok_or_else(wrong)
}

/// The one word of a list's item that says what it is, and the item.
fn told(value: Value, known: &[&'static str]) -> Result<(&'static str, Map<String, Value>), String> {
    let Value::Object(map) = value else {
        return Err(format!("this says what it is with one of: {}", known.join(", ")));
    };
    let found: Vec<&'static str> = known.iter().copied().filter(|word| map.contains_key(*word)).collect();
    match found.as_slice() {
        [word] => Ok((word, map)),
        [one, other, ..] => Err(format!("this is both `{one}` and `{other}`: write two items")),
        [] => {
            let typed = map.keys().next().map_or("", String::as_str);
            let guess = crate::words::did_you_mean(typed, known.iter().copied());
            Err(format!("`{typed}` is none of: {}{guess}", known.join(", ")))
        }
    }
}

/// What stands behind the word alone, for those items that are nothing else.
fn alone(word: &str, mut map: Map<String, Value>) -> Result<Value, String> {
    let value = map.remove(word).unwrap_or_default();
    match map.keys().next() {
        Some(other) => Err(format!("`{other}` does not belong beside `{word}`")),
        None => Ok(value),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn check(value: Value) -> Result<Check, String> {
    let (word, map) = told(value, CHECKS)?;
    let check = match word {
        "object" => Check::Object(typed(map.into())?),
        "healthy" => Check::Healthy(typed(map.into())?),
        "entity" => Check::Entity(typed(map.into())?),
        "report" => Check::Report(typed(alone(word, map)?)?),
        "git" => Check::Git(typed(alone(word, map)?)?),
        "pull_request" => Check::PullRequest(typed(alone(word, map)?)?),
        "url" => Check::Url(typed(alone(word, map)?)?),
        _ => Check::Answer(typed(alone(word, map)?)?),
    };
    sense(&check).map(|()| check)
}

/// What would make a check that says nothing.
fn sense(check: &Check) -> Result<(), String> {
    match check {
        Check::Object(check) if check.absent && (check.condition.is_some() || !check.values.is_empty()) => {
            Err("what is absent has neither `condition` nor `where`".into())
        }
        Check::Object(check) if check.object.kind == "Secret" && !check.values.is_empty() => {
            Err("what is in a Secret is never compared: ask for what uses it".into())
        }
        Check::Object(check) => match check.values.keys().find(|pointer| !pointer.starts_with('/')) {
            Some(pointer) => Err(format!("`{pointer}` is no JSON pointer: write it as `/spec/replicas`")),
            None => Ok(()),
        },
        Check::Report(check) if !["pass", "fail", "warn", "error", "skip"].contains(&check.result.as_str()) => {
            Err(format!("a policy never says `{}`: it says pass, fail, warn, error or skip", check.result))
        }
        Check::Git(check) if check.absent && check.has.is_some() => Err("what is absent has no `has`".into()),
        Check::Url(check) if !check.at.starts_with('/') && !check.at.starts_with("https://") => {
            Err(format!("`{}` is neither a path of the platform nor an address with https://", check.at))
        }
        Check::Entity(check) => {
            check.entity.parse::<backstack_mcp::catalog::EntityRef>().map(drop).map_err(|error| error.to_string())
        }
        Check::Answer(check) if check.is.trim().is_empty() => Err("an answer is needed: `is`".into()),
        _ => Ok(()),
    }
}

fn solution(value: Value) -> Result<Solution, String> {
    let (word, map) = told(value, SOLUTIONS)?;
    let value = alone(word, map)?;
    match word {
        "propose" => {
            let proposal: crate::workshop::track::Proposal = typed(value)?;
            match proposal.content.is_some() == proposal.absent {
                true => Err("a proposal has either `content` or `absent: true`".into()),
                false => Ok(Solution::Propose(proposal)),
            }
        }
        "merge" => typed(value).map(Solution::Merge),
        "run" => typed(value).map(Solution::Run),
        "block" => typed(value).map(Solution::Block),
        _ => typed(value).map(Solution::Answer),
    }
}
