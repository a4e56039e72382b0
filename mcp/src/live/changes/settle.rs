//! Whether the cluster has come to rest at what was merged. A condition that is true may be of the time before: nothing
//! counts until every controller on the way has looked at the generation that the merge made.

use serde_json::Value;

use super::plan::composite;
use super::stage::State;
use super::subjects::Subject;
use crate::live::diagnose;
use crate::live::diff;
use crate::live::graph;
use crate::live::health::{self, Health};
use crate::live::object::{Ref, annotation, is_owned_by, list, number, text};
use crate::live::snapshot::Snapshot;
use crate::live::target::typed_form;

/// Conditions by which things tell how they are.
const TELLING: [&str; 6] = ["Ready", "Synced", "Healthy", "Established", "Available", "Installed"];

/// How far one object is, and in words why.
pub fn ready(snapshot: &Snapshot, subject: &Subject) -> (State, String) {
    let at = &subject.at;
    let Some(object) = snapshot.get(at) else { return (State::Waiting, format!("{at} is not in the cluster yet")) };
    if let Some(old) = still_old(subject, object) {
        return (State::Waiting, format!("{at} has not got the change yet: {old}"));
    }
    if let Some(unseen) = unseen(object) {
        return (State::Waiting, format!("{at}: {unseen}"));
    }
    let is_composite = composite(snapshot, at).is_some();
    let (health, why) = health::of(snapshot, object);
    match health {
        // What people order tells how it is by conditions; without one, its controller has not seen it yet.
        Health::Present if is_composite => return (State::Waiting, format!("{at} has no conditions yet")),
        Health::Present => return (State::Done, format!("{at} is in the cluster as it was merged")),
        Health::Degraded => return (State::Failed, cause(snapshot, object, &why)),
        Health::Progressing | Health::Healthy => {}
    }
    match below(snapshot, object) {
        Some((State::Failed, why)) => (State::Failed, cause(snapshot, object, &why)),
        Some((state, why)) if health == Health::Healthy => (state, why),
        Some((_, below)) => (State::Waiting, format!("{at}: {why}; {below}")),
        None if health == Health::Healthy => (State::Done, format!("{at} is ready")),
        None => (State::Waiting, format!("{at}: {why}")),
    }
}

/// The first cause, as `diagnose` tells it.
fn cause(snapshot: &Snapshot, object: &Value, why: &str) -> String {
    let judged = diagnose::diagnose(snapshot, &typed_form(object)).ok();
    let first = judged.and_then(|judged| judged.causes.into_iter().next());
    let told = first.map_or_else(|| why.to_string(), |first| first.summary);
    format!("{}: {told}", Ref::of(object))
}

/// A field that the merge changed and that the object still has as it was before.
fn still_old(subject: &Subject, object: &Value) -> Option<String> {
    let (before, wanted) = (subject.before.as_ref()?, subject.wanted.as_ref()?);
    let changed = diff::from_git(wanted, before);
    let mut differing = diff::from_git(wanted, object).into_iter();
    // What neither Git had nor has may be the server's own way of writing it.
    let old = differing.find(|one| changed.iter().any(|change| change.path == one.path && change.live == one.live))?;
    Some(format!("{} is still {}", old.path, old.live.map_or_else(|| "not there".into(), |value| value.to_string())))
}

/// A controller that has not looked at the object's newest generation, in words.
fn unseen(object: &Value) -> Option<String> {
    let newest = number(object, "/metadata/generation");
    let seen = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
    if let Some(seen) = seen.filter(|seen| *seen < newest) {
        return Some(format!("its controller has looked at generation {seen}, and {newest} is the newest"));
    }
    let behind = list(object, "/status/conditions").iter().find_map(|condition| {
        let seen = condition.get("observedGeneration").and_then(Value::as_i64).filter(|seen| *seen < newest)?;
        TELLING.contains(&text(condition, "/type")).then(|| (text(condition, "/type"), seen))
    });
    let (condition, seen) = behind?;
    Some(format!("condition {condition} is of generation {seen}, and {newest} is the newest"))
}

/// What below an object is not as it shall be: a lasting trouble first. Pods of earlier rollouts do not count.
fn below(snapshot: &Snapshot, object: &Value) -> Option<(State, String)> {
    let old = pods_of_earlier_rollouts(snapshot);
    let nodes = graph::below(snapshot, &[object]);
    let mut waits = None;
    for node in nodes.iter().filter(|node| node.depth > 0 && !old.contains(&node.object)) {
        match node.health {
            // What was composed just now may not be in sight yet.
            "degraded" if node.why != "does not exist" => {
                return Some((State::Failed, format!("{}: {}", node.object, node.why)));
            }
            "degraded" | "progressing" if waits.is_none() => {
                waits = Some((State::Waiting, format!("{}: {}", node.object, node.why)));
            }
            _ => {}
        }
    }
    waits
}

fn pods_of_earlier_rollouts(snapshot: &Snapshot) -> Vec<String> {
    let revision = |set: &Value| {
        annotation(set, "deployment.kubernetes.io/revision")
            .and_then(|text| text.parse::<i64>().ok())
            .unwrap_or_default()
    };
    let mut old = Vec::new();
    for deployment in snapshot.all("apps", "Deployment") {
        let sets: Vec<_> = snapshot.all("apps", "ReplicaSet").filter(|set| is_owned_by(set, deployment)).collect();
        let newest = sets.iter().map(|set| revision(set)).max().unwrap_or_default();
        for set in sets.into_iter().filter(|set| revision(set) < newest) {
            let pods = snapshot.all("", "Pod").filter(|pod| is_owned_by(pod, set));
            old.extend(pods.map(|pod| Ref::of(pod).typed()));
            old.push(Ref::of(set).typed());
        }
    }
    old
}
