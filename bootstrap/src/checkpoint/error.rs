//! What can go wrong with checkpoints.

use std::path::PathBuf;

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::etcd::EtcdError;
use crate::folders::NoHome;
use crate::images::bundle::BundleError;
use crate::images::bundle_writer::PackError;
use crate::images::{ImageError, RegistryError};
use crate::kubernetes;

/// A checkpoint cannot be made, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Engine(#[from] ClusterError),
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    #[error("the platform on the cluster of context `{context}` has no checkpoints and cannot be reset")]
    Elsewhere { context: String },
    #[error("`{name}` cannot be the name of a checkpoint: {why}")]
    Name { name: String, why: &'static str },
    #[error("there is a checkpoint `{name}` already")]
    Exists { name: String },
    #[error("platform `{platform}` has no checkpoint `{name}`")]
    Unknown { name: String, platform: String, known: Vec<String> },
    #[error("platform `{platform}` is not set up yet, so there is nothing to keep")]
    NotSetUp { platform: String },
    #[error("checkpoint `{name}` cannot be read")]
    Broken { name: String, source: std::io::Error },
    #[error("checkpoint `{name}` is of other nodes than the platform has now")]
    OtherNodes { name: String, then: Vec<String>, now: Vec<String> },
    #[error("the checkpoint in {}, made {made}, is of another cluster than platform `{platform}`", .path.display())]
    OtherCluster { path: PathBuf, platform: String, made: String },
    #[error(
        "checkpoint `{name}` was made by backstack {made_by}, which did not write down what another machine has to know"
    )]
    Old { name: String, made_by: String },
    #[error("there is no checkpoint in {}", .path.display())]
    NoneInFile { path: PathBuf },
    #[error("the checkpoint in {} cannot be read", .path.display())]
    BrokenFile { path: PathBuf, source: std::io::Error },
    #[error("the checkpoint in {} has a form that this program does not know: {kind}", .path.display())]
    Later { path: PathBuf, kind: String },
    #[error("`{address}` is no place for a checkpoint in a registry: {why}")]
    Address { address: String, why: String },
    #[error("registry {host} has no checkpoint {reference}")]
    NotInRegistry { host: String, reference: String },
    #[error("the checkpoint in {} cannot become platform `{wanted}`: {why}", .path.display())]
    Unfit { path: PathBuf, wanted: String, why: String, hint: String },
    #[error(transparent)]
    NoHome(#[from] NoHome),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("the objects of the platform cannot be packed")]
    Packing(#[from] std::io::Error),
}

impl CheckpointError {
    /// The cluster did not say what is in it.
    pub(crate) fn looking(source: kube::Error) -> Self {
        kubernetes::Error::request("look at the cluster")(source).into()
    }
}

impl Explain for CheckpointError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Etcd(error) => error.kind(),
            Self::Api(error) => error.kind(),
            Self::NoHome(error) => error.kind(),
            Self::Bundle(error) => error.kind(),
            Self::Pack(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Image(error) => error.kind(),
            Self::NotSetUp { .. } | Self::Broken { .. } => ExitKind::Cluster,
            Self::NotInRegistry { .. } => ExitKind::Image,
            Self::Packing(_) => ExitKind::Internal,
            _ => ExitKind::Usage,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            Self::Etcd(error) => error.details(),
            Self::Api(error) => error.details(),
            Self::Bundle(error) => error.details(),
            Self::Pack(error) => error.details(),
            Self::Registry(error) => error.details(),
            Self::Image(error) => error.details(),
            Self::OtherNodes { then, now, .. } => {
                vec![format!("then: {}", then.join(", ")), format!("now: {}", now.join(", "))]
            }
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Engine(error) => return error.hints(),
            Self::Etcd(error) => return error.hints(),
            Self::Api(error) => return error.hints(),
            Self::NoHome(error) => return error.hints(),
            Self::Bundle(error) => return error.hints(),
            Self::Pack(error) => return error.hints(),
            Self::Registry(error) => return error.hints(),
            Self::Image(error) => return error.hints(),
            Self::OtherNodes { .. } => "Volumes lie on nodes, so a checkpoint fits only the nodes that it was made with. Choose \
                 another one: `backstack checkpoint list`."
                .into(),
            Self::OtherCluster { path, platform, .. } => format!(
                "A platform takes checkpoints of itself, and those of the platform that it was made from. Make it from this one: \
                 `backstack down --name {platform}`, then `backstack up --checkpoint {}`.",
                path.display()
            ),
            Self::Old { .. } => "Go back to it with `backstack reset --to`, make a new one, and export that.".into(),
            Self::NoneInFile { .. } => "Name a file that `backstack checkpoint export` wrote.".into(),
            Self::BrokenFile { .. } => {
                "Copy it again from where you have it; `backstack bundle verify` says what of a copy is hurt.".into()
            }
            Self::Later { .. } => "Take the program that made it, or a later one.".into(),
            Self::Address { .. } => "Write it as `oci://registry.example/team/lab:1`.".into(),
            Self::NotInRegistry { .. } => "See that the address is right, and that you are signed in with `docker login`.".into(),
            Self::Unfit { hint, .. } => hint.clone(),
            Self::Elsewhere { .. } => "A checkpoint is taken and brought back past the Kubernetes API, in its store and on the disks of its \
                 nodes, which are not ours on a cluster that somebody else made. `backstack down --context` and `up --context` \
                 begin anew there."
                .into(),
            Self::Name { .. } => "Use lower-case letters, digits and dashes, as in `before-the-lab`.".into(),
            Self::Exists { name } => {
                format!("Choose another name, or remove it first: `backstack checkpoint delete {name}`.")
            }
            Self::Unknown { known, .. } if known.is_empty() => {
                "There is none: `backstack up` makes one when it is through, `backstack checkpoint create` another.".into()
            }
            Self::Unknown { known, .. } => format!("There are: {}.", known.join(", ")),
            Self::NotSetUp { .. } => "Run `backstack up` to the end.".into(),
            Self::Broken { name, .. } => {
                format!("Remove it with `backstack checkpoint delete {name}`, and go on with another one.")
            }
            Self::Packing(_) => "This should not happen: please report it, with what you ran.".into(),
        };
        vec![hint]
    }
}
