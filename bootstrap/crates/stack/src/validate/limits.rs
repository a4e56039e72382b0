//! What the API server would refuse of any object, told before there is one: too much of something, and numbers where text
//! has to be.

use serde_json::Value;

use crate::problem::Problems;
use crate::shape::{describe, in_quotes};
use crate::types::Manifest;
use crate::yaml::child;

/// Bytes in all values of a ConfigMap or Secret.
const MOST_DATA: usize = 1 << 20;
/// Bytes in all annotations, keys and values.
const MOST_ANNOTATIONS: usize = 256 << 10;
/// Bytes that etcd takes at once.
const MOST_AT_ALL: usize = 3 << 19;

/// Checks one object.
pub(super) fn check(manifest: &Manifest, name: &str, problems: &mut Problems) {
    let object = &manifest.object;
    let line = |pointer: &str| manifest.places.line(pointer);
    let known = format!("{} `{}`", text(object, "/kind"), text(object, "/metadata/name"));
    let (plain, encoded) = match (text(object, "/apiVersion"), text(object, "/kind")) {
        ("v1", "ConfigMap") => ("data", "binaryData"),
        ("v1", "Secret") => ("stringData", "data"),
        _ => ("", ""),
    };
    let data = bytes(object, plain) + bytes(object, encoded) / 4 * 3;
    let annotations =
        pairs(object.pointer("/metadata/annotations")).map(|(key, value)| key.len() + value).sum::<usize>();
    let all = object.to_string().len();
    if data > MOST_DATA {
        let pointer = if object.get(plain).is_some() { plain } else { encoded };
        let message = format!("{known} has {data} bytes of data; Kubernetes takes {MOST_DATA} at most");
        problems.error(name, line(&child("", pointer)), message);
    } else if annotations > MOST_ANNOTATIONS {
        let message =
            format!("{known} has {annotations} bytes of annotations; Kubernetes takes {MOST_ANNOTATIONS} at most");
        problems.error(name, line("/metadata/annotations"), message);
    } else if all > MOST_AT_ALL {
        let message = format!("{known} has {all} bytes; a cluster's store takes {MOST_AT_ALL} at most");
        problems.error(name, manifest.line, message);
    }
    texts(manifest, plain, name, problems);
}

/// Names, and values of maps that hold nothing but text.
fn texts(manifest: &Manifest, data: &str, name: &str, problems: &mut Problems) {
    let mut wanted: Vec<String> =
        ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"].map(str::to_string).into();
    for map in ["/metadata/labels", "/metadata/annotations", &child("", data)] {
        let keys = manifest.object.pointer(map).and_then(Value::as_object).into_iter().flatten();
        wanted.extend(keys.map(|(key, _)| child(map, key)));
    }
    for pointer in wanted {
        let Some(value) = manifest.object.pointer(&pointer) else { continue };
        if value.is_number() || value.is_boolean() {
            let written = manifest.places.written(&pointer);
            let path = crate::shape::path_name(&pointer);
            let message = format!("{path} must be text, not {}{}", describe(value, written), in_quotes(value, written));
            problems.error(name, manifest.places.line(&pointer), message);
        }
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn bytes(object: &Value, key: &str) -> usize {
    pairs(object.get(key)).map(|(_, value)| value).sum()
}

/// Keys, and how long the texts are that they have.
fn pairs(map: Option<&Value>) -> impl Iterator<Item = (&String, usize)> {
    let pairs = map.and_then(Value::as_object).into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key, value.as_str()?.len())))
}
