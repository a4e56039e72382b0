//! What a pull request is about: the objects in its files, before and after.

use futures::future::join_all;
use serde_json::Value;

use super::forge::{Forge, Pull};
use super::pulls::Touched;
use super::yaml::edit;
use super::{project, source};
use crate::error::PortError;
use crate::live::object::{Ref, list, text};
use crate::live::snapshot::Snapshot;

/// Objects of one pull request that are followed.
const MOST: usize = 30;

/// One object of a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Kind, namespace and name; the namespace is the one that Argo CD would put it in where the file names none.
    pub at: Ref,
    /// Repository and path of its file.
    pub file: (String, String),
    /// As it was in Git; nothing for a new one.
    pub before: Option<Value>,
    /// As Git wants it; nothing for one that goes.
    pub wanted: Option<Value>,
}

/// The objects that a pull request changes, as they are in Git at `revision` and were before it.
///
/// # Errors
/// The Git server does not answer.
pub async fn subjects(
    forge: &Forge,
    snapshot: &Snapshot,
    repository: &str,
    pull: &Pull,
    touched: &[Touched],
    revision: &str,
) -> Result<Vec<Subject>, PortError> {
    let manifests: Vec<_> = touched
        .iter()
        .filter(|file| source::is_manifest(&file.path) && source::taker(snapshot, repository, &file.path).is_some())
        .collect();
    let read = |path: String, revision: String| async move {
        let file = forge.file(repository, &path, &revision).await?;
        Ok::<_, PortError>(file.map(|file| objects(&file.content)).unwrap_or_default())
    };
    let both = manifests.iter().map(|file| {
        let before = if file.before.is_empty() { file.path.clone() } else { file.before.clone() };
        async {
            let before = if file.added { Vec::new() } else { read(before, pull.before.clone()).await? };
            let after = if file.deleted { Vec::new() } else { read(file.path.clone(), revision.into()).await? };
            Ok::<_, PortError>((before, after))
        }
    });
    let mut found = Vec::new();
    for (file, both) in manifests.iter().zip(join_all(both).await) {
        let (before, after) = both?;
        found.extend(differing(snapshot, (repository, &file.path), before, after));
    }
    found.truncate(MOST);
    Ok(found)
}

/// All objects of a file, those in lists too.
fn objects(content: &str) -> Vec<Value> {
    let documents = edit::values(content).unwrap_or_default().into_iter();
    let objects = documents.flat_map(|document| match text(&document, "/kind").ends_with("List") {
        true => list(&document, "/items").to_vec(),
        false => vec![document],
    });
    objects.filter(|object| !text(object, "/kind").is_empty()).collect()
}

fn differing(snapshot: &Snapshot, file: (&str, &str), before: Vec<Value>, after: Vec<Value>) -> Vec<Subject> {
    let namespace = source::taker(snapshot, file.0, file.1).map(|taker| taker.namespace).unwrap_or_default();
    let at = |object: &Value| {
        let mut at = Ref::of(object);
        if project::is_wide(snapshot, &at) {
            at.namespace.clear();
        } else if at.namespace.is_empty() {
            at.namespace.clone_from(&namespace);
        }
        at
    };
    let subject = |at, before, wanted| Subject { at, file: (file.0.into(), file.1.into()), before, wanted };
    let gone: Vec<_> = before.iter().filter(|was| !after.iter().any(|is| at(is) == at(was))).collect();
    let gone: Vec<_> = gone.into_iter().map(|was| subject(at(was), Some(was.clone()), None)).collect();
    let there = after.into_iter().filter_map(|is| {
        let was = before.iter().find(|was| at(was) == at(&is)).cloned();
        (was.as_ref() != Some(&is)).then(|| subject(at(&is), was, Some(is)))
    });
    there.collect::<Vec<_>>().into_iter().chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::changes::source::tests::argo_cd;

    #[test]
    fn of_a_file_only_what_differs_is_followed() {
        let before = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: same}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: other}\ndata: {a: '1'}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: gone}\n";
        let after = "kind: List\nitems:\n- {kind: ConfigMap, apiVersion: v1, metadata: {name: same}}\n- {kind: ConfigMap, apiVersion: v1, metadata: {name: other}, data: {a: '2'}}\n- {kind: Composition, apiVersion: apiextensions.crossplane.io/v1, metadata: {name: wide}}\n";
        let snapshot = Snapshot::of("lab", argo_cd());
        let found = differing(&snapshot, ("backstack/platform", "a.yaml"), objects(before), objects(after));
        let told: Vec<_> =
            found.iter().map(|one| (one.at.to_string(), one.before.is_some(), one.wanted.is_some())).collect();
        let wanted = [
            ("ConfigMap crossplane-system/other", true, true),
            ("Composition wide", false, true),
            ("ConfigMap crossplane-system/gone", true, false),
        ];
        assert_eq!(told, wanted.map(|(name, before, after)| (name.to_string(), before, after)));
    }
}
