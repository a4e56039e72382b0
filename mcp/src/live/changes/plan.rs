//! What a change would write into Git: pure, so that it can be shown before anything is written.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields;
use super::forge::{BRANCH, OWNER, RESOURCES};
use super::origin::Place;
use super::source;
use super::yaml::write::Style;
use super::yaml::{edit, write};
use crate::fingerprint;
use crate::live::apis;
use crate::live::diff;
use crate::live::object::{Ref, text};
use crate::live::schema::{self, Misfit};
use crate::live::snapshot::{CompositeKind, Snapshot};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum Action {
    // A thing that Git does not have yet.
    Create,
    // A thing that Git has already.
    Update,
    // A thing that goes, from Git and then from the cluster.
    Delete,
}

impl Action {
    /// The word that begins the title of its pull request, and the name of its branch in lower case.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Change",
            Self::Delete => "Delete",
        }
    }
}

/// A wish, as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Whether it is made, changed or taken away.
    pub action: Action,
    /// Kind of the thing, as `App`.
    pub kind: String,
    /// Empty for what is cluster-wide.
    pub namespace: String,
    /// `metadata.name` of the thing.
    pub name: String,
    /// What it becomes.
    pub change: Change,
}

/// What becomes of the thing. Nothing of it matters for a deletion.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// For creating: the whole specification. For changing: the fields that change, `null` removes one.
    Spec(Value),
    /// Single fields of the whole object, by their paths; `null` removes one.
    Fields(Map<String, Value>),
    /// The whole manifest, as text.
    Manifest(String),
}

/// What would be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// As `backstack/demo-cluster`.
    pub repository: String,
    /// Branch that the change goes to.
    pub base: String,
    /// Path in the repository.
    pub path: String,
    /// The file as it would be; nothing if it goes.
    pub content: Option<String>,
    /// Names the content that is replaced.
    pub sha: Option<String>,
    /// Lines that change.
    pub diff: String,
    /// The objects as they would be; none for a deletion.
    pub objects: Vec<Value>,
    /// The object as it is in Git now.
    pub before: Option<Value>,
    /// Fields that do not fit the platform's own APIs; empty also for kinds that only the cluster can judge.
    pub misfits: Vec<Misfit>,
    /// The file could not be changed in place: its comments go.
    pub rewritten: bool,
}

/// Why a wish cannot be planned at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// It is to be ordered, and is none of the platform's own APIs: the kind.
    #[error("the platform has no API of kind `{0}`")]
    UnknownKind(String),
    /// It is to be created, and is there: path of its file.
    #[error("`{0}` exists in Git already")]
    Exists(String),
    /// It is to be changed or deleted, and is not there: path of its file, or the thing itself.
    #[error("Git has no `{0}`")]
    NotThere(String),
    /// What stands in the file is not understood well enough to change it.
    #[error("`{path}` in Git cannot be changed: {problem}")]
    Unreadable {
        /// Path of the file in its repository.
        path: String,
        /// What is wrong with it, in words.
        problem: String,
    },
    /// The change would leave the file as it is: its path.
    #[error("nothing would change: `{0}` is so already")]
    Nothing(String),
    /// The wish has a namespace, and the kind has none: the kind.
    #[error("kind `{0}` is cluster-wide: leave `namespace` out")]
    ClusterWide(String),
    /// The wish has no namespace, and the kind needs one: the kind.
    #[error("kind `{0}` needs a `namespace`")]
    NoNamespace(String),
    /// This name or namespace is no DNS label, and would become a part of a path.
    #[error("`{0}` is not a name: lower-case letters, digits and dashes, at most 63, starting with a letter")]
    BadName(String),
    /// A field has no such place, or makes the thing another one: why, in words.
    #[error("a field cannot be changed so: {0}")]
    BadField(String),
    /// The manifest is not YAML, is empty, or lacks what every object has: why, in words.
    #[error("`manifest` cannot be used: {0}")]
    BadManifest(String),
    /// A new file is to have this path, which is none for a manifest.
    #[error("`{0}` is not a path for a manifest: letters, digits, `.`, `_`, `-` and folders, ending in .yaml")]
    BadPath(String),
    /// It is, or becomes, a Secret.
    #[error("Secrets are not proposed: their values would stand in Git, and pass through an assistant")]
    Secret,
}

/// Folder of what belongs to no namespace.
const CLUSTER_FOLDER: &str = "cluster";

/// Where the manifest of an order is kept: `<namespace>/<kind>/<name>.yaml`.
pub fn path_of(namespace: &str, kind: &str, name: &str) -> String {
    format!("{}/{}/{name}.yaml", folder_of(namespace), kind.to_lowercase())
}

/// The first part of that path.
pub fn folder_of(namespace: &str) -> &str {
    if namespace.is_empty() { CLUSTER_FOLDER } else { namespace }
}

/// The repository of what people order.
pub fn orders() -> String {
    format!("{OWNER}/{RESOURCES}")
}

/// Checks an order and gives the path of its file.
///
/// # Errors
/// [`Impossible`].
pub fn order_path(snapshot: &Snapshot, wish: &Wish) -> Result<String, Impossible> {
    let kind = apis::find(snapshot, &wish.kind).ok_or_else(|| Impossible::UnknownKind(wish.kind.clone()))?;
    match (kind.is_namespaced(), wish.namespace.is_empty()) {
        (false, false) => return Err(Impossible::ClusterWide(wish.kind.clone())),
        (true, true) => return Err(Impossible::NoNamespace(wish.kind.clone())),
        _ => {}
    }
    for part in [wish.name.as_str(), folder_of(&wish.namespace)] {
        // They become a path in the repository: nothing else may get into it.
        if !schema::is_dns_label(part) {
            return Err(Impossible::BadName(part.into()));
        }
    }
    Ok(path_of(&wish.namespace, kind.kind, &wish.name))
}

/// Plans a new order from its specification.
///
/// # Errors
/// [`Impossible`].
pub fn order(snapshot: &Snapshot, wish: &Wish, spec: &Value) -> Result<Written, Impossible> {
    let path = order_path(snapshot, wish)?;
    let kind = apis::find(snapshot, &wish.kind).ok_or_else(|| Impossible::UnknownKind(wish.kind.clone()))?;
    let mut metadata = Map::from_iter([("name".to_string(), json!(wish.name))]);
    if kind.is_namespaced() {
        metadata.insert("namespace".into(), json!(wish.namespace));
    }
    let object = json!({"apiVersion": apis::api_version(&kind), "kind": kind.kind, "metadata": metadata, "spec": spec});
    let content = to_yaml(&object);
    Ok(new_file(snapshot, &orders(), &path, content, vec![object]))
}

/// Plans a new file of manifests, as they were given.
///
/// # Errors
/// [`Impossible`].
pub fn file(snapshot: &Snapshot, repository: &str, path: &str, manifest: &str) -> Result<Written, Impossible> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    let parts_are_good = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if !path.chars().all(good) || !parts_are_good || !source::is_manifest(path) {
        return Err(Impossible::BadPath(path.into()));
    }
    let objects = manifests(manifest)?;
    let content = if manifest.ends_with('\n') { manifest.into() } else { format!("{manifest}\n") };
    Ok(new_file(snapshot, repository, path, content, objects))
}

fn new_file(snapshot: &Snapshot, repository: &str, path: &str, content: String, objects: Vec<Value>) -> Written {
    Written {
        repository: repository.into(),
        base: BRANCH.into(),
        path: path.into(),
        diff: diff::lines("", &content),
        content: Some(content),
        sha: None,
        misfits: misfits(snapshot, &objects),
        objects,
        before: None,
        rewritten: false,
    }
}

/// The objects of a manifest that was given.
///
/// # Errors
/// [`Impossible::BadManifest`], [`Impossible::Secret`].
pub fn manifests(manifest: &str) -> Result<Vec<Value>, Impossible> {
    let mut objects = edit::values(manifest).map_err(Impossible::BadManifest)?;
    objects.retain(|object| !object.is_null());
    if objects.is_empty() {
        return Err(Impossible::BadManifest("it is empty".into()));
    }
    for object in &objects {
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            if text(object, field).is_empty() {
                let field = field.trim_start_matches('/').replace('/', ".");
                return Err(Impossible::BadManifest(format!("it has no `{field}`")));
            }
        }
        no_secret(object)?;
    }
    Ok(objects)
}

fn no_secret(object: &Value) -> Result<(), Impossible> {
    let at = Ref::of(object);
    if at.group.is_empty() && at.kind == "Secret" { Err(Impossible::Secret) } else { Ok(()) }
}

/// Plans a change or a deletion of what a file holds.
///
/// # Errors
/// [`Impossible`].
pub fn in_file(snapshot: &Snapshot, wish: &Wish, place: &Place) -> Result<Written, Impossible> {
    let unreadable = |problem: String| Impossible::Unreadable { path: place.path.clone(), problem };
    let now = &place.file.content;
    let before = place.object().ok_or_else(|| unreadable("it is not one manifest".into()))?;
    if text(&before, "/kind").is_empty() {
        return Err(unreadable("it is not one manifest".into()));
    }
    no_secret(&before)?;
    let (content, object, rewritten) = match wish.action {
        Action::Delete => (taken_out(place).map_err(unreadable)?, None, false),
        Action::Create | Action::Update => {
            let object = changed(&before, &wish.change)?;
            if object == before && !matches!(wish.change, Change::Manifest(_)) {
                return Err(Impossible::Nothing(place.path.clone()));
            }
            let (content, rewritten) = put_in(place, &object, &wish.change).map_err(unreadable)?;
            (Some(content), Some(object), rewritten)
        }
    };
    let diff = diff::lines(now, content.as_deref().unwrap_or_default());
    if diff.is_empty() {
        return Err(Impossible::Nothing(place.path.clone()));
    }
    let objects: Vec<_> = object.into_iter().collect();
    Ok(Written {
        repository: place.repository.clone(),
        base: place.branch.clone(),
        path: place.path.clone(),
        content,
        sha: Some(place.file.sha.clone()),
        diff,
        misfits: misfits(snapshot, &objects),
        objects,
        before: Some(before),
        rewritten,
    })
}

fn changed(before: &Value, change: &Change) -> Result<Value, Impossible> {
    let mut object = before.clone();
    match change {
        Change::Spec(patch) => json_patch::merge(&mut object["spec"], patch),
        Change::Fields(wanted) => {
            for (path, value) in wanted {
                fields::set(&mut object, path, value).map_err(Impossible::BadField)?;
            }
        }
        Change::Manifest(manifest) => {
            let [given] = <[Value; 1]>::try_from(manifests(manifest)?).map_err(|given| {
                Impossible::BadManifest(format!("it has {} documents, and one is replaced", given.len()))
            })?;
            object = given;
        }
    }
    let (was, is) = (Ref::of(before), Ref::of(&object));
    if (was.kind.as_str(), was.name.as_str()) != (is.kind.as_str(), is.name.as_str()) {
        return Err(Impossible::BadField(format!(
            "kind and name make a thing what it is: `{was}` cannot become `{is}`; delete one and create the other"
        )));
    }
    Ok(object)
}

/// The file with the object in its place.
fn put_in(place: &Place, object: &Value, change: &Change) -> Result<(String, bool), String> {
    let text = &place.file.content;
    match (place.item, change) {
        // Comments that were given with it are meant to stand there.
        (None, Change::Manifest(manifest)) if manifest.lines().any(|line| line.trim_start().starts_with('#')) => {
            Ok((edit::replace(text, place.document, manifest)?, false))
        }
        (item, _) => {
            let mut document = edit::values(text)?.into_iter().nth(place.document).unwrap_or_default();
            match item {
                Some(item) => document["items"][item] = object.clone(),
                None => document = object.clone(),
            }
            let done = edit::set(text, place.document, &document)?;
            Ok((done.text, done.rewritten))
        }
    }
}

/// The file without the object; nothing if nothing else is in it.
fn taken_out(place: &Place) -> Result<Option<String>, String> {
    let text = &place.file.content;
    let Some(item) = place.item else { return edit::remove(text, place.document) };
    let mut document = edit::values(text)?.into_iter().nth(place.document).unwrap_or_default();
    match document.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) if items.len() > 1 => drop(items.remove(item)),
        _ => return edit::remove(text, place.document),
    }
    edit::set(text, place.document, &document).map(|done| Some(done.text))
}

/// What does not fit the platform's own APIs; other kinds are judged by the cluster alone.
fn misfits(snapshot: &Snapshot, objects: &[Value]) -> Vec<Misfit> {
    let misfits = objects.iter().filter_map(|object| {
        let at = Ref::of(object);
        let kind = composite(snapshot, &at)?;
        Some(schema::check(&kind, object))
    });
    misfits.flatten().collect()
}

/// The definition of an object's kind, if the platform defines it.
pub fn composite<'a>(snapshot: &'a Snapshot, at: &Ref) -> Option<CompositeKind<'a>> {
    snapshot.composite_kinds().into_iter().find(|kind| kind.group == at.group && kind.kind == at.kind)
}

/// An object as a manifest, in the order that people expect.
pub fn to_yaml(object: &Value) -> String {
    write::manifest(object, Style::FRESH)
}

/// The branch of a change: the same idempotency key always gives the same branch, so asking twice proposes once.
pub fn branch(key: &str, wish: &Wish) -> String {
    let key: String = key.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    format!("assistant/{}-{}-{}-{}", wish.action.verb().to_lowercase(), wish.kind.to_lowercase(), wish.name, key)
}

/// A key for a wish that came without one: equal wishes have equal keys.
pub fn key_of(wish: &Wish, now: Option<&str>) -> String {
    let text = format!(
        "{:?}|{}|{}|{}|{}|{}",
        wish.action,
        wish.kind,
        wish.namespace,
        wish.name,
        change_told(&wish.change),
        now.unwrap_or_default()
    );
    format!("{:016x}", fingerprint::of([text.as_bytes()]))
}

fn change_told(change: &Change) -> String {
    match change {
        Change::Spec(spec) => spec.to_string(),
        Change::Fields(fields) => json!({ "set": fields }).to_string(),
        Change::Manifest(manifest) => json!({ "manifest": manifest }).to_string(),
    }
}

#[cfg(test)]
mod tests;
