//! One entity.

use serde_json::Value;

use super::reference::EntityRef;
use super::relation::{self, Relation};

/// One thing of the catalog: a component, an API, a system, a group, ...
///
/// What lists and searches need is in fields; the rest stays as JSON text, which takes a fifth of the memory of a
/// parsed document.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Full reference, in lower case; the namespace is `default` where the descriptor names none.
    pub reference: EntityRef,
    /// Kind as written, as `Component`.
    pub kind: String,
    /// Name for people; empty if there is none.
    pub title: String,
    /// `metadata.description`, as written; empty if there is none.
    pub description: String,
    /// `spec.type`; empty if there is none.
    pub kind_type: String,
    /// `spec.lifecycle`, as `production`; empty if there is none.
    pub lifecycle: String,
    /// Target of its `ownedBy` relation; `None` for what nobody owns.
    pub owner: Option<EntityRef>,
    /// `metadata.tags`, in the descriptor's order.
    pub tags: Vec<String>,
    /// Stated by this entity, to others.
    pub relations: Vec<Relation>,
    /// Where it comes from, as `stack back` or a file's path.
    pub origin: String,
    descriptor: Box<str>,
}

impl Entity {
    /// An entity from a valid descriptor (see [`super::descriptor::problems`]); `None` if kind or name is missing.
    pub fn new(descriptor: &Value, origin: &str) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let (metadata, spec) = (&descriptor["metadata"], &descriptor["spec"]);
        let kind = descriptor["kind"].as_str()?;
        let name = metadata["name"].as_str()?;
        let namespace = metadata["namespace"].as_str().unwrap_or("default");
        let reference = EntityRef::new(kind, namespace, name);
        let relations = relation::stated(&reference.kind, &reference.namespace, spec);
        let owner = relations.iter().find(|relation| relation.kind == "ownedBy").map(|owner| owner.target.clone());
        let tags = metadata["tags"].as_array().map(|tags| tags.iter().map(text).collect()).unwrap_or_default();
        Some(Self {
            kind: kind.into(),
            title: text(&metadata["title"]),
            description: text(&metadata["description"]),
            kind_type: text(&spec["type"]),
            lifecycle: text(&spec["lifecycle"]),
            owner,
            tags,
            relations,
            origin: origin.into(),
            descriptor: descriptor.to_string().into(),
            reference,
        })
    }

    /// Adds a relation that the descriptor does not state, as a composite resource's to what it composes.
    #[must_use]
    pub fn with_relation(mut self, kind: &'static str, target: EntityRef) -> Self {
        self.relations.push(Relation { kind, target });
        self
    }

    /// The whole descriptor: apiVersion, kind, metadata, spec (and status where it is live).
    pub fn descriptor(&self) -> Value {
        serde_json::from_str(&self.descriptor).unwrap_or(Value::Null)
    }

    /// What a search by text looks at: name, title, description and tags, each on a line of its own.
    pub fn words(&self) -> String {
        let own = [self.reference.name.as_str(), &self.title, &self.description];
        own.into_iter().chain(self.tags.iter().map(String::as_str)).collect::<Vec<_>>().join("\n")
    }
}
