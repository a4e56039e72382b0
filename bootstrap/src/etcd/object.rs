//! What a stored value says of its object. Kubernetes stores its own kinds as protocol buffers and all others as JSON.
//!
//! Metadata has the same place in every kind, and so have `spec` and `status` in nearly all of them. That is
//! all that is read here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::message::{bytes, fields, number, put, text};

/// What stands before a value in protocol buffers.
const MAGIC: &[u8] = b"k8s\0";
/// Fields of the envelope.
const TYPE: u64 = 1;
const RAW: u64 = 2;
/// Fields of an object.
const METADATA: u64 = 1;
const SPEC: u64 = 2;
const STATUS: u64 = 3;
/// Of a `ConfigMap`.
const DATA: u64 = 2;
/// Of a pod's `spec`.
const NODE_NAME: u64 = 10;
/// Of a pod's `status`.
const PHASE: u64 = 1;
const QOS_CLASS: u64 = 9;
/// Who owns which field of an object, with times: a field of the metadata.
const MANAGED_FIELDS: u64 = 17;

/// A few facts about an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its kind, as `Pod`.
    pub kind: String,
    /// Empty where its kind has none.
    pub namespace: String,
    /// `metadata.uid`, which no other object ever has.
    pub uid: String,
    /// `metadata.generation`: counts changes of what is wanted; 0 where the kind does not count.
    pub generation: i64,
    /// It is on its way out.
    pub is_deleting: bool,
    /// Its labels: key and value.
    pub labels: Vec<(String, String)>,
    /// The object that made this one and looks after it.
    pub controller: Option<Owner>,
    /// All objects with whose end this one goes, the controller among them.
    pub owners: Vec<Owner>,
}

/// An object that another one belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// Kind of the owner, as `ReplicaSet`.
    pub kind: String,
    /// `metadata.uid` of the owner.
    pub uid: String,
}

impl Object {
    /// Reads a value; nothing if it is no object.
    pub fn of(value: &[u8]) -> Option<Self> {
        match value.strip_prefix(MAGIC) {
            Some(envelope) => Self::of_message(envelope),
            None => Self::of_json(value),
        }
    }

    /// The value of a label; empty if it has none.
    pub fn label(&self, key: &str) -> &str {
        self.labels.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn of_message(envelope: &[u8]) -> Option<Self> {
        let metadata = bytes(bytes(envelope, RAW)?, METADATA)?;
        let entries = |of: u64| {
            fields(metadata).filter(move |field| field.number == of).filter_map(move |field| bytes(field.raw, of))
        };
        let owner = |owner: &[u8]| Owner { kind: text(owner, 1), uid: text(owner, 4) };
        Some(Self {
            kind: text(bytes(envelope, TYPE)?, 2),
            namespace: text(metadata, 3),
            uid: text(metadata, 5),
            generation: number(metadata, 7).cast_signed(),
            is_deleting: bytes(metadata, 9).is_some(),
            labels: entries(11).map(|entry| (text(entry, 1), text(entry, 2))).collect(),
            controller: entries(13).find(|one| number(one, 6) == 1).map(owner),
            owners: entries(13).map(owner).collect(),
        })
    }

    fn of_json(value: &[u8]) -> Option<Self> {
        let Json { kind, metadata } = serde_json::from_slice(value).ok()?;
        let owner = |owner: &JsonOwner| Owner { kind: owner.kind.clone(), uid: owner.uid.clone() };
        Some(Self {
            kind,
            namespace: metadata.namespace,
            uid: metadata.uid,
            generation: metadata.generation,
            is_deleting: metadata.deletion_timestamp.is_some(),
            labels: metadata.labels.unwrap_or_default().into_iter().collect(),
            controller: metadata.owner_references.iter().find(|one| one.controller).map(owner),
            owners: metadata.owner_references.iter().map(owner).collect(),
        })
    }
}

/// The part of an object in JSON that matters here.
#[derive(Deserialize)]
struct Json {
    kind: String,
    metadata: JsonMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JsonMetadata {
    namespace: String,
    uid: String,
    generation: i64,
    deletion_timestamp: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    owner_references: Vec<JsonOwner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonOwner {
    kind: String,
    uid: String,
    controller: bool,
}

/// The value with another one's status, or with none. Nothing if it is not in protocol buffers.
pub fn with_status_of(value: &[u8], other: Option<&[u8]>) -> Option<Vec<u8>> {
    let status = match other {
        Some(other) => bytes(bytes(other.strip_prefix(MAGIC)?, RAW)?, STATUS),
        None => None,
    };
    with_field(value, STATUS, status)
}

/// Whether a controller works out where the pods of a service are, and will do so again: of a value that says where they are.
pub fn is_computed(endpoints: &[u8]) -> bool {
    Object::of(endpoints).is_some_and(|object| {
        ["endpointslice.kubernetes.io/managed-by", "endpoints.kubernetes.io/managed-by"].iter().any(|label| {
            object.label(label).ends_with("controller") || object.label(label).ends_with("controller.k8s.io")
        })
    })
}

/// What a pod's value says beside what every object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodFacts {
    /// Where it was placed; empty where it was not.
    pub node: String,
    /// It ran to its end, and is not started again.
    pub has_ended: bool,
}

/// Reads a pod; nothing if the value is none.
pub fn pod(value: &[u8]) -> Option<PodFacts> {
    let object = bytes(value.strip_prefix(MAGIC)?, RAW)?;
    let phase = bytes(object, STATUS).map(|status| text(status, PHASE)).unwrap_or_default();
    let node = bytes(object, SPEC).map(|spec| text(spec, NODE_NAME)).unwrap_or_default();
    Some(PodFacts { node, has_ended: matches!(phase.as_str(), "Succeeded" | "Failed") })
}

/// A pod as it is before its kubelet knows of it. Nothing if the value is none.
pub fn not_started(value: &[u8]) -> Option<Vec<u8>> {
    let object = bytes(value.strip_prefix(MAGIC)?, RAW)?;
    let mut status = Vec::new();
    put(&mut status, PHASE, b"Pending");
    // The only fact that was decided when the pod was made.
    if let Some(class) = bytes(object, STATUS).and_then(|status| bytes(status, QOS_CLASS)) {
        put(&mut status, QOS_CLASS, class);
    }
    with_field(value, STATUS, Some(&status))
}

/// A `ConfigMap` that has this entry alone. Nothing if the value is none.
pub fn with_data(value: &[u8], key: &str, content: &str) -> Option<Vec<u8>> {
    let mut entry = Vec::new();
    put(&mut entry, 1, key.as_bytes());
    put(&mut entry, 2, content.as_bytes());
    with_field(value, DATA, Some(&entry))
}

/// The value with this content alone in a field of its object, or without the field.
fn with_field(value: &[u8], number: u64, content: Option<&[u8]>) -> Option<Vec<u8>> {
    let envelope = value.strip_prefix(MAGIC)?;
    let mut object = Vec::new();
    for field in fields(bytes(envelope, RAW)?).filter(|field| field.number != number) {
        object.extend_from_slice(field.raw);
    }
    if let Some(content) = content {
        put(&mut object, number, content);
    }
    let mut new = MAGIC.to_vec();
    for field in fields(envelope) {
        match field.number {
            RAW => put(&mut new, RAW, &object),
            _ => new.extend_from_slice(field.raw),
        }
    }
    Some(new)
}

/// Whether two values ask for the same: all of them is equal but the status, and who wrote which field when.
pub fn asks_the_same(one: &[u8], other: &[u8]) -> bool {
    match (wish(one), wish(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// All fields of an object but its status, the metadata without the managed fields.
fn wish(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let object = bytes(value.strip_prefix(MAGIC)?, RAW)?;
    let mut wish = Vec::new();
    for field in fields(object).filter(|field| field.number != STATUS) {
        let metadata = bytes(field.raw, METADATA).filter(|_| field.number == METADATA);
        match metadata {
            Some(metadata) => {
                let kept = fields(metadata).filter(|field| field.number != MANAGED_FIELDS);
                wish.push(kept.flat_map(|field| field.raw).copied().collect());
            }
            None => wish.push(field.raw.to_vec()),
        }
    }
    Some(wish)
}

/// A value as Kubernetes stores its own kinds, for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::{MAGIC, MANAGED_FIELDS, METADATA, NODE_NAME, PHASE, QOS_CLASS, RAW, SPEC, STATUS, TYPE, put};

    /// A pod's `spec` that places it.
    pub(crate) fn pod_spec(node: &str) -> Vec<u8> {
        let mut spec = Vec::new();
        put(&mut spec, 2, b"containers");
        put(&mut spec, NODE_NAME, node.as_bytes());
        spec
    }

    /// A pod's `status`.
    pub(crate) fn pod_status(phase: &str, class: &str) -> Vec<u8> {
        let mut status = Vec::new();
        put(&mut status, PHASE, phase.as_bytes());
        put(&mut status, QOS_CLASS, class.as_bytes());
        status
    }

    /// What a sample has.
    #[derive(Default, Clone)]
    pub(crate) struct Sample<'a> {
        pub kind: &'a str,
        pub namespace: &'a str,
        pub uid: &'a str,
        pub generation: u8,
        pub deleting: bool,
        pub labels: &'a [(&'a str, &'a str)],
        /// Kind and UID.
        pub controller: Option<(&'a str, &'a str)>,
        /// Kind and UID of one that does not look after it.
        pub owner: Option<(&'a str, &'a str)>,
        pub managed: &'a str,
        pub spec: &'a str,
        pub status: &'a str,
    }

    impl Sample<'_> {
        pub(crate) fn value(&self) -> Vec<u8> {
            self.value_of(self.spec.as_bytes(), self.status.as_bytes())
        }

        /// With a `spec` and a `status` that are messages of their own.
        pub(crate) fn value_of(&self, spec: &[u8], status: &[u8]) -> Vec<u8> {
            let mut metadata = Vec::new();
            put(&mut metadata, 3, self.namespace.as_bytes());
            put(&mut metadata, 5, self.uid.as_bytes());
            metadata.extend([7 << 3, self.generation]);
            if self.deleting {
                put(&mut metadata, 9, b"\x08\x01");
            }
            for (key, value) in self.labels {
                let mut entry = Vec::new();
                put(&mut entry, 1, key.as_bytes());
                put(&mut entry, 2, value.as_bytes());
                put(&mut metadata, 11, &entry);
            }
            for (owner, is_controller) in [(self.owner, 0), (self.controller, 1)] {
                let Some((kind, uid)) = owner else { continue };
                let mut owner = Vec::new();
                put(&mut owner, 1, kind.as_bytes());
                put(&mut owner, 4, uid.as_bytes());
                owner.extend([6 << 3, is_controller]);
                put(&mut metadata, 13, &owner);
            }
            put(&mut metadata, MANAGED_FIELDS, self.managed.as_bytes());
            let mut object = Vec::new();
            put(&mut object, METADATA, &metadata);
            put(&mut object, SPEC, spec);
            if !status.is_empty() {
                put(&mut object, STATUS, status);
            }
            let mut kind = Vec::new();
            put(&mut kind, 1, b"v1");
            put(&mut kind, 2, self.kind.as_bytes());
            let mut value = MAGIC.to_vec();
            put(&mut value, TYPE, &kind);
            put(&mut value, RAW, &object);
            put(&mut value, 3, b"");
            value
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::Sample;
    use super::*;

    const POD: Sample<'_> = Sample {
        kind: "Pod",
        namespace: "n",
        uid: "u",
        generation: 3,
        deleting: true,
        labels: &[("a", "b"), ("c", "d")],
        controller: Some(("ReplicaSet", "r")),
        owner: Some(("X", "x")),
        managed: "m",
        spec: "spec",
        status: "status",
    };

    #[test]
    fn both_forms_tell_the_same() {
        let json = br#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "n", "uid": "u", "generation": 3, "deletionTimestamp": "now",
            "labels": {"a": "b", "c": "d"}, "ownerReferences": [{"kind": "X", "uid": "x"},
            {"kind": "ReplicaSet", "uid": "r", "controller": true}]}}"#;
        let object = Object::of(&POD.value()).expect("an object");
        assert_eq!(Some(&object), Object::of(json).as_ref());
        assert_eq!(
            (object.kind.as_str(), object.uid.as_str(), object.generation, object.is_deleting),
            ("Pod", "u", 3, true)
        );
        assert_eq!((object.label("c"), object.label("x")), ("d", ""));
        assert_eq!(object.controller, Some(Owner { kind: "ReplicaSet".into(), uid: "r".into() }));
        assert_eq!(object.owners.len(), 2);
        for none in [&b""[..], b"text", b"k8s\0", b"{}"] {
            assert_eq!(Object::of(none), None);
        }
    }

    #[test]
    fn a_status_is_taken_from_another_or_left_out() {
        let with = |status: &'static str| Sample { status, ..POD }.value();
        assert_eq!(with_status_of(&with("old"), Some(&with("new"))), Some(with("new")));
        assert_eq!(with_status_of(&with("old"), None), Some(with("")));
        assert_eq!(with_status_of(b"{}", None), None);
    }

    #[test]
    fn a_config_map_gets_other_data() {
        let map = with_data(&POD.value(), "ca.crt", "new").expect("a value");
        let data = bytes(bytes(map.strip_prefix(MAGIC).expect("magic"), RAW).expect("an object"), DATA).expect("data");
        assert_eq!((text(data, 1).as_str(), text(data, 2).as_str()), ("ca.crt", "new"));
        assert_eq!(Object::of(&map), Object::of(&POD.value()));
        assert_eq!(with_data(b"{}", "a", "b"), None);
    }

    #[test]
    fn neither_status_nor_who_wrote_it_is_a_wish() {
        let other = Sample { status: "other", managed: "by another", ..POD };
        assert!(asks_the_same(&POD.value(), &other.value()));
        assert!(!asks_the_same(&POD.value(), &Sample { spec: "more", ..POD }.value()));
        assert!(!asks_the_same(&POD.value(), &Sample { generation: 4, ..POD }.value()));
        assert!(asks_the_same(b"{}", b"{}") && !asks_the_same(b"{}", b"[]"));
    }
}
