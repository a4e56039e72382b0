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
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The store behind the Kubernetes API cannot be read or written.
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    /// The Kubernetes API does not answer, or refuses.
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    /// Somebody else made the cluster, so its store and disks are not ours.
    #[error("the platform on the cluster of context `{context}` has no checkpoints and cannot be reset")]
    Elsewhere {
        /// The kubeconfig context that was named.
        context: String,
    },
    /// The name would be no good as that of a folder.
    #[error("`{name}` cannot be the name of a checkpoint: {why}")]
    Name {
        /// The name that was given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// One of that name is there, and was not to be replaced.
    #[error("there is a checkpoint `{name}` already")]
    Exists {
        /// The checkpoint that is there under this name.
        name: String,
    },
    /// None has that name.
    #[error("platform `{platform}` has no checkpoint `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The platform that was looked at.
        platform: String,
        /// Names of those that there are.
        known: Vec<String>,
    },
    /// `up` was not through with it, so the cluster has no record.
    #[error("platform `{platform}` is not set up yet, so there is nothing to keep")]
    NotSetUp {
        /// The platform that was to be kept, as `--name` has it.
        platform: String,
    },
    /// Its file of objects is damaged, or not there.
    #[error("checkpoint `{name}` cannot be read")]
    Broken {
        /// The checkpoint whose file it is.
        name: String,
        /// What is wrong with the file.
        source: std::io::Error,
    },
    /// Volumes lie on nodes, and those are others now.
    #[error("checkpoint `{name}` is of other nodes than the platform has now")]
    OtherNodes {
        /// The checkpoint that was to be brought back or taken in.
        name: String,
        /// Nodes that the platform had.
        then: Vec<String>,
        /// Nodes that it has now.
        now: Vec<String>,
    },
    /// It comes from a cluster that this platform neither is nor was made from.
    #[error("the checkpoint in {}, made {made}, is of another cluster than platform `{platform}`", .path.display())]
    OtherCluster {
        /// The file with the checkpoint.
        path: PathBuf,
        /// The platform that it was to go into.
        platform: String,
        /// When it was made, as RFC 3339.
        made: String,
    },
    /// A version before 0.2 made it, so that it cannot leave its platform.
    #[error(
        "checkpoint `{name}` was made by backstack {made_by}, which did not write down what another machine has to know"
    )]
    Old {
        /// The checkpoint that was to be exported.
        name: String,
        /// The version of backstack that made it.
        made_by: String,
    },
    /// The file is a bundle, and one without a checkpoint.
    #[error("there is no checkpoint in {}", .path.display())]
    NoneInFile {
        /// The file that was named.
        path: PathBuf,
    },
    /// The file, or a part of it that is needed, is damaged.
    #[error("the checkpoint in {} cannot be read", .path.display())]
    BrokenFile {
        /// The file that was named.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// A later version of backstack gave it another form.
    #[error("the checkpoint in {} has a form that this program does not know: {kind}", .path.display())]
    Later {
        /// The file that was named.
        path: PathBuf,
        /// Its artifact type, which names the form.
        kind: String,
    },
    /// The address does not begin with `oci://`, or has no registry's name, or is no reference.
    #[error("`{address}` is no place for a checkpoint in a registry: {why}")]
    Address {
        /// The address that was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The registry answers, and has none there, or hides it from who is not signed in.
    #[error("registry {host} has no checkpoint {reference}")]
    NotInRegistry {
        /// `HOST[:PORT]` of the registry.
        host: String,
        /// The whole reference, as `registry.example/team/lab:1`.
        reference: String,
    },
    /// It was taken of a platform that differs in what cannot be changed.
    #[error("the checkpoint in {} cannot become platform `{wanted}`: {why}", .path.display())]
    Unfit {
        /// The file with the checkpoint.
        path: PathBuf,
        /// Name of the platform that it was to become.
        wanted: String,
        /// What differs.
        why: String,
        /// What to do about it, as a sentence.
        hint: String,
    },
    /// HOME names no folder, so there is no place for the image cache.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// The file is no bundle, or cannot be opened.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The file cannot be written.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A registry does not answer, or refuses.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Something cannot be fetched from a registry.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Writing into memory failed: a fault of this program.
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
