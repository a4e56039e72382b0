//! CronJobs that do not run, and Jobs that never end.

use serde_json::Value;
use time::Duration;

use super::Seen;
use crate::live::cron::Cron;
use crate::live::diagnose::{Fault, Finding, REMARK};
use crate::live::moment::in_words;
use crate::live::object::{Ref, is_owned_by, list, name, namespace, number, text};
use crate::live::owners;

/// A pod whose work is done ends with its last container; so long it may take.
const ENDS: i64 = 60;
/// How often the controller looks at schedules, in seconds.
const LOOKS: i64 = 10;
/// A schedule that is younger may not have had the time to succeed.
const LONG_ENOUGH: i64 = 90;
/// How Kubernetes' own controller of Jobs is called.
const JOBS_OWN: &str = "kubernetes.io/job-controller";
/// Where a Job says how long it may take.
const DEADLINE: &str = "spec.activeDeadlineSeconds";

/// Why a schedule does not run.
pub(super) fn of_schedule(seen: &Seen<'_>, schedule: &Value) -> Vec<Finding> {
    let at = Ref::of(schedule);
    let suspended = schedule.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false);
    if suspended {
        let finding = Finding::new(Fault::Paused, at.clone(), "is suspended: it does not run")
            .at("spec.suspend")
            // Somebody has asked for that: what waits for a run says so itself.
            .at_most(REMARK)
            .should_be(false);
        return vec![
            finding
                .with("spec.suspend", "true")
                .next(format!("Set `spec.suspend` of {at} to false, unless it is meant to be started by hand only.")),
        ];
    }
    let mut found: Vec<Finding> = never(seen, &at, schedule).into_iter().collect();
    found.extend(in_the_way(seen, &at, schedule));
    found.extend(too_late(&at, schedule));
    let refused = super::turned_away::of_schedule(seen, schedule);
    // What cannot begin has no end to judge.
    match refused {
        Some(refused) => found.push(refused),
        None => found.extend(none_succeeds(seen, &at, schedule)),
    }
    found.extend(said(seen, &at));
    found
}

/// The controller looks every ten seconds: whatever must begin sooner may be missed.
fn too_late(at: &Ref, schedule: &Value) -> Option<Finding> {
    let field = "spec.startingDeadlineSeconds";
    let given =
        schedule.pointer("/spec/startingDeadlineSeconds").and_then(Value::as_i64).filter(|given| *given < LOOKS)?;
    let text = format!("may miss its runs: it gives each {given} s to begin, and is looked at every {LOOKS} s");
    let finding = Finding::new(Fault::Schedule, at.clone(), text).at(field).at_most(46).with(field, &given.to_string());
    Some(finding.next(format!("Raise `{field}` of {at} to well over {LOOKS}, or take it away.")))
}

/// Runs that begin and never succeed, whatever is left of them.
fn none_succeeds(seen: &Seen<'_>, at: &Ref, schedule: &Value) -> Option<Finding> {
    let began = seen.seconds_since(text(schedule, "/status/lastScheduleTime"))?;
    let succeeded = text(schedule, "/status/lastSuccessfulTime");
    let made = seen.seconds_since(text(schedule, "/metadata/creationTimestamp"))?;
    let is_running = !list(schedule, "/status/active").is_empty();
    // The run of now may still be on its way: then it is the one before that counts.
    let before = Cron::parse(text(schedule, "/spec/schedule"), text(schedule, "/spec/timeZone")).and_then(|cron| {
        let (now, most) = (seen.now - Duration::seconds(began + 60), Duration::days(32));
        Some((seen.now - cron.last_within(now, most)?).whole_seconds())
    });
    let is_missed = before.is_some_and(|before| {
        before + LONG_ENOUGH / 3 < made && seen.seconds_since(succeeded).is_none_or(|ago| ago > before)
    });
    let is_new = made < LONG_ENOUGH || began < 20 && !is_missed;
    // Where a run is left, that tells more.
    let has_jobs = seen.snapshot.inside("batch", "Job", &at.namespace).any(|job| is_owned_by(job, schedule));
    let is_old = succeeded < text(schedule, "/status/lastScheduleTime");
    (is_old && !is_running && !is_new && !has_jobs).then(|| {
        let since = match seen.seconds_since(succeeded) {
            Some(ago) => format!("the last that did was {} ago", in_words(ago)),
            None => "none ever has".into(),
        };
        let text = format!("its last run, {} ago, did not succeed: {since}", in_words(began));
        let field = "spec.failedJobsHistoryLimit";
        let finding = Finding::new(Fault::JobFailed, at.clone(), text).with("status.lastSuccessfulTime", succeeded);
        let keeps_none = schedule.pointer("/spec/failedJobsHistoryLimit").and_then(Value::as_i64) == Some(0);
        if !keeps_none {
            return finding.next(format!("Run it once by hand (`kubectl create job --from=cronjob/{}`) and read the log of that Job.", at.name));
        }
        finding.at(field).with(field, "0").next(format!(
            "Set `{field}` of {at} to 1: then a run that failed is left, and its log tells why. Or run it once by hand (`kubectl create job --from=cronjob/{}`).",
            at.name
        ))
    })
}

/// A date that no year has, as the 31st of February.
fn never(seen: &Seen<'_>, at: &Ref, schedule: &Value) -> Option<Finding> {
    let written = text(schedule, "/spec/schedule");
    let comes = Cron::parse(written, "")?.comes(seen.now);
    (!comes).then(|| {
        let text = format!("never runs: its schedule `{written}` names a day that does not exist");
        let finding =
            Finding::new(Fault::Schedule, at.clone(), text).at("spec.schedule").with("spec.schedule", written);
        finding.next(format!("Correct `spec.schedule` of {at} (minute, hour, day, month, weekday)."))
    })
}

/// A run of before that does not end, while only one may run.
fn in_the_way(seen: &Seen<'_>, at: &Ref, schedule: &Value) -> Option<Finding> {
    if text(schedule, "/spec/concurrencyPolicy") != "Forbid" {
        return None;
    }
    let jobs = seen.snapshot.inside("batch", "Job", &at.namespace).filter(|job| is_owned_by(job, schedule));
    let active = jobs.filter(|job| number(job, "/status/active") > 0);
    let (job, age) = active
        .filter_map(|job| Some((job, seen.seconds_since(text(job, "/status/startTime"))?)))
        .max_by_key(|(_, age)| *age)?;
    let missed = seen.snapshot.events_of(at).into_iter().any(|event| text(event, "/reason") == "JobAlreadyActive");
    missed.then(|| {
        let text = format!("does not run again: Job {} of before still runs, since {}", name(job), in_words(age));
        let finding = Finding::new(Fault::Schedule, at.clone(), text)
            .at("spec.concurrencyPolicy")
            .with("event", "JobAlreadyActive");
        finding.next(format!("See why Job {} does not end; give it `activeDeadlineSeconds`, or delete it.", name(job)))
    })
}

/// What the controller says of a schedule that it cannot follow.
fn said(seen: &Seen<'_>, at: &Ref) -> Option<Finding> {
    let events = seen.snapshot.events_of(at);
    let telling = [
        "InvalidSchedule",
        "UnparseableSchedule",
        "UnknownTimeZone",
        "InvalidTimeZone",
        "TooManyMissedTimes",
        "MissSchedule",
    ];
    let event = events.into_iter().find(|event| telling.contains(&text(event, "/reason")))?;
    let field = if text(event, "/reason").contains("TimeZone") { "spec.timeZone" } else { "spec.schedule" };
    let field = if text(event, "/reason").contains("Miss") { "spec.startingDeadlineSeconds" } else { field };
    let text_of = text(event, "/message");
    let finding = Finding::new(Fault::Schedule, at.clone(), format!("does not run as planned: {text_of}")).at(field);
    Some(finding.with(format!("event {}", text(event, "/reason")), text_of).next(format!("Correct `{field}` of {at}.")))
}

/// A run that failed, as its schedule has to be changed: the run itself is not made again, the next one is.
pub(super) fn explained(seen: &Seen<'_>, finding: Finding) -> Finding {
    if finding.fault != Fault::JobFailed || finding.object.kind != "Job" {
        return finding;
    }
    let Some(job) = seen.snapshot.get(&finding.object) else { return finding };
    let Some(schedule) = owners::above(seen.snapshot, job).filter(|owner| text(owner, "/kind") == "CronJob") else {
        return finding;
    };
    // Which rule ended it is known already, and where that is written too.
    if finding.field.starts_with("spec.podFailurePolicy") {
        return finding;
    }
    let at = Ref::of(schedule);
    let given = number(schedule, "/spec/jobTemplate/spec/activeDeadlineSeconds");
    // A schedule that has been changed since gives the next run another time.
    if finding.field != DEADLINE || given != number(job, "/spec/activeDeadlineSeconds") {
        let next = format!(
            "Read the log of its pod and correct what made it fail; the next run of {at} shows whether it helps."
        );
        return finding.next(next);
    }
    let field = format!("spec.jobTemplate.{DEADLINE}");
    let run = finding.object.to_string();
    let text = format!("ends each of its runs after {given} s, and that is too short: {run} was not through by then");
    let longest = took(seen, schedule).map(|took| format!("runs that succeeded took up to {took} s"));
    let told = Finding { object: at.clone(), summary: text, affects: vec![run], ..finding }.at(field.clone());
    let told = told.with(field.clone(), &given.to_string()).with("runs of before", &longest.unwrap_or_default());
    told.next(format!(
        "Raise `{field}` of {at} (now {given}) to well over what its work takes, or make its work shorter."
    ))
}

/// Seconds that the longest of the runs took that succeeded and are left.
fn took(seen: &Seen<'_>, schedule: &Value) -> Option<i64> {
    let jobs = seen.snapshot.inside("batch", "Job", namespace(schedule)).filter(|job| is_owned_by(job, schedule));
    let spans = jobs.filter_map(|job| {
        let since = |field: &str| seen.seconds_since(text(job, &format!("/status/{field}")));
        Some(since("startTime")? - since("completionTime")?)
    });
    spans.max()
}

/// A Job that does not come to its end.
pub(super) fn of_job(seen: &Seen<'_>, job: &Value) -> Vec<Finding> {
    let at = Ref::of(job);
    let suspended = job.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false);
    if suspended {
        let finding = Finding::new(Fault::Paused, at.clone(), "is suspended: it does not run")
            .at("spec.suspend")
            .should_be(false);
        return vec![finding.with("spec.suspend", "true").next(format!("Set `spec.suspend` of {at} to false."))];
    }
    if job.pointer("/spec/parallelism").and_then(Value::as_i64) == Some(0) {
        let field = "spec.parallelism";
        let text = "has `parallelism: 0`: it makes no pods, and does not run";
        let finding = Finding::new(Fault::Paused, at.clone(), text).at(field).should_be(1).with(field, "0");
        return vec![finding.next(format!("Set `{field}` of {at} to 1 or more."))];
    }
    if let Some(finding) = of_another_controller(seen, &at, job) {
        return vec![finding];
    }
    seen.snapshot.pods_of(job).into_iter().filter_map(|pod| half_done(seen, &at, pod)).take(1).collect()
}

/// A Job that says that another controller works on it, and none has touched it.
fn of_another_controller(seen: &Seen<'_>, at: &Ref, job: &Value) -> Option<Finding> {
    let (field, controller) = ("spec.managedBy", text(job, "/spec/managedBy"));
    let is_touched = job.pointer("/status").and_then(Value::as_object).is_some_and(|status| !status.is_empty());
    let age = seen.seconds_since(text(job, "/metadata/creationTimestamp"))?;
    if controller.is_empty() || controller == JOBS_OWN || is_touched || age < ENDS {
        return None;
    }
    let text =
        format!("leaves its work to controller `{controller}`, and that has not begun it since {}", in_words(age));
    let finding = Finding::new(Fault::Schedule, at.clone(), text).at(field).with(field, controller);
    Some(finding.next(format!(
        "See whether `{controller}` runs here. If not, delete {at} and make it again without `{field}`: that cannot be changed in a Job that is there."
    )))
}

/// One container has done its work, and another keeps the pod alive.
fn half_done(seen: &Seen<'_>, job: &Ref, pod: &Value) -> Option<Finding> {
    let statuses = list(pod, "/status/containerStatuses");
    let done = statuses
        .iter()
        .find(|status| status.pointer("/state/terminated/exitCode").and_then(Value::as_i64) == Some(0))?;
    let since = seen.seconds_since(text(done, "/state/terminated/finishedAt"))?;
    let runs = statuses.iter().position(|status| status.pointer("/state/running").is_some())?;
    (since > ENDS).then(|| {
        let (worker, helper) = (text(done, "/name"), text(&statuses[runs], "/name"));
        let template = crate::live::references::template::Template::of(pod);
        let path = template.and_then(|template| template.container(helper)).map_or_else(String::new, |(path, _)| path);
        let text = format!(
            "does not end: container `{worker}` is done since {}, and container `{helper}` still runs",
            in_words(since)
        );
        let field = path.replacen("spec.", "spec.template.spec.", 1);
        let finding =
            Finding::new(Fault::Stalled, job.clone(), text).at(field).with("container", &format!("{helper} runs"));
        finding.next(format!(
            "Make `{helper}` an init container with `restartPolicy: Always`: such a side car ends with the others."
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::live::diagnose::{Fault, Finding, diagnose};
    use crate::live::snapshot::Snapshot;

    fn told(reason: &str) -> Finding {
        let spec = json!({"activeDeadlineSeconds": 5, "template": {"spec": {"containers": [{"name": "app"}]}}});
        let schedule = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"namespace": "shop", "name": "export", "uid": "c"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": spec}}, "status": {}});
        let job = |number: u8| -> Value {
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": format!("export-{number}"), "uid": number,
                    "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "export", "uid": "c", "controller": true}]},
                "spec": spec, "status": {"conditions": [{"type": "Failed", "status": "True", "reason": reason, "message": "it was so",
                    "lastTransitionTime": "2026-01-01T10:00:00Z"}]}})
        };
        let snapshot = Snapshot::of("lab", [schedule, job(1), job(2)]);
        let mut told = diagnose(&snapshot, "CronJob:shop/export").expect("it is there");
        assert_eq!(told.causes.len(), 1, "{told:#?}");
        told.causes.remove(0)
    }

    #[test]
    fn runs_that_get_too_little_time_are_mended_in_their_schedule() {
        let cause = told("DeadlineExceeded");
        assert_eq!((cause.fault, cause.object.to_string()), (Fault::JobFailed, "CronJob shop/export".into()));
        assert_eq!(cause.field, "spec.jobTemplate.spec.activeDeadlineSeconds");
        assert!(cause.next.contains("(now 5)"), "{}", cause.next);
        let other = told("BackoffLimitExceeded");
        assert!(other.next.contains("the next run of CronJob shop/export"), "{}", other.next);
    }
}
