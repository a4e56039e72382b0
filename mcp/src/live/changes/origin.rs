//! Where a thing comes from: the file in the platform's repositories that holds it, or what makes it if none does.

use std::collections::{BTreeMap, BTreeSet};

use backstack_files::yaml::tree::{documents, line};
use futures::future::join_all;
use serde_json::Value;

use super::fields;
use super::forge::{File, Forge};
use super::source::{self, Folder};
use super::yaml::edit;
use crate::error::PortError;
use crate::live::gitops;
use crate::live::object::{Ref, annotation, label, list, name, namespace, text, uid};
use crate::live::owners;
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
    /// Branch that the file was read from.
    pub branch: String,
    /// Path in the repository.
    pub path: String,
    /// Which of the file's documents, from 0.
    pub document: usize,
    /// Which item of it, if it is a list of manifests.
    pub item: Option<usize>,
    /// The whole file, with the digest that names this content.
    pub file: File,
}

impl Place {
    /// The line, from 1, where a field is written: the field itself, or the last one on the way to it that is there.
    pub fn line(&self, field: &str) -> Option<usize> {
        let content = &self.file.content;
        let tree = documents(content).ok()?.into_iter().nth(self.document)?;
        let object = self.object()?;
        let mut node = &tree.root;
        let mut at = node.span.start;
        if let Some(item) = self.item {
            node = node.get("items")?.items().get(item)?;
            at = node.span.start;
        }
        for step in fields::steps(&object, field).ok()? {
            let next = match &step {
                fields::Step::Key(key) => node.entry(key).map(|entry| (entry.key.span.start, &entry.value)),
                fields::Step::Index(index) => node.items().get(*index).map(|item| (item.span.start, item)),
            };
            let Some((start, inner)) = next else { break };
            (at, node) = (start, inner);
        }
        Some(line(content, at))
    }

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
    if let Some(owner) = owners::reference(object) {
        let top = owners::top(snapshot, object);
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
    Search::new(forge, snapshot, at).within(folders).await
}

/// Finds the file that holds a thing, where the application that brings it takes it from. All is read at the commit that
/// the branch stands at, so that whoever keeps answers of a commit need not ask again.
///
/// # Errors
/// The Git server does not answer.
pub async fn find_at_head(forge: &Forge, snapshot: &Snapshot, at: &Ref) -> Result<Option<Place>, PortError> {
    let mut search = Search::new(forge, snapshot, at);
    let folders = source::application_of(snapshot, at).map(source::folders).unwrap_or_default();
    for folder in &folders {
        if let Some(commit) = forge.head(&folder.repository, &folder.branch).await? {
            search.heads.insert((folder.repository.clone(), folder.branch.clone()), commit);
        }
    }
    search.within(folders).await
}

/// Looks for one thing, file by file.
struct Search<'a> {
    forge: &'a Forge,
    snapshot: &'a Snapshot,
    at: &'a Ref,
    /// Commits to read in place of branches, by repository and branch.
    heads: BTreeMap<(String, String), String>,
    trees: BTreeMap<(String, String), Vec<String>>,
    read: BTreeSet<(String, String, String)>,
    left: usize,
}

impl<'a> Search<'a> {
    fn new(forge: &'a Forge, snapshot: &'a Snapshot, at: &'a Ref) -> Self {
        let (heads, trees, read) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { forge, snapshot, at, heads, trees, read, left: MOST_FILES }
    }

    async fn within(&mut self, folders: Vec<Folder>) -> Result<Option<Place>, PortError> {
        for folder in folders {
            let files = self.files(&folder).await?;
            for some in files.chunks(AT_ONCE) {
                if let Some(place) = self.among(&folder, some).await? {
                    return Ok(Some(place));
                }
            }
        }
        Ok(None)
    }

    fn revision<'b>(&'b self, folder: &'b Folder) -> &'b str {
        let key = (folder.repository.clone(), folder.branch.clone());
        self.heads.get(&key).map_or(folder.branch.as_str(), String::as_str)
    }

    /// The folder's files that were not read yet, the likeliest first.
    async fn files(&mut self, folder: &Folder) -> Result<Vec<String>, PortError> {
        let key = (folder.repository.clone(), folder.branch.clone());
        if !self.trees.contains_key(&key) {
            let tree = self.forge.tree(&folder.repository, self.revision(folder)).await?;
            self.trees.insert(key.clone(), tree);
        }
        let all = self.trees.get(&key).into_iter().flatten();
        let mut files: Vec<_> = all.filter(|file| folder.has(file)).cloned().collect();
        files.retain(|file| self.read.insert((key.0.clone(), key.1.clone(), file.clone())));
        files.sort_by_key(|file| (unlikely(file, self.at), file.clone()));
        files.truncate(self.left);
        self.left -= files.len();
        Ok(files)
    }

    async fn among(&self, folder: &Folder, files: &[String]) -> Result<Option<Place>, PortError> {
        let (repository, revision) = (&folder.repository, self.revision(folder));
        let contents = join_all(files.iter().map(|file| self.forge.file(repository, file, revision))).await;
        for (path, file) in files.iter().zip(contents) {
            let Some(file) = file? else { continue };
            let taker = source::taker(self.snapshot, repository, path);
            let inherited = taker.map(|taker| taker.namespace).unwrap_or_default();
            if let Some((document, item)) = position(&file.content, self.at, &inherited) {
                let (repository, branch) = (repository.clone(), folder.branch.clone());
                return Ok(Some(Place { repository, branch, path: path.clone(), document, item, file }));
            }
        }
        Ok(None)
    }
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
    fn a_field_leads_to_its_line() {
        let content = "# first\nkind: A\n---\nkind: List\nitems:\n- kind: B\n  spec:\n    # why\n    list:\n    - image: a\n      port: 1\n";
        let place = |document, item| Place {
            repository: "o/r".into(),
            branch: "main".into(),
            path: "a.yaml".into(),
            document,
            item,
            file: File { content: content.into(), sha: "1".into() },
        };
        for (field, wanted) in [
            ("spec.list[0].port", 11),
            ("spec.list[0].image", 10),
            ("spec.list[3].image", 9),
            ("metadata.labels", 6),
            ("", 6),
        ] {
            assert_eq!(place(1, Some(0)).line(field), Some(wanted), "{field}");
        }
        assert_eq!((place(0, None).line("kind"), place(2, None).line("kind")), (Some(2), None));
    }

    #[tokio::test]
    async fn what_is_read_for_a_diagnosis_is_read_at_the_commit() {
        let tree = json!({"tree": [{"path": "policies/c.yaml", "type": "blob"}]});
        let server = Scripted::with(vec![
            ("GET /repos/backstack/platform/branches/main", 200, json!({"commit": {"id": "c0ffee"}})),
            ("GET /repos/backstack/platform/git/trees/c0ffee", 200, tree),
            (
                "GET /repos/backstack/platform/contents/policies/c.yaml?ref=c0ffee",
                200,
                file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
            ),
        ]);
        let mark = "platform:/ConfigMap:crossplane-system/c";
        let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "crossplane-system", "name": "c", "annotations": {"argocd.argoproj.io/tracking-id": mark}}});
        let snapshot = Snapshot::of("lab", [argo_cd(), vec![live]].concat());
        let found =
            find_at_head(&Forge::new(server.clone()), &snapshot, &Ref::new("", "ConfigMap", "crossplane-system", "c"))
                .await;
        let place = found.expect("an answer").expect("a file");
        assert_eq!(
            (place.path.as_str(), place.branch.as_str(), place.line("metadata.name")),
            ("policies/c.yaml", "main", Some(3))
        );
    }

    #[test]
    fn what_is_made_leads_to_its_maker() {
        let owned = |kind: &str, name: &str, uid: &str, owner: &str, by: &str| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": "demo", "name": name, "uid": uid, "ownerReferences": [{"apiVersion": if by == "App" { "p.dev/v1" } else { "apps/v1" }, "kind": by, "name": "shop", "uid": owner, "controller": true}]}});
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
