//! One entity.

use serde_json::Value;

use super::reference::EntityRef;

/// One thing of the catalog: a component, an API, a system, a group, ...
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub reference: EntityRef,
    /// Kind as written, as `Component`.
    pub kind: String,
    /// Name for people; empty if there is none.
    pub title: String,
    pub description: String,
    /// `spec.type`; empty if there is none.
    pub kind_type: String,
    pub lifecycle: String,
    pub owner: Option<EntityRef>,
    pub tags: Vec<String>,
    /// To other entities, from this one's side.
    pub relations: Vec<Relation>,
    /// The descriptor: apiVersion, kind, metadata, spec (and status where it is live).
    pub descriptor: Value,
    /// Where it comes from, as `stack back` or a file's path.
    pub origin: String,
}

/// A relation to another entity, as `dependsOn component:default/db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Backstage's word: `ownedBy`, `dependsOn`, `partOf`, ...
    pub kind: String,
    pub target: EntityRef,
}
