//! What this crate reads, as traits. The program implements them (see `bootstrap/src/assistant`); tests use fakes.

mod cluster;

pub use cluster::{Cluster, ComponentState, LogQuery, NodeState, PlatformState, Platforms, RouteState};

pub use crate::catalog::{EntitySource, Snapshot};
pub use crate::error::PortError;
pub use crate::live::changes::dry_run::DryRun;
pub use crate::live::changes::git_server::GitServer;
pub use crate::live::served::ServedKind;
