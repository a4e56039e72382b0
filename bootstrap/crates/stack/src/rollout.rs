//! Pods take most of their configuration when they start. So each workload carries a digest of the ConfigMaps that its
//! pods use: where one of them changes (another `--url`, another parameter, another file), new pods take the old
//! ones' place, and a Job runs again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use backstack_images::Digest;

/// Annotation of pod templates.
pub(super) const CONFIG: &str = "backstack.dev/config";
const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];
/// Keys in a pod under which a ConfigMap is named.
const NAMED_BY: [&str; 3] = ["configMap", "configMapRef", "configMapKeyRef"];

/// Stamps the workloads among these objects of one component, whose own namespace this is.
pub(super) fn stamp(objects: &mut [Value], namespace: &str) {
    let maps: BTreeMap<(String, String), String> = objects
        .iter()
        .filter(|object| object["kind"] == "ConfigMap")
        .map(|object| (place(object, namespace), json!([object["data"], object["binaryData"]]).to_string()))
        .collect();
    for object in objects.iter_mut().filter(|object| WORKLOADS.iter().any(|kind| object["kind"] == *kind)) {
        let (at, _) = place(object, namespace);
        let mut names = BTreeSet::new();
        collect(object.pointer("/spec/template/spec").unwrap_or(&Value::Null), &mut names);
        let used: Vec<&String> = names.into_iter().filter_map(|name| maps.get(&(at.clone(), name))).collect();
        if !used.is_empty() {
            let digest = Digest::of(json!(used).to_string().as_bytes());
            annotate(object, &digest.hex()[..16]);
        }
    }
}

fn place(object: &Value, namespace: &str) -> (String, String) {
    let text = |key: &str| object["metadata"][key].as_str();
    (text("namespace").unwrap_or(namespace).into(), text("name").unwrap_or_default().into())
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if NAMED_BY.contains(&key.as_str()) {
                    names.extend(value["name"].as_str().map(str::to_string));
                }
                collect(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// A template of a wrong shape is left as it is: the API server says what is wrong with it.
fn annotate(object: &mut Value, digest: &str) {
    let template = object.pointer_mut("/spec/template").and_then(Value::as_object_mut);
    let metadata =
        template.and_then(|template| template.entry("metadata").or_insert_with(|| json!({})).as_object_mut());
    let annotations =
        metadata.and_then(|metadata| metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut());
    if let Some(annotations) = annotations {
        annotations.insert(CONFIG.into(), digest.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(name: &str, value: &str) -> Value {
        json!({"kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}})
    }

    fn stamped(mut objects: Vec<Value>) -> Option<String> {
        objects.push(
            json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "n"}, "spec": {"template": {"spec": {
            "containers": [{"envFrom": [{"configMapRef": {"name": "env"}}]}],
            "volumes": [{"configMap": {"name": "files"}}, {"configMap": {"name": "elsewhere"}}]}}}}),
        );
        stamp(&mut objects, "n");
        let found = objects.last()?.pointer("/spec/template/metadata/annotations/backstack.dev~1config")?;
        found.as_str().map(str::to_string)
    }

    #[test]
    fn a_workload_changes_with_its_config_maps_and_no_others() {
        let before = stamped(vec![map("env", "1"), map("files", "2"), map("other", "3")]).expect("a digest");
        assert_eq!(stamped(vec![map("other", "4"), map("files", "2"), map("env", "1")]).as_ref(), Some(&before));
        assert_ne!(stamped(vec![map("env", "1"), map("files", "9")]).as_ref(), Some(&before));
        assert_eq!(stamped(vec![map("other", "3")]), None);
        let mut wrong = [
            map("env", "1"),
            json!({"kind": "Job", "spec": {"template": {"metadata": 3, "spec": {"configMap": {"name": "env"}}}}}),
        ];
        stamp(&mut wrong, "n");
        assert_eq!(wrong[1]["spec"]["template"]["metadata"], json!(3));
    }
}
