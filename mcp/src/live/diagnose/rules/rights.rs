//! Rights: what an account may do, and which binding or role is at fault where it may not.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, namespace, text};
use crate::live::references::template::Template;
use crate::live::references::{nearest, there_are};
use crate::live::snapshot::Snapshot;

const GROUP: &str = "rbac.authorization.k8s.io";

/// What somebody was not allowed to do, as the API server tells it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::live::diagnose) struct Refusal {
    pub namespace: String,
    pub account: String,
    pub verb: String,
    pub resource: String,
    pub group: String,
    /// Empty for the whole cluster.
    pub place: String,
}

impl Refusal {
    /// Reads `User "system:serviceaccount:a:b" cannot list resource "pods" in API group "" in the namespace "c"`.
    pub(in crate::live::diagnose) fn read(line: &str) -> Option<Self> {
        let line = line.replace("\\\"", "\"");
        let after = |word: &str| Some(line.split_once(word)?.1.split('"').next().unwrap_or_default().to_string());
        let user = after("\"system:serviceaccount:")?;
        let (namespace, account) = user.split_once(':')?;
        let verb = line.split_once("\" cannot ")?.1.split_whitespace().next()?.to_string();
        Some(Self {
            namespace: namespace.into(),
            account: account.into(),
            verb,
            resource: after("resource \"")?,
            group: after("in API group \"").unwrap_or_default(),
            place: after("in the namespace \"").unwrap_or_default(),
        })
    }

    fn what(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        match self.place.as_str() {
            "" => format!("{} {}{group} in the whole cluster", self.verb, self.resource),
            place => format!("{} {}{group} in namespace {place}", self.verb, self.resource),
        }
    }
}

/// Bindings of an account that give nothing: they name a role that is not there. And what its programs were refused.
pub(super) fn of_account(seen: &Seen<'_>, object: &Value) -> Vec<Finding> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let account = match text(template.spec, "/serviceAccountName") {
        "" => "default",
        account => account,
    };
    let place = namespace(object);
    let mut found: Vec<Finding> = Vec::new();
    if account != "default" {
        let own = bindings(seen.snapshot, place).into_iter().filter(|binding| names(binding, place, account));
        found.extend(own.flat_map(|binding| of_binding(seen, binding)));
    }
    let refusals = seen.snapshot.pods_of(object).into_iter().filter_map(|pod| {
        let containers = list(pod, "/spec/containers").iter().map(|container| text(container, "/name"));
        let key = |container: &str| (namespace(pod).to_string(), name(pod).to_string(), container.to_string());
        let ended = containers.into_iter().find_map(|container| seen.snapshot.log(&key(container)));
        let lines = super::logs::recent_lines(seen, pod).chain(ended.into_iter().flat_map(str::lines));
        lines.filter(|line| line.contains("cannot ")).filter_map(|line| Some((Refusal::read(line)?, line))).last()
    });
    found.extend(refusals.take(1).map(|(refusal, line)| missing(seen.snapshot, &refusal, line)));
    found
}

/// A binding whose role is not there.
pub(super) fn of_binding(seen: &Seen<'_>, binding: &Value) -> Vec<Finding> {
    let snapshot = seen.snapshot;
    let (at, kind, wanted) = (Ref::of(binding), text(binding, "/roleRef/kind"), text(binding, "/roleRef/name"));
    let place = if kind == "ClusterRole" { "" } else { at.namespace.as_str() };
    let mut found = Vec::new();
    if snapshot.has_kind(GROUP, kind) && snapshot.get(&Ref::new(GROUP, kind, place, wanted)).is_none() {
        let others = || snapshot.inside(GROUP, kind, place);
        let hint = match nearest(wanted, others().map(name)) {
            Some(near) => format!("; there is `{near}`"),
            None if kind == "Role" => format!(" ({})", there_are(others())),
            None => String::new(),
        };
        let text = format!("gives {kind} `{wanted}`, which does not exist{hint}");
        let finding =
            Finding::new(Fault::MissingReference, at.clone(), text).at("roleRef.name").with("roleRef.name", wanted);
        let next =
            format!("Make {kind} `{wanted}`, or make {at} again with the right `roleRef` (it cannot be changed).");
        found.push(match nearest(wanted, others().map(name)) {
            Some(near) => finding.should_be(near).next(next),
            None => finding.next(next),
        });
    }
    for (index, subject) in list(binding, "/subjects").iter().enumerate() {
        let account = Ref::new("", "ServiceAccount", text(subject, "/namespace"), text(subject, "/name"));
        let is_gone = text(subject, "/kind") == "ServiceAccount" && snapshot.get(&account).is_none();
        let is_built_in = at.name.starts_with("system:");
        if is_gone && !is_built_in && snapshot.has_kind("", "ServiceAccount") && !account.namespace.is_empty() {
            // Kubernetes itself has bindings for accounts that not every cluster has: only a slip is worth a word.
            let others = || snapshot.inside("", "ServiceAccount", &account.namespace).map(name);
            let Some(near) = nearest(&account.name, others()) else { continue };
            let field = format!("subjects[{index}].name");
            let text = format!("is for {account}, which does not exist; there is `{near}`");
            let finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone()).at_most(46);
            let finding = finding.with(field.clone(), &account.name).should_be(near);
            found.push(finding.next(format!("Correct `{field}` of {at}, or make {account}.")));
        }
    }
    found
}

/// The binding or role that should have let it, and did not.
pub(in crate::live::diagnose) fn missing(snapshot: &Snapshot, refusal: &Refusal, said: &str) -> Finding {
    let account = Ref::new("", "ServiceAccount", &refusal.namespace, &refusal.account);
    let what = refusal.what();
    let all = bindings(snapshot, &refusal.place);
    let own: Vec<_> =
        all.iter().copied().filter(|binding| names(binding, &refusal.namespace, &refusal.account)).collect();
    let finding = |object: Ref, text: String| Finding::new(Fault::MissingRights, object, text).with("said", said);
    // It has a role, and that lacks something.
    for binding in &own {
        let Some(role) = role_of(snapshot, binding) else {
            let text = format!(
                "should let {account} {what}, and names a role that does not exist: `{}`",
                text(binding, "/roleRef/name")
            );
            let at = Ref::of(binding);
            return finding(at.clone(), text)
                .at("roleRef.name")
                .next(format!("Make that role, or make {at} again with the right `roleRef`."));
        };
        if let Some((field, lacks)) = almost(role, refusal) {
            let at = Ref::of(role);
            let text = format!("lets {account} not {what}: {lacks}");
            return finding(at.clone(), text).at(field.clone()).next(format!("Add it to `{field}` of {at}."));
        }
    }
    // A binding gives the right to somebody else.
    for binding in &all {
        let gives = role_of(snapshot, binding).is_some_and(|role| lets(role, refusal));
        let meant = list(binding, "/subjects").iter().position(|subject| {
            text(subject, "/kind") == "ServiceAccount"
                && (text(subject, "/name") == refusal.account
                    || nearest(&refusal.account, [text(subject, "/name")].into_iter()).is_some())
        });
        if let Some(index) = meant.filter(|_| gives && namespace(binding) == refusal.place) {
            let subject = &list(binding, "/subjects")[index];
            let word = if text(subject, "/name") == refusal.account { "namespace" } else { "name" };
            let (field, right) = (
                format!("subjects[{index}].{word}"),
                if word == "name" { &refusal.account } else { &refusal.namespace },
            );
            let at = Ref::of(binding);
            let other = format!("{}/{}", text(subject, "/namespace"), text(subject, "/name"));
            let text = format!("gives the right to {what} to account {other}, not to {account}");
            return finding(at.clone(), text)
                .at(field.clone())
                .should_be(right.as_str())
                .next(format!("Set `{field}` of {at} to `{right}`."));
        }
    }
    let roles = snapshot.inside(GROUP, "Role", &refusal.place).find(|role| lets(role, refusal)).map(Ref::of);
    let place = match refusal.place.as_str() {
        "" => "for the whole cluster (ClusterRole and ClusterRoleBinding)".to_string(),
        place => format!("in namespace {place}"),
    };
    // The same right in another namespace counts only there.
    let mut elsewhere = snapshot
        .all(GROUP, "RoleBinding")
        .filter(|binding| namespace(binding) != refusal.place && names(binding, &refusal.namespace, &refusal.account));
    let elsewhere = elsewhere.find(|binding| role_of(snapshot, binding).is_some_and(|role| lets(role, refusal)));
    if let Some(binding) = elsewhere.filter(|_| own.is_empty() && roles.is_none()) {
        let (at, there) = (Ref::of(binding), namespace(binding));
        let text = format!("lets {account} do so only in namespace {there}: it may not {what}");
        return finding(at.clone(), text).at("metadata.namespace").next(format!(
            "Make a Role and a RoleBinding {place} that let {account} do so, as {at} does in {there}: `subjects` names namespace {}. Or let the program look in {there}.",
            refusal.namespace
        ));
    }
    let (text, next) = match (&roles, own.is_empty()) {
        (Some(role), _) => (
            format!("may not {what}: {role} lets it, and no binding gives that to it"),
            format!("Make a RoleBinding in namespace {} that gives {role} to {account}.", role.namespace),
        ),
        (None, true) => (
            format!("may not {what}: no binding gives it any right"),
            format!(
                "Make a Role that lets `{}` `{}`, and a RoleBinding that gives it to {account}, both {place}.",
                refusal.verb, refusal.resource
            ),
        ),
        (None, false) => (
            format!("may not {what}: none of the roles that it has lets it"),
            format!(
                "Add `{}` of `{}` to a role that {account} has ({}).",
                refusal.verb,
                refusal.resource,
                own.iter().map(|one| text(one, "/roleRef/name")).collect::<Vec<_>>().join(", ")
            ),
        ),
    };
    finding(account, text).next(next)
}

/// Bindings that count in a namespace: its own, and those of the whole cluster.
fn bindings<'a>(snapshot: &'a Snapshot, place: &str) -> Vec<&'a Value> {
    let own = snapshot.inside(GROUP, "RoleBinding", place).filter(|_| !place.is_empty());
    own.chain(snapshot.all(GROUP, "ClusterRoleBinding")).collect()
}

fn names(binding: &Value, place: &str, account: &str) -> bool {
    list(binding, "/subjects").iter().any(|subject| {
        text(subject, "/kind") == "ServiceAccount"
            && text(subject, "/name") == account
            && text(subject, "/namespace") == place
    })
}

fn role_of<'a>(snapshot: &'a Snapshot, binding: &Value) -> Option<&'a Value> {
    let kind = text(binding, "/roleRef/kind");
    let place = if kind == "ClusterRole" { "" } else { namespace(binding) };
    snapshot.get(&Ref::new(GROUP, kind, place, text(binding, "/roleRef/name")))
}

fn has(rule: &Value, field: &str, wanted: &str) -> bool {
    list(rule, &format!("/{field}")).iter().filter_map(Value::as_str).any(|one| one == "*" || one == wanted)
}

fn lets(role: &Value, refusal: &Refusal) -> bool {
    list(role, "/rules").iter().any(|rule| {
        has(rule, "verbs", &refusal.verb)
            && has(rule, "resources", &refusal.resource)
            && has(rule, "apiGroups", &refusal.group)
    })
}

/// The rule that lacks just one thing, and that thing.
fn almost(role: &Value, refusal: &Refusal) -> Option<(String, String)> {
    let rules = list(role, "/rules").iter().enumerate();
    let lacking = rules.filter_map(|(index, rule)| {
        let parts = [("verbs", &refusal.verb), ("resources", &refusal.resource), ("apiGroups", &refusal.group)];
        let lacks: Vec<_> = parts.iter().filter(|(field, wanted)| !has(rule, field, wanted)).collect();
        match lacks.as_slice() {
            [] => (!list(rule, "/resourceNames").is_empty())
                .then(|| (1, format!("rules[{index}].resourceNames"), "it is for certain names only".to_string())),
            [(field, wanted)] => {
                let had: Vec<_> = list(rule, &format!("/{field}")).iter().filter_map(Value::as_str).collect();
                let shown = |word: &str| if word.is_empty() { "\"\"".to_string() } else { word.to_string() };
                let had = had.into_iter().map(shown).collect::<Vec<_>>().join(", ");
                Some((1, format!("rules[{index}].{field}"), format!("`{field}` has {had}, not {}", shown(wanted))))
            }
            // Another group and another resource: nearly always the wrong group for the same thing.
            _ => None,
        }
    });
    lacking.min_by_key(|(count, ..)| *count).map(|(_, field, lacks)| (field, lacks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SAID: &str = r#"pods is forbidden: User "system:serviceaccount:shop:worker" cannot list resource "pods" in API group "" in the namespace "shop""#;

    fn role(name: &str, rule: Value) -> Value {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"namespace": "shop", "name": name}, "rules": [rule]})
    }

    fn binding(role: &str, account: &str, place: &str) -> Value {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"namespace": "shop", "name": "worker"},
            "roleRef": {"kind": "Role", "name": role}, "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": place}]})
    }

    #[test]
    fn the_object_and_field_at_fault_are_named() {
        let right = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]});
        let cases = [
            (
                vec![role("reader", right.clone()), binding("reader", "worker", "default")],
                "RoleBinding",
                "subjects[0].namespace",
            ),
            (
                vec![role("reader", right.clone()), binding("reader", "workers", "shop")],
                "RoleBinding",
                "subjects[0].name",
            ),
            (vec![role("reader", right.clone()), binding("readers", "worker", "shop")], "RoleBinding", "roleRef.name"),
            (
                vec![
                    role("reader", json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})),
                    binding("reader", "worker", "shop"),
                ],
                "Role",
                "rules[0].verbs",
            ),
            (
                vec![
                    role("reader", json!({"apiGroups": [""], "resources": ["pod"], "verbs": ["list"]})),
                    binding("reader", "worker", "shop"),
                ],
                "Role",
                "rules[0].resources",
            ),
            (vec![role("reader", right)], "ServiceAccount", ""),
            (vec![], "ServiceAccount", ""),
        ];
        let refusal = Refusal::read(SAID).expect("a refusal");
        for (objects, kind, field) in cases {
            let finding = missing(&Snapshot::of("lab", objects), &refusal, SAID);
            assert_eq!((finding.object.kind.as_str(), finding.field.as_str()), (kind, field), "{finding:?}");
            assert!(!finding.next.is_empty());
        }
    }
}
