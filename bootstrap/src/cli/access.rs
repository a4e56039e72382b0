//! Which platform a command is about, as it is typed.

use clap::Args;

use crate::checkpoint::CheckpointError;
use crate::docker::ClusterError;
use crate::error::Failure;
use crate::settings::Record;
use crate::stack::{Stack, StackErrors, StackSource};
use crate::target::Target;
use crate::target::local::{Platform, Running};

/// Which platform is meant, for commands that read or change one.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TargetArgs {
    /// Platform on the cluster of this kubeconfig context, instead of one that backstack made
    #[arg(long, env = "BACKSTACK_CONTEXT", value_name = "CONTEXT")]
    pub context: Option<String>,
}

impl TargetArgs {
    /// What was typed, as a target.
    pub(super) fn target(&self) -> Target {
        Target::of(self.context.clone())
    }
}

/// A platform of our own that runs, for commands that look behind its API.
///
/// # Errors
/// There is none, it does not run, or [`CheckpointError::Elsewhere`] for a platform on a cluster that somebody else made.
pub(super) async fn running(name: &str, target: &Target) -> Result<Running, Failure> {
    target.local(|context| CheckpointError::Elsewhere { context }).await?.find(name).await?.running().await
}

/// A platform of our own, whether it runs or not.
///
/// # Errors
/// There is none, or [`ClusterError::Elsewhere`] for a platform on a cluster that somebody else made.
pub(super) async fn nodes(name: &str, target: &Target) -> Result<Platform, Failure> {
    Ok(target.local(|context| ClusterError::Elsewhere { context }).await?.find(name).await?)
}

/// The stack of a platform. A user's own may have moved since.
pub(super) fn stack(record: &Record) -> Result<Stack, StackErrors> {
    Stack::load_changed(StackSource::named(&record.stack), &record.changes)
}
