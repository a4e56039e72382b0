//! What can go wrong when an API is packed or installed.

use std::io;
use std::time::Duration;

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::images::{ImageError, RegistryError};
use crate::kubernetes;
use crate::words::did_you_mean;

/// An API cannot be packed or installed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No definition is called so.
    #[error("this platform has no API `{wanted}`")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// Names of the definitions there are.
        known: Vec<String>,
    },
    /// Several definitions have that kind or plural.
    #[error("`{wanted}` may be any of {} APIs", .known.len())]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Names of the definitions that it may mean.
        known: Vec<String>,
    },
    /// Nothing would answer its orders.
    #[error("API {definition} has no composition")]
    NoComposition {
        /// Name of the definition, as `apps.example.org`.
        definition: String,
    },
    /// The package could not name all that it needs.
    #[error("composition {composition} runs function `{function}`, which this platform does not have")]
    NoFunction {
        /// Name of the composition.
        composition: String,
        /// Name of the Function in its pipeline.
        function: String,
    },
    /// No group of Kubernetes can be called so.
    #[error("`{group}` is no group for an API: {why}")]
    Group {
        /// The group that was given.
        group: String,
        /// What is wrong with it, in words.
        why: String,
    },
    /// Crossplane takes semantic versions only.
    #[error("`{version}` is no version for a package")]
    Version {
        /// The version that was given.
        version: String,
    },
    /// It does not say where a registry is.
    #[error("`{address}` is no address for a package: {why}")]
    Address {
        /// The address that was given.
        address: String,
        /// What is wrong with it, in words.
        why: String,
    },
    /// The platform keeps no record of one, or it does not run.
    #[error("no registry of this platform is known")]
    NoRegistry,
    /// A version that somebody has is never replaced.
    #[error("{place} is there already, with something else in it")]
    Taken {
        /// Where it was to go, as `HOST/REPOSITORY:TAG`.
        place: String,
    },
    /// The temporary folder of the package is full or forbidden.
    #[error("the package cannot be written")]
    Folder {
        /// What the system says.
        source: io::Error,
    },
    /// Whoever applied it would go on doing so, against the package.
    #[error("{definition} is on this platform already, and not from a package")]
    Occupied {
        /// Name of the definition, as `apps.example.org`.
        definition: String,
    },
    /// Crossplane did not come to an end with it.
    #[error("Configuration `{name}` is not ready after {} s", waited.as_secs())]
    NotReady {
        /// Name of the Configuration.
        name: String,
        /// How long that was waited for.
        waited: Duration,
        /// What Crossplane says of it and of its revision.
        why: Vec<String>,
    },
    /// The registry refuses it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Its reference is malformed, or the cache cannot be used.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine does not say where the registry is.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The Kubernetes API refuses something.
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
}

impl Explain for ApiError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Unknown { .. }
            | Self::Ambiguous { .. }
            | Self::NoComposition { .. }
            | Self::NoFunction { .. }
            | Self::Group { .. }
            | Self::Version { .. }
            | Self::Address { .. }
            | Self::NoRegistry
            | Self::Taken { .. }
            | Self::Occupied { .. } => ExitKind::Usage,
            Self::Folder { .. } => ExitKind::Internal,
            Self::NotReady { .. } => ExitKind::Timeout,
            Self::Registry(error) => error.kind(),
            Self::Image(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Api(error) => error.kind(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NotReady { why, .. } => why.clone(),
            Self::Ambiguous { known, .. } => known.clone(),
            Self::Registry(error) => error.details(),
            Self::Image(error) => error.details(),
            Self::Engine(error) => error.details(),
            Self::Api(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Self::Unknown { known, .. } if known.is_empty() => {
                one("It has no composite API at all: its stack needs Crossplane, as the stack `back` has it.".into())
            }
            Self::Unknown { wanted, known } => {
                let meant = did_you_mean(wanted, known.iter().map(String::as_str));
                let there_are = format!("There are: {}", known.join(", "));
                vec![if meant.is_empty() { there_are + "." } else { there_are + &meant }]
            }
            Self::Ambiguous { .. } => one("Name one of these in full.".into()),
            Self::NoComposition { .. } => {
                one("Write one first: without it, an order of the API would never become anything.".into())
            }
            Self::NoFunction { .. } => {
                one("`kubectl get functions` shows those that there are; mend the composition's pipeline.".into())
            }
            Self::Group { .. } => one("It is a domain of yours, as in `--group platform.example.com`.".into()),
            Self::Version { .. } => one("It has three numbers, as in `--version v0.2.0`.".into()),
            Self::Address { .. } => {
                one("Write it as `--to oci://registry.example/team/app`; `--version` gives the tag.".into())
            }
            Self::NoRegistry => one("Name one that the cluster can reach, with `--to oci://HOST/REPOSITORY`.".into()),
            Self::Taken { .. } => {
                one("A version stays what it is, for whoever has it: give this one another with `--version`.".into())
            }
            Self::Folder { .. } => one("Make room where temporary files lie (TMPDIR).".into()),
            Self::Occupied { .. } => vec![
                "Two owners would change it back and forth, and the package would take it and its orders away when it goes."
                    .into(),
                "Install it under a group of its own with `--group`, or on another platform.".into(),
            ],
            Self::NotReady { name, .. } => {
                one(format!("`kubectl describe configuration {name}` and its configurationrevisions say more."))
            }
            Self::Registry(error) => error.hints(),
            Self::Image(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::Api(error) => error.hints(),
        }
    }
}
