//! Asks what decides where an image comes from: the local registry, the cache, and upstream only where that matters.
//!
//! All images are looked at at once. What upstream said is kept by its client, so that a run that follows does not ask
//! again.

use std::time::Duration;

use super::decide::{Facts, Here, Recipe, Refusal, Registry};
use super::{ImagePlan, Origin};
use crate::build::Builder;
use crate::error::Failure;
use crate::images::transfer::Transfer;
use crate::images::upstream::{Patience, Upstream};
use crate::images::{BlobStore, Bundle, ImageError};
use crate::settings::ImageSource;

/// So long an upstream registry may take for all that is asked of one image: sign-in, index and manifest.
const DEADLINE: Duration = Duration::from_secs(4);

/// The places that are asked.
pub struct Look<'a> {
    /// Where images may come from, by the settings.
    pub mode: ImageSource,
    /// Knows what was built before, and can tell a recipe's key.
    pub builder: &'a Builder,
    /// The image cache of this machine.
    pub store: &'a BlobStore,
    /// With little patience: what is not answered now is tried again when it is fetched.
    pub upstream: Upstream,
    /// That of whoever fetches it in the end.
    pub patience: &'a Patience,
    /// The way into the local registry; `None` while it does not run.
    pub transfer: Option<&'a Transfer>,
    /// Whether this system can build images at all: [`BUILDS`].
    pub builds: bool,
    /// What is not here comes from this bundle, whose images upstream's client and the builder know, or not at all.
    pub bundle: Option<&'a Bundle>,
}

/// Images are built on Linux: package registries have programs for it alone, and its own tools unpack them.
pub const BUILDS: bool = cfg!(target_os = "linux");

impl Look<'_> {
    /// What is known of an image that the local registry has to have.
    ///
    /// # Errors
    /// The local registry does not answer properly, or a recipe is malformed. What upstream says is no error.
    pub async fn at(&self, image: &ImagePlan) -> Result<Facts, Failure> {
        let here = match self.transfer {
            Some(transfer) => self.in_registry(transfer, image).await?,
            None => None,
        };
        self.beyond(image, here).await
    }

    /// What is known of an image, given whether it is where it is needed.
    ///
    /// # Errors
    /// As [`Look::at`].
    pub async fn beyond(&self, image: &ImagePlan, here: Option<Here>) -> Result<Facts, Failure> {
        let registry = match here {
            Some(_) => Registry::No(Refusal::Unasked),
            None => match self.bundle {
                Some(bundle) => self.in_bundle(bundle, image).await?,
                None => self.upstream(image).await?,
            },
        };
        Ok(Facts { here, registry, recipe: self.recipe(image)? })
    }

    async fn in_registry(&self, transfer: &Transfer, image: &ImagePlan) -> Result<Option<Here>, Failure> {
        if self.mode != ImageSource::Registry
            && let Some(key) = image.key(self.builder)?
        {
            let built = self.builder.cached(key);
            let found = transfer.built(&image.reference, key, built.as_ref().map(|it| &it.manifest)).await?;
            if let Some(found) = found {
                return Ok(Some(Here { origin: Origin::Packages, bytes: Some(found.size) }));
            }
        }
        let Some(wanted) = image.wanted.as_ref().filter(|_| self.mode != ImageSource::Source) else { return Ok(None) };
        let bytes = transfer.has_fetched(wanted).await?;
        Ok(bytes.map(|bytes| Here { origin: image.origin, bytes: Some(bytes) }))
    }

    async fn in_bundle(&self, bundle: &Bundle, image: &ImagePlan) -> Result<Registry, Failure> {
        if let Some(key) = image.key(self.builder)?.filter(|key| self.builder.knows(key))
            && let Some(built) = self.builder.cached(key)
        {
            return Ok(Registry::Bundled { origin: Origin::Packages, bytes: built.size });
        }
        if let Some(wanted) = image.wanted.as_ref().filter(|wanted| self.upstream.knows(wanted)) {
            let found = self.upstream.inspect(wanted, self.store).await?;
            let bytes = found.blobs.iter().map(|blob| blob.size).sum();
            return Ok(Registry::Bundled { origin: image.origin, bytes });
        }
        let why = format!(
            "the bundle {}, made by backstack {}, does not have it",
            bundle.path.display(),
            bundle.about.made_by
        );
        Ok(Registry::No(Refusal::Said { why }))
    }

    async fn upstream(&self, image: &ImagePlan) -> Result<Registry, Failure> {
        let Some(wanted) = &image.wanted else { return Ok(Registry::No(Refusal::Own)) };
        if self.mode == ImageSource::Source {
            return Ok(Registry::No(Refusal::Unasked));
        }
        let origin = image.origin;
        let asked = async {
            match self.transfer {
                Some(transfer) => transfer.inspect(&self.upstream, wanted).await,
                None => self.upstream.inspect(wanted, self.store).await,
            }
        };
        let error = match tokio::time::timeout(DEADLINE, asked).await {
            Ok(Ok(found)) => {
                let bytes = found.blobs.iter().map(|blob| blob.size).sum();
                let missing = found.missing.iter().map(|(_, bytes)| bytes).sum();
                return Ok(Registry::Has { origin, bytes, missing });
            }
            Ok(Err(error)) => error,
            Err(_) => ImageError::silent(wanted, DEADLINE),
        };
        // Proxies and certificates that cannot be used are for `doctor` to tell, beside all else.
        if !error.is_upstreams() && !matches!(error, ImageError::Client { .. }) {
            return Err(error.into());
        }
        let why = error.without_image();
        let waiting =
            if image.recipe.is_some() { self.patience.with_another_way().waiting } else { self.patience.waiting };
        Ok(if error.may_pass(waiting) { Registry::Later { origin, why } } else { Registry::No(Refusal::Said { why }) })
    }

    fn recipe(&self, image: &ImagePlan) -> Result<Recipe, Failure> {
        let no = |why: &str| Ok(Recipe::No { why: why.into() });
        if let Some(why) = &image.missing {
            return no(&format!("no package can build it: {}", why.trim_end_matches('.')));
        }
        if image.recipe.is_none() {
            return no("it has no recipe to build it from");
        }
        if self.mode == ImageSource::Registry {
            return no("`--images registry` builds nothing");
        }
        match image.built(self.builder)? {
            Some(built) => Ok(Recipe::Built { bytes: built.size }),
            None if self.bundle.is_some() => no("with a bundle nothing is built"),
            None if self.builds => Ok(Recipe::ToBuild),
            None => no("images are built on Linux only; elsewhere they come from their registries or from a release"),
        }
    }
}
