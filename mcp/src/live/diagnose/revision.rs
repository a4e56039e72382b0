//! An order that is kept at an older revision of its composition: what the composition says by now does not reach it.

use serde_json::Value;

use super::compositions::{CROSSPLANE, composed_of, composition_of};
use super::{Fault, Finding, REMARK};
use crate::live::object::{Ref, annotation, label, name, number, text};
use crate::live::snapshot::Snapshot;

/// The kind of revisions: nobody keeps them, so they are read where an order is held at one.
pub(super) const REVISIONS: (&str, &str) = (CROSSPLANE, "CompositionRevision");
const POLICY: &str = "spec.crossplane.compositionUpdatePolicy";
/// Label by which a revision says whose it is.
const COMPOSITION: &str = "crossplane.io/composition-name";

/// Whether a composite is held at a revision.
pub(super) fn is_held(composite: &Value) -> bool {
    text(composite, "/spec/crossplane/compositionUpdatePolicy") == "Manual"
}

/// A newer revision than the one that a composite is held at.
pub(super) fn older(snapshot: &Snapshot, composite: &Value) -> Option<Finding> {
    let composition = is_held(composite).then(|| composition_of(snapshot, composite))??;
    let of_it = |revision: &&Value| label(revision, COMPOSITION) == Some(name(composition));
    let all: Vec<_> = snapshot.all(REVISIONS.0, REVISIONS.1).filter(of_it).collect();
    let had = text(composite, "/spec/crossplane/compositionRevisionRef/name");
    let of = |revision: &Value| number(revision, "/spec/revision");
    let own = of(all.iter().copied().find(|one| name(one) == had)?);
    let newest = all.iter().copied().max_by_key(|one| of(one)).filter(|one| of(one) > own)?;
    let (at, composition) = (Ref::of(composite), Ref::of(composition));
    let text = format!("is held at revision {own} of {composition}, and there is revision {}", of(newest));
    let finding = Finding::new(Fault::StaleConfig, at.clone(), text).at(POLICY).at_most(REMARK);
    Some(finding.should_be("Automatic").with(POLICY, "Manual").with("compositionRevisionRef", had).next(format!(
        "Set `{POLICY}` of {at} to Automatic, or `spec.crossplane.compositionRevisionRef.name` to `{}`, if it is not held on purpose.",
        name(newest)
    )))
}

/// An order of which nothing is made although its composition makes something: what Crossplane warns of.
pub(super) fn nothing_made<'a>(snapshot: &'a Snapshot, composite: &Value) -> Option<(&'a Value, &'a str)> {
    if !composed_of(composite).is_empty() || annotation(composite, "crossplane.io/paused") == Some("true") {
        return None;
    }
    let composition = composition_of(snapshot, composite)?;
    let events = snapshot.events_of(&Ref::of(composite));
    let warned = events
        .into_iter()
        .find(|event| text(event, "/type") == "Warning" && text(event, "/reason") == "ComposeResources")?;
    Some((composition, text(warned, "/message")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Diagnosis, Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    /// An order, its API and its composition; with one more object.
    fn asked(crossplane: Value, ready: bool, more: Vec<Value>) -> Diagnosis {
        let ready = if ready { "True" } else { "False" };
        let order = json!({"apiVersion": "x.dev/v1", "kind": "Box", "metadata": {"namespace": "shop", "name": "a"}, "spec": {"owner": {"email": "x"}, "crossplane": crossplane},
            "status": {"conditions": [{"type": "Synced", "status": "True", "lastTransitionTime": "2026-01-01T11:00:00Z"}, {"type": "Ready", "status": ready}]}});
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "boxes.x.dev"},
            "spec": {"group": "x.dev", "names": {"kind": "Box", "plural": "boxes"}, "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"properties": {
                "spec": {"properties": {"owner": {"properties": {"email": {}, "name": {}}}}}}}}}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]}});
        let patch = |path: &str| json!({"fromFieldPath": path, "policy": {"fromFieldPath": "Required"}});
        let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "boxes"},
            "spec": {"compositeTypeRef": {"apiVersion": "x.dev/v1", "kind": "Box"}, "pipeline": [{"step": "make", "functionRef": {"name": "f"}, "input": {
                "resources": [{"name": "settings", "patches": [patch("spec.owner.mail"), patch("spec.owner.name"), {"type": "FromCompositeFieldPath"}]}]}}]}});
        let mut snapshot = Snapshot::of("lab", [order, definition, composition].into_iter().chain(more));
        snapshot.now = "2026-01-01T12:00:00Z".into();
        diagnose(&snapshot, "Box:shop/a").expect("it is there")
    }

    fn revision(number: i64, of: &str) -> Value {
        json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "CompositionRevision", "metadata": {"name": format!("{of}-{number}"),
            "labels": {"crossplane.io/composition-name": of}}, "spec": {"revision": number}})
    }

    #[test]
    fn an_order_that_is_held_at_an_older_revision_is_a_remark() {
        let made = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}]);
        let map = || json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "a"}});
        let held = |policy: &str, at: &str| {
            let crossplane = json!({"compositionRef": {"name": "boxes"}, "compositionUpdatePolicy": policy, "compositionRevisionRef": {"name": at}, "resourceRefs": made});
            let told =
                asked(crossplane, true, vec![revision(1, "boxes"), revision(2, "boxes"), revision(3, "others"), map()]);
            (told.verdict, told.causes.first().map(|cause| cause.next.clone()).unwrap_or_default())
        };
        let (verdict, next) = held("Manual", "boxes-1");
        assert_eq!(verdict, Verdict::Imperfect);
        assert!(next.contains("`boxes-2`"), "{next}");
        for (policy, at) in [("Manual", "boxes-2"), ("Automatic", "boxes-1")] {
            assert_eq!(held(policy, at).0, Verdict::Healthy, "{policy} {at}");
        }
    }

    #[test]
    fn an_order_of_which_nothing_is_made_is_broken_whatever_its_conditions_say() {
        let warned = |said: &str| {
            let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning", "reason": "ComposeResources",
                "message": said, "lastTimestamp": "2026-01-01T11:59:00Z", "involvedObject": {"apiVersion": "x.dev/v1", "kind": "Box", "namespace": "shop", "name": "a"}});
            asked(json!({"compositionRef": {"name": "boxes"}}), true, vec![event])
        };
        let told = warned(
            "step \"make\": settings is not made yet: patch 1 (FromCompositeFieldPath spec.owner.mail): it is not there",
        );
        let cause = &told.causes[0];
        assert_eq!(
            (told.verdict, cause.object.to_string().as_str()),
            (Verdict::Broken, "Composition boxes"),
            "{told:?}"
        );
        assert_eq!(cause.field, "spec.pipeline[0].input.resources[0].patches[0].fromFieldPath");
        assert!(cause.next.contains("`spec.owner.email`"), "{}", cause.next);
        let told = warned("step \"make\": settings is not made yet: patch 2: spec.owner.name is not there");
        assert!(told.causes[0].next.starts_with("Set `spec.owner.name` of Box shop/a"), "{told:?}");
    }
}
