//! What a composition decides that somebody has chosen among several: the order has no field for it but that choice.

use serde_json::Value;

use super::Finding;
use super::compositions::{composition_of, compositions_of};
use crate::live::object::{Ref, name};
use crate::live::snapshot::Snapshot;

const CHOICE: &str = "spec.crossplane.compositionRef.name";
/// What compositions of one API differ in: how strictly what they make is run.
const STRICTNESS: &str = "securityContext";

/// The choice of another composition, where an order is made by one that is stricter than its image stands.
pub(super) fn told(snapshot: &Snapshot, order: &Value, finding: &Finding) -> Option<(String, String)> {
    if !finding.field.contains(STRICTNESS) {
        return None;
    }
    let own = name(composition_of(snapshot, order)?);
    let others: Vec<_> = compositions_of(snapshot, order).map(name).filter(|one| *one != own).collect();
    let (at, shown) = (Ref::of(order), others.join(", "));
    (!others.is_empty()).then(|| {
        let next = format!(
            "Composition `{own}` asks for that: give {at} an image that can run so, or set `{CHOICE}` of {at} to another one ({shown})."
        );
        (CHOICE.to_string(), next)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::Fault;

    #[test]
    fn what_only_a_composition_decides_leads_to_the_choice_of_another() {
        let composition = |name: &str| {
            json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": name},
                "spec": {"compositeTypeRef": {"apiVersion": "x.dev/v1", "kind": "App"}}})
        };
        let order = json!({"apiVersion": "x.dev/v1", "kind": "App", "metadata": {"namespace": "shop", "name": "a"},
            "spec": {"crossplane": {"compositionRef": {"name": "hard"}}}});
        let finding = |field: &str| {
            Finding::new(Fault::CannotStart, Ref::new("", "Pod", "shop", "a-1"), "cannot be made").at(field)
        };
        let both = Snapshot::of("lab", [composition("hard"), composition("soft"), order.clone()]);
        let (field, next) = told(&both, &order, &finding("spec.securityContext.runAsNonRoot")).expect("told");
        assert_eq!(field, CHOICE);
        assert!(next.contains("(soft)"), "{next}");
        assert_eq!(told(&both, &order, &finding("spec.containers[0].args")), None);
        let one = Snapshot::of("lab", [composition("hard"), order.clone()]);
        assert_eq!(told(&one, &order, &finding("spec.securityContext.runAsNonRoot")), None, "there is no other");
    }
}
