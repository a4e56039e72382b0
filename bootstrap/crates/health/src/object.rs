//! Which object something is said of.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object: group, kind, namespace and name. Versions come and go, so they do not count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ref {
    /// API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its kind in the singular, as `Deployment`.
    pub kind: String,
    /// Empty for cluster-wide objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name, unique for its kind in its namespace.
    pub name: String,
}

impl Ref {
    /// An object by its parts; group and namespace may be empty.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// Its namespace; none for a cluster-wide object.
    pub fn namespaced(&self) -> Option<&str> {
        Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty())
    }

    /// As a person writes it to ask about it: `Kind:namespace/name`.
    pub fn typed(&self) -> String {
        match self.namespace.as_str() {
            "" => format!("{}:{}", self.kind, self.name),
            namespace => format!("{}:{namespace}/{}", self.kind, self.name),
        }
    }

    /// The identity of an object; empty parts where the object says nothing.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        Self::new(group, text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_forgets_the_version_only() {
        let object =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "b"}});
        assert_eq!(Ref::of(&object), Ref::new("apps", "Deployment", "a", "b"));
    }

    #[test]
    fn an_object_is_named_with_its_namespace_if_it_has_one() {
        assert_eq!(Ref::new("apps", "Deployment", "a", "b").to_string(), "Deployment a/b");
        assert_eq!(Ref::new("", "Node", "", "n").to_string(), "Node n");
    }
}
