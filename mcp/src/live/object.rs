//! Reading Kubernetes objects as plain JSON: the few questions that everybody asks.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object: group, kind, namespace and name. Versions come and go, so they do not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ref {
    /// API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    pub kind: String,
    /// Empty for cluster-wide objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
}

impl Ref {
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// The identity of an object; empty parts where the object says nothing.
    pub fn of(object: &Value) -> Self {
        Self::new(group_of(text(object, "/apiVersion")), text(object, "/kind"), namespace(object), name(object))
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// The group in an `apiVersion`.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The text at a JSON pointer, or nothing.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, or zero.
pub fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// The list at a JSON pointer, or an empty one.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// The object for people, also while it has no name yet: one that the server makes up ends in `*`.
pub fn told(object: &Value) -> String {
    let mut at = Ref::of(object);
    if at.name.is_empty() {
        at.name = format!("{}*", text(object, "/metadata/generateName"));
    }
    at.to_string()
}

pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The value of a label.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// The value of an annotation.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// Whether an owner reference leads to `owner`.
pub fn is_owned_by(object: &Value, owner: &Value) -> bool {
    let owners = list(object, "/metadata/ownerReferences");
    !uid(owner).is_empty() && owners.iter().any(|reference| text(reference, "/uid") == uid(owner))
}

/// A condition of an object's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition<'a> {
    pub kind: &'a str,
    pub status: &'a str,
    pub reason: &'a str,
    pub message: &'a str,
    pub since: &'a str,
}

impl Condition<'_> {
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    pub fn is_false(&self) -> bool {
        self.status == "False"
    }
}

/// All conditions in `status.conditions`.
pub fn conditions(object: &Value) -> impl Iterator<Item = Condition<'_>> {
    list(object, "/status/conditions").iter().map(|condition| Condition {
        kind: text(condition, "/type"),
        status: text(condition, "/status"),
        reason: text(condition, "/reason"),
        message: text(condition, "/message"),
        since: text(condition, "/lastTransitionTime"),
    })
}

/// One condition by its type.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<Condition<'a>> {
    conditions(object).find(|condition| condition.kind == kind)
}

/// A message as one line of at most `limit` characters.
pub fn short(message: &str, limit: usize) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let cut: String = line.chars().take(limit.saturating_sub(1)).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_forgets_the_version_only() {
        let object =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "b"}});
        assert_eq!(Ref::of(&object), Ref::new("apps", "Deployment", "a", "b"));
        assert_eq!(Ref::of(&object).to_string(), "Deployment a/b");
        assert_eq!(Ref::new("", "Node", "", "n").to_string(), "Node n");
    }

    #[test]
    fn objects_without_uid_own_nothing() {
        let child = json!({"metadata": {"ownerReferences": [{"uid": ""}]}});
        assert!(!is_owned_by(&child, &json!({"metadata": {}})));
        assert!(is_owned_by(
            &json!({"metadata": {"ownerReferences": [{"uid": "1"}]}}),
            &json!({"metadata": {"uid": "1"}})
        ));
    }

    #[test]
    fn long_messages_are_cut_at_characters() {
        assert_eq!(short("a  b\n c", 10), "a b c");
        assert_eq!(short("äöüäöü", 4), "äöü…");
    }
}
