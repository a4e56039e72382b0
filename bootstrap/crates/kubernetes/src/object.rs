//! Objects as JSON: which one it is, the labels that say whose it is, and what is not ours to send.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use backstack_health::Ref;
use kube::core::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Label that says who installed an object; its value is [`super::MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Label with the platform's name.
pub const PLATFORM: &str = "backstack.dev/platform";
/// Label with the component's name.
pub const COMPONENT: &str = "backstack.dev/component";

/// Which object, and in which version of its kind it is written: what an inventory lists and a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct VersionedRef {
    /// The object, whatever its version.
    pub object: Ref,
    /// Version of its kind, without the group: `v1`.
    pub version: String,
}

/// How it stands in an inventory.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    api_version: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
}

impl From<Written> for VersionedRef {
    fn from(written: Written) -> Self {
        let Written { api_version, kind, namespace, name } = written;
        Self::new(&api_version, &kind, namespace.as_deref(), &name)
    }
}

impl From<VersionedRef> for Written {
    fn from(one: VersionedRef) -> Self {
        let (api_version, Ref { kind, namespace, name, .. }) = (one.api_version(), one.object);
        Self { api_version, kind, namespace: Some(namespace).filter(|it| !it.is_empty()), name }
    }
}

impl Deref for VersionedRef {
    type Target = Ref;

    fn deref(&self) -> &Ref {
        &self.object
    }
}

impl VersionedRef {
    /// An object by its parts; `api_version` as `apps/v1`, of the core group the version alone.
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { object: Ref::new(group, kind, namespace.unwrap_or_default(), name), version: version.into() }
    }

    /// Reads the identity of a manifest.
    ///
    /// # Errors
    /// Says which of `apiVersion`, `kind` and `metadata.name` is missing.
    pub fn of(object: &Value) -> Result<Self, String> {
        let text = |pointer: &str, name: &str| match object.pointer(pointer).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(format!("has no `{name}`")),
        };
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        Ok(Self::new(
            text("/apiVersion", "apiVersion")?,
            text("/kind", "kind")?,
            namespace,
            text("/metadata/name", "metadata.name")?,
        ))
    }

    /// Group and version, as `apps/v1`; of the core group the version alone.
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// An object of the same kind.
    pub fn sibling(&self, namespace: Option<&str>, name: &str) -> Self {
        let object = Ref::new(&self.group, &self.kind, namespace.unwrap_or_default(), name);
        Self { object, version: self.version.clone() }
    }

    /// The same name in another namespace, or in none.
    pub fn within(&self, namespace: Option<&str>) -> Self {
        self.sibling(namespace, &self.name)
    }

    /// The same, in this namespace where it names none.
    pub fn or_within(&self, namespace: &str) -> Self {
        self.within(self.namespaced().or(Some(namespace)))
    }
}

impl fmt::Display for VersionedRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
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
        let one = |api_version: &str| VersionedRef::new(api_version, "HorizontalPodAutoscaler", Some("a"), "x");
        let old = one("autoscaling/v1");
        assert_eq!(old.object, one("autoscaling/v2").object);
        assert_ne!(old, one("autoscaling/v2"));
        assert_ne!(old.object, old.within(Some("b")).object);
        assert_ne!(old.object, one("other.dev/v1").object);
    }

    #[test]
    fn an_inventory_keeps_the_form_that_clusters_have() {
        let written = [
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "a", "name": "x"}),
            json!({"apiVersion": "v1", "kind": "Namespace", "name": "a"}),
        ];
        for one in written {
            let read: VersionedRef = serde_json::from_value(one.clone()).expect("an entry");
            assert_eq!(serde_json::to_value(&read).expect("plain data"), one);
            assert_eq!(read.api_version(), one["apiVersion"].as_str().expect("a text"));
        }
    }

    #[test]
    fn a_manifest_without_a_name_is_told() {
        let problem = VersionedRef::of(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}));
        assert_eq!(problem, Err("has no `metadata.name`".into()));
    }
}
