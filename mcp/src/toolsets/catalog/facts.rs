//! What the catalog tools are asked, and what they answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which entities.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Only this kind: Component, API, Resource, System, Domain, Group, User, Template.
    pub kind: Option<String>,
    /// Only this `spec.type`, as `service`.
    #[serde(rename = "type")]
    pub kind_type: Option<String>,
    /// Only what this group or user owns, as `group:default/team-a` or `team-a`.
    pub owner: Option<String>,
    /// Only this namespace of the catalog.
    pub namespace: Option<String>,
    /// Only this lifecycle, as `production`.
    pub lifecycle: Option<String>,
    /// Only entities with this tag.
    pub tag: Option<String>,
    /// Only what has this text in its name, title, description or tags.
    pub text: Option<String>,
    /// Where the last answer ended: its next call has it.
    pub cursor: Option<String>,
}

/// Entities of the catalog, filtered and in pages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListFacts {
    /// How many entities fit the filters.
    pub total: usize,
    /// How many there are of each kind among those.
    pub kinds: BTreeMap<String, usize>,
    /// The entities, by reference.
    pub items: Vec<Item>,
    /// What could not be read of the catalog's sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// An entity in short.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    /// Full reference: kind:namespace/name.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `spec.type`; empty if it has none.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind_type: String,
    /// Full reference of its owner; `None` for what nobody owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Name for people; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// First line of its description, cut short; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Item {
    /// Characters that it takes at least: its values, and quotes around them.
    pub fn least_size(&self) -> usize {
        let owner = self.owner.as_ref().map_or(0, String::len);
        self.reference.len() + self.kind_type.len() + owner + self.title.len() + self.description.len() + 20
    }
}

/// Which entity.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInput {
    /// Full reference, kind:namespace/name, as `component:default/web`. A bare name works while only one entity has it.
    #[serde(rename = "ref")]
    pub reference: String,
}

/// One entity in full.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GetFacts {
    /// Full reference: kind:namespace/name.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Kind as written, as `Component`.
    pub kind: String,
    /// Name for people; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// `metadata.description`, as written; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `spec.type`; empty if it has none.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind_type: String,
    /// `spec.lifecycle`, as `production`; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lifecycle: String,
    /// Full reference of its owner; `None` for what nobody owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `metadata.tags`, in the descriptor's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where it was read from.
    pub origin: String,
    /// Relations to other entities, both ways.
    pub relations: Vec<RelationFact>,
    /// metadata of the descriptor.
    #[schemars(schema_with = "crate::schema::object")]
    pub metadata: Value,
    /// spec of the descriptor.
    #[schemars(schema_with = "crate::schema::object")]
    pub spec: Value,
}

/// One relation, from the side of the entity that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RelationFact {
    /// ownedBy, ownerOf, partOf, hasPart, dependsOn, dependencyOf, ...
    pub relation: String,
    /// Full reference of the other entity.
    pub target: String,
    /// Whether the catalog has it.
    pub known: bool,
}

/// What to judge.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateInput {
    /// The whole descriptor (catalog-info.yaml) as YAML; several documents are fine.
    pub descriptor: String,
}

/// What is wrong with each document of a descriptor.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ValidateFacts {
    /// Whether the catalog would take all of it.
    pub valid: bool,
    /// One judgement for each document, in their order.
    pub entities: Vec<Judged>,
}

/// One document of a descriptor, judged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Judged {
    /// Full reference, where kind and name are there.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Whether the catalog would take it; warnings do not count.
    pub valid: bool,
    /// What has to be fixed.
    pub problems: Vec<ProblemFact>,
    /// What is allowed but looks like a mistake.
    pub warnings: Vec<String>,
}

/// Something that has to be fixed in a descriptor.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemFact {
    /// Where, as spec.owner; empty for what concerns a line as a whole.
    pub path: String,
    /// Line in the descriptor, from 1.
    pub line: Option<usize>,
    /// What is wrong, in words that stand alone.
    pub message: String,
    /// What to write.
    pub hint: String,
}

/// Which relations.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationsInput {
    /// Full reference of the entity to start from.
    #[serde(rename = "ref")]
    pub reference: String,
    /// How many steps to go; 1 is the entity's own relations.
    pub depth: Option<usize>,
    /// Only these relations, as `["dependsOn", "dependencyOf"]`.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Where the last answer ended: its next call has it.
    pub cursor: Option<String>,
}

/// Entities that relations lead to from one of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RelationsFacts {
    /// The entity started from.
    pub root: String,
    /// How many other entities are reached.
    pub total: usize,
    /// Each entity reached, nearest first, by the relation that leads to it.
    pub items: Vec<Step>,
}

/// One entity that a walk over relations has reached.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Step {
    /// Steps from the root.
    pub depth: usize,
    /// Full reference of the entity that the relation starts from.
    pub from: String,
    /// The relation as the side of `from` calls it, as `ownerOf`.
    pub relation: String,
    /// Full reference of the entity that was reached.
    pub to: String,
    /// Whether the catalog has the entity.
    pub known: bool,
}
