//! Time: when "it is starting" is over, and what it waits for.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{condition, list, name, namespace, number, short, text};
use crate::live::owners;

/// What Kubernetes itself gives a rollout, where it says nothing else.
const DEADLINE: i64 = 600;
/// So long an init container, or an image that is pulled, may take before it is worth to say what it does.
const SOON: i64 = 120;

/// What was said to be on its way, and is not any more: the deadline is over.
pub(in crate::live::diagnose) fn judged(seen: &Seen<'_>, mut finding: Finding) -> Finding {
    if !finding.fault.is_on_its_way() {
        return finding;
    }
    let Some(object) = seen.snapshot.get(&finding.object) else { return finding };
    let Some(age) = since(seen, object) else { return finding };
    if let Some(log) =
        waiting_container(object).and_then(|key| seen.snapshot.recent_log(&key).or(seen.snapshot.log(&key)))
    {
        let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        finding = finding.with("log", last);
        if age > SOON && !last.is_empty() {
            finding.summary = format!("{}: its log says `{}`", finding.summary, short(last, 120));
        }
    }
    if age <= deadline(seen, object) {
        return finding;
    }
    finding.summary = format!("{} (for {} now, longer than it may take)", finding.summary, in_words(age));
    finding.weight = Fault::Stalled.weight();
    finding.fault = Fault::Stalled;
    finding.next = "See what it waits for: its log and its events tell.".into();
    finding
}

/// Seconds since it began to wait.
fn since(seen: &Seen<'_>, object: &Value) -> Option<i64> {
    let ready = condition(object, "Ready").filter(|ready| !ready.is_true()).map_or("", |ready| ready.since);
    let times = [ready, text(object, "/status/startTime"), text(object, "/metadata/creationTimestamp")];
    let waits = condition(object, "Progressing").filter(|one| one.is_false()).map_or("", |one| one.since);
    if !waits.is_empty() {
        return Some(deadline(seen, object) + 1 + seen.seconds_since(waits)?);
    }
    times.iter().find(|time| !time.is_empty()).and_then(|time| seen.seconds_since(time))
}

/// Seconds that an object has to begin: what its workload says, else what Kubernetes gives.
fn deadline(seen: &Seen<'_>, object: &Value) -> i64 {
    let own = number(object, "/spec/progressDeadlineSeconds").max(number(object, "/spec/activeDeadlineSeconds"));
    let above = owners::line(seen.snapshot, object).map(|owner| number(owner, "/spec/progressDeadlineSeconds"));
    above.chain([own]).find(|said| *said > 0).unwrap_or(DEADLINE)
}

/// The init container that a pod waits for.
pub(in crate::live::diagnose) fn waiting_container(pod: &Value) -> Option<crate::live::snapshot::LogKey> {
    let waiting = list(pod, "/status/initContainerStatuses").iter().find(|status| {
        status.pointer("/state/running").is_some() && !status.get("ready").and_then(Value::as_bool).unwrap_or(false)
    })?;
    Some((namespace(pod).into(), name(pod).into(), text(waiting, "/name").into()))
}
