//! What stands in the way of removing a component: other components, and objects that people made of its kinds.

use std::collections::BTreeMap;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::gvk::GroupVersionKind;
use serde_json::Value;

use super::Error;
use super::inventory::Entry;
use super::object::VersionedRef;
use super::waves::Wave;

/// A kind that a definition serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Name of the definition.
    pub definition: String,
    /// Group, one version that is served, kind and plural.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl Served {
    /// Reads a CustomResourceDefinition; nothing if it serves no version.
    pub fn of(definition: &DynamicObject) -> Option<Self> {
        let spec = definition.data.get("spec")?;
        let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str);
        let versions = spec["versions"].as_array()?;
        let version = versions.iter().find(|version| version["served"] == true)?["name"].as_str()?;
        let kind = GroupVersionKind::gvk(text("/group")?, version, text("/names/kind")?);
        Some(Self {
            definition: definition.metadata.name.clone()?,
            resource: ApiResource::from_gvk_with_plural(&kind, text("/names/plural")?),
            namespaced: text("/scope") == Some("Namespaced"),
        })
    }

    /// Requests for objects of the kind, in this namespace, or in all if it is `None` or the kind has none.
    pub(crate) fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource),
            None => Api::all_with(client.clone(), &self.resource),
        }
    }

    /// An object of the kind as messages name it.
    pub fn object(&self, namespace: Option<&str>, name: &str) -> VersionedRef {
        VersionedRef::new(&self.resource.api_version, &self.resource.kind, namespace, name)
    }
}

/// The kinds of a component's own definitions, as far as they are still there.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn kinds_of(client: &Client, entry: &Entry) -> Result<Vec<Served>, Error> {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &ApiResource::from_gvk(&kind));
    let mut served = Vec::new();
    for object in entry.objects.iter().filter(|object| Wave::of(object) == Wave::Definitions) {
        let found = api.get_opt(&object.name).await.map_err(Error::request(format!("read {object}")))?;
        served.extend(found.as_ref().and_then(Served::of));
    }
    Ok(served)
}

/// Objects of a component's kinds that are not its own: somebody made them. Those that another object owns are left
/// out, because they come and go with it.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn made_by_others(client: &Client, entry: &Entry) -> Result<Vec<VersionedRef>, Error> {
    let mut others = Vec::new();
    for kind in kinds_of(client, entry).await? {
        let found = kind.api(client, None).list_metadata(&ListParams::default()).await;
        let found = match found {
            Ok(found) => found,
            // The definition goes at this moment.
            Err(kube::Error::Api(status)) if status.is_not_found() => continue,
            Err(error) => return Err(Error::request(format!("list {}", kind.definition))(error)),
        };
        for one in found.items {
            let owned = one.metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
            let object =
                kind.object(one.metadata.namespace.as_deref(), one.metadata.name.as_deref().unwrap_or_default());
            if !owned && !entry.objects.iter().any(|own| own.object == object.object) {
                others.push(object);
            }
        }
    }
    others.sort();
    Ok(others)
}

/// Components that stand on this one, by what the inventory says.
pub fn dependents(entries: &BTreeMap<String, Entry>, component: &str) -> Vec<String> {
    let on_it = entries.values().filter(|entry| entry.depends_on.iter().any(|name| name == component));
    on_it.map(|entry| entry.component.clone()).collect()
}

/// All components, each before those that it stands on. A circle, which no stack can have, is told last.
pub fn removal_order(entries: &BTreeMap<String, Entry>) -> Vec<String> {
    let mut left: BTreeMap<String, Entry> = entries.clone();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free: Vec<String> = left.keys().filter(|name| dependents(&left, name).is_empty()).cloned().collect();
        let next = if free.is_empty() { left.keys().cloned().collect() } else { free };
        for name in next {
            left.remove(&name);
            order.push(name);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, depends_on: &[&str]) -> (String, Entry) {
        let entry = Entry {
            component: name.into(),
            version: "1".into(),
            digest: String::new(),
            namespace: name.into(),
            complete: true,
            applied: String::new(),
            objects: Vec::new(),
            conditions: Vec::new(),
            depends_on: depends_on.iter().map(ToString::to_string).collect(),
            built_images: Vec::new(),
            left_out: Vec::new(),
        };
        (name.into(), entry)
    }

    #[test]
    fn what_stands_on_others_goes_first() {
        let entries = BTreeMap::from([entry("a", &[]), entry("b", &["a"]), entry("c", &["a", "b"]), entry("d", &[])]);
        assert_eq!(removal_order(&entries), ["c", "d", "b", "a"]);
        assert_eq!(dependents(&entries, "a"), ["b", "c"]);
        let circle = BTreeMap::from([entry("x", &["y"]), entry("y", &["x"])]);
        assert_eq!(removal_order(&circle).len(), 2);
    }

    #[test]
    fn a_definition_tells_its_kind_by_a_version_that_is_served() {
        let definition = |served: bool| -> DynamicObject {
            serde_json::from_value(serde_json::json!({
                "metadata": {"name": "things.example.dev"},
                "spec": {
                    "group": "example.dev", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
                    "versions": [{"name": "v1alpha1", "served": false}, {"name": "v1", "served": served}],
                },
            }))
            .expect("a definition")
        };
        let found = Served::of(&definition(true)).expect("a kind");
        assert_eq!((found.resource.api_version.as_str(), found.namespaced), ("example.dev/v1", true));
        assert_eq!(found.object(Some("a"), "b").to_string(), "Thing a/b");
        assert_eq!(Served::of(&definition(false)), None);
    }
}
