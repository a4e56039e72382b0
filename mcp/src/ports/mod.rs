//! What this crate reads, as traits. The program implements them (see `bootstrap/src/assistant`); tests use fakes.

mod cluster;
mod entities;
mod git;

pub use cluster::{Cluster, ComponentState, DryRun, LogQuery, NodeState, PlatformState, Platforms, RouteState};
pub use entities::{EntitySource, Snapshot};
pub use git::GitServer;

use crate::error::{ErrorKind, ToolError};

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    pub kind: ErrorKind,
    /// Names the thing and what is wrong.
    pub message: String,
    /// What a person or a model can do about it.
    pub hints: Vec<String>,
}

impl PortError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<PortError> for ToolError {
    fn from(error: PortError) -> Self {
        let mut tool = Self::new(error.kind, error.message);
        tool.hints = error.hints;
        tool
    }
}
