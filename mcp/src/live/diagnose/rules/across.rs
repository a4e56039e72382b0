//! A reference to another namespace that a controller does not follow: what it names is there, and the field cannot be set to
//! anything that would lead to it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::mutated::value_at;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, namespace, text};
use crate::live::references::pointers::pointers;

/// How controllers say that they stay in one namespace.
const STAYS: [&str; 7] = [
    "not in the parent resource namespace",
    "cross-namespace",
    "cross namespace",
    "in the same namespace",
    "another namespace",
    "different namespace",
    "referencegrant",
];

/// What a controller says of a reference to another namespace, with what to do about it.
pub(super) fn told(seen: &Seen<'_>, object: &Value, said: &str, finding: Finding) -> Finding {
    let lower = said.to_lowercase();
    let (at, own) = (Ref::of(object), namespace(object));
    if !STAYS.iter().any(|words| lower.contains(words)) {
        return finding;
    }
    let pointed = pointers(&seen.snapshot.served, object).into_iter();
    let mut away = pointed.filter(|pointer| pointer.at.namespace != own && said.contains(&pointer.at.name));
    let Some(pointer) = away.next() else { return finding };
    let field = format!("{}.namespace", pointer.field.trim_end_matches(".name"));
    let place = value_at(object, &field).and_then(Value::as_str).unwrap_or_default();
    let meant = &pointer.at;
    let here = Ref { namespace: own.into(), ..meant.clone() };
    let why = format!("names {meant}, and its controller follows no reference to another namespace");
    let mut finding = finding.with(field.clone(), place);
    finding.fault = Fault::WrongRoute;
    finding.weight = finding.weight.max(Fault::WrongRoute.weight());
    finding.summary = format!("{why}: {}", super::logs::message(said));
    let finding = finding.at(field.clone());
    let object_of = |at: &Ref| seen.snapshot.get(at).is_some();
    if object_of(&here) {
        return finding.should_be(own).next(format!("Take `{field}` out of {at}: then it leads to {here}. If {meant} is meant, make {at} in namespace {place} instead."));
    }
    if !object_of(meant) && seen.snapshot.has_kind(&meant.group, &meant.kind) {
        return finding.next(format!("Make {here} and take `{field}` out of {at}: there is no {meant} either."));
    }
    let kind = text(object, "/kind");
    finding.next(format!(
        "Make the {kind} in namespace {place}, where {meant} is, with no `{field}` in it, and delete {at}; or make {here} as well and take `{field}` out of {at}. (That references to other namespaces are followed would be a setting of the controller, for everybody.)"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::walk::Walk;
    use crate::live::served::ServedKind;
    use crate::live::snapshot::Snapshot;

    fn judged(place: &str, services: &[&str]) -> Finding {
        let route = json!({"apiVersion": "routes.dev/v1", "kind": "Route", "metadata": {"namespace": "shop", "name": "api"},
            "spec": {"routes": [{"services": [{"name": "api", "namespace": place, "port": 80}]}]}});
        let service =
            |at: &&str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": at, "name": "api"}});
        let mut snapshot = Snapshot::of("lab", services.iter().map(service).chain([route.clone()]));
        snapshot.served =
            [ServedKind { group: String::new(), kind: "Service".into(), plural: "services".into(), namespaced: true }]
                .into();
        let walk = Walk::default();
        let said = "service back/api not in the parent resource namespace shop";
        let finding = Finding::new(Fault::Unexplained, Ref::of(&route), "complains").at("x");
        told(&Seen::of(&snapshot, &walk), &route, said, finding)
    }

    #[test]
    fn a_reference_to_another_namespace_is_told_with_a_way_that_leads_there() {
        let field = "spec.routes[0].services[0].namespace";
        let moved = judged("back", &["back"]);
        assert_eq!(moved.field, field);
        assert!(
            moved.next.starts_with("Make the Route in namespace back, where Service back/api is"),
            "{}",
            moved.next
        );
        let both = judged("back", &["back", "shop"]);
        assert!(both.next.starts_with(&format!("Take `{field}` out")) && both.change.is_some(), "{}", both.next);
        assert!(judged("back", &["other"]).next.starts_with("Make Service shop/api"), "nothing is there");
        assert_eq!(judged("shop", &["shop"]).field, "x", "it is in its own namespace");
    }
}
