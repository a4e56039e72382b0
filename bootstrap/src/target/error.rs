//! Why a target does not answer.

use super::ExistingError;
use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};

/// What a platform is made in cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No engine answers.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The cluster of a context does not.
    #[error(transparent)]
    Cluster(#[from] ExistingError),
}

impl Explain for ConnectError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Cluster(error) => error.kind(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            Self::Cluster(error) => error.details(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::Cluster(error) => error.hints(),
        }
    }
}
