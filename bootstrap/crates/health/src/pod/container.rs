//! Why one container of a pod does not run, or runs and is not ready.

use super::{Look, image, image_name, log_source, told};
use crate::facts::{ContainerStatus, Event, Terminated};
use crate::fault::Fault;
use crate::finding::Finding;
use crate::words::{counted, innermost, sentence, short};

/// Reasons of a container that cannot be made.
const CONFIGURATION: [&str; 5] =
    ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"];
/// Exit codes of programs that were ended from outside.
const ENDED: [i64; 3] = [0, 137, 143];
/// How the runtime says that it is the network that it cannot give.
const NETWORK: [&str; 6] =
    ["network for sandbox", "for pod sandbox network", "plugin type=", "cni plugin", "cni config", "NetworkPlugin"];
/// Lines of a log that are evidence.
const LOG_LINES: usize = 3;

impl Look<'_> {
    /// A container that crashes, cannot be made, or is being made; nothing if it runs.
    pub(super) fn container(&self, status: &ContainerStatus, word: &str) -> Option<Finding> {
        let waiting = status.state.waiting.as_ref();
        let reason = waiting.map_or("", |waiting| waiting.reason.as_str());
        let message = waiting.map_or("", |waiting| waiting.message.as_str());
        if image::is_bad(reason) {
            return Some(self.bad_image(&status.name, reason, message));
        }
        if CONFIGURATION.contains(&reason) {
            return Some(self.cannot_be_made(&status.name, word, message));
        }
        if let Some(event) = self.newest(&["FailedPostStartHook"], &status.name) {
            let text = format!("{word} `{}` is ended because its postStart hook fails", status.name);
            let finding =
                self.finding(Fault::CannotStart, text).in_container(&status.name).with(told(&event), &event.message);
            return Some(finding.next("Correct the command of `lifecycle.postStart`, or take the hook out."));
        }
        if let Some(finding) = last_end(status).and_then(|end| self.ended(status, word, end)) {
            return Some(finding);
        }
        waiting.map(|_| self.being_made(&status.name, word))
    }

    /// A container that runs, and is not ready.
    pub(super) fn unready(&self, status: &ContainerStatus) -> Option<Finding> {
        status.state.running.as_ref()?;
        let name = &status.name;
        Some(match self.failed_probe(&["Readiness", "Startup", "Liveness"], name) {
            Some(event) => {
                self.probe(name, &event, |probe| format!("container `{name}` runs but its {probe} probe fails"))
            }
            None => {
                let runs = self.running_for(status);
                self.starting(Fault::Starting, format!("container `{name}` is starting{runs}"))
            }
        })
    }

    fn bad_image(&self, container: &str, reason: &str, message: &str) -> Finding {
        let image = self.spec(container).map_or("", |spec| spec.image.as_str());
        // The back-off's message says nothing by itself; the event before it does.
        let event = self.newest(&["Failed"], container).filter(|event| event.message.contains("ull image"));
        let said = if message.contains(": ") { message } else { event.as_ref().map_or(message, |it| &it.message) };
        let why = match image::why(said) {
            why if why.is_empty() => format!(" ({reason})"),
            why => format!(": {why}"),
        };
        // What no runtime takes, no registry is asked for.
        let wrong = image_name::wrong(image).filter(|_| reason == "InvalidImageName");
        let why = wrong.as_ref().map_or(why.clone(), |wrong| format!("{why}: {}", wrong.why));
        let mut finding = self
            .finding(Fault::BadImage, format!("image `{image}` cannot be pulled{why}"))
            .in_container(container)
            .with(format!("container {container}: {reason}"), message);
        if let Some(event) = &event {
            finding = finding.with(told(event), &event.message);
        }
        if reason == "ErrImageNeverPull" {
            return finding.next(
                "Set `imagePullPolicy` to IfNotPresent: with Never, no registry is asked for an image that the node lacks.",
            );
        }
        if let Some(wrong) = wrong {
            let right = wrong.right.map(|right| format!("Write `{right}` for it where it is declared: "));
            let right = right.unwrap_or_else(|| format!("Correct `{image}` where it is declared: "));
            return finding.next(format!("{right}{}.", wrong.why));
        }
        finding.next(format!(
            "Correct the image's name or tag where it is declared (now `{image}`), or push that image to its registry; \
             `backstack doctor` tells whether registries can be reached."
        ))
    }

    fn cannot_be_made(&self, container: &str, word: &str, message: &str) -> Finding {
        let names_reference = ["configmap", "secret", "key", "serviceaccount"].iter().any(|it| message.contains(it));
        let missing = message.contains("couldn't find key") || message.contains("not found") && names_reference;
        let (fault, next) = match missing {
            true => {
                (Fault::MissingReference, "Create what is missing in the same namespace, or correct the reference.")
            }
            false if message.contains("non-numeric user") => {
                (Fault::CannotStart, "Say the number of the image's user in `runAsUser`: a name proves nothing.")
            }
            false if message.contains("runAsNonRoot") || message.contains("non-root") => (
                Fault::CannotStart,
                "Set `runAsUser` to another user than 0 that the image can run as, use an image that does not run as \
                 root, or take `runAsNonRoot` out.",
            ),
            false => (Fault::CannotStart, "Correct the container's command, user or security settings."),
        };
        self.finding(fault, format!("{word} `{container}` cannot be made: {}", sentence(message)))
            .in_container(container)
            .with(format!("container {container}"), message)
            .next(next)
    }

    fn being_made(&self, container: &str, word: &str) -> Finding {
        if let Some(event) = self.newest(&["FailedMount", "FailedAttachVolume", "FailedMapVolume"], "") {
            let missing = event.message.contains("not found");
            let fault = if missing { Fault::MissingReference } else { Fault::Volume };
            return self
                .finding(fault, format!("waits for a volume: {}", sentence(&event.message)))
                .with(told(&event), &event.message)
                .next("Create what the volume refers to in the same namespace, or correct the reference.");
        }
        if let Some(event) = self.newest(&["FailedCreatePodSandBox"], "") {
            return self.without_sandbox(&event);
        }
        let last = self.newest(&["Pulling", "Pulled"], container);
        match last.filter(|event| event.reason == "Pulling") {
            Some(event) => {
                let image = self.spec(container).map_or("", |spec| spec.image.as_str());
                let since = self.seconds_since(event.time()).map(|seconds| format!(" since {seconds} s"));
                let text = format!("pulling image `{image}`{}", since.unwrap_or_default());
                self.starting(Fault::Pulling, text).with(told(&event), &event.message)
            }
            None => self.starting(Fault::Starting, format!("{word} `{container}` is being made")),
        }
    }

    /// The node cannot even make room for its containers: mostly the network does not answer, else what the pod asks for as
    /// a whole.
    fn without_sandbox(&self, event: &Event) -> Finding {
        let why = innermost(&event.message);
        let is_network = NETWORK.iter().any(|words| event.message.contains(words));
        let (text, next) = match is_network {
            true => (
                format!("has no network yet: {why}"),
                "Look whether the pods of the network run on its node: `kubectl get pods -n kube-system`.",
            ),
            false => (
                format!("cannot be set up on its node: {why}"),
                "Correct in the pod's `spec` what the message names: no container of it has begun yet.",
            ),
        };
        self.finding(Fault::CannotStart, text).with(told(event), &event.message).next(next)
    }

    /// A container that ended; nothing if it did so well, and only once.
    pub(super) fn ended(&self, status: &ContainerStatus, word: &str, end: &Terminated) -> Option<Finding> {
        let (name, restarts) = (&status.name, status.restart_count);
        if end.exit_code == 0 && restarts == 0 {
            return None;
        }
        let again = if restarts == 0 { String::new() } else { format!(", {}", counted(restarts, "restart")) };
        let state = format!("container {name}");
        let facts = format!("exit code {}, {}{again}", end.exit_code, end.reason);
        let which = format!("{word} `{name}`");
        if end.reason == "OOMKilled" {
            let limit = self.memory_limit(name);
            let text = format!("{which} is killed because it needs more memory than its limit{limit}{again}");
            let finding = self.crashed(Fault::OutOfMemory, text, name);
            return Some(
                finding.with(state, &facts).next("Raise the container's memory limit, or find what uses the memory."),
            );
        }
        if matches!(end.reason.as_str(), "ContainerCannotRun" | "StartError") {
            let finding =
                self.finding(Fault::CannotStart, format!("{which} cannot be started: {}", start_failure(&end.message)));
            let finding = finding.in_container(name).with(state, &facts).with("termination message", &end.message);
            return Some(finding.next("Correct the container's command, user or security settings."));
        }
        if (ENDED.contains(&end.exit_code) || self.was_ended_by_a_probe(name))
            && let Some(event) = self.failed_probe(&["Liveness", "Startup"], name)
        {
            let because = |probe: &str| format!("{which} is ended{again} because its {probe} probe fails");
            return Some(self.probe(name, &event, because).with(state, &facts));
        }
        Some(self.exited(&which, name, end, &again).with(state, &facts))
    }

    /// Programs that end in order when they are told to have exit codes of their own; the kubelet says that it told them.
    fn was_ended_by_a_probe(&self, container: &str) -> bool {
        self.newest(&["Killing"], container).is_some_and(|event| event.message.contains("probe"))
    }

    /// A program that ended by itself: its last words tell why.
    fn exited(&self, which: &str, container: &str, end: &Terminated, again: &str) -> Finding {
        let log = self.tail(container);
        if let Some(line) = log.iter().find(|line| line.contains("is forbidden: User \"")) {
            let text = format!("{which} may not do what it needs: {}", short(line, 160));
            let next = "Grant its ServiceAccount the right with a Role and a RoleBinding.";
            return self.crashed(Fault::MissingRights, text, container).with("log", line).next(next);
        }
        let how = match end.exit_code {
            0 => "ends by itself with exit code 0".into(),
            code => format!("exits {code}"),
        };
        let mut finding = self.crashed(Fault::CrashLoop, format!("{which} {how}{again}"), container);
        finding = finding.with("termination message", &end.message);
        for line in &log {
            finding = finding.with("log", line);
        }
        finding.next("Read the log of its last run; then correct its command, its configuration or what it depends on.")
    }

    fn crashed(&self, fault: Fault, text: String, container: &str) -> Finding {
        Finding { log: Some(log_source(self.pod, container)), ..self.finding(fault, text) }.in_container(container)
    }

    fn memory_limit(&self, container: &str) -> String {
        let limit = self.spec(container).and_then(|spec| spec.resources.limits.get("memory"));
        limit.map(|limit| format!(" of {limit}")).unwrap_or_default()
    }

    fn tail(&self, container: &str) -> Vec<String> {
        let log = self.cluster.log(&self.at, container);
        let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).map(String::from).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].to_vec()
    }

    /// The newest failure of a probe of one of these kinds.
    pub(super) fn failed_probe(&self, kinds: &[&str], container: &str) -> Option<Event> {
        let event = self.newest(&["Unhealthy"], container)?;
        kinds.iter().any(|kind| event.message.starts_with(kind)).then(|| event.into_owned())
    }

    pub(super) fn probe(&self, container: &str, event: &Event, text: impl Fn(&str) -> String) -> Finding {
        let message = &event.message;
        let kind = message.split_whitespace().next().unwrap_or_default().to_lowercase();
        let why = message.split_once(": ").map_or(message.as_str(), |(_, tail)| tail);
        let why = start_failure(why);
        let declared = self.spec(container).and_then(|spec| spec.probe(&kind)).map(ToString::to_string);
        self.finding(Fault::FailingProbe, format!("{}: {}", text(&kind), short(sentence(why), 160)))
            .in_container(container)
            .with(told(event), message)
            .with("probe", declared.as_deref().unwrap_or_default())
            .next(probe_step(&declared.unwrap_or_default()))
    }
}

fn probe_step(declared: &str) -> &'static str {
    if declared.contains("\"exec\"") {
        return "Correct the probe's command or the time that it gets, or make what it looks for come true.";
    }
    "Correct the probe's port, path or scheme, or make the program answer there in time."
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
