//! What can go wrong with trust stores.

use std::path::PathBuf;

use crate::error::{ExitKind, Explain};

/// A trust store cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file of the store is there, and cannot be read.
    #[error("the trust store {} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program that changes the store cannot be run, or fails.
    #[error("the command `{command}` for the trust store failed")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// What it wrote to its standard error; empty if it did not run.
        said: String,
        /// Why it did not run; `None` if it did.
        source: Option<std::io::Error>,
    },
}

impl Explain for TrustError {
    fn kind(&self) -> ExitKind {
        ExitKind::Prerequisite
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { said, .. } => said.lines().take(5).map(String::from).collect(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Read { .. } => "See that you can read it; the system's own store is everybody's to read.".into(),
            Self::Failed { .. } => {
                "The system's store is changed by root: run it where `sudo` may be used, or add what `backstack ca` prints by hand."
                    .into()
            }
        }]
    }
}
