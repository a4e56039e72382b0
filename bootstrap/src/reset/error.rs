//! What can go wrong when a platform is brought back.

use crate::checkpoint::CheckpointError;
use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::settle::SettleError;

/// A platform cannot be brought back, or is not ready afterwards.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Engine(#[from] ClusterError),
    #[error("checkpoint `{name}` is of other nodes than the platform has now")]
    OtherNodes { name: String, then: Vec<String>, now: Vec<String> },
    #[error("the platform is as it was at the checkpoint, but does not come to run in full")]
    Settle(#[from] SettleError),
}

impl Explain for ResetError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Checkpoint(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::OtherNodes { .. } => ExitKind::Usage,
            Self::Settle(error) => error.kind(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Checkpoint(error) => error.details(),
            Self::Engine(error) => error.details(),
            Self::OtherNodes { then, now, .. } => {
                vec![format!("then: {}", then.join(", ")), format!("now: {}", now.join(", "))]
            }
            Self::Settle(error) => error.details(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Checkpoint(error) => return error.hints(),
            Self::Engine(error) => return error.hints(),
            Self::OtherNodes { .. } => {
                "Volumes lie on nodes, so a checkpoint fits only the nodes that it was made with. Choose a newer one: \
                 `backstack checkpoint list`."
            }
            Self::Settle(error) => return error.hints(),
        };
        vec![hint.into()]
    }
}
