//! Toolset `catalog`: what there is, in the catalog and in the cluster, found, read and walked under one grammar of
//! names; and a manifest tried before anybody proposes it.

mod find;
mod get;
mod tree;
mod try_manifest;

use std::sync::Arc;

use serde_json::Value;

use super::catalog::CatalogTools;
use super::live::{Live, Seen};
use crate::catalog::Entity;
use crate::error::{ErrorKind, ToolError};
use crate::live::look::{self, Owner};
use crate::live::object::{group_of, namespace, text};
use crate::live::snapshot::Snapshot;
use crate::toolset::{Tool, Toolset, bound};

/// Kinds of the catalog. What runs in the cluster has kinds of its own.
const CATALOG: [&str; 9] =
    ["component", "api", "resource", "system", "domain", "group", "user", "template", "location"];

/// The catalog and, where there is one, the platform.
pub struct Things {
    catalog: Arc<CatalogTools>,
    live: Option<Live>,
}

impl Things {
    /// Without `live` only the catalog is asked.
    pub fn new(catalog: Arc<CatalogTools>, live: Option<Live>) -> Self {
        Self { catalog, live }
    }

    /// The platform, if it is there; nothing where only the catalog can be asked.
    ///
    /// # Errors
    /// It was asked for by name, or there are several.
    async fn look(&self, platform: Option<&str>) -> Result<Option<Seen>, ToolError> {
        let Some(live) = &self.live else { return Ok(None) };
        match live.look(platform).await {
            Ok(seen) => Ok(Some(seen)),
            Err(error) if error.kind == ErrorKind::Unavailable && platform.is_none() && !self.catalog.is_empty() => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whose an object is: what it says, or what the catalog says of the component that it is part of.
    fn owner(&self, snapshot: &Snapshot, object: &Value) -> String {
        let owner = look::owner(snapshot, object);
        // What keeps the cluster itself going belongs to nobody on the platform.
        if owner == Owner::Nobody && (namespace(object).starts_with("kube-") || is_of_cluster_itself(object)) {
            return String::new();
        }
        let component = match &owner {
            Owner::OfComponent(name) => self.catalog.entity(&format!("component:default/{name}")),
            _ => None,
        };
        let said = component.as_deref().and_then(|component: &Entity| component.owner.as_ref());
        said.map_or_else(|| owner.or_usual(), ToString::to_string)
    }
}

/// Kinds without a namespace that nobody orders.
fn is_of_cluster_itself(object: &Value) -> bool {
    let group = group_of(text(object, "/apiVersion"));
    namespace(object).is_empty() && (group.is_empty() || group.ends_with(".k8s.io"))
}

/// Whether a word is a kind of the catalog; with an `s` too.
fn is_of_catalog(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    CATALOG.iter().any(|known| kind == *known || kind.strip_suffix('s') == Some(known))
}

impl Toolset for Things {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn about(&self) -> &'static str {
        "What there is: catalog and cluster, found, read and walked; manifests tried."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "find",
                "Find things",
                "Lists things of any kind in cluster and catalog with owner, image, health, age; in trouble first. Without kind: apps, workloads, catalog.",
                bound(&self, Self::find),
            ),
            Tool::reads(
                "get",
                "Read one thing",
                "One thing in full: owner, health, conditions, containers, finalizers, spec. `API:App` gives an API's fields and example; an Application its sync, a Composition its text, `component:NAME` the catalog's entry.",
                bound(&self, Self::get),
            ),
            Tool::reads(
                "tree",
                "What a thing is made of",
                "All that is below a thing, with health, down to its pods; of a catalog entity its relations.",
                bound(&self, Self::tree),
            ),
            Tool::reads(
                "try_manifest",
                "Try a manifest",
                "What the cluster would say to manifests (dry run, nothing is written): whether API and policies take them and how to comply. Judges catalog descriptors too.",
                bound(&self, Self::try_manifest),
            ),
        ]
    }
}
