//! Toolset `policy`: what policies found, one policy, and a try of a manifest against them.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Live, Seen};
use crate::answer::{self, Answer, NextCall};
use crate::error::{ToolError, quoted};
use crate::live::changes::newcomer::Bringer;
use crate::live::diagnose::{classify, walk_of};
use crate::live::object::{Ref, name, namespace, text, told};
use crate::live::policy::{self, Outcome, PolicyResult};
use crate::live::scrub::scrub_text;
use crate::live::snapshot::Snapshot;
use crate::live::target::typed;
use crate::ports::DryRun;
use crate::toolset::{Call, Tool, Toolset, bound};

/// What has a longer name, Kubernetes takes in no field that is part of an address.
const LONGEST_NAME: usize = 253;
/// Manifests that are tried in one call.
const MOST_MANIFESTS: usize = 20;

pub(super) struct PolicyTools(pub Live);

impl Toolset for PolicyTools {
    fn name(&self) -> &'static str {
        "policy"
    }

    fn about(&self) -> &'static str {
        "What policies found, what a policy asks for, and a try of a manifest against all of them."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "policies",
                "Policies",
                "What policies found and how to comply, failures first: of a thing, a namespace, all; with a policy as `entity` what it checks.",
                bound(&self, Self::policies),
            ),
            Tool::reads(
                "policy_reports",
                "Policy reports",
                "Results of policy checks, failures first, each with its message and how to comply: about one thing and all that belongs to it, about a namespace, or about everything.",
                bound(&self, Self::reports),
            ).formerly("policies"),
            Tool::reads(
                "policy_list",
                "Policies",
                "All policies: what they are for, and whether they refuse or only report.",
                bound(&self, Self::list),
            ).formerly("policies"),
            Tool::reads(
                "policy_get",
                "One policy",
                "One policy: what it matches, what it checks, and how to comply.",
                bound(&self, Self::get),
            ).formerly("policies"),
            Tool::reads(
                "policy_dry_run",
                "Try a manifest against the policies",
                "Asks the cluster what it would do with a manifest (server-side dry run, nothing is written): whether the API accepts it, which policies refuse it and which warn.",
                bound(&self, Self::dry_run),
            ).formerly("try_manifest"),
        ]
    }
}

#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PoliciesInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// A thing with all that belongs to it, or a policy
    entity: Option<String>,
    /// Only there
    namespace: Option<String>,
    /// Also what passed
    #[serde(default)]
    all: bool,
    cursor: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Policies {
    failed: usize,
    passed: usize,
    other: usize,
    /// The policy that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<policy::Details>,
    /// What was found; the same about several objects is told once.
    results: Vec<Told>,
    /// All policies, where nothing narrower was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<Row>,
}

/// One sort of result.
#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    outcome: Outcome,
    policy: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    rule: String,
    message: String,
    /// How to comply, in the words of the policy's makers.
    #[serde(skip_serializing_if = "String::is_empty")]
    comply: String,
    objects: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReportsInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// The thing, as `name`, `namespace/name` or `Kind:namespace/name`. What belongs to it counts.
    #[serde(default)]
    entity: Option<String>,
    /// Only objects in this namespace.
    #[serde(default)]
    namespace: Option<String>,
    /// Only results of this policy.
    #[serde(default)]
    policy: Option<String>,
    /// Also what passed, not only what failed.
    #[serde(default)]
    all: bool,
    /// Where to go on, from the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Reports {
    failed: usize,
    passed: usize,
    other: usize,
    results: Vec<PolicyResult>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Where to go on, from the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct List {
    total: usize,
    policies: Vec<Row>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    name: String,
    kind: String,
    /// `refuses`, `warns and reports`, `reports`, or `acts` for policies that change or make objects.
    mode: &'static str,
    failures: usize,
    comply: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Name of the policy.
    name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DryRunInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// The manifest, as YAML or JSON; several documents are tried one by one.
    manifest: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tried {
    /// Whether the cluster would take all of them.
    accepted: bool,
    results: Vec<TriedOne>,
    /// What a dry run cannot tell.
    limits: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::toolsets) struct TriedOne {
    pub object: String,
    pub accepted: bool,
    /// Why the API or a policy refuses it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refused: String,
    /// What sort of refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<crate::live::diagnose::Fault>,
    /// Policies that warn, and other warnings.
    pub warnings: Vec<String>,
    /// How to comply with each policy that spoke.
    pub comply: Vec<String>,
}

/// What a dry run cannot tell, in words.
pub(in crate::toolsets) const LIMITS: &str = "A dry run shows what the API and admission say: policies that refuse or warn. Policies that only report (mode `reports`), background scans and what controllers would make of the object are not run.";

impl PolicyTools {
    async fn policies(self: Arc<Self>, input: PoliciesInput, _: Call) -> Result<Answer<Policies>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let from = answer::offset(input.cursor.as_deref())?;
        let named = input.entity.as_deref().map(|entity| entity.rsplit(':').next().unwrap_or(entity));
        let own = named.and_then(|named| policy::find(&seen.snapshot, named));
        let members: Option<BTreeSet<Ref>> = match input.entity.as_deref().filter(|_| own.is_none()) {
            None => None,
            Some(entity) => {
                Some(walk_of(&seen.snapshot, &seen.resolve(entity)?).steps.into_iter().map(|step| step.at).collect())
            }
        };
        let fits = |result: &PolicyResult| {
            members.as_ref().is_none_or(|members| members.contains(&result.object))
                && input.namespace.as_deref().is_none_or(|place| place == result.object.namespace)
                && own.is_none_or(|own| result.policy == name(own) || result.policy == qualified(own))
        };
        let all: Vec<_> = policy::results(&seen.snapshot).into_iter().filter(fits).collect();
        let failed = all.iter().filter(|result| is_bad(result)).count();
        let passed = all.iter().filter(|result| result.outcome == Outcome::Pass).count();
        let other = all.len() - failed - passed;
        let results = sorts(all.into_iter().filter(|result| input.all || is_bad(result)));
        let (total, narrow) = (results.len(), input.entity.is_some() || input.namespace.is_some());
        let first = results.first().filter(|_| own.is_none()).map(|result| result.policy.clone());
        let facts = Policies {
            failed,
            passed,
            other,
            policy: own.map(policy::details),
            results: results.into_iter().skip(from).take(300).collect(),
            policies: if narrow || from > 0 { Vec::new() } else { rows(&seen.snapshot) },
        };
        let answer = Answer::new(facts).about(seen.platform()).page("results", from, total);
        Ok(match first {
            Some(policy) => {
                answer.next(NextCall::new("policies", json!({"entity": policy}), "what this policy checks"))
            }
            None => answer,
        })
    }

    async fn reports(self: Arc<Self>, input: ReportsInput, _: Call) -> Result<Answer<Reports>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        seen.needs("wgpolicyk8s.io", "PolicyReport", "policy reports")?;
        let members: Option<BTreeSet<Ref>> = match &input.entity {
            None => None,
            Some(entity) => {
                Some(walk_of(&seen.snapshot, &seen.resolve(entity)?).steps.into_iter().map(|step| step.at).collect())
            }
        };
        let fits = |result: &PolicyResult| {
            members.as_ref().is_none_or(|members| members.contains(&result.object))
                && input.namespace.as_deref().is_none_or(|place| place == result.object.namespace)
                && input.policy.as_deref().is_none_or(|policy| policy == result.policy)
        };
        let all: Vec<_> = policy::results(&seen.snapshot).into_iter().filter(fits).collect();
        let failed = all.iter().filter(|result| is_bad(result)).count();
        let passed = all.iter().filter(|result| result.outcome == Outcome::Pass).count();
        let other = all.len() - failed - passed;
        let shown: Vec<_> = all.into_iter().filter(|result| input.all || is_bad(result)).collect();
        let (total, from) = (shown.len(), answer::offset(input.cursor.as_deref())?);
        let results: Vec<_> = shown.into_iter().skip(from).take(300).collect();
        let first = results.first().filter(|result| is_bad(result)).map(|result| result.policy.clone());
        let answer =
            Answer::new(Reports { failed, passed, other, results }).about(seen.platform()).page("results", from, total);
        Ok(match first {
            Some(policy) => {
                answer.next(NextCall::new("policies", json!({"entity": policy}), "what this policy checks"))
            }
            None => answer,
        })
    }

    async fn list(self: Arc<Self>, input: ListInput, _: Call) -> Result<Answer<List>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let from = answer::offset(input.cursor.as_deref())?;
        let policies = rows(&seen.snapshot);
        let total = policies.len();
        let policies = policies.into_iter().skip(from).collect();
        Ok(Answer::new(List { total, policies }).about(seen.platform()).page("policies", from, total))
    }

    async fn get(self: Arc<Self>, input: GetInput, _: Call) -> Result<Answer<policy::Details>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let Some(found) = policy::find(&seen.snapshot, &input.name) else {
            let names = policy::policies(&seen.snapshot).map(|policy| name(policy).to_string());
            return Err(ToolError::not_found(format!("platform `{}` has no policy `{}`", seen.platform(), input.name))
                .candidates(names));
        };
        let answer = Answer::new(policy::details(found)).about(seen.platform());
        Ok(answer.next(NextCall::new("policies", json!({"entity": name(found)}), "what it found")))
    }

    async fn dry_run(self: Arc<Self>, input: DryRunInput, _: Call) -> Result<Answer<Tried>, ToolError> {
        let objects = parse(&input.manifest)?;
        let seen = self.0.look(input.platform.as_deref()).await?;
        let results = try_all(&seen, &objects, Bringer::Order).await?;
        let accepted = results.iter().all(|result| result.accepted);
        Ok(Answer::new(Tried { accepted, results, limits: LIMITS.into() }).about(seen.platform()))
    }
}

fn is_bad(result: &PolicyResult) -> bool {
    matches!(result.outcome, Outcome::Fail | Outcome::Error | Outcome::Warn)
}

/// `namespace/name`, as reports name the policies of a namespace.
fn qualified(policy: &Value) -> String {
    format!("{}/{}", namespace(policy), name(policy))
}

/// All policies, those that found most first.
fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let results = policy::results(snapshot);
    let rows = policy::policies(snapshot).map(|found| Row {
        name: name(found).into(),
        kind: text(found, "/kind").into(),
        mode: policy::mode(found),
        failures: results
            .iter()
            .filter(|result| result.policy == name(found) && result.outcome == Outcome::Fail)
            .count(),
        comply: policy::how_to_comply(found),
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| (std::cmp::Reverse(a.failures), &a.name).cmp(&(std::cmp::Reverse(b.failures), &b.name)));
    rows
}

/// Results that say the same of several objects, as one.
fn sorts(results: impl Iterator<Item = PolicyResult>) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for result in results {
        let object = typed(&result.object);
        match told.iter_mut().find(|known| {
            (known.outcome, &known.policy, &known.rule, &known.message)
                == (result.outcome, &result.policy, &result.rule, &result.message)
        }) {
            Some(known) => known.objects.push(object),
            None => told.push(Told {
                outcome: result.outcome,
                policy: result.policy,
                rule: result.rule,
                message: result.message,
                comply: result.comply,
                objects: vec![object],
            }),
        }
    }
    told
}

/// Documents of a manifest, as objects.
pub(in crate::toolsets) fn parse(manifest: &str) -> Result<Vec<Value>, ToolError> {
    use serde::Deserialize as _;
    let invalid = |problem: String| {
        ToolError::invalid(format!("`manifest` cannot be read: {problem}"))
            .hint("Give one or more Kubernetes manifests as YAML.")
    };
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(manifest) {
        let object = Value::deserialize(document).map_err(|error| invalid(error.to_string()))?;
        if object.is_null() {
            continue;
        }
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            if text(&object, field).is_empty() {
                return Err(invalid(format!("it has no `{}`", field.trim_start_matches('/').replace('/', "."))));
            }
        }
        for field in ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"] {
            let (name, value) = (field.trim_start_matches('/').replace('/', "."), text(&object, field));
            if value.len() > LONGEST_NAME {
                return Err(invalid(format!("its `{name}` is longer than Kubernetes allows: {}", quoted(value))));
            }
        }
        objects.push(object);
    }
    match objects.len() {
        0 => Err(invalid("it is empty".into())),
        many if many > MOST_MANIFESTS => {
            Err(invalid(format!("it has {many} documents; at most {MOST_MANIFESTS} are tried at once")))
        }
        _ => Ok(objects),
    }
}

/// Tries objects against API and policies.
pub(in crate::toolsets) async fn try_all(
    seen: &Seen,
    objects: &[Value],
    bringer: Bringer,
) -> Result<Vec<TriedOne>, ToolError> {
    let runs = seen.dry_run(objects, bringer).await?;
    Ok(objects.iter().zip(runs).map(|(object, run)| tried(seen, object, run)).collect())
}

/// What one try said, with how to comply.
pub(super) fn tried(seen: &Seen, object: &Value, run: DryRun) -> TriedOne {
    // Both quote what was sent.
    let refused = scrub_text(&run.refused.unwrap_or_default());
    let warnings: Vec<_> = run.warnings.iter().map(|warning| scrub_text(warning)).collect();
    let said = format!("{refused} {}", warnings.join(" "));
    let spoke = policy::policies(&seen.snapshot).filter(|policy| names_policy(&said, name(policy)));
    let comply = spoke.map(|policy| (name(policy), policy::how_to_comply(policy)));
    TriedOne {
        object: told(object),
        accepted: refused.is_empty(),
        fault: (!refused.is_empty()).then(|| classify(&refused)).flatten(),
        refused,
        comply: comply.filter(|(_, how)| !how.is_empty()).map(|(name, how)| format!("{name}: {how}")).collect(),
        warnings,
    }
}

/// Whether a message names this policy, as a whole word.
fn names_policy(said: &str, policy: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    said.split(|c: char| !is_word(c)).any(|word| word == policy)
}
