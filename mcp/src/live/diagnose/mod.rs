//! "Why is X broken?", answered from a snapshot: walk from X up to Git and down to its pods, look at every object, and
//! rank what was found. Pure: a snapshot in, a [`Diagnosis`] out.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::object::{Ref, condition, label, namespace, text};
use super::snapshot::{LogKey, Snapshot, event_count, event_time};
use super::target::{self, Unclear};

mod composite;
mod git;
mod pods;
mod policy;
#[cfg(test)]
mod tests;
mod walk;
mod workload;

pub use backstack_health::fault::{Fault, classify};
pub use backstack_health::{Evidence, Finding};
pub use composite::composition_of;
pub use pods::is_ready as pod_is_ready;
pub(super) use pods::of_pod;
pub use walk::{Step, Walk, applications, applications_of, referred};
pub(super) use workload::of_object as of_workload;

/// What is wrong with a thing, the likeliest cause first.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Diagnosis {
    pub platform: String,
    /// What the question was about, as it is written to ask again.
    pub subject: String,
    pub verdict: Verdict,
    /// Since when, if the objects tell.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub since: String,
    pub causes: Vec<Finding>,
    /// How the first cause hangs together with the subject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What was looked at.
    pub looked_at: Vec<Looked>,
    /// Warnings about any of it, the newest first.
    pub events: Vec<Happened>,
    /// Kinds that could not be read: causes there stay unseen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_readable: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something will hardly pass by itself.
    Broken,
    /// On its way, as far as can be told.
    Starting,
    /// It runs, and something is not as it should be.
    Imperfect,
    Healthy,
}

/// How many objects of a kind were looked at.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Looked {
    pub kind: String,
    pub count: usize,
}

/// A warning that the cluster wrote down.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Happened {
    pub time: String,
    pub object: String,
    pub reason: String,
    pub message: String,
    pub count: i64,
}

/// What must still be fetched to judge well, in one round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    pub objects: Vec<Ref>,
    /// Logs, and whether of the run before.
    pub logs: Vec<(LogKey, bool)>,
}

/// The objects where a walk starts: the top of what was asked for, and what brought it from Git.
fn roots<'a>(snapshot: &'a Snapshot, found: &[&'a Value]) -> Vec<&'a Value> {
    let mut roots: Vec<&Value> = Vec::new();
    for object in found {
        let top = walk::top(snapshot, object);
        let applications = applications_of(snapshot, top);
        roots.extend(if applications.is_empty() { vec![top] } else { applications });
    }
    let mut seen = BTreeSet::new();
    roots.retain(|root| seen.insert(Ref::of(root)));
    roots
}

/// The walk that belongs to an object.
pub fn walk_of<'a>(snapshot: &'a Snapshot, found: &[&'a Value]) -> Walk<'a> {
    let own = Walk::from(snapshot, found);
    let tops = roots(snapshot, found);
    let whole = Walk::from(snapshot, &tops);
    // An application brings many things: what was asked for is one of them.
    let is_one_of_many =
        found.iter().all(|object| text(object, "/kind") != "Application") && siblings(&whole, found) > 0;
    if !is_one_of_many {
        return whole;
    }
    let mut narrowed = own;
    for step in
        whole.steps.iter().filter(|step| step.at.kind.starts_with("Application") || is_above(&whole, &step.at, found))
    {
        if !narrowed.steps.iter().any(|known| known.at == step.at) {
            narrowed.steps.push(Step { depth: 0, parent: None, ..step.clone() });
        }
    }
    narrowed
}

/// Other things that the same applications bring.
fn siblings(whole: &Walk<'_>, found: &[&Value]) -> usize {
    let own: BTreeSet<_> = found.iter().map(|object| Ref::of(object)).collect();
    let is_sibling = |step: &&Step<'_>| {
        let parent_is_application = step.parent.is_some_and(|parent| whole.steps[parent].at.kind == "Application");
        parent_is_application && !own.contains(&step.at) && !is_above(whole, &step.at, found)
    };
    whole.steps.iter().filter(is_sibling).count()
}

fn is_above(whole: &Walk<'_>, at: &Ref, found: &[&Value]) -> bool {
    found.iter().any(|object| {
        let mut index = whole.steps.iter().position(|step| step.at == Ref::of(object));
        while let Some(step) = index.map(|index| &whole.steps[index]) {
            if step.at == *at {
                return true;
            }
            index = step.parent;
        }
        false
    })
}

/// What to fetch before [`diagnose`] is asked.
///
/// # Errors
/// [`Unclear`] if the name leads nowhere, or to several things.
pub fn needs(snapshot: &Snapshot, typed: &str) -> Result<Needs, Unclear> {
    let found = target::resolve(snapshot, typed)?;
    let walk = walk_of(snapshot, &found);
    let pods = walk.objects().filter(|object| text(object, "/kind") == "Pod");
    let logs = pods.flat_map(pods::interesting_logs).take(4).collect();
    Ok(Needs { objects: walk.unknown(snapshot).into_iter().take(40).collect(), logs })
}

/// Judges everything that belongs to a thing.
///
/// # Errors
/// [`Unclear`] if the name leads nowhere, or to several things.
pub fn diagnose(snapshot: &Snapshot, typed: &str) -> Result<Diagnosis, Unclear> {
    let found = target::resolve(snapshot, typed)?;
    let walk = walk_of(snapshot, &found);
    let causes = ranked(&walk, all_findings(snapshot, &walk, &found));
    let verdict = causes.first().map_or(Verdict::Healthy, verdict_of);
    let path =
        causes.first().map(|cause| walk.path(&cause.object)).filter(|path| path.contains('→')).unwrap_or_default();
    Ok(Diagnosis {
        platform: snapshot.platform.clone(),
        subject: found.first().map_or_else(|| typed.into(), |object| target::typed_form(object)),
        verdict,
        since: since(&walk, &causes),
        path,
        looked_at: looked_at(&walk),
        events: warnings(snapshot, &walk),
        not_readable: snapshot.unreadable().map(|((_, kind), why)| format!("{kind}: {why}")).collect(),
        causes,
    })
}

fn verdict_of(first: &Finding) -> Verdict {
    match first.fault {
        fault if fault.is_on_its_way() => Verdict::Starting,
        _ if first.weight >= Fault::NoEndpoints.weight() => Verdict::Broken,
        _ => Verdict::Imperfect,
    }
}

fn all_findings(snapshot: &Snapshot, walk: &Walk<'_>, found: &[&Value]) -> Vec<Finding> {
    let composites = snapshot.composite_kinds();
    let mut findings = Vec::new();
    for object in walk.objects() {
        let at = Ref::of(object);
        if is_old(object) {
            continue;
        }
        let is_composite = composites.iter().any(|kind| kind.group == at.group && kind.kind == at.kind);
        findings.extend(match at.kind.as_str() {
            "Pod" => of_pod(snapshot, object),
            "Application" | "ApplicationSet" => git::of_application(object),
            "CompositeResourceDefinition" => composite::of_definition(snapshot, object).into_iter().collect(),
            _ if is_composite => composite::of_composite(snapshot, object),
            _ => of_workload(snapshot, object),
        });
    }
    let missing =
        walk.steps.iter().filter(|step| step.object.is_none() && snapshot.has_kind(&step.at.group, &step.at.kind));
    findings.extend(missing.map(|step| {
        Finding::new(Fault::Missing, step.at.clone(), "should be there, and is not")
            .with("referred to by", &step.parent.map(|parent| walk.steps[parent].at.to_string()).unwrap_or_default())
            .next("Look at the events of what refers to it.")
    }));
    let places: BTreeSet<_> = found.iter().map(|object| namespace(object)).filter(|place| !place.is_empty()).collect();
    findings.extend(places.into_iter().filter_map(|place| workload::of_namespace(snapshot, place)));
    findings.extend(affecting_nodes(snapshot, walk));
    findings.extend(policy::of_objects(snapshot, walk.objects().filter(|object| !is_old(object))));
    findings
}

/// ReplicaSets that are scaled to nothing, and pods of earlier templates that still end.
fn is_old(object: &Value) -> bool {
    match text(object, "/kind") {
        "ReplicaSet" => super::object::number(object, "/spec/replicas") == 0,
        "Pod" => {
            !text(object, "/metadata/deletionTimestamp").is_empty() && label(object, "pod-template-hash").is_some()
        }
        _ => false,
    }
}

/// A node that is down matters to what runs on it.
fn affecting_nodes(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Finding> {
    let nodes: BTreeSet<_> =
        walk.objects().map(|object| text(object, "/spec/nodeName")).filter(|node| !node.is_empty()).collect();
    let asked = |finding: &Finding| {
        nodes.contains(finding.object.name.as_str()) || walk.steps.iter().any(|step| step.at == finding.object)
    };
    workload::of_nodes(snapshot).into_iter().filter(asked).collect()
}

/// The likeliest first; the same on several objects counts once; symptoms only where nothing explains them.
fn ranked(walk: &Walk<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    for finding in findings {
        let same = merged.iter_mut().find(|known| known.fault == finding.fault && known.summary == finding.summary);
        match same {
            Some(known) => known.more += 1 + finding.more,
            None => merged.push(finding),
        }
    }
    let explained =
        merged.iter().any(|finding| !finding.fault.is_symptom() && finding.weight > Fault::NoEndpoints.weight());
    merged.retain(|finding| !(explained && finding.fault.is_symptom()));
    same_fault_above_and_below(&mut merged, walk);
    // Between equals, what lies deeper is nearer to the cause.
    merged.sort_by_key(|finding| (std::cmp::Reverse(finding.weight), std::cmp::Reverse(walk.depth(&finding.object))));
    merged
}

/// A Deployment and its ReplicaSet tell the same refusal in their own words: one of them is enough.
fn same_fault_above_and_below(findings: &mut Vec<Finding>, walk: &Walk<'_>) {
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings.drain(..) {
        let twin = kept.iter_mut().find(|known| {
            known.fault == finding.fault
                && known.fault != Fault::PolicyFailed
                && (walk.path(&finding.object).starts_with(&walk.path(&known.object))
                    || walk.path(&known.object).starts_with(&walk.path(&finding.object)))
        });
        match twin {
            Some(known) => {
                for evidence in finding.evidence {
                    if !known.evidence.iter().any(|had| had.text == evidence.text) {
                        known.evidence.push(evidence);
                    }
                }
            }
            None => kept.push(finding),
        }
    }
    *findings = kept;
}

fn since(walk: &Walk<'_>, causes: &[Finding]) -> String {
    let Some(first) = causes.first() else { return String::new() };
    let object = walk.steps.iter().find(|step| step.at == first.object).and_then(|step| step.object);
    let readiness = object.and_then(|object| condition(object, "Ready").or_else(|| condition(object, "Synced")));
    readiness.filter(|condition| !condition.is_true()).map(|condition| condition.since.to_string()).unwrap_or_default()
}

fn looked_at(walk: &Walk<'_>) -> Vec<Looked> {
    let mut looked: Vec<Looked> = Vec::new();
    for step in walk.steps.iter().filter(|step| step.object.is_some()) {
        match looked.iter_mut().find(|known| known.kind == step.at.kind) {
            Some(known) => known.count += 1,
            None => looked.push(Looked { kind: step.at.kind.clone(), count: 1 }),
        }
    }
    looked
}

fn warnings(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Happened> {
    let members: BTreeSet<_> = walk
        .steps
        .iter()
        .map(|step| (step.at.kind.as_str(), step.at.namespace.as_str(), step.at.name.as_str()))
        .collect();
    let about = |event: &&Value| {
        let part = |field: &str| text(event, &format!("/involvedObject/{field}"));
        text(event, "/type") == "Warning" && members.contains(&(part("kind"), part("namespace"), part("name")))
    };
    let mut events: Vec<_> = snapshot.all("", "Event").filter(about).collect();
    events.sort_by(|a, b| event_time(b).cmp(event_time(a)));
    let mut told: Vec<Happened> = Vec::new();
    for event in events.into_iter().map(happened) {
        // Some controllers write the same again and again, each time as an event of its own.
        match told.iter_mut().find(|known| {
            (&known.object, &known.reason, &known.message) == (&event.object, &event.reason, &event.message)
        }) {
            Some(known) => known.count += event.count,
            None => told.push(event),
        }
    }
    told
}

/// An event as it is told.
pub fn happened(event: &Value) -> Happened {
    let part = |field: &str| text(event, &format!("/involvedObject/{field}")).to_string();
    let object = Ref::new("", &part("kind"), &part("namespace"), &part("name"));
    Happened {
        time: event_time(event).into(),
        object: object.to_string(),
        reason: text(event, "/reason").into(),
        message: super::object::short(&super::scrub::scrub_line(text(event, "/message")), 400),
        count: event_count(event),
    }
}
