//! The engine with what making nodes in it takes.

use crate::docker::Engine;
use crate::docker::mode::NodeMode;
use crate::docker::observe::ObservedPlatform;
use crate::doctor::building::Building;
use crate::doctor::{self, Check};
use crate::error::Failure;
use crate::settings::UpSettings;
use crate::stack::Stack;

/// Where node containers are made.
pub struct Site {
    /// The engine that nodes and registry run in.
    pub engine: Engine,
    /// What node containers may do in this engine.
    pub mode: NodeMode,
    /// The engine's machine has control groups of version 1, which kubelets have to be told.
    pub cgroup_v1: bool,
    /// The platform's containers before this run; `None` for a new platform.
    pub platform: Option<ObservedPlatform>,
}

impl Site {
    pub(in crate::target) async fn check(
        &self,
        settings: &UpSettings,
        stack: &Stack,
        building: Option<Building>,
    ) -> Result<Vec<Check>, Failure> {
        let had = self.platform.as_ref();
        let facts = doctor::facts::gather(&self.engine, settings, &self.mode, had, building).await?;
        Ok(doctor::judge(&facts, &doctor::Wants::here(stack, settings.workers)))
    }
}
