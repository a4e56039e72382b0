//! Tool `logs`: lines of containers, by time, words and level.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Seen;
use super::platform::PlatformTools;
use crate::answer::{Answer, NextCall};
use crate::error::{ToolError, quoted};
use crate::live::diagnose::walk_of;
use crate::live::lines::{self, Level, Words};
use crate::live::moment;
use crate::live::object::{list, name, namespace, text};
use crate::live::scrub::scrub_text;
use crate::ports::{LogQuery, PortError};
use crate::toolset::Call;

const LINES: usize = 100;
/// Lines that are read of a container where some of them are looked for.
const MOST_LINES: usize = 20_000;
/// Containers whose logs are read for one call.
const MOST_CONTAINERS: usize = 10;

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogsInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// Pod, workload, app or component
    entity: String,
    /// Only this one
    container: Option<String>,
    /// `10m` or RFC 3339
    since: Option<String>,
    /// Likewise
    until: Option<String>,
    /// Words that a line has, all of them; a word with capitals in that case
    #[serde(default)]
    grep: Vec<String>,
    /// At least this bad
    level: Option<Level>,
    /// The run before this one, of a container that crashed
    #[serde(default)]
    previous: bool,
    /// Last lines of each container; 100
    lines: Option<usize>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Logs {
    /// Containers that there are, also those whose logs are not here.
    containers: usize,
    /// Lines that fit the question, in all containers.
    matching: usize,
    /// How the question was read, where that is not plain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    /// Those with lines that fit first.
    logs: Vec<Log>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Log {
    pod: String,
    container: String,
    matching: usize,
    /// The newest last.
    lines: String,
    /// Why there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

/// What the tool took under its old name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormerInput {
    /// Platform
    platform: Option<String>,
    /// The workload
    entity: Option<String>,
    /// Namespace of the pod
    namespace: Option<String>,
    /// Name of the pod
    pod: Option<String>,
    /// Name of the container
    container: Option<String>,
    /// Lines from the end
    tail: Option<usize>,
    /// Text in the lines
    grep: Option<String>,
    /// The run before
    #[serde(default)]
    previous: bool,
}

impl FormerInput {
    fn now(self) -> Result<LogsInput, ToolError> {
        let pod = self.pod.map(|pod| match &self.namespace {
            Some(place) => format!("Pod:{place}/{pod}"),
            None => format!("Pod:{pod}"),
        });
        let entity = pod.or(self.entity).ok_or_else(|| {
            ToolError::invalid("neither `entity` nor `pod` is given")
                .hint("Give the workload as `entity`, as `demo/my-app`.")
        })?;
        Ok(LogsInput {
            platform: self.platform,
            entity,
            container: self.container,
            grep: self.grep.into_iter().collect(),
            previous: self.previous,
            lines: self.tail,
            ..LogsInput::default()
        })
    }
}

/// Which lines are meant.
struct Wanted {
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
    words: Words,
    level: Option<Level>,
    lines: usize,
}

impl Wanted {
    fn of(input: &LogsInput, now: OffsetDateTime) -> Result<Self, ToolError> {
        let moment = |argument: &str, typed: &Option<String>| match typed.as_deref().filter(|typed| !typed.is_empty()) {
            None => Ok(None),
            Some(typed) => moment::parse(typed, now).map(Some).ok_or_else(|| {
                ToolError::invalid(format!("`{argument}` is no time: {}", quoted(typed)))
                    .hint(format!("Write it {}.", moment::FORMS))
            }),
        };
        let (since, until) = (moment("since", &input.since)?, moment("until", &input.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(ToolError::invalid("`since` is not before `until`: no line can be between them"));
        }
        let lines = input.lines.unwrap_or(LINES).clamp(1, MOST_LINES);
        Ok(Self { since, until, words: Words::of(&input.grep), level: input.level, lines })
    }

    fn is_timed(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    fn is_search(&self) -> bool {
        self.is_timed() || self.level.is_some() || self.words != Words::of(&[])
    }

    fn query(&self, pod: &Value, container: String, previous: bool, now: OffsetDateTime) -> LogQuery {
        LogQuery {
            namespace: namespace(pod).into(),
            pod: name(pod).into(),
            container: Some(container),
            previous,
            // A search looks at more than it shows.
            tail: if self.is_search() { MOST_LINES } else { self.lines },
            since_seconds: self.since.map(|since| (now - since).whole_seconds().max(1)),
            timestamps: self.is_timed(),
        }
    }

    /// The lines that fit, with their time where time was asked for.
    fn fitting<'a>(&self, log: &'a str, loosely: bool) -> Vec<std::borrow::Cow<'a, str>> {
        // What a line without a level says belongs to the line before it: a trace to its error.
        let mut last = None;
        let mut kept = Vec::new();
        for line in log.lines() {
            let (time, said) = if self.is_timed() { lines::stamped(line) } else { (None, line) };
            let level = lines::level(said);
            let continues = level.is_none() && said.starts_with([' ', '\t']);
            last = if continues { last } else { level };
            let in_time = time.is_none_or(|time| {
                self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time <= until)
            });
            let is_bad = self.level.is_none_or(|least| last.is_some_and(|level| level >= least));
            let has_words = if loosely { self.words.fit_loosely(said) } else { self.words.fit(said) };
            if in_time && is_bad && has_words {
                kept.push(match time {
                    Some(time) => format!("{} {said}", moment::told(time)).into(),
                    None => said.into(),
                });
            }
        }
        kept
    }
}

impl PlatformTools {
    pub(super) async fn logs(self: Arc<Self>, input: LogsInput, _: Call) -> Result<Answer<Logs>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let now = seen.snapshot.moment();
        let wanted = Wanted::of(&input, now)?;
        let mut queries = Vec::new();
        for pod in pods(&seen, &input.entity)? {
            let all = [list(pod, "/spec/initContainers"), list(pod, "/spec/containers")].concat();
            let names = all.iter().map(|container| text(container, "/name").to_string());
            let named = names.filter(|name| input.container.as_ref().is_none_or(|wanted| wanted == name));
            queries.extend(named.map(|container| wanted.query(pod, container, input.previous, now)));
        }
        if queries.is_empty() {
            return Err(none(&seen, &input));
        }
        let containers = queries.len();
        queries.truncate(MOST_CONTAINERS);
        // Scrubbed before anything is looked for: a line of a key is one only beside its other lines.
        let read: Vec<_> =
            seen.cluster.logs(&queries).await.into_iter().map(|log| log.map(|log| scrub_text(&log))).collect();
        let facts = told(&wanted, &queries, &read, containers);
        let pod = queries[0].pod.clone();
        let answer = Answer::new(facts).about(seen.platform());
        Ok(match answer.facts().matching {
            0 => answer.next(NextCall::new(
                "diagnose",
                json!({"entity": format!("Pod:{}/{pod}", queries[0].namespace)}),
                "how the pod is",
            )),
            _ => answer,
        })
    }
}

impl PlatformTools {
    pub(super) async fn workload_logs(
        self: Arc<Self>,
        input: FormerInput,
        call: Call,
    ) -> Result<Answer<Logs>, ToolError> {
        self.logs(input.now()?, call).await
    }
}

/// The pods that a name means: its own, or those below it.
fn pods<'a>(seen: &'a Seen, entity: &str) -> Result<Vec<&'a Value>, ToolError> {
    let found = seen.resolve(entity)?;
    let mut pods: Vec<&Value> =
        walk_of(&seen.snapshot, &found).objects().filter(|object| text(object, "/kind") == "Pod").collect();
    // A walk from one pod leads up to its workload and down to its siblings.
    if let [one] = found.as_slice()
        && text(one, "/kind") == "Pod"
    {
        pods = vec![one];
    }
    Ok(pods)
}

fn none(seen: &Seen, input: &LogsInput) -> ToolError {
    let entity = &input.entity;
    let containers: Vec<String> = pods(seen, entity)
        .unwrap_or_default()
        .iter()
        .flat_map(|pod| list(pod, "/spec/containers").iter().map(|container| text(container, "/name").to_string()))
        .collect();
    match (&input.container, containers.is_empty()) {
        (Some(container), false) => {
            ToolError::not_found(format!("`{entity}` has no container {}", quoted(container))).candidates(containers)
        }
        _ => ToolError::not_found(format!("`{entity}` has no pod, so there is no log")).next(NextCall::new(
            "diagnose",
            json!({"entity": entity}),
            "why there is no pod",
        )),
    }
}

fn told(wanted: &Wanted, queries: &[LogQuery], read: &[Result<String, PortError>], containers: usize) -> Logs {
    let count = |loosely: bool| read.iter().flatten().map(|log| wanted.fitting(log, loosely).len()).sum::<usize>();
    let mut notes = Vec::new();
    let strictly = count(false);
    // Nobody is served by "none" where the case of a letter is all that differs.
    let loosely = strictly == 0 && count(true) > 0;
    if loosely {
        notes.push(
            "no line has the words as they are written; these have them in another case, or inside of others".into(),
        );
    }
    if containers > queries.len() {
        notes.push(format!("only the first {} of {containers} containers were read: name a pod", queries.len()));
    }
    let mut logs: Vec<_> = queries.iter().zip(read).map(|(query, log)| one(wanted, query, log, loosely)).collect();
    logs.sort_by_key(|log| log.matching == 0);
    // Containers that have nothing to say are a number.
    let matching = logs.iter().map(|log| log.matching).sum();
    if matching > 0 {
        logs.retain(|log| log.matching > 0 || !log.problem.is_empty());
    }
    Logs { containers, matching, notes, logs }
}

fn one(wanted: &Wanted, query: &LogQuery, log: &Result<String, PortError>, loosely: bool) -> Log {
    let named = Log {
        pod: format!("{}/{}", query.namespace, query.pod),
        container: query.container.clone().unwrap_or_default(),
        ..Log::default()
    };
    let log = match log {
        Ok(log) => log,
        Err(error) => return Log { problem: error.message.clone(), ..named },
    };
    let lines = wanted.fitting(log, loosely);
    let shown = lines[lines.len().saturating_sub(wanted.lines)..].join("\n");
    Log { matching: lines.len(), lines: shown, ..named }
}
