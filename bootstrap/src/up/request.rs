//! What was asked for, and what can be said of it before anything answers.

use std::path::PathBuf;

use super::{AddWish, restore, stack};
use crate::checkpoint::{CheckpointError, Portable};
use crate::error::Failure;
use crate::folders;
use crate::images::{ImageError, Reference};
use crate::settings::{self, UpWishes};
use crate::stack::{ClusterSpec, StackFiles};
use crate::target::Target;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct UpRequest {
    /// The platform that is made or changed, as `--name` has it.
    pub name: String,
    /// What flags and environment say; the settings file is asked for the rest.
    pub wishes: UpWishes,
    /// Settings file that was asked for by name.
    pub config: Option<PathBuf>,
    /// Go on although checks failed.
    pub skip_checks: bool,
    /// Nothing may be touched: a platform that is stopped stays so.
    pub only_look: bool,
    /// Which cluster the platform is made on.
    pub target: Target,
    /// Add this to a platform that exists, and leave the rest of it alone.
    pub add: Option<AddWish>,
    /// The settings file, which says how a platform is made, is not asked.
    pub as_it_is: bool,
}

/// What was asked for, as far as it can be judged without a target that answers.
pub(super) struct Requested {
    pub name: String,
    pub wishes: UpWishes,
    pub target: Target,
    /// What clusters of our own are made of.
    pub cluster: ClusterSpec,
    pub add: Option<AddWish>,
    pub checkpoint: Option<Portable>,
    /// Those of the stack that was asked for; none where it depends on the platform which it is.
    pub files: Option<StackFiles>,
}

impl Requested {
    /// What is wrong with the command itself is told before anything is asked.
    pub(super) fn read(request: UpRequest) -> Result<Self, Failure> {
        let UpRequest { name, wishes, config, target, add, as_it_is, .. } = request;
        let file = config.clone().or_else(folders::config_file);
        // The settings file says how a platform is made; what is added to one changes nothing of that.
        let wishes = match file.filter(|_| add.is_none() && !as_it_is) {
            Some(file) => wishes.or(settings::file::read(&file, config.is_some())?),
            None => wishes,
        };
        let (wishes, checkpoint) = restore::of_files(target.wishes(wishes))?;
        let cluster = ClusterSpec::load()?;
        let settings = wishes.clone().decide(&name, None, &cluster.file.kubernetes)?;
        if let Some(image) = &settings.node_image {
            image.parse::<Reference>().map_err(ImageError::from)?;
        }
        // A platform that exists may have another stack than the default one.
        let mut files = None;
        if wishes.stack.is_some() {
            let read = stack::read(&settings)?;
            stack::load(settings, &read, None, &target)?;
            files = Some(read);
        }
        if let Some(wish) = &add {
            wish.check()?;
        }
        if wishes.checkpoint.is_some() {
            target.must_be_local(|context| CheckpointError::Elsewhere { context })?;
        }
        Ok(Self { name, wishes, target, cluster, add, checkpoint, files })
    }
}
