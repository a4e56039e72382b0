//! Labels, and what selects them.

use serde_json::Value;

use crate::live::object::{list, namespace};
use crate::live::snapshot::Snapshot;

/// Whether a selector of the kind that workloads and policies have (`matchLabels`, `matchExpressions`) fits labels.
/// An empty one fits everything, none at all fits nothing.
pub fn fits(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.filter(|selector| !selector.is_null()) else { return false };
    let equal = selector.get("matchLabels").and_then(Value::as_object);
    let all_equal = equal.into_iter().flatten().all(|(key, value)| label(labels, key) == value.as_str());
    all_equal && list(selector, "/matchExpressions").iter().all(|one| expression(one, labels))
}

/// Whether a plain map of labels, as Services have it, fits. An empty one fits nothing: such a Service has no pods of
/// its own.
pub fn fits_plain(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.and_then(Value::as_object).filter(|map| !map.is_empty()) else { return false };
    selector.iter().all(|(key, value)| label(labels, key) == value.as_str())
}

/// The pods that a Service leads to.
pub fn selected<'a>(snapshot: &'a Snapshot, service: &Value) -> Vec<&'a Value> {
    let selector = service.pointer("/spec/selector");
    let pods = snapshot.inside("", "Pod", namespace(service));
    pods.filter(|pod| fits_plain(selector, pod.pointer("/metadata/labels"))).collect()
}

/// The first pair of a selector that labels do not have, with what they have in its place.
pub fn first_misfit<'a>(
    selector: &'a serde_json::Map<String, Value>,
    labels: Option<&'a Value>,
) -> Option<(&'a str, &'a str, Option<&'a str>)> {
    let pairs = selector.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()));
    pairs.map(|(key, wanted)| (key, wanted, label(labels, key))).find(|(_, wanted, had)| *had != Some(*wanted))
}

/// The value of a label in a map of labels.
pub fn label<'a>(labels: Option<&'a Value>, key: &str) -> Option<&'a str> {
    labels?.get(key)?.as_str()
}

/// Labels that controllers give to pods, and that are others with the next rollout.
pub fn is_of_a_rollout(key: &str) -> bool {
    matches!(
        key,
        "pod-template-hash" | "controller-revision-hash" | "pod-template-generation" | "apps.kubernetes.io/pod-index"
    )
}

/// `app=web, tier=front`: without what changes with each rollout, for nobody should write that down.
pub fn shown(labels: Option<&Value>) -> String {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten().filter(|(key, _)| !is_of_a_rollout(key));
    pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(", ")
}

fn expression(one: &Value, labels: Option<&Value>) -> bool {
    let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap_or_default();
    let had = label(labels, text("key"));
    let is_among = had.is_some_and(|had| list(one, "/values").iter().any(|value| value.as_str() == Some(had)));
    match text("operator") {
        "In" => is_among,
        "NotIn" => !is_among,
        "Exists" => had.is_some(),
        "DoesNotExist" => had.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_mean_what_kubernetes_means_by_them() {
        let labels = json!({"app": "web", "tier": "front"});
        let cases = [
            (json!({}), true),
            (json!(null), false),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "web", "tier": "back"}}), false),
            (json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]}), true),
            (json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]}), false),
            (json!({"matchExpressions": [{"key": "beta", "operator": "DoesNotExist"}]}), true),
            (json!({"matchExpressions": [{"key": "beta", "operator": "Exists"}]}), false),
        ];
        for (selector, expected) in cases {
            assert_eq!(fits(Some(&selector), Some(&labels)), expected, "{selector}");
        }
        assert!(!fits_plain(Some(&json!({})), Some(&labels)), "a Service without selector has no pods");
        assert!(fits_plain(Some(&json!({"app": "web"})), Some(&labels)));
    }
}
