//! A package's image -> a registry.

use std::sync::Arc;

use super::{ApiError, Package};
use crate::api::image::Image;
use crate::docker::{Engine, names, network, registry};
use crate::images::{Digest, Platform, Reference, Registry, Upstream, UpstreamOptions};
use crate::loopback::is_loopback;

const SCHEME: &str = "oci://";

/// A place for a package in a registry.
pub struct Place {
    registry: Registry,
    repository: String,
    /// What a cluster calls it, without a tag.
    pub called: String,
}

impl Place {
    /// In the registry of a platform of our own, which its pods reach by an address that never changes.
    ///
    /// # Errors
    /// It does not run, or the engine does not answer.
    pub async fn of_platform(engine: &Engine, package: &Package) -> Result<Self, ApiError> {
        let port = registry::find(engine).await?.ok_or(ApiError::NoRegistry)?;
        let network = network::find(engine).await?.ok_or(ApiError::NoRegistry)?;
        let repository = package.repository();
        let called = format!("{}:{}/{repository}", network.registry(), names::REGISTRY_PORT);
        Ok(Self { registry: Registry::at_port(port)?, repository, called })
    }

    /// In any registry, at `oci://HOST[:PORT]/REPOSITORY`, with Docker's credentials.
    ///
    /// # Errors
    /// [`ApiError::Address`] with why it is none.
    pub async fn at(address: &str) -> Result<Self, ApiError> {
        let reference = parse(address)?;
        let sign_in = Upstream::new(UpstreamOptions::new(Platform::here()))?;
        let registry = Registry::at_host(reference.host(), "", is_loopback(reference.host()), sign_in).await?;
        let repository = reference.repository().to_string();
        Ok(Self { registry, called: format!("{}/{repository}", reference.host()), repository })
    }

    /// Puts the image there under its version; false if it was there already.
    ///
    /// # Errors
    /// [`ApiError::Taken`] if that version is something else, or the registry does not take it.
    pub async fn push(&self, image: &Image, version: &str) -> Result<bool, ApiError> {
        match self.registry.has_manifest(&self.repository, version).await? {
            Some(digest) if digest == self.digest(image) => return Ok(false),
            Some(_) => return Err(ApiError::Taken { place: format!("{}:{version}", self.called) }),
            None => {}
        }
        for (blob, content) in &image.blobs {
            if !self.registry.has_blob(&self.repository, &blob.digest).await? {
                self.registry.push_blob(&self.repository, blob, content, Arc::new(|_| ())).await?;
            }
        }
        self.registry.push_manifest(&self.repository, version, &image.manifest).await?;
        Ok(true)
    }

    fn digest(&self, image: &Image) -> Digest {
        image.manifest.digest()
    }
}

fn parse(address: &str) -> Result<Reference, ApiError> {
    let wrong = |why: &str| ApiError::Address { address: address.into(), why: why.into() };
    let rest = address.strip_prefix(SCHEME).ok_or_else(|| wrong("it does not begin with oci://"))?;
    let (host, repository) = rest.split_once('/').ok_or_else(|| wrong("it has no repository"))?;
    if !(host.contains(['.', ':']) || host == "localhost") {
        return Err(wrong("the name of a registry must come first"));
    }
    if repository.contains([':', '@']) {
        return Err(wrong("the version is the tag, so none is written here"));
    }
    rest.parse::<Reference>().map_err(|error| wrong(&error.reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_registry_and_repository() {
        let parsed = parse("oci://registry.example:5000/team/app").expect("an address");
        assert_eq!((parsed.host(), parsed.repository()), ("registry.example:5000", "team/app"));
        for wrong in [
            "registry.example/app",
            "oci://registry.example",
            "oci://team/app",
            "oci://registry.example/app:v1.0.0",
            "oci://registry.example/App",
        ] {
            assert!(matches!(parse(wrong), Err(ApiError::Address { .. })), "{wrong}");
        }
    }
}
