//! Policies and what they found, over a snapshot.

use serde::Serialize;
use serde_json::Value;

use time::OffsetDateTime;

use super::moment;
use super::object::{Ref, annotation, group_of, list, name, namespace, number, text};
use super::snapshot::Snapshot;

/// Kinds of policy reports, by group: the working group's, and the one that follows it.
pub const REPORTS: [(&str, &str); 4] = [
    ("wgpolicyk8s.io", "PolicyReport"),
    ("wgpolicyk8s.io", "ClusterPolicyReport"),
    ("openreports.io", "Report"),
    ("openreports.io", "ClusterReport"),
];
/// Kinds of policies, by group.
pub const POLICIES: [(&str, &str); 14] = [
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedValidatingPolicy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "NamespacedMutatingPolicy"),
    ("policies.kyverno.io", "GeneratingPolicy"),
    ("policies.kyverno.io", "NamespacedGeneratingPolicy"),
    ("policies.kyverno.io", "ImageValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedImageValidatingPolicy"),
    ("policies.kyverno.io", "DeletingPolicy"),
    ("policies.kyverno.io", "NamespacedDeletingPolicy"),
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
];

/// How a check ended; the order is the one in which results are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum Outcome {
    // The object breaks the rule.
    Fail,
    // The rule could not be evaluated.
    Error,
    // The object breaks a rule that only warns.
    Warn,
    // The rule does not concern the object, or its report has a word that is not known.
    Skip,
    // The object complies.
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
    /// How the check ended.
    pub outcome: Outcome,
    /// Name of the policy, as the report has it.
    pub policy: String,
    /// Rule of the policy that was checked; empty for policies that have none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The object that was checked.
    pub object: Ref,
    /// What the policy says about it; empty for many that passed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The policy's word, as `medium`; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// The policy's own heading, as `Best Practices`; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// How to comply, where the policy says so.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comply: String,
    /// The policy has changed since: what this says may not be so any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub older_than_policy: bool,
    /// When it was found.
    #[serde(skip)]
    pub time: String,
}

impl PolicyResult {
    /// The rule as the end of a sentence, `, rule NAME` with the name in backquotes; empty if there is none.
    pub(crate) fn rule_in_words(&self) -> String {
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
            let (found, time) = (find(snapshot, policy), found_at(result));
            all.push(PolicyResult {
                outcome: Outcome::of(text(result, "/result")),
                policy: policy.into(),
                rule: text(result, "/rule").into(),
                object,
                message: text(result, "/message").into(),
                severity: text(result, "/severity").into(),
                category: text(result, "/category").into(),
                comply: found.map(how_to_comply).unwrap_or_default(),
                older_than_policy: !time.is_empty() && found.is_some_and(|policy| last_change(policy) > time.as_str()),
                time,
            });
        }
    }
    all
}

/// When a result was found, to the second, as the API server writes times.
fn found_at(result: &Value) -> String {
    let seconds = number(result, "/timestamp/seconds");
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|_| seconds > 0);
    moment.map(moment::told).unwrap_or_default()
}

/// When somebody wrote an object last.
pub fn last_change(object: &Value) -> &str {
    let times = ["/metadata/managedFields/0/time", "/metadata/creationTimestamp"];
    times.iter().map(|pointer| text(object, pointer)).find(|time| !time.is_empty()).unwrap_or_default()
}

/// The label or annotation that a policy misses in an object, as a field: by the path that a message names, by what the
/// policy looks for, by what its message says.
pub fn missing_key(policy: Option<&Value>, message: &str, object: &Value) -> Option<String> {
    let field = |part: &str, key: &str| {
        let there = object.pointer(&format!("/metadata/{part}")).and_then(|all| all.get(key));
        (there.is_none() && is_key(key)).then(|| format!("metadata.{part}[\"{key}\"]"))
    };
    ["labels", "annotations"].into_iter().find_map(|part| {
        let by_path = message
            .split_once(&format!("/metadata/{part}/"))
            .map(|(_, rest)| rest.split(['/', ' ']).next().unwrap_or_default().replace("~1", "/"));
        let looked_for = policy.map(|policy| keys(policy, part)).unwrap_or_default();
        by_path.into_iter().chain(looked_for).chain(told(message, part)).find_map(|key| field(part, &key))
    })
}

/// Keys that a policy's checks look for: those of a pattern, and those that stand beside the word in an expression.
fn keys(policy: &Value, part: &str) -> Vec<String> {
    let rules = list(policy, "/spec/rules").iter();
    let patterns = rules.filter_map(|rule| rule.pointer(&format!("/validate/pattern/metadata/{part}"))?.as_object());
    let mut found: Vec<String> = patterns.flat_map(serde_json::Map::keys).cloned().collect();
    let checks = list(policy, "/spec/validations").iter().map(|check| text(check, "/expression"));
    for expression in checks.filter(|expression| expression.contains(part)) {
        found.extend(in_expression(expression, part));
        let start = format!("{part}.");
        let behind = expression.split(start.as_str()).skip(1);
        let names = behind
            .map(|rest| rest.trim_start_matches('?').split(|letter: char| !letter.is_ascii_alphanumeric()).next());
        let is_call = |name: &str| ["orValue", "exists", "all", "size", "hasValue", "optMap"].contains(&name);
        found.extend(names.flatten().filter(|name| !name.is_empty() && !is_call(name)).map(Into::into));
    }
    found
}

/// What stands in quotes of any kind, with what stands before and behind it.
pub(super) fn quoted(text: &str) -> Vec<(&str, &str, &str)> {
    let by = |quote: char| {
        let parts: Vec<_> = text.split(quote).collect();
        let inner = (1..parts.len().saturating_sub(1)).step_by(2);
        inner.map(|index| (parts[index - 1], parts[index], parts[index + 1])).collect::<Vec<_>>()
    };
    ['\'', '"', '`'].into_iter().flat_map(by).collect()
}

/// Keys that a message names: the label `team`, `team` as a label.
fn told(message: &str, part: &str) -> Vec<String> {
    let word = part.trim_end_matches('s');
    let beside = quoted(message).into_iter().filter(|(before, _, behind)| {
        let before = before.trim_end().to_lowercase();
        before.ends_with(word) || before.ends_with(part) || behind.trim_start().starts_with(word)
    });
    beside.map(|(_, key, _)| key.to_string()).collect()
}

/// Keys that an expression looks for: `labels['team']`, `labels[?'team']`, `'team' in object.metadata.labels`.
fn in_expression(expression: &str, part: &str) -> Vec<String> {
    let looked_for = quoted(expression).into_iter().filter(|(before, _, behind)| {
        let is_index = before.trim_end_matches('?').strip_suffix('[').is_some_and(|before| before.ends_with(part));
        let of = behind.trim_start().strip_prefix("in ").and_then(|rest| rest.split([' ', ')', '&', '|']).next());
        is_index || of.is_some_and(|of| of.ends_with(part))
    });
    looked_for.map(|(_, key, _)| key.to_string()).collect()
}

/// Whether a text may be the key of a label.
fn is_key(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '/' | '-' | '_');
    !text.is_empty()
        && text.len() < 128
        && text.chars().all(is_part)
        && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
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
    /// `metadata.name` of the policy.
    pub name: String,
    /// Its kind, as `ValidatingPolicy`.
    pub kind: String,
    /// `refuses`, `warns and reports`, `reports`, or `acts`.
    pub mode: &'static str,
    /// Its title for people, from its annotation; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it is for, from its annotation, in one line; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How to comply.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comply: String,
    /// Its validations and rules, in their order.
    pub checks: Vec<Check>,
    /// Which objects it looks at: fields of the policy, as it has them.
    #[schemars(schema_with = "crate::schema::objects")]
    pub matches: Vec<Value>,
}

/// One check of a policy.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Check {
    /// What whoever breaks it is told; empty if the policy does not say.
    pub message: String,
    /// The expression or rule.
    pub expression: String,
}

/// What can be told of a policy of any kind in [`POLICIES`].
pub(crate) fn details(policy: &Value) -> Details {
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

    #[test]
    fn a_result_of_before_the_policy_changed_is_marked() {
        let policy = |time: &str| {
            json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "requests", "creationTimestamp": "2025-01-01T00:00:00Z",
            "managedFields": [{"manager": "m", "time": time}]}})
        };
        let report = json!({"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"namespace": "demo", "name": "r"},
            "scope": {"kind": "Pod", "namespace": "demo", "name": "web"}, "results": [{"policy": "requests", "result": "fail", "timestamp": {"seconds": 1_767_225_600, "nanos": 0}}]});
        for (changed, is_older) in [("2025-12-31T23:59:59Z", false), ("2026-01-01T00:00:01Z", true)] {
            let found = results(&Snapshot::of("lab", [policy(changed), report.clone()]));
            assert_eq!((found[0].older_than_policy, found[0].time.as_str()), (is_older, "2026-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn the_label_that_a_policy_misses_is_named() {
        let object = json!({"kind": "Deployment", "metadata": {"labels": {"app": "web"}}});
        let expressed = |expression: &str| json!({"spec": {"validations": [{"expression": expression}]}});
        let pattern = json!({"spec": {"rules": [{"validate": {"pattern": {"metadata": {"labels": {"app": "?*", "example.com/team": "?*"}}}}}]}});
        for (policy, message, wanted) in [
            (
                None,
                "validation error: rule team failed at path /metadata/labels/example.com~1team/",
                Some("metadata.labels[\"example.com/team\"]"),
            ),
            (Some(pattern), "no", Some("metadata.labels[\"example.com/team\"]")),
            (
                Some(expressed("has(object.metadata.labels) && 'team' in object.metadata.labels")),
                "no",
                Some("metadata.labels[\"team\"]"),
            ),
            (Some(expressed("object.metadata.?labels.?owner.hasValue()")), "no", Some("metadata.labels[\"owner\"]")),
            (
                Some(expressed("object.metadata.annotations['a.b/c'] != ''")),
                "no",
                Some("metadata.annotations[\"a.b/c\"]"),
            ),
            (None, "the label `team` must be there", Some("metadata.labels[\"team\"]")),
            (None, "the label `app` must be another", None),
            (Some(expressed("object.spec.replicas > 1")), "too few replicas", None),
        ] {
            assert_eq!(missing_key(policy.as_ref(), message, &object).as_deref(), wanted, "{message} {policy:?}");
        }
    }
}
