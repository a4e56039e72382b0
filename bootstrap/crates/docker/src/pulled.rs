//! Images that the engine pulled because we asked it to. Each gets a second name, which tells by what name it was pulled: so
//! they are found again when everything is taken away, and those that somebody had already are not ours.

use std::collections::BTreeSet;

use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters as query;
use futures::TryStreamExt;

use backstack_images::{Digest, Reference};

use super::engine::{Engine, none_if_missing};
use super::error::ClusterError;

const REPOSITORY: &str = "backstack/pulled";

/// Lets the engine pull an image that it lacks, as `docker pull` does: with its own credentials, mirrors and proxy. What it
/// tells of that is heard. There is no other way to pull: so what is pulled is remembered.
///
/// # Errors
/// The engine refuses, or cannot have the image.
pub async fn pull(engine: &Engine, reference: &str, mut hear: impl FnMut(CreateImageInfo)) -> Result<(), ClusterError> {
    let failed = || ClusterError::engine(format!("pull image `{reference}`"));
    let options = query::CreateImageOptionsBuilder::default().from_image(reference).build();
    let mut told = engine.docker().create_image(Some(options), None, None);
    while let Some(step) = told.try_next().await.map_err(failed())? {
        hear(step);
    }
    remember(engine, reference).await
}

async fn remember(engine: &Engine, reference: &str) -> Result<(), ClusterError> {
    let Some(mark) = mark(reference) else { return Ok(()) };
    let options = query::TagImageOptionsBuilder::default().repo(REPOSITORY).tag(&mark).build();
    let tagged = engine.docker().tag_image(reference, Some(options)).await;
    tagged.map_err(ClusterError::engine(format!("name image `{reference}`")))
}

/// Removes those images. One that a container uses stays, and so does one that has a name of somebody else's.
///
/// # Errors
/// The engine refuses.
pub async fn remove(engine: &Engine) -> Result<(), ClusterError> {
    let filters = [("reference", vec![format!("{REPOSITORY}:*")])].into();
    let options = query::ListImagesOptionsBuilder::default().filters(&filters).build();
    let images = engine.docker().list_images(Some(options)).await.map_err(ClusterError::engine("list images"))?;
    for image in images {
        let found = none_if_missing(engine.docker().inspect_image(&image.id).await);
        let Some(found) = found.map_err(ClusterError::engine("inspect an image"))? else { continue };
        let names = names(&found, is_used(engine, &image.id).await?);
        for name in names {
            let removed = engine.docker().remove_image(&name, None::<query::RemoveImageOptions>, None).await;
            none_if_missing(removed).map_err(ClusterError::engine(format!("remove image `{name}`")))?;
        }
    }
    Ok(())
}

async fn is_used(engine: &Engine, id: &str) -> Result<bool, ClusterError> {
    let filters = [("ancestor", vec![id])].into();
    let options = query::ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = engine.docker().list_containers(Some(options)).await;
    Ok(!containers.map_err(ClusterError::engine("list containers"))?.is_empty())
}

/// The names that go: those by which it was pulled for us, unless a container needs it, and then our own.
fn names(image: &ImageInspect, is_used: bool) -> Vec<String> {
    let tags = image.repo_tags.iter().flatten();
    let (ours, others): (Vec<_>, Vec<_>) = tags.partition(|tag| tag.starts_with(&format!("{REPOSITORY}:")));
    let marks: BTreeSet<_> = ours.iter().filter_map(|tag| tag.rsplit(':').next()).collect();
    let digests = image.repo_digests.iter().flatten();
    let pulled = others.into_iter().chain(digests).filter(|name| {
        let mark = mark(name);
        !is_used && mark.is_some_and(|mark| marks.contains(mark.as_str()))
    });
    pulled.chain(ours.iter().copied()).cloned().collect()
}

/// A tag that stands for a reference, however much of it is written out.
fn mark(reference: &str) -> Option<String> {
    let reference: Reference = reference.parse().ok()?;
    Some(Digest::of(reference.to_string().as_bytes()).short().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(tags: &[&str], digests: &[&str]) -> ImageInspect {
        let texts = |all: &[&str]| Some(all.iter().map(ToString::to_string).collect());
        ImageInspect { repo_tags: texts(tags), repo_digests: texts(digests), ..ImageInspect::default() }
    }

    #[test]
    fn an_image_that_was_pulled_by_digest_loses_that_name_and_then_ours() {
        let pulled = format!("kindest/node@sha256:{}", "a".repeat(64));
        let ours = format!("{REPOSITORY}:{}", mark(&format!("docker.io/{pulled}")).expect("a mark"));
        assert_eq!(names(&image(&[&ours], &[&pulled]), false), [pulled.clone(), ours.clone()]);
        // The kind command's cluster runs on it.
        assert_eq!(names(&image(&[&ours], &[&pulled]), true), [ours.as_str()]);
    }

    #[test]
    fn names_of_others_stay() {
        let ours = format!("{REPOSITORY}:{}", mark("registry:3.0.0").expect("a mark"));
        let image = image(&["registry:3.0.0", "registry:3", &ours], &[]);
        assert_eq!(names(&image, false), ["registry:3.0.0", ours.as_str()]);
    }
}
