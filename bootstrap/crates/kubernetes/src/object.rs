//! Objects as JSON: which one it is, the labels that say whose it is, and what is not ours to send.

use std::collections::BTreeMap;
use std::fmt;

use kube::core::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Label that says who installed an object; its value is [`super::MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Label with the platform's name.
pub const PLATFORM: &str = "backstack.dev/platform";
/// Label with the component's name.
pub const COMPONENT: &str = "backstack.dev/component";

/// Which object: what an inventory lists and a message names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version, as `apps/v1`; of the core group the version alone.
    pub api_version: String,
    /// Its kind in the singular, as `Deployment`.
    pub kind: String,
    /// Its namespace; `None` for cluster-wide objects, and where the manifest names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name, unique for its kind in its namespace.
    pub name: String,
}

impl ObjectRef {
    /// An object by its parts.
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        }
    }

    /// Reads the identity of a manifest.
    ///
    /// # Errors
    /// Says which of `apiVersion`, `kind` and `metadata.name` is missing.
    pub fn of(object: &Value) -> Result<Self, String> {
        let text = |pointer: &str, name: &str| match object.pointer(pointer).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_string()),
            _ => Err(format!("has no `{name}`")),
        };
        Ok(Self {
            api_version: text("/apiVersion", "apiVersion")?,
            kind: text("/kind", "kind")?,
            namespace: object.pointer("/metadata/namespace").and_then(Value::as_str).map(Into::into),
            name: text("/metadata/name", "metadata.name")?,
        })
    }

    /// API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The same object, in whatever version it is written.
    pub fn is_same(&self, other: &Self) -> bool {
        self.group() == other.group()
            && self.kind == other.kind
            && self.namespace == other.namespace
            && self.name == other.name
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// Whose an object is: the labels that every applied object gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Name of the platform.
    pub platform: String,
    /// Name of the component.
    pub component: String,
}

impl Owner {
    /// The three labels, value by key.
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (MANAGED_BY.into(), super::MANAGER.into()),
            (PLATFORM.into(), self.platform.clone()),
            (COMPONENT.into(), self.component.clone()),
        ])
    }

    /// Whether an object carries exactly these labels; only such objects are ever deleted.
    pub fn owns(&self, meta: &ObjectMeta) -> bool {
        let labels = meta.labels.as_ref();
        self.labels().iter().all(|(key, value)| labels.and_then(|all| all.get(key)) == Some(value))
    }
}

/// Makes a manifest ready to be sent: labelled, in its namespace, without what the server fills in.
///
/// `namespace` is the namespace of the object, or none where its kind is cluster-wide.
pub(crate) fn prepare(object: &Value, namespace: Option<&str>, owner: &Owner) -> Value {
    let mut object = object.clone();
    let Some(fields) = object.as_object_mut() else { return object };
    fields.remove("status");
    let meta = child(fields, "metadata");
    for server_side in ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"] {
        meta.remove(server_side);
    }
    match namespace {
        Some(namespace) => meta.insert("namespace".into(), namespace.into()),
        None => meta.remove("namespace"),
    };
    for map in ["labels", "annotations"] {
        if let Some(entries) = meta.get_mut(map).and_then(Value::as_object_mut) {
            entries.retain(|key, value| !is_template(key) && !value.as_str().is_some_and(is_template));
        }
    }
    let labels = child(meta, "labels");
    labels.extend(owner.labels().into_iter().map(|(key, value)| (key, value.into())));
    object
}

/// Left over from a chart: files of definitions are often cut out of charts with such labels in them.
fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// The map under a key, made if it is missing or something else.
fn child<'a>(parent: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let entry = parent.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    entry.as_object_mut().expect("made an object just above")
}

/// Name of the ConfigMap that has the inventory of a component.
pub fn inventory_name(component: &str) -> String {
    format!("inventory-{component}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn owner() -> Owner {
        Owner { platform: "lab".into(), component: "shop".into() }
    }

    #[test]
    fn what_the_server_fills_in_and_chart_leftovers_are_dropped() {
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {
                "name": "things.example.dev", "creationTimestamp": null, "namespace": "lost",
                "labels": {"app": "{{ .Release.Name }}", "keep": "me"},
                "annotations": {"{{ template }}": "x"},
            },
            "spec": {"group": "example.dev"},
            "status": {"storedVersions": []},
        });
        let sent = prepare(&crd, None, &owner());
        assert_eq!(
            sent,
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {
                    "name": "things.example.dev",
                    "labels": {
                        "keep": "me", "app.kubernetes.io/managed-by": "backstack",
                        "backstack.dev/platform": "lab", "backstack.dev/component": "shop",
                    },
                    "annotations": {},
                },
                "spec": {"group": "example.dev"},
            })
        );
    }

    #[test]
    fn labels_that_are_no_map_do_not_stop_it() {
        let sent = prepare(&json!({"metadata": {"name": "a", "labels": null}}), Some("ns"), &owner());
        assert_eq!(sent["metadata"]["namespace"], "ns");
        assert_eq!(sent["metadata"]["labels"]["backstack.dev/component"], "shop");
    }

    #[test]
    fn the_same_object_in_another_version_is_the_same_but_not_in_another_namespace() {
        let old = ObjectRef::new("autoscaling/v1", "HorizontalPodAutoscaler", Some("a"), "x");
        let new = ObjectRef { api_version: "autoscaling/v2".into(), ..old.clone() };
        assert!(old.is_same(&new));
        assert!(!old.is_same(&ObjectRef { namespace: Some("b".into()), ..old.clone() }));
        assert!(!old.is_same(&ObjectRef { api_version: "other.dev/v1".into(), ..old.clone() }));
    }

    #[test]
    fn a_manifest_without_a_name_is_told() {
        let problem = ObjectRef::of(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}));
        assert_eq!(problem, Err("has no `metadata.name`".into()));
    }
}
