//! "Why is X broken?", answered from a snapshot. Pure: a snapshot in, a [`Diagnosis`] out.
//!
//! ```text
//! scope      what the question is about: a thing, a namespace, the platform
//! walk       from there up to Git and down to the pods
//! called     whom programs call, by what they say
//! around     and to what that refers to, what refers to it, and what its programs need
//! pods, workload, composite, git, policy, custom    what is wrong with each of these by itself
//! rules      what is wrong between them: references, traffic, rights, time
//! fields     which field is at fault, and where it is written
//! over       what is past
//! rank       the likeliest first; one cause for all that it takes down
//! tell       what was looked at, what happened, what is past
//! ```

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::object::{Ref, condition, text};
use super::owners;
use super::questions::Question;
use super::references::annotations;
use super::references::pointers::pointers;
use super::served::ServedKind;
use super::snapshot::{Door, LogKey, Snapshot};
use super::target::Unclear;

mod around;
mod called;
mod chart;
mod chosen;
mod composite;
mod compositions;
mod custom;
mod denied;
mod fields;
mod git;
mod immutable;
mod misplaced;
mod mutated;
mod next_step;
mod over;
mod pods;
mod policy;
mod program;
mod rank;
mod readiness;
mod revision;
mod rules;
mod sandbox;
mod scope;
mod source;
mod taken;
mod tell;
#[cfg(test)]
mod tests;
mod walk;
mod workload;

pub use backstack_health::fault::{Fault, classify};
pub use backstack_health::{Evidence, Finding, Verdict};
pub use compositions::{composed_of, composition_of};
pub use pods::is_ready as pod_is_ready;
pub(super) use pods::of_pod;
pub use scope::walk_of;
pub use tell::{Happened, Looked, happened};
pub use walk::{Role, Step, Walk, applications, applications_of, referred};
pub(super) use workload::of_object as of_workload;

use rules::Seen;
use scope::Scope;

/// Logs of containers that run, and that are read for one question.
const MOST_LOGS: usize = 16;
/// Kinds that are listed for one question.
const MOST_KINDS: usize = 12;
/// What is asked of programs for one question.
const MOST_QUESTIONS: usize = 24;
/// Ports that are tried for one question.
const MOST_DOORS: usize = 40;

/// What weighs what somebody may well want like that: worth a word, and no fault.
const REMARK: u32 = 46;

/// What is wrong with a thing, the likeliest cause first.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Diagnosis {
    /// Name of the platform that was looked at.
    pub platform: String,
    /// What the question was about, as it is written to ask again.
    pub subject: String,
    /// Whether anything is wrong, in a word.
    pub verdict: Verdict,
    /// Since when, if the objects tell.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub since: String,
    /// What is wrong, the likeliest first; empty if nothing is known to be.
    pub causes: Vec<Finding>,
    /// How the first cause hangs together with the subject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What was looked at.
    pub looked_at: Vec<Looked>,
    /// What was not: trouble there stays unseen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_looked_at: Vec<String>,
    /// What happened before, and is over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<String>,
    /// Warnings about any of it, the newest first.
    pub events: Vec<Happened>,
}

/// What must still be fetched to judge well, in one round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    /// Kinds that are not kept, and whose objects have made something of this or are named by it: with them there is
    /// more to walk, and the rest is to be asked again.
    pub kinds: Vec<ServedKind>,
    /// Single objects of kinds that are not kept, which something looked at refers to.
    pub objects: Vec<Ref>,
    /// Logs of containers that ended, and whether of the run before.
    pub logs: Vec<(LogKey, bool)>,
    /// Logs of containers that run.
    pub recent: Vec<LogKey>,
    /// Ports of pods that are worth a try.
    pub doors: Vec<Door>,
    /// What is worth to be asked of programs that run.
    pub questions: Vec<Question>,
}

/// What to fetch before [`diagnose`] is asked.
///
/// # Errors
/// [`Unclear`] if the name leads nowhere, or to several things.
pub fn needs(snapshot: &Snapshot, typed: &str) -> Result<Needs, Unclear> {
    let scope = Scope::of(snapshot, typed)?;
    let walk = scope.walk(snapshot);
    let pods: Vec<_> = walk.steps.iter().filter(|step| step.at.kind == "Pod").collect();
    let objects_of = |role: Role| pods.iter().filter(move |step| step.role == role).filter_map(|step| step.object);
    // What the question is about comes first; a pod that is not ready tells more than one that is.
    let (own, needed) = (objects_of(Role::Own), objects_of(Role::Needed));
    let mut ordered: Vec<_> = own.chain(needed).collect();
    ordered.sort_by_key(|pod| pod_is_ready(pod));
    let services = walk.objects().filter(|object| text(object, "/kind") == "Service");
    let mut doors: Vec<_> = services.flat_map(|service| rules::service::doors(snapshot, service)).collect();
    doors.sort();
    doors.dedup();
    doors.truncate(MOST_DOORS);
    Ok(Needs {
        kinds: unkept(snapshot, &walk),
        objects: walk.unknown(snapshot).into_iter().take(40).collect(),
        logs: ordered.iter().flat_map(|pod| pods::interesting_logs(pod)).take(8).collect(),
        recent: recent(snapshot, &walk, &scope, ordered.iter().flat_map(|pod| rules::logs::running(pod))),
        doors,
        questions: questions(snapshot, &walk),
    })
}

/// Logs of its own programs, and of those that work on it, if it is one thing that was asked about.
fn recent(snapshot: &Snapshot, walk: &Walk<'_>, scope: &Scope<'_>, own: impl Iterator<Item = LogKey>) -> Vec<LogKey> {
    let mut recent: Vec<_> = own.take(MOST_LOGS).collect();
    if !scope.is_whole() {
        let kept = walk.steps.iter().filter(|step| step.role != Role::Needed && step.at.kind == "Ingress");
        let objects = kept.filter_map(|step| step.object).chain(scope.things().iter().copied());
        let users = walk.steps.iter().filter(|step| step.role != Role::Needed && step.at.kind == "Ingress");
        let users = users.filter_map(|step| step.object).flat_map(|one| rules::allowed::logs(snapshot, one));
        for key in users.chain(objects.flat_map(|object| rules::keepers::logs(snapshot, object, false))) {
            if !recent.contains(&key) && recent.len() < MOST_LOGS + 4 {
                recent.push(key);
            }
        }
    }
    recent
}

/// What to ask of programs on the way of requests, and of containers that have a limit.
fn questions(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Question> {
    let own = walk.steps.iter().filter(|step| step.role != Role::Needed).filter_map(|step| step.object);
    let mut asked: Vec<_> = own
        .flat_map(|object| match text(object, "/kind") {
            "Ingress" => {
                let pages = rules::answers::of_ingress_questions(snapshot, object);
                pages.into_iter().chain(rules::shown::questions(snapshot, object)).collect()
            }
            "Service" => rules::answers::of_service_questions(snapshot, object),
            "Pod" => rules::throttling::questions(object),
            _ => Vec::new(),
        })
        .collect();
    let mut seen = BTreeSet::new();
    asked.retain(|question| seen.insert(question.clone()));
    asked.truncate(MOST_QUESTIONS);
    asked
}

/// Kinds of what made things of this, and of what they name, as far as nobody has read them.
fn unkept(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<ServedKind> {
    let made = walk.objects().filter_map(owners::reference).map(|owner| owners::named(owner, ""));
    let named = walk.objects().flat_map(|object| pointers(&snapshot.served, object)).map(|pointer| pointer.at);
    let noted = walk.objects().flat_map(|object| annotations::named(&snapshot.served, object));
    let noted = noted.map(|named| (named.kind.group.clone(), named.kind.kind.clone()));
    let runs = walk.objects().filter_map(|object| rules::runs::kind_of_runs(&snapshot.served, object));
    let runs = runs.map(|kind| (kind.group.clone(), kind.kind.clone()));
    let is_held = walk.objects().any(revision::is_held);
    let revisions = is_held.then(|| (revision::REVISIONS.0.to_string(), revision::REVISIONS.1.to_string()));
    let is_limited = walk.steps.iter().any(|step| {
        step.role == Role::Own && step.object.is_some_and(|object| !rules::throttling::questions(object).is_empty())
    });
    let missed = walk.objects().flat_map(|object| rules::offered::kinds(snapshot, object));
    let params = rules::params::kinds(snapshot);
    let figures = rules::throttling::FIGURES;
    let figures = is_limited.then(|| (figures.0.to_string(), figures.1.to_string()));
    let wanted: BTreeSet<_> = made
        .chain(named)
        .map(|at| (at.group, at.kind))
        .chain(noted)
        .chain(runs)
        .chain(figures)
        .chain(missed)
        .chain(params)
        .chain(revisions)
        .collect();
    let unread = wanted.iter().filter(|(group, kind)| kind != "Secret" && !snapshot.has_kind(group, kind));
    let served = |(group, kind): &(String, String)| {
        snapshot.served.iter().find(|served| served.group == *group && served.kind == *kind).cloned()
    };
    unread.filter_map(served).take(MOST_KINDS).collect()
}

/// Judges everything that belongs to a thing, a namespace, or the platform.
///
/// # Errors
/// [`Unclear`] if the name leads nowhere, or to several things.
pub fn diagnose(snapshot: &Snapshot, typed: &str) -> Result<Diagnosis, Unclear> {
    let scope = Scope::of(snapshot, typed)?;
    let walk = scope.walk(snapshot);
    let seen = Seen::of(snapshot, &walk);
    let found = all_findings(&seen, &walk, &scope);
    let mut causes = rank::ranked(snapshot, &walk, found);
    for cause in &mut causes {
        cause.verdict = Some(verdict_of(cause));
    }
    let verdict = match causes.first() {
        Some(first) => verdict_of(first),
        None if tell::is_enough(&walk) && !tell::is_left_open(snapshot, &scope) => Verdict::Healthy,
        None => Verdict::Unknown,
    };
    let path =
        causes.first().map(|cause| walk.path(&cause.object)).filter(|path| path.contains('→')).unwrap_or_default();
    Ok(Diagnosis {
        platform: snapshot.platform.clone(),
        subject: scope.subject(typed),
        verdict,
        since: since(&walk, &causes),
        path,
        looked_at: tell::looked_at(snapshot, &walk),
        not_looked_at: tell::not_looked_at(snapshot, &walk),
        past: tell::past(&seen, &walk),
        events: tell::warnings(snapshot, &walk),
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

fn all_findings(seen: &Seen<'_>, walk: &Walk<'_>, scope: &Scope<'_>) -> Vec<Finding> {
    let snapshot = seen.snapshot;
    let composites = snapshot.composite_kinds();
    let is_composite = |at: &Ref| composites.iter().any(|kind| kind.group == at.group && kind.kind == at.kind);
    let mut findings = Vec::new();
    for step in &walk.steps {
        let Some(object) = step.object.filter(|object| is_asked(snapshot, scope, object)) else { continue };
        let mut own = of_itself(snapshot, &step.at, object, is_composite(&step.at));
        own.extend(rules::of_object(seen, object));
        // Of everything at once the component itself tells that it is away.
        if step.role == Role::Own && scope.is_about(object) {
            own.extend(rules::keepers::absent(seen, object, is_composite(&step.at)));
        }
        // What stands on the way of a thing is looked after by somebody, too.
        if !scope.is_whole() && (scope.is_about(object) || step.role == Role::Beside) {
            let is_explained = own.iter().any(|finding| !finding.field.is_empty() && !finding.fault.is_symptom());
            own.extend(rules::keepers::complaint(seen, object, is_composite(&step.at)).filter(|_| !is_explained));
        }
        let own = own.into_iter().map(|finding| rules::waiting::judged(seen, finding));
        let own = own.map(|finding| rules::admission::explained(seen, finding));
        let own = own.map(|finding| rules::projects::explained(seen, finding));
        let own = own.filter(|finding| !rules::fights::is_told(seen, finding));
        let own = own.map(|finding| rules::explained(seen, rules::probes::judged(seen, finding)));
        let own = own.map(|finding| rules::last_words::in_pod(seen, rules::last_words::told(seen, finding)));
        let matters = |finding: &Finding| {
            // Every program of a platform writes such a line now and then; it matters where that program is asked about.
            let is_murmur = finding.fault == Fault::LogErrors && finding.weight <= rules::logs::UNNAMED;
            let is_of_another = rules::is_of_interest_alone(finding) && !scope.is_about(object);
            !(is_murmur && scope.is_whole() || is_of_another)
                && (step.role != Role::Needed
                    || finding.weight >= Fault::NoEndpoints.weight() && !finding.fault.is_on_its_way())
        };
        let located = own.filter(matters).map(|finding| fields::located(snapshot, finding));
        findings.extend(located.map(|finding| rules::generated::kept(snapshot, finding)));
    }
    findings.extend(missing(snapshot, walk));
    findings.extend(scope.namespaces().into_iter().filter_map(|place| workload::of_namespace(snapshot, place)));
    findings.extend(affecting_nodes(snapshot, walk));
    let own = walk.steps.iter().filter(|step| step.role == Role::Own).filter_map(|step| step.object);
    let failed = policy::of_objects(snapshot, own.filter(|object| !over::is_replaced(object)));
    findings.extend(failed.into_iter().map(|finding| fields::located(snapshot, finding)));
    findings
}

/// What is over matters to nobody; but whoever asks about a try that failed is told why.
fn is_asked(snapshot: &Snapshot, scope: &Scope<'_>, object: &Value) -> bool {
    let is_over = over::is_replaced(object) || over::is_complete(object);
    let is_meant = || {
        let job = owners::above(snapshot, object).filter(|job| over::is_failed(job));
        scope.is_about(object) || job.is_some_and(|job| scope.is_about(job))
    };
    !is_over && (!over::is_made_good(snapshot, object) || is_meant())
}

/// What an object, and what is known of it, says by itself.
fn of_itself(snapshot: &Snapshot, at: &Ref, object: &Value, is_composite: bool) -> Vec<Finding> {
    match at.kind.as_str() {
        "Pod" => of_pod(snapshot, object),
        "Application" | "ApplicationSet" => git::of_application(object),
        "CompositeResourceDefinition" => composite::of_definition(snapshot, object).into_iter().collect(),
        _ if is_composite => composite::of_composite(snapshot, object),
        _ => of_workload(snapshot, object),
    }
}

/// What should be there, and is not.
fn missing(snapshot: &Snapshot, walk: &Walk<'_>) -> Vec<Finding> {
    let missing =
        walk.steps.iter().filter(|step| step.object.is_none() && snapshot.has_kind(&step.at.group, &step.at.kind));
    let findings = missing.map(|step| {
        Finding::new(Fault::Missing, step.at.clone(), "should be there, and is not")
            .with("referred to by", &step.parent.map(|parent| walk.steps[parent].at.to_string()).unwrap_or_default())
            .next("Look at the events of what refers to it.")
    });
    findings.collect()
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

fn since(walk: &Walk<'_>, causes: &[Finding]) -> String {
    let Some(first) = causes.first() else { return String::new() };
    let object = walk.steps.iter().find(|step| step.at == first.object).and_then(|step| step.object);
    let readiness = object.and_then(|object| condition(object, "Ready").or_else(|| condition(object, "Synced")));
    readiness.filter(|condition| !condition.is_true()).map(|condition| condition.since.to_string()).unwrap_or_default()
}
