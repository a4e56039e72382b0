//! Steps that bring the images of components to the local registry: fetched, or built from their recipes.

use super::context::Context;
use super::ended::Ended;
use crate::error::Failure;
use crate::images::transfer::Moved;
use crate::images::upstream::Patience;
use crate::images::{Digest, ImageError};
use crate::origin::{ImagePlan, Origin, told};
use crate::report::{Outcome, Phase, Progress};
use crate::stack::files::FileTree;

/// Builds an image from its recipe, before it is brought to the registry.
pub async fn build(context: &Context, image: &ImagePlan, progress: &Progress) -> Result<Ended, Failure> {
    let Some(recipe) = &image.recipe else { return Ok(Ended::new(Outcome::Unchanged)) };
    progress.phase(Phase::Building);
    progress.detail(format!("building {}", image.name));
    context.builder.build(recipe, progress).await?;
    context.found.count_built();
    Ok(Ended::new(Outcome::Created))
}

/// Makes sure that the local registry has an image.
pub async fn bring(context: &Context, image: &ImagePlan, progress: &Progress) -> Result<Ended, Failure> {
    let moved = match (image.origin, &image.recipe) {
        (Origin::Packages, Some(recipe)) => built(context, image, recipe, progress).await?,
        _ => fetched(context, image, progress).await?,
    };
    keep_name(context, image, &moved.digest);
    context.found.count_moved(moved.bytes);
    // Bytes in the registry are not yet a change of the component.
    Ok(Ended::new(Outcome::Unchanged))
}

/// The cluster pulls by digest what the stack names without one.
fn keep_name(context: &Context, image: &ImagePlan, digest: &Digest) {
    if image.reference.digest().is_none() || context.settings.push.is_some() {
        context.keep_image(image, digest);
    }
}

/// Finds out how the cluster would name an image that the registry has already; brings nothing.
pub async fn name_as_it_is(context: &Context, image: &ImagePlan) -> Result<(), Failure> {
    let Some(transfer) = context.found.any_transfer() else { return Ok(()) };
    if let (Origin::Packages, Some(key)) = (image.origin, image.key(&context.builder)?) {
        if let Some(found) = there(context, image, key).await? {
            keep_name(context, image, &found.digest);
        }
    } else if let Some(wanted) = &image.wanted {
        keep_name(context, image, &transfer.inspect(&context.upstream, wanted).await?.digest);
    }
    Ok(())
}

async fn built(context: &Context, image: &ImagePlan, recipe: &FileTree, progress: &Progress) -> Result<Moved, Failure> {
    let transfer = context.found.transfer();
    let key = image.key(&context.builder)?.expect("it has a recipe");
    let moved = match there(context, image, key).await? {
        Some(moved) => moved,
        None => {
            let built = context.builder.build(recipe, progress).await?;
            transfer.push_built(&built.manifest, key, &image.reference, progress).await?
        }
    };
    context.found.keep_from_packages(&image.name);
    Ok(moved)
}

/// What the registry has of a recipe already, although the cache may have lost it.
async fn there(context: &Context, image: &ImagePlan, key: &Digest) -> Result<Option<Moved>, ImageError> {
    let cached = context.builder.cached(key);
    context.found.transfer().built(&image.reference, key, cached.as_ref().map(|it| &it.manifest)).await
}

/// Fetches an image. Where its registry does not give it after all, and it has a recipe, that takes over.
async fn fetched(context: &Context, image: &ImagePlan, progress: &Progress) -> Result<Moved, Failure> {
    let transfer = context.found.transfer();
    let wanted = image.wanted.as_ref().expect("only what a registry is asked for is decided to be fetched");
    let recipe = image.recipe.as_ref().filter(|_| image.recipe_stands_by);
    let Some(recipe) = recipe else { return Ok(transfer.pull(&context.upstream, wanted, progress).await?) };
    let upstream = context.upstream.with_patience(Patience::with_another_way);
    match transfer.pull(&upstream, wanted, progress).await {
        Err(error) if error.is_upstreams() => {
            context.tell_taken_over(told::late(&image.name, &error.without_image()), progress);
            progress.phase(Phase::Building);
            let moved = built(context, image, recipe, progress).await?;
            context.found.count_built();
            Ok(moved)
        }
        moved => Ok(moved?),
    }
}
