//! Images that the engine itself runs: the node's and the registry's.

use bollard::models::CreateImageInfo;
use bollard::query_parameters as query;
use futures::TryStreamExt;

use super::context::Context;
use super::ended::Ended;
use crate::build::archive::docker_archive_stream;
use crate::build::{BuildError, BuiltImage};
use crate::docker::{ClusterError, Engine, pulled};
use crate::error::Failure;
use crate::images::manifest::ImageManifest;
use crate::images::{Descriptor, Digest, ImageError};
use crate::origin::decide::Here;
use crate::origin::{ImagePlan, Look, Origin, told};
use crate::plan::EngineImage;
use crate::report::{Outcome, Phase, Progress};
use crate::settings::ImageSource;

/// What the engine calls an image that was loaded into it: by its content, so that a changed one is another image and
/// nothing of the user's is ever replaced.
fn loaded_name(image: EngineImage, manifest: &Digest) -> String {
    let role = match image {
        EngineImage::Node => "node",
        EngineImage::Registry => "registry",
    };
    format!("backstack/{role}:{}", manifest.short())
}

/// Whether the engine has the image, and what it was made from there.
///
/// # Errors
/// The engine does not answer, or the recipe is malformed.
pub async fn here(
    engine: &Engine,
    look: &Look<'_>,
    image: EngineImage,
    plan: &ImagePlan,
) -> Result<Option<Here>, Failure> {
    if look.mode != ImageSource::Source
        && let Some(name) = upstream_name(plan)
        && engine.image_id(&name).await?.is_some()
    {
        return Ok(Some(Here { origin: plan.origin, bytes: None }));
    }
    if look.mode != ImageSource::Registry
        && let Some(built) = plan.built(look.builder)?
        && engine.image_id(&loaded_name(image, &built.manifest.digest)).await?.is_some()
    {
        return Ok(Some(Here { origin: Origin::Packages, bytes: Some(built.size) }));
    }
    if look.bundle.is_some()
        && let Some(wanted) = plan.wanted.as_ref().filter(|wanted| look.upstream.knows(wanted))
        && let found = look.upstream.inspect(wanted, look.store).await?
        && engine.image_id(&loaded_name(image, &found.digest)).await?.is_some()
    {
        return Ok(Some(Here { origin: plan.origin, bytes: None }));
    }
    Ok(None)
}

/// What the engine is asked for: by digest where there is one.
fn upstream_name(plan: &ImagePlan) -> Option<String> {
    let wanted = plan.wanted.as_ref()?;
    let reference = &wanted.reference;
    Some(match &wanted.pin {
        Some(pin) => format!("{}/{}@{pin}", reference.host(), reference.repository()),
        None => reference.to_string(),
    })
}

/// Makes sure that the engine has the image.
pub async fn provide(
    context: &Context,
    engine: &Engine,
    image: EngineImage,
    plan: &ImagePlan,
    progress: &Progress,
) -> Result<Ended, Failure> {
    let (name, ended) = match (plan.origin, &plan.recipe) {
        (Origin::Packages, Some(recipe)) => built(context, engine, image, plan, recipe, progress).await?,
        _ if context.settings.bundle.is_some() => from_bundle(context, engine, image, plan, progress).await?,
        _ => pulled_or_built(context, engine, image, plan, progress).await?,
    };
    context.found.keep_engine_image(image, name);
    Ok(ended)
}

async fn pulled_or_built(
    context: &Context,
    engine: &Engine,
    image: EngineImage,
    plan: &ImagePlan,
    progress: &Progress,
) -> Result<(String, Ended), Failure> {
    let name = upstream_name(plan).expect("only what a registry is asked for is decided to be fetched");
    match (pulled(engine, &name, progress).await, plan.recipe.as_ref().filter(|_| plan.recipe_stands_by)) {
        (Err(failure), Some(recipe)) => {
            let line = told::late(&plan.name, &format!("the engine cannot pull it: {failure}"));
            context.tell_taken_over(line, progress);
            built(context, engine, image, plan, recipe, progress).await
        }
        (ended, _) => ended,
    }
}

async fn built(
    context: &Context,
    engine: &Engine,
    image: EngineImage,
    plan: &ImagePlan,
    recipe: &crate::stack::files::FileTree,
    progress: &Progress,
) -> Result<(String, Ended), Failure> {
    let was_cached = plan.built(&context.builder)?.is_some();
    if !was_cached {
        progress.phase(Phase::Building);
        context.found.count_built();
    }
    let built: BuiltImage =
        context.builder.build(recipe, progress).await.map_err(|error: BuildError| Failure::from(error))?;
    loaded(context, engine, image, &built.manifest, progress).await
}

/// Loads an image that a registry had when the bundle was made.
async fn from_bundle(
    context: &Context,
    engine: &Engine,
    image: EngineImage,
    plan: &ImagePlan,
    progress: &Progress,
) -> Result<(String, Ended), Failure> {
    let upstream = upstream_name(plan).expect("only what a registry is asked for is decided to be fetched");
    if engine.image_id(&upstream).await?.is_some() {
        return Ok((upstream, Ended::new(Outcome::Unchanged)));
    }
    let wanted = plan.wanted.as_ref().expect("as above");
    let manifest = context.upstream.resolve(wanted).await?.manifest;
    let (media_type, digest, size) = (manifest.media_type.clone(), manifest.digest(), manifest.bytes.len() as u64);
    loaded(context, engine, image, &Descriptor { media_type, digest, size }, progress).await
}

/// Makes sure that the engine has an image whose blobs are in the store.
async fn loaded(
    context: &Context,
    engine: &Engine,
    image: EngineImage,
    manifest: &Descriptor,
    progress: &Progress,
) -> Result<(String, Ended), Failure> {
    let name = loaded_name(image, &manifest.digest);
    if engine.image_id(&name).await?.is_some() {
        return Ok((name, Ended::new(Outcome::Unchanged)));
    }
    progress.phase(Phase::Images);
    if let Err(failure) = load(context, engine, manifest, &name, progress).await {
        return Err(damage(context, manifest, &name).unwrap_or(failure));
    }
    Ok((name, Ended::new(Outcome::Created)))
}

/// Why the engine did not take an image, if it is that its blobs are damaged.
fn damage(context: &Context, manifest: &Descriptor, image: &str) -> Option<Failure> {
    let blobs = ImageManifest::parse(&context.store.read(&manifest.digest).ok()?).ok()?.blobs();
    let (digest, path) = context.store.damaged(&blobs)?;
    Some(ImageError::Damaged { image: image.into(), path, digest: digest.clone() }.into())
}

/// Streams the image into the engine, which unpacks it on the way.
async fn load(
    context: &Context,
    engine: &Engine,
    manifest: &Descriptor,
    name: &str,
    progress: &Progress,
) -> Result<(), Failure> {
    progress.detail(format!("loading {name} into the engine"));
    let archive = docker_archive_stream(&context.store, manifest, name);
    let options = query::ImportImageOptionsBuilder::default().quiet(true).build();
    let loaded = engine.docker().import_image_stream(options, archive, None);
    loaded.try_collect::<Vec<_>>().await.map_err(ClusterError::engine(format!("load image `{name}`")))?;
    Ok(())
}

/// Lets the engine pull the image, if it has not.
async fn pulled(engine: &Engine, reference: &str, progress: &Progress) -> Result<(String, Ended), Failure> {
    if engine.image_id(reference).await?.is_some() {
        return Ok((reference.into(), Ended::new(Outcome::Unchanged)));
    }
    progress.phase(Phase::Images);
    let mut layers = std::collections::BTreeMap::new();
    let hear = |step: CreateImageInfo| {
        if let (Some(id), Some(detail)) = (step.id, step.progress_detail) {
            let (done, total) = (detail.current.unwrap_or(0).max(0), detail.total.unwrap_or(0).max(0));
            if total > 0 {
                layers.insert(id, (done, total));
                let sum = layers.values().fold((0, 0), |(a, b), (done, total)| (a + done, b + total));
                progress.bytes(reference, sum.0 as u64, Some(sum.1 as u64));
            }
        }
    };
    pulled::pull(engine, reference, hear).await?;
    Ok((reference.into(), Ended::new(Outcome::Created)))
}
