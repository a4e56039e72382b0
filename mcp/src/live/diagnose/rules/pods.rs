//! What keeps a pod back beside its containers: gates, a scheduler that is not there, ports that two of them want.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, condition, list, text};
use crate::live::references::template::Template;

/// A scheduler says something within this time.
const SCHEDULER_SECONDS: i64 = 30;
const USUAL_SCHEDULER: &str = "default-scheduler";
/// An init container that listens for so long is a server.
const SERVES_SECONDS: i64 = 30;

pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Vec<Finding> {
    let found = [
        gate(pod),
        no_scheduler(seen, pod),
        never_ends(seen, pod),
        held_back(pod),
        cordoned(seen, pod),
        same_port(seen, pod),
        no_pull_secret(seen, pod),
    ];
    found.into_iter().flatten().collect()
}

/// A readiness gate that nobody opens.
fn gate(pod: &Value) -> Option<Finding> {
    let ready = condition(pod, "ContainersReady").is_some_and(|ready| ready.is_true());
    let gates = list(pod, "/spec/readinessGates").iter().enumerate();
    let mut closed = gates
        .filter(|(_, gate)| !condition(pod, text(gate, "/conditionType")).is_some_and(|condition| condition.is_true()));
    let (index, gate) = closed.next().filter(|_| ready)?;
    let kind = text(gate, "/conditionType");
    let field = format!("spec.readinessGates[{index}].conditionType");
    let text = format!("runs, and waits for condition `{kind}`, which nobody has set");
    Some(
        Finding::new(Fault::Stalled, Ref::of(pod), text).at(field).with("readinessGates", kind).next(format!(
            "See whether what sets `{kind}` runs; if nothing does, take the gate out of the pod template."
        )),
    )
}

/// Nobody looks for a node: the scheduler that is named does not exist.
fn no_scheduler(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let waits = text(pod, "/spec/nodeName").is_empty() && condition(pod, "PodScheduled").is_none();
    let age = seen.seconds_since(text(pod, "/metadata/creationTimestamp"))?;
    let scheduler = text(pod, "/spec/schedulerName");
    // The usual one says nothing while it waits for the volume of a claim.
    let waits_for_volume = scheduler == USUAL_SCHEDULER && has_open_claim(seen, pod);
    (waits && age > SCHEDULER_SECONDS && !waits_for_volume).then(|| {
        let text = format!("no scheduler has looked at it for {}: it asks for `{scheduler}`", in_words(age));
        Finding::new(Fault::Unschedulable, Ref::of(pod), text)
            .at("spec.schedulerName")
            .with("spec.schedulerName", scheduler)
            .next("Take `schedulerName` out of the pod template (the default is `default-scheduler`), or start that scheduler.")
    })
}

/// Whether a claim that the pod names has no volume.
fn has_open_claim(seen: &Seen<'_>, pod: &Value) -> bool {
    let named = list(pod, "/spec/volumes").iter().map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    let claims = named
        .filter_map(|claim| seen.snapshot.get(&Ref::new("", "PersistentVolumeClaim", &Ref::of(pod).namespace, claim)));
    claims.into_iter().any(|claim| text(claim, "/status/phase") != "Bound")
}

/// An init container that serves: it never ends, and the others wait for that.
fn never_ends(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let (_, _, container) = super::waiting::waiting_container(pod)?;
    let statuses = list(pod, "/status/initContainerStatuses");
    let status = statuses.iter().find(|status| text(status, "/name") == container)?;
    let age = seen.seconds_since(text(status, "/state/running/startedAt"))?;
    let opened = super::listening::of_container(seen.snapshot, pod, &container);
    let port = opened.first()?.port;
    let (path, spec) = Template::of(pod)?.container(&container)?;
    if age <= SERVES_SECONDS || text(spec, "/restartPolicy") == "Always" {
        return None;
    }
    let field = format!("{path}.restartPolicy");
    let text = format!(
        "init container `{container}` runs for {} and serves at port {port}: it never ends, and the other containers wait for that",
        in_words(age)
    );
    let finding = Finding::new(Fault::CannotStart, Ref::of(pod), text).at(field.clone()).should_be("Always");
    Some(finding.in_container(&container).next(format!(
        "Set `{field}` of {} to Always, which makes it a side car, or move it to `containers`.",
        Ref::of(pod)
    )))
}

/// A node that somebody has closed, and that would have taken the pod.
fn cordoned(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let refused = condition(pod, "PodScheduled").filter(|scheduled| scheduled.is_false())?;
    if !refused.message.contains("were unschedulable") && !refused.message.contains("node.kubernetes.io/unschedulable")
    {
        return None;
    }
    let is_closed = |node: &&Value| node.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false);
    let node = Ref::of(seen.snapshot.all("", "Node").find(is_closed)?);
    let text = format!("is cordoned: {} gets no place on it", Ref::of(pod));
    let mut finding = Finding::new(Fault::Unschedulable, node.clone(), text).at("spec.unschedulable").should_be(false);
    // The pod itself says only that no node took it.
    finding.weight += 1;
    Some(
        finding
            .with("condition PodScheduled", refused.message)
            .next(format!("Open it again: `kubectl uncordon {}`.", node.name)),
    )
}

/// Scheduling gates that somebody has to open.
fn held_back(pod: &Value) -> Option<Finding> {
    let gates: Vec<_> = list(pod, "/spec/schedulingGates").iter().map(|gate| text(gate, "/name")).collect();
    (!gates.is_empty()).then(|| {
        let text = format!("is kept from being scheduled by gate `{}`", gates.join("`, `"));
        Finding::new(Fault::Unschedulable, Ref::of(pod), text)
            .at("spec.schedulingGates")
            .with("spec.schedulingGates", &gates.join(", "))
            .next("See whether what opens the gate runs, or take the gate out of the pod template.")
    })
}

/// A Secret for the registry that the kubelet looked for in vain. Secrets are never read here: its event says so.
fn no_pull_secret(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let statuses = ["initContainerStatuses", "containerStatuses"].into_iter();
    let mut statuses = statuses.flat_map(|field| list(pod, &format!("/status/{field}")));
    let waits = |status: &Value, reason: &str| text(status, "/state/waiting/reason") == reason;
    let failed = statuses.find(|status| waits(status, "ImagePullBackOff") || waits(status, "ErrImagePull"))?;
    let at = Ref::of(pod);
    let events = seen.snapshot.events_of(&at);
    let event = events.iter().find(|event| text(event, "/reason") == "FailedToRetrieveImagePullSecret")?;
    let message = text(event, "/message");
    let mut named = list(pod, "/spec/imagePullSecrets").iter().map(|secret| text(secret, "/name")).enumerate();
    let (index, secret) = named.find(|(_, name)| !name.is_empty() && message.contains(name))?;
    let field = format!("spec.imagePullSecrets[{index}].name");
    let text = format!("names Secret `{secret}` for the registry, which the node cannot find");
    let mut finding = Finding::new(Fault::MissingReference, at.clone(), text).at(field.clone());
    // Only where the registry wants to know who asks is it the reason; else the image itself is.
    let said: Vec<_> = events.iter().map(|event| crate::live::object::text(event, "/message")).collect();
    let said = said.join(" ").to_lowercase();
    let is_refused = ["unauthorized", "authentication required", "authorization", "denied", "403"]
        .iter()
        .any(|word| said.contains(word));
    finding.weight = if is_refused { Fault::BadImage.weight() + 1 } else { Fault::BadImage.weight() - 1 };
    let waiting = crate::live::object::text(failed, "/state/waiting/message");
    Some(finding.with("event FailedToRetrieveImagePullSecret", message).with("container", waiting).next(format!(
        "Make Secret `{secret}` (type kubernetes.io/dockerconfigjson) in namespace {}, or correct `imagePullSecrets` in the pod template.",
        at.namespace
    )))
}

/// Two containers of one pod that want the same port: the later one cannot have it.
fn same_port(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let statuses = list(pod, "/status/containerStatuses");
    let troubled = statuses.iter().find(|status| {
        let ready = status.get("ready").and_then(Value::as_bool).unwrap_or(false);
        let container = text(status, "/name");
        let says = |log: &str| log.to_lowercase().contains("address already in use") || log.contains("EADDRINUSE");
        let at = Ref::of(pod);
        let key = (at.namespace, at.name, container.to_string());
        !ready && [seen.snapshot.log(&key), seen.snapshot.recent_log(&key)].into_iter().flatten().any(says)
    })?;
    let template = Template::of(pod)?;
    let (own_path, own) = template.container(text(troubled, "/name"))?;
    let own_ports: Vec<_> = list(own, "/ports").iter().filter_map(|port| port.get("containerPort")).collect();
    let mut others = template.containers().filter(|(path, _)| *path != own_path);
    let rival = others.find_map(|(_, other)| {
        let taken = list(other, "/ports")
            .iter()
            .find(|port| port.get("containerPort").is_some_and(|port| own_ports.contains(&port)))?;
        Some((text(other, "/name").to_string(), taken.get("containerPort")?.to_string()))
    });
    let (text, field) = match &rival {
        Some((other, port)) => (
            format!(
                "container `{}` wants port {port}, which container `{other}` of the same pod has",
                text(own, "/name")
            ),
            format!("{own_path}.ports[0].containerPort"),
        ),
        None => (
            format!("container `{}` wants a port that another container of the same pod has", text(own, "/name")),
            // Programs are told their port there.
            format!(
                "{own_path}.{}",
                if own.get("args").is_none() && own.get("command").is_some() { "command" } else { "args" }
            ),
        ),
    };
    let finding = Finding::new(Fault::CannotStart, Ref::of(pod), text).at(field).with("log", "address already in use");
    Some(
        finding
            .in_container(crate::live::object::text(own, "/name"))
            .next("Let one of the two listen on another port: containers of a pod share their ports."),
    )
}
