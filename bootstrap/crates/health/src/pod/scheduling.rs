//! Why no node takes a pod: the scheduler's words, with the numbers that it leaves out.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::facts::{Container, Pod};
use crate::quantity::{Milli, parse, show};
use crate::words::sentence;

/// `0 of 1 nodes fit: insufficient memory (needs 512 Mi, 210 Mi free)`.
pub(super) fn explain(pod: &Pod, message: &str, cluster: &dyn Cluster) -> String {
    // What follows the first sentence is about pushing other pods off a node, which helps nobody here.
    let message = message.split(". ").next().unwrap_or(message);
    let Some((head, reasons)) = message.split_once(": ") else { return sentence(message).to_string() };
    let reasons: Vec<_> = reasons.split(", ").map(|reason| one(pod, sentence(reason), cluster)).collect();
    match head.strip_suffix(" nodes are available").and_then(|counts| counts.split_once('/')) {
        Some((fit, all)) => format!("{fit} of {all} nodes fit: {}", reasons.join("; ")),
        None => format!("{head}: {}", reasons.join("; ")),
    }
}

/// What can be done about it.
pub(super) fn next(message: &str) -> &'static str {
    match () {
        () if message.contains("Too many pods") => {
            "The node has as many pods as it may have: remove other workloads, run fewer replicas, or add a worker."
        }
        () if message.contains("Insufficient") && !of_the_machine(message) => {
            "No node offers that resource: take it out of the container's resources, or add a node that has it."
        }
        () if message.contains("Insufficient") => {
            "Lower the pod's requests, remove other workloads, or give the engine more memory or processors."
        }
        () if message.contains("anti-affinity") => {
            "Its rules keep its pods apart, and there are not enough nodes for that: loosen the rule, run fewer replicas, or add nodes."
        }
        () if message.contains("topology spread") => {
            "Loosen the topology spread constraint, or give the nodes the label that it spreads over."
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

/// Whether it is short of something that machines have.
fn of_the_machine(message: &str) -> bool {
    let resources = ["cpu", "memory", "ephemeral-storage", "pods", "hugepages"];
    resources.iter().any(|resource| message.contains(&format!("Insufficient {resource}")))
}

/// What the containers ask for, and what the pod insists on.
pub(super) fn wishes(pod: &Pod) -> String {
    let asked = pod.spec.containers.iter().filter(|container| !container.resources.requests.is_empty());
    let asked = asked.map(|container| {
        let requests = container.resources.requests.iter().map(|(resource, amount)| format!("{resource} {amount}"));
        format!("{} asks for {}", container.name, requests.collect::<Vec<_>>().join(", "))
    });
    let selector = pod.spec.node_selector.iter().map(|(key, value)| format!("a node labelled {key}={value}"));
    asked.chain(selector).collect::<Vec<_>>().join("; ")
}

/// One of the scheduler's reasons, without the number of nodes before it.
fn one(pod: &Pod, reason: &str, cluster: &dyn Cluster) -> String {
    let reason = reason.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return insufficient(pod, resource, cluster);
    }
    if reason == "Too many pods" {
        return "too many pods on the node".into();
    }
    if !reason.contains("untolerated taint") {
        return reason.replace("node(s)", "nodes");
    }
    match cluster.nodes().into_iter().find(|node| !node.is_ready()) {
        Some(node) => format!("node `{}` is not ready yet", node.metadata.name),
        None => "the nodes' taints keep it away".into(),
    }
}

fn insufficient(pod: &Pod, resource: &str, cluster: &dyn Cluster) -> String {
    let needs = requests(pod, resource);
    match free(resource, cluster) {
        Some(free) if needs > 0 => {
            format!("insufficient {resource} (needs {}, {} free)", show(resource, needs), show(resource, free.max(0)))
        }
        _ => format!("insufficient {resource}"),
    }
}

/// The most that any node has left.
fn free(resource: &str, cluster: &dyn Cluster) -> Option<Milli> {
    let mut used: BTreeMap<String, Milli> = BTreeMap::new();
    let pods = cluster.pods();
    for pod in pods.iter().filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")) {
        *used.entry(pod.spec.node_name.clone()).or_default() += requests(pod, resource);
    }
    let nodes = cluster.nodes();
    let left = nodes.iter().filter_map(|node| {
        let all = parse(node.status.allocatable.get(resource)?)?;
        Some(all - used.get(node.metadata.name.as_str()).copied().unwrap_or_default())
    });
    left.max()
}

/// What the scheduler sets aside for a pod: its containers together, or the largest init container.
fn requests(pod: &Pod, resource: &str) -> Milli {
    let of =
        |container: &Container| container.resources.requests.get(resource).and_then(|text| parse(text)).unwrap_or(0);
    let together: Milli = pod.spec.containers.iter().map(of).sum();
    pod.spec.init_containers.iter().map(of).fold(together, Milli::max)
}
