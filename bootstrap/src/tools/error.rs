//! What can go wrong with a platform's programs.

use std::path::PathBuf;

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};

/// A program cannot be run or copied.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    #[error(transparent)]
    Engine(#[from] ClusterError),
    #[error("this platform has no program `{name}`")]
    Unknown { name: String, known: Vec<String> },
    #[error("program `{name}` cannot be copied from image {image}")]
    NotInImage { name: String, image: String, said: String },
    #[error("programs for {theirs} do not run on {here}")]
    OtherMachine { theirs: String, here: String },
    #[error("{} has files already that were not put there by this command: {}", folder.display(), names.join(", "))]
    NotOurs { folder: PathBuf, names: Vec<String> },
    #[error("{} cannot be written: {why}", path.display())]
    Unwritable { path: PathBuf, why: String },
}

impl Explain for ToolsError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Unknown { .. } | Self::NotOurs { .. } | Self::Unwritable { .. } => ExitKind::Usage,
            Self::NotInImage { .. } => ExitKind::Image,
            Self::OtherMachine { .. } => ExitKind::Prerequisite,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            Self::NotInImage { said, .. } => said.lines().map(|line| format!("| {line}")).collect(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::Unknown { known, .. } => vec![format!(
                "It has: {}. Whatever else the control plane's node has can be run as well, as `bash`.",
                known.join(", ")
            )],
            Self::NotInImage { .. } => {
                vec!["Run `backstack up` again: it brings images that are missing into the local registry.".into()]
            }
            Self::OtherMachine { .. } => vec!["Run them where they are: `backstack exec -- kubectl get pods`.".into()],
            Self::NotOurs { .. } => {
                vec!["Name another folder, as `backstack tools ./bin`, or move those files away.".into()]
            }
            Self::Unwritable { .. } => vec!["Name a folder that you may write to, with room for the programs.".into()],
        }
    }
}
