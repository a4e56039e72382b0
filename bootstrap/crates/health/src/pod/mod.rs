//! Why one pod is not ready.

use std::borrow::Cow;
use std::cmp::Reverse;

use time::OffsetDateTime;

use crate::cluster::Cluster;
use crate::facts::{Container, ContainerStatus, Event, Pod, parse_time};
use crate::fault::Fault;
use crate::finding::{Finding, LogSource};
use crate::object::Ref;
use crate::words::sentence;

mod container;
mod image;
mod image_name;
mod scheduling;

/// Everything that is wrong with a pod, the likeliest cause first. Of a ready one, what ended before: a hint, no cause.
/// Nothing is said of a pod that is through, or on its way out.
pub fn findings(pod: &Pod, cluster: &dyn Cluster, now: OffsetDateTime) -> Vec<Finding> {
    if !pod.is_live() {
        return Vec::new();
    }
    let look = Look { pod, cluster, now, at: pod.at() };
    let mut found = look.all();
    found.sort_by_key(|finding| Reverse(finding.weight));
    found
}

/// Containers that ended badly, so that their last words tell something; and whether those are in the log of the run
/// before.
pub fn last_words(pod: &Pod) -> Vec<(LogSource, bool)> {
    let status = &pod.status;
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    let ended = all.filter(|status| {
        let end = status.state.terminated.as_ref().or(status.last_state.terminated.as_ref());
        end.is_some_and(|end| end.exit_code != 0)
    });
    ended.map(|status| log_source(pod, &status.name)).map(|source| (source.clone(), source.previous)).collect()
}

fn log_source(pod: &Pod, container: &str) -> LogSource {
    let (meta, status) = (&pod.metadata, &pod.status);
    let mut all = status.init_container_statuses.iter().chain(&status.container_statuses);
    // A container that has ended and was not started again has no run before this one.
    let previous = all.find(|status| status.name == container).is_none_or(|status| status.state.terminated.is_none());
    LogSource { namespace: meta.namespace.clone(), pod: meta.name.clone(), container: container.into(), previous }
}

/// One pod, and what else is known.
struct Look<'a> {
    pod: &'a Pod,
    cluster: &'a dyn Cluster,
    now: OffsetDateTime,
    at: Ref,
}

impl<'a> Look<'a> {
    fn finding(&self, fault: Fault, summary: impl Into<String>) -> Finding {
        Finding::new(fault, self.at.clone(), summary)
    }

    fn starting(&self, fault: Fault, summary: impl Into<String>) -> Finding {
        self.finding(fault, summary)
            .next("Ask again in a moment; if it stays so, read its events and its log.")
            .with("phase", &self.pod.status.phase)
    }

    fn all(&self) -> Vec<Finding> {
        if self.pod.is_ready() {
            return self.earlier_ends();
        }
        // What ended it as a whole is told by nobody else.
        if self.pod.status.phase == "Failed" && !self.pod.status.reason.is_empty() {
            return vec![self.as_a_whole()];
        }
        if let Some(finding) = self.unscheduled().or_else(|| self.init_containers()) {
            return vec![finding];
        }
        let mut found = self.containers();
        if found.is_empty() {
            found.push(self.as_a_whole());
        }
        found.extend(self.earlier_ends());
        found
    }

    /// Containers that run now, and ended more than once a short time ago: they will again. What ended once, or long
    /// ago, is the past.
    fn earlier_ends(&self) -> Vec<Finding> {
        let ready = self.pod.status.container_statuses.iter().filter(|status| status.ready);
        // Just after it has ended nobody knows yet.
        let is_unsettled = self.pod.settles_in(self.now).is_some();
        let again = ready.filter(|status| is_unsettled || status.restart_count > 1 && self.has_ended_lately(status));
        let ended = again.filter_map(|status| {
            let often = if status.restart_count > 2 { Fault::NotApplied } else { Fault::OutOfSync };
            Some(self.ended(status, "container", status.last_end()?)?.at_most(often.weight() - 2))
        });
        ended.collect()
    }

    fn has_ended_lately(&self, status: &ContainerStatus) -> bool {
        let ended = status.last_end().and_then(|end| end.finished_at.as_deref());
        // Without a time nothing says that it is over.
        ended.and_then(|time| self.seconds_since(time)).is_none_or(|seconds| seconds < LATELY)
    }

    fn unscheduled(&self) -> Option<Finding> {
        if !self.pod.spec.node_name.is_empty() {
            return None;
        }
        if let Some(finding) = self.unbound_claim() {
            return Some(finding);
        }
        let refused = self.pod.condition("PodScheduled").filter(|condition| condition.status == "False");
        let Some(condition) = refused else { return Some(self.starting(Fault::Starting, "waits for a node")) };
        let message = &condition.message;
        Some(
            self.finding(Fault::Unschedulable, scheduling::explain(self.pod, message, self.cluster))
                .with("condition PodScheduled", message)
                .with("requests", &scheduling::wishes(self.pod))
                .next(scheduling::next(message)),
        )
    }

    /// A claim that has no volume, unless it only waits for this very pod to get a node.
    fn unbound_claim(&self) -> Option<Finding> {
        let namespace = &self.pod.metadata.namespace;
        let unbound = self.pod.claims().find_map(|name| match self.cluster.claim(namespace, name) {
            Some(claim) if claim.status.phase == "Bound" => None,
            claim => Some((name, claim.is_some())),
        });
        let (name, exists) = unbound?;
        if !exists {
            let text = format!("its volume claim `{name}` does not exist");
            let finding = self.finding(Fault::MissingReference, text).with("spec.volumes", name);
            return Some(finding.next("Create the PersistentVolumeClaim in the same namespace, or correct its name."));
        }
        let events = self.cluster.events_of(&Ref::new("", "PersistentVolumeClaim", namespace, name));
        let event = events.first()?;
        if matches!(event.reason.as_str(), "WaitForFirstConsumer" | "WaitForPodScheduled") {
            return None;
        }
        let text = format!("its volume claim `{name}` is pending: {}", sentence(&event.message));
        let finding = self.finding(Fault::Volume, text).with(told(event), &event.message);
        Some(finding.next("Check the claim's storage class and its size."))
    }

    fn init_containers(&self) -> Option<Finding> {
        let statuses = &self.pod.status.init_container_statuses;
        let current = statuses.iter().find(|status| !is_through(status) && !is_side_car(status))?;
        let failing = || {
            let event = self.failed_probe(&["Startup", "Readiness", "Liveness"], &current.name)?;
            let text = |probe: &str| format!("side car `{}` runs but its {probe} probe fails", current.name);
            Some(self.probe(&current.name, &event, text))
        };
        Some(self.container(current, "init container").or_else(failing).unwrap_or_else(|| {
            let runs = self.running_for(current);
            self.starting(Fault::Starting, format!("waits for init container `{}` to finish{runs}", current.name))
        }))
    }

    fn containers(&self) -> Vec<Finding> {
        let unready = self.pod.status.container_statuses.iter().filter(|status| !status.ready);
        let found = unready.filter_map(|status| self.container(status, "container").or_else(|| self.unready(status)));
        found.collect()
    }

    /// No container says anything: the pod as a whole.
    fn as_a_whole(&self) -> Finding {
        let nodes = self.cluster.nodes();
        let node = nodes.iter().find(|node| node.metadata.name == self.pod.spec.node_name);
        if let Some(node) = node.filter(|node| !node.is_ready()) {
            let why = node.ready().map_or("it has not reported yet", |condition| sentence(&condition.message));
            let text = format!("its node `{}` is not ready: {why}", node.metadata.name);
            return self.finding(Fault::Starting, text).with("node", why).next(NODE);
        }
        let status = &self.pod.status;
        if status.phase == "Failed" {
            let said = [&status.message, &status.reason].into_iter().find(|text| !text.is_empty());
            let why = said.map_or("no reason given", |text| sentence(text));
            let reason = format!("phase Failed, {}: {}", status.reason, status.message);
            if let Some(why) = why.strip_prefix(REJECTED) {
                return self
                    .finding(Fault::CannotStart, format!("was rejected by its node: {why}"))
                    .with("status", &reason)
                    .next("Take out of it what the message names, or let its node have that; what was rejected is not tried again: make it anew.");
            }
            return self.finding(Fault::CrashLoop, format!("has failed: {why}")).with("status", &reason).next(
                match status.reason.as_str() {
                    "Evicted" => {
                        "Let it use less of what is named, or raise that limit; its pod is gone, and its log with it."
                    }
                    "DeadlineExceeded" => "Give its pod more time, or make its work shorter.",
                    _ => "Read its events and its log.",
                },
            );
        }
        let not_ready = status.conditions.iter().find(|condition| {
            matches!(condition.kind.as_str(), "ContainersReady" | "Ready") && !condition.message.is_empty()
        });
        self.starting(Fault::Starting, not_ready.map_or("is starting", |condition| sentence(&condition.message)))
    }

    fn running_for(&self, status: &ContainerStatus) -> String {
        let started = status.state.running.as_ref().and_then(|running| running.started_at.as_deref());
        let seconds = started.and_then(|time| self.seconds_since(time));
        seconds.map(|seconds| format!(", running for {seconds} s")).unwrap_or_default()
    }

    /// The newest event of one of these reasons; about a container if one is named, or about the pod as a whole.
    fn newest(&self, reasons: &[&str], container: &str) -> Option<Cow<'a, Event>> {
        let suffix = format!("{{{container}}}");
        let newest = self.cluster.events_of(&self.at).into_iter().find(|event| {
            let path = &event.involved_object.field_path;
            let concerns = container.is_empty() || path.is_empty() || path.ends_with(&suffix);
            concerns && reasons.contains(&event.reason.as_str())
        })?;
        // The kubelet puts these words before what it has said too often.
        let Some(said) = newest.message.strip_prefix(COMBINED).map(String::from) else { return Some(newest) };
        Some(Cow::Owned(Event { message: said, ..newest.into_owned() }))
    }

    fn spec(&self, container: &str) -> Option<&Container> {
        self.pod.container(container)
    }

    fn seconds_since(&self, time: &str) -> Option<i64> {
        Some((self.now - parse_time(time)?).whole_seconds().max(0))
    }
}

/// Seconds after which an end of a container that runs again is the past.
const LATELY: i64 = 600;
/// How the kubelet begins what it says of a pod that it does not take.
const REJECTED: &str = "Pod was rejected: ";
const COMBINED: &str = "(combined from similar events): ";
const NODE: &str = "Look whether the node's container runs: `backstack status`, `backstack doctor`.";

/// An event as evidence names it.
fn told(event: &Event) -> String {
    match event.times() {
        1 => format!("event {}", event.reason),
        times => format!("event {} ×{times}", event.reason),
    }
}

fn is_through(status: &ContainerStatus) -> bool {
    status.state.terminated.as_ref().is_some_and(|end| end.exit_code == 0)
}

/// An init container that has started and stays: the next ones do not wait for it.
fn is_side_car(status: &ContainerStatus) -> bool {
    status.started == Some(true) && status.ready
}
