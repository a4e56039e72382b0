//! Toolsets of the live platform. Each asks its port for a snapshot, computes the answer from it (see
//! [`crate::live`]), and says which platform the answer is about.

mod changes;
mod composition;
mod crossplane;
mod diagnose;
mod events;
pub(super) mod gitops;
mod history;
mod logs;
mod platform;
pub(super) mod policy;
#[cfg(test)]
pub mod tests;
mod usage;
mod written;

pub use diagnose::judged;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::NextCall;
use crate::error::{ErrorKind, ToolError};
use crate::live::changes::newcomer::{Bringer, StandIn};
use crate::live::snapshot::Snapshot;
use crate::live::target::{self, Unclear};
use crate::ports::{Cluster, DryRun, Platforms};
use crate::toolset::Toolset;

/// All toolsets that need a platform. The last one proposes changes.
pub fn toolsets(live: &Live) -> Vec<Arc<dyn Toolset>> {
    vec![
        Arc::new(platform::PlatformTools(live.clone())),
        Arc::new(crossplane::CrossplaneTools(live.clone())),
        Arc::new(policy::PolicyTools(live.clone())),
        Arc::new(gitops::GitopsTools(live.clone())),
        Arc::new(diagnose::DiagnoseTools(live.clone())),
        Arc::new(changes::ChangeTools(live.clone())),
    ]
}

/// The way to the platforms that all of these share.
#[derive(Clone)]
pub struct Live {
    platforms: Arc<dyn Platforms>,
}

/// A platform, and what it is like now.
pub struct Seen {
    /// What the platform's cluster can be asked beyond the snapshot.
    pub cluster: Arc<dyn Cluster>,
    /// Its objects, as they were when the call began.
    pub snapshot: Snapshot,
}

impl Live {
    /// Asks these platforms; each call says which one it means.
    pub fn new(platforms: Arc<dyn Platforms>) -> Self {
        Self { platforms }
    }

    /// The platform that is meant.
    async fn cluster(&self, platform: Option<&str>) -> Result<Arc<dyn Cluster>, ToolError> {
        Ok(self.platforms.platform(platform).await?)
    }

    /// The platform that is meant, and what it is like now.
    pub(super) async fn look(&self, platform: Option<&str>) -> Result<Seen, ToolError> {
        let cluster = self.cluster(platform).await?;
        let snapshot = cluster.snapshot().await?;
        Ok(Seen { cluster, snapshot })
    }
}

impl Seen {
    /// Name of the platform, which every answer says.
    pub(crate) fn platform(&self) -> &str {
        self.cluster.platform()
    }

    /// The object that a name means.
    pub fn resolve(&self, typed: &str) -> Result<Vec<&Value>, ToolError> {
        target::resolve(&self.snapshot, typed).map_err(unclear)
    }

    /// What API and policies say to objects, also to those whose namespace an order would make.
    pub(in crate::toolsets) async fn dry_run(
        &self,
        objects: &[Value],
        bringer: Bringer,
    ) -> Result<Vec<DryRun>, ToolError> {
        let stand_ins: Vec<_> = objects.iter().map(|object| StandIn::of(&self.snapshot, object, bringer)).collect();
        let asked = objects.iter().zip(&stand_ins);
        let asked: Vec<_> = asked
            .map(|(object, stand_in)| stand_in.as_ref().map_or_else(|| object.clone(), |other| other.moved(object)))
            .collect();
        let runs = self.cluster.dry_run(&asked).await?;
        let told = |(run, stand_in): (DryRun, Option<StandIn>)| match stand_in {
            Some(stand_in) => stand_in.told(run),
            None => run,
        };
        Ok(runs.into_iter().zip(stand_ins).map(told).collect())
    }

    /// Fails if the platform does not have what a toolset is about.
    pub fn needs(&self, group: &str, kind: &str, what: &str) -> Result<(), ToolError> {
        if self.snapshot.has_kind(group, kind) {
            return Ok(());
        }
        let why = self.snapshot.unreadable().find(|((had, name), _)| had == group && name == kind);
        let why = why.map_or_else(|| format!("it has no kind `{kind}`"), |(_, why)| why.to_string());
        Err(ToolError::unavailable(format!("platform `{}` offers no {what}: {why}", self.platform()))
            .hint("The component that brings it is not installed, or not yet.")
            .next(NextCall::new("platform", json!({}), "what is installed, and what waits")))
    }
}

/// A name that leads nowhere, or to several things, as a model reads it.
pub fn unclear(error: Unclear) -> ToolError {
    let message = error.to_string();
    match error {
        Unclear::Nothing { closest, .. } => ToolError::not_found(message)
            .candidates(closest.map(|name| name.trim_matches('`').to_string()))
            .hint("Names are `name`, `namespace/name` or `Kind:namespace/name`; `find` lists any kind."),
        Unclear::Ambiguous { candidates, .. } => ToolError::new(ErrorKind::Ambiguous, message)
            .candidates(candidates.into_iter().map(|name| name.trim_matches('`').to_string())),
    }
}

/// Arguments of tools that only need to know which platform.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichPlatform {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    pub platform: Option<String>,
}
