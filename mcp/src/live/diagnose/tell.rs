//! What an answer says beside its causes: what was looked at and what was not, what happened, what is past.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::over;
use super::rules::Seen;
use super::rules::ingress::unread_certificates;
use super::rules::logs::running;
use super::rules::slices::outside;
use super::scope::Scope;
use super::walk::{Role, Walk};
use crate::live::moment::in_words;
use crate::live::object::{Ref, list, number, short, text};
use crate::live::owners;
use crate::live::scrub::scrub_line;
use crate::live::snapshot::{Snapshot, event_count, event_time};

/// Kinds that say nothing about whether anything runs.
const SILENT: [&str; 8] =
    ["Namespace", "ConfigMap", "ServiceAccount", "PriorityClass", "StorageClass", "IngressClass", "LimitRange", "Node"];
/// What is over for longer than this nobody asks about.
const LONG_AGO: i64 = 24 * 3600;
/// Of a Job that was tried more often than this the rest says the same.
const MOST_TRIES: usize = 5;

/// How many objects of a kind were looked at.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Looked {
    /// Kind of the objects; also `logs of containers` and `open ports`, which are counted alike.
    pub kind: String,
    /// How many there were, at least one.
    pub count: usize,
}

/// A warning that the cluster wrote down.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Happened {
    /// When it was seen last, as RFC 3339.
    pub time: String,
    /// What it is about, as `Pod demo/web-1`.
    pub object: String,
    /// The event's reason in one word, as `BackOff`.
    pub reason: String,
    /// What it says, scrubbed and cut to 400 characters.
    pub message: String,
    /// How often it was seen, with alike ones about the same object.
    pub count: i64,
}

/// Whether enough was looked at to call it healthy: something of which it can be told whether it runs.
pub(super) fn is_enough(walk: &Walk<'_>) -> bool {
    walk.steps.iter().any(|step| {
        step.role == Role::Own
            && step.object.is_some_and(|object| {
                !SILENT.contains(&step.at.kind.as_str())
                    && (object.get("status").is_some() || step.at.kind == "Service")
            })
    })
}

/// Whether what was asked about stands or falls with something that is never read: the certificate of an Ingress.
pub(super) fn is_left_open(snapshot: &Snapshot, scope: &Scope<'_>) -> bool {
    let ingresses = scope.things().iter().filter(|object| text(object, "/kind") == "Ingress");
    ingresses.into_iter().any(|ingress| !unread_certificates(snapshot, ingress).is_empty())
}

/// Kinds and numbers of all that was looked at; logs and ports too.
pub(super) fn looked_at(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Looked> {
    let mut looked: Vec<Looked> = Vec::new();
    for step in walk.steps.iter().filter(|step| step.object.is_some()) {
        match looked.iter_mut().find(|known| known.kind == step.at.kind) {
            Some(known) => known.count += 1,
            None => looked.push(Looked { kind: step.at.kind.clone(), count: 1 }),
        }
    }
    let logs = containers(walk).filter(|key| snapshot.recent_log(key).is_some()).count();
    let extra = [("logs of containers", logs), ("open ports", snapshot.doors_tried())];
    looked.extend(
        extra.into_iter().filter(|(_, count)| *count > 0).map(|(kind, count)| Looked { kind: kind.into(), count }),
    );
    looked
}

fn containers<'a>(walk: &'a Walk<'_>) -> impl Iterator<Item = crate::live::snapshot::LogKey> + 'a {
    walk.steps.iter().filter(|step| step.at.kind == "Pod").filter_map(|step| step.object).flat_map(running)
}

/// What stays unseen, in words.
pub(super) fn not_looked_at(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<String> {
    let mut told: Vec<String> =
        snapshot.unreadable().map(|((_, kind), why)| format!("{kind}: {}", short(why, 120))).collect();
    let unread = containers(walk).filter(|key| snapshot.recent_log(key).is_none()).count();
    if unread > 0 {
        told.push(format!("the logs of {unread} containers that run"));
    }
    let makers: BTreeSet<_> =
        walk.objects().filter_map(owners::reference).map(|owner| owners::named(owner, "")).collect();
    let unread: BTreeSet<_> =
        makers.iter().filter(|at| !snapshot.has_kind(&at.group, &at.kind)).map(|at| &at.kind).collect();
    told.extend(
        unread.iter().map(|kind| format!("{kind}: objects of this kind made some of it, and could not be read")),
    );
    let services = walk.objects().filter(|object| text(object, "/kind") == "Service");
    let outside: BTreeSet<_> = services.flat_map(|service| outside(snapshot, service)).collect();
    if !outside.is_empty() {
        let addresses: Vec<_> = outside.into_iter().take(5).collect();
        told.push(format!("whether {} answers: outside of the cluster", addresses.join(", ")));
    }
    let has = |kind: &str| walk.steps.iter().any(|step| step.at.kind == kind);
    let names_secrets =
        walk.objects().flat_map(crate::live::references::template::uses).any(|used| used.at.kind == "Secret");
    if names_secrets {
        told.push("Secrets: they are never read".into());
    }
    let ingresses = walk.objects().filter(|object| text(object, "/kind") == "Ingress");
    let secrets: BTreeSet<_> = ingresses.flat_map(|ingress| unread_certificates(snapshot, ingress)).collect();
    if !secrets.is_empty() {
        let names: Vec<_> = secrets.into_iter().take(5).collect();
        told.push(format!(
            "whether Secret {} is there, and for which hosts its certificate is: Secrets are never read, and no Certificate makes it",
            names.join(", ")
        ));
    }
    if has("Pod") && !has("Service") {
        told.push("traffic: no Service leads to it".into());
    } else if has("Service") && snapshot.doors_tried() == 0 {
        told.push("whether its ports answer".into());
    }
    told
}

/// Tries that a later one made good, containers that ended and run again: told, and no cause of anything now.
pub(super) fn past(seen: &Seen<'_>, walk: &Walk<'_>) -> Vec<String> {
    let own = || walk.steps.iter().filter(|step| step.role == Role::Own).filter(|step| step.object.is_some());
    let pods = own().filter(|step| step.at.kind == "Pod");
    let tries = own().filter_map(|step| over::told(seen.snapshot, step.object?));
    let mut told_of: Vec<_> = tries.take(MOST_TRIES).collect();
    for pod in pods.filter_map(|step| step.object) {
        for status in list(pod, "/status/containerStatuses") {
            let ready = status.get("ready").and_then(Value::as_bool).unwrap_or(false);
            let Some(end) = status.pointer("/lastState/terminated").filter(|_| ready) else { continue };
            let Some(ago) = seen.seconds_since(text(end, "/finishedAt")).filter(|ago| *ago < LONG_AGO) else {
                continue;
            };
            let (reason, code) = (text(end, "/reason"), number(end, "/exitCode"));
            told_of.push(format!(
                "container `{}` of {} ended {} ago ({reason}, exit code {code}) and runs again since",
                text(status, "/name"),
                Ref::of(pod),
                in_words(ago)
            ));
        }
    }
    told_of
}

/// Warnings about any of it, the newest first, the same only once.
pub(super) fn warnings(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Happened> {
    let members: BTreeSet<_> = walk
        .steps
        .iter()
        .map(|step| (step.at.kind.as_str(), step.at.namespace.as_str(), step.at.name.as_str()))
        .collect();
    let about = |event: &&Value| {
        let part = |field: &str| text(event, &format!("/involvedObject/{field}"));
        text(event, "/type") == "Warning" && members.contains(&(part("kind"), part("namespace"), part("name")))
    };
    let mut events: Vec<_> = snapshot.all("", "Event").filter(about).collect();
    events.sort_by(|a, b| event_time(b).cmp(event_time(a)));
    let mut told: Vec<Happened> = Vec::new();
    let mut places: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for event in events.into_iter().map(happened) {
        // Some controllers write the same again and again, with nothing but a number or a name in it that differs.
        let key = (event.object.clone(), event.reason.clone(), without_names(&event.message));
        match places.get(&key) {
            Some(place) => told[*place].count += event.count,
            None => {
                places.insert(key, told.len());
                told.push(event);
            }
        }
    }
    told
}

/// A message without the words that have a digit in them: names of pods, times, amounts.
fn without_names(message: &str) -> String {
    let words = message.split_whitespace().filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()));
    words.take(24).collect::<Vec<_>>().join(" ")
}

/// An event as it is told.
pub fn happened(event: &Value) -> Happened {
    let part = |field: &str| text(event, &format!("/involvedObject/{field}")).to_string();
    let object = Ref::new("", &part("kind"), &part("namespace"), &part("name"));
    Happened {
        time: event_time(event).into(),
        object: object.to_string(),
        reason: text(event, "/reason").into(),
        message: short(&scrub_line(text(event, "/message")), 400),
        count: event_count(event),
    }
}
