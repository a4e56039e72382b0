//! All images that a stack and its cluster need, wherever they are to go: for a bundle.

use std::path::PathBuf;

use super::stack::{self, Loaded};
use super::{DecidedImages, Images, Machine, Resolved, restore};
use crate::build::Architecture;
use crate::checkpoint::Portable;
use crate::docker::Engine;
use crate::error::Failure;
use crate::folders;
use crate::images::Registry;
use crate::origin::OriginError;
use crate::plan::ClusterImages;
use crate::settings::{self, UpSettings, UpWishes};
use crate::stack::{ClusterSpec, Stack};
use crate::target::local::running_registry;
use crate::target::{Destination, Target};

/// A stack, its images, and where each of them comes from.
pub struct Everything {
    /// What was asked for, decided as for a new platform.
    pub settings: UpSettings,
    /// The stack, without what cannot be had.
    pub stack: Stack,
    /// Its images, and the means to get them.
    pub images: Images,
    /// Where each of them comes from.
    pub decided: DecidedImages,
    /// What platforms are to begin with.
    pub checkpoint: Option<Portable>,
    /// The local registry, if it runs: what it has need not be fetched again.
    pub registry: Option<Registry>,
    /// What all of it is for.
    pub machine: Machine,
}

/// Decides about every image for such a machine. No engine is needed.
///
/// # Errors
/// Settings or stack are wrong, or an image that the stack cannot do without is nowhere to be had.
pub async fn look(
    name: &str,
    wishes: UpWishes,
    config: Option<PathBuf>,
    machine: Machine,
) -> Result<Everything, Failure> {
    let wishes = match config.clone().or_else(folders::config_file) {
        Some(file) => wishes.or(settings::file::read(&file, config.is_some())?),
        None => wishes,
    };
    let checkpoint = wishes.checkpoint.as_ref().map(|path| Portable::open(path)).transpose()?;
    // Its stack is meant, with what was added to it and left out of it.
    let existing = checkpoint.as_ref().map(restore::existing);
    let cluster = ClusterSpec::load()?;
    let settings = Target::Local.wishes(wishes).decide(name, existing.as_ref(), &cluster.file.kubernetes)?;
    let files = stack::read(&settings)?;
    let Loaded { settings, stack, .. } = stack::load(settings, &files, None, &Target::Local)?;
    let registry = match Engine::connect().await {
        // What it has is for this machine.
        Ok(engine) if machine.architecture == Architecture::host() => running_registry(&engine).await?,
        _ => None,
    };
    let images = Images::of(&settings, &stack, &cluster, None, ClusterImages::ALL, &machine)?;
    let to = registry.clone().map_or(Destination::Unknown, Destination::Registry);
    let Resolved { images, stack, decided } = images.decide(stack, to).await?;
    if !decided.nowhere.is_empty() {
        return Err(OriginError::Nowhere(decided.nowhere).into());
    }
    Ok(Everything { settings, stack, images, decided, checkpoint, registry, machine })
}
