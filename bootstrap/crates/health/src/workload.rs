//! How far a Deployment, StatefulSet, DaemonSet or Job is, and why its pods cannot be made.

use crate::cluster::Cluster;
use crate::facts::{Condition, Event, Workload};
use crate::fault::{Fault, classify};
use crate::finding::Finding;
use crate::object::Ref;
use crate::words::{refusal, sentence};

/// How far one workload is.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Whether its newest version runs in full, and nothing older beside it.
    pub done: bool,
    /// Pods that are available; 0 for a Job.
    pub ready: i64,
    /// Pods that there should be; 0 for a Job.
    pub wanted: i64,
    /// What is missing, for when nothing better is known.
    pub missing: String,
    /// What sort of thing that is.
    pub fault: Fault,
}

impl State {
    /// What is missing, as a finding about the workload; nothing if it is all there.
    pub fn finding(&self, at: &Ref) -> Option<Finding> {
        let next = match self.fault {
            Fault::Paused if self.wanted == 0 => "Set `spec.replicas` to 1 or more.",
            Fault::Paused => "Let its rollout go on: remove `spec.paused`, or set it to false.",
            _ => "Ask again in a moment; if it stays so, read its events.",
        };
        let counts = format!("{} of {} pods are ready", self.ready, self.wanted);
        let finding = Finding::new(self.fault, at.clone(), self.missing.clone()).with("status", &counts).next(next);
        (!self.done).then_some(finding)
    }
}

/// Whether a workload runs in full in this generation or a later one, and nothing older beside it.
///
/// `at` is of a Deployment, ReplicaSet, StatefulSet, DaemonSet or Job.
pub fn state(at: &Ref, generation: i64, workload: Option<&Workload>) -> State {
    let Some(workload) = workload else { return State::waiting(0, 0, "has not been seen yet") };
    if at.kind == "Job" {
        return job(workload);
    }
    let status = &workload.status;
    let (wanted, updated, ready) = match at.kind.as_str() {
        "DaemonSet" => (status.desired_number_scheduled, status.updated_number_scheduled, status.number_available),
        // All pods of a set are of its one version.
        "ReplicaSet" => (workload.spec.replicas.unwrap_or(1), status.replicas, status.available_replicas),
        _ => (workload.spec.replicas.unwrap_or(1), status.updated_replicas, status.available_replicas),
    };
    // A set of an earlier version stays, with no pods.
    if at.kind != "ReplicaSet" && is_scaled_away(workload) {
        let missing = "was scaled to 0 replicas: nothing of it runs";
        return State { fault: Fault::Paused, ..State::waiting(ready, wanted, missing) };
    }
    let newest = workload.metadata.generation;
    let seen = newest >= generation && status.observed_generation >= newest;
    // With `OnDelete` pods are replaced by hand: waiting for that would never end.
    let by_hand = workload.spec.update_strategy.kind == "OnDelete";
    let old_left = at.kind == "Deployment" && status.replicas > updated;
    let done = seen && (by_hand || updated >= wanted) && ready >= wanted && !old_left;
    if workload.spec.paused && !done {
        return State { fault: Fault::Paused, ..State::waiting(ready, wanted, "its rollout is paused") };
    }
    let missing = match (seen, updated >= wanted || by_hand, old_left) {
        (false, ..) => "its newest version has not been looked at yet".into(),
        (_, false, _) => format!("{updated} of {wanted} pods are of the newest version"),
        (_, _, true) if ready >= wanted => "pods of an older version are still there".into(),
        _ => format!("{ready} of {wanted} pods are ready"),
    };
    State { done, ..State::waiting(ready, wanted, missing) }
}

impl State {
    fn waiting(ready: i64, wanted: i64, missing: impl Into<String>) -> Self {
        Self { done: false, ready, wanted, missing: missing.into(), fault: Fault::Starting }
    }
}

/// Somebody scaled it to nothing: all that is wanted of it runs, and nobody answers.
fn is_scaled_away(workload: &Workload) -> bool {
    workload.spec.replicas == Some(0) && !workload.metadata.declares_replicas
}

fn job(workload: &Workload) -> State {
    let done = workload.condition("Complete").is_some_and(Condition::is_true);
    let suspended = workload.spec.suspend == Some(true);
    State { done, ..State::waiting(0, 0, if suspended { "is suspended" } else { "has not finished" }) }
}

/// A Job that has failed for good.
pub fn failed_job(at: &Ref, workload: &Workload) -> Option<Finding> {
    let failed = workload.condition("Failed").filter(|failed| at.kind == "Job" && failed.is_true())?;
    let why = if failed.message.is_empty() { &failed.reason } else { &failed.message };
    let finding = Finding::new(Fault::JobFailed, at.clone(), format!("has failed: {}", sentence(why)))
        .with(format!("condition Failed: {}", failed.reason), &failed.message);
    // Its pods are gone with the deadline, and their logs too.
    Some(match failed.reason.as_str() {
        "DeadlineExceeded" => finding
            .at("spec.activeDeadlineSeconds")
            .next(format!("Make {at} again with a longer `spec.activeDeadlineSeconds`, or make its work shorter.")),
        "PodFailurePolicy" => match rule_of(&failed.message) {
            Some(field) => finding.next(format!(
                "If another try may go well, make {at} again without that rule, or with `action: Count` or `Ignore` in `{field}`: it cannot be changed in a Job that is there."
            )).at(field),
            None => finding.next("Read its pod's log, and correct `spec.podFailurePolicy`; then make the Job again."),
        },
        _ => {
            finding.next("Read its pod's log and fix what made it fail; then delete the Job so that it is made again.")
        }
    })
}

/// The rule that ended a Job: `... matching FailJob rule at index 0`.
fn rule_of(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once("rule at index ")?;
    let index: usize = rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
    Some(format!("spec.podFailurePolicy.rules[{index}]"))
}

/// Why the API does not let a workload's pods be made, while there are fewer than there should be.
pub fn refused(at: &Ref, workload: &Workload, cluster: &dyn Cluster) -> Option<Finding> {
    let condition = workload.condition("ReplicaFailure").filter(|condition| condition.is_true());
    let event = newest_refusal(at, cluster).filter(|_| lacks_pods(at, workload));
    let message = match (&condition, &event) {
        (Some(condition), _) => &condition.message,
        (None, Some(event)) => &event.message,
        (None, None) => return None,
    };
    let fault = classify(message).unwrap_or(Fault::Unexplained);
    let mut finding = Finding::new(fault, at.clone(), format!("its pods cannot be made: {}", refusal(message)));
    finding = finding.with("condition ReplicaFailure", condition.map_or("", |condition| &condition.message));
    if let Some(event) = &event {
        finding = finding.with(format!("event FailedCreate ×{}", event.times()), &event.message);
    }
    Some(finding.next(next_step(fault, message)))
}

fn newest_refusal(at: &Ref, cluster: &dyn Cluster) -> Option<Event> {
    let makers = cluster.makers(at);
    let events = makers.iter().flat_map(|maker| cluster.events_of(maker));
    let refusals = events.filter(|event| event.reason == "FailedCreate");
    refusals.max_by(|a, b| a.time().cmp(b.time())).map(std::borrow::Cow::into_owned)
}

fn lacks_pods(at: &Ref, workload: &Workload) -> bool {
    let status = &workload.status;
    match at.kind.as_str() {
        "Job" => status.active + status.succeeded == 0,
        "DaemonSet" => status.current_number_scheduled < status.desired_number_scheduled,
        // While it is rolled out, pods of the old version are there.
        "Deployment" => status.updated_replicas < workload.spec.replicas.unwrap_or(1),
        _ => status.replicas < workload.spec.replicas.unwrap_or(1),
    }
}

fn next_step(fault: Fault, message: &str) -> &'static str {
    match fault {
        Fault::Quota if message.contains("must specify") => {
            "Set the `resources` that the message names in the pod template: the quota counts them."
        }
        Fault::Quota => "Raise the namespace's ResourceQuota, free some of it, or lower the pods' requests.",
        Fault::LimitRange => {
            "Change the container's resources to what the namespace's LimitRange allows, or change the LimitRange."
        }
        Fault::PolicyDenied if !message.to_lowercase().contains("podsecurity") => {
            "Change the pod template so that it complies with the policy that is named."
        }
        Fault::PolicyDenied => {
            "Change the securityContext of the pod template so that it complies, or the namespace's label `pod-security.kubernetes.io/enforce`."
        }
        Fault::MissingReference => "Create what is named in the same namespace, or correct the reference.",
        Fault::MissingRights => "Grant the named account the right with a Role and a RoleBinding.",
        Fault::Webhook => "See why the webhook's service does not answer: `backstack status` tells of its component.",
        _ => "Read the events of the workload.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn done(kind: &str, generation: i64, object: Value) -> bool {
        let workload: Workload = serde_json::from_value(object).expect("a workload");
        state(&Ref::new("apps", kind, "a", "x"), generation, Some(&workload)).done
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
