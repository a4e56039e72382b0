//! A Secret that is not there because what would make it is told not to: an operator's object of whose name it begins, and a
//! field of that which is switched off and is called like the rest. Whoever made it by hand would make it in vain.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, group_of, list, name, namespace, text};
use crate::live::owners;
use crate::live::references::template::uses;
use crate::live::snapshot::Snapshot;

/// Shorter words stand in any field.
const TELLING: usize = 4;

/// A Secret that a pod misses, as one of the object that does not make it.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::MissingReference {
        return finding;
    }
    let Some(pod) = seen.snapshot.get(&finding.object).filter(|object| text(object, "/kind") == "Pod") else {
        return finding;
    };
    let Some(secret) = missing(pod) else { return finding };
    let Some((object, field)) = switched_off(seen.snapshot, namespace(pod), secret) else { return finding };
    let (at, maker) = (Ref::of(object), Ref::of(maker_of(seen.snapshot, pod)));
    let of_template = maker_of(seen.snapshot, pod);
    let used = uses(of_template).into_iter().find(|used| used.at.kind == "Secret" && used.at.name == secret);
    let other =
        used.map(|used| format!("; or let {maker} use another of its logins (`{}`)", used.field)).unwrap_or_default();
    let text = format!("makes no Secret {secret}, which {maker} needs: `{field}` is false");
    let mut found = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).should_be(true);
    found.weight = finding.weight;
    found.affects.push(maker.to_string());
    let found = finding.evidence.iter().fold(found, |found, one| found.with(one.source.clone(), &one.text));
    found.with(field.clone(), "false").next(format!(
        "Set `{field}` of {at} to true: then it makes Secret {secret} itself (one that is made by hand opens nothing){other}."
    ))
}

/// The Secret that the kubelet looks for in vain.
fn missing(pod: &Value) -> Option<&str> {
    let statuses = ["initContainerStatuses", "containerStatuses"].into_iter();
    let said =
        statuses.flat_map(|part| list(pod, &format!("/status/{part}"))).map(|one| text(one, "/state/waiting/message"));
    said.filter(|said| said.contains("not found")).find_map(|said| said.split_once("secret \"")?.1.split('"').next())
}

/// Kinds of objects of whose name the Secret begins that a pod misses: by what they own, for they may not be kept.
pub(in crate::live::diagnose) fn kinds(snapshot: &Snapshot, pod: &Value) -> Vec<(String, String)> {
    let Some(secret) = missing(pod).filter(|_| text(pod, "/kind") == "Pod") else { return Vec::new() };
    let owned = ["Service", "Pod", "PersistentVolumeClaim"]
        .into_iter()
        .flat_map(|kind| snapshot.inside("", kind, namespace(pod)));
    let owners = owned.filter_map(owners::reference).filter(|owner| rest(secret, text(owner, "/name")).is_some());
    owners.map(|owner| (group_of(text(owner, "/apiVersion")).to_string(), text(owner, "/kind").to_string())).collect()
}

/// What a Secret's name says beside that of an object: `superuser` of `pg-superuser`.
fn rest<'a>(secret: &'a str, object: &str) -> Option<&'a str> {
    let rest = secret.strip_prefix(object).and_then(|rest| rest.strip_prefix(['-', '.']));
    let rest = rest.or_else(|| secret.strip_suffix(object).and_then(|rest| rest.strip_suffix(['-', '.'])));
    rest.filter(|rest| !object.is_empty() && rest.len() >= TELLING)
}

/// The object that would make a Secret, and the field by which it does not.
fn switched_off<'a>(snapshot: &'a Snapshot, place: &str, secret: &str) -> Option<(&'a Value, String)> {
    let of_operators = snapshot.tables().filter(|((group, _), _)| group.contains('.') && !group.ends_with(".k8s.io"));
    let own = of_operators.flat_map(|((group, kind), _)| snapshot.inside(group, kind, place));
    own.into_iter().find_map(|object| {
        let wanted: String = rest(secret, name(object))?.chars().filter(char::is_ascii_alphanumeric).collect();
        Some((object, off(object.get("spec")?, "spec", &wanted.to_lowercase())?))
    })
}

/// A field that is false and is called like a word.
fn off(value: &Value, path: &str, wanted: &str) -> Option<String> {
    let fields = value.as_object()?;
    let own = fields.iter().find(|(key, value)| **value == Value::Bool(false) && key.to_lowercase().contains(wanted));
    let own = own.map(|(key, _)| format!("{path}.{key}"));
    let enabled = || {
        let called = fields.iter().filter(|(key, _)| key.to_lowercase().contains(wanted));
        let mut off = called.filter(|(_, value)| value.get("enabled") == Some(&Value::Bool(false)));
        off.next().map(|(key, _)| format!("{path}.{key}.enabled"))
    };
    own.or_else(enabled).or_else(|| fields.iter().find_map(|(key, value)| off(value, &format!("{path}.{key}"), wanted)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::diagnose;

    fn judged(spec: Value, secret: &str) -> (String, String, String) {
        let cluster = json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "pg", "uid": "pg"}, "spec": spec});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "admin"},
            "spec": {"nodeName": "n", "containers": [{"name": "app", "env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}}]}]},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "CreateContainerConfigError", "message": format!("secret \"{secret}\" not found")}}}]}});
        let causes = diagnose(&Snapshot::of("lab", [cluster, pod]), "Pod:shop/admin").expect("there").causes;
        causes.into_iter().next().map(|one| (one.object.to_string(), one.field, one.next)).unwrap_or_default()
    }

    #[test]
    fn a_secret_that_is_not_made_on_purpose_is_told_where_that_is_said() {
        let (object, field, next) = judged(json!({"enableSuperuserAccess": false}), "pg-superuser");
        assert_eq!((object.as_str(), field.as_str()), ("Cluster shop/pg", "spec.enableSuperuserAccess"));
        assert!(
            next.contains("to true") && next.contains("spec.containers[0].env[0].valueFrom.secretKeyRef.name"),
            "{next}"
        );
        assert_eq!(
            judged(json!({"auth": {"superUser": {"enabled": false}}}), "pg-superuser").1,
            "spec.auth.superUser.enabled"
        );
        for (spec, secret) in [
            (json!({"enableSuperuserAccess": true}), "pg-superuser"),
            (json!({"enableSuperuserAccess": false}), "other-superuser"),
            (json!({"enableSuperuserAccess": false}), "pg-app"),
        ] {
            assert_eq!(judged(spec, secret).0, "Pod shop/admin", "{secret}");
        }
    }
}
