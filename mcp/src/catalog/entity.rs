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

    /// Whether a text (in lower case) is somewhere in its name, title, description or tags.
    pub fn mentions(&self, lower: &str) -> bool {
        self.reference.name.contains(lower)
            || contains(&self.title, lower)
            || contains(&self.description, lower)
            || self.tags.iter().any(|tag| contains(tag, lower))
    }
}

/// Whether `text` contains `lower` without regard to ASCII case, without copying.
fn contains(text: &str, lower: &str) -> bool {
    let (text, lower) = (text.as_bytes(), lower.as_bytes());
    let Some(first) = lower.first() else { return true };
    // The first letter rules nearly every place out; ten thousand entities are searched in about a millisecond.
    let upper = first.to_ascii_uppercase();
    text.windows(lower.len()).any(|window| {
        (window[0] == *first || window[0] == upper) && window.eq_ignore_ascii_case(lower)
    })
}
