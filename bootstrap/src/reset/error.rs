//! What can go wrong when a platform is brought back.

use crate::checkpoint::CheckpointError;
use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::settle::SettleError;

/// A platform cannot be brought back, or is not ready afterwards.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The checkpoint cannot be read, or does not fit this platform.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// All was written, and not all that should run does so in time.
    #[error("the platform is as it was at the checkpoint, but does not come to run in full")]
    Settle(#[from] SettleError),
    /// Something takes away what was just brought back.
    #[error("volumes of the platform were taken away {attempts} times while it was brought back")]
    VolumesLost {
        /// How often all of it was brought back.
        attempts: u32,
    },
}

impl Explain for ResetError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Checkpoint(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Settle(error) => error.kind(),
            Self::VolumesLost { .. } => ExitKind::Cluster,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Checkpoint(error) => error.details(),
            Self::Engine(error) => error.details(),
            Self::Settle(error) => error.details(),
            Self::VolumesLost { .. } => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Checkpoint(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::Settle(error) => error.hints(),
            Self::VolumesLost { .. } => vec![
                "Something deletes what comes back, such as a script or a finalizer that is still at work: end it, then run the \
                 same command again."
                    .into(),
            ],
        }
    }
}
