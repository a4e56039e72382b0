//! Users that an operator's object declares: from which Secret it takes their passwords. Secrets are never read; that it and
//! the program take theirs from two of them needs no reading, and that one is not there, its status says.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, group_of, name, namespace, text};
use crate::live::owners;
use crate::live::policy::quoted;

/// Fields that say who somebody is.
const NAMES: [&str; 5] = ["name", "user", "username", "userName", "owner"];
/// Specifications are no deeper than this.
const DEEPEST: usize = 8;
/// A Secret that an operator misses, where nobody is known to be harmed.
const MISSED: u32 = 58;

/// A Secret that a specification names.
struct Named<'a> {
    field: String,
    secret: &'a str,
}

/// A refused login as one of the object that declares the user, if that takes its password from another Secret than the
/// program does.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, own: &str, own_field: &str, finding: &Finding) -> Option<Finding> {
    let lines: Vec<_> =
        finding.evidence.iter().filter(|one| one.source == "log").map(|one| one.text.as_str()).collect();
    lines.iter().find_map(|line| {
        let (object, user, named) = declared(seen, pod, line)?;
        (named.secret != own).then(|| {
            let (at, maker) = (Ref::of(object), Ref::of(maker_of(seen.snapshot, pod)));
            let secret = Ref::new("", "Secret", &at.namespace, named.secret);
            let field = &named.field;
            let gone = is_missed(object, named.secret);
            let how = if gone { ", which does not exist" } else { "" };
            let text = format!(
                "takes the password of `{user}` from {secret}{how}, and {maker} logs in with that of Secret {own}"
            );
            let mut found = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).should_be(own);
            found.affects.push(maker.to_string());
            let found =
                found.with(field.clone(), named.secret).with(format!("{own_field} of {maker}"), own).with("log", line);
            let make = if gone {
                format!("make {secret} with that password")
            } else {
                format!("let {maker} take it from {secret}")
            };
            found.next(format!("Set `{field}` of {at} to `{own}`, or {make}."))
        })
    })
}

/// Operators' objects that made the Services which a pod is told to use or a line of its log names.
pub(super) fn servers<'a>(seen: &Seen<'a>, pod: &'a Value, line: &'a str) -> impl Iterator<Item = &'a Value> {
    let snapshot = seen.snapshot;
    let told = seen.hosts_of(&Ref::of(maker_of(snapshot, pod))).iter().map(|host| host.service.clone());
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let words: Vec<_> = line.split(|letter| !is_of_name(letter)).collect();
    let said =
        snapshot.inside("", "Service", namespace(pod)).filter(|service| words.contains(&name(service))).map(Ref::of);
    let named: Vec<_> = told.chain(said).collect();
    named.into_iter().filter_map(|at| owners::above(snapshot, snapshot.get(&at)?)).filter(|maker| is_operators(maker))
}

/// The object that stands behind the server which a line names, and that declares the user whom the line names.
fn declared<'a>(seen: &Seen<'a>, pod: &'a Value, line: &'a str) -> Option<(&'a Value, &'a str, Named<'a>)> {
    let users: Vec<_> = quoted(line).into_iter().map(|(_, word, _)| word).filter(|word| !word.is_empty()).collect();
    servers(seen, pod, line).find_map(|maker| {
        let spec = maker.get("spec")?;
        users.iter().find_map(|user| Some((maker, *user, of_user(spec, "spec", user, 0)?)))
    })
}

fn is_operators(object: &Value) -> bool {
    let group = group_of(text(object, "/apiVersion"));
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// The Secret that stands beside a user's name.
fn of_user<'a>(value: &'a Value, path: &str, user: &str, depth: usize) -> Option<Named<'a>> {
    match value {
        _ if depth > DEEPEST => None,
        Value::Object(fields) => {
            let is_user = NAMES.iter().any(|key| fields.get(*key).and_then(Value::as_str) == Some(user));
            let own = is_user.then(|| secrets(value, path, DEEPEST - 1).into_iter().next()).flatten();
            own.or_else(|| {
                fields.iter().find_map(|(key, value)| of_user(value, &format!("{path}.{key}"), user, depth + 1))
            })
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| of_user(item, &format!("{path}[{index}]"), user, depth + 1))
        }
        _ => None,
    }
}

/// All Secrets that a value names: `passwordSecret: {name: a}`, `secretRef: {name: a}`, `secretName: a`.
fn secrets<'a>(value: &'a Value, path: &str, depth: usize) -> Vec<Named<'a>> {
    let below =
        |value: &'a Value, path: String| if depth < DEEPEST { secrets(value, &path, depth + 1) } else { Vec::new() };
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| {
                let (lower, path) = (key.to_lowercase(), format!("{path}.{key}"));
                let stem = lower.trim_end_matches("keyref").trim_end_matches("ref");
                match (value, value.get("name").and_then(Value::as_str)) {
                    (_, Some(secret)) if stem.ends_with("secret") => {
                        vec![Named { field: format!("{path}.name"), secret }]
                    }
                    (Value::String(secret), _) if lower.ends_with("secretname") => vec![Named { field: path, secret }],
                    _ => below(value, path),
                }
            })
            .collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(index, item)| below(item, format!("{path}[{index}]"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an operator notes the versions of the Secrets that it has read, and has none of this.
fn is_missed(object: &Value, secret: &str) -> bool {
    object.get("status").is_some_and(|status| has_no_version(status, secret, false))
}

fn has_no_version(value: &Value, secret: &str, is_of_versions: bool) -> bool {
    let Some(fields) = value.as_object() else { return false };
    fields.iter().any(|(key, value)| {
        let is_of_versions = is_of_versions || key.to_lowercase().contains("version");
        is_of_versions && key == secret && value == "" || has_no_version(value, secret, is_of_versions)
    })
}

/// Secrets that an operator's object names and that its status has no version of.
pub(super) fn of_any(object: &Value) -> Option<Finding> {
    let spec = object.get("spec").filter(|_| is_operators(object))?;
    let named = secrets(spec, "spec", 0).into_iter().find(|named| is_missed(object, named.secret))?;
    let (at, field) = (Ref::of(object), named.field);
    let secret = Ref::new("", "Secret", &at.namespace, named.secret);
    let text = format!("names {secret}, which does not exist: its status has no version of it");
    let found = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).at_most(MISSED);
    Some(found.with(field.clone(), named.secret).next(format!("Make {secret}, or correct `{field}` of {at}.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::{Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    fn cluster(secret: &str, version: &str) -> Value {
        json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "pg", "uid": "pg"},
            "spec": {"managed": {"roles": [{"name": "other", "passwordSecret": {"name": "other"}}, {"name": "reporter", "passwordSecret": {"name": secret}}]}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}], "secretsResourceVersion": {"managedRoleSecretVersion": {secret: version, "other": "7"}}}})
    }

    fn judged(secret: &str, line: &str) -> (String, String, String) {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "pg-rw", "uid": "s",
            "ownerReferences": [{"apiVersion": "db.dev/v1", "kind": "Cluster", "name": "pg", "uid": "pg", "controller": true}]}, "spec": {"ports": [{"port": 5432}]}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "report"},
            "spec": {"nodeName": "n", "containers": [{"name": "app", "env": [{"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "reporter", "key": "password"}}}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]}});
        let mut snapshot = Snapshot::of("lab", [cluster(secret, ""), service, pod]);
        snapshot
            .put_recent_log(("shop".into(), "report".into(), "app".into()), &format!("{line}\n{line}\n{line}\n{line}"));
        let causes = diagnose(&snapshot, "Pod:shop/report").expect("there").causes;
        causes.into_iter().next().map(|one| (one.object.to_string(), one.field, one.next)).unwrap_or_default()
    }

    #[test]
    fn a_login_is_refused_where_both_sides_take_their_password_from_two_secrets() {
        let line = "connection to server at \"pg-rw\" (10.0.0.1), port 5432 failed: FATAL: password authentication failed for user \"reporter\"";
        let (object, field, next) = judged("reporter-login", line);
        assert_eq!((object.as_str(), field.as_str()), ("Cluster shop/pg", "spec.managed.roles[1].passwordSecret.name"));
        assert!(next.contains("to `reporter`, or make Secret shop/reporter-login"), "{next}");
        // Both take it from the same: what is in it is another matter.
        assert_eq!(judged("reporter", line).0, "Pod shop/report");
        assert_eq!(judged("reporter-login", &line.replace("\"reporter\"", "\"nobody\"")).0, "Pod shop/report");
        assert_eq!(judged("reporter-login", &line.replace("pg-rw", "elsewhere")).0, "Pod shop/report");
    }

    #[test]
    fn an_operator_that_has_no_version_of_a_secret_misses_it() {
        let told = |version: &str| {
            let diagnosis =
                diagnose(&Snapshot::of("lab", [cluster("login", version)]), "Cluster:shop/pg").expect("there");
            (diagnosis.verdict, diagnosis.causes.into_iter().next().map(|one| one.field).unwrap_or_default())
        };
        assert_eq!(told(""), (Verdict::Broken, "spec.managed.roles[1].passwordSecret.name".into()));
        assert_eq!(told("12").0, Verdict::Healthy);
    }
}
