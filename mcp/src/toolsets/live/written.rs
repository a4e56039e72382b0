//! Where in Git a cause is written: file and line, and whether what stands there is what runs.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::live::changes::fields;
use crate::live::changes::forge::Forge;
use crate::live::changes::origin::{Place, find_at_head};
use crate::live::diagnose::{Evidence, Fault, Finding};
use crate::live::diff;
use crate::live::mutations::mutation_of;
use crate::live::object::{Ref, list, short, text};
use crate::live::scrub::scrubbed;
use crate::live::snapshot::Snapshot;
use crate::live::target;
use crate::ports::Cluster;

/// An answer does not wait longer for a Git server that is slow.
const PATIENCE: Duration = Duration::from_secs(3);
/// Causes that are looked up; who reads on can ask about one of them.
const MOST: usize = 3;
/// Evidence of this source says that an object comes from Git.
const GIT: &str = "Git";
/// Longest value that is told.
const LONGEST: usize = 80;

/// Adds file and line to causes that come from Git. Without an account there, or without an answer, they stay as they are.
pub(super) async fn located(cluster: &dyn Cluster, snapshot: &Snapshot, causes: &mut [Finding]) {
    let from_git = |cause: &&mut Finding| {
        cause.fault == Fault::OutOfSync || cause.evidence.iter().any(|evidence| evidence.source == GIT)
    };
    let mut causes: Vec<_> = causes.iter_mut().filter(from_git).take(MOST).collect();
    if causes.is_empty() {
        return;
    }
    let Ok(server) = cluster.git().await else { return };
    let forge = Forge::new(server);
    let asked = causes.iter().map(|cause| {
        let (at, _) = written(snapshot, cause);
        let forge = &forge;
        async move { timeout(PATIENCE, find_at_head(forge, snapshot, &at)).await.ok()?.ok()? }
    });
    let places = futures::future::join_all(asked).await;
    for (cause, place) in causes.iter_mut().zip(places) {
        match place {
            Some(place) if cause.fault == Fault::OutOfSync => drifted(snapshot, cause, &place),
            Some(place) => tell(snapshot, cause, &place),
            None => {}
        }
    }
}

/// The object that people write, and its field. Of what Git and the cluster differ in, the first object.
fn written(snapshot: &Snapshot, cause: &Finding) -> (Ref, String) {
    if cause.fault == Fault::OutOfSync {
        let application = snapshot.get(&cause.object).unwrap_or(&Value::Null);
        let mut resources = list(application, "/status/resources").iter();
        let first = resources.find(|resource| text(resource, "/status") == "OutOfSync").unwrap_or(&Value::Null);
        let part = |key: &str| text(first, key);
        return (Ref::new(part("/group"), part("/kind"), part("/namespace"), part("/name")), String::new());
    }
    let Some(change) = &cause.change else { return (cause.object.clone(), cause.field.clone()) };
    let found = target::resolve(snapshot, &change.object).unwrap_or_default();
    let at = found.first().map_or_else(|| cause.object.clone(), |object| Ref::of(object));
    (at, change.field.clone())
}

/// `demo/app/web.yaml:7 in backstack/demo-cluster, branch main`.
fn told(place: &Place, field: &str) -> String {
    let line = place.line(field).map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line} in {}, branch {}", place.path, place.repository, place.branch)
}

/// What Git says, without what is a secret in it: the cluster's object has passed the same filter.
fn in_git(place: &Place) -> Option<Value> {
    place.object().map(scrubbed)
}

fn tell(snapshot: &Snapshot, cause: &mut Finding, place: &Place) {
    let (at, field) = written(snapshot, cause);
    if let Some(evidence) = cause.evidence.iter_mut().find(|evidence| evidence.source == GIT) {
        evidence.text = told(place, &field);
    }
    let (Some(git), Some(live)) = (in_git(place), snapshot.get(&at)) else { return };
    let (Some(said), Some(runs)) = (fields::get(&git, &field), fields::get(live, &field)) else { return };
    if !(field.is_empty() || said == runs || said.is_object() || said.is_array()) {
        differs(snapshot, cause, live, &field, Some(said), Some(runs));
    }
}

/// The fields in which the cluster has something else than Git.
fn drifted(snapshot: &Snapshot, cause: &mut Finding, place: &Place) {
    let (at, _) = written(snapshot, cause);
    let (Some(git), Some(live)) = (in_git(place), snapshot.get(&at)) else { return };
    for difference in diff::from_git(&git, live).iter().take(MOST) {
        let (field, said, runs) = (&difference.path, difference.git.as_ref(), difference.live.as_ref());
        cause.evidence.push(Evidence::new(GIT, &format!("`{field}` of {at}: {}", told(place, field))));
        differs(snapshot, cause, live, field, said, runs);
    }
}

fn differs(
    snapshot: &Snapshot,
    cause: &mut Finding,
    live: &Value,
    field: &str,
    said: Option<&Value>,
    runs: Option<&Value>,
) {
    let plain = |value: Option<&Value>| match value {
        Some(Value::String(text)) => short(text, LONGEST),
        Some(value) => short(&value.to_string(), LONGEST),
        None => "not set".into(),
    };
    let text = format!("`{field}` is {} there and {} in the cluster", plain(said), plain(runs));
    cause.evidence.push(Evidence::new("Git differs", &text));
    let key = field.rsplit('.').next().unwrap_or(field).split('[').next().unwrap_or_default();
    if let Some((policy, place)) = mutation_of(snapshot, live, key) {
        let policy = Ref::of(policy);
        cause.evidence.push(Evidence::new("changed by a policy", &format!("`{place}` of {policy} writes `{key}`")));
        cause.next = format!("{} What Git says does not arrive: {policy} writes that field.", cause.next);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::changes::forge::File;

    #[test]
    fn a_cause_says_its_line_and_which_policy_has_changed_what_git_says() {
        let live = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "web"}, "spec": {"replicas": 0}});
        let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy", "metadata": {"name": "few"}, "spec": {
            "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "resources": ["deployments"]}]}, "mutations": [{"jsonPatch": {"expression": "path: '/spec/replicas'"}}]}});
        let content = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n";
        let place = Place {
            repository: "o/r".into(),
            branch: "main".into(),
            path: "a/web.yaml".into(),
            document: 0,
            item: None,
            file: File { content: content.into(), sha: "1".into() },
        };
        let told = |objects: Vec<Value>| {
            let at = Ref::new("apps", "Deployment", "a", "web");
            let mut cause =
                Finding::new(Fault::Paused, at, "no pods").at("spec.replicas").with(GIT, "somewhere").next("Set it.");
            tell(&Snapshot::of("lab", objects), &mut cause, &place);
            cause
                .evidence
                .into_iter()
                .map(|evidence| format!("{}: {}", evidence.source, evidence.text))
                .collect::<Vec<_>>()
        };
        let first = "Git: a/web.yaml:5 in o/r, branch main";
        let differs = "Git differs: `spec.replicas` is 3 there and 0 in the cluster";
        assert_eq!(told(vec![live.clone()]), [first, differs]);
        let by_policy =
            "changed by a policy: `spec.mutations[0].jsonPatch.expression` of MutatingPolicy few writes `replicas`";
        assert_eq!(told(vec![live, policy]), [first, differs, by_policy]);
    }

    #[test]
    fn what_differs_from_git_is_told_field_by_field() {
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "web"},
            "status": {"resources": [{"group": "apps", "kind": "Deployment", "namespace": "a", "name": "web", "status": "OutOfSync"}]}});
        let live = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "web"}, "spec": {"replicas": 1}});
        let content =
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  paused: true\n";
        let place = Place {
            repository: "o/r".into(),
            branch: "main".into(),
            path: "web.yaml".into(),
            document: 0,
            item: None,
            file: File { content: content.into(), sha: "1".into() },
        };
        let mut cause = Finding::new(Fault::OutOfSync, Ref::of(&application), "they differ");
        drifted(&Snapshot::of("lab", [application, live]), &mut cause, &place);
        let told: Vec<_> = cause.evidence.iter().map(|one| format!("{}: {}", one.source, one.text)).collect();
        assert_eq!(
            told,
            [
                "Git: `spec.paused` of Deployment a/web: web.yaml:6 in o/r, branch main",
                "Git differs: `spec.paused` is true there and not set in the cluster",
                "Git: `spec.replicas` of Deployment a/web: web.yaml:5 in o/r, branch main",
                "Git differs: `spec.replicas` is 3 there and 1 in the cluster",
            ]
        );
    }

    #[test]
    fn secrets_in_git_are_no_difference_and_are_not_told() {
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "c"}, "data": {"password": "canary-1f", "mode": "slow"}});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "c"},
            "status": {"resources": [{"kind": "ConfigMap", "namespace": "a", "name": "c", "status": "OutOfSync"}]}});
        let content =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  password: canary-2f\n  mode: fast\n";
        let place = Place {
            repository: "o/r".into(),
            branch: "main".into(),
            path: "c.yaml".into(),
            document: 0,
            item: None,
            file: File { content: content.into(), sha: "1".into() },
        };
        let mut cause = Finding::new(Fault::OutOfSync, Ref::of(&application), "they differ");
        drifted(&Snapshot::of("lab", [application, live]), &mut cause, &place);
        let told = format!("{:?}", cause.evidence);
        assert!(told.contains("`data.mode` is fast there") && !told.contains("canary"), "{told}");
    }
}
