//! Reading Kubernetes objects as plain JSON: the few questions that everybody asks.

pub use backstack_health::object::Ref;
pub use backstack_health::words::{both_ends, gist, short};
use serde_json::Value;

/// Label by which the installer marks what belongs to a component of the platform.
pub const COMPONENT: &str = "backstack.dev/component";

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

/// `metadata.name`; empty while the server has not made one up.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`; empty for what is cluster-wide.
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

/// `metadata.uid`, which no other object ever has; empty for one that only stands in a file.
pub(crate) fn uid(object: &Value) -> &str {
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
    /// Its type, as `Ready`.
    pub kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub status: &'a str,
    /// Why, in one word for programs; may be empty.
    pub reason: &'a str,
    /// Why, in words for people; may be empty.
    pub message: &'a str,
    /// When `status` changed last, as RFC 3339; empty if that is not said.
    pub since: &'a str,
}

impl Condition<'_> {
    /// Whether its status is `True`.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    /// Whether its status is `False`; one that is `Unknown` is neither.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_without_uid_own_nothing() {
        let child = json!({"metadata": {"ownerReferences": [{"uid": ""}]}});
        assert!(!is_owned_by(&child, &json!({"metadata": {}})));
        assert!(is_owned_by(
            &json!({"metadata": {"ownerReferences": [{"uid": "1"}]}}),
            &json!({"metadata": {"uid": "1"}})
        ));
    }
}
