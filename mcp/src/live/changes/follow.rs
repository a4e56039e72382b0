//! How far a proposed change has come: reviewed, merged, synced, ready.

use serde::Serialize;
use serde_json::Value;

use super::forge::Pull;
use super::plan::folder_of;
use crate::live::diagnose::applications_of;
use crate::live::gitops;
use crate::live::health::{self, Health};
use crate::live::object::{Ref, list, name, text};
use crate::live::snapshot::Snapshot;

/// One stage of a change.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Stage {
    pub stage: &'static str,
    pub state: State,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Done,
    Waiting,
    Failed,
    /// Not its turn yet.
    Next,
}

/// All stages, in their order. `at` is what the change is about; `deletes` if it takes it away; `beyond` a later commit that
/// has it in it: where several changes are merged at once, Argo CD goes to the last of them.
pub fn stages(snapshot: &Snapshot, pull: &Pull, at: &Ref, deletes: bool, beyond: &str) -> Vec<Stage> {
    let mut stages = vec![proposed(pull), merged(pull)];
    if !pull.merged {
        stages.extend(["synced", "ready"].map(|stage| Stage { stage, state: State::Next, detail: String::new() }));
        return stages;
    }
    let object = snapshot.get(at);
    if deletes {
        let gone = object.is_none();
        let detail = if gone { "it is gone from the cluster" } else { "it is still in the cluster" };
        stages.push(Stage {
            stage: "removed",
            state: if gone { State::Done } else { State::Waiting },
            detail: detail.into(),
        });
        return stages;
    }
    stages.push(synced(snapshot, pull, at, beyond));
    stages.push(ready(snapshot, object));
    stages
}

fn proposed(pull: &Pull) -> Stage {
    Stage { stage: "proposed", state: State::Done, detail: format!("pull request #{}: {}", pull.number, pull.url) }
}

fn merged(pull: &Pull) -> Stage {
    let (state, detail) = match () {
        () if pull.merged => {
            (State::Done, format!("merged as {}", pull.merge_commit.chars().take(10).collect::<String>()))
        }
        () if pull.open => (State::Waiting, "waits for a review and the merge".into()),
        () => (State::Failed, "was closed without a merge".into()),
    };
    Stage { stage: "merged", state, detail }
}

/// The Application that brings this object from Git.
fn application<'a>(snapshot: &'a Snapshot, at: &Ref) -> Option<&'a Value> {
    let by_object = snapshot.get(at).and_then(|object| applications_of(snapshot, object).into_iter().next());
    by_object.or_else(|| {
        let wanted = format!("{}-{}-{}", folder_of(&at.namespace), at.kind.to_lowercase(), at.name);
        gitops::applications(snapshot).find(|application| name(application) == wanted)
    })
}

/// The commit that the object's Application is synced to; empty if it is not.
pub fn synced_commit<'a>(snapshot: &'a Snapshot, at: &Ref) -> &'a str {
    let synced = |application: &&Value| text(application, "/status/sync/status") == "Synced";
    application(snapshot, at).filter(synced).map_or("", |application| text(application, "/status/sync/revision"))
}

fn synced(snapshot: &Snapshot, pull: &Pull, at: &Ref, beyond: &str) -> Stage {
    let stage = |state, detail: String| Stage { stage: "synced", state, detail };
    let Some(application) = application(snapshot, at) else {
        return stage(State::Waiting, "Argo CD has no Application for it yet".into());
    };
    let row = gitops::row(application);
    let revisions =
        [text(application, "/status/sync/revision"), text(application, "/status/operationState/syncResult/revision")];
    let has_commit = revisions.contains(&pull.merge_commit.as_str()) || (!beyond.is_empty() && revisions[0] == beyond);
    let is_later =
        list(application, "/status/history").iter().any(|entry| text(entry, "/revision") == pull.merge_commit);
    match () {
        () if !row.trouble.is_empty() => stage(State::Failed, format!("{}: {}", row.name, row.trouble)),
        () if row.sync == "Synced" && (has_commit || is_later) => {
            stage(State::Done, format!("{} is at {}", row.name, row.revision))
        }
        () => stage(State::Waiting, format!("{} is {} at {}", row.name, row.sync, row.revision)),
    }
}

fn ready(snapshot: &Snapshot, object: Option<&Value>) -> Stage {
    let stage = |state, detail: String| Stage { stage: "ready", state, detail };
    let Some(object) = object else { return stage(State::Waiting, "it is not in the cluster yet".into()) };
    match health::of(snapshot, object) {
        (Health::Healthy, _) => stage(State::Done, format!("{} is ready", Ref::of(object))),
        // What people order tells how it is by conditions; without one, its controller has not seen it yet.
        (Health::Present, _) => stage(State::Waiting, format!("{} has no conditions yet", Ref::of(object))),
        (Health::Progressing, why) => stage(State::Waiting, why),
        (Health::Degraded, why) => stage(State::Failed, why),
    }
}

/// Whether nothing more will happen by itself.
pub fn is_over(stages: &[Stage]) -> bool {
    stages.iter().all(|stage| stage.state == State::Done) || stages.iter().any(|stage| stage.state == State::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pull(merged: bool) -> Pull {
        Pull {
            number: 7,
            url: "u".into(),
            title: String::new(),
            branch: "b".into(),
            open: !merged,
            merged,
            merge_commit: "c0ffee".into(),
            body: String::new(),
        }
    }

    fn snapshot(revision: &str, ready: &str) -> Snapshot {
        Snapshot::of(
            "lab",
            [
                json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-shop"},
                "status": {"sync": {"status": "Synced", "revision": revision}, "health": {"status": "Healthy"}}}),
                json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop"},
                "status": {"conditions": [{"type": "Ready", "status": ready}]}}),
            ],
        )
    }

    fn states(snapshot: &Snapshot, pull: &Pull) -> Vec<State> {
        let at = Ref::new("p.dev", "App", "demo", "shop");
        stages(snapshot, pull, &at, false, "").into_iter().map(|stage| stage.state).collect()
    }

    #[test]
    fn a_change_goes_through_its_stages() {
        use State::{Done, Next, Waiting};
        assert_eq!(states(&snapshot("old", "True"), &pull(false)), [Done, Waiting, Next, Next]);
        assert_eq!(states(&snapshot("old", "True"), &pull(true)), [Done, Done, Waiting, Done]);
        assert_eq!(states(&snapshot("c0ffee", "False"), &pull(true)), [Done, Done, Done, Waiting]);
        assert_eq!(states(&snapshot("c0ffee", "True"), &pull(true)), [Done, Done, Done, Done]);
    }

    #[test]
    fn where_changes_are_merged_together_the_last_commit_counts_for_all() {
        let (snapshot, at) = (snapshot("later", "True"), Ref::new("p.dev", "App", "demo", "shop"));
        let synced = |beyond: &str| stages(&snapshot, &pull(true), &at, false, beyond)[2].state;
        assert_eq!(synced_commit(&snapshot, &at), "later");
        assert_eq!([synced(""), synced("another"), synced("later")], [State::Waiting, State::Waiting, State::Done]);
    }

    #[test]
    fn what_no_controller_has_seen_is_not_ready() {
        let fresh = Snapshot::of(
            "lab",
            [json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop"}})],
        );
        assert_eq!(states(&fresh, &pull(true)).last(), Some(&State::Waiting));
    }

    #[test]
    fn a_deletion_ends_when_it_is_gone() {
        let at = Ref::new("p.dev", "App", "demo", "gone");
        assert!(is_over(&stages(&snapshot("x", "True"), &pull(true), &at, true, "")));
    }
}
