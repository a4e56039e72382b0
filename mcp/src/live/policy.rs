//! Policies and what they found, over a snapshot.

use serde::Serialize;
use serde_json::Value;

use super::object::{Ref, annotation, group_of, list, name, namespace, text};
use super::snapshot::Snapshot;

/// Groups that policy reports come in: the working group's, and the one that follows it.
const REPORTS: [(&str, &str); 4] = [
    ("wgpolicyk8s.io", "PolicyReport"),
    ("wgpolicyk8s.io", "ClusterPolicyReport"),
    ("openreports.io", "Report"),
    ("openreports.io", "ClusterReport"),
];
/// Kinds of policies, by group.
pub const POLICIES: [(&str, &str); 10] = [
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedValidatingPolicy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "GeneratingPolicy"),
    ("policies.kyverno.io", "ImageValidatingPolicy"),
    ("policies.kyverno.io", "DeletingPolicy"),
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
];

/// How a check ended; the order is the one in which results are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Fail,
    Error,
    Warn,
    Skip,
    Pass,
}

impl Outcome {
    fn of(word: &str) -> Self {
        match word {
            "fail" => Self::Fail,
            "error" => Self::Error,
            "warn" => Self::Warn,
            "pass" => Self::Pass,
            _ => Self::Skip,
        }
    }
}

/// What one policy found about one object.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PolicyResult {
    pub outcome: Outcome,
    pub policy: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    pub object: Ref,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// How to comply, where the policy says so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comply: String,
}

impl PolicyResult {
    pub fn rule_in_words(&self) -> String {
        if self.rule.is_empty() { String::new() } else { format!(", rule `{}`", self.rule) }
    }
}

/// All results, failures first.
pub fn results(snapshot: &Snapshot) -> Vec<PolicyResult> {
    let reports = REPORTS.iter().flat_map(|(group, kind)| snapshot.all(group, kind));
    let mut results: Vec<_> = reports.flat_map(|report| of_report(snapshot, report)).collect();
    results.sort_by(|a, b| (a.outcome, &a.object, &a.policy).cmp(&(b.outcome, &b.object, &b.policy)));
    results
}

/// Results about one object.
pub fn results_of(snapshot: &Snapshot, at: &Ref) -> Vec<PolicyResult> {
    let reports = REPORTS.iter().flat_map(|(group, kind)| snapshot.all(group, kind));
    let about = reports.filter(|report| {
        let scope = report.get("scope").map(|scope| reference(scope, namespace(report)));
        scope.is_none_or(|scope| scope == *at)
    });
    about.flat_map(|report| of_report(snapshot, report)).filter(|result| result.object == *at).collect()
}

fn reference(object: &Value, fallback: &str) -> Ref {
    let place = match text(object, "/namespace") {
        "" => fallback,
        place => place,
    };
    Ref::new(group_of(text(object, "/apiVersion")), text(object, "/kind"), place, text(object, "/name"))
}

fn of_report(snapshot: &Snapshot, report: &Value) -> Vec<PolicyResult> {
    let own = namespace(report);
    let scope = report.get("scope").map(|scope| reference(scope, own));
    let mut all = Vec::new();
    for result in list(report, "/results") {
        let named = list(result, "/resources").iter().map(|object| reference(object, own));
        let objects: Vec<_> = named.chain(scope.clone()).take(1).collect();
        for object in objects {
            let policy = text(result, "/policy");
            all.push(PolicyResult {
                outcome: Outcome::of(text(result, "/result")),
                policy: policy.into(),
                rule: text(result, "/rule").into(),
                object,
                message: text(result, "/message").into(),
                severity: text(result, "/severity").into(),
                category: text(result, "/category").into(),
                comply: find(snapshot, policy).map(how_to_comply).unwrap_or_default(),
            });
        }
    }
    all
}

/// All policies, of whatever kind.
pub fn policies(snapshot: &Snapshot) -> impl Iterator<Item = &Value> {
    POLICIES.iter().flat_map(|(group, kind)| snapshot.all(group, kind))
}

/// A policy by its name, or by `namespace/name`.
pub fn find<'a>(snapshot: &'a Snapshot, wanted: &str) -> Option<&'a Value> {
    policies(snapshot).find(|policy| {
        name(policy) == wanted || wanted.split_once('/').is_some_and(|place| place == (namespace(policy), name(policy)))
    })
}

/// What the policy's makers say about complying: their annotations, or the message of its checks.
pub fn how_to_comply(policy: &Value) -> String {
    let said = ["backstack.dev/comply", "policies.kyverno.io/remediation", "policies.kyverno.io/description"];
    let said = said.iter().find_map(|key| annotation(policy, key));
    said.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// Whether a violation is refused or only reported.
pub fn mode(policy: &Value) -> &'static str {
    let actions: Vec<_> = list(policy, "/spec/validationActions").iter().filter_map(Value::as_str).collect();
    let classic = [text(policy, "/spec/validationFailureAction"), text(policy, "/spec/rules/0/validate/failureAction")];
    match () {
        () if actions.contains(&"Deny") || classic.contains(&"Enforce") || classic.contains(&"enforce") => "refuses",
        () if actions.contains(&"Warn") => "warns and reports",
        () if !actions.is_empty() || classic.iter().any(|action| action.eq_ignore_ascii_case("audit")) => "reports",
        () => "acts",
    }
}

/// What a policy checks: its matches and expressions, without the noise.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Details {
    pub name: String,
    pub kind: String,
    /// `refuses`, `warns and reports`, `reports`, or `acts`.
    pub mode: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How to comply.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comply: String,
    pub checks: Vec<Check>,
    /// Which objects it looks at: fields of the policy, as it has them.
    #[schemars(schema_with = "crate::schema::objects")]
    pub matches: Vec<Value>,
}

/// One check of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Check {
    pub message: String,
    /// The expression or rule.
    pub expression: String,
}

pub fn details(policy: &Value) -> Details {
    let said = |key: &str| annotation(policy, key).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let validations = list(policy, "/spec/validations")
        .iter()
        .map(|check| Check { message: text(check, "/message").into(), expression: text(check, "/expression").into() });
    let rules = list(policy, "/spec/rules")
        .iter()
        .map(|rule| Check { message: text(rule, "/validate/message").into(), expression: rule.to_string() });
    let field = |field: &&str| Some(serde_json::json!({*field: policy.get("spec")?.get(*field)?}));
    Details {
        name: name(policy).into(),
        kind: text(policy, "/kind").into(),
        mode: mode(policy),
        title: said("policies.kyverno.io/title"),
        description: said("policies.kyverno.io/description"),
        comply: how_to_comply(policy),
        checks: validations.chain(rules).collect(),
        matches: ["matchConstraints", "matchConditions", "match"].iter().filter_map(field).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot() -> Snapshot {
        let report = json!({"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"namespace": "demo", "name": "r"},
            "scope": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "demo", "name": "web"},
            "results": [
                {"policy": "labels", "rule": "owner", "result": "pass"},
                {"policy": "requests", "result": "fail", "message": "no memory request", "severity": "medium"}]});
        let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "requests",
            "annotations": {"backstack.dev/comply": "Set  a\n memory request."}}, "spec": {"validationActions": ["Audit", "Warn"]}});
        Snapshot::of("lab", [report, policy])
    }

    #[test]
    fn failures_come_first_and_say_how_to_comply() {
        let snapshot = snapshot();
        let results = results(&snapshot);
        assert_eq!((results[0].outcome, results[0].comply.as_str()), (Outcome::Fail, "Set a memory request."));
        assert_eq!(results[1].outcome, Outcome::Pass);
        assert_eq!(results_of(&snapshot, &Ref::new("apps", "Deployment", "demo", "web")).len(), 2);
        assert!(results_of(&snapshot, &Ref::new("apps", "Deployment", "demo", "other")).is_empty());
    }

    #[test]
    fn modes_are_told_in_words() {
        assert_eq!(mode(find(&snapshot(), "requests").expect("there")), "warns and reports");
        assert_eq!(mode(&json!({"spec": {"validationActions": ["Deny"]}})), "refuses");
        assert_eq!(mode(&json!({"spec": {"validationFailureAction": "Audit"}})), "reports");
    }
}
