//! Which cause is told first, and which of them is one and the same.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::around::owner_to_name;
use super::walk::{Role, Walk};
use super::{Fault, Finding};
use crate::live::object::Ref;
use crate::live::owners;
use crate::live::snapshot::Snapshot;

/// More causes than this nobody reads at once.
const MOST: usize = 20;
/// What something else needs may be broken without any harm to it, as far as can be seen.
const MAYBE_HARMLESS: u32 = 49;
/// Kinds of what is harmed where it is said to be.
const HARMED: [&str; 6] = ["Ingress", "Service", "Deployment", "StatefulSet", "DaemonSet", "Pod"];
/// Evidence of a crash that names what is wrong in the container itself: a variable that it has not, a flag that is none.
const OWN_WORDS: [&str; 2] = ["env", "flag"];
/// How programs ask for another try.
const AGAIN: [&str; 8] =
    ["later", "try again", "retry", "temporar", "busy", "unavailable", "timed out", "connection refused"];
/// What may be the effect of something that is down.
const EFFECT: u32 = 60;

/// The likeliest first; the same on several objects counts once; symptoms only where nothing explains them.
pub(super) fn ranked(snapshot: &Snapshot, walk: &Walk<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged = same_on_several(snapshot, findings);
    let is_harmed = shows_harm(walk, &merged);
    let asked: Vec<_> = walk
        .steps
        .iter()
        .filter(|step| step.role != Role::Needed && HARMED.contains(&step.at.kind.as_str()))
        .map(|step| step.at.to_string())
        .collect();
    merged = down_because_of_another(snapshot, walk, merged);
    without_claims_told_twice(&mut merged);
    without_rules_told_twice(snapshot, &mut merged);
    behind_what_stops_it(snapshot, &mut merged);
    without_rights_told_twice(&mut merged);
    without_what_waits_for_it(snapshot, &mut merged);
    without_what_is_switched_off(snapshot, &mut merged);
    let broken = Fault::NoEndpoints.weight();
    let explained = merged.iter().any(|finding| !finding.fault.is_symptom() && finding.weight > broken);
    merged.retain(|finding| !(explained && finding.fault.is_symptom()));
    merged = same_above_and_below(walk, merged);
    // What is needed and broken weighs in full only where the thing itself shows some harm.
    let is_said_to_harm = |finding: &Finding| finding.affects.iter().any(|at| asked.contains(at));
    let is_needed = |finding: &Finding| {
        role(walk, &finding.object) == Role::Needed && finding.fault != Fault::Blocked && !is_said_to_harm(finding)
    };
    for finding in merged.iter_mut().filter(|finding| !is_harmed && is_needed(finding)) {
        finding.weight = finding.weight.min(MAYBE_HARMLESS);
    }
    // Between equals, what names a field says more, and what lies deeper is nearer to the cause.
    let rank = |finding: &Finding| {
        let reach = Reverse(finding.affects.len() + finding.more);
        (Reverse(finding.weight), finding.field.is_empty(), reach, Reverse(walk.depth(&finding.object)))
    };
    merged.sort_by_cached_key(rank);
    merged.truncate(MOST);
    merged
}

fn same_on_several(snapshot: &Snapshot, findings: Vec<Finding>) -> Vec<Finding> {
    let mut merged: Vec<Finding> = Vec::new();
    let mut places: BTreeMap<(Fault, String), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.fault, finding.summary.clone());
        match places.get(&key) {
            Some(place) => {
                let known: &mut Finding = &mut merged[*place];
                known.more += 1 + finding.more;
                let top = owner_to_name(snapshot, &finding.object);
                if top != owner_to_name(snapshot, &known.object) {
                    note(&mut known.affects, &top);
                }
            }
            None => {
                places.insert(key, merged.len());
                merged.push(finding);
            }
        }
    }
    merged
}

fn note(affects: &mut Vec<String>, at: &Ref) {
    let told = at.to_string();
    if !affects.contains(&told) && affects.len() < 12 {
        affects.push(told);
    }
}

/// A pod without its volume waits for its claim: where the claim itself says why, the pod need not.
fn without_claims_told_twice(findings: &mut Vec<Finding>) {
    // What is wrong with a claim may be told of the set that has made it.
    let of_claims = |finding: &Finding| {
        let of_set = finding.affects.iter().filter(|at| at.starts_with("PersistentVolumeClaim ")).cloned();
        let own = (finding.object.kind == "PersistentVolumeClaim").then(|| finding.object.to_string());
        of_set.chain(own).collect::<Vec<_>>()
    };
    let is_of_claim = |finding: &Finding| !of_claims(finding).is_empty();
    let is_why = |finding: &Finding| finding.fault == Fault::Deleting || finding.weight >= Fault::Volume.weight();
    if findings.iter().any(|finding| is_of_claim(finding) && is_why(finding)) {
        let waits = |finding: &Finding| {
            matches!(finding.fault, Fault::Unschedulable | Fault::Volume)
                && finding.summary.to_lowercase().contains("claim")
        };
        findings.retain(|finding| is_of_claim(finding) || !waits(finding));
    }
    // What its events say in general, where the field at fault is known.
    let known: Vec<_> = findings.iter().filter(|one| !one.field.is_empty()).flat_map(of_claims).collect();
    let is_general = |one: &Finding| one.fault == Fault::Volume && one.field.is_empty();
    findings.retain(|one| !(is_general(one) && known.contains(&one.object.to_string())));
}

/// A Job that one of its own rules ends at once, where its program only asks for another try: the crash is what the rule is
/// about. Where the program says something else, the crash is the cause.
fn without_rules_told_twice(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let is_of_rule =
        |one: &Finding| one.fault == Fault::JobFailed && one.field.starts_with("spec.podFailurePolicy.rules[");
    let Some(rule) = findings.iter().position(is_of_rule) else { return };
    let job = findings[rule].object.clone();
    let is_its = |at: &Ref| {
        let pod = snapshot.get(at);
        pod.is_some_and(|pod| owners::line(snapshot, pod).any(|owner| Ref::of(owner) == job))
    };
    let said = |one: &Finding| {
        one.evidence.iter().filter(|it| it.source == "log").map(|it| it.text.to_lowercase()).collect::<Vec<_>>()
    };
    let asks_again = |one: &Finding| said(one).iter().any(|line| AGAIN.iter().any(|words| line.contains(words)));
    let crash = findings.iter().position(|one| one.fault == Fault::CrashLoop && is_its(&one.object));
    let Some(crash) = crash.filter(|crash| asks_again(&findings[*crash])) else { return };
    let evidence = findings[crash].evidence.clone();
    findings[rule].evidence.extend(evidence);
    findings[rule].summary.push_str("; its program asks for another try, and none of those that are left is made");
    findings.remove(crash);
}

/// An address that a program is told comes after what keeps that program from beginning at all: nobody has used it yet.
fn behind_what_stops_it(snapshot: &Snapshot, findings: &mut [Finding]) {
    let stops = |one: &Finding| match one.fault {
        Fault::Volume | Fault::CannotStart | Fault::BadImage | Fault::Unschedulable => one.object.kind == "Pod",
        // What the program says is at fault itself.
        Fault::CrashLoop => one.evidence.iter().any(|it| OWN_WORDS.contains(&it.source.as_str())),
        _ => false,
    };
    let stopped: Vec<_> =
        findings.iter().filter(|one| stops(one)).map(|one| owner_to_name(snapshot, &one.object)).collect();
    let is_address = |one: &Finding| matches!(one.fault, Fault::NoSuchHost | Fault::WrongPort);
    for address in findings.iter_mut().filter(|one| is_address(one)) {
        if stopped.contains(&owner_to_name(snapshot, &address.object)) {
            address.weight = address.weight.min(EFFECT);
        }
    }
}

/// That a program may not do something is told by whatever should have let it.
fn without_rights_told_twice(findings: &mut Vec<Finding>) {
    let is_of_rights = |finding: &Finding| {
        finding.fault == Fault::MissingRights
            && matches!(
                finding.object.kind.as_str(),
                "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" | "ServiceAccount"
            )
    };
    if findings.iter().any(is_of_rights) {
        findings.retain(|finding| finding.fault != Fault::MissingRights || finding.object.kind != "Pod");
    }
}

/// What has waited for too long is down because of what is broken below it, or what is said to affect it.
pub(super) fn without_what_waits_for_it(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let is_waiting = |finding: &Finding| finding.fault == Fault::Stalled;
    let waiting: Vec<_> = findings.iter().filter(|one| is_waiting(one)).map(|one| one.object.clone()).collect();
    for above in waiting {
        let is_below = |at: &Ref| {
            let object = snapshot.get(at);
            object.is_some_and(|object| owners::line(snapshot, object).any(|owner| Ref::of(owner) == above))
        };
        // What stops everything by itself needs not be below: it may be written in the very thing.
        let is_its = |finding: &Finding| finding.object == above && finding.weight > Fault::Stalled.weight();
        let told = above.to_string();
        let cause = findings.iter_mut().find(|finding| {
            let is_broken = finding.weight >= Fault::NoEndpoints.weight() && !finding.fault.is_on_its_way();
            let is_why = is_below(&finding.object) || is_its(finding) || finding.affects.contains(&told);
            is_broken && !is_waiting(finding) && is_why
        });
        if let Some(cause) = cause {
            if cause.object != above {
                note(&mut cause.affects, &above);
            }
            findings.retain(|finding| !(is_waiting(finding) && finding.object == above));
        }
    }
}

/// What somebody has switched off does not run: whatever else its parts show comes from that.
fn without_what_is_switched_off(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let is_off = |finding: &Finding| finding.fault == Fault::Paused && finding.object.group.contains('.');
    let off: Vec<_> = findings.iter().filter(|one| is_off(one)).map(|one| one.object.clone()).collect();
    let is_effect = |finding: &Finding| {
        finding.fault.is_symptom()
            || matches!(finding.fault, Fault::FailingProbe | Fault::Stalled | Fault::Paused | Fault::LogErrors)
    };
    for above in off {
        let is_below = |at: &Ref| {
            let object = snapshot.get(at);
            object.is_some_and(|object| owners::line(snapshot, object).any(|owner| Ref::of(owner) == above))
        };
        let is_told = |finding: &Finding| !is_off(finding) || finding.object != above;
        findings.retain(|finding| {
            let is_its = finding.object == above || is_below(&finding.object);
            !(is_told(finding) && is_its && is_effect(finding))
        });
    }
}

/// A program whose log complains of a host that is down itself has no fault of its own.
fn down_because_of_another(snapshot: &Snapshot, walk: &Walk<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
    for need in &walk.needs {
        let is_down = |finding: &Finding| {
            finding.weight >= Fault::NoEndpoints.weight()
                && !finding.fault.is_on_its_way()
                && (finding.object == need.service || need.to.contains(&owner_to_name(snapshot, &finding.object)))
        };
        // That its Service leads to nobody is told by what is behind it.
        let down = findings.iter().enumerate().filter(|(_, finding)| is_down(finding));
        let Some((cause, _)) = down.max_by_key(|(_, finding)| finding.weight) else { continue };
        let dependent = owner_to_name(snapshot, &need.from);
        note(&mut findings[cause].affects, &dependent);
        let service = need.service.name.clone();
        let cause_object = findings[cause].object.clone();
        findings.retain(|finding| {
            let is_its = owner_to_name(snapshot, &finding.object) == dependent && finding.object != cause_object;
            let complains = finding.evidence.iter().any(|evidence| evidence.text.contains(&service))
                || finding.summary.contains(&service);
            let is_effect = matches!(
                finding.fault,
                Fault::LogErrors | Fault::CrashLoop | Fault::FailingProbe | Fault::Starting | Fault::Stalled
            );
            !(is_its && is_effect && complains)
        });
        // Whatever else it shows may well come from there: it is told behind.
        let effects = findings.iter_mut().filter(|finding| {
            owner_to_name(snapshot, &finding.object) == dependent
                && finding.object != cause_object
                && matches!(finding.fault, Fault::FailingProbe | Fault::CrashLoop | Fault::Stalled)
        });
        for finding in effects {
            finding.weight = finding.weight.min(EFFECT);
        }
    }
    findings
}

/// Whether the thing itself, or what stands beside it, shows that something is wrong.
fn shows_harm(walk: &Walk<'_>, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| role(walk, &finding.object) != Role::Needed && finding.fault != Fault::PolicyFailed)
}

fn role(walk: &Walk<'_>, at: &Ref) -> Role {
    walk.steps.iter().find(|step| step.at == *at).map_or(Role::Own, |step| step.role)
}

/// The same refusal told by a Deployment and its ReplicaSet, the same reference told by a pod and by what made it: one of
/// them is enough.
fn same_above_and_below(walk: &Walk<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<(String, Finding)> = Vec::new();
    for finding in findings {
        let path = walk.path(&finding.object);
        let twin = kept.iter_mut().find(|(known_path, known)| {
            let is_one_line = path.starts_with(known_path.as_str()) || known_path.starts_with(&path);
            let (own, other) = (place(&finding), place(known));
            known.fault == finding.fault
                && known.fault != Fault::PolicyFailed
                && match (&own, &other) {
                    (Some(own), Some(other)) => own == other,
                    _ => is_one_line && known.object != finding.object,
                }
        });
        match twin {
            Some((_, known)) => merge(known, finding),
            None => kept.push((path, finding)),
        }
    }
    kept.into_iter().map(|(_, finding)| finding).collect()
}

/// Where the field at fault is written.
fn place(finding: &Finding) -> Option<(String, String)> {
    let own = || (!finding.field.is_empty()).then(|| (finding.object.typed(), finding.field.clone()));
    let change = finding.change.as_ref().filter(|change| !change.field.is_empty());
    change.map(|change| (change.object.clone(), change.field.clone())).or_else(own)
}

/// Keeps the one that says more about what to change, with the evidence of both.
fn merge(known: &mut Finding, other: Finding) {
    let says = |finding: &Finding| {
        let is_value_known = finding.change.as_ref().is_some_and(|change| change.value.is_some());
        (is_value_known, !finding.field.is_empty(), finding.object.kind != "Pod", finding.next.contains('`'))
    };
    let (mut main, rest) = if says(&other) > says(known) { (other, known.clone()) } else { (known.clone(), other) };
    for evidence in rest.evidence {
        if !main.evidence.iter().any(|had| had.text == evidence.text) {
            main.evidence.push(evidence);
        }
    }
    for affected in rest.affects {
        if !main.affects.contains(&affected) {
            main.affects.push(affected);
        }
    }
    main.more = main.more.max(rest.more);
    *known = main;
}
