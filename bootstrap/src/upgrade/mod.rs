//! `upgrade`: a platform as this program and its stack's files have it, with a plan before and a way back.
//!
//! ```text
//! show     the plan as a person reads it
//! pending  whether a platform could be upgraded, or is on the way
//! error    why a platform is not upgraded
//! ```
//!
//! What is done is what `up` does on the platform as it is recorded. What comes to it: it is told first what that changes, and
//! a checkpoint is made that leads back. The record names that checkpoint until all is through, so that an upgrade that was
//! cut off keeps the state of before.

use std::path::PathBuf;
use std::sync::Arc;

use semver::Version;
use serde::Serialize;

use crate::checkpoint::{self, About, INITIAL};
use crate::docker::observe::PlatformSettings;
use crate::error::Failure;
use crate::execute::preview::{self, Previewed};
use crate::images::Reference;
use crate::plan::{Action, Step};
use crate::report::Reporter;
use crate::settings::{ImageSource, Record, UpWishes};
use crate::stack::ClusterSpec;
use crate::target::local::Running;
use crate::target::{Known, Target};
use crate::up::{self, Outcome, Prepared, UpRequest};

pub mod error;
pub mod pending;
pub mod show;

pub use error::UpgradeError;
pub use pending::{Pending, pending};

/// Version of this program.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The platform to upgrade, as `--name` has it.
    pub name: String,
    /// Where images come from, if not from where the platform's came.
    pub images: Option<ImageSource>,
    /// File that all images come from.
    pub bundle: Option<PathBuf>,
    /// Go on although checks failed.
    pub skip_checks: bool,
    /// Go on although the platform is newer.
    pub downgrade: bool,
    /// Nothing may be touched.
    pub only_look: bool,
}

/// Versions of a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of backstack that ran last, or that of this program.
    pub program: String,
    /// Of the stack; empty where an older program did not write it down.
    pub stack: String,
}

/// What an upgrade changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The platform to upgrade, as `--name` has it.
    pub platform: String,
    /// Name in the stack's `stack.yaml`, as `back`.
    pub stack: String,
    /// Versions that it has.
    pub from: Versions,
    /// Versions that it would have.
    pub to: Versions,
    /// What would become of each component, in the plan's order.
    pub components: Vec<Previewed>,
    /// Nodes that are not there and would be made, or are stopped and would be started.
    pub nodes: usize,
    /// What stays as it is, and the way to have that changed too: a sentence each.
    pub stays: Vec<String>,
    /// The checkpoint that leads back; none on a cluster that somebody else made.
    pub checkpoint: Option<String>,
    /// An upgrade was cut off, whose checkpoint that is.
    pub goes_on: bool,
    /// What `reset` without a name goes back to is of another version of the stack.
    #[serde(skip)]
    pub initial_is_old: bool,
    /// What has to be typed to mean the same platform again.
    #[serde(skip)]
    pub flags: String,
}

impl Changes {
    /// Whether all is as this program would have it.
    pub fn is_nothing(&self) -> bool {
        let same_stack = self.from.stack.is_empty() || self.from.stack == self.to.stack;
        let same = self.from.program == self.to.program && same_stack && !self.goes_on && !self.initial_is_old;
        same && self.nodes == 0 && self.components.iter().all(Previewed::is_nothing)
    }

    /// The command that leads back.
    pub fn way_back(&self) -> Option<String> {
        self.checkpoint.as_ref().map(|name| format!("backstack reset --to {name}{}", self.flags))
    }
}

/// An upgrade that can be carried out.
pub struct Upgrade {
    /// What it changes; nothing has been done yet.
    pub changes: Changes,
    /// The plan that `up` would carry out for that.
    pub prepared: Prepared,
    nodes: Option<Running>,
}

/// Finds out what an upgrade would change. Nothing is touched.
///
/// # Errors
/// As [`up::prepare`]; the platform is not set up; [`UpgradeError::Newer`].
pub async fn prepare(request: Request, target: Target, platform: Known) -> Result<Upgrade, Failure> {
    let Known { record, nodes } = platform;
    let (name, downgrade) = (request.name.clone(), request.downgrade);
    not_newer(&name, "backstack", &record.by, OWN, downgrade)?;
    let flags = target.flags(&name);
    let prepared = up::prepare(up_request(request, &record, target)).await?;
    let stack = &prepared.context.stack;
    not_newer(&name, &format!("stack {}", stack.name), &record.stack_version, &stack.version, downgrade)?;
    let components = preview::run(&prepared.plan, &prepared.context).await?;
    let checkpoints = match &nodes {
        Some(nodes) => checkpoint::list(nodes).await?,
        None => Vec::new(),
    };
    let kept = checkpoints.iter().find(|one| record.upgrading.as_ref() == Some(&one.name));
    // The record of an upgrade that was cut off has the new version already.
    let stack_before = kept.map_or(&record.stack_version, |kept| &kept.stack_version);
    let is_old = |one: &About| one.name == INITIAL && one.stack_version != stack.version;
    let settings = nodes.as_ref().and_then(|nodes| nodes.platform.settings.as_ref());
    let made = prepared.plan.steps.iter().filter(|step| matches!(step.step, Step::ProvisionNode { .. }));
    let changes = Changes {
        platform: name,
        stack: stack.name.clone(),
        from: Versions { program: record.by.clone(), stack: stack_before.clone() },
        to: Versions { program: OWN.into(), stack: stack.version.clone() },
        components,
        nodes: made.filter(|step| step.action != Action::Exists).count(),
        stays: settings.map(|settings| stays(settings, &flags)).transpose()?.unwrap_or_default(),
        goes_on: kept.is_some(),
        checkpoint: nodes.as_ref().map(|_| kept.map_or_else(|| checkpoint_name(&record), |kept| kept.name.clone())),
        initial_is_old: checkpoints.iter().any(is_old),
        flags,
    };
    Ok(Upgrade { changes, prepared, nodes })
}

/// An `up` on the platform as it is recorded.
fn up_request(request: Request, record: &Record, target: Target) -> UpRequest {
    let wishes = UpWishes {
        stack: Some(record.stack.clone()),
        images: request.images.or(record.from_packages.then_some(ImageSource::Source)),
        bundle: request.bundle,
        ..UpWishes::default()
    };
    UpRequest {
        name: request.name,
        wishes,
        config: None,
        skip_checks: request.skip_checks,
        only_look: request.only_look,
        target,
        add: None,
        as_it_is: true,
    }
}

/// Versions that are none are not newer.
fn is_newer(had: &str, own: &str) -> bool {
    matches!((Version::parse(had), Version::parse(own)), (Ok(had), Ok(own)) if had > own)
}

fn not_newer(platform: &str, what: &str, had: &str, own: &str, downgrade: bool) -> Result<(), UpgradeError> {
    if !is_newer(had, own) || downgrade {
        return Ok(());
    }
    Err(UpgradeError::Newer { platform: platform.into(), had: format!("{what} {had}"), own: own.into() })
}

/// What lives in containers that exist.
fn stays(settings: &PlatformSettings, flags: &str) -> Result<Vec<String>, Failure> {
    let full = |image: &str| image.parse::<Reference>().map_or_else(|_| image.to_string(), |image| image.to_string());
    let (had, new) = (full(&settings.node_image), full(&ClusterSpec::load()?.file.node.reference));
    let again = format!("`backstack down{flags}`, then `backstack up{flags}`");
    let mut stays = Vec::new();
    if had != new {
        stays.push(format!("Kubernetes: the node image stays {had}. A new platform has {new}: {again}."));
    }
    if settings.made_by != OWN {
        let by = &settings.made_by;
        stays
            .push(format!("Nodes: their containers and kubeadm's settings stay as backstack {by} made them. {again}."));
    }
    Ok(stays)
}

/// Named after what was there before. One of that name is of an earlier upgrade from the same version, and is replaced.
fn checkpoint_name(record: &Record) -> String {
    let version = if record.stack_version.is_empty() { &record.by } else { &record.stack_version };
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let version: String = version.chars().map(letter).take(20).collect();
    format!("before-upgrade-{version}").trim_end_matches('-').into()
}

impl Upgrade {
    /// Makes the checkpoint, and does what `up` does. Cut off, the next one goes on, with the same way back.
    ///
    /// # Errors
    /// The checkpoint cannot be made: then nothing was changed.
    pub async fn run(&mut self, reporter: Arc<dyn Reporter>) -> Result<Outcome, Failure> {
        if let (Some(nodes), Some(name), false) = (&self.nodes, &self.changes.checkpoint, self.changes.goes_on) {
            checkpoint::create(nodes, name, true).await.map_err(|error| without_checkpoint(error.into()))?;
        }
        self.prepared.context.upgrading = self.changes.checkpoint.clone();
        let way_back = self.changes.way_back();
        self.prepared.notes.extend(way_back.iter().map(|command| format!("the way back: `{command}`")));
        Ok(match up::execute(&self.prepared, reporter).await {
            Outcome::Failed(mut failures) => {
                if let (Some(last), Some(command)) = (failures.last_mut(), &way_back) {
                    last.hints.push(format!("To have the platform as it was before the upgrade: `{command}`."));
                }
                Outcome::Failed(failures)
            }
            ready => ready,
        })
    }
}

fn without_checkpoint(mut failure: Failure) -> Failure {
    failure.hints.push("Nothing was changed. `backstack up` does the same without a way back.".into());
    failure
}

#[cfg(test)]
mod tests;
