//! Toolset `diagnose`: "why is X broken?" in one call.

use std::sync::Arc;

use futures::future::join_all;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Live, unclear, written};
use crate::answer::{Answer, NextCall};
use crate::error::ToolError;
use crate::live::diagnose::{self, Diagnosis, Fault, Finding, Needs, Verdict};
use crate::live::object::Ref;
use crate::live::served::{self, ServedKind};
use crate::live::snapshot::{LogKey, Snapshot};
use crate::live::target::{self, Query};
use crate::ports::{Cluster, LogQuery};
use crate::toolset::{Call, Tool, Toolset, bound};

/// Last lines of a crashed container that are looked at.
const LOG_LINES: usize = 20;
/// A list of so many may have been cut off: it does not tell what is not there.
const MOST_LISTED: usize = 1000;
/// Lines of a container that runs that are looked at, and how far back.
const RECENT_LINES: usize = 200;
const RECENT_SECONDS: i64 = 600;

pub(super) struct DiagnoseTools(pub Live);

impl Toolset for DiagnoseTools {
    fn name(&self) -> &'static str {
        "diagnose"
    }

    fn about(&self) -> &'static str {
        "Why something is broken: one call, causes ranked, each with evidence and next step."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![Tool::reads(
            "diagnose",
            "Why is it broken?",
            "Says why something does not work: an app, any workload, Service, Ingress or other object, a namespace (`Namespace:demo`), or the whole platform (leave `entity` out). Looks at it, at what it refers to and what refers to it, up to Git and down to the pods, their logs and open ports; gives the causes, the likeliest first, each with the field at fault, its evidence and the next step. Call this first.",
            bound(&self, Self::diagnose),
        )]
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Which platform
    #[serde(default)]
    platform: Option<String>,
    /// The thing, as `name`, `namespace/name` or `Kind:namespace/name`; `component:NAME` for a component of the platform; `Namespace:NAME` for all that is in one. Left out: the whole platform.
    #[serde(default)]
    entity: String,
}

impl DiagnoseTools {
    async fn diagnose(self: Arc<Self>, input: Input, call: Call) -> Result<Answer<Diagnosis>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        call.progress(1.0, Some(2.0), "reading logs, composed resources, and which ports are open");
        let diagnosis = judged(cluster.as_ref(), &input.entity).await?;
        Ok(with_next(diagnosis, cluster.platform()))
    }
}

/// Judges a thing, a namespace (`Namespace:demo`) or, without a name, the whole platform: for tools and for people.
///
/// # Errors
/// The name leads nowhere or to several things, or the cluster does not answer.
pub async fn judged(cluster: &dyn Cluster, entity: &str) -> Result<Diagnosis, ToolError> {
    let mut snapshot = cluster.snapshot().await?;
    if let Some((kind, object)) = asked_on_demand(cluster, &snapshot, entity).await? {
        // With the others of its kind, so that nobody takes those for things that do not exist.
        list(cluster, &[kind], &mut snapshot).await;
        snapshot.put(object);
    }
    snapshot.served = cluster.kinds().await?.into();
    let mut needs = diagnose::needs(&snapshot, entity).map_err(unclear)?;
    if !needs.kinds.is_empty() {
        list(cluster, &needs.kinds, &mut snapshot).await;
        needs = diagnose::needs(&snapshot, entity).map_err(unclear)?;
    }
    fetch(cluster, &needs, &mut snapshot).await?;
    // Programs name in their last words what nothing else has led to.
    let more = diagnose::needs(&snapshot, entity).map_err(unclear)?.kinds;
    if !more.is_empty() {
        list(cluster, &more, &mut snapshot).await;
    }
    let mut diagnosis = diagnose::diagnose(&snapshot, entity).map_err(unclear)?;
    written::located(cluster, &snapshot, &mut diagnosis.causes).await;
    Ok(diagnosis)
}

/// An object of a kind that is not kept, if the name says which kind: it is read for this question.
async fn asked_on_demand(
    cluster: &dyn Cluster,
    snapshot: &Snapshot,
    entity: &str,
) -> Result<Option<(ServedKind, Value)>, ToolError> {
    let query = Query::parse(entity);
    let Some(word) = query.kind.as_deref() else { return Ok(None) };
    if target::resolve(snapshot, entity).is_ok() {
        return Ok(None);
    }
    let kinds = cluster.kinds().await?;
    let Some(kind) = served::find(&kinds, word) else {
        // What only sounds like a kind: the search by name says the rest.
        let is_kind = word.starts_with(char::is_uppercase);
        return if is_kind { Err(no_kind(word, cluster.platform())) } else { Ok(None) };
    };
    if (kind.group.as_str(), kind.kind.as_str()) == ("", "Secret") {
        return Err(ToolError::not_found("Secrets are never read here, so nothing can be said of one")
            .hint("What needs it tells whether it is there: ask about the workload."));
    }
    let at = Ref::new(&kind.group, &kind.kind, query.namespace.as_deref().unwrap_or_default(), &query.name);
    // Several groups may have a kind of one name, and the object may be of any of them.
    let alike: Vec<_> = kinds.iter().filter(|one| one.kind == kind.kind && !served::is_copy(one)).collect();
    let named = |one: &&ServedKind| Ref { group: one.group.clone(), ..at.clone() };
    let found = cluster.read(&alike.iter().map(named).collect::<Vec<_>>()).await?;
    let found = found.into_iter().min_by_key(|object| Ref::of(object).group != kind.group);
    match found {
        Some(object) => {
            let group = Ref::of(&object).group;
            let kind = alike.into_iter().find(|one| one.group == group).unwrap_or(kind);
            Ok(Some((kind.clone(), object)))
        }
        // One that may not be read is as silent as one that is not there: its list says which.
        None => Err(match cluster.list(kind, query.namespace.as_deref()).await {
            Err(refused) => refused.into(),
            Ok(_) => ToolError::not_found(format!("there is no {at} on platform `{}`", cluster.platform()))
                .hint("Say its namespace too: `Kind:namespace/name`."),
        }),
    }
}

fn no_kind(word: &str, platform: &str) -> ToolError {
    ToolError::not_found(format!("platform `{platform}` has no kind `{word}`"))
        .hint("What would bring that kind is not installed here.")
}

/// All objects of kinds that are not kept. One that may not be listed stays unknown.
async fn list(cluster: &dyn Cluster, kinds: &[ServedKind], snapshot: &mut Snapshot) {
    let lists = kinds.iter().map(|kind| cluster.list(kind, None));
    for (kind, found) in kinds.iter().zip(join_all(lists).await) {
        let Some(found) = found.ok().filter(|found| found.len() < MOST_LISTED) else { continue };
        snapshot.replace((kind.group.clone(), kind.kind.clone()), Arc::default());
        found.into_iter().for_each(|object| snapshot.put(object));
    }
}

/// The one round of API calls: everything side by side.
async fn fetch(cluster: &dyn Cluster, needs: &Needs, snapshot: &mut Snapshot) -> Result<(), ToolError> {
    let query = |(namespace, pod, container): &LogKey| LogQuery {
        namespace: namespace.clone(),
        pod: pod.clone(),
        container: Some(container.clone()),
        ..LogQuery::default()
    };
    let ended =
        needs.logs.iter().map(|(key, previous)| LogQuery { previous: *previous, tail: LOG_LINES, ..query(key) });
    let runs = needs.recent.iter().map(|key| LogQuery {
        tail: RECENT_LINES,
        since_seconds: Some(RECENT_SECONDS),
        ..query(key)
    });
    let queries: Vec<_> = ended.chain(runs).collect();
    let (objects, logs, open, replies) = futures::join!(
        cluster.read(&needs.objects),
        cluster.logs(&queries),
        cluster.listening(&needs.doors),
        cluster.asked(&needs.questions)
    );
    for (question, reply) in needs.questions.iter().zip(replies) {
        if let Some(reply) = reply {
            snapshot.put_reply(question.clone(), reply);
        }
    }
    objects?.into_iter().for_each(|object| snapshot.put(object));
    let mut logs = logs.into_iter();
    for ((key, _), log) in needs.logs.iter().zip(&mut logs) {
        if let Ok(log) = log {
            snapshot.put_log(key.clone(), &log);
        }
    }
    for (key, log) in needs.recent.iter().zip(logs) {
        if let Ok(log) = log {
            snapshot.put_recent_log(key.clone(), &log);
        }
    }
    for (door, open) in needs.doors.iter().zip(open) {
        if let Some(open) = open {
            snapshot.put_listening(door.clone(), open);
        }
    }
    Ok(())
}

fn with_next(diagnosis: Diagnosis, platform: &str) -> Answer<Diagnosis> {
    let subject = diagnosis.subject.clone();
    let first = diagnosis.causes.first().cloned();
    let is_well = matches!(diagnosis.verdict, Verdict::Healthy | Verdict::Unknown);
    // Whatever must give way, the causes stay.
    let mut answer = Answer::new(diagnosis).about(platform).drops(&["events", "looked_at", "past", "not_looked_at"]);
    if let Some(cause) = &first {
        answer = proposal(cause).into_iter().chain(look(cause, &subject)).fold(answer, Answer::next);
    }
    match subject.as_str() {
        _ if is_well => answer,
        "platform" => answer.next(NextCall::new("events", json!({}), "all warnings")),
        subject => answer.next(NextCall::new("events", json!({"entity": subject}), "all warnings about it")),
    }
}

/// The change that mends it, ready to be proposed: where it comes from Git, and what it should be is certain.
fn proposal(cause: &Finding) -> Option<NextCall> {
    let change = cause.change.as_ref()?;
    let value = change.value.as_ref()?;
    let from_git = cause.evidence.iter().any(|evidence| evidence.source == "Git");
    from_git.then(|| {
        let arguments = json!({"entity": change.object, "set": {&change.field: value}, "reason": cause.summary});
        NextCall::new("change_propose", arguments, "proposes exactly that change")
    })
}

/// Where more is told of a cause.
fn look(cause: &Finding, subject: &str) -> Option<NextCall> {
    let at = cause.object.typed();
    match cause.fault {
        _ if cause.log.is_some() => {
            let log = cause.log.as_ref()?;
            let mut arguments = json!({"entity": at, "container": log.container});
            if log.previous {
                arguments["previous"] = true.into();
            }
            Some(NextCall::new("logs", arguments, "what it said before it ended"))
        }
        Fault::LogErrors => Some(NextCall::new("logs", json!({"entity": at}), "its log")),
        Fault::PolicyFailed | Fault::PolicyDenied => {
            Some(NextCall::new("policies", json!({"entity": subject}), "all policy results, and how to comply"))
        }
        Fault::InvalidManifest | Fault::WrongRevision | Fault::WrongPath | Fault::SyncFailed | Fault::OutOfSync => {
            Some(NextCall::new("get", json!({"entity": at}), "the state of the sync in full"))
        }
        _ => None,
    }
}
