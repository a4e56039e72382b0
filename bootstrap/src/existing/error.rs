//! Why a cluster cannot be used.

use super::OLDEST_MINOR;
use crate::error::{ExitKind, Explain};
use crate::kubernetes::object::ObjectRef;

#[derive(Debug, thiserror::Error)]
pub enum ExistingError {
    #[error("the kubeconfig cannot be read: {why}")]
    Kubeconfig { why: String },
    #[error("the kubeconfig has no context `{context}`")]
    UnknownContext { context: String, known: Vec<String> },
    #[error("context `{context}` of the kubeconfig cannot be used: {why}")]
    Unusable { context: String, why: String },
    #[error("the Kubernetes API of context `{context}` does not answer: {why}")]
    Unreachable { context: String, why: String },
    #[error("the Kubernetes API of context `{context}` does not let you in: {said}")]
    Refused { context: String, said: String },
    #[error("you may not install a platform with context `{context}`: {} needed right{} missing", .missing.len(), if .missing.len() == 1 { " is" } else { "s are" })]
    Rights { context: String, missing: Vec<String> },
    #[error("Kubernetes {version} is too old: a platform needs 1.{OLDEST_MINOR} or newer")]
    Old { version: String },
    #[error("the cluster of context `{context}` has a platform already: `{had}`, not `{wanted}`")]
    OtherName { context: String, had: String, wanted: String },
    #[error("the cluster of context `{context}` has a platform with stack `{had}` already, not `{wanted}`")]
    OtherStack { context: String, name: String, had: String, wanted: String },
    #[error("context `{context}` leads to platform `{name}`, whose cluster backstack made")]
    Own { context: String, name: String },
    #[error("there is no platform on the cluster of context `{context}`")]
    NoPlatform { context: String },
    #[error(
        "images have to be built from packages, and the cluster of context `{context}` has nowhere to pull them from"
    )]
    NoRegistry { context: String, why: String },
    #[error("the cluster of context `{context}` has objects of the same names that this platform did not make")]
    Conflicts { context: String, objects: Vec<(String, ObjectRef)> },
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
                    "Nothing of others is touched: leave these components out (`{}`), or remove what is there.",
                    names.join(" ")
                )
            }
        };
        vec![hint]
    }
}
