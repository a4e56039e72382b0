//! What is installed, kept in the cluster itself: one ConfigMap for each component.
//!
//! Before a component is applied, its inventory lists what was there and what is to come; only after
//! that does it list exactly what there is. So nothing is forgotten if the program dies in between.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::object::{COMPONENT, MANAGED_BY, Owner, PLATFORM, VersionedRef, inventory_name};
use super::{Error, MANAGER, SYSTEM_NAMESPACE, Unit};
use backstack_stack::LeftOut;
use backstack_stack::model::ReadyCondition;

/// What the cluster has of one component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the component.
    pub component: String,
    /// Version of the component that was applied, as component.yaml has it.
    pub version: String,
    /// Digest of the unit, as text: an older program may have made it otherwise.
    pub digest: String,
    /// Namespace of its objects that name none themselves.
    pub namespace: String,
    /// False while it is being applied, or was when the program died: then `objects` has more than there is.
    pub complete: bool,
    /// When it was applied, in UTC (RFC 3339).
    pub applied: String,
    /// What belongs to it; what a later version has no more is deleted.
    pub objects: Vec<VersionedRef>,
    /// What must be true for it to count as ready, besides its workloads.
    #[serde(default)]
    pub conditions: Vec<ReadyCondition>,
    /// Components that it stands on.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Its images that were built from packages, by the stack's reference.
    #[serde(default)]
    pub built_images: Vec<String>,
    /// Its images that could not be had, and what went with them.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

impl Entry {
    /// An entry of a unit for now.
    pub fn of(unit: &Unit, objects: Vec<VersionedRef>, complete: bool) -> Self {
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or_else(|_| OffsetDateTime::now_utc());
        Self {
            component: unit.name.clone(),
            version: unit.version.clone(),
            digest: unit.digest.to_string(),
            namespace: unit.namespace.clone(),
            complete,
            applied: now.format(&Rfc3339).unwrap_or_default(),
            objects,
            conditions: unit.readiness.conditions.clone(),
            depends_on: unit.depends_on.clone(),
            built_images: unit.built_images.clone(),
            left_out: unit.left_out.clone(),
        }
    }

    fn to_data(&self) -> Result<BTreeMap<String, String>, serde_json::Error> {
        Ok(BTreeMap::from([
            ("version".into(), self.version.clone()),
            ("digest".into(), self.digest.clone()),
            ("namespace".into(), self.namespace.clone()),
            ("complete".into(), self.complete.to_string()),
            ("applied".into(), self.applied.clone()),
            ("objects".into(), serde_json::to_string_pretty(&self.objects)?),
            ("conditions".into(), serde_json::to_string(&self.conditions)?),
            ("depends_on".into(), serde_json::to_string(&self.depends_on)?),
            ("built_images".into(), serde_json::to_string(&self.built_images)?),
            ("left_out".into(), serde_json::to_string(&self.left_out)?),
        ]))
    }

    fn from_map(map: &ConfigMap) -> Result<Self, Error> {
        let component = label(map, COMPONENT).unwrap_or_default();
        let broken = |problem: String| Error::Inventory { component: component.clone(), problem };
        let text = |key: &str| map.data.as_ref().and_then(|data| data.get(key)).cloned();
        let needed = |key: &str| text(key).ok_or_else(|| broken(format!("it has no `{key}`")));
        let json = |key: &str, problem: serde_json::Error| broken(format!("`{key}`: {problem}"));
        Ok(Self {
            version: needed("version")?,
            digest: needed("digest")?,
            namespace: needed("namespace")?,
            complete: text("complete").as_deref() == Some("true"),
            applied: text("applied").unwrap_or_default(),
            objects: serde_json::from_str(&needed("objects")?).map_err(|error| json("objects", error))?,
            conditions: list(map, "conditions").map_err(broken)?,
            depends_on: list(map, "depends_on").map_err(broken)?,
            built_images: list(map, "built_images").map_err(broken)?,
            left_out: list(map, "left_out").map_err(broken)?,
            component: component.clone(),
        })
    }
}

/// A list that an older program did not write yet.
fn list<T: DeserializeOwned>(map: &ConfigMap, key: &str) -> Result<Vec<T>, String> {
    match map.data.as_ref().and_then(|data| data.get(key)) {
        Some(text) => serde_json::from_str(text).map_err(|error| format!("`{key}`: {error}")),
        None => Ok(Vec::new()),
    }
}

/// Selects the inventories of a platform by their labels.
pub fn selector(platform: &str) -> String {
    format!("{MANAGED_BY}={MANAGER},{PLATFORM}={platform},{COMPONENT}")
}

/// Reads inventories, by component. ConfigMaps that are none are passed over.
///
/// # Errors
/// [`Error::Inventory`] if somebody has edited one into nonsense.
pub fn entries<'a>(maps: impl Iterator<Item = &'a ConfigMap>) -> Result<BTreeMap<String, Entry>, Error> {
    let is_inventory = |map: &&ConfigMap| {
        let component = label(map, COMPONENT).unwrap_or_default();
        map.metadata.name.as_deref() == Some(&inventory_name(&component))
    };
    let entries = maps.filter(is_inventory).map(Entry::from_map);
    entries.map(|entry| entry.map(|entry| (entry.component.clone(), entry))).collect()
}

fn label(map: &ConfigMap, key: &str) -> Option<String> {
    map.metadata.labels.as_ref()?.get(key).cloned()
}

/// The inventories of one platform.
#[derive(Clone)]
pub struct Inventory {
    api: Api<ConfigMap>,
    platform: String,
}

impl Inventory {
    /// The inventories of this platform, one ConfigMap for each component in [`SYSTEM_NAMESPACE`].
    pub fn new(client: Client, platform: &str) -> Self {
        Self { api: Api::namespaced(client, SYSTEM_NAMESPACE), platform: platform.into() }
    }

    /// All components there are, by name. A cluster without the platform has none.
    ///
    /// # Errors
    /// [`Error::Request`], or [`Error::Inventory`] if somebody has edited one into nonsense.
    pub async fn load_all(&self) -> Result<BTreeMap<String, Entry>, Error> {
        let list = self.api.list(&ListParams::default().labels(&selector(&self.platform))).await;
        let list = list.map_err(Error::request("read the inventory of the cluster"))?;
        entries(list.items.iter())
    }

    /// What is known of one component.
    pub async fn load(&self, component: &str) -> Result<Option<Entry>, Error> {
        let found = self.api.get_opt(&inventory_name(component)).await;
        let found = found.map_err(Error::request(format!("read the inventory of `{component}`")))?;
        found.as_ref().map(Entry::from_map).transpose()
    }

    /// Writes what is known of a component, in place of what was.
    pub async fn save(&self, entry: &Entry) -> Result<(), Error> {
        let broken = |error: serde_json::Error| Error::Inventory {
            component: entry.component.clone(),
            problem: error.to_string(),
        };
        let owner = Owner { platform: self.platform.clone(), component: entry.component.clone() };
        let name = inventory_name(&entry.component);
        let map = ConfigMap {
            metadata: ObjectMeta { name: Some(name.clone()), labels: Some(owner.labels()), ..Default::default() },
            data: Some(entry.to_data().map_err(broken)?),
            ..Default::default()
        };
        let params = PatchParams::apply(MANAGER).force();
        let saved = self.api.patch(&name, &params, &Patch::Apply(&map)).await;
        saved.map(|_| ()).map_err(Error::request(format!("write the inventory of `{}`", entry.component)))
    }

    /// Forgets a component, after all of it is gone.
    pub async fn forget(&self, component: &str) -> Result<(), Error> {
        match self.api.delete(&inventory_name(component), &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            result => result.map(|_| ()).map_err(Error::request(format!("delete the inventory of `{component}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            component: "shop".into(),
            version: "1.2.3".into(),
            digest: "sha256:00".into(),
            namespace: "shop".into(),
            complete: true,
            applied: "2026-01-02T03:04:05Z".into(),
            objects: vec![
                VersionedRef::new("v1", "ConfigMap", Some("shop"), "a"),
                VersionedRef::new("rbac.authorization.k8s.io/v1", "ClusterRole", None, "b"),
            ],
            conditions: Vec::new(),
            depends_on: vec!["ingress".into()],
            built_images: vec!["example.org/shop:1".into()],
            left_out: Vec::new(),
        }
    }

    fn map(entry: &Entry) -> ConfigMap {
        let labels = Owner { platform: "lab".into(), component: entry.component.clone() }.labels();
        ConfigMap {
            metadata: ObjectMeta { labels: Some(labels), ..Default::default() },
            data: Some(entry.to_data().expect("data")),
            ..Default::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(Entry::from_map(&map(&entry())).expect("an entry"), entry());
    }

    #[test]
    fn nonsense_names_the_component_and_the_key() {
        let mut map = map(&entry());
        map.data.as_mut().expect("data").insert("objects".into(), "[{]".into());
        let error = Entry::from_map(&map).expect_err("nonsense");
        assert!(error.to_string().contains("`shop`") && error.to_string().contains("`objects`"), "{error}");
    }
}
