//! What can go wrong in the course.

use std::fmt;

use backstack_mcp::ports::PortError;

use crate::checkpoint::CheckpointError;
use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::kubernetes;
use crate::reset::ResetError;
use crate::words::did_you_mean;

/// Something wrong in a page of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Below workshop-docs/.
    pub page: String,
    /// From 1.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.page, self.line, self.what)
    }
}

/// The course cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    #[error("pages of the course are not as they have to be")]
    Malformed { faults: Vec<Fault> },
    #[error("the course has no track `{name}`")]
    NoTrack { name: String, known: Vec<String> },
    #[error("track `{track}` is for one learner on a platform")]
    Alone { track: String, several: Vec<String> },
    #[error("`{name}` is no name for a learner: {why}")]
    Learner { name: String, why: &'static str },
    #[error("somebody is called `{name}` on the Git server already")]
    Somebody { name: String },
    #[error("nobody is known who may make accounts on the Git server")]
    NoAdministrator,
    #[error("track `{track}` has no step `{step}` in this version of the program")]
    NoStep { track: String, step: String },
    #[error("nobody has begun the course on platform `{platform}`")]
    NotBegun { platform: String },
    #[error("step {number}, \"{step}\", is not done")]
    NotDone { number: usize, step: String },
    #[error("the last step of track `{track}` is done")]
    Finished { track: String },
    #[error("step {number} has no checkpoint `{checkpoint}` to go back to")]
    NoWayBack { number: usize, checkpoint: String },
    #[error("the platform has nobody called `{user}` who signs in with a password")]
    NoPerson { user: String, known: Vec<String> },
    #[error("nobody but {author} can be asked to approve what {author} proposed")]
    NoColleague { author: String },
    #[error("there is no open pull request with {file} in {repository}")]
    NoPullRequest { repository: String, file: String },
    #[error("the Git server did not {what}: {status} {said}")]
    Refused { what: String, status: u16, said: String },
    #[error("a command of the step failed: {ended}")]
    Command { script: String, ended: String },
    #[error("commands of the course need `bash`, which cannot be run")]
    NoShell { source: std::io::Error },
    #[error("a command of the step cannot be prepared")]
    Folder { source: std::io::Error },
    #[error("the platform's certificate cannot be used")]
    Certificate { source: reqwest::Error },
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    #[error(transparent)]
    Engine(#[from] ClusterError),
    #[error(transparent)]
    Checkpoint(Box<CheckpointError>),
    #[error(transparent)]
    Reset(Box<ResetError>),
}

// They are large, and an error is handed on by value.
impl From<CheckpointError> for WorkshopError {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(Box::new(error))
    }
}

impl From<ResetError> for WorkshopError {
    fn from(error: ResetError) -> Self {
        Self::Reset(Box::new(error))
    }
}

impl WorkshopError {
    pub(super) fn folder(source: std::io::Error) -> Self {
        Self::Folder { source }
    }
}

impl Explain for WorkshopError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Malformed { .. } | Self::Folder { .. } => ExitKind::Internal,
            Self::NoTrack { .. }
            | Self::NotBegun { .. }
            | Self::NotDone { .. }
            | Self::Finished { .. }
            | Self::NoStep { .. }
            | Self::Alone { .. }
            | Self::Learner { .. }
            | Self::Somebody { .. } => ExitKind::Usage,
            Self::NoShell { .. } => ExitKind::Prerequisite,
            Self::Api(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Checkpoint(error) => error.kind(),
            Self::Reset(error) => error.kind(),
            _ => ExitKind::Cluster,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Malformed { faults } => faults.iter().map(ToString::to_string).collect(),
            Self::Command { script, .. } => script.lines().map(Into::into).collect(),
            Self::Api(error) => error.details(),
            Self::Engine(error) => error.details(),
            Self::Checkpoint(error) => error.details(),
            Self::Reset(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Port(error) => return error.hints.clone(),
            Self::Api(error) => return error.hints(),
            Self::Engine(error) => return error.hints(),
            Self::Checkpoint(error) => return error.hints(),
            Self::Reset(error) => return error.hints(),
            Self::NoTrack { name, known } => {
                let guess = did_you_mean(name, known.iter().map(String::as_str));
                let end = if guess.is_empty() { "." } else { &guess };
                format!("There are: {}{end} `backstack workshop list` shows what each is about.", known.join(", "))
            }
            Self::Alone { several, .. } => format!(
                "It changes what all share. For several there are: {}. Leave --learner out where you have the platform alone.",
                several.join(", ")
            ),
            Self::NoPerson { known, .. } => format!("`backstack credentials` knows: {}.", known.join(", ")),
            other => other.next().into(),
        };
        vec![hint]
    }
}

impl WorkshopError {
    /// What to do next, where that is always the same.
    fn next(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "`backstack docs read reference/workshop-format.md` tells how they are written.",
            Self::NoStep { .. } => {
                "The page is another one than when the track was begun: `backstack workshop start` begins anew."
            }
            Self::Learner { .. } => "It is one word, as in `--learner ada`.",
            Self::Somebody { .. } => {
                "Take another name: the account of a learner is made by `backstack workshop start`."
            }
            Self::NotBegun { .. } => {
                "`backstack workshop start` begins with the first track; `backstack workshop list` shows all."
            }
            Self::NotDone { .. } => {
                "`backstack workshop check` says what is lacking, `backstack workshop solve` does it for you, and `backstack workshop next --skip` leaves it out."
            }
            Self::Finished { .. } => {
                "`backstack workshop list` shows what else there is; `backstack workshop stop` takes away what the course made."
            }
            Self::NoWayBack { .. } => {
                "Somebody deleted it, or the program was cut off while it was made. `backstack checkpoint list` shows what there is; `backstack workshop start` begins the track anew."
            }
            Self::NoColleague { .. } => "Approve and merge it by hand in the Git server.",
            Self::NoPullRequest { .. } => {
                "It is merged or closed already, or was never made: `backstack workshop reset` goes to the beginning of the step."
            }
            Self::Refused { .. } => {
                "Look at the pull request in the Git server; `backstack workshop reset` goes to the beginning of the step."
            }
            Self::Command { .. } => {
                "Run it by hand to see more; `backstack workshop reset` goes to the beginning of the step, where it may have been begun otherwise."
            }
            Self::NoShell { .. } => "Install bash (on Windows it comes with Git), or do the step by hand.",
            Self::Folder { .. } => "See that there is space in the folder for temporary files.",
            _ => "Run `backstack up` again, which repairs what the platform needs.",
        }
    }
}
