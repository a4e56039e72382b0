//! Errors of tools, as the command line explains them.

use backstack_mcp::ToolError;
use backstack_mcp::error::ErrorKind;

use crate::error::{ExitKind, Explain};

/// An error of a tool, on the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AskError(pub ToolError);

impl Explain for AskError {
    fn kind(&self) -> ExitKind {
        match self.0.kind {
            ErrorKind::Unavailable | ErrorKind::Forbidden => ExitKind::Cluster,
            ErrorKind::Timeout => ExitKind::Timeout,
            ErrorKind::Internal => ExitKind::Internal,
            _ => ExitKind::Usage,
        }
    }

    fn details(&self) -> Vec<String> {
        self.0.candidates.iter().take(20).map(|name| format!("possibly meant: {name}")).collect()
    }

    fn hints(&self) -> Vec<String> {
        self.0.hints.clone()
    }
}
