//! What policies write into objects when those are made or changed.

use serde_json::Value;

use super::object::{group_of, list, namespace, text};
use super::policy::{policies, quoted};
use super::references::template::Template;
use super::snapshot::Snapshot;

/// The policy that writes a field of such objects when they are made or changed, and where it says so. `key` is the
/// last name on the way to the field.
pub fn mutation_of<'a>(snapshot: &'a Snapshot, object: &Value, key: &str) -> Option<(&'a Value, String)> {
    let mut all = mutations(snapshot, object).into_iter().filter(|(.., mutation)| names(mutation, key));
    all.next().map(|(policy, place, _)| (policy, place))
}

/// The policy that writes this text there, or a part of it.
pub fn mutation_to<'a>(snapshot: &'a Snapshot, object: &Value, key: &str, text: &str) -> Option<(&'a Value, String)> {
    let is_it = |mutation: &Value| {
        names(mutation, key)
            && text.len() > 2
            && (mutation.to_string().contains(text) || written(mutation).iter().any(|piece| text.contains(piece)))
    };
    let mut all = mutations(snapshot, object).into_iter().filter(|(.., mutation)| is_it(mutation));
    all.next().map(|(policy, place, _)| (policy, place))
}

/// Pieces of text that a mutation writes as they stand, long enough to tell something: texts in quotes that are not only
/// looked for, and what stands around variables.
fn written(mutation: &Value) -> Vec<&str> {
    const LEAST: usize = 5;
    const LOOKED_FOR: [&str; 8] =
        ["replace(", "replace_all(", "contains(", "startsWith(", "endsWith(", "matches(", "split(", "=="];
    let mut found: Vec<&str> = match mutation {
        Value::Object(fields) => fields.values().flat_map(written).collect(),
        Value::Array(items) => items.iter().flat_map(written).collect(),
        Value::String(text) => {
            let is_written = |before: &str| !LOOKED_FOR.iter().any(|word| before.trim_end().ends_with(word));
            let quoted = quoted(text).into_iter().filter(|(before, ..)| is_written(before)).map(|(_, piece, _)| piece);
            let around = text.split("{{").map(|part| part.split_once("}}").map_or(part, |(_, rest)| rest));
            quoted.chain(around.filter(|_| text.contains("{{"))).collect()
        }
        _ => Vec::new(),
    };
    found.retain(|piece| piece.len() >= LEAST && piece.contains(|letter: char| !letter.is_alphanumeric()));
    found
}

/// What policies write into an object: the policy, the field of it that says so, and what that is.
fn mutations<'a>(snapshot: &'a Snapshot, object: &Value) -> Vec<(&'a Value, String, &'a Value)> {
    let is_inside = |policy: &&Value| namespace(policy).is_empty() || namespace(policy) == namespace(object);
    let mut found = Vec::new();
    for policy in policies(snapshot).filter(is_inside) {
        let own = list(policy, "/spec/mutations").iter().enumerate().filter(|_| takes(policy, object));
        found.extend(own.map(|(index, mutation)| (policy, expression(index, mutation), mutation)));
        let rules = list(policy, "/spec/rules").iter().enumerate().filter(|(_, rule)| takes_by_rule(rule, object));
        let mutating = rules.filter_map(|(index, rule)| Some((index, rule.get("mutate")?)));
        found.extend(mutating.map(|(index, mutate)| (policy, format!("spec.rules[{index}].mutate"), mutate)));
    }
    found
}

/// Where a mutation says what it writes.
fn expression(index: usize, mutation: &Value) -> String {
    let way = ["applyConfiguration", "jsonPatch"].into_iter().find(|way| mutation.get(way).is_some());
    way.map_or_else(|| format!("spec.mutations[{index}]"), |way| format!("spec.mutations[{index}].{way}.expression"))
}

/// Kinds by which an object is taken: its own, and that of its pods, for whose templates such policies are meant too.
fn kinds_of(object: &Value) -> Vec<&str> {
    let pod = Template::of(object).map(|_| "Pod");
    std::iter::once(text(object, "/kind")).chain(pod).collect()
}

/// Whether a word stands in a value as a word of its own.
fn names(value: &Value, word: &str) -> bool {
    value.to_string().split(|letter: char| !letter.is_ascii_alphanumeric()).any(|one| one == word)
}

fn takes(policy: &Value, object: &Value) -> bool {
    let own = group_of(text(object, "/apiVersion"));
    list(policy, "/spec/matchConstraints/resourceRules").iter().any(|rule| {
        let has = |field: &str, fits: &dyn Fn(&str) -> bool| {
            list(rule, field).iter().filter_map(Value::as_str).any(|one| one == "*" || fits(one))
        };
        let plain = |word: &str| word.to_lowercase().trim_end_matches('s').to_string();
        kinds_of(object).iter().any(|kind| {
            let group = if *kind == "Pod" { "" } else { own };
            has("/apiGroups", &|one| one == group) && has("/resources", &|one| plain(one) == plain(kind))
        })
    })
}

fn takes_by_rule(rule: &Value, object: &Value) -> bool {
    let one = rule.get("match").into_iter();
    let several = ["/match/any", "/match/all"].iter().flat_map(|pointer| list(rule, pointer));
    let own = kinds_of(object);
    one.chain(several).any(|filter| {
        let mut kinds = list(filter, "/resources/kinds").iter().filter_map(Value::as_str);
        let places: Vec<_> = list(filter, "/resources/namespaces").iter().filter_map(Value::as_str).collect();
        kinds.any(|kind| kind == "*" || kind.rsplit('/').next().is_some_and(|kind| own.contains(&kind)))
            && (places.is_empty() || places.contains(&namespace(object)) || places.contains(&"*"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::object::name;

    #[test]
    fn a_policy_that_writes_a_field_is_found_by_kind_and_field() {
        let classic = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "mirror"}, "spec": {"rules": [
            {"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["demo"]}}]}, "mutate": {"patchStrategicMerge": {"spec": {"containers": [{"image": "mirror/x:1"}]}}}}]}});
        let newer = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "MutatingPolicy", "metadata": {"name": "few"}, "spec": {
            "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "resources": ["deployments"]}]},
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{replicas: 1}}"}}]}});
        let snapshot = Snapshot::of("lab", [classic, newer]);
        let found = |api: &str, kind: &str, place: &str, key: &str| {
            let object = json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": place}});
            mutation_of(&snapshot, &object, key).map(|(policy, field)| format!("{} {field}", name(policy)))
        };
        assert_eq!(found("v1", "Pod", "demo", "image").as_deref(), Some("mirror spec.rules[0].mutate"));
        assert_eq!(
            found("apps/v1", "Deployment", "demo", "replicas").as_deref(),
            Some("few spec.mutations[0].applyConfiguration.expression")
        );
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo"}, "spec": {"template": {"spec": {}}}});
        let writes = |text: &str| mutation_to(&snapshot, &deployment, "image", text).map(|(policy, _)| name(policy));
        assert_eq!((writes("mirror/x:1"), writes("other/x:1")), (Some("mirror"), None), "templates are meant too");
        for (api, kind, place, key) in [
            ("v1", "Pod", "other", "image"),
            ("v1", "Pod", "demo", "ima"),
            ("apps/v1", "StatefulSet", "demo", "replicas"),
        ] {
            assert_eq!(found(api, kind, place, key), None, "{kind} {place} {key}");
        }
    }

    #[test]
    fn a_policy_that_writes_a_part_of_a_text_is_found_by_that_part() {
        let policy = |mutation: Value| {
            json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedMutatingPolicy", "metadata": {"namespace": "demo", "name": "mirror"},
                "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "resources": ["pods"]}]}, "mutations": [mutation]}})
        };
        let found = |mutation: Value, text: &str| {
            let snapshot = Snapshot::of("lab", [policy(mutation)]);
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "demo"}});
            mutation_to(&snapshot, &pod, "image", text).map(|(_, field)| field)
        };
        let expression = |said: &str| json!({"applyConfiguration": {"expression": said}});
        let replaced = expression(r#"Object{image: one.image.replace("docker.io/", "mirror.example/")}"#);
        let field = Some("spec.mutations[0].applyConfiguration.expression".to_string());
        assert_eq!(found(replaced.clone(), "mirror.example/x:1"), field);
        assert_eq!(found(replaced, "docker.io/x:1"), None, "what is looked for is not written");
        let patch = json!({"jsonPatch": {"expression": "[JSONPatch{path: '/spec/containers/0/image', value: 'mirror.example/' + object.a}]"}});
        assert_eq!(found(patch, "mirror.example/x:1").as_deref(), Some("spec.mutations[0].jsonPatch.expression"));
        assert_eq!(
            found(json!({"image": "mirror.example/{{ name }}"}), "mirror.example/x:1").as_deref(),
            Some("spec.mutations[0]")
        );
        assert_eq!(found(expression("Object{image: 'mirror.example/'}"), "other.example/x:1"), None);
    }
}
