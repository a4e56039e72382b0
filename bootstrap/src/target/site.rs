//! Where a platform is made: a target, with what steps and checks have to know of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Target, existing, local};
use crate::docker::{Engine, kubeconfig, names, network};
use crate::doctor::building::Building;
use crate::doctor::{self, Check};
use crate::error::Failure;
use crate::origin::{Nowhere, Told};
use crate::plan;
use crate::settings::UpSettings;
use crate::stack::Stack;

/// Where a platform is made.
pub enum Site {
    /// In node containers, which this program makes.
    Local(Box<local::Site>),
    /// On a cluster that somebody else made.
    Existing(existing::Cluster),
}

impl Site {
    /// Which cluster was meant.
    pub fn target(&self) -> Target {
        match self {
            Self::Local(_) => Target::Local,
            Self::Existing(cluster) => Target::Existing { context: cluster.context.clone() },
        }
    }

    /// The engine, where nodes are made in it.
    pub fn local(&self) -> Option<&local::Site> {
        match self {
            Self::Local(site) => Some(site),
            Self::Existing(_) => None,
        }
    }

    /// Whether somebody else made the cluster.
    pub fn is_existing(&self) -> bool {
        matches!(self, Self::Existing(_))
    }

    /// The kubeconfig context that leads to a platform.
    pub fn context(&self, platform: &str) -> String {
        match self {
            Self::Local(_) => names::context(platform),
            Self::Existing(cluster) => cluster.context.clone(),
        }
    }

    /// The user's file that this context is merged into, where it is ours to write.
    ///
    /// # Errors
    /// Nobody knows where such a file would be.
    pub fn kubeconfig(&self) -> Result<Option<PathBuf>, Failure> {
        Ok(match self {
            Self::Local(_) => Some(kubeconfig::path()?),
            Self::Existing(_) => None,
        })
    }

    /// The engine that nodes run in.
    pub fn engine(&self) -> Option<&Engine> {
        self.local().map(|site| &site.engine)
    }

    /// Makes sure that this user may make a platform here at all.
    ///
    /// # Errors
    /// The cluster is too old, or rights are missing.
    pub async fn may_install(&self) -> Result<(), Failure> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Existing(cluster) => cluster.may_install().await,
        }
    }

    /// Compares what is here with what the stack needs; `building` is what has to be built.
    ///
    /// # Errors
    /// The engine or the API does not answer.
    pub async fn check(
        &self,
        settings: &UpSettings,
        stack: &Stack,
        building: Option<Building>,
    ) -> Result<Vec<Check>, Failure> {
        match self {
            Self::Local(site) => site.check(settings, stack, building).await,
            Self::Existing(cluster) => cluster.check(settings, stack, building.as_ref()).await,
        }
    }

    /// What `doctor` says of the images beside; a cluster that pulls them itself may know other registries.
    pub fn check_images(&self, told: &Told, nowhere: &[Nowhere]) -> Option<Check> {
        match self {
            Self::Local(_) => Some(doctor::images(told, nowhere)),
            Self::Existing(_) => None,
        }
    }

    /// Makes sure that no object of somebody else has a name that a manifest has; of these components, if they are told.
    ///
    /// # Errors
    /// Names such objects.
    pub async fn nothing_in_the_way(
        &self,
        settings: &UpSettings,
        stack: &Stack,
        only: Option<&BTreeSet<String>>,
    ) -> Result<(), Failure> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Existing(cluster) => existing::conflicts::none(cluster, settings, stack, only).await,
        }
    }

    /// Whether the network is there that nodes need.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn has_network(&self) -> Result<bool, Failure> {
        Ok(match self {
            Self::Local(site) => network::find(&site.engine).await?.is_some(),
            Self::Existing(_) => false,
        })
    }

    /// What a plan has to know of a cluster that is not to be made.
    pub fn planned(&self, settings: &UpSettings) -> Option<plan::ExistingCluster> {
        match self {
            Self::Local(_) => None,
            Self::Existing(cluster) => {
                let push = settings.push.as_ref().map(|push| push.to.address());
                Some(plan::ExistingCluster { context: cluster.context.clone(), push })
            }
        }
    }

    /// The command that leads to a platform, if no name does.
    pub fn port_forward(&self, settings: &UpSettings, stack: &Stack) -> Option<String> {
        match self {
            Self::Local(_) => None,
            Self::Existing(cluster) => cluster.port_forward(settings, stack),
        }
    }
}
