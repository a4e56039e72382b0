//! What a composition makes and Crossplane does not apply where the order is: something of the whole cluster for an order in a
//! namespace.

use serde_json::Value;

use super::compositions::composition_of;
use super::{Fault, Finding};
use crate::live::object::{Ref, group_of, list, text};
use crate::live::served::ServedKind;
use crate::live::snapshot::Snapshot;

/// How Crossplane begins the name of what is of the whole cluster and must not be.
const CLUSTER_WIDE: &str = "cluster scoped composed resource \"";

/// A composed resource that no order in a namespace may have.
pub(super) fn told(snapshot: &Snapshot, composite: &Value, message: &str) -> Option<Finding> {
    let (composed, rest) = message.split_once(CLUSTER_WIDE)?.1.split_once('"')?;
    let kind = rest.trim_start_matches(" (a ").trim_start_matches(" (an ").split(' ').next().unwrap_or_default();
    let (order, composition) = (Ref::of(composite), composition_of(snapshot, composite)?);
    let at = Ref::of(composition);
    let field = field_of(composition, composed);
    let definition = snapshot
        .composite_kinds()
        .into_iter()
        .find(|one| one.group == group_of(text(composite, "/apiVersion")) && one.kind == text(composite, "/kind"));
    let definition = definition.map_or_else(String::new, |one| {
        format!(
            " (or make the kind one of the whole cluster: `spec.scope: Cluster` in a new {})",
            Ref::of(one.definition)
        )
    });
    let instead = instead(&snapshot.served, kind);
    let instead = instead.map_or_else(|| "a kind that lives in namespaces".to_string(), |kind| format!("a {kind}"));
    let text = format!(
        "makes `{composed}`, a {kind}, for {order}: that is of the whole cluster, and an order in a namespace may have only what is in its namespace"
    );
    let mut finding = Finding::new(Fault::InvalidManifest, at.clone(), text).at(field.clone());
    finding.affects.push(order.to_string());
    Some(
        finding
            .with(field.clone(), kind)
            .next(format!("Make {instead} in place of the {kind} in `{field}` of {at}{definition}.")),
    )
}

/// Where a composition says of which kind one of its resources is; its steps, where a program says it.
fn field_of(composition: &Value, composed: &str) -> String {
    let steps = list(composition, "/spec/pipeline").iter().enumerate();
    let mut places = steps.filter_map(|(step, value)| {
        let index = list(value, "/input/resources").iter().position(|one| name_of(one) == composed)?;
        Some(format!("spec.pipeline[{step}].input.resources[{index}].base.kind"))
    });
    places.next().unwrap_or_else(|| "spec.pipeline".into())
}

fn name_of(resource: &Value) -> &str {
    text(resource, "/name")
}

/// The kind of that name that lives in namespaces, as Role is for ClusterRole.
fn instead<'a>(served: &'a [ServedKind], kind: &str) -> Option<&'a str> {
    let wanted = kind.strip_prefix("Cluster")?;
    served.iter().find(|one| one.kind == wanted && one.namespaced).map(|one| one.kind.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::{Verdict, diagnose};

    #[test]
    fn what_is_of_the_whole_cluster_is_named_where_the_composition_says_it() {
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "teams.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "Team", "plural": "teams"}, "versions": [{"name": "v1", "referenceable": true}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]}});
        let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "teams"},
            "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1", "kind": "Team"}, "pipeline": [{"step": "a", "functionRef": {"name": "f"}},
                {"step": "b", "functionRef": {"name": "f"}, "input": {"resources": [{"name": "room"}, {"name": "rights", "base": {"kind": "ClusterRole"}}]}}]}});
        let said = "cannot compose resources: cannot apply cluster scoped composed resource \"rights\" (a ClusterRole named ) for a namespaced composite resource.";
        let judged = |said: &str| {
            let order = json!({"apiVersion": "p.dev/v1", "kind": "Team", "metadata": {"namespace": "lab", "name": "red"},
                "status": {"conditions": [{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": said}]}});
            diagnose(&Snapshot::of("lab", [definition.clone(), composition.clone(), order]), "Team:lab/red")
                .expect("there")
        };
        let told = judged(said);
        let cause = &told.causes[0];
        assert_eq!((told.verdict, cause.object.to_string()), (Verdict::Broken, "Composition teams".into()));
        assert_eq!(cause.field, "spec.pipeline[1].input.resources[1].base.kind");
        assert!(cause.next.contains("in place of the ClusterRole"), "{}", cause.next);
        // What nobody here knows keeps it from being made all the same; who comes late tries again.
        assert_eq!(judged("cannot compose resources: something odd").verdict, Verdict::Broken);
        let late = judged("cannot apply composed resource \"room\": the object has been modified").verdict;
        assert_eq!(late, Verdict::Imperfect);
    }
}
