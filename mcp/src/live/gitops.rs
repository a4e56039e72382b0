//! Applications: what Git says should run, and how far the cluster has followed.

use serde::Serialize;
use serde_json::Value;

use super::object::{Ref, conditions, list, name, namespace, short, text};
use super::snapshot::Snapshot;

/// One Application in a list.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// `metadata.name` of the Application.
    pub name: String,
    /// Namespace of the Application itself, not of what it brings.
    pub namespace: String,
    /// Argo CD's word: `Healthy`, `Progressing`, `Degraded`, `Missing`, `Suspended` or `Unknown`.
    pub health: String,
    /// Argo CD's word: `Synced`, `OutOfSync` or `Unknown`.
    pub sync: String,
    /// The commit that it compares with, its first 10 digits; empty before the first comparison.
    pub revision: String,
    /// Namespace that its objects go to; empty where each says its own.
    pub destination: String,
    /// The worst that Argo CD says, cut to 200 characters; empty if nothing is wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trouble: String,
}

/// One Application with what it brings.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Details {
    /// The same as in a list.
    #[serde(flatten)]
    pub row: Row,
    /// AppProject that says what it may bring.
    pub project: String,
    /// Where its manifests come from; several only where the Application has a list of them.
    pub sources: Vec<Source>,
    /// Whether it syncs by itself.
    pub automated: bool,
    /// How the last sync went.
    pub last_sync: LastSync,
    /// What Argo CD says of it, in its own order.
    pub conditions: Vec<Said>,
    /// All objects that it brings, those in trouble first.
    pub resources: Vec<Resource>,
}

/// Where manifests come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Source {
    /// Address that is cloned, or that of a chart's repository.
    pub repository: String,
    /// What was asked for: a branch, tag or commit.
    pub revision: String,
    /// Folder in the repository; empty for a chart.
    pub path: String,
    /// The only files of the folder that count, if it names some.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub include: String,
    /// `directory`, `helm`, `kustomize` or `plugin`.
    pub kind: &'static str,
}

/// The last time that the cluster was brought to what Git says.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LastSync {
    /// `Running`, `Succeeded`, `Failed` or `Error`; `Unknown` if there was none yet.
    pub phase: String,
    /// What Argo CD says of it, cut to 600 characters; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it ended, as RFC 3339; empty while it runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub finished: String,
}

/// A condition of an Application.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Said {
    /// Argo CD's word, as `SyncError`; those that end in `Error` are faults.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says, cut to 600 characters.
    pub message: String,
    /// Since when it is so, as RFC 3339; empty if that is not said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub since: String,
}

/// One object that an Application brings.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Resource {
    /// The object, which the cluster need not have.
    pub object: Ref,
    /// `Synced`, `OutOfSync`, or `SyncFailed` if the last try to apply it failed.
    pub sync: String,
    /// Argo CD's word; empty for kinds that it does not judge.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub health: String,
    /// Why it cannot be applied, or why it is not healthy, cut to 300 characters; empty if neither.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// All Applications of Argo CD, by namespace and name.
pub(crate) fn applications(snapshot: &Snapshot) -> impl Iterator<Item = &Value> {
    snapshot.all("argoproj.io", "Application")
}

/// All Applications, those in trouble first.
pub fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows: Vec<_> = applications(snapshot).map(row).collect();
    rows.sort_by_key(|row| (row.trouble.is_empty(), row.health == "Healthy", row.sync == "Synced", row.name.clone()));
    rows
}

/// An Application in short.
pub(crate) fn row(application: &Value) -> Row {
    let error = conditions(application).find(|condition| condition.kind.ends_with("Error"));
    let failed = matches!(text(application, "/status/operationState/phase"), "Failed" | "Error");
    let trouble = match error {
        Some(error) => error.message,
        None if failed => text(application, "/status/operationState/message"),
        None => text(application, "/status/health/message"),
    };
    Row {
        name: name(application).into(),
        namespace: namespace(application).into(),
        health: or_unknown(text(application, "/status/health/status")),
        sync: or_unknown(text(application, "/status/sync/status")),
        revision: short_revision(text(application, "/status/sync/revision")),
        destination: text(application, "/spec/destination/namespace").into(),
        trouble: short(trouble, 200),
    }
}

fn or_unknown(word: &str) -> String {
    if word.is_empty() { "Unknown".into() } else { word.into() }
}

fn short_revision(revision: &str) -> String {
    revision.chars().take(10).collect()
}

/// An Application in full, with messages cut to a length that can be read.
pub(crate) fn details(application: &Value) -> Details {
    let last = application.pointer("/status/operationState").unwrap_or(&Value::Null);
    Details {
        row: row(application),
        project: text(application, "/spec/project").into(),
        sources: sources(application),
        automated: application.pointer("/spec/syncPolicy/automated").is_some(),
        last_sync: LastSync {
            phase: or_unknown(text(last, "/phase")),
            message: short(text(last, "/message"), 600),
            finished: text(last, "/finishedAt").into(),
        },
        conditions: conditions(application)
            .map(|condition| Said {
                kind: condition.kind.into(),
                message: short(condition.message, 600),
                since: condition.since.into(),
            })
            .collect(),
        resources: resources(application),
    }
}

/// What it brings, with what failed first.
fn resources(application: &Value) -> Vec<Resource> {
    let results = list(application, "/status/operationState/syncResult/resources");
    let listed = list(application, "/status/resources").iter().map(|resource| {
        let object = reference(resource);
        let result = results.iter().find(|result| reference(result) == object);
        let failed = result.filter(|result| text(result, "/status") == "SyncFailed");
        let message = failed.map_or(text(resource, "/health/message"), |failed| text(failed, "/message"));
        Resource {
            object,
            sync: failed.map_or(text(resource, "/status"), |_| "SyncFailed").into(),
            health: text(resource, "/health/status").into(),
            message: short(message, 300),
        }
    });
    let mut resources: Vec<_> = listed.collect();
    resources.sort_by_key(|resource| {
        (resource.sync == "Synced", resource.health == "Healthy" || resource.health.is_empty())
    });
    resources
}

fn reference(resource: &Value) -> Ref {
    let part = |key: &str| text(resource, key);
    Ref::new(part("/group"), part("/kind"), part("/namespace"), part("/name"))
}

/// Where the manifests of an Application come from: its list of sources, or its only one.
pub(crate) fn sources(application: &Value) -> Vec<Source> {
    let several = list(application, "/spec/sources").iter();
    several.chain(application.pointer("/spec/source")).map(source).collect()
}

fn source(source: &Value) -> Source {
    let kind = match () {
        () if source.get("helm").is_some() || source.get("chart").is_some() => "helm",
        () if source.get("kustomize").is_some() => "kustomize",
        () if source.get("plugin").is_some() => "plugin",
        () => "directory",
    };
    let revision = text(source, "/targetRevision");
    Source {
        repository: text(source, "/repoURL").into(),
        revision: if revision.is_empty() { "HEAD".into() } else { revision.into() },
        path: text(source, "/path").into(),
        include: text(source, "/directory/include").into(),
        kind,
    }
}

/// An Application by `name` or `namespace/name`.
pub fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> Option<&'a Value> {
    let wanted = wanted.rsplit(':').next().unwrap_or(wanted);
    applications(snapshot).find(|application| {
        name(application) == wanted
            || wanted.split_once('/').is_some_and(|place| place == (namespace(application), name(application)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trouble_comes_first_and_names_the_cause() {
        let application = |name: &str, health: &str, conditions: Value| {
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"namespace": "argocd", "name": name}, "spec": {"source": {"repoURL": "u", "targetRevision": "nope", "path": "."}},
            "status": {"health": {"status": health}, "sync": {"status": "Synced", "revision": "0123456789abcdef"}, "conditions": conditions}})
        };
        let snapshot = Snapshot::of(
            "lab",
            [
                application("a", "Healthy", json!([])),
                application(
                    "b",
                    "Healthy",
                    json!([{"type": "ComparisonError", "message": "unable to resolve 'nope' to a commit SHA"}]),
                ),
            ],
        );
        let rows = rows(&snapshot);
        assert_eq!((rows[0].name.as_str(), rows[1].revision.as_str()), ("b", "0123456789"));
        let details = details(find(&snapshot, "argocd/b").expect("there"));
        assert_eq!((details.sources[0].kind, details.sources[0].revision.as_str()), ("directory", "nope"));
    }
}
