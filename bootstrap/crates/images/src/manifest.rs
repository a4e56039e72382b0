//! Manifests as registries serve them: of one image, or an index of several platforms' images.

use oci_client::manifest as oci;
pub use oci_client::manifest::{IMAGE_CONFIG_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use serde::Deserialize;

use super::blob::Descriptor;
use super::digest::Digest;
use super::made_for::Made;
use super::platform::Platform;

/// Every type of manifest that is understood, in the form of an `Accept` header.
pub const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest with the bytes that its digest is made of.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its type, as the server or the manifest itself says; may be one that is not understood.
    pub media_type: String,
    /// The body, byte for byte as it came.
    pub bytes: Vec<u8>,
}

impl Raw {
    /// A manifest as a server gave it. What the server calls it counts if that is a type of manifest; some say
    /// `text/plain` of everything, and then the manifest itself is asked.
    pub fn new(served_as: &str, bytes: Vec<u8>) -> Self {
        let served = Self { media_type: served_as.into(), bytes };
        if served.is_index() || served.is_image() {
            return served;
        }
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(&served.bytes) else { return served };
        let media_type = match body["mediaType"].as_str() {
            Some(named) => named,
            None if body["manifests"].is_array() => oci::OCI_IMAGE_INDEX_MEDIA_TYPE,
            None if body["config"].is_object() && body["layers"].is_array() => OCI_IMAGE_MEDIA_TYPE,
            None => served_as,
        };
        Self { media_type: media_type.into(), ..served }
    }

    /// Digest of the bytes, by which it is known.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Whether it lists manifests for several platforms, in OCI's format or Docker's.
    pub fn is_index(&self) -> bool {
        matches!(self.media_type.as_str(), oci::OCI_IMAGE_INDEX_MEDIA_TYPE | oci::IMAGE_MANIFEST_LIST_MEDIA_TYPE)
    }

    /// Whether it is of one image, in OCI's format or Docker's second.
    pub fn is_image(&self) -> bool {
        matches!(self.media_type.as_str(), OCI_IMAGE_MEDIA_TYPE | oci::IMAGE_MANIFEST_MEDIA_TYPE)
    }
}

/// The manifest of one image.
#[derive(Debug, Clone, Deserialize)]
pub struct ImageManifest {
    /// The configuration: what it is made for, and how a container of it starts.
    pub config: Descriptor,
    /// The layers, lowest first; the same one may occur twice.
    pub layers: Vec<Descriptor>,
}

impl ImageManifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// It is not JSON, or lacks its configuration or layers.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Configuration and layers, each content once: some images have the same layer twice.
    pub fn blobs(&self) -> Vec<Descriptor> {
        let mut blobs: Vec<Descriptor> = Vec::new();
        for blob in self.layers.iter().chain([&self.config]) {
            if !blobs.iter().any(|known| known.digest == blob.digest) {
                blobs.push(blob.clone());
            }
        }
        blobs
    }

    /// Bytes of all blobs.
    pub fn size(&self) -> u64 {
        self.blobs().iter().map(|blob| blob.size).sum()
    }
}

/// What an index has for a platform.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// The digest of the manifest that suits best.
    Found(Digest),
    /// Nothing that says so, but these do not say what they are for; the others are for these.
    Unsaid {
        /// Digests of the manifests that do not say what they are for.
        candidates: Vec<Digest>,
        /// What the others say they are for, as `linux/arm64`.
        offered: Vec<String>,
    },
    /// Nothing; these it has.
    Missing {
        /// What its manifests say they are for, as `linux/arm64`.
        offered: Vec<String>,
    },
}

/// Chooses the image for a platform out of an index.
///
/// # Errors
/// The index cannot be read.
pub fn choose(index: &[u8], platform: &Platform) -> Result<Choice, serde_json::Error> {
    let index: oci::OciImageIndex = serde_json::from_slice(index)?;
    let (mut candidates, mut offered, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &index.manifests {
        use serde::de::Error;
        let digest: Digest = entry.digest.parse().map_err(serde_json::Error::custom)?;
        let Some(own) = &entry.platform else {
            candidates.push(digest);
            continue;
        };
        let (os, architecture) = (own.os.to_string(), own.architecture.to_string());
        let own = Made { os, architecture, variant: own.variant.clone() };
        match own.suits(platform) {
            Some(rank) => found.push((rank, digest)),
            // Attestations are listed as images of an unknown platform.
            None if own.os == "unknown" => {}
            None => offered.push(own.to_string()),
        }
    }
    offered.dedup();
    // The first of the best.
    match found.into_iter().min_by_key(|(rank, _)| *rank) {
        Some((_, digest)) => Ok(Choice::Found(digest)),
        None if candidates.is_empty() => Ok(Choice::Missing { offered }),
        None => Ok(Choice::Unsaid { candidates, offered }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[(&str, &str)]) -> (Vec<Digest>, Vec<u8>) {
        let digests: Vec<_> = platforms.iter().map(|(_, arch)| Digest::of(arch.as_bytes())).collect();
        let manifests: Vec<_> = platforms
            .iter()
            .zip(&digests)
            .map(|((os, architecture), digest)| {
                serde_json::json!({"mediaType": OCI_IMAGE_MEDIA_TYPE, "digest": digest, "size": 1,
                    "platform": {"os": os, "architecture": architecture}})
            })
            .collect();
        let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
        (digests, serde_json::to_vec(&index).expect("JSON"))
    }

    #[test]
    fn the_platform_is_chosen_out_of_an_index() {
        let (digests, index) = index(&[("windows", "amd64"), ("linux", "arm64"), ("unknown", "unknown")]);
        assert_eq!(choose(&index, &Platform::linux("aarch64")).expect("index"), Choice::Found(digests[1].clone()));
        let offered = vec!["windows/amd64".to_string(), "linux/arm64".into()];
        assert_eq!(choose(&index, &Platform::linux("amd64")).expect("index"), Choice::Missing { offered });
    }

    #[test]
    fn an_index_without_platforms_is_not_taken_for_an_empty_one() {
        let digest = Digest::of(b"a");
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [
            {"mediaType": OCI_IMAGE_MEDIA_TYPE, "digest": digest, "size": 1}]});
        let expected = Choice::Unsaid { candidates: vec![digest], offered: Vec::new() };
        assert_eq!(choose(index.to_string().as_bytes(), &Platform::linux("amd64")).expect("index"), expected);
    }

    #[test]
    fn a_manifest_that_is_served_as_text_says_itself_what_it_is() {
        let index = Raw::new("text/plain", br#"{"schemaVersion": 2, "manifests": []}"#.to_vec());
        let image = Raw::new("application/json", br#"{"config": {}, "layers": []}"#.to_vec());
        assert!(index.is_index() && image.is_image());
        assert_eq!(Raw::new("text/html", b"<html>".to_vec()).media_type, "text/html");
    }

    #[test]
    fn sizes_that_have_no_sum_are_refused() {
        let blob = |text: &str, size: u64| serde_json::json!({"mediaType": "x", "digest": Digest::of(text.as_bytes()), "size": size});
        let manifest = |size| {
            let manifest = serde_json::json!({"config": blob("c", size), "layers": [blob("a", size), blob("b", size)]});
            ImageManifest::parse(manifest.to_string().as_bytes())
        };
        assert!(manifest(u64::MAX).is_err_and(|error| error.to_string().contains("cannot be")));
        assert_eq!(manifest(1 << 40).expect("manifest").size(), 3 << 40);
    }

    #[test]
    fn a_layer_that_is_there_twice_counts_once() {
        let blob = |text: &str| serde_json::json!({"mediaType": "x", "digest": Digest::of(text.as_bytes()), "size": 7});
        let manifest = serde_json::json!({"config": blob("c"), "layers": [blob("a"), blob("a"), blob("b")]});
        let manifest = ImageManifest::parse(manifest.to_string().as_bytes()).expect("manifest");
        assert_eq!((manifest.blobs().len(), manifest.size()), (3, 21));
    }
}
