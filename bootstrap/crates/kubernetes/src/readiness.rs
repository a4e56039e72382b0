//! Waiting until a component runs, and saying meanwhile what it waits for.
//!
//! Judging is pure: [`assess`] looks at a picture of the cluster. [`await_ready`] only asks it again
//! after every change.

use std::sync::Arc;
use std::time::Duration;

use backstack_health::workload::state;
use backstack_health::{Fault, LogSource, Ref};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};

use super::blockers::{Blocker, explain, logs};
use super::kinds::Kinds;
use super::scope::Scope;
use super::view::View;
use super::watch::ClusterWatch;
use backstack_common::error::{ExitKind, Explain};
use backstack_common::report::Progress;

/// Changes come in showers; one look per this time is enough.
const SHOWER: Duration = Duration::from_millis(100);
/// Who reads more than this at once.
const MOST_HINTS: usize = 3;
/// Logs are a help, not a duty.
const LOG_TIME: Duration = Duration::from_secs(5);

/// A component did not become ready.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("component `{component}` is not ready after {} s", waited.as_secs_f64().round())]
pub struct NotReady {
    /// Name of the component.
    pub component: String,
    /// How long it was waited for.
    pub waited: Duration,
    /// What blocks, the likeliest cause first.
    pub blockers: Vec<Blocker>,
}

impl Explain for NotReady {
    fn kind(&self) -> ExitKind {
        ExitKind::Timeout
    }

    fn details(&self) -> Vec<String> {
        self.blockers.iter().flat_map(Blocker::lines).collect()
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for next in self.blockers.iter().map(|blocker| &blocker.next).filter(|next| !next.is_empty()) {
            if hints.len() < MOST_HINTS && !hints.contains(next) {
                hints.push(next.clone());
            }
        }
        hints.push("Run the same command again: it continues from here.".into());
        hints
    }
}

/// How far a component is.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Pods that are ready, and pods that there should be.
    pub pods: (i64, i64),
    /// Nothing left means that it is ready.
    pub blockers: Vec<Blocker>,
    /// When to look again although nothing changes.
    pub look_again: Option<Duration>,
}

impl Assessment {
    /// Whether nothing blocks it.
    pub fn is_ready(&self) -> bool {
        self.blockers.is_empty()
    }

    /// `2 of 4 pods ready · pod a/b: pulling ...`, for a progress line.
    pub fn summary(&self) -> String {
        let pods = match self.pods {
            (_, 0) => None,
            (ready, wanted) if ready >= wanted => None,
            (ready, wanted) => Some(format!("{ready} of {wanted} pods ready")),
        };
        let blocker = self.blockers.first().map(ToString::to_string);
        pods.into_iter().chain(blocker).collect::<Vec<_>>().join(" · ")
    }
}

/// How far a component is in this picture of the cluster. Pure.
pub fn assess(scope: &Scope, view: &View, now: OffsetDateTime) -> Assessment {
    let mut pods = (0, 0);
    let mut pending = Vec::new();
    let mut look_again = None;
    for rollout in &scope.workloads {
        let mut state = state(&rollout.at, rollout.generation, view.workload(&rollout.at));
        if state.done && rollout.at.kind != "Job" {
            let pods = view.pods_of(&rollout.at);
            let settles_in = pods.iter().filter_map(|pod| pod.settles_in(now)).max();
            let settles_in = settles_in.and_then(|time| Duration::try_from(time).ok());
            state.done = settles_in.is_none();
            look_again = look_again.max(settles_in);
        }
        pods = (pods.0 + state.ready.min(state.wanted), pods.1 + state.wanted);
        if !state.done {
            pending.push((rollout, state));
        }
    }
    Assessment { pods, blockers: explain(scope, &pending, view, now), look_again }
}

/// Workloads of a component with fewer ready pods than they ask for, by the pods themselves. Where a node was away, what a
/// status says may be of before: who writes it begins anew, too.
pub fn short_of_pods(scope: &Scope, view: &View) -> Vec<String> {
    let label = |at: &Ref| format!("{} {}/{}", at.kind, at.namespace, at.name);
    let own: Vec<_> = scope.workloads.iter().map(|rollout| label(&rollout.at)).collect();
    view.short_of_pods().into_iter().filter(|short| own.contains(short)).collect()
}

/// Waits until all of a component runs.
///
/// # Errors
/// [`NotReady`] at the deadline, or at once when waiting cannot help any more (a Job that has failed).
pub async fn await_ready(
    watch: &ClusterWatch,
    kinds: &Arc<Kinds>,
    scope: &Scope,
    deadline: Instant,
    progress: &Progress,
) -> Result<(), NotReady> {
    let start = Instant::now();
    let scope = &scope.normalized(kinds).await;
    for (object, _) in &scope.conditions {
        watch.follow(object, kinds.clone());
    }
    let mut changes = watch.changes();
    let mut told = String::new();
    let mut last_words = LastWords::default();
    loop {
        changes.mark_unchanged();
        let found = watch.read(|view| assess(scope, view, OffsetDateTime::now_utc()));
        if found.is_ready() {
            return Ok(());
        }
        let hopeless = found.blockers.iter().any(|blocker| blocker.fault == Fault::JobFailed);
        if hopeless || Instant::now() >= deadline {
            let mut blockers = found.blockers;
            last_words.add_to(scope, &mut blockers);
            return Err(given_up(watch, scope, start.elapsed(), blockers).await);
        }
        last_words.remember(watch.client(), scope, &found.blockers).await;
        let summary = found.summary();
        if summary != told {
            progress.detail(summary.clone());
            told = summary;
        }
        tokio::select! {
            _ = changes.changed() => sleep(SHOWER).await,
            () = sleep(found.look_again.unwrap_or(Duration::MAX)) => {}
            () = sleep_until(deadline) => {}
        }
    }
}

/// What the pods of Jobs said when they crashed. When a Job fails for good, its pods may be gone with their logs.
#[derive(Default)]
struct LastWords(Vec<Blocker>);

impl LastWords {
    async fn remember(&mut self, client: &kube::Client, scope: &Scope, blockers: &[Blocker]) {
        let is_new = |blocker: &&Blocker| {
            let (known, source) = (&self.0, blocker.log_source.as_ref());
            is_crash(blocker)
                && source.is_some_and(|source| job_of(scope, source).is_some())
                && !known.iter().any(|known| known.object == blocker.object && known.text == blocker.text)
        };
        let mut new: Vec<Blocker> = blockers.iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return;
        }
        let _ = tokio::time::timeout(LOG_TIME, logs::fetch(client, &mut new)).await;
        // Only the last words of each pod are kept.
        self.0.retain(|known| !new.iter().any(|one| one.object == known.object));
        self.0.extend(new);
    }

    /// Behind a Job that has failed, unless its pod is still there to be asked.
    fn add_to(&self, scope: &Scope, blockers: &mut Vec<Blocker>) {
        let remembered = self.0.iter().rev().find(|known| {
            let job = known.log_source.as_ref().and_then(|source| job_of(scope, source));
            let failed = |blocker: &Blocker| blocker.fault == Fault::JobFailed && Some(&blocker.object) == job.as_ref();
            !known.log.is_empty() && blockers.iter().any(failed)
        });
        let told = blockers.iter().any(is_crash);
        if let Some(remembered) = remembered.filter(|_| !told) {
            // What was read is not asked for again: there is nobody left to answer.
            blockers.push(Blocker { log_source: None, ..remembered.clone() });
        }
    }
}

fn is_crash(blocker: &Blocker) -> bool {
    matches!(blocker.fault, Fault::CrashLoop | Fault::OutOfMemory)
}

/// The Job of the scope that a pod belongs to, as blockers name it.
fn job_of(scope: &Scope, source: &LogSource) -> Option<String> {
    let mut jobs = scope
        .workloads
        .iter()
        .map(|rollout| &rollout.at)
        .filter(|at| at.kind == "Job" && at.namespace == source.namespace);
    let job = jobs.find(|job| source.pod.strip_prefix(&job.name).is_some_and(|rest| rest.starts_with('-')))?;
    Some(job.to_string())
}

async fn given_up(watch: &ClusterWatch, scope: &Scope, waited: Duration, mut blockers: Vec<Blocker>) -> NotReady {
    let _ = tokio::time::timeout(LOG_TIME, logs::fetch(watch.client(), &mut blockers)).await;
    NotReady { component: scope.component.clone(), waited, blockers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Rollout;
    use serde_json::{Value, json};

    fn rollout(kind: &str, generation: i64) -> Rollout {
        Rollout { at: Ref::new("apps", kind, "a", "x"), generation }
    }

    #[test]
    fn a_status_of_before_hides_no_pod_that_is_not_ready() {
        let scope = Scope { workloads: vec![rollout("StatefulSet", 1)], ..Scope::default() };
        let set = |name: &str| {
            json!({"kind": "StatefulSet", "metadata": {"name": name, "namespace": "a", "generation": 1},
            "spec": {"replicas": 1}, "status": {"observedGeneration": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1}})
        };
        let pod = |ready: &str| {
            json!({"kind": "Pod", "metadata": {"name": "x-0", "namespace": "a",
                "ownerReferences": [{"kind": "StatefulSet", "name": "x"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}})
        };
        let short = |ready: &str| {
            let view = View::of(&[set("x"), set("somebody-s"), pod(ready)]);
            assert!(assess(&scope, &view, OffsetDateTime::UNIX_EPOCH).is_ready(), "what is said of it is that it runs");
            short_of_pods(&scope, &view)
        };
        assert_eq!(short("False"), ["StatefulSet a/x"]);
        assert_eq!(short("True"), Vec::<String>::new());
    }

    #[test]
    fn a_container_without_a_probe_is_believed_only_after_a_while() {
        let scope = Scope { component: "c".into(), workloads: vec![rollout("DaemonSet", 1)], ..Scope::default() };
        let set = json!({"kind": "DaemonSet", "metadata": {"name": "x", "namespace": "a", "generation": 1},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}});
        let after = |end: &Value, now: i64, restarts: i64, probe: Value| {
            let pod = json!({"kind": "Pod", "metadata": {"name": "p", "namespace": "a",
                    "ownerReferences": [{"kind": "DaemonSet", "name": "x"}]},
                "spec": {"nodeName": "n", "containers": [{"name": "app", "readinessProbe": probe}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [
                    {"name": "app", "ready": true, "restartCount": restarts, "state": {"running": {"startedAt": "1970-01-01T00:01:00Z"}},
                     "lastState": {"terminated": end}}]}});
            let now = OffsetDateTime::from_unix_timestamp(60 + now).expect("a time");
            assess(&scope, &View::of(&[set.clone(), pod]), now)
        };
        let ended_at = |finished: &str, now: i64, restarts: i64, probe: Value| {
            after(
                &json!({"exitCode": 3, "startedAt": "1970-01-01T00:00:10Z", "finishedAt": finished}),
                now,
                restarts,
                probe,
            )
        };
        let found = |now: i64, restarts: i64, probe: Value| ended_at("1970-01-01T00:00:11Z", now, restarts, probe);
        assert_eq!(found(0, 0, Value::Null).look_again, Some(Duration::from_secs(3)));
        assert!(found(3, 0, Value::Null).is_ready());
        assert_eq!(found(2, 1, Value::Null).summary(), "pod a/p: container `app` exits 3, 1 restart");
        assert!(found(10, 1, Value::Null).is_ready());
        let probe = json!({"httpGet": {"port": 80}});
        assert!(found(0, 0, probe.clone()).is_ready(), "a probe is believed at once");
        assert!(!found(9, 1, probe.clone()).is_ready(), "but not just after the container has ended");
        assert!(found(10, 1, probe).is_ready());
        assert!(found(-3600, 0, Value::Null).is_ready(), "another clock tells nothing");
        let lost = json!({"exitCode": 255, "reason": "Unknown", "startedAt": "1970-01-01T00:00:01Z", "finishedAt": "1970-01-01T00:00:50Z"});
        assert!(
            after(&lost, 1, 2, json!({"httpGet": {"port": 80}})).is_ready(),
            "it went with its node: that is no crash"
        );
        let after_20 = |now: i64| ended_at("1970-01-01T00:00:30Z", now, 1, Value::Null).is_ready();
        assert!(!after_20(22) && after_20(23), "it ended after 20 s, so it has to run for longer");
    }

    #[test]
    fn a_job_that_failed_tells_what_its_pods_said_before_they_went() {
        let scope = Scope { component: "c".into(), workloads: vec![rollout("Job", 1)], ..Scope::default() };
        let source =
            |pod: &str| LogSource { namespace: "a".into(), pod: pod.into(), container: "app".into(), previous: true };
        let said = |pod: &str| Blocker {
            log: vec!["no database".into()],
            log_source: Some(source(pod)),
            ..Blocker::new(format!("pod a/{pod}"), Fault::CrashLoop, "container `app` exits 3")
        };
        let words = LastWords(vec![said("x-1"), said("other-1")]);
        let mut blockers = vec![Blocker::new("Job a/x", Fault::JobFailed, "has failed")];
        words.add_to(&scope, &mut blockers);
        let lines: Vec<_> = blockers.iter().flat_map(Blocker::lines).collect();
        assert_eq!(lines, ["Job a/x: has failed", "pod a/x-1: container `app` exits 3", "  | no database"]);
        words.add_to(&scope, &mut blockers);
        assert_eq!(blockers.len(), 2, "it is told once");
    }

    #[test]
    fn a_workload_that_was_never_seen_is_not_ready() {
        let scope = Scope { component: "c".into(), workloads: vec![rollout("Deployment", 0)], ..Scope::default() };
        let found = assess(&scope, &View::default(), OffsetDateTime::UNIX_EPOCH);
        assert!(!found.is_ready());
        assert_eq!(found.summary(), "Deployment a/x: has not been seen yet");
    }
}
