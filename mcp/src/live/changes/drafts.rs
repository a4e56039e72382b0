//! New APIs, compositions and policies: what can be said of them without the right to create one.

use serde_json::Value;

use crate::live::object::{Ref, group_of, list, name, text};
use crate::live::schema::{self, Misfit};
use crate::live::snapshot::Snapshot;

/// The CustomResourceDefinition of a kind, by the name that it has if the plural is a usual one.
pub fn definition_of(at: &Ref) -> Ref {
    let kind = at.kind.to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with(['s', 'x']) || kind.ends_with("ch") => format!("{kind}es"),
        _ => format!("{kind}s"),
    };
    Ref::new("apiextensions.k8s.io", "CustomResourceDefinition", "", &format!("{plural}.{}", at.group))
}

/// What does not fit; `beside` are the other objects of the same change, `definition` what defines its kind, if it was
/// found.
pub fn check(snapshot: &Snapshot, object: &Value, beside: &[Value], definition: Option<&Value>) -> Vec<Misfit> {
    let mut misfits = definition.and_then(|definition| schema::check_custom(definition, object)).unwrap_or_default();
    match text(object, "/kind") {
        "Composition" => misfits.extend(composition(snapshot, object, beside)),
        "CompositeResourceDefinition" => misfits.extend(api(object)),
        _ => {}
    }
    misfits
}

/// A composition names a kind that there is, and functions that run.
fn composition(snapshot: &Snapshot, object: &Value, beside: &[Value]) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let wanted =
        (group_of(text(object, "/spec/compositeTypeRef/apiVersion")), text(object, "/spec/compositeTypeRef/kind"));
    let defines =
        |definition: &Value| (text(definition, "/spec/group"), text(definition, "/spec/names/kind")) == wanted;
    let own = beside.iter().filter(|object| text(object, "/kind") == "CompositeResourceDefinition");
    let mut known = snapshot.all("apiextensions.crossplane.io", "CompositeResourceDefinition").chain(own);
    if !known.any(defines) {
        let problem = format!("names kind {} of {}, which no definition defines", wanted.1, wanted.0);
        misfits.push(Misfit { path: "spec.compositeTypeRef".into(), problem });
    }
    let functions: Vec<_> = snapshot.all("pkg.crossplane.io", "Function").map(name).collect();
    let mut steps = Vec::new();
    for (index, step) in list(object, "/spec/pipeline").iter().enumerate() {
        let (function, called) = (text(step, "/functionRef/name"), text(step, "/step"));
        if !functions.contains(&function) {
            let there = if functions.is_empty() { "none".into() } else { functions.join(", ") };
            let problem = format!("there is no function `{function}`; installed is {there}");
            misfits.push(Misfit { path: format!("spec.pipeline[{index}].functionRef.name"), problem });
        }
        if steps.contains(&called) {
            let problem = format!("two steps are called `{called}`");
            misfits.push(Misfit { path: format!("spec.pipeline[{index}].step"), problem });
        }
        steps.push(called);
    }
    misfits
}

/// An API is called after its plural and group, and one of its versions can be referred to.
fn api(object: &Value) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    let wanted = format!("{}.{}", text(object, "/spec/names/plural"), text(object, "/spec/group"));
    if name(object) != wanted {
        misfits.push(Misfit { path: "metadata.name".into(), problem: format!("must be `{wanted}`: plural and group") });
    }
    let is = |version: &&Value, key: &str| version.get(key).and_then(Value::as_bool) == Some(true);
    let versions = list(object, "/spec/versions").iter();
    let referenceable = versions.clone().filter(|version| is(version, "referenceable")).count();
    if referenceable != 1 {
        let problem = format!("one of them must be `referenceable`; {referenceable} are");
        misfits.push(Misfit { path: "spec.versions".into(), problem });
    }
    for (index, version) in versions.enumerate() {
        let schema = version.pointer("/schema/openAPIV3Schema");
        if schema.is_none_or(|schema| text(schema, "/type") != "object") {
            let path = format!("spec.versions[{index}].schema.openAPIV3Schema");
            misfits.push(Misfit { path, problem: "must be there, and of type object".into() });
        }
    }
    misfits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::apis::tests::definition;
    use serde_json::json;

    #[test]
    fn plurals_are_those_of_the_usual_kinds() {
        for (kind, plural) in [
            ("ValidatingPolicy", "validatingpolicies"),
            ("Composition", "compositions"),
            ("Gateway", "gateways"),
            ("IngressClass", "ingressclasses"),
        ] {
            assert_eq!(definition_of(&Ref::new("x.dev", kind, "", "a")).name, format!("{plural}.x.dev"));
        }
    }

    #[test]
    fn a_composition_needs_its_kind_and_its_functions() {
        let function = json!({"apiVersion": "pkg.crossplane.io/v1", "kind": "Function", "metadata": {"name": "good"}});
        let snapshot = Snapshot::of("lab", [definition(), function]);
        let draft = |kind: &str, functions: &[&str]| {
            let steps: Vec<_> = functions
                .iter()
                .map(|name| json!({"step": format!("of-{name}"), "functionRef": {"name": name}}))
                .collect();
            json!({"kind": "Composition", "metadata": {"name": "c"}, "spec": {"compositeTypeRef": {"apiVersion": "p.dev/v1alpha1", "kind": kind}, "pipeline": steps}})
        };
        let told = |object: &Value, beside: &[Value]| {
            check(&snapshot, object, beside, None).into_iter().map(|one| one.path).collect::<Vec<_>>()
        };
        assert_eq!(told(&draft("App", &["good"]), &[]), Vec::<String>::new());
        assert_eq!(
            told(&draft("App", &["good", "bad", "good"]), &[]),
            ["spec.pipeline[1].functionRef.name", "spec.pipeline[2].step"]
        );
        assert_eq!(told(&draft("New", &["good"]), &[]), ["spec.compositeTypeRef"]);
        let mut new = definition();
        new["spec"]["names"]["kind"] = "New".into();
        assert_eq!(told(&draft("New", &["good"]), &[new]), Vec::<String>::new(), "it comes with the same change");
    }

    #[test]
    fn an_api_is_called_after_its_plural_and_group() {
        let draft = json!({"kind": "CompositeResourceDefinition", "metadata": {"name": "cache.p.dev"}, "spec": {"group": "p.dev", "names": {"plural": "caches"},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "string"}}}]}});
        let snapshot = Snapshot::of("lab", []);
        let told: Vec<_> = check(&snapshot, &draft, &[], None).into_iter().map(|one| one.path).collect();
        assert_eq!(told, ["metadata.name", "spec.versions", "spec.versions[0].schema.openAPIV3Schema"]);
    }
}
