//! What can go wrong between us and etcd.

use crate::docker::ClusterError;
use crate::error::{ExitKind, Explain};

/// The store of a platform cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum EtcdError {
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The node has no etcd, or lacks the certificates to ask it with.
    #[error("node `{node}` has no etcd that can be asked: {why}")]
    Unusable {
        /// Name of the control plane's node.
        node: String,
        /// What is missing there.
        why: String,
    },
    /// The connection fails, or breaks off.
    #[error("etcd in node `{node}` does not answer: {why}")]
    Silent {
        /// Name of the control plane's node.
        node: String,
        /// The reasons, the outermost first.
        why: String,
    },
    /// It answers with an error, or with what cannot be read.
    #[error("etcd refused what was asked of it: {said}")]
    Refused {
        /// Its own words.
        said: String,
    },
}

impl Explain for EtcdError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Engine(error) => error.kind(),
            _ => ExitKind::Cluster,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Engine(error) => return error.hints(),
            Self::Unusable { .. } => {
                "The node has to be one that kubeadm made with its own etcd, as those of `up` are."
            }
            Self::Silent { .. } | Self::Refused { .. } => {
                "Run the command again; `docker exec NODE journalctl -u kubelet` says more if it stays so."
            }
        };
        vec![hint.into()]
    }
}
