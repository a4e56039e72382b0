//! A composite resource whose composition never says that what it composed is ready: everything runs, and it waits.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::compositions::{composed_of, composition_of};
use super::{Fault, Finding, workload};
use crate::live::object::{Ref, annotation, condition, conditions, list, name, text};
use crate::live::snapshot::Snapshot;

/// So long what was composed may take until Crossplane has heard of it.
const PATIENCE: i64 = 30;
/// Which composed resource an object is, by the name that the composition gives it.
const RESOURCE: &str = "crossplane.io/composition-resource-name";
/// How Crossplane lists those that are not ready.
const UNREADY: &str = "Unready resources: ";

/// Where a step would say it, and how.
struct Place {
    field: String,
    how: String,
}

/// What keeps it from becoming ready although all that it composed is well; nothing where that is not known.
pub(super) fn never_said(snapshot: &Snapshot, composite: &Value) -> Option<Finding> {
    let ready = condition(composite, "Ready").filter(|ready| ready.is_false())?;
    let is_synced = condition(composite, "Synced").is_some_and(|synced| synced.is_true());
    if !is_synced || seconds(snapshot, ready.since)? < PATIENCE {
        return None;
    }
    let composition = composition_of(snapshot, composite)?;
    let steps = list(composition, "/spec/pipeline");
    if steps.iter().any(|step| text(step, "/functionRef/name").contains("ready")) {
        return None;
    }
    let (_, listed) = ready.message.split_once(UNREADY)?;
    let (resource, object) = composed(snapshot, composite, listed)?;
    let place = steps.iter().enumerate().find_map(|(index, step)| place(index, step, resource))?;
    let (at, made) = (Ref::of(composition), Ref::of(object));
    let text = format!(
        "never says that `{resource}` is ready: {made} is there and well, and {} waits for that word",
        Ref::of(composite)
    );
    let mut finding = Finding::new(Fault::Stalled, at.clone(), text).at(place.field.clone());
    finding.affects.push(Ref::of(composite).to_string());
    let finding = finding.with(format!("condition Ready of {}", Ref::of(composite)), ready.message);
    let installed = snapshot.all("pkg.crossplane.io", "Function").map(name).find(|name| name.contains("auto-ready"));
    let or = installed.map_or_else(
        || "with function-auto-ready, if you install it".to_string(),
        |function| format!("that calls `{function}`"),
    );
    Some(finding.next(format!("{} in `{}` of {at}; or add a last step {or}.", place.how, place.field)))
}

fn seconds(snapshot: &Snapshot, since: &str) -> Option<i64> {
    Some((snapshot.moment() - OffsetDateTime::parse(since, &Rfc3339).ok()?).whole_seconds())
}

/// A resource that is listed as not ready and is well, if none of those that are listed is anything else.
fn composed<'a>(snapshot: &'a Snapshot, composite: &'a Value, listed: &'a str) -> Option<(&'a str, &'a Value)> {
    let listed: Vec<_> = listed.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let objects = composed_of(composite).into_iter().filter_map(|at| snapshot.get(&at));
    let waited_for = objects.filter_map(|object| {
        let resource = annotation(object, RESOURCE)?;
        listed.contains(&resource).then_some((resource, object))
    });
    let waited_for: Vec<_> = waited_for.collect();
    let all_well = waited_for.iter().all(|(_, object)| is_well(snapshot, object));
    waited_for.into_iter().next().filter(|_| all_well)
}

/// One that says nothing of itself is well when it is there.
fn is_well(snapshot: &Snapshot, object: &Value) -> bool {
    !conditions(object).any(|condition| condition.is_false()) && workload::of_object(snapshot, object).is_empty()
}

/// Where the step says whether a resource is ready, if it composes that and says nothing.
fn place(index: usize, step: &Value, resource: &str) -> Option<Place> {
    let way = |part: &str| format!("spec.pipeline[{index}].input.{part}");
    let annotated = |part: &str, pointer: &str, key: &str| {
        let source = text(step, pointer);
        let is_silent = source.contains(resource) && !source.contains(key);
        is_silent
            .then(|| Place { field: way(part), how: format!("Give `{resource}` the annotation `{key}: \"True\"`") })
    };
    match text(step, "/input/kind") {
        "GoTemplate" => annotated("inline.template", "/input/inline/template", "gotemplating.fn.crossplane.io/ready"),
        "KCLInput" | "KCLRun" => annotated("spec.source", "/input/spec/source", "krm.kcl.dev/ready"),
        "Resources" => {
            let mut resources = list(step, "/input/resources").iter().enumerate();
            let (number, found) = resources.find(|(_, one)| name_of(one) == resource)?;
            found.get("readinessChecks").is_none().then(|| Place {
                field: way(&format!("resources[{number}].readinessChecks")),
                how: "Write `[{type: None}]`, or a check that fits,".into(),
            })
        }
        _ => None,
    }
}

fn name_of(resource: &Value) -> &str {
    text(resource, "/name")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::diagnose;
    use crate::live::snapshot::Snapshot;

    fn told(input: Value, service: Value, since: &str, more: Option<Value>) -> Option<(String, String, String)> {
        let composite = json!({"apiVersion": "x.dev/v1", "kind": "Relay", "metadata": {"namespace": "shop", "name": "a"},
            "spec": {"crossplane": {"compositionRef": {"name": "relays"}, "resourceRefs": [{"apiVersion": "v1", "kind": "Service", "name": "a-smtp"}]}},
            "status": {"conditions": [{"type": "Synced", "status": "True"}, {"type": "Ready", "status": "False", "reason": "Creating",
                "message": "Unready resources: smtp", "lastTransitionTime": since}]}});
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "relays.x.dev"},
            "spec": {"group": "x.dev", "names": {"kind": "Relay", "plural": "relays"}, "versions": [{"name": "v1", "served": true}]},
            "status": {"conditions": [{"type": "Established", "status": "True"}]}});
        let mut steps = vec![json!({"step": "render", "functionRef": {"name": "f"}, "input": input})];
        steps.extend(more);
        let composition = json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": "relays"},
            "spec": {"compositeTypeRef": {"apiVersion": "x.dev/v1", "kind": "Relay"}, "pipeline": steps}});
        let mut snapshot = Snapshot::of("lab", [composite, definition, composition, service]);
        snapshot.now = "2026-01-01T12:00:00Z".into();
        let told = diagnose(&snapshot, "Relay:shop/a").expect("it is there");
        let cause = told.causes.into_iter().next()?;
        Some((cause.object.to_string(), cause.field, cause.next))
    }

    fn service(status: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "a-smtp",
            "annotations": {"crossplane.io/composition-resource-name": "smtp"}}, "status": status})
    }

    const LONG_AGO: &str = "2026-01-01T11:00:00Z";

    #[test]
    fn a_composition_that_says_nothing_of_what_is_well_is_the_cause() {
        let template = |text: &str| json!({"kind": "GoTemplate", "inline": {"template": text}});
        let silent = || template("gotemplating.fn.crossplane.io/composition-resource-name: smtp");
        let (object, field, next) = told(silent(), service(json!({})), LONG_AGO, None).expect("told");
        assert_eq!((object.as_str(), field.as_str()), ("Composition relays", "spec.pipeline[0].input.inline.template"));
        assert!(next.contains("gotemplating.fn.crossplane.io/ready: \"True\""), "{next}");
        let patches = json!({"kind": "Resources", "resources": [{"name": "other"}, {"name": "smtp", "base": {}}]});
        let (_, field, _) = told(patches, service(json!({})), LONG_AGO, None).expect("told");
        assert_eq!(field, "spec.pipeline[0].input.resources[1].readinessChecks");
        // Whoever says something, is young, has a step for it, or is not well, is told otherwise.
        let ready = json!({"step": "ready", "functionRef": {"name": "function-auto-ready"}});
        let speaks = template("smtp gotemplating.fn.crossplane.io/ready: {{ x }}");
        let unwell = service(json!({"conditions": [{"type": "Ready", "status": "False"}]}));
        for (input, service, since, more) in [
            (speaks, service(json!({})), LONG_AGO, None),
            (silent(), service(json!({})), "2026-01-01T11:59:50Z", None),
            (silent(), service(json!({})), LONG_AGO, Some(ready)),
            (silent(), unwell, LONG_AGO, None),
        ] {
            let told = told(input, service, since, more);
            assert_ne!(told.map(|(object, ..)| object).as_deref(), Some("Composition relays"));
        }
    }
}
