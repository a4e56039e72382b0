//! What is known of a checkpoint without opening it.

use serde::{Deserialize, Serialize};

use super::Kinds;
use crate::settings::Record;

/// A checkpoint, told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its name within its platform: lower-case letters, digits and dashes.
    pub name: String,
    /// When it was made, in UTC (RFC 3339).
    pub created: String,
    /// Version of backstack that made it.
    pub made_by: String,
    /// The platform's stack as its record has it: a built-in name, or the path of a folder.
    pub stack: String,
    /// Empty where the stack's files could not be read.
    pub stack_version: String,
    /// Nodes that the platform had, control plane first.
    pub nodes: Vec<String>,
    /// What it takes on the disks of all nodes.
    pub bytes: u64,
    /// How many volumes.
    pub volumes: usize,
    /// For how long whatever has volumes was frozen.
    pub frozen_seconds: f64,
    /// Objects by kind.
    pub objects: Kinds,
    /// Workloads that had not all of their pods: nobody waits for those after a reset.
    pub not_ready: Vec<String>,
    /// Pods that ran and are no workload's: those of operators, and those that people made.
    #[serde(default)]
    pub pods: Vec<String>,
    /// The platform that it was taken of; none where a version before 0.2 made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What another machine has to know of the platform that a checkpoint was taken of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the platform.
    pub platform: String,
    /// What no other cluster has: the UID of the namespace `kube-system`. A platform that was made from a checkpoint has the
    /// one of the platform that it was taken of.
    pub cluster: String,
    /// Version of Kubernetes, with its leading `v`.
    pub kubernetes: String,
    /// Processor architecture, as Go names it.
    pub architecture: String,
    /// What the last `up` before it recorded.
    pub record: Record,
}

impl About {
    /// How many objects it has.
    pub fn count(&self) -> usize {
        self.objects.values().sum()
    }

    /// The stack with its version.
    pub fn stack(&self) -> String {
        format!("{} {}", self.stack, self.stack_version).trim_end().into()
    }
}
