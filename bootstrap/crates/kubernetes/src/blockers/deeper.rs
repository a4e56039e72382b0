//! What a look at more than pods and their workloads says of the same blockers.
//!
//! [`explain`](super::explain) judges by the few kinds that are watched while a component starts. Once a component is
//! given up, or looks as if time would not mend it, whoever can look at everything is asked about each thing that is
//! waited for, and the cause that they find takes the place of what the thing shows by itself.

use std::cmp::Reverse;

use backstack_health::{Finding, Ref, Verdict};

use super::Blocker;

/// Things that are asked about: nobody reads more causes at once.
const MOST: usize = 8;

/// What to ask about, that with the heaviest blockers first.
pub fn subjects(blockers: &[Blocker]) -> Vec<Ref> {
    let mut asked: Vec<Ref> = Vec::new();
    for subject in blockers.iter().filter_map(|blocker| blocker.subject.as_ref()) {
        if asked.len() < MOST && !asked.contains(subject) {
            asked.push(subject.clone());
        }
    }
    asked
}

/// The blockers, with the cause that was found for a subject in place of what it shows by itself. A cause that breaks
/// nothing takes no place. Several subjects with one cause are told once.
pub fn told(blockers: Vec<Blocker>, causes: &[(Ref, Finding)]) -> Vec<Blocker> {
    let mut told: Vec<Blocker> = Vec::new();
    for blocker in blockers {
        let cause = causes.iter().find(|(subject, _)| blocker.subject.as_ref() == Some(subject));
        let Some((_, cause)) = cause.filter(|(_, cause)| cause.verdict == Some(Verdict::Broken)) else {
            told.push(blocker);
            continue;
        };
        let next = cause.next.clone();
        let deeper = Blocker { subject: blocker.subject, next, ..Blocker::from(cause.clone()) };
        let log = if deeper.log_source == blocker.log_source { blocker.log } else { Vec::new() };
        match told.iter_mut().find(|known| known.object == deeper.object && known.text == deeper.text) {
            Some(known) if known.log.is_empty() => known.log = log,
            Some(_) => {}
            None => told.push(Blocker { log, ..deeper }),
        }
    }
    told.sort_by_key(|blocker| Reverse(blocker.weight));
    told
}

#[cfg(test)]
mod tests {
    use backstack_health::{Fault, LogSource};

    use super::*;

    fn deployment(name: &str) -> Ref {
        Ref::new("apps", "Deployment", "shop", name)
    }

    fn blocker(workload: &str, fault: Fault, text: &str) -> Blocker {
        let object = format!("pod shop/{workload}-1");
        Blocker { subject: Some(deployment(workload)), ..Blocker::new(object, fault, text) }
    }

    fn cause(fault: Fault, verdict: Verdict) -> Finding {
        let at = Ref::new("", "PersistentVolumeClaim", "shop", "data");
        Finding {
            verdict: Some(verdict),
            ..Finding::new(fault, at, "is of a class that there is not").next("Name one.")
        }
    }

    #[test]
    fn each_thing_is_asked_about_once_and_not_too_many_are() {
        let other = Blocker::new("webhook x", Fault::Webhook, "nobody answers");
        let blockers =
            [blocker("web", Fault::Unschedulable, "fits nowhere"), blocker("web", Fault::CrashLoop, "exits 1"), other];
        assert_eq!(subjects(&blockers), [deployment("web")]);
        let many: Vec<_> = (0..20).map(|n| blocker(&format!("w{n}"), Fault::CrashLoop, "exits 1")).collect();
        assert_eq!(subjects(&many).len(), MOST);
    }

    #[test]
    fn a_cause_takes_the_place_of_what_all_pods_show_that_it_keeps_from_running() {
        let shown = || {
            vec![
                blocker("web", Fault::Unschedulable, "fits nowhere"),
                blocker("web", Fault::CrashLoop, "exits 1"),
                blocker("api", Fault::Unschedulable, "fits nowhere"),
                blocker("other", Fault::CrashLoop, "exits 2"),
            ]
        };
        let found = |verdict| ["web", "api"].map(|name| (deployment(name), cause(Fault::Volume, verdict)));
        let now = told(shown(), &found(Verdict::Broken));
        let lines: Vec<_> = now.iter().map(ToString::to_string).collect();
        assert!(
            lines.contains(&"PersistentVolumeClaim shop/data: is of a class that there is not".into()),
            "{lines:?}"
        );
        assert_eq!((now.len(), lines.contains(&"pod shop/other-1: exits 2".into())), (2, true), "{lines:?}");
        assert_eq!(
            told(shown(), &found(Verdict::Imperfect)),
            shown_by_weight(shown()),
            "what breaks nothing is no cause"
        );
    }

    fn shown_by_weight(mut shown: Vec<Blocker>) -> Vec<Blocker> {
        shown.sort_by_key(|blocker| Reverse(blocker.weight));
        shown
    }

    #[test]
    fn last_words_stay_with_the_container_that_spoke_them() {
        let source =
            LogSource { namespace: "shop".into(), pod: "web-1".into(), container: "app".into(), previous: true };
        let crash = Blocker {
            log: vec!["no database".into()],
            log_source: Some(source.clone()),
            ..blocker("web", Fault::CrashLoop, "exits 1")
        };
        let of = |log| vec![(deployment("web"), Finding { log, ..cause(Fault::CrashLoop, Verdict::Broken) })];
        assert_eq!(told(vec![crash.clone()], &of(Some(source)))[0].log, ["no database"]);
        assert!(told(vec![crash], &of(None))[0].log.is_empty());
    }
}
