//! What can go wrong when a platform is brought back.

use std::time::Duration;

use crate::checkpoint::CheckpointError;
use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};

/// A platform cannot be brought back, or is not ready afterwards.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Engine(#[from] ClusterError),
    #[error("checkpoint `{name}` is of other nodes than the platform has now")]
    OtherNodes { name: String, then: Vec<String>, now: Vec<String> },
    #[error("the platform is as it was at the checkpoint, but not all of it is ready after {} s", waited.as_secs())]
    NotReady { waited: Duration, what: Vec<String> },
}

impl Explain for ResetError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Checkpoint(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::OtherNodes { .. } => ExitKind::Usage,
            Self::NotReady { .. } => ExitKind::Timeout,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Checkpoint(error) => error.details(),
            Self::Engine(error) => error.details(),
            Self::OtherNodes { then, now, .. } => {
                vec![format!("then: {}", then.join(", ")), format!("now: {}", now.join(", "))]
            }
            Self::NotReady { what, .. } => what.clone(),
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
            Self::NotReady { .. } => {
                "Run the same command again: it goes on from here. `backstack status` says what blocks."
            }
        };
        vec![hint.into()]
    }
}
