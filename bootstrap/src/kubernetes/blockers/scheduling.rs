//! Why no node takes a pod: the scheduler's words, with the numbers that it leaves out.

use std::collections::BTreeMap;

use super::sentence;
use crate::kubernetes::facts::{Container, Pod};
use crate::kubernetes::quantity::{Milli, parse, show};
use crate::kubernetes::view::View;

/// `0 of 1 nodes fit: insufficient memory (needs 512 Mi, 210 Mi free)`.
pub(super) fn explain(pod: &Pod, message: &str, view: &View) -> String {
    // What follows the first sentence is about pushing other pods off a node, which helps nobody here.
    let message = message.split(". ").next().unwrap_or(message);
    let Some((head, reasons)) = message.split_once(": ") else { return sentence(message).to_string() };
    let reasons: Vec<_> = reasons.split(", ").map(|reason| one(pod, sentence(reason), view)).collect();
    match head.strip_suffix(" nodes are available").and_then(|counts| counts.split_once('/')) {
        Some((fit, all)) => format!("{fit} of {all} nodes fit: {}", reasons.join("; ")),
        None => format!("{head}: {}", reasons.join("; ")),
    }
}

/// One of the scheduler's reasons, without the number of nodes before it.
fn one(pod: &Pod, reason: &str, view: &View) -> String {
    let reason = reason.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
    if let Some(resource) = reason.strip_prefix("Insufficient ") {
        return insufficient(pod, resource, view);
    }
    if reason == "Too many pods" {
        return "too many pods on the node".into();
    }
    let asleep = view.nodes.values().find(|node| !node.is_ready());
    match (reason.contains("untolerated taint"), asleep) {
        (true, Some(node)) => format!("node `{}` is not ready yet", node.metadata.name),
        (true, None) => "the nodes' taints keep it away".into(),
        _ => reason.replace("node(s)", "nodes"),
    }
}

fn insufficient(pod: &Pod, resource: &str, view: &View) -> String {
    let needs = requests(pod, resource);
    match free(resource, view) {
        Some(free) if needs > 0 => {
            format!("insufficient {resource} (needs {}, {} free)", show(resource, needs), show(resource, free.max(0)))
        }
        _ => format!("insufficient {resource}"),
    }
}

/// The most that any node has left.
fn free(resource: &str, view: &View) -> Option<Milli> {
    let mut used: BTreeMap<&str, Milli> = BTreeMap::new();
    let running = view.pods.values().filter(|pod| !matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"));
    for pod in running {
        *used.entry(&pod.spec.node_name).or_default() += requests(pod, resource);
    }
    let left = view.nodes.values().filter_map(|node| {
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
