//! Objects that an object of any kind names in its specification: `cluster: {name: db}`, `storeRef: {kind: Store, name: a}`.
//! Which kind is meant, the field says by itself, or by what it is called; it counts only if the cluster serves that kind.

use serde_json::{Map, Value};

use crate::live::object::{Ref, group_of, namespace, text};
use crate::live::served::ServedKind;

/// Specifications are deeper only where they hold others' manifests.
const DEEPEST: usize = 6;

/// A reference to another object.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointer {
    pub at: Ref,
    /// Where its name stands.
    pub field: String,
}

/// All that an object of somebody's own kind names. What Kubernetes' kinds name has readers of its own.
pub fn pointers(kinds: &[ServedKind], object: &Value) -> Vec<Pointer> {
    let group = group_of(text(object, "/apiVersion"));
    let is_own = group.contains('.') && !group.ends_with(".k8s.io");
    let mut found = Vec::new();
    if let Some(spec) = object.get("spec").filter(|_| is_own) {
        Reader { kinds, group, place: namespace(object) }.read(spec, "spec", 0, &mut found);
    }
    found
}

struct Reader<'a> {
    kinds: &'a [ServedKind],
    group: &'a str,
    place: &'a str,
}

impl Reader<'_> {
    fn read(&self, value: &Value, field: &str, depth: usize, found: &mut Vec<Pointer>) {
        match value {
            Value::Object(fields) if depth < DEEPEST => {
                for (key, value) in fields {
                    let field = format!("{field}.{key}");
                    match value.as_object().and_then(|inner| self.pointer(key, inner)) {
                        Some(at) => found.push(Pointer { at, field: format!("{field}.name") }),
                        None => self.read(value, &field, depth + 1, found),
                    }
                }
            }
            Value::Array(items) if depth < DEEPEST => {
                for (index, item) in items.iter().enumerate() {
                    self.read(item, &format!("{field}[{index}]"), depth + 1, found);
                }
            }
            _ => {}
        }
    }

    fn pointer(&self, key: &str, fields: &Map<String, Value>) -> Option<Ref> {
        let said = |word: &str| fields.get(word).and_then(Value::as_str).filter(|value| !value.is_empty());
        let name = said("name")?;
        let stem = key.strip_suffix("Reference").or(key.strip_suffix("Ref"));
        let kind = match (said("kind"), stem) {
            (Some(kind), Some(_)) => {
                let group = said("apiVersion").map(group_of).or(said("apiGroup")).or(said("group"));
                self.served(kind, group.unwrap_or(self.group))
            }
            (None, Some(stem)) => self.served(stem, self.group),
            // Without such an end it may be the description of something new, unless a name is all that it says.
            (_, None) if fields.keys().all(|key| matches!(key.as_str(), "name" | "namespace")) => {
                self.served(key, self.group)
            }
            _ => None,
        }?;
        let place = if kind.namespaced { said("namespace").unwrap_or(self.place) } else { "" };
        // Secrets are never looked for.
        (kind.kind != "Secret").then(|| Ref::new(&kind.group, &kind.kind, place, name))
    }

    fn served(&self, word: &str, group: &str) -> Option<&ServedKind> {
        self.kinds.iter().find(|kind| kind.group == group && kind.kind.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_say_their_kind_by_themselves_or_by_their_name() {
        let served = |group: &str, kind: &str, namespaced| ServedKind {
            group: group.into(),
            kind: kind.into(),
            plural: String::new(),
            namespaced,
        };
        let kinds = [
            served("db.dev", "Cluster", true),
            served("db.dev", "Catalog", false),
            served("db.dev", "User", true),
            served("", "Secret", true),
            served("", "ConfigMap", true),
        ];
        let object = json!({"apiVersion": "db.dev/v1", "kind": "Pooler", "metadata": {"namespace": "shop", "name": "p"}, "spec": {
            "cluster": {"name": "orders"},
            "user": {"name": "new", "password": "x"},
            "deep": [{"catalogRef": {"apiGroup": "db.dev", "kind": "Catalog", "name": "all"}}],
            "clusterRef": {"name": "other", "namespace": "away"},
            "keyRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"},
            "mapRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"},
            "strangeRef": {"name": "x"}, "sourceRef": {"kind": "Bucket", "name": "x"}}});
        let told = |object: &Value| -> Vec<String> {
            pointers(&kinds, object).iter().map(|pointer| format!("{} {}", pointer.at, pointer.field)).collect()
        };
        assert_eq!(
            told(&object),
            [
                "Cluster shop/orders spec.cluster.name",
                "Cluster away/other spec.clusterRef.name",
                "Catalog all spec.deep[0].catalogRef.name",
                "ConfigMap shop/c spec.mapRef.name",
            ]
        );
        let mut of_kubernetes = object;
        of_kubernetes["apiVersion"] = "storage.k8s.io/v1".into();
        assert!(told(&of_kubernetes).is_empty());
    }
}
