//! Fields that an Application leaves as they are in the cluster: a change of them in Git never arrives.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding, REMARK};
use crate::live::object::{Ref, is_owned_by, list, text};

/// Without this, what is ignored is applied all the same when something else changes.
const RESPECTED: &str = "RespectIgnoreDifferences=true";
/// What of a template others may well write: how much it may use, and what was injected.
const OF_OTHERS: [&str; 4] = ["resources", "annotations", "initContainers", "volumes"];

/// A part of a template that is ignored, where a newer revision counts as synced and nothing was rolled out since.
pub(super) fn of_application(seen: &Seen<'_>, application: &Value) -> Option<Finding> {
    let options = list(application, "/spec/syncPolicy/syncOptions");
    let history = list(application, "/status/history");
    let last = history.last()?;
    let (now, applied) = (text(application, "/status/sync/revision"), text(last, "/revision"));
    // Where all that differs is ignored, nothing is applied at all.
    let is_passed_over = !now.is_empty() && now != applied;
    let is_another = history.iter().rev().nth(1).is_some_and(|before| text(before, "/revision") != applied);
    if !options.iter().any(|option| option == RESPECTED) || !(is_passed_over || is_another) {
        return None;
    }
    let (synced, revision) = if is_passed_over { (None, now) } else { (Some(text(last, "/deployedAt")), applied) };
    let ignored = list(application, "/spec/ignoreDifferences").iter().enumerate();
    ignored.into_iter().find_map(|(index, entry)| {
        let pointers = list(entry, "/jsonPointers").iter().enumerate();
        let is_telling = |pointer: &str| {
            pointer.starts_with("/spec/template/spec/") && !OF_OTHERS.iter().any(|part| pointer.contains(part))
        };
        let (number, pointer) =
            pointers.filter_map(|(number, one)| Some((number, one.as_str()?))).find(|(_, one)| is_telling(one))?;
        let workload = stale(seen, application, entry, synced)?;
        let (at, field) = (Ref::of(application), format!("spec.ignoreDifferences[{index}].jsonPointers[{number}]"));
        let text = format!(
            "leaves `{pointer}` of {} as it is: revision {} was synced, and that still runs as before",
            Ref::of(workload),
            revision
        );
        let finding = Finding::new(Fault::OutOfSync, at.clone(), text).at(field.clone()).at_most(REMARK);
        Some(
            finding.with(field.clone(), pointer).with("spec.syncPolicy.syncOptions", RESPECTED).next(format!(
                "Take `{field}` out of {at} (or `{RESPECTED}`), if a change of that in Git is to arrive."
            )),
        )
    })
}

/// A workload that an entry means and whose newest rollout is older than a moment, if one is given.
fn stale<'a>(seen: &Seen<'a>, application: &Value, entry: &Value, synced: Option<&str>) -> Option<&'a Value> {
    let (group, kind) = (text(entry, "/group"), text(entry, "/kind"));
    let resources = list(application, "/status/resources").iter();
    let is_meant = |resource: &&Value| {
        text(resource, "/kind") == kind
            && text(resource, "/group") == group
            && (text(entry, "/name").is_empty() || text(entry, "/name") == text(resource, "/name"))
    };
    let mut meant = resources.filter(is_meant).filter_map(|resource| {
        seen.snapshot.get(&Ref::new(group, kind, text(resource, "/namespace"), text(resource, "/name")))
    });
    meant.find(|workload| {
        let sets = seen.snapshot.inside("apps", "ReplicaSet", text(workload, "/metadata/namespace"));
        let own = sets.filter(|set| is_owned_by(set, workload)).map(|set| text(set, "/metadata/creationTimestamp"));
        own.max().is_some_and(|newest| !newest.is_empty() && synced.is_none_or(|synced| newest < synced))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::live::diagnose::{Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    fn verdict(pointer: &str, options: Value, rolled_out: &str) -> (Verdict, String) {
        synced("2", pointer, options, rolled_out)
    }

    fn synced(revision: &str, pointer: &str, options: Value, rolled_out: &str) -> (Verdict, String) {
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "web"},
            "spec": {"source": {"repoURL": "r"}, "syncPolicy": {"syncOptions": options}, "ignoreDifferences": [{"group": "apps", "kind": "Deployment", "jsonPointers": [pointer]}]},
            "status": {"sync": {"status": "Synced", "revision": revision}, "health": {"status": "Healthy"}, "history": [
                {"revision": "1", "deployedAt": "2026-01-01T10:00:00Z"}, {"revision": "2", "deployedAt": "2026-01-01T11:00:00Z"}],
                "resources": [{"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}]}});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web", "uid": "d"},
            "spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}});
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "shop", "name": "web-1", "uid": "s", "creationTimestamp": rolled_out,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d"}]}, "spec": {"replicas": 1}, "status": {"replicas": 1, "availableReplicas": 1}});
        let mut snapshot = Snapshot::of("lab", [application, deployment, set]);
        snapshot.now = "2026-01-01T12:00:00Z".into();
        let told = diagnose(&snapshot, "Application:argocd/web").expect("it is there");
        (told.verdict, told.causes.first().map(|cause| cause.field.clone()).unwrap_or_default())
    }

    #[test]
    fn a_change_in_git_that_is_ignored_is_a_remark() {
        let (args, respected) = ("/spec/template/spec/containers/0/args", || json!(["RespectIgnoreDifferences=true"]));
        let field = "spec.ignoreDifferences[0].jsonPointers[0]".to_string();
        assert_eq!(verdict(args, respected(), "2026-01-01T10:00:00Z"), (Verdict::Imperfect, field.clone()));
        let passed_over = synced("3", args, respected(), "2026-01-01T11:00:01Z");
        assert_eq!(passed_over, (Verdict::Imperfect, field.clone()), "there was nothing left to apply");
        for (pointer, options, rolled_out) in [
            ("/spec/replicas", respected(), "2026-01-01T10:00:00Z"),
            ("/spec/template/spec/containers/0/resources", respected(), "2026-01-01T10:00:00Z"),
            (args, json!([]), "2026-01-01T10:00:00Z"),
            (args, respected(), "2026-01-01T11:00:01Z"),
        ] {
            assert_ne!(verdict(pointer, options, rolled_out).1, field, "{pointer} {rolled_out}");
        }
    }
}
