//! What a change would write into Git: pure, so that it can be shown before anything is written.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::fingerprint;
use crate::live::apis;
use crate::live::diff;
use crate::live::object::text;
use crate::live::schema::{self, Misfit};
use crate::live::snapshot::{CompositeKind, Snapshot};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    pub fn verb(self) -> &'static str {
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
    pub action: Action,
    /// Kind of the API, as `App`.
    pub kind: String,
    pub namespace: String,
    pub name: String,
    /// For creating: the whole specification. For changing: the fields that change, `null` removes one.
    pub spec: Value,
}

/// What would be written.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Written {
    /// Path in the repository.
    pub path: String,
    /// The file as it would be; nothing for a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Lines that change.
    pub diff: String,
    /// The resource as it would be.
    #[serde(skip)]
    pub object: Option<Value>,
    pub misfits: Vec<Misfit>,
}

/// Why a wish cannot be planned at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    #[error("the platform has no API of kind `{0}`")]
    UnknownKind(String),
    #[error("`{0}` exists in Git already")]
    Exists(String),
    #[error("Git has no `{0}`")]
    NotThere(String),
    #[error("`{path}` in Git cannot be read: {problem}")]
    Unreadable { path: String, problem: String },
    #[error("that changes nothing: `{0}` is so already")]
    Nothing(String),
    #[error("kind `{0}` is cluster-wide: leave `namespace` out")]
    ClusterWide(String),
    #[error("kind `{0}` needs a `namespace`")]
    NoNamespace(String),
    #[error("`{0}` is not a name: lower-case letters, digits and dashes, at most 63, starting with a letter")]
    BadName(String),
}

/// Folder of what belongs to no namespace.
const CLUSTER_FOLDER: &str = "cluster";

/// Where the manifest of a resource is kept: `<namespace>/<kind>/<name>.yaml`.
pub fn path_of(namespace: &str, kind: &str, name: &str) -> String {
    format!("{}/{}/{name}.yaml", folder_of(namespace), kind.to_lowercase())
}

/// The first part of that path.
pub fn folder_of(namespace: &str) -> &str {
    if namespace.is_empty() { CLUSTER_FOLDER } else { namespace }
}

/// Plans what would be written, from what Git has at that path now.
///
/// # Errors
/// [`Impossible`].
pub fn plan(snapshot: &Snapshot, wish: &Wish, now: Option<&str>) -> Result<Written, Impossible> {
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
    let path = path_of(&wish.namespace, kind.kind, &wish.name);
    let object = match (wish.action, now) {
        (Action::Create, Some(_)) => return Err(Impossible::Exists(path)),
        (Action::Update | Action::Delete, None) => return Err(Impossible::NotThere(path)),
        (Action::Create, None) => Some(fresh(&kind, wish)),
        (Action::Update, Some(now)) => Some(changed(now, &path, &wish.spec)?),
        (Action::Delete, Some(_)) => None,
    };
    let content = object.as_ref().map(to_yaml);
    let diff = diff::lines(now.unwrap_or_default(), content.as_deref().unwrap_or_default());
    if diff.is_empty() || is_same(object.as_ref(), now) {
        return Err(Impossible::Nothing(path));
    }
    let misfits = object.as_ref().map(|object| schema::check(&kind, object)).unwrap_or_default();
    Ok(Written { path, content, diff, object, misfits })
}

fn is_same(object: Option<&Value>, now: Option<&str>) -> bool {
    match (object, now) {
        (Some(object), Some(now)) => serde_yaml::from_str::<Value>(now).is_ok_and(|now| now == *object),
        _ => false,
    }
}

fn fresh(kind: &CompositeKind<'_>, wish: &Wish) -> Value {
    let mut metadata = Map::from_iter([("name".to_string(), json!(wish.name))]);
    if kind.is_namespaced() {
        metadata.insert("namespace".into(), json!(wish.namespace));
    }
    json!({"apiVersion": apis::api_version(kind), "kind": kind.kind, "metadata": metadata, "spec": wish.spec})
}

fn changed(now: &str, path: &str, patch: &Value) -> Result<Value, Impossible> {
    let unreadable = |problem: String| Impossible::Unreadable { path: path.into(), problem };
    let mut object: Value = serde_yaml::from_str(now).map_err(|error| unreadable(error.to_string()))?;
    if text(&object, "/kind").is_empty() {
        return Err(unreadable("it is not one manifest".into()));
    }
    json_patch::merge(&mut object["spec"], patch);
    Ok(object)
}

/// YAML in the order that people expect.
pub fn to_yaml(object: &Value) -> String {
    let mut ordered = serde_yaml::Mapping::new();
    let fields = object.as_object().into_iter().flatten();
    let first = ["apiVersion", "kind", "metadata", "spec"];
    let known = first.iter().filter_map(|key| Some((key.to_string(), object.get(*key)?)));
    let rest = fields.filter(|(key, _)| !first.contains(&key.as_str())).map(|(key, value)| (key.clone(), value));
    for (key, value) in known.chain(rest) {
        if let Ok(value) = serde_yaml::to_value(value) {
            ordered.insert(key.into(), value);
        }
    }
    serde_yaml::to_string(&ordered).unwrap_or_default()
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
        wish.spec,
        now.unwrap_or_default()
    );
    format!("{:016x}", fingerprint::of([text.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::apis::tests::definition;

    fn wish(action: Action, spec: Value) -> Wish {
        Wish { action, kind: "App".into(), namespace: "demo".into(), name: "shop".into(), spec }
    }

    fn planned(action: Action, spec: Value, now: Option<&str>) -> Result<Written, Impossible> {
        plan(&Snapshot::of("lab", [definition()]), &wish(action, spec), now)
    }

    const NOW: &str = "apiVersion: p.dev/v1alpha1\nkind: App\nmetadata:\n  name: shop\n  namespace: demo\nspec:\n  image: a:1\n  replicas: 2\n";

    #[test]
    fn creating_writes_a_manifest_at_the_place_by_its_name() {
        let written = planned(Action::Create, json!({"image": "a:1", "replicas": 2}), None).expect("a plan");
        assert_eq!((written.path.as_str(), written.content.as_deref()), ("demo/app/shop.yaml", Some(NOW)));
        assert!(written.misfits.is_empty());
        assert_eq!(planned(Action::Create, json!({}), Some(NOW)), Err(Impossible::Exists("demo/app/shop.yaml".into())));
    }

    #[test]
    fn changing_merges_and_says_what_does_not_fit() {
        let written = planned(Action::Update, json!({"image": "a:2", "replicas": null, "siez": "small"}), Some(NOW))
            .expect("a plan");
        assert!(
            written.diff.contains("- ")
                && written.diff.contains("+   image: a:2")
                && !written.content.expect("a file").contains("replicas")
        );
        assert_eq!(written.misfits[0].path, "spec.siez");
        assert_eq!(
            planned(Action::Update, json!({"image": "a:1"}), Some(NOW)),
            Err(Impossible::Nothing("demo/app/shop.yaml".into()))
        );
    }

    #[test]
    fn deleting_removes_all_lines_and_names_cannot_leave_the_folder() {
        let written = planned(Action::Delete, Value::Null, Some(NOW)).expect("a plan");
        assert!(written.content.is_none() && written.diff.lines().all(|line| line.starts_with('-')));
        let mut evil = wish(Action::Create, json!({}));
        evil.name = "../../platform/x".into();
        assert!(matches!(plan(&Snapshot::of("lab", [definition()]), &evil, None), Err(Impossible::BadName(_))));
    }

    #[test]
    fn what_belongs_to_no_namespace_has_a_folder_of_its_own() {
        let mut wide = definition();
        wide["spec"]["scope"] = "Cluster".into();
        let mut wish = wish(Action::Create, json!({"image": "a:1"}));
        let plan = |definition: Value, wish: &Wish| plan(&Snapshot::of("lab", [definition]), wish, None);
        assert_eq!(plan(wide.clone(), &wish), Err(Impossible::ClusterWide("App".into())));
        wish.namespace.clear();
        let written = plan(wide, &wish).expect("a plan");
        assert_eq!(written.path, "cluster/app/shop.yaml");
        assert!(!written.content.expect("a file").contains("namespace"));
        assert_eq!(plan(definition(), &wish), Err(Impossible::NoNamespace("App".into())));
    }

    #[test]
    fn equal_wishes_have_equal_keys() {
        let one = wish(Action::Create, json!({"image": "a"}));
        assert_eq!(key_of(&one, None), key_of(&one.clone(), None));
        assert_ne!(key_of(&one, None), key_of(&wish(Action::Create, json!({"image": "b"})), None));
        assert_eq!(branch("a/../b c", &one), "assistant/create-app-shop-abc");
    }
}
