//! What is known of a checkpoint without opening it.

use serde::{Deserialize, Serialize};

use super::Kinds;

/// A checkpoint, told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    /// When it was made, in UTC (RFC 3339).
    pub created: String,
    /// Version of backstack that made it.
    pub made_by: String,
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
