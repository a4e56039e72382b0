//! Which composition makes what a composite resource orders.

use serde_json::Value;

use crate::live::object::{Ref, text};
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

/// Every composition that a resource could use.
pub(super) fn compositions_of<'a>(snapshot: &'a Snapshot, composite: &'a Value) -> impl Iterator<Item = &'a Value> {
    snapshot.all(CROSSPLANE, "Composition").filter(|composition| fits(composition, composite))
}

fn fits(composition: &Value, composite: &Value) -> bool {
    text(composition, "/spec/compositeTypeRef/kind") == text(composite, "/kind")
        && text(composition, "/spec/compositeTypeRef/apiVersion").split('/').next()
            == text(composite, "/apiVersion").split('/').next()
}
