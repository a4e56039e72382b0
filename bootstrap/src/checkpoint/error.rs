//! What can go wrong with checkpoints.

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};
use crate::etcd::EtcdError;
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
            Self::Elsewhere { .. } | Self::Name { .. } | Self::Exists { .. } | Self::Unknown { .. } => ExitKind::Usage,
            Self::NotSetUp { .. } | Self::Broken { .. } => ExitKind::Cluster,
            Self::Packing(_) => ExitKind::Internal,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            Self::Etcd(error) => error.details(),
            Self::Api(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Engine(error) => return error.hints(),
            Self::Etcd(error) => return error.hints(),
            Self::Api(error) => return error.hints(),
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
