//! Where a thing comes from: the file in the platform's repositories that holds it, or what makes it if none does.

use futures::future::join_all;
use serde_json::Value;

use super::forge::{File, Forge};
use super::source::{self, Folder};
use super::yaml::edit;
use crate::error::PortError;
use crate::live::gitops;
use crate::live::object::{Ref, annotation, label, list, name, namespace, text, uid};
use crate::live::snapshot::Snapshot;
use crate::live::target::typed_form;

/// Files that are read to find one thing, the likeliest first.
const MOST_FILES: usize = 400;
/// Files that are read side by side.
const AT_ONCE: usize = 8;

/// A manifest in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// As `backstack/platform`.
    pub repository: String,
    pub branch: String,
    pub path: String,
    /// Which of the file's documents, from 0.
    pub document: usize,
    /// Which item of it, if it is a list of manifests.
    pub item: Option<usize>,
    pub file: File,
}

impl Place {
    /// The manifest.
    pub fn object(&self) -> Option<Value> {
        let document = edit::values(&self.file.content).ok()?.into_iter().nth(self.document)?;
        match self.item {
            Some(item) => document.pointer(&format!("/items/{item}")).cloned(),
            None => Some(document),
        }
    }
}

/// Why no file holds a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// What makes it, in words.
    pub told: String,
    /// What to change in its place, as tools are asked about it.
    pub change: Option<String>,
}

/// What makes an object that no file holds; nothing if a file may.
pub fn maker(snapshot: &Snapshot, object: &Value) -> Option<Maker> {
    let at = Ref::of(object);
    if let Some(owner) = owner(object) {
        let top = top(snapshot, object);
        let change = (uid(top) != uid(object)).then(|| typed_form(top));
        let by = format!("{} {}", text(owner, "/kind"), text(owner, "/name"));
        let is_owner = text(top, "/kind") == text(owner, "/kind") && name(top) == text(owner, "/name");
        let told = match &change {
            Some(change) if !is_owner => format!("{at} is made by {by}, and that in the end by `{change}`"),
            _ => format!("{at} is made by {by}"),
        };
        return Some(Maker { told, change });
    }
    if let Some(application) = source::application_of(snapshot, &at) {
        let source = gitops::sources(application).into_iter().find(|source| source.kind != "directory")?;
        let values = match source.kind {
            "helm" => "its values stand in the Application",
            _ => "its settings stand in the Application, or in the folder that it names",
        };
        let told = format!("{at} is rendered by {} for Application {}: {values}", source.kind, name(application));
        return Some(Maker { told, change: Some(typed_form(application)) });
    }
    if let Some(release) = annotation(object, "meta.helm.sh/release-name") {
        return Some(Maker {
            told: format!("{at} is made by Helm release {release}, which no repository holds"),
            change: None,
        });
    }
    let component = label(object, "backstack.dev/component")?;
    let told = format!(
        "{at} belongs to component `{component}`, which `backstack up` installs: its manifests stand in the stack, not in a repository of the platform"
    );
    Some(Maker { told, change: None })
}

/// The owner that an object's controller is.
fn owner(object: &Value) -> Option<&Value> {
    let owners = list(object, "/metadata/ownerReferences");
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    owners.iter().find(controls).or(owners.first())
}

/// The topmost owner that is kept.
fn top<'a>(snapshot: &'a Snapshot, object: &'a Value) -> &'a Value {
    let mut at = object;
    // Owners that own each other would never end.
    for _ in 0..16 {
        let Some(owner) = owner(at) else { return at };
        let wanted = text(owner, "/uid");
        let Some(found) = snapshot.everything().find(|object| !wanted.is_empty() && uid(object) == wanted) else {
            return at;
        };
        at = found;
    }
    at
}

/// Finds the file that holds a thing. An empty group fits any.
///
/// # Errors
/// The Git server does not answer.
pub async fn find(forge: &Forge, snapshot: &Snapshot, at: &Ref) -> Result<Option<Place>, PortError> {
    let own = source::application_of(snapshot, at).map(source::folders).unwrap_or_default();
    let all = snapshot.all("argoproj.io", "Application").flat_map(source::folders);
    let mut folders: Vec<Folder> = own;
    for folder in all {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let mut trees: Vec<((String, String), Vec<String>)> = Vec::new();
    let mut left = MOST_FILES;
    let mut read = std::collections::BTreeSet::new();
    for folder in folders {
        let key = (folder.repository.clone(), folder.branch.clone());
        if !trees.iter().any(|(known, _)| *known == key) {
            trees.push((key.clone(), forge.tree(&key.0, &key.1).await?));
        }
        let files =
            trees.iter().find(|(known, _)| *known == key).map(|(_, files)| files.as_slice()).unwrap_or_default();
        let mut files: Vec<_> = files.iter().filter(|file| folder.has(file)).collect();
        files.retain(|file| read.insert((key.clone(), (*file).clone())));
        files.sort_by_key(|file| (unlikely(file, at), (*file).clone()));
        files.truncate(left);
        left -= files.len();
        for some in files.chunks(AT_ONCE) {
            let contents = join_all(some.iter().map(|file| forge.file(&key.0, file, &key.1))).await;
            for (path, file) in some.iter().zip(contents) {
                let Some(file) = file? else { continue };
                let inherited = source::taker(snapshot, &key.0, path).map(|taker| taker.namespace).unwrap_or_default();
                if let Some((document, item)) = position(&file.content, at, &inherited) {
                    let (repository, branch) = key;
                    return Ok(Some(Place { repository, branch, path: (*path).clone(), document, item, file }));
                }
            }
        }
    }
    Ok(None)
}

/// The repository and folder where a new thing of its kind goes: beside the others, as `policies/`.
///
/// # Errors
/// The Git server does not answer.
pub async fn beside(forge: &Forge, snapshot: &Snapshot, at: &Ref) -> Result<Option<(String, String)>, PortError> {
    let others = snapshot.all(&at.group, &at.kind).map(Ref::of).filter(|other| other.name != at.name);
    for other in others.take(3) {
        if let Some(place) = find(forge, snapshot, &other).await? {
            let folder = place.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            return Ok(Some((place.repository, folder)));
        }
    }
    Ok(None)
}

/// How unlikely a file's name is for a thing.
fn unlikely(file: &str, at: &Ref) -> u8 {
    let (file, kind, name) = (file.to_lowercase(), at.kind.to_lowercase(), at.name.to_lowercase());
    match (file.contains(&name), file.contains(&kind)) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        // `app-standard` may stand in `apis/app/composition-standard.yaml`.
        (false, false) if name.split(['-', '.']).any(|part| part.len() > 2 && file.contains(part)) => 3,
        (false, false) => 4,
    }
}

/// The document, and the item within it, that is this thing. `inherited` is the namespace of what names none.
pub fn position(content: &str, at: &Ref, inherited: &str) -> Option<(usize, Option<usize>)> {
    let documents = edit::values(content).ok()?;
    documents.iter().enumerate().find_map(|(index, document)| {
        if is_it(document, at, inherited) {
            return Some((index, None));
        }
        let items = list(document, "/items").iter().enumerate();
        let is_list = text(document, "/kind").ends_with("List");
        let found = items.into_iter().find(|(_, item)| is_list && is_it(item, at, inherited));
        found.map(|(item, _)| (index, Some(item)))
    })
}

fn is_it(object: &Value, at: &Ref, inherited: &str) -> bool {
    let own = Ref::of(object);
    let place = if namespace(object).is_empty() { inherited } else { namespace(object) };
    own.kind.eq_ignore_ascii_case(&at.kind)
        && own.name == at.name
        && (at.group.is_empty() || at.group == own.group)
        && (at.namespace.is_empty() || at.namespace == place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::changes::forge::tests::Scripted;
    use crate::live::changes::source::tests::argo_cd;
    use base64::Engine as _;
    use serde_json::json;

    fn file(content: &str) -> Value {
        json!({"content": base64::prelude::BASE64_STANDARD.encode(content), "sha": "1"})
    }

    #[tokio::test]
    async fn a_thing_leads_to_its_file_document_and_item() {
        let files = ["README.md", "examples/c.yaml", "policies/all.yaml", "other/b.yaml"];
        let files = files.map(|path| json!({"path": path, "type": "blob"}));
        let tree = json!({"tree": files});
        let server = Scripted::with(vec![
            ("GET /repos/backstack/platform/git/trees/main", 200, tree),
            (
                "GET /repos/backstack/platform/contents/policies/all.yaml",
                200,
                file(
                    "kind: A\nmetadata: {name: x}\n---\nkind: List\nitems:\n- {kind: ConfigMap, apiVersion: v1, metadata: {name: c}}\n",
                ),
            ),
            ("GET /repos/backstack/platform/contents/other/b.yaml", 200, file("a: [")),
        ]);
        let forge = Forge::new(server.clone());
        let snapshot = Snapshot::of("lab", argo_cd());
        let found =
            find(&forge, &snapshot, &Ref::new("", "configmap", "crossplane-system", "c")).await.expect("an answer");
        let found = found.expect("a file");
        assert_eq!((found.path.as_str(), found.document, found.item), ("policies/all.yaml", 1, Some(0)));
        assert_eq!(found.object().expect("the item")["kind"], "ConfigMap");
        let none = find(&forge, &snapshot, &Ref::new("", "ConfigMap", "demo", "c")).await.expect("an answer");
        assert_eq!(none, None, "of another namespace");
        let asked = server.asked.lock().expect("lock");
        assert!(!asked.iter().any(|call| call.contains("examples") || call.contains("README")), "{asked:?}");
    }

    #[test]
    fn what_is_made_leads_to_its_maker() {
        let owned = |kind: &str, name: &str, uid: &str, owner: &str, by: &str| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": "demo", "name": name, "uid": uid, "ownerReferences": [{"kind": by, "name": "shop", "uid": owner, "controller": true}]}});
        let app = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "1"}});
        let helm = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "chart"},
            "spec": {"source": {"chart": "redis", "repoURL": "https://charts"}}, "status": {"resources": [{"kind": "Service", "namespace": "demo", "name": "redis"}]}});
        let pod = owned("Pod", "shop-1", "3", "2", "Deployment");
        let snapshot =
            Snapshot::of("lab", [app.clone(), owned("Deployment", "shop", "2", "1", "App"), pod.clone(), helm]);
        let made = |object: &Value| maker(&snapshot, object);
        let pod = made(&pod).expect("a maker");
        assert_eq!(pod.change.as_deref(), Some("App:demo/shop"));
        assert_eq!(pod.told, "Pod demo/shop-1 is made by Deployment shop, and that in the end by `App:demo/shop`");
        assert_eq!(made(&app), None);
        let redis = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "demo", "name": "redis"}});
        let redis = made(&redis).expect("a maker");
        assert!(redis.told.contains("rendered by helm") && redis.change.as_deref() == Some("Application:argocd/chart"));
        let orphan = made(&owned("Pod", "x", "9", "8", "Cluster")).expect("a maker");
        assert_eq!((orphan.told.as_str(), orphan.change), ("Pod demo/x is made by Cluster shop", None));
        let part = json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "g", "labels": {"backstack.dev/component": "gitea"}}});
        assert!(made(&part).expect("a maker").told.contains("component `gitea`"));
    }
}
