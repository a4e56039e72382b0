//! How entities hang together: which fields of a descriptor point at others, and what a relation is called from
//! the other side.

use serde_json::Value;

use super::reference::EntityRef;

/// A relation to another entity, as `dependsOn component:default/db`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Backstage's word: `ownedBy`, `dependsOn`, `partOf`, ...
    pub kind: &'static str,
    /// The entity that the relation leads to; the catalog need not have it.
    pub target: EntityRef,
}

/// A field of `spec` that names other entities.
pub(super) struct Field {
    pub name: &'static str,
    pub relation: &'static str,
    /// Kind of a reference that names none; `None` where it has to.
    pub kind: Option<&'static str>,
    /// One reference, or a list of them.
    pub many: bool,
}

const fn one(name: &'static str, relation: &'static str, kind: &'static str) -> Field {
    Field { name, relation, kind: Some(kind), many: false }
}

const fn many(name: &'static str, relation: &'static str, kind: Option<&'static str>) -> Field {
    Field { name, relation, kind, many: true }
}

const OWNER: Field = one("owner", "ownedBy", "group");
const SYSTEM: Field = one("system", "partOf", "system");
const DEPENDS_ON: Field = many("dependsOn", "dependsOn", None);
const DEPENDENCY_OF: Field = many("dependencyOf", "dependencyOf", None);

const COMPONENT: &[Field] = &[
    OWNER,
    SYSTEM,
    one("subcomponentOf", "partOf", "component"),
    many("providesApis", "providesApi", Some("api")),
    many("consumesApis", "consumesApi", Some("api")),
    DEPENDS_ON,
    DEPENDENCY_OF,
];
const API: &[Field] = &[OWNER, SYSTEM];
const RESOURCE: &[Field] = &[OWNER, SYSTEM, DEPENDS_ON, DEPENDENCY_OF];
const SYSTEM_FIELDS: &[Field] = &[OWNER, one("domain", "partOf", "domain")];
const DOMAIN: &[Field] = &[OWNER, one("subdomainOf", "partOf", "domain")];
const GROUP: &[Field] = &[
    one("parent", "childOf", "group"),
    many("children", "parentOf", Some("group")),
    many("members", "hasMember", Some("user")),
];
const USER: &[Field] = &[many("memberOf", "memberOf", Some("group"))];
const TEMPLATE: &[Field] = &[OWNER];

/// The fields of a kind (in lower case) that name others.
pub(super) fn fields(kind: &str) -> &'static [Field] {
    match kind {
        "component" => COMPONENT,
        "api" => API,
        "resource" => RESOURCE,
        "system" => SYSTEM_FIELDS,
        "domain" => DOMAIN,
        "group" => GROUP,
        "user" => USER,
        "template" => TEMPLATE,
        _ => &[],
    }
}

/// Each relation and what it is called from the other side.
const PAIRS: &[(&str, &str)] = &[
    ("ownedBy", "ownerOf"),
    ("partOf", "hasPart"),
    ("providesApi", "apiProvidedBy"),
    ("consumesApi", "apiConsumedBy"),
    ("dependsOn", "dependencyOf"),
    ("childOf", "parentOf"),
    ("memberOf", "hasMember"),
];

/// What a relation is called from the other side.
pub(super) fn inverse(kind: &str) -> &'static str {
    PAIRS
        .iter()
        .find_map(|(there, back)| {
            if *there == kind {
                Some(*back)
            } else if *back == kind {
                Some(*there)
            } else {
                None
            }
        })
        .unwrap_or("relatedTo")
}

/// Every word for a relation.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    PAIRS.iter().flat_map(|(there, back)| [*there, *back])
}

/// The relations that a descriptor of this kind states. What is no reference is left out; judging is elsewhere.
pub(super) fn stated(kind: &str, namespace: &str, spec: &Value) -> Vec<Relation> {
    let mut relations = Vec::new();
    for field in fields(kind) {
        for text in texts(&spec[field.name]) {
            if let Ok(target) = EntityRef::parse_with(text, field.kind, namespace) {
                relations.push(Relation { kind: field.relation, target });
            }
        }
    }
    relations
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
