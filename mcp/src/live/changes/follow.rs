//! How far a proposed change has come: checked, approved, merged, synced, ready. Pure.

use serde_json::Value;

use super::forge::Pull;
use super::pulls::{CheckState, Gates};
use super::settle;
use super::source;
use super::stage::{Stage, State};
use super::subjects::Subject;
use crate::live::gitops;
use crate::live::object::{Ref, conditions, list, name, short, text};
use crate::live::snapshot::Snapshot;

/// What is known of a pull request beside itself.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// What stands before its merge.
    pub gates: Gates,
    /// Git has said twice that it cannot be merged.
    pub conflict: bool,
    /// The objects in its files, before and after.
    pub subjects: &'a [Subject],
    /// A later commit that has it in it: where several changes are merged at once, Argo CD goes to the last of them.
    pub beyond: &'a str,
}

fn stage(stage: &'static str, state: State, detail: impl Into<String>) -> Stage {
    Stage { stage, state, detail: detail.into() }
}

/// All stages, in their order.
pub fn stages(snapshot: &Snapshot, pull: &Pull, known: &Known<'_>) -> Vec<Stage> {
    let mut stages = vec![stage(
        "proposed",
        State::Done,
        format!("pull request #{} of {}: {}", pull.number, or(&pull.author, "somebody"), pull.url),
    )];
    if pull.open {
        stages.extend(checked(&known.gates));
        stages.extend(approved(&known.gates));
    }
    stages.push(merged(pull, known, &stages));
    let (there, gone): (Vec<_>, Vec<_>) = known.subjects.iter().partition(|subject| subject.wanted.is_some());
    if !pull.merged {
        // A deletion is never synced or ready.
        let later = [("synced", !there.is_empty()), ("ready", !there.is_empty()), ("removed", !gone.is_empty())];
        stages.extend(later.into_iter().filter(|(_, comes)| *comes).map(|(name, _)| stage(name, State::Next, "")));
        return stages;
    }
    if !there.is_empty() {
        stages.push(worst("synced", there.iter().map(|subject| synced(snapshot, pull, subject, known.beyond))));
        stages.push(worst("ready", there.iter().map(|subject| settle::ready(snapshot, subject))));
    }
    if !gone.is_empty() {
        stages.push(worst("removed", gone.iter().map(|subject| removed(snapshot, &subject.at))));
    }
    stages
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// One stage of several: how far the last of them is.
fn worst(name: &'static str, all: impl Iterator<Item = (State, String)>) -> Stage {
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(state, _)| *state);
    let state = all.first().map_or(State::Done, |(state, _)| *state);
    let same: Vec<_> = all.into_iter().filter(|(one, _)| *one == state).map(|(_, detail)| detail).collect();
    let mut details = same.clone();
    details.dedup();
    details.truncate(3);
    let more = same.len().saturating_sub(3);
    let more = if more > 0 && details.len() == 3 { format!("; and {more} more") } else { String::new() };
    stage(name, state, details.join("; ") + &more)
}

fn checked(gates: &Gates) -> Option<Stage> {
    let of = |state| gates.checks.iter().filter(move |check| check.state == state);
    let told = |check: &super::pulls::Check| match check.said.as_str() {
        "" => check.name.clone(),
        said => format!("{}: {said}", check.name),
    };
    if let Some(failed) = of(CheckState::Failed).next() {
        return Some(stage("checked", State::Failed, format!("check {} (push a fix, or close it)", told(failed))));
    }
    let running: Vec<_> = of(CheckState::Running).map(|check| check.name.clone()).collect();
    if !running.is_empty() {
        let detail =
            format!("check {} has not spoken yet; until then the Git server refuses the merge", running.join(", "));
        return Some(stage("checked", State::Waiting, detail));
    }
    let passed: Vec<_> = gates.checks.iter().map(told).collect();
    (!passed.is_empty()).then(|| stage("checked", State::Done, passed.join("; ")))
}

fn approved(gates: &Gates) -> Option<Stage> {
    let has = i64::try_from(gates.approved.len()).unwrap_or(i64::MAX);
    if !gates.objecting.is_empty() {
        let detail = format!("{} asked for changes", gates.objecting.join(", "));
        return Some(stage("approved", State::Waiting, detail));
    }
    match gates.needed {
        needed if has < needed => {
            let detail =
                format!("needs {needed} approval of somebody who may give it, other than the author; it has {has}");
            Some(stage("approved", State::Waiting, detail))
        }
        0 if has == 0 => None,
        _ => Some(stage("approved", State::Done, format!("by {}", gates.approved.join(", ")))),
    }
}

fn merged(pull: &Pull, known: &Known<'_>, before: &[Stage]) -> Stage {
    let (state, detail) = match () {
        () if pull.merged => {
            (State::Done, format!("merged as {}", pull.merge_commit.chars().take(10).collect::<String>()))
        }
        () if !pull.open => (State::Failed, "was closed without a merge".into()),
        () if known.conflict => (
            State::Failed,
            format!(
                "conflicts with `{}`: the same lines were changed there meanwhile; close it and propose again",
                pull.base
            ),
        ),
        () if pull.draft => (State::Waiting, "is a draft: its author has to say that it is ready".into()),
        () if before.iter().any(|stage| stage.state != State::Done) => (State::Next, String::new()),
        () if !pull.mergeable => (State::Waiting, "the Git server still looks whether it can be merged".into()),
        () => (State::Waiting, format!("ready to merge: a person merges it at {}", pull.url)),
    };
    stage("merged", state, detail)
}

fn removed(snapshot: &Snapshot, at: &Ref) -> (State, String) {
    match snapshot.get(at) {
        None => (State::Done, format!("{at} is gone from the cluster")),
        Some(object) if object.pointer("/metadata/deletionTimestamp").is_some() => {
            let waits: Vec<_> = list(object, "/metadata/finalizers")
                .iter()
                .filter_map(Value::as_str)
                .map(ToString::to_string)
                .collect();
            (State::Waiting, format!("{at} is being deleted, and waits for {}", or(&waits.join(", "), "its end")))
        }
        Some(_) => (State::Waiting, format!("{at} is still in the cluster")),
    }
}

/// The Application that brings an object from its file.
fn application<'a>(snapshot: &'a Snapshot, subject: &Subject) -> Option<&'a Value> {
    source::application_of(snapshot, &subject.at).or_else(|| {
        let taker = source::taker(snapshot, &subject.file.0, &subject.file.1)?;
        let wanted = taker.name.strip_prefix("Application ")?.to_string();
        gitops::applications(snapshot).find(|application| name(application) == wanted)
    })
}

/// The commits that the subjects' Applications are at, each once.
pub fn revisions<'a>(snapshot: &'a Snapshot, subjects: &[Subject]) -> Vec<&'a str> {
    let there = subjects.iter().filter_map(|subject| application(snapshot, subject));
    let mut revisions: Vec<_> = there.map(|application| text(application, "/status/sync/revision")).collect();
    revisions.retain(|revision| !revision.is_empty());
    revisions.sort_unstable();
    revisions.dedup();
    revisions
}

fn synced(snapshot: &Snapshot, pull: &Pull, subject: &Subject, beyond: &str) -> (State, String) {
    let Some(application) = application(snapshot, subject) else {
        return (State::Waiting, "Argo CD has no Application for it yet".into());
    };
    let row = gitops::row(application);
    let has = |revision: &str| revision == pull.merge_commit || (!beyond.is_empty() && revision == beyond);
    let at = text(application, "/status/sync/revision");
    let error = conditions(application).find(|condition| condition.kind.ends_with("Error"));
    if let Some(error) = error {
        return (State::Failed, format!("{}: {}", row.name, short(error.message, 300)));
    }
    let run = "/status/operationState";
    let tried = text(application, &format!("{run}/syncResult/revision"));
    if has(tried) && matches!(text(application, &format!("{run}/phase")), "Failed" | "Error") {
        return (State::Failed, format!("{}: {}", row.name, short(text(application, &format!("{run}/message")), 300)));
    }
    let passed = list(application, "/status/history").iter().any(|entry| text(entry, "/revision") == pull.merge_commit);
    if (has(at) || passed) && own_sync(application, &subject.at).unwrap_or(&row.sync) == "Synced" {
        return (State::Done, format!("{} is at {}", row.name, row.revision));
    }
    (State::Waiting, format!("{} is {} at {}", row.name, row.sync, row.revision))
}

/// What Argo CD says of the one object: others of its Application do not matter.
fn own_sync<'a>(application: &'a Value, at: &Ref) -> Option<&'a str> {
    let resources = list(application, "/status/resources").iter();
    let own = resources.into_iter().find(|resource| {
        text(resource, "/kind") == at.kind && text(resource, "/name") == at.name && text(resource, "/group") == at.group
    });
    own.map(|own| text(own, "/status"))
}

/// Whether nothing more will happen by itself.
pub fn is_over(stages: &[Stage]) -> bool {
    stages.iter().all(|stage| stage.state == State::Done) || stages.iter().any(|stage| stage.state == State::Failed)
}

#[cfg(test)]
mod tests;
