//! The one way of an image: wherever it comes from, its blobs come to the local registry here.
//!
//! A layer that several images share moves once: each digest has a lock, and who comes second lets the
//! registry mount it from the first one's repository. Only the manifest of the machine's platform is
//! kept, under the image's tag. Further tags remember where it came from, so that a later run need not ask: `upstream-TAG`
//! (an image built here has the same tag, but not that one), `index-HEX` for the index it was chosen from, whose digest is
//! what people pin, and `recipe-HEX` for the recipe that it was built from.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::{Mutex as AsyncMutex, OnceCell, Semaphore};

use super::blob::{Content, Descriptor};
use super::digest::Digest;
use super::error::ImageError;
use super::error::RegistryError;
use super::inspection::Inspection;
use super::manifest::{ImageManifest, Raw};
use super::meter::Meter;
use super::reference::{Reference, Wanted};
use super::registry::Registry;
use super::store::BlobStore;
use super::upstream::{Fetched, Site, Upstream, tidy};
use backstack_common::report::Progress;

/// Blobs that move at the same time, over all images.
const AT_ONCE: usize = 4;
/// Questions to the local registry at the same time, for one image.
const QUESTIONS: usize = 8;

/// What one call moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The manifest that the local registry has under the image's tag.
    pub digest: Digest,
    /// Bytes that went over the network or into the registry; 0 if everything was there.
    pub bytes: u64,
    /// Bytes of the whole image.
    pub size: u64,
}

/// Bytes of several images together, a shared layer counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Bytes of all their blobs.
    pub total: u64,
    /// Bytes of that which still have to be fetched.
    pub missing: u64,
}

impl Sizes {
    /// Adds inspections up.
    pub fn of<'a>(inspections: impl IntoIterator<Item = &'a Inspection>) -> Self {
        let (mut all, mut missing) = (HashMap::new(), HashMap::new());
        for inspection in inspections {
            all.extend(inspection.blobs.iter().map(|blob| (&blob.digest, blob.size)));
            missing.extend(inspection.missing.iter().map(|(digest, bytes)| (digest, *bytes)));
        }
        Self { total: all.values().sum(), missing: missing.values().sum() }
    }
}

/// The way to one local registry. Share one between all images of a run.
pub struct Transfer {
    local: Registry,
    store: BlobStore,
    slots: Semaphore,
    places: Mutex<HashMap<Digest, Place>>,
    /// What the registry had before this run.
    repositories: OnceCell<Vec<String>>,
}

/// The repository in which a blob lies already; locked while somebody brings it.
type Place = Arc<AsyncMutex<Option<String>>>;

/// Where the blobs of an image come from.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Store,
    Upstream(&'a Upstream, &'a Site),
}

/// One image on its way.
struct Trip<'a> {
    image: &'a str,
    repository: &'a str,
    origin: Origin<'a>,
    meter: Arc<Meter>,
}

/// A file to upload; what is fetched is dropped afterwards, what was built stays.
enum Supply {
    Built(Content),
    Fetched(Fetched),
}

impl Transfer {
    /// Brings images to the registry `local`, by way of the files in `store`.
    pub fn new(local: Registry, store: BlobStore) -> Self {
        Self {
            local,
            store,
            slots: Semaphore::new(AT_ONCE),
            places: Mutex::new(HashMap::new()),
            repositories: OnceCell::new(),
        }
    }

    /// The registry that images are brought to.
    pub fn local(&self) -> &Registry {
        &self.local
    }

    /// Pushes an image that lies in the store, as a recipe's build leaves it: the manifest that
    /// `built` names, its configuration and its layers. `recipe` is the key of its recipe.
    ///
    /// # Errors
    /// A blob is missing in the store, or the local registry does not take one.
    pub async fn push_built(
        &self,
        built: &Descriptor,
        recipe: &Digest,
        reference: &Reference,
        progress: &Progress,
    ) -> Result<Moved, ImageError> {
        let (image, repository) = (reference.to_string(), reference.mirror_repository());
        let raw = self.built_manifest(built, &image)?;
        let manifest = parse(&image, &raw)?;
        let moved = |bytes| Moved { digest: built.digest.clone(), bytes, size: manifest.size() };
        let name = reference.tag().unwrap_or(built.digest.as_str());
        if self.has(&image, &repository, name).await?.as_ref() == Some(&built.digest) {
            return Ok(moved(0));
        }
        let bytes = self.bring(&image, &repository, &manifest, Origin::Store, progress).await?;
        self.put_manifest(&image, &repository, &recipe_tag(recipe), &raw).await?;
        self.put_manifest(&image, &repository, name, &raw).await?;
        Ok(moved(bytes))
    }

    /// The image that the local registry has under this reference, if it was built from the recipe with this key: by
    /// its mark, or because it is what the cache has of that recipe.
    ///
    /// # Errors
    /// The local registry does not answer properly.
    pub async fn built(
        &self,
        reference: &Reference,
        recipe: &Digest,
        cached: Option<&Descriptor>,
    ) -> Result<Option<Moved>, ImageError> {
        let (image, repository) = (reference.to_string(), reference.mirror_repository());
        let Some(tag) = reference.tag() else { return Ok(None) };
        let Some(digest) = self.has(&image, &repository, tag).await? else { return Ok(None) };
        let is_cached = cached.is_some_and(|built| built.digest == digest);
        if !is_cached && self.has(&image, &repository, &recipe_tag(recipe)).await?.as_ref() != Some(&digest) {
            return Ok(None);
        }
        let raw = self.local.manifest(&repository, digest.as_str()).await;
        let raw = raw.map_err(|error| ImageError::local(&image, error))?;
        let moved = |raw| parse(&image, &raw).map(|manifest| Moved { digest, bytes: 0, size: manifest.size() });
        raw.map(moved).transpose()
    }

    /// The size of the image that the local registry has, if it is the wanted one, fetched from a registry.
    ///
    /// # Errors
    /// The local registry does not answer properly.
    pub async fn has_fetched(&self, wanted: &Wanted) -> Result<Option<u64>, ImageError> {
        let raw = self.settled(wanted).await?;
        raw.map(|raw| parse(&wanted.to_string(), &raw).map(|manifest| manifest.size())).transpose()
    }

    /// Brings an image from its upstream registry, unless the local registry has it.
    ///
    /// A tag that is there is taken as it is; upstream is not asked whether it moved.
    ///
    /// # Errors
    /// Upstream does not give it, its content is not what its digests say, the disk is full, or the
    /// local registry does not take it.
    pub async fn pull(&self, upstream: &Upstream, wanted: &Wanted, progress: &Progress) -> Result<Moved, ImageError> {
        let (image, repository) = (wanted.to_string(), wanted.here().mirror_repository());
        if let Some(raw) = self.settled(wanted).await? {
            let manifest = parse(&image, &raw)?;
            tidy(&self.store, &manifest.blobs());
            return Ok(Moved { digest: raw.digest(), bytes: 0, size: manifest.size() });
        }
        let found = upstream.resolve(wanted).await?;
        let digest = found.manifest.digest();
        let name = name_here(wanted, &digest)?;
        let manifest = parse(&image, &found.manifest)?;
        let origin = Origin::Upstream(upstream, &found.site);
        let bytes = self.bring(&image, &repository, &manifest, origin, progress).await?;
        let marks = found.index.iter().map(index_tag).chain(wanted.here().tag().map(upstream_tag));
        for mark in marks {
            self.put_manifest(&image, &repository, &mark, &found.manifest).await?;
        }
        self.put_manifest(&image, &repository, &name, &found.manifest).await?;
        tidy(&self.store, &manifest.blobs());
        Ok(Moved { digest, bytes, size: manifest.size() })
    }

    /// What an upstream image weighs, and what of it is not here yet. Upstream is asked only for
    /// images that the local registry lacks.
    ///
    /// # Errors
    /// As [`Transfer::pull`], of the manifest alone.
    pub async fn inspect(&self, upstream: &Upstream, wanted: &Wanted) -> Result<Inspection, ImageError> {
        let image = wanted.to_string();
        if let Some(raw) = self.settled(wanted).await? {
            let blobs = parse(&image, &raw)?.blobs();
            return Ok(Inspection { digest: raw.digest(), blobs, missing: Vec::new() });
        }
        let mut inspection = upstream.inspect(wanted, &self.store).await?;
        let repository = wanted.here().mirror_repository();
        let mut absent = HashSet::new();
        for blob in self.missing(&image, &repository, &inspection.blobs).await? {
            let found = self.other_repository(&repository, &blob.digest).await;
            if found.map_err(|error| ImageError::local(&image, error))?.is_none() {
                absent.insert(blob.digest);
            }
        }
        inspection.missing.retain(|(digest, _)| absent.contains(digest));
        Ok(inspection)
    }

    /// The manifest in the local registry, if it is the wanted one as far as can be told here.
    async fn settled(&self, wanted: &Wanted) -> Result<Option<Raw>, ImageError> {
        let (image, repository) = (wanted.to_string(), wanted.here().mirror_repository());
        let name = match (wanted.here().tag(), &wanted.pin) {
            (Some(tag), _) => tag.to_string(),
            (None, Some(pin)) => pin.to_string(),
            (None, None) => return Ok(None),
        };
        let Some(digest) = self.has(&image, &repository, &name).await? else { return Ok(None) };
        let mark = match &wanted.pin {
            Some(pin) if *pin == digest => None,
            Some(pin) => Some(index_tag(pin)),
            None => Some(upstream_tag(&name)),
        };
        if let Some(mark) = mark
            && self.has(&image, &repository, &mark).await?.as_ref() != Some(&digest)
        {
            return Ok(None);
        }
        self.local.manifest(&repository, digest.as_str()).await.map_err(|error| ImageError::local(&image, error))
    }

    async fn has(&self, image: &str, repository: &str, name: &str) -> Result<Option<Digest>, ImageError> {
        self.local.has_manifest(repository, name).await.map_err(|error| ImageError::local(image, error))
    }

    async fn put_manifest(&self, image: &str, repository: &str, name: &str, raw: &Raw) -> Result<(), ImageError> {
        self.local.push_manifest(repository, name, raw).await.map_err(|error| ImageError::local(image, error))
    }

    fn built_manifest(&self, built: &Descriptor, image: &str) -> Result<Raw, ImageError> {
        if !self.store.contains(&built.digest) {
            return Err(ImageError::NotBuilt { image: image.into(), what: "manifest".into() });
        }
        let bytes = self
            .store
            .read(&built.digest)
            .map_err(|source| ImageError::file(image, &self.store.path(&built.digest), source))?;
        Ok(Raw { media_type: built.media_type.clone(), bytes })
    }

    /// Brings what is missing of an image's blobs; the bytes that moved.
    async fn bring(
        &self,
        image: &str,
        repository: &str,
        manifest: &ImageManifest,
        origin: Origin<'_>,
        progress: &Progress,
    ) -> Result<u64, ImageError> {
        let missing = self.missing(image, repository, &manifest.blobs()).await?;
        let meter = Arc::new(Meter::new(progress, image, missing.iter().map(|blob| blob.size).sum()));
        let trip = Trip { image, repository, origin, meter: meter.clone() };
        stream::iter(missing.iter().map(Ok)).try_for_each_concurrent(None, |blob| self.place(&trip, blob)).await?;
        meter.report();
        Ok(meter.done())
    }

    async fn missing(
        &self,
        image: &str,
        repository: &str,
        blobs: &[Descriptor],
    ) -> Result<Vec<Descriptor>, ImageError> {
        let asked = stream::iter(blobs.to_vec())
            .map(|blob| async move {
                let there = self.local.has_blob(repository, &blob.digest).await;
                there.map(|there| (!there).then_some(blob)).map_err(|error| ImageError::local(image, error))
            })
            .buffered(QUESTIONS)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(asked.into_iter().flatten().collect())
    }

    /// Brings one blob into a repository: from another repository if one has it, else from its origin.
    async fn place(&self, trip: &Trip<'_>, blob: &Descriptor) -> Result<(), ImageError> {
        let place = self.place_of(&blob.digest);
        // Whoever wants the same blob waits here until it is there. Slots are taken only below, so
        // that those who wait hold none.
        let mut known = place.lock().await;
        let local = |error| ImageError::local(trip.image, error);
        if self.mounted(trip.repository, &blob.digest, known.as_deref()).await.map_err(local)? {
            trip.meter.spare(blob.size);
        } else {
            let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
            self.supply(trip, blob).await?;
        }
        known.get_or_insert_with(|| trip.repository.into());
        Ok(())
    }

    async fn supply(&self, trip: &Trip<'_>, blob: &Descriptor) -> Result<(), ImageError> {
        let supply = match (self.store.content(&blob.digest), trip.origin) {
            (Some(content), Origin::Store) => Supply::Built(content),
            (Some(content), Origin::Upstream(..)) => {
                trip.meter.spare(blob.size);
                Supply::Built(content)
            }
            (None, Origin::Store) => {
                let what = format!("blob {}", blob.digest);
                return Err(ImageError::NotBuilt { image: trip.image.into(), what });
            }
            (None, Origin::Upstream(upstream, site)) => {
                Supply::Fetched(upstream.download(site, blob, &self.store, &trip.meter).await?)
            }
        };
        let meter = trip.meter.clone();
        // What is fetched was counted on its way here; the last step stays on this machine.
        let counts = matches!(trip.origin, Origin::Store);
        let sent = Arc::new(move |bytes| {
            if counts {
                meter.add(bytes);
            }
        });
        let content = match &supply {
            Supply::Built(content) => content.clone(),
            Supply::Fetched(fetched) => Content::file(fetched.path()),
        };
        let pushed = self.local.push_blob(trip.repository, blob, &content, sent).await;
        pushed.map_err(|error| refused(trip.image, blob, &content, error))?;
        if let Supply::Fetched(fetched) = supply {
            fetched.drop_file();
        }
        Ok(())
    }

    /// Whether the registry could take the blob from another of its repositories.
    async fn mounted(&self, repository: &str, digest: &Digest, known: Option<&str>) -> Result<bool, RegistryError> {
        if let Some(from) = known {
            return Ok(from == repository || self.local.mount(repository, digest, from).await?);
        }
        match self.other_repository(repository, digest).await? {
            Some(from) => self.local.mount(repository, digest, from).await,
            None => Ok(false),
        }
    }

    /// Another repository that had the blob before this run.
    async fn other_repository(&self, repository: &str, digest: &Digest) -> Result<Option<&str>, RegistryError> {
        for from in self.repositories.get_or_try_init(|| self.local.repositories()).await? {
            if from != repository && self.local.has_blob(from, digest).await? {
                return Ok(Some(from));
            }
        }
        Ok(None)
    }

    fn place_of(&self, digest: &Digest) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(digest.clone()).or_default().clone()
    }
}

/// Why the registry did not take a blob: it may be that the bytes are not what they should be.
fn refused(image: &str, blob: &Descriptor, content: &Content, error: RegistryError) -> ImageError {
    match content.digest() {
        Ok(digest) if digest != blob.digest => {
            ImageError::Damaged { image: image.into(), path: content.path().into(), digest: blob.digest.clone() }
        }
        _ => ImageError::local(image, error),
    }
}

/// The tag or digest under which the local registry gets an image.
fn name_here(wanted: &Wanted, digest: &Digest) -> Result<String, ImageError> {
    match (wanted.here().tag(), &wanted.pin) {
        (Some(tag), _) => Ok(tag.into()),
        (None, Some(pin)) if pin == digest => Ok(pin.to_string()),
        _ => Err(ImageError::Manifest {
            image: wanted.to_string(),
            reason: "its digest is that of an index of several platforms; name a tag as well, nodes pull by that"
                .into(),
        }),
    }
}

/// The tag that remembers which index a platform's manifest was chosen from.
fn index_tag(index: &Digest) -> String {
    format!("index-{}", index.hex())
}

/// The tag that says from which recipe an image was built.
fn recipe_tag(recipe: &Digest) -> String {
    format!("recipe-{}", recipe.hex())
}

/// The tag that says of another tag that it came from upstream. Tags end at 128 characters.
fn upstream_tag(tag: &str) -> String {
    format!("upstream-{tag}").chars().take(128).collect()
}

fn parse(image: &str, raw: &Raw) -> Result<ImageManifest, ImageError> {
    ImageManifest::parse(&raw.bytes)
        .map_err(|error| ImageError::Manifest { image: image.into(), reason: error.to_string() })
}
