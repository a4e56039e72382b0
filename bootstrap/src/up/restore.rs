//! What a new platform begins with: the checkpoint of another one.

use crate::checkpoint::Portable;
use crate::error::Failure;
use crate::images::Bundle;
use crate::images::bundle::signature;
use crate::settings::{Existing, ImageSource, UpWishes};
use crate::stack::{ClusterSpec, Stack};
use crate::target::Reached;

/// Opens the files that were asked for. With a bundle, its stack is meant, unless another one is asked for; and its checkpoint.
///
/// # Errors
/// A file is not there, or is none.
pub(super) fn of_files(mut wishes: UpWishes) -> Result<(UpWishes, Option<Portable>), Failure> {
    let mut checkpoint = wishes.checkpoint.as_ref().map(|path| Portable::open(path)).transpose()?;
    if let Some(path) = &wishes.bundle {
        let bundle = Bundle::open(path)?;
        if let Some(signers) = &wishes.bundle_signers {
            signature::check(&bundle, signers)?;
        }
        if checkpoint.is_none() {
            checkpoint = Portable::of(&bundle)?;
        }
        if wishes.stack.is_none() {
            wishes.stack = Some(bundle.about.stack).filter(|stack| Stack::builtin_names().contains(stack));
        }
    }
    Ok((wishes, checkpoint))
}

/// The checkpoint, if there is one and the platform is still to be made; and the wishes with what it decides.
///
/// # Errors
/// It was asked for and the platform is there already, or it does not fit what is wanted.
pub(super) async fn begins_with(
    checkpoint: Option<Portable>,
    name: &str,
    mut wishes: UpWishes,
    cluster: &ClusterSpec,
    target: &Reached,
    exists: bool,
) -> Result<(UpWishes, Option<Portable>), Failure> {
    let Some(checkpoint) = checkpoint else { return Ok((wishes, None)) };
    if exists {
        // A bundle serves a platform that exists with its images.
        if wishes.checkpoint.is_none() {
            return Ok((wishes, None));
        }
        let hint = format!(
            "Take it into the platform with `backstack checkpoint import {}` and go back to it with `backstack reset --to`; or \
             take the platform down first.",
            checkpoint.path.display()
        );
        return Err(checkpoint.unfit(name, "it is there already".into(), hint).into());
    }
    checkpoint.check(name, wishes.workers, &target.architecture().await?)?;
    if wishes.node_image.is_none() {
        checkpoint.check_kubernetes(&cluster.file.kubernetes)?;
    }
    wishes.workers = Some(checkpoint.workers());
    if wishes.bundle.is_none() {
        wishes.images = wishes.images.or(checkpoint.origin.record.from_packages.then_some(ImageSource::Source));
    }
    Ok((wishes, Some(checkpoint)))
}

/// The platform that the checkpoint was taken of, as far as settings care.
pub(super) fn existing(checkpoint: &Portable) -> Existing {
    Existing { settings: None, workers: checkpoint.workers(), record: Some(checkpoint.origin.record.clone()) }
}
