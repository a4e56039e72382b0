//! Why one pod is not ready.

use backstack_mcp::live::diagnose::IMAGE_REASONS;
use time::OffsetDateTime;

use super::{Blocker, Cause, LogSource, scheduling, sentence};
use crate::kubernetes::facts::{Container, ContainerStatus, Event, Pod, Terminated, parse_time};
use crate::kubernetes::view::View;

/// Reasons of a container that cannot be made.
const CONFIGURATION: [&str; 5] =
    ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"];

/// Why this pod is not ready; nothing if it is.
pub(super) fn explain(pod: &Pod, view: &View, now: OffsetDateTime) -> Option<Blocker> {
    if pod.is_ready() {
        return pod.settles_in(now).map(|_| Look { pod, view, now }.unsettled());
    }
    let look = Look { pod, view, now };
    look.unscheduled().or_else(|| look.init_containers()).or_else(|| look.containers()).or_else(|| look.at_all())
}

/// One pod, and what else is known.
struct Look<'a> {
    pod: &'a Pod,
    view: &'a View,
    now: OffsetDateTime,
}

impl Look<'_> {
    fn blocker(&self, cause: Cause, text: impl Into<String>) -> Blocker {
        Blocker::new(format!("pod {}/{}", self.pod.metadata.namespace, self.pod.metadata.name), cause, text)
    }

    /// It is ready, but did not run for long enough to believe it.
    fn unsettled(&self) -> Blocker {
        let statuses = &self.pod.status.container_statuses;
        let ended = statuses.iter().find_map(|status| Some(self.crash(status, "container", status.last_end()?)));
        ended.unwrap_or_else(|| self.blocker(Cause::Starting, "has just started"))
    }

    fn unscheduled(&self) -> Option<Blocker> {
        if !self.pod.spec.node_name.is_empty() {
            return None;
        }
        if let Some(claim) = self.pending_claim() {
            return Some(self.blocker(Cause::Volume, claim));
        }
        let conditions = &self.pod.status.conditions;
        let refused =
            conditions.iter().find(|condition| condition.kind == "PodScheduled" && condition.status == "False");
        Some(match refused {
            Some(condition) => {
                self.blocker(Cause::Unschedulable, scheduling::explain(self.pod, &condition.message, self.view))
            }
            None => self.blocker(Cause::Starting, "waits for a node"),
        })
    }

    /// A claim that has no volume, unless it only waits for this very pod to get a node.
    fn pending_claim(&self) -> Option<String> {
        let namespace = &self.pod.metadata.namespace;
        let pending = self.pod.claims().find_map(|name| match self.view.claim(namespace, name) {
            Some(claim) if claim.status.phase == "Bound" => None,
            claim => Some((name, claim.is_some())),
        });
        let (name, exists) = pending?;
        if !exists {
            return Some(format!("its volume claim `{name}` does not exist"));
        }
        let events = self.view.events_of("PersistentVolumeClaim", namespace, name);
        let event = events.first()?;
        match event.reason.as_str() {
            "WaitForFirstConsumer" | "WaitForPodScheduled" => None,
            _ => Some(format!("its volume claim `{name}` is pending: {}", sentence(&event.message))),
        }
    }

    fn init_containers(&self) -> Option<Blocker> {
        let statuses = &self.pod.status.init_container_statuses;
        let current = statuses.iter().find(|status| !is_through(status) && !is_side_car(status))?;
        Some(self.container(current, "init container").unwrap_or_else(|| {
            self.blocker(
                Cause::Starting,
                format!("waits for init container `{}` to finish{}", current.name, self.running_for(current)),
            )
        }))
    }

    fn containers(&self) -> Option<Blocker> {
        let unready = self.pod.status.container_statuses.iter().filter(|status| !status.ready);
        let mut found: Vec<_> = unready
            .filter_map(|status| self.container(status, "container").or_else(|| self.not_ready(status)))
            .collect();
        found.sort_by_key(|blocker| blocker.cause);
        found.into_iter().next()
    }

    /// No container says anything: the pod as a whole.
    fn at_all(&self) -> Option<Blocker> {
        let on_node = self.view.nodes.get(&format!("/{}", self.pod.spec.node_name));
        if let Some(node) = on_node.filter(|node| !node.is_ready()) {
            let why = node.ready().map_or("it has not reported yet", |condition| sentence(&condition.message));
            return Some(
                self.blocker(Cause::Starting, format!("its node `{}` is not ready: {why}", node.metadata.name)),
            );
        }
        if self.pod.status.phase == "Failed" {
            let why =
                if self.pod.status.message.is_empty() { "no reason given" } else { sentence(&self.pod.status.message) };
            return Some(self.blocker(Cause::Crash, format!("has failed: {why}")));
        }
        let not_ready = self.pod.status.conditions.iter().find(|condition| {
            matches!(condition.kind.as_str(), "ContainersReady" | "Ready") && !condition.message.is_empty()
        });
        let text = not_ready.map_or("is starting", |condition| sentence(&condition.message));
        Some(self.blocker(Cause::Starting, text))
    }

    /// A container that crashes, cannot be made, or is being made; nothing if it runs.
    fn container(&self, status: &ContainerStatus, word: &str) -> Option<Blocker> {
        let name = &status.name;
        if let Some(end) = last_end(status) {
            return Some(self.crash(status, word, end));
        }
        let waiting = status.state.waiting.as_ref()?;
        let reason = waiting.reason.as_str();
        if IMAGE_REASONS.contains(&reason) {
            return Some(self.blocker(Cause::Image, self.image_failure(name, reason, &waiting.message)));
        }
        if CONFIGURATION.contains(&reason) {
            let text = format!("{word} `{name}` cannot be made: {}", sentence(&waiting.message));
            return Some(self.blocker(Cause::Configuration, text));
        }
        Some(self.being_made(name, word))
    }

    fn crash(&self, status: &ContainerStatus, word: &str, end: &Terminated) -> Blocker {
        let how = match end.reason.as_str() {
            "OOMKilled" => "is killed because it needs more memory than its limit".to_string(),
            "ContainerCannotRun" | "StartError" => format!("cannot be started: {}", start_failure(&end.message)),
            _ => format!("exits {}", end.exit_code),
        };
        let restarts = match status.restart_count {
            0 => String::new(),
            1 => ", 1 restart".into(),
            many => format!(", {many} restarts"),
        };
        let meta = &self.pod.metadata;
        let mut blocker = self.blocker(Cause::Crash, format!("{word} `{}` {how}{restarts}", status.name));
        blocker.log_source = Some(LogSource {
            namespace: meta.namespace.clone(),
            pod: meta.name.clone(),
            container: status.name.clone(),
        });
        blocker
    }

    fn image_failure(&self, container: &str, reason: &str, message: &str) -> String {
        let image = self.image(container);
        // The back-off's message says nothing by itself; the event before it does.
        let event = self.newest(&["Failed"], container).filter(|event| event.message.contains("ull image"));
        let said = if message.contains(": ") { message } else { event.map_or(message, |event| event.message.as_str()) };
        match innermost(said) {
            "" => format!("image `{image}` cannot be pulled ({reason})"),
            why => format!("image `{image}` cannot be pulled: {why}"),
        }
    }

    fn being_made(&self, container: &str, word: &str) -> Blocker {
        let failures = ["FailedMount", "FailedAttachVolume", "FailedMapVolume"];
        if let Some(event) = self.newest(&failures, "") {
            return self.blocker(Cause::Volume, format!("waits for a volume: {}", sentence(&event.message)));
        }
        if let Some(event) = self.newest(&["FailedCreatePodSandBox"], "") {
            return self.blocker(Cause::Configuration, format!("has no network yet: {}", innermost(&event.message)));
        }
        let last = self.newest(&["Pulling", "Pulled"], container);
        match last.filter(|event| event.reason == "Pulling") {
            Some(event) => {
                let since = self.seconds_since(event.time()).map(|seconds| format!(" since {seconds} s"));
                self.blocker(
                    Cause::Pulling,
                    format!("pulling image `{}`{}", self.image(container), since.unwrap_or_default()),
                )
            }
            None => self.blocker(Cause::Starting, format!("{word} `{container}` is being made")),
        }
    }

    fn not_ready(&self, status: &ContainerStatus) -> Option<Blocker> {
        status.state.running.as_ref()?;
        let name = &status.name;
        let probe = self.newest(&["Unhealthy"], name).filter(|event| !event.message.is_empty());
        Some(match probe {
            Some(event) => self.blocker(
                Cause::Probe,
                format!("container `{name}` runs but is not ready: {}", sentence(&event.message)),
            ),
            None => {
                self.blocker(Cause::Starting, format!("container `{name}` is starting{}", self.running_for(status)))
            }
        })
    }

    fn running_for(&self, status: &ContainerStatus) -> String {
        let started = status.state.running.as_ref().and_then(|running| running.started_at.as_deref());
        let seconds = started.and_then(|time| self.seconds_since(time));
        seconds.map(|seconds| format!(", running for {seconds} s")).unwrap_or_default()
    }

    /// The newest event of one of these reasons; about a container if one is named.
    fn newest(&self, reasons: &[&str], container: &str) -> Option<&Event> {
        let events = self.view.events_of("Pod", &self.pod.metadata.namespace, &self.pod.metadata.name);
        let suffix = format!("{{{container}}}");
        events.into_iter().find(|event| {
            let path = &event.involved_object.field_path;
            reasons.contains(&event.reason.as_str()) && (container.is_empty() || path.ends_with(&suffix))
        })
    }

    fn image(&self, container: &str) -> &str {
        let spec = &self.pod.spec;
        let all = spec.containers.iter().chain(&spec.init_containers);
        all.into_iter().find(|one: &&Container| one.name == container).map_or("", |one| one.image.as_str())
    }

    fn seconds_since(&self, time: &str) -> Option<i64> {
        Some((self.now - parse_time(time)?).whole_seconds().max(0))
    }
}

fn is_through(status: &ContainerStatus) -> bool {
    status.state.terminated.as_ref().is_some_and(|end| end.exit_code == 0)
}

/// An init container that has started and stays: the next ones do not wait for it.
fn is_side_car(status: &ContainerStatus) -> bool {
    status.started == Some(true) && status.ready
}

/// How a container ended that is not running now: this time, or last time while it waits to run again.
fn last_end(status: &ContainerStatus) -> Option<&Terminated> {
    if let Some(end) = &status.state.terminated {
        return Some(end);
    }
    let waits_again = status.state.waiting.as_ref().is_some_and(|waiting| waiting.reason == "CrashLoopBackOff");
    status.last_end().filter(|_| waits_again || status.restart_count > 1)
}

/// Every layer of the runtime says that it failed; what failed comes last.
fn start_failure(message: &str) -> &str {
    let line = sentence(message);
    line.rsplit("container process: ").next().unwrap_or(line)
}

/// Go's errors name every layer they went through; the last one says what happened.
fn innermost(message: &str) -> &str {
    let line = sentence(message);
    let tail = line.rsplit("\": ").next().unwrap_or(line);
    tail.rsplit(" desc = ").next().unwrap_or(tail).trim_end_matches(['"', ':', ' '])
}
