//! What runs by a schedule, or once, by an operator's kinds: how its last run ended.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::custom::named_in;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, group_of, is_owned_by, name, namespace, short, text};
use crate::live::served::ServedKind;

/// Beginnings of kinds that make one object of the rest of their name for each run.
const SCHEDULES: [&str; 2] = ["Scheduled", "Cron"];
/// Words of phases in which a run has failed.
const FAILED: [&str; 3] = ["fail", "error", "invalid"];

/// The kind of a schedule's runs: a `Backup` of a `ScheduledBackup`.
pub(in crate::live::diagnose) fn kind_of_runs<'a>(kinds: &'a [ServedKind], object: &Value) -> Option<&'a ServedKind> {
    let group = group_of(text(object, "/apiVersion"));
    let kind = text(object, "/kind");
    let run = SCHEDULES.iter().find_map(|word| kind.strip_prefix(word)).filter(|_| group.contains('.'))?;
    kinds.iter().find(|served| served.group == group && served.kind == run)
}

/// A schedule whose last run has failed.
pub(super) fn of_schedule(seen: &Seen<'_>, schedule: &Value) -> Option<Finding> {
    let kind = kind_of_runs(&seen.snapshot.served, schedule)?;
    let all = seen.snapshot.inside(&kind.group, &kind.kind, namespace(schedule));
    let runs = all.filter(|run| is_owned_by(run, schedule) || names(run, schedule));
    let last = runs.max_by_key(|run| text(run, "/metadata/creationTimestamp"))?;
    let why = why_failed(last)?;
    let (at, run) = (Ref::of(schedule), Ref::of(last));
    let text = format!("its last run, {run}, has failed: {}", short(why, 200));
    let finding = Finding::new(Fault::JobFailed, at.clone(), text).with(format!("status of {run}"), why);
    let target = target(seen, schedule);
    Some(match target.as_ref().and_then(|target| Some((target, unset(target, why)?))) {
        Some((target, field)) => {
            let target = Ref::of(target);
            Finding { object: target.clone(), affects: vec![at.to_string()], ..finding }
                .at(field.clone())
                .next(format!("Set `{field}` of {target}: without it no run of {at} succeeds."))
        }
        None => match named_in(schedule, why) {
            Some(field) => {
                finding.at(field.clone()).next(format!("Correct `{field}` of {at}, which the message names."))
            }
            None => {
                finding.next(format!("Correct what the message names; the next run of {at} shows whether it helps."))
            }
        },
    })
}

/// By a label, or by a name that begins with the schedule's.
fn names(run: &Value, schedule: &Value) -> bool {
    let labels = run.pointer("/metadata/labels").and_then(Value::as_object);
    let is_labeled =
        labels.into_iter().flatten().any(|(key, value)| key.contains("schedule") && value == name(schedule));
    is_labeled || name(run).strip_prefix(name(schedule)).is_some_and(|rest| rest.starts_with('-'))
}

/// What a run is of: `spec.cluster`.
fn target<'a>(seen: &Seen<'a>, schedule: &Value) -> Option<&'a Value> {
    let all = crate::live::references::pointers::pointers(&seen.snapshot.served, schedule);
    all.iter().find_map(|pointer| seen.snapshot.get(&pointer.at))
}

/// The part of a specification that a message misses: `the cluster has no backup section`.
fn unset(target: &Value, why: &str) -> Option<String> {
    let (before, _) = why.split_once(" section").or_else(|| why.split_once(" configured"))?;
    let word = before.rsplit(' ').next()?;
    let is_word = !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric());
    (is_word && target.pointer(&format!("/spec/{word}")).is_none()).then(|| format!("spec.{word}"))
}

/// Why a run has failed, as its status says.
fn why_failed(run: &Value) -> Option<&str> {
    let phase = text(run, "/status/phase");
    let lower = phase.to_lowercase();
    FAILED.iter().any(|word| lower.contains(word)).then(|| {
        let said = ["error", "message", "reason", "failureReason"].map(|field| text(run, &format!("/status/{field}")));
        said.into_iter().find(|said| !said.is_empty()).unwrap_or(phase)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::live::diagnose::{Fault, diagnose};
    use crate::live::served::ServedKind;
    use crate::live::snapshot::Snapshot;

    fn told(cluster: serde_json::Value, phases: [&str; 2]) -> Vec<(Fault, String, String)> {
        let run = |number: usize, phase: &str| {
            json!({"apiVersion": "db.dev/v1", "kind": "Backup", "metadata": {"namespace": "shop", "name": format!("nightly-{number}"),
                "creationTimestamp": format!("2026-01-0{number}T00:00:00Z")}, "spec": {"cluster": {"name": "db"}},
                "status": {"phase": phase, "error": "cannot proceed with the backup as the cluster has no backup section"}})
        };
        let schedule = json!({"apiVersion": "db.dev/v1", "kind": "ScheduledBackup", "metadata": {"namespace": "shop", "name": "nightly"},
            "spec": {"cluster": {"name": "db"}}, "status": {"lastScheduleTime": "2026-01-02T00:00:00Z"}});
        let mut snapshot = Snapshot::of("lab", [run(1, phases[0]), run(2, phases[1]), schedule, cluster]);
        let served = |kind: &str| ServedKind {
            group: "db.dev".into(),
            kind: kind.into(),
            plural: String::new(),
            namespaced: true,
        };
        snapshot.served = [served("Backup"), served("ScheduledBackup"), served("Cluster")].into();
        let told = diagnose(&snapshot, "ScheduledBackup:shop/nightly").expect("it is there");
        told.causes.iter().map(|one| (one.fault, one.object.to_string(), one.field.clone())).collect()
    }

    #[test]
    fn the_last_run_of_a_schedule_tells_and_what_was_before_is_past() {
        let cluster = |spec| json!({"apiVersion": "db.dev/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "db"}, "spec": spec});
        let expected = (Fault::JobFailed, "Cluster shop/db".into(), "spec.backup".into());
        assert_eq!(told(cluster(json!({})), ["completed", "failed"])[0], expected);
        let expected = (Fault::JobFailed, "ScheduledBackup shop/nightly".into(), String::new());
        assert_eq!(told(cluster(json!({"backup": {}})), ["completed", "failed"])[0], expected);
        assert!(told(cluster(json!({})), ["failed", "completed"]).is_empty());
    }
}
