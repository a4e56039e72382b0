//! What a composition would make of an object: which composition Crossplane takes, the question to the platform's
//! composition preview, and its answer beside what there is. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::live::apis;
use crate::live::diff;
use crate::live::object::{Ref, annotation, group_of, label, name, text, told};
use crate::live::snapshot::{CompositeKind, Snapshot};

/// By this label the platform's preview service is found, whatever its name is.
const OFFERS: (&str, &str) = ("backstack.dev/offers", "composition-preview");
/// Crossplane's own name of what it composes, the same for every composite.
const RESOURCE_NAME: &str = "crossplane.io/composition-resource-name";
/// Fields that differ are told up to this number.
const MOST_FIELDS: usize = 5;

/// One resource that would be composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Composed {
    /// As `Deployment demo/shop`; a name that the server makes up ends in `*`.
    pub object: String,
    /// What would happen to it.
    pub effect: Effect,
    /// Fields that change, as `spec.replicas: 1 -> 2`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// What would happen to a composed resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum Effect {
    // It is not there yet.
    Create,
    // It is there, and fields of it change.
    Change,
    // It is there, and stays as it is.
    Keep,
    // The composition makes it no more.
    Delete,
}

/// The preview service's answer about a draft: one part for each object that it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Drafted {
    /// In the order of the question.
    pub previews: Vec<DraftedOne>,
}

/// What a draft made of one object.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DraftedOne {
    /// Why it made nothing; empty if it did.
    pub refused: String,
    /// What it made.
    #[serde(flatten)]
    pub rendered: Rendered,
}

/// The preview service's answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Rendered {
    /// The composed resources as the functions want them, in no certain order.
    pub resources: Vec<Value>,
    /// What functions said.
    pub says: Vec<String>,
    /// What functions could not be given.
    pub limits: Vec<String>,
}

/// The Service that runs compositions ahead, if the platform has one.
pub fn service(snapshot: &Snapshot) -> Option<Ref> {
    snapshot.all("", "Service").find(|service| label(service, OFFERS.0) == Some(OFFERS.1)).map(Ref::of)
}

/// The composition that Crossplane would take, by its own rules.
///
/// # Errors
/// Why that cannot be told.
pub fn choose(snapshot: &Snapshot, kind: &CompositeKind<'_>, object: &Value) -> Result<String, String> {
    let settled = [
        text(kind.definition, "/spec/enforcedCompositionRef/name"),
        text(object, "/spec/crossplane/compositionRef/name"),
        // Where APIs of the first kind keep it.
        text(object, "/spec/compositionRef/name"),
    ];
    if let Some(settled) = settled.into_iter().find(|settled| !settled.is_empty()) {
        return Ok(settled.into());
    }
    let wanted = object.pointer("/spec/crossplane/compositionSelector/matchLabels").and_then(Value::as_object);
    let default = text(kind.definition, "/spec/defaultCompositionRef/name");
    if wanted.is_none() && !default.is_empty() {
        return Ok(default.into());
    }
    let fits = |composition: &&Value| {
        let labels = wanted.into_iter().flatten();
        text(composition, "/spec/compositeTypeRef/kind") == kind.kind
            && group_of(text(composition, "/spec/compositeTypeRef/apiVersion")) == kind.group
            && labels.into_iter().all(|(key, value)| label(composition, key) == value.as_str())
    };
    let found: Vec<_> = snapshot.all("apiextensions.crossplane.io", "Composition").filter(fits).map(name).collect();
    match found[..] {
        [one] => Ok(one.into()),
        [] => Err(format!("no composition for {} is there", kind.kind)),
        _ => Err(format!(
            "Crossplane picks one of {} at random: name one in `spec.crossplane.compositionRef`",
            found.join(", ")
        )),
    }
}

/// What the preview service is asked.
pub fn question(composition: &str, composite: &Value, observed: &[Value]) -> Value {
    json!({"composition": composition, "composite": composite, "observed": observed})
}

/// Whom a composition is run for that is changed or new: those that use it, else one as its API describes it. The flag
/// says whether they are there. Nothing where no definition is known.
pub fn users(snapshot: &Snapshot, composition: &Value, beside: &[Value]) -> (Vec<Value>, bool) {
    let of = |key: &str| text(composition, key);
    let (group, kind) = (group_of(of("/spec/compositeTypeRef/apiVersion")), of("/spec/compositeTypeRef/kind"));
    let uses = |composite: &&Value| {
        let refers =
            [text(composite, "/spec/crossplane/compositionRef/name"), text(composite, "/spec/compositionRef/name")];
        refers.contains(&name(composition))
    };
    let using: Vec<_> = snapshot.all(group, kind).filter(uses).cloned().collect();
    if !using.is_empty() {
        return (using, true);
    }
    let new =
        beside.iter().filter(|object| text(object, "/kind") == "CompositeResourceDefinition").map(CompositeKind::of);
    let known = new.chain(snapshot.composite_kinds()).find(|one| one.group == group && one.kind == kind);
    (known.iter().map(apis::example).collect(), false)
}

/// What the preview service is asked about a composition that is no part of the cluster: each object, with what it is
/// composed of now.
pub fn draft_question(composition: &Value, composites: &[(Value, Vec<Value>)]) -> Value {
    let composites: Vec<_> =
        composites.iter().map(|(composite, observed)| json!({"composite": composite, "observed": observed})).collect();
    json!({"composition": composition, "composites": composites})
}

/// What would happen to every resource, of those that there are and those that there would be.
pub fn effects(rendered: &[Value], observed: &[Value]) -> Vec<Composed> {
    let key = |object: &Value| annotation(object, RESOURCE_NAME).map(ToString::to_string);
    let known = |wanted: &Value| observed.iter().find(|had| key(had).is_some() && key(had) == key(wanted));
    let made = rendered.iter().map(|wanted| match known(wanted) {
        None => Composed { object: told(wanted), effect: Effect::Create, changes: Vec::new() },
        Some(had) => {
            let changes = changes(wanted, had);
            let effect = if changes.is_empty() { Effect::Keep } else { Effect::Change };
            Composed { object: Ref::of(had).to_string(), effect, changes }
        }
    });
    let gone =
        observed.iter().filter(|had| key(had).is_some() && !rendered.iter().any(|wanted| key(wanted) == key(had)));
    let gone =
        gone.map(|had| Composed { object: Ref::of(had).to_string(), effect: Effect::Delete, changes: Vec::new() });
    made.chain(gone).collect()
}

fn changes(wanted: &Value, had: &Value) -> Vec<String> {
    let differences = diff::from_git(wanted, had);
    // An empty list or map says no more than none.
    let is_empty =
        |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    let is_nothing = |one: &diff::Difference| one.live.is_none() && one.git.as_ref().is_some_and(is_empty);
    let matters = differences.iter().filter(|one| one.path != "metadata.generateName" && !is_nothing(one));
    let mut told: Vec<_> = matters
        .map(|one| {
            let plain = |value: &Option<Value>| value.as_ref().map_or("nothing".to_string(), Value::to_string);
            format!("{}: {} -> {}", one.path, plain(&one.live), plain(&one.git))
        })
        .collect();
    if told.len() > MOST_FIELDS {
        let more = told.len() - MOST_FIELDS;
        told.truncate(MOST_FIELDS);
        told.push(format!("and {more} more fields"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::apis::tests::definition;

    fn composition(name: &str, flavour: &str) -> Value {
        json!({"apiVersion": "apiextensions.crossplane.io/v1", "kind": "Composition", "metadata": {"name": name, "labels": {"flavour": flavour}},
            "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1alpha1", "kind": "App"}}})
    }

    fn chosen(definition: &Value, object: &Value) -> Result<String, String> {
        let snapshot =
            Snapshot::of("lab", [definition.clone(), composition("plain", "plain"), composition("hard", "hard")]);
        choose(&snapshot, &CompositeKind::of(definition), object)
    }

    #[test]
    fn a_composition_is_chosen_as_crossplane_does() {
        let mut definition = definition();
        let named = json!({"spec": {"crossplane": {"compositionRef": {"name": "mine"}}}});
        let selected = json!({"spec": {"crossplane": {"compositionSelector": {"matchLabels": {"flavour": "hard"}}}}});
        assert!(chosen(&definition, &json!({})).expect_err("two fit").contains("at random"));
        assert_eq!(chosen(&definition, &named).as_deref(), Ok("mine"));
        assert_eq!(chosen(&definition, &selected).as_deref(), Ok("hard"));
        definition["spec"]["defaultCompositionRef"] = json!({"name": "plain"});
        assert_eq!(chosen(&definition, &json!({})).as_deref(), Ok("plain"));
        assert_eq!(chosen(&definition, &selected).as_deref(), Ok("hard"), "a selector is no default");
        definition["spec"]["enforcedCompositionRef"] = json!({"name": "only"});
        assert_eq!(chosen(&definition, &named).as_deref(), Ok("only"));
    }

    #[test]
    fn a_draft_is_run_for_those_that_use_it_and_else_for_an_example() {
        let app = |name: &str, composition: &str| {
            json!({"apiVersion": "p.dev/v1alpha1", "kind": "App",
            "metadata": {"namespace": "demo", "name": name}, "spec": {"crossplane": {"compositionRef": {"name": composition}}}})
        };
        let snapshot = Snapshot::of("lab", [definition(), app("a", "plain"), app("b", "hard"), app("c", "plain")]);
        let found = |of: &Value, beside: &[Value]| {
            let (users, are_there) = users(&snapshot, of, beside);
            (users.iter().map(|user| Ref::of(user).to_string()).collect::<Vec<_>>(), are_there)
        };
        assert_eq!(found(&composition("plain", "plain"), &[]), (vec!["App demo/a".into(), "App demo/c".into()], true));
        assert_eq!(found(&composition("new", "plain"), &[]), (vec!["App demo/example".into()], false));
        let mut other = composition("new", "plain");
        other["spec"]["compositeTypeRef"] = json!({"apiVersion": "q.dev/v1", "kind": "Queue"});
        assert_eq!(found(&other, &[]), (vec![], false));
        let mut new = definition();
        new["spec"]["group"] = "q.dev".into();
        new["spec"]["names"] = json!({"kind": "Queue", "plural": "queues"});
        assert_eq!(found(&other, &[new]), (vec!["Queue demo/example".into()], false), "its definition comes with it");
    }

    #[test]
    fn what_a_draft_made_and_what_it_refused_stand_side_by_side() {
        let answer = json!({"previews": [{"refused": "step a: it refuses: no"}, {"resources": [{"kind": "Job"}], "says": ["hello"], "limits": []}]});
        let drafted: Drafted = serde_json::from_value(answer).expect("an answer");
        assert_eq!(drafted.previews[0].refused, "step a: it refuses: no");
        assert_eq!(drafted.previews[0].rendered, Rendered::default());
        assert_eq!(drafted.previews[1].rendered.says, ["hello"]);
    }

    fn object(kind: &str, key: &str, replicas: i64) -> Value {
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"namespace": "demo", "name": "shop", "annotations": {RESOURCE_NAME: key}}, "spec": {"replicas": replicas}})
    }

    #[test]
    fn every_resource_is_made_changed_kept_or_deleted() {
        let mut fresh = object("Service", "front", 0);
        fresh["metadata"]["name"] = Value::Null;
        fresh["metadata"]["generateName"] = "shop-".into();
        let rendered = [object("Deployment", "web", 2), fresh, object("Thing", "same", 1)];
        let observed = [object("Deployment", "web", 1), object("Thing", "same", 1), object("Job", "old", 1)];
        let effects = effects(&rendered, &observed);
        let told: Vec<_> = effects.iter().map(|one| (one.object.as_str(), one.effect)).collect();
        assert_eq!(
            told,
            [
                ("Deployment demo/shop", Effect::Change),
                ("Service demo/shop-*", Effect::Create),
                ("Thing demo/shop", Effect::Keep),
                ("Job demo/shop", Effect::Delete),
            ]
        );
        assert_eq!(effects[0].changes, ["spec.replicas: 1 -> 2"]);
    }

    #[test]
    fn an_empty_list_in_place_of_none_is_no_change() {
        let had = object("Deployment", "web", 1);
        let mut wanted = had.clone();
        wanted["spec"]["env"] = json!([]);
        assert_eq!(effects(&[wanted], &[had])[0].effect, Effect::Keep);
    }
}
