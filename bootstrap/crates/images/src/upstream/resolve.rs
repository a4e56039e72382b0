//! From an image's name to the manifest of the one that runs here.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::fault::Fault;
use super::request::{Ask, Problem};
use super::{Resolved, Site, Upstream};
use crate::blob::Descriptor;
use crate::digest::Digest;
use crate::error::ImageError;
use crate::made_for::{Made, refusal};
use crate::manifest::{Choice, ImageManifest, Raw, choose};
use crate::reference::Wanted;

/// No manifest is larger, and no configuration; registries refuse more than 4 MiB themselves.
const LIMIT: usize = 8 << 20;
/// So many images of an index that does not say what they are for are looked at.
const LOOKED_AT: usize = 16;

impl Upstream {
    /// As [`Upstream::resolve`], whatever was found before.
    pub(super) async fn ask_for(&self, wanted: &Wanted) -> Result<Resolved, ImageError> {
        let site = self.site(wanted)?;
        let name = match (&wanted.pin, wanted.reference.tag()) {
            (Some(pin), _) => pin.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_string(),
        };
        let first = self.manifest(&site, &name, wanted.pin.as_ref()).await?;
        if !first.is_index() {
            return image_only(&site, first).map(|manifest| Resolved { site, index: None, manifest });
        }
        let manifest = match self.chosen(&site, &first)? {
            Choice::Found(digest) => self.manifest(&site, digest.as_str(), Some(&digest)).await?,
            Choice::Unsaid { candidates, offered } => self.by_configuration(&site, &candidates, offered).await?,
            Choice::Missing { offered } => return Err(self.no_platform(&site, offered)),
        };
        let manifest = image_only(&site, manifest)?;
        Ok(Resolved { site, index: Some(first.digest()), manifest })
    }

    fn chosen(&self, site: &Site, index: &Raw) -> Result<Choice, ImageError> {
        choose(&index.bytes, &self.options.platform).map_err(|error| unusable(site, error.to_string()))
    }

    fn no_platform(&self, site: &Site, offered: Vec<String>) -> ImageError {
        let (image, host) = (site.image.clone(), site.host.clone());
        ImageError::NoPlatform { image, host, wanted: self.options.platform.to_string(), offered }
    }

    /// The best of images whose index does not say what they are for: their own configurations do.
    async fn by_configuration(
        &self,
        site: &Site,
        candidates: &[Digest],
        mut offered: Vec<String>,
    ) -> Result<Raw, ImageError> {
        let mut best: Option<(u8, Raw)> = None;
        for digest in candidates.iter().take(LOOKED_AT) {
            let mut manifest = self.manifest(site, digest.as_str(), Some(digest)).await?;
            // An index may list further ones.
            if manifest.is_index() {
                let Choice::Found(digest) = self.chosen(site, &manifest)? else { continue };
                manifest = self.manifest(site, digest.as_str(), Some(&digest)).await?;
            }
            // What is no image may lie beside one.
            if !manifest.is_image() || refusal(&manifest.bytes).is_some() {
                continue;
            }
            let made = self.made_for(site, &manifest).await?;
            match made.suits(&self.options.platform) {
                Some(rank) if best.as_ref().is_none_or(|(before, _)| rank < *before) => best = Some((rank, manifest)),
                Some(_) => {}
                None => offered.push(made.to_string()),
            }
        }
        best.map(|(_, manifest)| manifest).ok_or_else(|| self.no_platform(site, offered))
    }

    async fn made_for(&self, site: &Site, manifest: &Raw) -> Result<Made, ImageError> {
        let wrong = |error: serde_json::Error| unusable(site, error.to_string());
        let config = ImageManifest::parse(&manifest.bytes).map_err(wrong)?.config;
        let bytes = self.small_blob(site, &config.digest).await?;
        serde_json::from_slice(&bytes).map_err(wrong)
    }

    /// Refuses an image whose own configuration says that it is for another platform. One that says nothing is let
    /// pass.
    pub(super) fn check_configuration(
        &self,
        site: &Site,
        blob: &Descriptor,
        path: &std::path::Path,
    ) -> Result<(), ImageError> {
        if !blob.media_type.contains("image.config") && !blob.media_type.contains("container.image.v1") {
            return Ok(());
        }
        let made: Option<Made> = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match made.filter(|made| !made.os.is_empty() && !made.architecture.is_empty()) {
            Some(made) if made.suits(&self.options.platform).is_none() => {
                Err(self.no_platform(site, vec![made.to_string()]))
            }
            _ => Ok(()),
        }
    }

    async fn manifest(&self, site: &Site, name: &str, expected: Option<&Digest>) -> Result<Raw, ImageError> {
        let mut pace = self.options.patience.pace();
        loop {
            let fault = match self.manifest_once(site, name).await {
                Ok(raw) => {
                    return verified(site, "the manifest's digest", raw.digest(), expected).map(|()| raw);
                }
                Err(fault) => fault,
            };
            pace.again(fault, |_| ()).await?;
        }
    }

    async fn manifest_once(&self, site: &Site, name: &str) -> Result<Raw, Fault> {
        let answer = self.get(site, &Ask::Manifest(name)).await?;
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.map(|text| text.split(';').next().unwrap_or(text).trim().to_string());
        if media_type.as_deref() == Some("text/html") {
            // A network that asks people to sign in first answers everything with a page of its own.
            let (image, host) = (site.image.clone(), site.host().to_string());
            let reason = "a web page answered, not a registry; does this network ask you to sign in first?".into();
            return Err(Fault::last(ImageError::Unreachable { image, host, reason }));
        }
        let bytes = limited(answer).await.map_err(|problem| problem.fault(site))?;
        Ok(Raw::new(&media_type.unwrap_or_default(), bytes))
    }

    /// A blob that is read here, such as a configuration.
    async fn small_blob(&self, site: &Site, digest: &Digest) -> Result<Vec<u8>, ImageError> {
        let mut pace = self.options.patience.pace();
        loop {
            let read = async {
                let answer = self.get(site, &Ask::Blob(digest, 0)).await?;
                limited(answer).await.map_err(|problem| problem.fault(site))
            };
            let fault = match read.await {
                Ok(bytes) => {
                    let found = Digest::of(&bytes);
                    return verified(site, "its configuration's digest", found, Some(digest)).map(|()| bytes);
                }
                Err(fault) => fault,
            };
            pace.again(fault, |_| ()).await?;
        }
    }
}

fn unusable(site: &Site, reason: String) -> ImageError {
    ImageError::Manifest { image: site.image.clone(), reason }
}

/// Lets only content with the right digest pass.
fn verified(site: &Site, what: &str, found: Digest, expected: Option<&Digest>) -> Result<(), ImageError> {
    match expected {
        Some(expected) if *expected != found => Err(ImageError::WrongDigest {
            image: site.image.clone(),
            what: what.into(),
            expected: expected.clone(),
            found: found.to_string(),
        }),
        _ => Ok(()),
    }
}

fn image_only(site: &Site, raw: Raw) -> Result<Raw, ImageError> {
    let reason = match raw.is_image() {
        true => refusal(&raw.bytes),
        false if raw.media_type.contains("manifest.v1") => {
            Some("it is in Docker's first format, which nodes no longer take".to_string())
        }
        false => Some(format!("its type is `{}`", raw.media_type)),
    };
    reason.map_or(Ok(raw), |reason| Err(unusable(site, reason)))
}

/// A body that is read here, which must not fill the memory.
async fn limited(mut answer: Response) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Problem::Broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LIMIT {
            return Err(Problem::TooLarge);
        }
    }
    Ok(bytes)
}
