//! Logins that are refused: where the password of either side comes from. Secrets are never read; that two sides take it from
//! two places needs no reading.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::Finding;
use crate::live::diagnose::around::maker_of;
use crate::live::object::{Ref, list, text};
use crate::live::references::selector::selected;
use crate::live::references::template::Template;

/// Parts of names of variables that hold a secret for a login.
const WORDS: [&str; 7] = ["PASS", "PWD", "PW", "TOKEN", "SECRET", "AUTH", "APIKEY"];

/// A variable with a password that comes from a Secret.
struct Password<'a> {
    variable: &'a str,
    secret: &'a str,
    key: &'a str,
    is_optional: bool,
    /// Where the reference stands, as `spec.containers[0].env[1].valueFrom.secretKeyRef`.
    field: String,
}

/// A finding about refused logins, with the place that the password comes from.
pub(super) fn told(seen: &Seen<'_>, pod: &Value, path: &str, container: &Value, finding: Finding) -> Finding {
    let Some(own) = passwords(path, container).into_iter().next() else { return finding };
    let at = Ref::of(pod);
    if let Some(found) = super::declared::told(seen, pod, own.secret, &format!("{}.name", own.field), &finding) {
        return found;
    }
    let finding = finding.with(own.variable, &format!("key `{}` of Secret {}", own.key, own.secret));
    if let Some((server, other)) = of_server(seen, pod, &own) {
        let field = format!("{}.name", own.field);
        let next = format!(
            "`{}` comes from key `{}` of Secret {}, and {server} takes its password from key `{}` of Secret {}: let both use the same (`{field}` of {at}), or give both Secrets the same value, without a line break at the end of either.",
            own.variable, own.key, own.secret, other.key, other.secret
        );
        return finding.at(field).next(next);
    }
    let field = format!("{}.key", own.field);
    let next = if own.is_optional {
        format!(
            "`{}` is optional: the program starts without it, and has an empty password if Secret {} has no key `{}`. Correct `{field}` of {at}, and take `optional` away.",
            own.variable, own.secret, own.key
        )
    } else {
        format!(
            "Compare key `{}` of Secret {} with the password that the other side has, to the last byte: a line break at its end (`echo` without `-n`) is part of it. Then begin the program anew.",
            own.key, own.secret
        )
    };
    finding.at(field).next(next)
}

/// What the program talks to, if that takes its password from elsewhere.
fn of_server<'a>(seen: &Seen<'a>, pod: &Value, own: &Password<'_>) -> Option<(Ref, Password<'a>)> {
    let workload = maker_of(seen.snapshot, pod);
    let services = seen.hosts_of(&Ref::of(workload)).iter().filter_map(|host| seen.snapshot.get(&host.service));
    let mut pods = services.filter_map(|service| selected(seen.snapshot, service).first().copied());
    pods.find_map(|server| {
        let containers = Template::of(server)?.containers();
        let all: Vec<_> = containers.flat_map(|(path, container)| passwords(&path, container)).collect();
        let is_same = |other: &Password<'_>| (other.secret, other.key) == (own.secret, own.key);
        // One that it shares is enough: the others are for other logins.
        let other = all.into_iter().reduce(|first, other| if is_same(&other) { other } else { first })?;
        (!is_same(&other)).then(|| (Ref::of(maker_of(seen.snapshot, server)), other))
    })
}

fn passwords<'a>(path: &str, container: &'a Value) -> Vec<Password<'a>> {
    let variables = list(container, "/env").iter().enumerate();
    let found = variables.filter_map(|(index, variable)| {
        let reference = variable.pointer("/valueFrom/secretKeyRef")?;
        let called = name_of(variable);
        let upper = called.to_uppercase();
        WORDS.iter().any(|word| upper.contains(word)).then(|| Password {
            variable: called,
            secret: name_of(reference),
            key: text(reference, "/key"),
            is_optional: reference.get("optional").and_then(Value::as_bool).unwrap_or(false),
            field: format!("{path}.env[{index}].valueFrom.secretKeyRef"),
        })
    });
    found.collect()
}

fn name_of(value: &Value) -> &str {
    text(value, "/name")
}
