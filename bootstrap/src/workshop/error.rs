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
    /// What is wrong there.
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
    /// Comments or texts of the built-in pages are not in the format.
    #[error("pages of the course are not valid")]
    Malformed {
        /// What is wrong, each with page and line.
        faults: Vec<Fault>,
    },
    /// No page begins a track of that name.
    #[error("the course has no track `{name}`")]
    NoTrack {
        /// The name that was given.
        name: String,
        /// Names of the tracks there are.
        known: Vec<String>,
    },
    /// Its steps name things of the platform that only one learner can have.
    #[error("track `{track}` is for one learner on a platform")]
    Alone {
        /// The track that was asked for.
        track: String,
        /// Names of the tracks that several can take at once.
        several: Vec<String>,
    },
    /// Namespaces and an account are called after a learner.
    #[error("`{name}` is no name for a learner: {why}")]
    Learner {
        /// The name that was given.
        name: String,
        /// What is wrong with it, in words.
        why: &'static str,
    },
    /// The account is not one that a learner was given.
    #[error("somebody is called `{name}` on the Git server already")]
    Somebody {
        /// The name that was given.
        name: String,
    },
    /// None of the platform's credentials is for an administrator of the Git server.
    #[error("nobody is known who may make accounts on the Git server")]
    NoAdministrator,
    /// The learner stands at a step that the page has no more.
    #[error("track `{track}` has no step `{step}` in this version of the program")]
    NoStep {
        /// The track that was begun, as `developer`.
        track: String,
        /// Anchor of the step.
        step: String,
    },
    /// The cluster keeps no progress of this learner.
    #[error("nobody has begun the course on platform `{platform}`")]
    NotBegun {
        /// The platform whose cluster was asked, as `--name` has it.
        platform: String,
    },
    /// The next step was asked for, and this one's checks do not hold yet.
    #[error("step {number}, \"{step}\", is not done")]
    NotDone {
        /// Number of the step, from 1.
        number: usize,
        /// Its title.
        step: String,
    },
    /// There is no next step.
    #[error("the last step of track `{track}` is done")]
    Finished {
        /// The track that is done, as `developer`.
        track: String,
    },
    /// The checkpoint of the step's beginning is gone.
    #[error("step {number} has no checkpoint `{checkpoint}` to go back to")]
    NoWayBack {
        /// Number of the step, from 1.
        number: usize,
        /// Name of that checkpoint.
        checkpoint: String,
    },
    /// Nobody of that name is among the platform's credentials.
    #[error("the platform has nobody called `{user}` who signs in with a password")]
    NoPerson {
        /// The name that a page or track asks for.
        user: String,
        /// Names that are known.
        known: Vec<String>,
    },
    /// Whoever else may approve is the author, or cannot sign in.
    #[error("nobody but {author} can be asked to approve what {author} proposed")]
    NoColleague {
        /// Login of the author.
        author: String,
    },
    /// A step is to be solved by merging, and nothing waits for that.
    #[error("there is no open pull request with {file} in {repository}")]
    NoPullRequest {
        /// Repository, without its owner.
        repository: String,
        /// Path of the file that the pull request would have.
        file: String,
    },
    /// The Git server answers with an error.
    #[error("the Git server did not {what}: {status} {said}")]
    Refused {
        /// What it was asked to do, as `merge the pull request`.
        what: String,
        /// Status of the HTTP answer, as 409.
        status: u16,
        /// Its own words; may be empty.
        said: String,
    },
    /// Bash ran, and ended with an error.
    #[error("a command of the step failed: {ended}")]
    Command {
        /// The commands that were run.
        script: String,
        /// How they ended, as `exit status: 1`.
        ended: String,
    },
    /// The program cannot be started.
    #[error("commands of the course need `bash`, which cannot be run")]
    NoShell {
        /// What the system says.
        source: std::io::Error,
    },
    /// The folder for a command's files cannot be made or filled.
    #[error("a command of the step cannot be prepared")]
    Folder {
        /// What the system says.
        source: std::io::Error,
    },
    /// The platform's authority is no certificate that a client would take.
    #[error("the platform's certificate cannot be used")]
    Certificate {
        /// What the HTTP client says.
        source: reqwest::Error,
    },
    /// The assistant's view of the platform does not answer.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The Kubernetes API does not answer, or refuses.
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The checkpoint of a step cannot be made or read.
    #[error(transparent)]
    Checkpoint(Box<CheckpointError>),
    /// The platform cannot be brought back to the beginning of a step.
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
