//! Why a cluster cannot be used.

use super::OLDEST_MINOR;
use crate::error::{ExitKind, Explain};
use crate::kubernetes::object::VersionedRef;

/// A cluster that a context leads to is of no use, or not for this.
#[derive(Debug, thiserror::Error)]
pub enum ExistingError {
    /// No file, or one that is no kubeconfig.
    #[error("the kubeconfig cannot be read: {why}")]
    Kubeconfig {
        /// What is wrong with it.
        why: String,
    },
    /// No context has that name.
    #[error("the kubeconfig has no context `{context}`")]
    UnknownContext {
        /// The name that was given.
        context: String,
        /// Names of the contexts there.
        known: Vec<String>,
    },
    /// Its entries do not lead to a client: certificates, an exec plugin, an address.
    #[error("context `{context}` of the kubeconfig cannot be used: {why}")]
    Unusable {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// The reasons, the outermost first.
        why: String,
    },
    /// Nothing answers in time, or what answers is no Kubernetes API.
    #[error("the Kubernetes API of context `{context}` does not answer: {why}")]
    Unreachable {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// The reasons, the outermost first.
        why: String,
    },
    /// The API knows nobody by these credentials, or lets nobody look.
    #[error("the Kubernetes API of context `{context}` does not let you in: {said}")]
    Refused {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// The API's own words.
        said: String,
    },
    /// The user is known, and may not do all that an installation does.
    #[error("you may not install a platform with context `{context}`: {} needed right{} missing", .missing.len(), if .missing.len() == 1 { " is" } else { "s are" })]
    Rights {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// What is not allowed, as `create deployments.apps`.
        missing: Vec<String>,
    },
    /// The API server is older than [`OLDEST_MINOR`].
    #[error("Kubernetes {version} is too old: a platform needs 1.{OLDEST_MINOR} or newer")]
    Old {
        /// Its version, as `v1.30.1`.
        version: String,
    },
    /// One platform a cluster, and it has one of another name.
    #[error("the cluster of context `{context}` has a platform already: `{had}`, not `{wanted}`")]
    OtherName {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// Name of the platform that is there.
        had: String,
        /// Name that was given.
        wanted: String,
    },
    /// The platform there was made from another stack.
    #[error("the cluster of context `{context}` has a platform with stack `{had}` already, not `{wanted}`")]
    OtherStack {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// The platform that is there, by the name that its record has.
        name: String,
        /// Stack that it has.
        had: String,
        /// Stack that was given.
        wanted: String,
    },
    /// It is one of our own, which goes by its name.
    #[error("context `{context}` leads to platform `{name}`, whose cluster backstack made")]
    Own {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// The platform that the context belongs to, as `--name` has it.
        name: String,
    },
    /// Nothing there was installed by backstack.
    #[error("there is no platform on the cluster of context `{context}`")]
    NoPlatform {
        /// The kubeconfig context that was named with `--context`.
        context: String,
    },
    /// Built images have to be pushed somewhere, and no `--push-to` says where.
    #[error(
        "images have to be built from packages, and the cluster of context `{context}` has nowhere to pull them from"
    )]
    NoRegistry {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// Why images have to be built, or what of a registry is lacking.
        why: String,
    },
    /// Objects of others are in the way, and are left alone.
    #[error("the cluster of context `{context}` has objects of the same names that this platform did not make")]
    Conflicts {
        /// The kubeconfig context that was named with `--context`.
        context: String,
        /// Component, and the object of it that is there already.
        objects: Vec<(String, VersionedRef)>,
    },
}

impl Explain for ExistingError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Kubeconfig { .. }
            | Self::UnknownContext { .. }
            | Self::Unusable { .. }
            | Self::OtherName { .. }
            | Self::OtherStack { .. }
            | Self::Own { .. }
            | Self::NoPlatform { .. }
            | Self::NoRegistry { .. } => ExitKind::Usage,
            Self::Unreachable { .. } | Self::Refused { .. } => ExitKind::Cluster,
            Self::Rights { .. } | Self::Old { .. } | Self::Conflicts { .. } => ExitKind::Prerequisite,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Rights { missing, .. } => missing.clone(),
            Self::NoRegistry { why, .. } => vec![why.clone()],
            Self::Conflicts { objects, .. } => {
                objects.iter().map(|(component, object)| format!("{object} (component {component})")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Kubeconfig { .. } => "Point KUBECONFIG at the file that `kubectl` uses for the cluster.".into(),
            Self::UnknownContext { known, .. } if known.is_empty() => {
                "It has none: point KUBECONFIG at another file.".into()
            }
            Self::UnknownContext { known, .. } => format!("It has: {}.", known.join(", ")),
            Self::Unusable { context, .. } | Self::Unreachable { context, .. } | Self::Refused { context, .. } => {
                format!("See whether `kubectl --context {context} version` works.")
            }
            Self::Rights { .. } => {
                "Use a context of a cluster administrator, or ask for the ClusterRole `cluster-admin`.".into()
            }
            Self::Old { .. } => {
                "Upgrade the cluster, or let `backstack up` without --context make one of its own.".into()
            }
            Self::OtherName { context, had, .. } => {
                format!(
                    "Give `--name {had}` to go on with it, or take it away: `backstack down --context {context} --name {had}`."
                )
            }
            Self::OtherStack { context, name, .. } => {
                format!(
                    "Leave --stack out to go on with it, or take it away first: `backstack down --context {context} --name {name}`."
                )
            }
            Self::Own { name, .. } => format!("Give `--name {name}` instead of --context."),
            Self::NoPlatform { context } => format!("`backstack up --context {context}` makes one."),
            Self::NoRegistry { .. } => {
                "Give `--push-to HOST[:PORT]/PREFIX`: a registry that you may push to and the cluster can pull from."
                    .into()
            }
            Self::Conflicts { objects, .. } => {
                let mut names: Vec<_> = objects.iter().map(|(component, _)| format!("--without {component}")).collect();
                names.dedup();
                format!(
                    "Objects that backstack did not make are never changed: leave these components out (`{}`), or remove what is there.",
                    names.join(" ")
                )
            }
        };
        vec![hint]
    }
}
