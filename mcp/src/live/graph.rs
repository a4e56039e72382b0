//! What a thing is made of: every object below it, with its health, down to the pods.

use serde::Serialize;
use serde_json::Value;

use super::diagnose::Walk;
use super::health::{self, Health};
use super::snapshot::Snapshot;
use super::target::typed;

/// One object of a graph.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Node {
    /// Number of this node; its parent is one before it.
    pub id: usize,
    /// `id` of the node above; `None` at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// How many nodes stand above it; 0 at the top.
    pub depth: usize,
    /// As it is typed to ask about it, `Kind:namespace/name`.
    pub object: String,
    /// `degraded`, `progressing`, `present` or `healthy`.
    pub health: &'static str,
    /// What keeps it from being healthy; empty if nothing does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// All nodes below these objects, parents before children.
pub fn below(snapshot: &Snapshot, roots: &[&Value]) -> Vec<Node> {
    let walk = Walk::from(snapshot, roots);
    let steps = walk.steps.iter().enumerate();
    let shown = steps.filter(|(_, step)| !is_noise(step.object));
    let nodes = shown.map(|(id, step)| {
        let (health, why) = match step.object {
            Some(object) => health::of(snapshot, object),
            None if snapshot.has_kind(&step.at.group, &step.at.kind) => (Health::Degraded, "does not exist".into()),
            None => (Health::Present, "of a kind that is not looked at".into()),
        };
        let word = match health {
            Health::Degraded => "degraded",
            Health::Progressing => "progressing",
            Health::Present => "present",
            Health::Healthy => "healthy",
        };
        Node { id, parent: step.parent, depth: step.depth, object: typed(&step.at), health: word, why }
    });
    nodes.collect()
}

/// Sets of earlier rollouts, slices, records of history.
fn is_noise(object: Option<&Value>) -> bool {
    let Some(object) = object else { return false };
    let kind = super::object::text(object, "/kind");
    let empty_set = kind == "ReplicaSet" && super::object::number(object, "/spec/replicas") == 0;
    empty_set || matches!(kind, "ControllerRevision" | "EndpointSlice" | "CompositionRevision") || (kind == "Lease")
}
