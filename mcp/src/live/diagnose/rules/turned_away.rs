//! Runs of a schedule that the API does not let begin: a quota has no room for one more Job, a policy refuses it.

use serde_json::Value;

use super::Seen;
use super::quotas::Exceeded;
use crate::live::diagnose::{Fault, Finding, classify, over};
use crate::live::object::{Ref, gist, name, text};
use crate::live::snapshot::event_time;

/// How the controller begins what it says of a run that it could not make.
const BEGINS: &str = "Error creating job: ";

/// A schedule whose last try to begin a run was refused.
pub(super) fn of_schedule(seen: &Seen<'_>, schedule: &Value) -> Option<Finding> {
    let at = Ref::of(schedule);
    let events = seen.snapshot.events_of(&at);
    let newest = events.into_iter().find(|one| matches!(text(one, "/reason"), "FailedCreate" | "SuccessfulCreate"))?;
    // Whatever has begun or succeeded since then has shown that it may.
    let since = |field: &str| text(schedule, &format!("/status/{field}")) > event_time(newest);
    if text(newest, "/reason") != "FailedCreate" || since("lastScheduleTime") || since("lastSuccessfulTime") {
        return None;
    }
    let message = text(newest, "/message");
    let said = message.strip_prefix(BEGINS).unwrap_or(message);
    let fault = classify(said).unwrap_or(Fault::Schedule);
    let finding = no_room(seen, &at, said).unwrap_or_else(|| {
        let text = format!("does not run: its Jobs cannot be made: {}", gist(said, 200));
        Finding::new(fault, at.clone(), text).next(next(fault, &at))
    });
    Some(finding.with("event FailedCreate", message))
}

/// A quota without room for one more Job, and the Jobs that are through and still count.
fn no_room(seen: &Seen<'_>, schedule: &Ref, said: &str) -> Option<Finding> {
    let exceeded = Exceeded::of(said)?;
    let place = &schedule.namespace;
    let quota = seen.snapshot.inside("", "ResourceQuota", place).find(|one| name(one) == exceeded.quota)?;
    let (at, (field, amount)) = (Ref::of(quota), exceeded.wanted());
    let through = seen.snapshot.inside("batch", "Job", place);
    let mut through: Vec<_> = through.filter(|job| over::is_complete(job) || over::is_failed(job)).map(name).collect();
    through.sort_unstable();
    let text = format!("has no room for a run of {schedule}: it would have to give {amount} of {}", exceeded.resource);
    let mut finding = Finding::new(Fault::Quota, at.clone(), text).at(field.clone());
    finding.affects.push(schedule.to_string());
    let raise = format!("Raise `{field}` of {at} to {amount} or more");
    let is_of_jobs = exceeded.resource.starts_with("count/jobs");
    Some(match through.first().filter(|_| is_of_jobs) {
        Some(first) => finding.with("Jobs that are through and still count", &through.join(", ")).next(format!(
            "{raise}, or delete Jobs that are through: `kubectl -n {place} delete job {first}` (with `ttlSecondsAfterFinished` they go by themselves)."
        )),
        None => finding.next(format!("{raise}, or free some of it.")),
    })
}

fn next(fault: Fault, at: &Ref) -> String {
    match fault {
        Fault::PolicyDenied => {
            format!("Change `spec.jobTemplate` of {at} so that it complies with the policy that is named.")
        }
        Fault::Webhook => "See why the webhook's service does not answer: without it nothing is made here.".into(),
        Fault::Quota => format!("Raise the quota that is named in namespace {}, or free some of it.", at.namespace),
        _ => format!("Correct what the message names, in `spec.jobTemplate` of {at} or around it."),
    }
}
