//! What keeps a pod from running.

use serde_json::Value;

use super::fault::Fault;
use super::finding::Finding;
use crate::live::object::{Ref, condition, list, name, namespace, number, short, text};
use crate::live::snapshot::{LogKey, Snapshot, event_count};

/// Reasons of a container that waits because of its image, as the kubelet gives them.
pub const IMAGE_REASONS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
];
/// Exit codes of programs that were ended from outside.
const ENDED: [i64; 3] = [0, 137, 143];
const LOG_LINES: usize = 3;

/// Everything that is wrong with a pod.
pub(super) fn of_pod(snapshot: &Snapshot, pod: &Value) -> Vec<Finding> {
    let look = Look { snapshot, pod, at: Ref::of(pod) };
    if is_done(pod) || is_ready(pod) && restarts(pod) == 0 {
        return Vec::new();
    }
    if let Some(finding) = look.unscheduled() {
        return vec![finding];
    }
    let mut findings: Vec<_> = look.statuses().filter_map(|(status, init)| look.container(status, init)).collect();
    if findings.is_empty() && !is_ready(pod) {
        findings.extend(look.volumes().or_else(|| look.evicted()).or_else(|| look.starting()));
    }
    findings
}

/// A pod that ended well, or that is on its way out.
fn is_done(pod: &Value) -> bool {
    text(pod, "/status/phase") == "Succeeded" || !text(pod, "/metadata/deletionTimestamp").is_empty()
}

pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready.is_true())
}

pub(super) fn restarts(pod: &Value) -> i64 {
    list(pod, "/status/containerStatuses").iter().map(|status| number(status, "/restartCount")).sum()
}

/// Containers whose last words tell something: the key of the log, and whether it is of the run before.
pub(super) fn interesting_logs(pod: &Value) -> Vec<(LogKey, bool)> {
    let statuses = [list(pod, "/status/initContainerStatuses"), list(pod, "/status/containerStatuses")].concat();
    let crashed = statuses.iter().filter(|status| last_end(status).is_some_and(|end| number(end, "/exitCode") != 0));
    let key = |status: &Value| (namespace(pod).into(), name(pod).into(), text(status, "/name").into());
    // A container that runs again has its last words in the log before.
    crashed.map(|status| (key(status), status.pointer("/state/terminated").is_none())).collect()
}

fn last_end(status: &Value) -> Option<&Value> {
    status.pointer("/state/terminated").or_else(|| status.pointer("/lastState/terminated"))
}

struct Look<'a> {
    snapshot: &'a Snapshot,
    pod: &'a Value,
    at: Ref,
}

impl<'a> Look<'a> {
    fn finding(&self, fault: Fault, summary: impl Into<String>) -> Finding {
        Finding::new(fault, self.at.clone(), summary)
    }

    fn statuses(&self) -> impl Iterator<Item = (&'a Value, bool)> {
        let init = list(self.pod, "/status/initContainerStatuses").iter().map(|status| (status, true));
        init.chain(list(self.pod, "/status/containerStatuses").iter().map(|status| (status, false)))
    }

    fn events(&self, reason: &str) -> Vec<&'a Value> {
        let mut events = self.snapshot.events_of(&self.at);
        events.retain(|event| text(event, "/reason") == reason);
        events
    }

    fn unscheduled(&self) -> Option<Finding> {
        let scheduled = condition(self.pod, "PodScheduled")?;
        if !scheduled.is_false() {
            return None;
        }
        let message = scheduled.message;
        if message.contains("unbound immediate PersistentVolumeClaims") || message.contains("persistentvolumeclaim \"")
        {
            return Some(
                self.finding(Fault::Volume, "its volume claim is not bound")
                    .with("condition PodScheduled", message)
                    .next("Look at the claim's events: its storage class, its size, and whether it exists."),
            );
        }
        let why = message.split(". ").next().unwrap_or(message);
        Some(
            self.finding(Fault::Unschedulable, format!("no node takes it: {}", short(why, 160)))
                .with("condition PodScheduled", message)
                .with("requests", &self.requests())
                .next(unschedulable_step(message)),
        )
    }

    /// What the containers ask for, and what they insist on.
    fn requests(&self) -> String {
        let asked = list(self.pod, "/spec/containers").iter().filter_map(|container| {
            let requests = container.pointer("/resources/requests")?;
            Some(format!("{} asks for {requests}", text(container, "/name")))
        });
        let selector = self.pod.pointer("/spec/nodeSelector").map(|selector| format!("node selector {selector}"));
        asked.chain(selector).collect::<Vec<_>>().join("; ")
    }

    fn container(&self, status: &Value, init: bool) -> Option<Finding> {
        let waiting = text(status, "/state/waiting/reason");
        let message = text(status, "/state/waiting/message");
        let container = text(status, "/name");
        if IMAGE_REASONS.contains(&waiting) {
            return Some(self.bad_image(status, waiting, message));
        }
        if matches!(waiting, "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") {
            return Some(self.cannot_start(container, message));
        }
        let end = last_end(status)
            .filter(|_| waiting == "CrashLoopBackOff" || number(status, "/restartCount") > 0 || !init)?;
        if text(status, "/state/terminated/reason") == "Completed" && init {
            return None;
        }
        let runs_well = status.get("ready").and_then(Value::as_bool) == Some(true);
        let finding = self.ended(status, end, container);
        // It runs now: what was before is a hint, no cause.
        finding
            .map(|mut finding| {
                if runs_well {
                    finding.weight = finding.weight.min(Fault::OutOfSync.weight() - 5);
                }
                finding
            })
            .or_else(|| (!runs_well).then(|| self.probe(container)).flatten())
    }

    fn bad_image(&self, status: &Value, waiting: &str, message: &str) -> Finding {
        let image = self.wanted_image(status);
        let failures = self.events("Failed");
        let detail = failures
            .iter()
            .map(|event| text(event, "/message"))
            .find(|text| text.contains("pull") && !text.starts_with("Error:"));
        let why = detail.unwrap_or(message);
        let pulls: i64 = failures.iter().map(|event| event_count(event)).sum();
        self.finding(Fault::BadImage, format!("image `{image}` cannot be pulled{}", reason_of_pull(why)))
            .with(format!("container {}: {waiting}", text(status, "/name")), message)
            .with(if pulls > 1 { format!("event Failed ×{pulls}") } else { "event Failed".into() }, detail.unwrap_or_default())
            .next(format!("Correct the image's name or tag where it is declared (now `{image}`), or push that image to the registry."))
    }

    /// The image as it was asked for; the status has it resolved.
    fn wanted_image(&self, status: &Value) -> &'a str {
        let all = [list(self.pod, "/spec/containers"), list(self.pod, "/spec/initContainers")];
        let mut containers = all.into_iter().flatten();
        let own = containers.find(|container| text(container, "/name") == text(status, "/name"));
        own.map_or("", |container| text(container, "/image"))
    }

    fn cannot_start(&self, container: &str, message: &str) -> Finding {
        let missing = message.contains("not found")
            && (message.contains("configmap") || message.contains("secret") || message.contains("key"));
        let missing = missing || message.contains("couldn't find key");
        let (fault, next) = match missing {
            true => {
                (Fault::MissingReference, "Create what is missing in the same namespace, or correct the reference.")
            }
            false => (Fault::CannotStart, "Correct the container's command, user or security settings."),
        };
        self.finding(fault, format!("container `{container}` cannot be made: {}", short(message, 160)))
            .with(format!("container {container}"), message)
            .next(next)
    }

    fn ended(&self, status: &Value, end: &Value, container: &str) -> Option<Finding> {
        let (code, reason) = (number(end, "/exitCode"), text(end, "/reason"));
        let restarts = number(status, "/restartCount");
        let state = format!("container {container}");
        let times = format!("exit code {code}, {reason}, {restarts} restarts");
        if reason == "OOMKilled" {
            let limit = self.memory_limit(container);
            return Some(
                self.finding(
                    Fault::OutOfMemory,
                    format!("container `{container}` was ended: it used more than its memory limit{limit}"),
                )
                .with(state, &times)
                .next("Raise the container's memory limit, or find what uses the memory."),
            );
        }
        if ENDED.contains(&code)
            && let Some(probe) = self.failed_probe(&["Liveness", "Startup"])
        {
            return Some(self.probe_finding(container, probe).with(state, &times));
        }
        if restarts == 0 && code == 0 {
            return None;
        }
        let log = self.last_words(container);
        let forbidden = log.iter().find(|line| line.contains("is forbidden: User \""));
        if let Some(line) = forbidden {
            return Some(
                self.finding(
                    Fault::MissingRights,
                    format!("container `{container}` may not do what it needs: {}", short(line, 160)),
                )
                .with(state, &times)
                .with("log", line)
                .next("Grant its ServiceAccount the right with a Role and a RoleBinding."),
            );
        }
        let summary = match code {
            0 => format!("container `{container}` ends by itself again and again (exit code 0)"),
            _ => format!("container `{container}` ends with exit code {code} ({restarts} restarts)"),
        };
        let mut finding = self
            .finding(Fault::CrashLoop, summary)
            .with(state, &times)
            .with("termination message", text(end, "/message"));
        for line in &log {
            finding = finding.with("log", line);
        }
        Some(finding.next(format!(
            "Read workload_logs(namespace=\"{}\", pod=\"{}\", container=\"{container}\", previous=true); then correct its command, configuration or what it depends on.",
            self.at.namespace, self.at.name
        )))
    }

    fn memory_limit(&self, container: &str) -> String {
        let spec = list(self.pod, "/spec/containers").iter().find(|spec| text(spec, "/name") == container);
        let limit = spec.map_or("", |spec| text(spec, "/resources/limits/memory"));
        if limit.is_empty() { String::new() } else { format!(" of {limit}") }
    }

    fn last_words(&self, container: &str) -> Vec<String> {
        let key = (self.at.namespace.clone(), self.at.name.clone(), container.to_string());
        let log = self.snapshot.log(&key).unwrap_or_default();
        let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).map(String::from).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].to_vec()
    }

    /// A container that runs, and is not ready.
    fn probe(&self, container: &str) -> Option<Finding> {
        self.failed_probe(&["Readiness", "Startup", "Liveness"]).map(|event| self.probe_finding(container, event))
    }

    fn failed_probe(&self, kinds: &[&str]) -> Option<&'a Value> {
        let mut unhealthy = self.events("Unhealthy").into_iter();
        unhealthy.find(|event| kinds.iter().any(|kind| text(event, "/message").starts_with(kind)))
    }

    fn probe_finding(&self, container: &str, event: &Value) -> Finding {
        let message = text(event, "/message");
        let kind = message.split_whitespace().next().unwrap_or("A");
        let probe = self.probe_spec(container, &kind.to_lowercase());
        self.finding(
            Fault::FailingProbe,
            format!(
                "the {} probe of container `{container}` fails: {}",
                kind.to_lowercase(),
                short(after_colon(message), 120)
            ),
        )
        .with(format!("event Unhealthy ×{}", event_count(event)), message)
        .with("probe", &probe)
        .next("Correct the probe's port or path, or make the program answer there (in time).")
    }

    fn probe_spec(&self, container: &str, kind: &str) -> String {
        let spec = list(self.pod, "/spec/containers").iter().find(|spec| text(spec, "/name") == container);
        spec.and_then(|spec| spec.get(format!("{kind}Probe"))).map(Value::to_string).unwrap_or_default()
    }

    fn volumes(&self) -> Option<Finding> {
        let event =
            ["FailedMount", "FailedAttachVolume"].iter().find_map(|reason| self.events(reason).first().copied())?;
        let message = text(event, "/message");
        let missing = message.contains("not found");
        let fault = if missing { Fault::MissingReference } else { Fault::Volume };
        Some(
            self.finding(fault, format!("a volume cannot be mounted: {}", short(after_colon(message), 160)))
                .with(format!("event {} ×{}", text(event, "/reason"), event_count(event)), message)
                .next("Create what the volume refers to in the same namespace, or correct the reference."),
        )
    }

    fn evicted(&self) -> Option<Finding> {
        if text(self.pod, "/status/phase") != "Failed" {
            return None;
        }
        let reason = text(self.pod, "/status/reason");
        Some(
            self.finding(Fault::CrashLoop, format!("has failed: {reason}"))
                .with("status", text(self.pod, "/status/message"))
                .next("Read its events and its log."),
        )
    }

    fn starting(&self) -> Option<Finding> {
        if let Some(finding) =
            list(self.pod, "/spec/containers").iter().find_map(|spec| self.probe(text(spec, "/name")))
        {
            return Some(finding);
        }
        let why = condition(self.pod, "Ready").map_or("", |ready| ready.message);
        Some(
            self.finding(
                Fault::Starting,
                format!("is not ready yet: {}", if why.is_empty() { "it has just been made" } else { why }),
            )
            .next("Ask again in a moment; if it stays so, read its events and its log."),
        )
    }
}

fn after_colon(message: &str) -> &str {
    message.split_once(": ").map_or(message, |(_, tail)| tail)
}

fn reason_of_pull(message: &str) -> &'static str {
    let message = message.to_ascii_lowercase();
    match () {
        () if message.contains("not found") || message.contains("manifest unknown") => {
            ": there is no such image or tag"
        }
        () if message.contains("couldn't parse")
            || message.contains("invalidimagename")
            || message.contains("invalid reference") =>
        {
            ": its name is not valid"
        }
        () if message.contains("unauthorized") || message.contains("denied") || message.contains("forbidden") => {
            ": the registry refuses access"
        }
        () if message.contains("no such host")
            || message.contains("timeout")
            || message.contains("refused")
            || message.contains("dial tcp") =>
        {
            ": the registry does not answer"
        }
        () => "",
    }
}

fn unschedulable_step(message: &str) -> &'static str {
    match () {
        () if message.contains("Insufficient") => {
            "Lower the pod's requests, remove other workloads, or give the machine more memory or processors."
        }
        () if message.contains("taint") => "Add a toleration for the taint, or use another node.",
        () if message.contains("selector") || message.contains("affinity") => {
            "Correct the node selector or affinity: no node has these labels."
        }
        () if message.contains("host port") || message.contains("free ports") => {
            "Two pods want the same host port: remove one, or the host port."
        }
        () => "Compare what the pod asks for with what the nodes have.",
    }
}
