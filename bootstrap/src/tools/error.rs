//! What can go wrong with a platform's programs.

use std::path::PathBuf;

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};

/// A program cannot be run or copied.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// Neither the platform declares such a program, nor the node has one.
    #[error("this platform has no program `{name}`")]
    Unknown {
        /// The name that was typed.
        name: String,
        /// Names of the programs that the platform declares.
        known: Vec<String>,
    },
    /// The image cannot be pulled into the node, or the program is not where it was declared.
    #[error("program `{name}` cannot be copied from image {image}")]
    NotInImage {
        /// Name of the program.
        name: String,
        /// Reference of the image, as the node pulls it.
        image: String,
        /// What the commands in the node said.
        said: String,
    },
    /// The engine's machine has another system or processor than this one.
    #[error("programs for {theirs} do not run on {here}")]
    OtherMachine {
        /// System and processor of the programs, as `linux/arm64`.
        theirs: String,
        /// System and processor of this machine.
        here: String,
    },
    /// Files are there that another `tools` did not write, or that were changed since.
    #[error("{} has files already that were not put there by this command: {}", folder.display(), names.join(", "))]
    NotOurs {
        /// The folder that was named.
        folder: PathBuf,
        /// Names of those files.
        names: Vec<String>,
    },
    /// The disk is full, or the folder is not the user's.
    #[error("{} cannot be written: {why}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
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
