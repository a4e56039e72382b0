//! What is over and says nothing about now: pods of earlier templates, tries of a Job that a later one has brought to its
//! end, runs of a schedule before one that succeeded.

use serde_json::Value;

use crate::live::object::{Ref, condition, label, list, number, text};
use crate::live::owners;
use crate::live::snapshot::Snapshot;

/// ReplicaSets that are scaled to nothing, and pods of earlier templates that still end.
pub(super) fn is_replaced(object: &Value) -> bool {
    match text(object, "/kind") {
        "ReplicaSet" => number(object, "/spec/replicas") == 0,
        "Pod" => is_leaving(object) && !is_held(object) && label(object, "pod-template-hash").is_some(),
        _ => false,
    }
}

/// Jobs that are complete: whatever they name, they will not begin again.
pub(super) fn is_complete(object: &Value) -> bool {
    text(object, "/kind") == "Job" && !is_held(object) && condition(object, "Complete").is_some_and(|one| one.is_true())
}

/// Jobs that have failed for good.
pub(super) fn is_failed(object: &Value) -> bool {
    text(object, "/kind") == "Job" && condition(object, "Failed").is_some_and(|one| one.is_true())
}

/// Tries that a later one has made good: pods of a Job that is complete, runs of a schedule before one that succeeded.
pub(super) fn is_made_good(snapshot: &Snapshot, object: &Value) -> bool {
    match text(object, "/kind") {
        _ if is_held(object) => false,
        "Job" => succeeded_later(snapshot, object),
        "Pod" => owners::above(snapshot, object).is_some_and(|job| is_complete(job) || succeeded_later(snapshot, job)),
        _ => false,
    }
}

fn is_leaving(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// Somebody waits for what is deleted and held.
fn is_held(object: &Value) -> bool {
    is_leaving(object) && !list(object, "/metadata/finalizers").is_empty()
}

/// How a try that is over ended, where that was badly: worth a line, and no cause of anything now.
pub(super) fn told(snapshot: &Snapshot, object: &Value) -> Option<String> {
    let at = Ref::of(object);
    let failed = condition(object, "Failed").filter(|failed| failed.is_true());
    match (text(object, "/kind"), failed) {
        ("Job", Some(failed)) if succeeded_later(snapshot, object) => {
            Some(format!("{at} has failed ({}), and a later run of its schedule succeeded", failed.reason))
        }
        ("Pod", _) if text(object, "/status/phase") == "Failed" => {
            let job = owners::above(snapshot, object).filter(|owner| is_complete(owner))?;
            let statuses = ["initContainerStatuses", "containerStatuses"];
            let mut ends = statuses.into_iter().flat_map(|field| list(object, &format!("/status/{field}")));
            let code = ends.find_map(|status| {
                let code = number(status, "/state/terminated/exitCode");
                (code != 0).then(|| format!(", exit code {code} of container `{}`", text(status, "/name")))
            });
            Some(format!("{at} failed{}, and a later try completed {}", code.unwrap_or_default(), Ref::of(job)))
        }
        _ => None,
    }
}

/// Whether a Job that failed was one run of a schedule, and a later one succeeded.
fn succeeded_later(snapshot: &Snapshot, job: &Value) -> bool {
    let Some(failed) = condition(job, "Failed").filter(|failed| failed.is_true()) else { return false };
    let schedule = owners::above(snapshot, job).filter(|owner| text(owner, "/kind") == "CronJob");
    // Times of one form: their order is that of their letters.
    schedule.is_some_and(|schedule| text(schedule, "/status/lastSuccessfulTime") > failed.since)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::live::diagnose::{Diagnosis, Fault, Verdict, diagnose};
    use crate::live::snapshot::Snapshot;

    fn job(name: &str, condition: &str, owner: Value) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "shop", "name": name, "uid": name, "ownerReferences": owner},
            "spec": {"template": {"spec": {"containers": [{"name": "app", "command": ["run"]}]}}},
            "status": {"conditions": [{"type": condition, "status": "True", "reason": "BackoffLimitExceeded",
                "message": "too often", "lastTransitionTime": "2026-01-01T10:00:00Z"}]}})
    }

    fn pod(name: &str, job: &str, phase: &str) -> Value {
        let code = i64::from(phase == "Failed");
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": name, "uid": name,
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": job, "controller": true}]},
            "spec": {"nodeName": "n", "containers": [{"name": "app", "command": ["run"]}]},
            "status": {"phase": phase, "containerStatuses": [{"name": "app", "ready": false, "restartCount": 0,
                "state": {"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }}}}]}})
    }

    fn told(objects: Vec<Value>, typed: &str) -> Diagnosis {
        diagnose(&Snapshot::of("lab", objects), typed).expect("it is there")
    }

    #[test]
    fn a_job_that_a_later_try_completed_is_healthy_and_one_that_has_not_is_told() {
        let tries = |state: &str| {
            vec![
                job("import", state, json!([])),
                pod("import-a", "import", "Failed"),
                pod("import-b", "import", "Succeeded"),
            ]
        };
        let well = told(tries("Complete"), "Job:shop/import");
        assert_eq!((well.verdict, well.causes.len()), (Verdict::Healthy, 0), "{well:#?}");
        assert!(well.past[0].contains("Pod shop/import-a failed, exit code 1"), "{:?}", well.past);
        // Whoever asks about that very pod is told why it failed.
        assert_eq!(told(tries("Complete"), "Pod:shop/import-a").causes[0].fault, Fault::CrashLoop);
        for state in ["SuccessCriteriaMet", "Failed"] {
            assert_eq!(told(tries(state), "Job:shop/import").verdict, Verdict::Broken, "{state}");
        }
    }

    #[test]
    fn a_run_of_a_schedule_is_past_once_a_later_one_succeeded() {
        let all = |succeeded: &str| {
            let schedule = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"namespace": "shop", "name": "nightly", "uid": "c"},
                "spec": {"schedule": "0 3 * * *"}, "status": {"lastSuccessfulTime": succeeded}});
            let owner = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "c", "controller": true}]);
            vec![schedule, job("nightly-1", "Failed", owner), pod("nightly-1-a", "nightly-1", "Failed")]
        };
        let well = told(all("2026-01-01T11:00:00Z"), "CronJob:shop/nightly");
        assert_eq!((well.verdict, well.past.len()), (Verdict::Healthy, 1), "{well:#?}");
        assert_eq!(told(all("2026-01-01T09:00:00Z"), "CronJob:shop/nightly").verdict, Verdict::Broken);
        assert_eq!(told(all("2026-01-01T11:00:00Z"), "Job:shop/nightly-1").causes[0].fault, Fault::CrashLoop);
    }
}
