//! What never reaches an assistant of an object: values of Secrets, and the copies of them that hide elsewhere.
//!
//! Every object passes [`scrub`] before it is kept or shown, whatever road it came by. What is a secret is known in
//! [`crate::secrets`].

use serde_json::{Map, Value, json};

use crate::secrets;

pub use crate::secrets::HIDDEN;

/// Annotations longer than this hold copies of objects or reports, never what a person would read.
const LONG_ANNOTATION: usize = 1024;
/// Where client-side apply keeps what was applied.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// What is remembered beside the writers.
const DECLARED: &str = "declared";
const SCALER: &str = "scaler";
/// Writers of one object that are remembered, the last ones.
const MOST_WRITERS: usize = 4;

/// Takes out field managers, copies of the object in annotations, and whatever is a secret.
pub fn scrub(object: &mut Value) {
    let applied = applied(object);
    let last = object.get_mut("metadata").and_then(Value::as_object_mut).and_then(|meta| last_change(meta, applied));
    short_annotations(object);
    secrets::clean(object);
    if let (Some(last), Some(meta)) = (last, object.get_mut("metadata").and_then(Value::as_object_mut)) {
        meta.insert("managedFields".into(), last);
    }
}

/// The object, scrubbed.
pub fn scrubbed(mut object: Value) -> Value {
    scrub(&mut object);
    object
}

/// Of the field managers only who they are, when each wrote last, and which keys of a ConfigMap; the newest first. States that controllers write are
/// no changes. It never leaves in an answer: it is there to tell what has changed since something started, and by whom.
fn last_change(meta: &mut Map<String, Value>, applied: Option<Value>) -> Option<Value> {
    let managers = match meta.remove("managedFields") {
        Some(Value::Array(managers)) => managers,
        _ => Vec::new(),
    };
    let scales = |entry: &&Value| entry.pointer("/fieldsV1/f:spec/f:replicas").is_some();
    let scaler = managers.iter().find(scales).and_then(|entry| entry.get("manager").cloned());
    let kept = managers.iter().find(|entry| entry.get(DECLARED).is_some() || entry.get(SCALER).is_some()).cloned();
    let last = applied.or_else(|| kept.clone()?.get(DECLARED).cloned()).map(|applied| (DECLARED, applied));
    let scaler = scaler.or_else(|| kept?.get(SCALER).cloned()).map(|scaler| (SCALER, scaler));
    let extra: Map<_, _> = last.into_iter().chain(scaler).map(|(key, value)| (key.to_string(), value)).collect();
    let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_string();
    let changes = managers.iter().filter(|entry| text(entry, "subresource").is_empty());
    let mut changes: Vec<_> = changes.map(|entry| (text(entry, "time"), text(entry, "manager"), keys(entry))).collect();
    changes.retain(|(time, ..)| !time.is_empty());
    changes.sort_by(|a, b| b.cmp(a));
    changes.truncate(MOST_WRITERS);
    let told = changes.into_iter().map(|(time, manager, keys)| match keys.is_empty() {
        true => json!({"manager": manager, "time": time}),
        false => json!({"manager": manager, "time": time, "data": keys}),
    });
    let extra = (!extra.is_empty()).then_some(Value::Object(extra));
    let told: Vec<_> = told.chain(extra).collect();
    (!told.is_empty()).then_some(Value::Array(told))
}

/// What somebody has applied, of the few fields that others like to write, too: replicas, and images by container.
fn applied(object: &Value) -> Option<Value> {
    // Most objects have neither.
    object.pointer("/spec/template").or_else(|| object.pointer("/spec/replicas"))?;
    let copy = object.pointer("/metadata/annotations")?.get(APPLIED)?.as_str()?;
    let copy: Value = serde_json::from_str(copy).ok()?;
    let lists = ["/spec/template/spec/initContainers", "/spec/template/spec/containers"];
    let containers = lists.iter().filter_map(|list| copy.pointer(list)?.as_array()).flatten();
    let named =
        |container: &Value| Some((container.get("name")?.as_str()?.to_string(), container.get("image")?.clone()));
    let images: Map<_, _> = containers.filter_map(named).collect();
    let mut declared = json!({"images": images});
    if let Some(replicas) = copy.pointer("/spec/replicas").filter(|replicas| replicas.is_i64()) {
        declared["replicas"] = replicas.clone();
    }
    secrets::clean(&mut declared);
    Some(declared)
}

/// What somebody has applied, as far as it is remembered: `replicas`, and `images` by container.
pub fn declared(object: &Value) -> Option<&Value> {
    remembered(object, DECLARED)
}

/// Who has written its number of replicas last, if anybody has.
pub fn scaler(object: &Value) -> Option<&str> {
    remembered(object, SCALER)?.as_str()
}

fn remembered<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.pointer("/metadata/managedFields")?.as_array()?.iter().find_map(|entry| entry.get(key))
}

/// The keys of a ConfigMap that a writer has written.
fn keys(entry: &Value) -> Vec<&str> {
    let data = entry.pointer("/fieldsV1/f:data").and_then(Value::as_object);
    data.into_iter().flatten().filter_map(|(key, _)| key.strip_prefix("f:")).collect()
}

/// Of the object itself, and of those in it, as templates have them.
fn short_annotations(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(short_annotations),
        Value::Object(fields) => {
            if let Some(meta) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
                scrub_annotations(meta);
            }
            fields.values_mut().for_each(short_annotations);
        }
        _ => {}
    }
}

fn scrub_annotations(meta: &mut Map<String, Value>) {
    let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.retain(|key, value| {
        let is_copy = key.contains("last-applied") || key.contains("applied-configuration");
        let is_long = value.as_str().is_some_and(|text| text.len() > LONG_ANNOTATION);
        !is_copy && !is_long
    });
    if annotations.is_empty() {
        meta.remove("annotations");
    }
}

/// Text that programs wrote, with what looks like a credential taken out.
pub fn scrub_text(text: &str) -> String {
    secrets::clean_text(text).into_owned()
}

/// The same for one line.
pub fn scrub_line(line: &str) -> String {
    scrub_text(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-7f3a";

    #[test]
    fn no_road_of_an_object_lets_a_canary_through() {
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": CANARY}});
        let copy = secret.to_string();
        let objects = [
            secret.clone(),
            json!({"apiVersion": "v1", "kind": "SecretList", "items": [secret]}),
            json!({"apiVersion": "v1", "kind": "List", "items": [secret]}),
            json!({"kind": "ConfigMap", "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy}}}),
            json!({"kind": "Deployment", "metadata": {"managedFields": [{"fieldsV1": {CANARY: {}}}]}}),
            json!({"kind": "Object", "spec": {"forProvider": {"manifest": secret}}}),
            json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [
                {"env": [{"name": "DB_PASSWORD", "value": CANARY}]}]}}}}),
            json!({"kind": "Database", "spec": {"password": CANARY}, "status": {"adminToken": CANARY}}),
            json!({"kind": "Application", "spec": {"source": {"helm": {"parameters": [{"name": "auth.password", "value": CANARY}]}}}}),
            json!({"kind": "PolicyReport", "results": [{"message": format!("secret={CANARY}")}]}),
            json!({"kind": "Application", "spec": {"source": {"repoURL": format!("https://u:{CANARY}@git.example.org/a")}}}),
            json!({"kind": "X", "spec": {"template": {"metadata": {"annotations": {"a.dev/last-applied-x": copy}}}}}),
        ];
        for object in objects {
            let clean = scrubbed(object.clone()).to_string();
            assert!(!clean.contains(CANARY), "{object} became {clean}");
        }
    }

    #[test]
    fn of_what_was_applied_only_replicas_and_images_are_remembered_and_nothing_leaves() {
        let spec = json!({"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": "r/x:1", "args": [CANARY]}]}}});
        let copy = json!({"kind": "Deployment", "spec": spec}).to_string();
        let mut object = scrubbed(json!({"kind": "Deployment", "spec": {"replicas": 2, "template": {}}, "metadata": {
            "annotations": {APPLIED: copy}, "managedFields": [{"manager": "controller", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}}));
        assert_eq!(declared(&object), Some(&json!({"replicas": 1, "images": {"app": "r/x:1"}})));
        assert_eq!(scaler(&scrubbed(object.clone())), Some("controller"), "also after a second time");
        assert!(!object.to_string().contains(CANARY), "{object}");
        secrets::clean(&mut object);
        assert_eq!(object["metadata"], json!({}));
    }

    #[test]
    fn what_people_ask_for_stays() {
        let object = json!({"kind": "Pod", "metadata": {"name": "a", "annotations": {"note": "hi"}}, "spec": {
            "volumes": [{"secret": {"secretName": "db"}}],
            "containers": [{"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                {"name": "COLOR", "value": "blue"}]}]}});
        assert_eq!(scrubbed(object.clone()), object);
        let secret = scrubbed(json!({"apiVersion": "v1", "kind": "Secret", "data": {"user": "YQ=="}}));
        assert_eq!(secret["data"], json!({"user": HIDDEN}), "the keys stay");
    }

    #[test]
    fn lines_lose_credentials_and_nothing_else() {
        for line in [
            "connecting with password=canary-7f3a to db",
            "Authorization: Bearer canary-7f3a",
            "authorization: canary-7f3a",
            "postgres://app:canary-7f3a@db:5432/app refused",
            r#"{"level":"info","token":"canary-7f3a","a":1}"#,
            "curl -H Bearer canary-7f3a",
        ] {
            let clean = scrub_line(line);
            assert!(!clean.contains(CANARY), "{line} became {clean}");
        }
        let plain = "2026-01-02T03:04:05Z error: connect ECONNREFUSED db:5432 (retry=3)";
        assert_eq!(scrub_line(plain), plain);
    }
}
