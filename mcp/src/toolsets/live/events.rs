//! Tool `events`: what the cluster wrote down, once for what happened often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::platform::PlatformTools;
use crate::answer::{self, Answer};
use crate::error::ToolError;
use crate::live::diagnose::walk_of;
use crate::live::moment;
use crate::live::object::{namespace, short, text};
use crate::live::scrub::scrub_text;
use crate::live::snapshot::{event_count, event_time};
use crate::toolset::Call;

const MOST_ROWS: usize = 300;
/// Characters of a message: the part that differs is often at its end.
const MESSAGE: usize = 400;

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// A thing, with all that belongs to it
    #[serde(default)]
    entity: Option<String>,
    /// Only there
    namespace: Option<String>,
    /// Also what is normal
    #[serde(default)]
    all: bool,
    /// `10m` or RFC 3339
    since: Option<String>,
    /// In reason or message
    grep: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Events {
    /// Sorts of events; each is told once.
    total: usize,
    events: Vec<Told>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    /// The last time.
    time: String,
    /// How often it happened.
    count: i64,
    reason: String,
    /// The object of the last one.
    entity: String,
    /// How many objects it happened to, if it is more than one.
    #[serde(skip_serializing_if = "is_one")]
    objects: usize,
    message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(objects: &usize) -> bool {
    *objects == 1
}

impl PlatformTools {
    pub(super) async fn events(self: Arc<Self>, input: EventsInput, _: Call) -> Result<Answer<Events>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let members = match &input.entity {
            None => None,
            Some(entity) => {
                let walk_steps = walk_of(&seen.snapshot, &seen.resolve(entity)?).steps;
                Some(
                    walk_steps
                        .into_iter()
                        .map(|step| (step.at.kind, step.at.namespace, step.at.name))
                        .collect::<BTreeSet<_>>(),
                )
            }
        };
        let now = seen.snapshot.moment();
        let since = match input.since.as_deref() {
            None => None,
            Some(typed) => Some(moment::parse(typed, now).map(moment::told).ok_or_else(|| {
                ToolError::invalid("`since` is no time").hint(format!("Write it {}.", moment::FORMS))
            })?),
        };
        let grep = input.grep.as_deref().map(str::to_lowercase);
        let fits = |event: &&Value| {
            let part = |field: &str| text(event, &format!("/involvedObject/{field}")).to_string();
            let wanted = input.all || text(event, "/type") == "Warning";
            let place = input.namespace.as_deref().is_none_or(|place| place == namespace(event));
            let member = members.as_ref().is_none_or(|members| {
                let own = (part("kind"), part("namespace"), part("name"));
                members.contains(&own) || members.contains(&(own.0, String::new(), own.2))
            });
            let is_late = since.as_deref().is_none_or(|since| event_time(event) >= since);
            let says = grep.as_deref().is_none_or(|grep| {
                format!("{} {}", text(event, "/reason"), text(event, "/message")).to_lowercase().contains(grep)
            });
            wanted && place && member && says && is_late
        };
        let events = once_each(seen.snapshot.all("", "Event").filter(fits));
        let (total, from) = (events.len(), answer::offset(input.cursor.as_deref())?);
        let events = events.into_iter().skip(from).take(MOST_ROWS).collect();
        Ok(Answer::new(Events { total, events }).about(seen.platform()).page("events", from, total))
    }
}

/// Events of one sort as one, the newest first.
fn once_each<'a>(events: impl Iterator<Item = &'a Value>) -> Vec<Told> {
    let mut sorts: BTreeMap<(String, String, String, String), Vec<&Value>> = BTreeMap::new();
    for event in events {
        let key = (
            text(event, "/reason").to_string(),
            text(event, "/involvedObject/kind").to_string(),
            namespace(event).to_string(),
            sort_of(text(event, "/message")),
        );
        sorts.entry(key).or_default().push(event);
    }
    let mut told: Vec<_> = sorts.into_values().map(one).collect();
    told.sort_by(|a, b| b.time.cmp(&a.time));
    told
}

fn one(mut events: Vec<&Value>) -> Told {
    events.sort_by(|a, b| event_time(b).cmp(event_time(a)));
    let objects: BTreeSet<_> = events
        .iter()
        .map(|event| (text(event, "/involvedObject/namespace"), text(event, "/involvedObject/name")))
        .collect();
    let last = events[0];
    let part = |field: &str| text(last, &format!("/involvedObject/{field}"));
    let place = if part("namespace").is_empty() { String::new() } else { format!("{}/", part("namespace")) };
    Told {
        time: moment::parse(event_time(last), time::OffsetDateTime::UNIX_EPOCH)
            .map_or_else(|| event_time(last).into(), moment::told),
        count: events.iter().map(|event| event_count(event)).sum(),
        reason: text(last, "/reason").into(),
        entity: format!("{}:{place}{}", part("kind"), part("name")),
        objects: objects.len(),
        message: short(&scrub_text(text(last, "/message")), MESSAGE),
    }
}

/// A message without what differs from one event to the next: numbers, and names that end in made-up letters.
fn sort_of(message: &str) -> String {
    let words =
        message.split_whitespace().map(|word| if word.bytes().any(|byte| byte.is_ascii_digit()) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_happens_again_and_again_is_one_line_with_its_count() {
        let event = |pod: &str, time: &str, count: i64, message: &str| {
            json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "a", "name": format!("{pod}{time}")}, "lastTimestamp": time,
                "count": count, "reason": "FailedCreate", "message": message, "involvedObject": {"kind": "Pod", "namespace": "a", "name": pod}})
        };
        let events = [
            event("x-1", "2026-01-01T00:00:01Z", 3, "Error creating: pods x-1 is forbidden: quota"),
            event("x-2", "2026-01-01T00:00:02Z", 1, "Error creating: pods x-2 is forbidden: quota"),
            event("x-2", "2026-01-01T00:00:03Z", 1, "Something else"),
        ];
        let told = once_each(events.iter());
        assert_eq!(told.len(), 2);
        assert_eq!((told[1].count, told[1].objects, told[1].entity.as_str()), (4, 2, "Pod:a/x-2"));
    }
}
