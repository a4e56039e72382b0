//! Which composition makes what a composite resource orders, and what that is.

use serde_json::Value;

use crate::live::object::{Ref, list, namespace, text};
use crate::live::owners;
use crate::live::snapshot::Snapshot;

pub(super) const CROSSPLANE: &str = "apiextensions.crossplane.io";

/// The composition that a resource uses, or would use.
pub fn composition_of<'a>(snapshot: &'a Snapshot, composite: &Value) -> Option<&'a Value> {
    let chosen =
        [text(composite, "/spec/crossplane/compositionRef/name"), text(composite, "/spec/compositionRef/name")];
    match chosen.into_iter().find(|name| !name.is_empty()) {
        Some(name) => snapshot.get(&Ref::new(CROSSPLANE, "Composition", "", name)),
        None => snapshot.all(CROSSPLANE, "Composition").find(|composition| fits(composition, composite)),
    }
}

/// What a composite is composed of now.
pub fn composed_of(composite: &Value) -> Vec<Ref> {
    let references = ["/spec/crossplane/resourceRefs", "/spec/resourceRefs"];
    let references = references.into_iter().flat_map(|field| list(composite, field));
    let at = |one: &Value| {
        let place = Some(text(one, "/namespace")).filter(|place| !place.is_empty()).unwrap_or(namespace(composite));
        owners::named(one, place)
    };
    references.map(at).collect()
}

/// Every composition that a resource could use.
pub(super) fn compositions_of<'a>(snapshot: &'a Snapshot, composite: &'a Value) -> impl Iterator<Item = &'a Value> {
    snapshot.all(CROSSPLANE, "Composition").filter(|composition| fits(composition, composite))
}

fn fits(composition: &Value, composite: &Value) -> bool {
    text(composition, "/spec/compositeTypeRef/kind") == text(composite, "/kind")
        && text(composition, "/spec/compositeTypeRef/apiVersion").split('/').next()
            == text(composite, "/apiVersion").split('/').next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_without_a_namespace_are_in_that_of_the_composite() {
        let live = json!({"metadata": {"namespace": "demo"}, "spec": {"crossplane": {"resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}]}}});
        assert_eq!(composed_of(&live), [Ref::new("apps", "Deployment", "demo", "shop")]);
    }
}
