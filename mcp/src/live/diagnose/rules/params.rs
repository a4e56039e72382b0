//! Policies of the API server itself that cannot judge: their binding names parameters that are not there, and everything
//! that they are asked about is refused. No change of what is refused helps.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding, REMARK};
use crate::live::object::{Ref, group_of, list, name, text};
use crate::live::references::selector::{fits, shown};
use crate::live::references::{nearest, there_are};
use crate::live::snapshot::Snapshot;

const GROUP: &str = "admissionregistration.k8s.io";
const KINDS: [(&str, &str); 2] = [
    ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"),
    ("MutatingAdmissionPolicyBinding", "MutatingAdmissionPolicy"),
];

/// Kinds of parameters that policies ask for, by group.
pub(in crate::live::diagnose) fn kinds(snapshot: &Snapshot) -> Vec<(String, String)> {
    let policies = KINDS.iter().flat_map(|(_, kind)| snapshot.all(GROUP, kind));
    let kinds = policies.filter_map(|policy| policy.pointer("/spec/paramKind"));
    kinds.map(|kind| (group_of(text(kind, "/apiVersion")).to_string(), text(kind, "/kind").to_string())).collect()
}

/// The refusal by such a policy, as one of its binding, or of its parameters.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::PolicyDenied {
        return finding;
    }
    let said = finding.evidence.iter().map(|one| one.text.as_str()).chain([finding.summary.as_str()]);
    let said = said.collect::<Vec<_>>().join("\n");
    let Some(called) = said.split_once("with binding '").and_then(|(_, rest)| rest.split('\'').next()) else {
        return finding;
    };
    let bindings = KINDS.iter().filter_map(|(kind, _)| seen.snapshot.get(&Ref::new(GROUP, kind, "", called)));
    let (binding, place, is_gone) =
        (bindings.into_iter().next(), &finding.object.namespace, said.contains("no params found"));
    let found = match binding {
        Some(binding) if is_gone => gone(seen, binding, place),
        Some(binding) => no_kind(seen, binding, &said).or_else(|| lacks(seen, binding, place, &said)),
        // One that may not be read here is named by the message.
        None => is_gone.then(|| unread(&said, called)),
    };
    let Some(mut found) = found else { return finding };
    found.affects.push(finding.object.to_string());
    found.weight = finding.weight;
    finding.evidence.iter().fold(found, |found, one| found.with(one.source.clone(), &one.text))
}

/// What the message alone tells of a binding.
fn unread(said: &str, called: &str) -> Finding {
    let kind = KINDS.iter().find(|(_, policy)| said.contains(policy)).map_or(KINDS[0].0, |(kind, _)| kind);
    let (at, field) = (Ref::new(GROUP, kind, "", called), "spec.paramRef");
    let text = "names parameters that are not there, so that everything is refused that its policy would judge";
    let next = format!("Make what `{field}` of {at} names, or correct it.");
    Finding::new(Fault::MissingReference, at, text).at(field).next(next)
}

/// A binding whose policy or whose parameters are not there.
pub(super) fn of_binding(seen: &Seen<'_>, binding: &Value) -> Option<Finding> {
    let (at, field, wanted) = (Ref::of(binding), "spec.policyName", text(binding, "/spec/policyName"));
    let Some(policy) = policy_of(seen.snapshot, binding) else {
        let kind = policy_kind(binding);
        if !seen.snapshot.has_kind(GROUP, kind) {
            return None;
        }
        let all = || seen.snapshot.all(GROUP, kind);
        let text = format!(
            "binds {kind} {wanted}, which does not exist, so that nothing is judged by it ({})",
            there_are(all())
        );
        let found =
            Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, wanted).at_most(REMARK);
        return Some(match nearest(wanted, all().map(name)) {
            Some(near) => found.should_be(near).next(format!("Set `{field}` of {at} to `{near}`, if that is meant.")),
            None => found.next(format!("Make {kind} {wanted}, or correct `{field}` of {at}.")),
        });
    };
    // Without a namespace each request looks in its own.
    let place = text(binding, "/spec/paramRef/namespace");
    let is_settled = !place.is_empty() || params(seen.snapshot, policy).is_some_and(|kind| !kind.namespaced);
    let found = gone(seen, binding, place).filter(|_| is_settled)?;
    let actions = list(binding, "/spec/validationActions");
    let refuses = actions.is_empty() || actions.iter().any(|action| action == "Deny");
    Some(if refuses { found } else { found.at_most(REMARK) })
}

fn policy_kind(binding: &Value) -> &'static str {
    let own = KINDS.iter().find(|(kind, _)| text(binding, "/kind") == *kind);
    own.map_or("", |(_, policy)| policy)
}

fn policy_of<'a>(snapshot: &'a Snapshot, binding: &Value) -> Option<&'a Value> {
    snapshot.get(&Ref::new(GROUP, policy_kind(binding), "", text(binding, "/spec/policyName")))
}

/// The kind of a policy's parameters.
struct Params {
    group: String,
    kind: String,
    namespaced: bool,
}

impl Params {
    /// The namespace that a binding's parameters are in: the one that it names, or else that of what is judged.
    fn place<'a>(&self, named: &'a str, judged: &'a str) -> &'a str {
        match (self.namespaced, named) {
            (false, _) => "",
            (true, "") => judged,
            (true, named) => named,
        }
    }
}

fn params(snapshot: &Snapshot, policy: &Value) -> Option<Params> {
    let kind = policy.pointer("/spec/paramKind")?;
    let (group, kind) = (group_of(text(kind, "/apiVersion")).to_string(), text(kind, "/kind").to_string());
    let served = snapshot.served.iter().find(|one| one.group == group && one.kind == kind);
    let namespaced = served.map_or(group.is_empty() && kind != "Namespace" && kind != "Node", |one| one.namespaced);
    Some(Params { group, kind, namespaced })
}

/// Parameters that a binding names, or selects, and that are not there.
fn gone(seen: &Seen<'_>, binding: &Value, place: &str) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let reference = binding.pointer("/spec/paramRef")?;
    if text(reference, "/parameterNotFoundAction") != "Deny" {
        return None;
    }
    let said = text(reference, "/namespace");
    let params = params(snapshot, policy_of(snapshot, binding)?)?;
    let place = params.place(said, place);
    let Params { group, kind, .. } = params;
    if !snapshot.has_kind(&group, &kind) {
        return None;
    }
    let (at, wanted) = (Ref::of(binding), text(reference, "/name"));
    let others = || snapshot.inside(&group, &kind, place);
    let refuses = "so that everything is refused that its policy would judge";
    if wanted.is_empty() {
        let (field, selector) = ("spec.paramRef.selector", reference.get("selector"));
        if others().any(|one| fits(selector, one.pointer("/metadata/labels"))) {
            return None;
        }
        let labels = shown(selector.and_then(|selector| selector.get("matchLabels")));
        let inside = if place.is_empty() { String::new() } else { format!(" of namespace {place}") };
        let text = format!(
            "takes its parameters from every {kind}{inside} with `{labels}`, and there is none ({}), {refuses}",
            there_are(others())
        );
        let found = Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, &labels);
        return Some(
            found.next(format!("Give the {kind} that is meant the labels `{labels}`, or correct `{field}` of {at}.")),
        );
    }
    let meant = Ref::new(&group, &kind, place, wanted);
    if snapshot.get(&meant).is_some() {
        return None;
    }
    let field = "spec.paramRef.name";
    let text = format!("takes its parameters from {meant}, which does not exist ({}), {refuses}", there_are(others()));
    let found = Finding::new(Fault::MissingReference, at.clone(), text).with(field, wanted);
    if let Some(near) = nearest(wanted, others().map(name)) {
        return Some(
            found.at(field).should_be(near).next(format!("Set `{field}` of {at} to `{near}`, or make {meant}.")),
        );
    }
    let elsewhere = snapshot.all(&group, &kind).find(|one| name(one) == wanted).map(Ref::of);
    Some(match elsewhere.filter(|_| !said.is_empty()) {
        Some(other) => {
            let field = "spec.paramRef.namespace";
            let next = format!("Set `{field}` of {at} to `{}`, or make {meant}.", other.namespace);
            found.at(field).should_be(other.namespace).next(next)
        }
        None => found.at(field).next(format!("Make {meant}, or correct `{field}` of {at}.")),
    })
}

/// A kind of parameters that the cluster does not serve.
fn no_kind(seen: &Seen<'_>, binding: &Value, said: &str) -> Option<Finding> {
    let policy = policy_of(seen.snapshot, binding).filter(|_| said.contains("resource referenced by paramKind"))?;
    let (at, field) = (Ref::of(policy), "spec.paramKind");
    let kind = format!("{} ({})", text(policy, "/spec/paramKind/kind"), text(policy, "/spec/paramKind/apiVersion"));
    let text = format!(
        "takes parameters of kind {kind}, which this cluster does not serve, so that everything is refused that it would judge"
    );
    let found = Finding::new(Fault::MissingReference, at.clone(), text).at(field).with(field, &kind);
    Some(found.next(format!("Install what defines {kind}, or correct `{field}` of {at}.")))
}

/// Parameters that are there, and lack a key that an expression reads.
fn lacks(seen: &Seen<'_>, binding: &Value, place: &str, said: &str) -> Option<Finding> {
    let (before, rest) = said.split_once("resulted in error: no such key: ")?;
    let key = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let is_of_params =
        ["params", "params.data", "params.spec"].iter().any(|start| before.contains(&format!("{start}.{key}")));
    let params = params(seen.snapshot, policy_of(seen.snapshot, binding)?)?;
    let place = params.place(text(binding, "/spec/paramRef/namespace"), place);
    let Params { group, kind, .. } = params;
    let at = Ref::new(&group, &kind, place, text(binding, "/spec/paramRef/name"));
    let object = seen.snapshot.get(&at).filter(|_| is_of_params)?;
    let part = ["data", "spec"]
        .into_iter()
        .find(|part| object.get(*part).is_some() || before.contains(&format!("params.{part}.")))?;
    let field = if part == "data" { format!("data[{key}]") } else { format!("{part}.{key}") };
    let text = format!(
        "has no `{key}`, which the policy of {} reads, so that everything is refused that it would judge",
        Ref::of(binding)
    );
    let found = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone());
    Some(found.next(format!("Set `{field}` of {at}, or let the policy do without it.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::diagnose::{Verdict, diagnose};

    fn objects(kind: &str, reference: Value, map: &str) -> Vec<Value> {
        let api = "admissionregistration.k8s.io/v1";
        vec![
            json!({"apiVersion": api, "kind": kind, "metadata": {"name": "small"}, "spec": {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}}),
            json!({"apiVersion": api, "kind": format!("{kind}Binding"), "metadata": {"name": "bound"}, "spec": {"policyName": "small", "validationActions": ["Deny"], "paramRef": reference}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": map, "labels": {"use": "limits"}}, "data": {"most": "3"}}),
        ]
    }

    fn refused(said: &str) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app"}]}}},
            "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                "message": format!("pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'small' with binding 'bound' denied request: {said}")}]}})
    }

    #[test]
    fn parameters_that_are_missing_are_told_of_their_binding() {
        let said =
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
        let (binding, name, none) = ("Binding bound", "spec.paramRef.name", json!({"matchLabels": {"use": "none"}}));
        for (reference, map, field, next) in [
            (
                json!({"name": "limits", "namespace": "shop", "parameterNotFoundAction": "Deny"}),
                "limit",
                name,
                "to `limit`",
            ),
            (json!({"name": "limits", "parameterNotFoundAction": "Deny"}), "limit", name, "to `limit`"),
            (
                json!({"name": "limits", "namespace": "shop", "parameterNotFoundAction": "Deny"}),
                "other",
                name,
                "Make ConfigMap shop/limits",
            ),
            (
                json!({"name": "limits", "namespace": "shops", "parameterNotFoundAction": "Deny"}),
                "limits",
                "spec.paramRef.namespace",
                "to `shop`",
            ),
            (
                json!({"selector": none, "namespace": "shop", "parameterNotFoundAction": "Deny"}),
                "limit",
                "spec.paramRef.selector",
                "the labels `use=none`",
            ),
        ] {
            for kind in ["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"] {
                let mut all = objects(kind, reference.clone(), map);
                all.push(refused(said));
                let cause = diagnose(&Snapshot::of("lab", all), "Deployment:shop/web").expect("there").causes.remove(0);
                assert_eq!(
                    (cause.object.to_string(), cause.field.as_str()),
                    (format!("{kind}{binding}"), field),
                    "{reference}"
                );
                assert!(cause.next.contains(next) && cause.affects == ["Deployment shop/web"], "{cause:?}");
            }
        }
    }

    #[test]
    fn a_binding_that_may_not_be_read_is_named_all_the_same() {
        let mut all = objects("ValidatingAdmissionPolicy", json!({}), "limit");
        all.remove(1);
        all.push(refused(
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
        ));
        let cause = diagnose(&Snapshot::of("lab", all), "Deployment:shop/web").expect("there").causes.remove(0);
        assert_eq!(cause.object.to_string(), "ValidatingAdmissionPolicyBinding bound");
        assert_eq!(cause.field, "spec.paramRef");
    }

    #[test]
    fn parameters_that_lack_a_key_are_told_themselves() {
        let mut all = objects(
            "ValidatingAdmissionPolicy",
            json!({"name": "limit", "namespace": "shop", "parameterNotFoundAction": "Deny"}),
            "limit",
        );
        all.push(refused("expression 'size(object.spec.containers) <= int(params.data.containers)' resulted in error: no such key: containers"));
        let cause = diagnose(&Snapshot::of("lab", all), "Deployment:shop/web").expect("there").causes.remove(0);
        assert_eq!(
            (cause.object.to_string().as_str(), cause.field.as_str()),
            ("ConfigMap shop/limit", "data[containers]")
        );
    }

    #[test]
    fn a_binding_is_told_by_itself_and_one_that_is_well_is_not() {
        let told = |reference: Value, map: &str| {
            let snapshot = Snapshot::of("lab", objects("ValidatingAdmissionPolicy", reference, map));
            let told = diagnose(&snapshot, "ValidatingAdmissionPolicyBinding:bound").expect("there");
            (told.verdict, told.causes.into_iter().next().map(|one| one.field).unwrap_or_default())
        };
        let reference =
            |action: &str| json!({"name": "limits", "namespace": "shop", "parameterNotFoundAction": action});
        assert_eq!(told(reference("Deny"), "limit"), (Verdict::Broken, "spec.paramRef.name".into()));
        assert_eq!(told(reference("Deny"), "limits").1, "");
        assert_eq!(told(reference("Allow"), "limit").1, "", "without parameters it lets everything pass");
        let each = json!({"name": "limits", "parameterNotFoundAction": "Deny"});
        assert_eq!(told(each, "limit").1, "", "each namespace may have its own");
        let mut lost = objects("ValidatingAdmissionPolicy", reference("Deny"), "limits");
        lost.remove(0);
        lost.push(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "smaller"}, "spec": {}}));
        let told = diagnose(&Snapshot::of("lab", lost), "ValidatingAdmissionPolicyBinding:bound").expect("there");
        assert_eq!((told.verdict, told.causes[0].field.as_str()), (Verdict::Imperfect, "spec.policyName"));
    }
}
