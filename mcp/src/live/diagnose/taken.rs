//! A name that two orders want: their composition gives what it makes one fixed name, and the first order has it.

use serde_json::Value;

use super::compositions::{composed_of, composition_of};
use super::program::longest;
use super::{Fault, Finding};
use crate::live::object::{Ref, list, name, text, uid};
use crate::live::owners;
use crate::live::snapshot::Snapshot;

/// How the API server and Crossplane say that somebody else has it.
const SAYS: [&str; 4] = [
    "only one reference can have controller set to true",
    "is not controlled by",
    "is already controlled by",
    "existing object is not controllable",
];

/// A resource that cannot be composed because it is another's, with the field that gives it its name.
pub(super) fn told(snapshot: &Snapshot, composite: &Value, message: &str) -> Option<Finding> {
    let lower = message.to_lowercase();
    if !SAYS.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let resource = message.split_once("composed resource \"").and_then(|(_, rest)| rest.split('"').next())?;
    let objects = composed_of(composite).into_iter().filter_map(|at| snapshot.get(&at));
    let mut others = objects.filter_map(|object| {
        let owner = owners::reference(object).filter(|owner| text(owner, "/uid") != uid(composite))?;
        message.contains(name(object)).then(|| (object, owners::named(owner, &Ref::of(object).namespace)))
    });
    let (object, owner) = others.next()?;
    let composition = composition_of(snapshot, composite)?;
    let steps = list(composition, "/spec/pipeline").iter().enumerate();
    let field = steps.into_iter().find_map(|(index, step)| naming(index, step, resource, name(object)))?;
    let (at, order, made) = (Ref::of(composition), Ref::of(composite), Ref::of(object));
    let text = format!(
        "gives what it makes as `{resource}` the name `{}` for every order: {made} is {owner}'s already, and {order} gets none",
        made.name
    );
    let mut finding = Finding::new(Fault::InvalidManifest, at.clone(), text).at(field.clone());
    finding.affects.push(order.to_string());
    let finding =
        finding.with(format!("events of {order}"), message).with(format!("owner of {made}"), &owner.to_string());
    Some(finding.next(if field.ends_with("metadata.name") {
        format!("Take `{field}` out of {at}: then each order gets a name of its own there. Or patch it from `metadata.name` of the order.")
    } else {
        format!("Correct `{field}` of {at}, which gives the name: make it of the order's own `metadata.name`.")
    }))
}

/// Where a step gives a resource its name.
fn naming(index: usize, step: &Value, resource: &str, called: &str) -> Option<String> {
    let resources = list(step, "/input/resources").iter().enumerate();
    let own = resources.into_iter().find(|(_, one)| text(one, "/name") == resource);
    let Some((number, one)) = own else {
        let (field, program) = longest(step.get("input")?, &format!("spec.pipeline[{index}].input"))?;
        return (program.contains(resource) && program.contains(called)).then_some(field);
    };
    let path = format!("spec.pipeline[{index}].input.resources[{number}]");
    let names = |patch: &Value| text(patch, "/toFieldPath") == "metadata.name";
    match list(one, "/patches").iter().position(names) {
        Some(patch) => Some(format!("{path}.patches[{patch}].fromFieldPath")),
        None => (text(one, "/base/metadata/name") == called).then(|| format!("{path}.base.metadata.name")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::{Verdict, diagnose};

    fn judged(resource: Value, owner: &str) -> (Verdict, Option<Finding>) {
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "queues.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "Queue", "plural": "queues"}, "versions": [{"name": "v1", "referenceable": true}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]}});
        let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "queues"},
            "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1", "kind": "Queue"}, "pipeline": [{"step": "make", "input": {"kind": "Resources", "resources": [resource]}}]}});
        let is_bad = owner != "billing";
        let synced = if is_bad {
            json!({"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "Unsynced resources: queue"})
        } else {
            json!({"type": "Synced", "status": "True"})
        };
        let order = json!({"apiVersion": "p.dev/v1", "kind": "Queue", "metadata": {"namespace": "shop", "name": "billing", "uid": "billing"},
            "spec": {"crossplane": {"compositionRef": {"name": "queues"}, "resourceRefs": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "queue"}]}},
            "status": {"conditions": [synced, {"type": "Ready", "status": if is_bad { "False" } else { "True" }, "message": "Unready resources: queue"}]}});
        let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "queue", "ownerReferences": [{"apiVersion": "p.dev/v1", "kind": "Queue", "name": owner, "uid": owner, "controller": true}]}});
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "ComposeResources", "lastTimestamp": "2026-01-01T12:00:00Z",
            "message": "cannot apply composed resource \"queue\": ConfigMap \"queue\" is invalid: metadata.ownerReferences: Invalid value: [...]: Only one reference can have Controller set to true. Found \"true\" in references for Queue/orders and Queue/billing",
            "involvedObject": {"apiVersion": "p.dev/v1", "kind": "Queue", "namespace": "shop", "name": "billing"}});
        let mut all = vec![definition, composition, order, made];
        all.extend(is_bad.then_some(event));
        let diagnosis = diagnose(&Snapshot::of("lab", all), "Queue:shop/billing").expect("it is there");
        (diagnosis.verdict, diagnosis.causes.into_iter().next())
    }

    #[test]
    fn a_name_that_two_orders_want_is_told_where_the_composition_gives_it() {
        let fixed = json!({"name": "queue", "base": {"metadata": {"name": "queue"}}});
        let path = "spec.pipeline[0].input.resources[0]";
        let (verdict, cause) = judged(fixed.clone(), "orders");
        let cause = cause.expect("a cause");
        assert_eq!((cause.object.to_string().as_str(), verdict), ("Composition queues", Verdict::Broken), "{cause:?}");
        assert_eq!(cause.field, format!("{path}.base.metadata.name"));
        assert!(cause.summary.contains("Queue shop/orders's already") && cause.next.starts_with("Take "), "{cause:?}");
        let patched =
            json!({"name": "queue", "patches": [{"fromFieldPath": "spec.kind", "toFieldPath": "metadata.name"}]});
        assert_eq!(judged(patched, "orders").1.expect("a cause").field, format!("{path}.patches[0].fromFieldPath"));
        assert_eq!(judged(fixed, "billing"), (Verdict::Healthy, None));
    }
}
