//! Toolset `platform`: the state of the install, its routes, events, and logs of workloads.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Live, WhichPlatform};
use crate::answer::{self, Answer, NextCall};
use crate::error::ToolError;
use crate::live::diagnose::{Happened, happened, walk_of};
use crate::live::object::{list, name, namespace, text};
use crate::live::scrub::scrub_text;
use crate::live::snapshot::event_time;
use crate::ports::{LogQuery, PlatformState, RouteState};
use crate::toolset::{Call, Tool, Toolset, bound};

const LINES: usize = 100;
const MOST_LINES: usize = 5000;
/// Containers whose logs are read for one call.
const MOST_CONTAINERS: usize = 5;

pub(super) struct PlatformTools(pub Live);

impl Toolset for PlatformTools {
    fn name(&self) -> &'static str {
        "platform"
    }

    fn about(&self) -> &'static str {
        "The state of the install, its routes, events, and logs of workloads."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "platform_status",
                "State of the platform",
                "How the platform is: nodes and components, what is not ready, what it waits for and why. Works while `backstack up` is still running.",
                bound(&self, Self::status),
            ),
            Tool::reads(
                "platform_routes",
                "Addresses of the platform",
                "Where each component answers (URL, Service), and whether a pod answers behind it.",
                bound(&self, Self::routes),
            ),
            Tool::reads(
                "events",
                "Events",
                "Events of the cluster, the newest first: of one thing with all that belongs to it, of a namespace, or of everything. Only warnings unless `all` is set.",
                bound(&self, Self::events),
            ),
            Tool::reads(
                "workload_logs",
                "Logs of a workload",
                "The last lines of a workload's containers, of this run or the one before, all lines or those with a word in them.",
                bound(&self, Self::logs),
            ),
        ]
    }
}

#[derive(Debug, Serialize, JsonSchema)]
struct Routes {
    total: usize,
    routes: Vec<RouteState>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EventsInput {
    #[serde(default)]
    /// Name of the platform; needed only where there are several.
    platform: Option<String>,
    /// The thing, as `name`, `namespace/name` or `Kind:namespace/name`. What belongs to it counts.
    #[serde(default)]
    entity: Option<String>,
    /// Only events in this namespace.
    #[serde(default)]
    namespace: Option<String>,
    /// Also what is normal, not only warnings.
    #[serde(default)]
    all: bool,
    /// Only events with this text in their reason or message.
    #[serde(default)]
    grep: Option<String>,
    /// Where to go on, from the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Events {
    total: usize,
    events: Vec<Happened>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogsInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// The workload or what it belongs to, as `name`, `namespace/name` or `Kind:namespace/name`.
    #[serde(default)]
    entity: Option<String>,
    /// Namespace of the pod, if `pod` is given.
    #[serde(default)]
    namespace: Option<String>,
    /// One pod by name.
    #[serde(default)]
    pod: Option<String>,
    /// One container by name; all if left out.
    #[serde(default)]
    container: Option<String>,
    /// Lines from the end, 100 if left out.
    #[serde(default)]
    tail: Option<usize>,
    /// Only lines with this text in them; case does not matter.
    #[serde(default)]
    grep: Option<String>,
    /// The run before this one: what a crashed container said last.
    #[serde(default)]
    previous: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Logs {
    /// Containers that there are, also those whose logs are not here.
    containers: usize,
    logs: Vec<Log>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Log {
    pod: String,
    container: String,
    /// Lines that fit the question.
    matching: usize,
    /// The lines, the newest last.
    lines: String,
    /// Why there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    problem: String,
}

impl PlatformTools {
    async fn status(self: Arc<Self>, input: WhichPlatform, _: Call) -> Result<Answer<PlatformState>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let mut state = cluster.state().await?;
        state.components.sort_by_key(|component| (component.health == "ready", component.health == "progressing"));
        let broken = state
            .components
            .first()
            .filter(|component| component.health != "ready")
            .map(|component| component.name.clone());
        let answer = Answer::new(state).about(cluster.platform());
        Ok(match broken {
            Some(name) => answer.next(NextCall::new(
                "diagnose",
                json!({"entity": format!("component:{name}")}),
                "why this component is not ready",
            )),
            None => answer,
        })
    }

    async fn routes(self: Arc<Self>, input: WhichPlatform, _: Call) -> Result<Answer<Routes>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let routes = cluster.state().await?.routes;
        Ok(Answer::new(Routes { total: routes.len(), routes }).about(cluster.platform()))
    }

    async fn events(self: Arc<Self>, input: EventsInput, _: Call) -> Result<Answer<Events>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let members = match &input.entity {
            None => None,
            Some(entity) => {
                let found = seen.resolve(entity)?;
                let walk = walk_of(&seen.snapshot, &found);
                Some(
                    walk.steps
                        .iter()
                        .map(|step| (step.at.kind.clone(), step.at.namespace.clone(), step.at.name.clone()))
                        .collect::<BTreeSet<_>>(),
                )
            }
        };
        let grep = input.grep.as_deref().map(str::to_lowercase);
        let fits = |event: &&serde_json::Value| {
            let part = |field: &str| text(event, &format!("/involvedObject/{field}")).to_string();
            let wanted = input.all || text(event, "/type") == "Warning";
            let place = input.namespace.as_deref().is_none_or(|place| place == namespace(event));
            let member = members.as_ref().is_none_or(|members| {
                let own = (part("kind"), part("namespace"), part("name"));
                members.contains(&own) || members.contains(&(own.0, String::new(), own.2))
            });
            let says = grep.as_deref().is_none_or(|grep| {
                format!("{} {}", text(event, "/reason"), text(event, "/message")).to_lowercase().contains(grep)
            });
            wanted && place && member && says
        };
        let mut events: Vec<_> = seen.snapshot.all("", "Event").filter(fits).collect();
        events.sort_by(|a, b| event_time(b).cmp(event_time(a)));
        let (total, from) = (events.len(), answer::offset(input.cursor.as_deref())?);
        let events = events.into_iter().skip(from).take(300).map(happened).collect();
        Ok(Answer::new(Events { total, events }).about(seen.platform()).page("events", from, total))
    }

    async fn logs(self: Arc<Self>, input: LogsInput, _: Call) -> Result<Answer<Logs>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let pods: Vec<&serde_json::Value> = match (&input.pod, &input.entity) {
            (Some(pod), _) => {
                let place = input.namespace.as_deref();
                let fits = |object: &&serde_json::Value| {
                    name(object) == pod && place.is_none_or(|place| place == namespace(object))
                };
                seen.snapshot.all("", "Pod").filter(fits).collect()
            }
            (None, Some(entity)) => {
                let found = seen.resolve(entity)?;
                walk_of(&seen.snapshot, &found).objects().filter(|object| text(object, "/kind") == "Pod").collect()
            }
            (None, None) => {
                return Err(ToolError::invalid("neither `entity` nor `pod` is given")
                    .hint("Give the workload as `entity`, as `demo/my-app`."));
            }
        };
        let tail = input.tail.unwrap_or(LINES).clamp(1, MOST_LINES);
        let mut queries = Vec::new();
        for pod in &pods {
            let all = [list(pod, "/spec/initContainers"), list(pod, "/spec/containers")].concat();
            let names = all.iter().map(|container| text(container, "/name").to_string());
            let wanted = names.filter(|name| input.container.as_ref().is_none_or(|wanted| wanted == name));
            // A search looks at more than it shows.
            let read = if input.grep.is_some() { MOST_LINES } else { tail };
            queries.extend(wanted.map(|container| LogQuery {
                namespace: namespace(pod).into(),
                pod: name(pod).into(),
                container: Some(container),
                previous: input.previous,
                tail: read,
                since_seconds: None,
            }));
        }
        if queries.is_empty() {
            return Err(ToolError::not_found("no container fits: there is no such pod, or it has no such container")
                .next(NextCall::new(
                    "diagnose",
                    json!({"entity": input.entity.or(input.pod)}),
                    "why there is no pod",
                )));
        }
        let total = queries.len();
        queries.truncate(MOST_CONTAINERS);
        let read = seen.cluster.logs(&queries).await;
        let logs = queries.iter().zip(read).map(|(query, log)| told(query, log, input.grep.as_deref(), tail)).collect();
        Ok(Answer::new(Logs { containers: total, logs }).about(seen.platform()))
    }
}

fn told(query: &LogQuery, log: Result<String, crate::ports::PortError>, grep: Option<&str>, tail: usize) -> Log {
    let container = query.container.clone().unwrap_or_default();
    let pod = format!("{}/{}", query.namespace, query.pod);
    let log = match log {
        Ok(log) => scrub_text(&log),
        Err(error) => return Log { pod, container, matching: 0, lines: String::new(), problem: error.message },
    };
    let grep = grep.map(str::to_lowercase);
    let lines: Vec<_> =
        log.lines().filter(|line| grep.as_deref().is_none_or(|grep| line.to_lowercase().contains(grep))).collect();
    let shown = lines[lines.len().saturating_sub(tail)..].join("\n");
    Log { pod, container, matching: lines.len(), lines: shown, problem: String::new() }
}
