//! How far a Deployment, StatefulSet, DaemonSet or Job is.

use super::cause::Cause;
use super::facts::Workload;
use super::scope::Rollout;

/// How far one workload is.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub done: bool,
    pub ready: i64,
    pub wanted: i64,
    /// What is missing, for when nothing better is known.
    pub missing: String,
    /// What sort of thing that is.
    pub cause: Cause,
}

/// Whether the wanted generation of a workload runs in full, and nothing older beside it.
pub(super) fn state(rollout: &Rollout, workload: Option<&Workload>) -> State {
    let Some(workload) = workload else {
        return State {
            done: false,
            ready: 0,
            wanted: 0,
            missing: "has not been seen yet".into(),
            cause: Cause::Starting,
        };
    };
    let status = &workload.status;
    if rollout.kind == "Job" {
        return job(workload);
    }
    let (wanted, updated, ready) = match rollout.kind.as_str() {
        "DaemonSet" => (status.desired_number_scheduled, status.updated_number_scheduled, status.number_available),
        _ => (workload.spec.replicas.unwrap_or(1), status.updated_replicas, status.available_replicas),
    };
    let generation = workload.metadata.generation;
    let seen = generation >= rollout.generation && status.observed_generation >= generation;
    // With `OnDelete` pods are replaced by hand: waiting for that would never end.
    let by_hand = workload.spec.update_strategy.kind == "OnDelete";
    let old_left = rollout.kind == "Deployment" && status.replicas > updated;
    if is_scaled_away(workload) {
        let missing = "was scaled to 0 replicas: nothing of it runs".into();
        return State { done: false, ready, wanted, missing, cause: Cause::ScaledDown };
    }
    let done = seen && (by_hand || updated >= wanted) && ready >= wanted && !old_left;
    let missing = match (seen, updated >= wanted || by_hand, old_left) {
        (false, ..) => "its newest version has not been looked at yet".into(),
        (_, false, _) => format!("{updated} of {wanted} pods are of the newest version"),
        (_, _, true) if ready >= wanted => "pods of an older version are still there".into(),
        _ => format!("{ready} of {wanted} pods are ready"),
    };
    State { done, ready, wanted, missing, cause: Cause::Starting }
}

/// Somebody scaled it to nothing: all that is wanted of it runs, and nobody answers.
fn is_scaled_away(workload: &Workload) -> bool {
    workload.spec.replicas == Some(0) && !workload.metadata.declares_replicas
}

fn job(workload: &Workload) -> State {
    let done = workload.status.conditions.iter().any(|condition| condition.kind == "Complete" && condition.is_true());
    let suspended = workload.spec.suspend == Some(true);
    let missing = if suspended { "is suspended" } else { "has not finished" };
    State { done, ready: 0, wanted: 0, missing: missing.into(), cause: Cause::Starting }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(in crate::kubernetes) fn rollout(kind: &str, generation: i64) -> Rollout {
        Rollout { kind: kind.into(), namespace: "a".into(), name: "x".into(), generation }
    }

    fn done(kind: &str, generation: i64, object: Value) -> bool {
        let workload: Workload = serde_json::from_value(object).expect("a workload");
        state(&rollout(kind, generation), Some(&workload)).done
    }

    fn deployment(status: Value) -> Value {
        json!({"metadata": {"name": "x", "namespace": "a", "generation": 2}, "spec": {"replicas": 2}, "status": status})
    }

    #[test]
    fn a_deployment_runs_when_all_pods_are_new_and_available() {
        let full = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert!(done("Deployment", 2, deployment(full.clone())));
        assert!(!done("Deployment", 3, deployment(full)), "the picture is older than what was applied");
        let cases = [
            (
                "old status",
                json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}),
            ),
            ("old pods", json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3})),
            ("half new", json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2})),
            ("not available", json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2})),
            ("no status", json!({})),
        ];
        for (name, status) in cases {
            assert!(!done("Deployment", 2, deployment(status)), "{name}");
        }
    }

    #[test]
    fn a_deployment_of_no_replicas_is_ready_if_its_manifest_says_so() {
        let object = |manager: &str| {
            json!({"metadata": {"generation": 1, "managedFields": [
                {"manager": manager, "fieldsV1": {"f:spec": {"f:replicas": {}}}}, {"manager": "backstack", "fieldsV1": {"f:metadata": {}}}]},
                "spec": {"replicas": 0}, "status": {"observedGeneration": 1}})
        };
        assert!(done("Deployment", 1, object("backstack")));
        assert!(!done("Deployment", 1, object("kubectl")), "somebody scaled it down");
    }

    #[test]
    fn stateful_and_daemon_sets_and_jobs_have_rules_of_their_own() {
        let set = json!({"metadata": {"generation": 1}, "spec": {"updateStrategy": {"type": "OnDelete"}},
            "status": {"observedGeneration": 1, "availableReplicas": 1, "updatedReplicas": 0}});
        assert!(done("StatefulSet", 1, set), "with OnDelete nobody replaces the pods");
        let daemon = |available: i64| {
            json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1,
            "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": available}})
        };
        assert!(done("DaemonSet", 1, daemon(2)) && !done("DaemonSet", 1, daemon(1)));
        let job = |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True"}]}});
        assert!(done("Job", 1, job("Complete")) && !done("Job", 1, job("SuccessCriteriaMet")));
    }
}
