//! A route behind a login whose list of users nobody can read: the list stands in a Secret, which a middleware names, which
//! the route names. Secrets are never read here, and what the controller says of one shows what is in it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, namespace, text};
use crate::live::references::annotations::named;
use crate::live::references::pointers::pointers;
use crate::live::scrub::scrub_text;

/// What Traefik calls a user that it cannot read, the part of a Middleware that names the Secret, and how such a line is
/// made.
const USERS: [(&str, &str, &str); 2] = [
    ("basicuser", "basicAuth", "`NAME:HASH`, as `htpasswd -nB NAME` prints it"),
    ("digestuser", "digestAuth", "`NAME:REALM:HASH`, as `htdigest` writes it"),
];

/// What the controller of a route says of a list of users, as one of the Secret that has the list.
pub(super) fn told(seen: &Seen<'_>, route: &Value, said: &str, line: &str) -> Option<Finding> {
    let lower = said.to_lowercase();
    let (_, part, form) = USERS.into_iter().find(|(word, ..)| lower.contains(word))?;
    let snapshot = seen.snapshot;
    let noted = named(&snapshot.served, route).into_iter().filter_map(|named| {
        let mut all = snapshot.all(&named.kind.group, &named.kind.kind);
        Some((all.find(|one| named.is(one))?, format!("metadata.annotations[{}]", named.key)))
    });
    let pointed = pointers(&snapshot.served, route).into_iter();
    let pointed = pointed.filter_map(|pointer| Some((snapshot.get(&pointer.at)?, pointer.field)));
    let mut guards = noted.chain(pointed).filter_map(|(guard, field)| {
        let secret = text(guard, &format!("/spec/{part}/secret"));
        (!secret.is_empty()).then(|| (guard, field, Ref::new("", "Secret", namespace(guard), secret)))
    });
    let (guard, by, secret) = guards.next()?;
    let (route, guard, field) = (Ref::of(route), Ref::of(guard), "data.users");
    let text = format!(
        "has no users that {guard}, which asks for a login, can read, so that {route} is not served: a line must be {form}"
    );
    let mut found = Finding::new(Fault::WrongValue, secret.clone(), text).at(field);
    found.weight = Fault::WrongRoute.weight();
    found.affects.extend([guard.to_string(), route.to_string()]);
    let found = found.with(format!("spec.{part}.secret of {guard}"), &secret.name).with(by, &guard.name);
    Some(found.with("log", &scrub_text(line)).next(format!(
        "Write key `users` of {secret} anew, below `stringData` (what stands below `data` is encoded once by whoever writes it, and not twice): for each user a line {form}."
    )))
}
