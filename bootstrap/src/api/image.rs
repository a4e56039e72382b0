//! A package as an OCI image.
//!
//! By upstream's specification (xpkg): one layer, marked as the base, with the documents in a file `package.yaml` at its root. The
//! image's configuration says nothing that Crossplane reads.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tempfile::TempDir;

use super::{ApiError, Package};
use crate::images::manifest::Raw;
use crate::images::manifest::{IMAGE_CONFIG_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use crate::images::{BlobStore, Content, Descriptor, Digest};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// By this Crossplane knows the layer, and fetches no other.
const MARK: (&str, &str) = ("io.crossplane.xpkg", "base");
const FILE: &str = "package.yaml";

/// An image on this disk, in a folder that goes with it.
pub struct Image {
    /// As it is pushed: its digest is the package's.
    pub manifest: Raw,
    /// Configuration and layer, and where their bytes lie.
    pub blobs: Vec<(Descriptor, Content)>,
    _folder: TempDir,
}

impl Image {
    /// Bytes of all of it.
    pub fn size(&self) -> u64 {
        self.blobs.iter().map(|(blob, _)| blob.size).sum::<u64>() + self.manifest.bytes.len() as u64
    }

    /// Writes a package; the same package is the same image.
    ///
    /// # Errors
    /// [`ApiError::Folder`] if there is no room.
    pub fn of(package: &Package) -> Result<Self, ApiError> {
        let folder = |source| ApiError::Folder { source };
        let kept = tempfile::tempdir().map_err(folder)?;
        let store = BlobStore::open(kept.path()).map_err(folder)?;
        let tar = archive(package.stream().as_bytes()).map_err(folder)?;
        let layer = store.put(LAYER, &packed(&tar).map_err(folder)?).map_err(folder)?;
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(&tar)]},
        });
        let config = store.put(IMAGE_CONFIG_MEDIA_TYPE, config.to_string().as_bytes()).map_err(folder)?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE_MEDIA_TYPE,
            "config": config,
            "layers": [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size, "annotations": {MARK.0: MARK.1}}],
            "annotations": {
                "org.opencontainers.image.title": package.name,
                "org.opencontainers.image.version": package.version,
            },
        });
        let content = |blob: Descriptor| {
            let content = Content::file(store.path(&blob.digest));
            (blob, content)
        };
        Ok(Self {
            manifest: Raw { media_type: OCI_IMAGE_MEDIA_TYPE.into(), bytes: manifest.to_string().into_bytes() },
            blobs: [layer, config].map(content).into(),
            _folder: kept,
        })
    }
}

fn archive(documents: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(documents.len() as u64);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, FILE, documents)?;
    tar.into_inner()
}

fn packed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    io::Write::write_all(&mut packed, bytes)?;
    packed.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use serde_json::Value;

    fn package() -> Package {
        Package::sample(vec![json!({"kind": "Configuration"}), json!({"kind": "Composition"})], true)
    }

    #[test]
    fn the_layer_has_one_file_and_is_marked() {
        let image = Image::of(&package()).expect("an image");
        let manifest: Value = serde_json::from_slice(&image.manifest.bytes).expect("JSON");
        let layers = manifest["layers"].as_array().expect("layers");
        assert_eq!(layers.len(), 1);
        assert_eq!(layers[0]["annotations"]["io.crossplane.xpkg"], "base");
        let (layer, content) = &image.blobs[0];
        assert_eq!(layers[0]["digest"], layer.digest.as_str());
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(content.open().expect("the layer")).read_to_end(&mut tar).expect("gzip");
        let mut archive = tar::Archive::new(tar.as_slice());
        let mut entries = archive.entries().expect("entries").map(|entry| entry.expect("an entry"));
        let mut only = entries.next().expect("a file");
        assert_eq!(only.path().expect("a path").to_str(), Some("package.yaml"));
        let mut text = String::new();
        only.read_to_string(&mut text).expect("text");
        assert_eq!(text, "kind: Configuration\n---\nkind: Composition\n");
        assert!(entries.next().is_none());
    }

    #[test]
    fn the_configuration_names_the_layer_as_it_is_unpacked() {
        let image = Image::of(&package()).expect("an image");
        let config: Value = serde_json::from_slice(&image.blobs[1].1.read().expect("it")).expect("JSON");
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(image.blobs[0].1.open().expect("it")).read_to_end(&mut tar).expect("gzip");
        assert_eq!(config["rootfs"]["diff_ids"], json!([Digest::of(&tar)]));
    }

    #[test]
    fn the_same_package_is_the_same_image() {
        let digest = |package: &Package| Image::of(package).expect("an image").manifest.digest();
        assert_eq!(digest(&package()), digest(&package()));
        let other = Package { documents: vec![json!({"kind": "Configuration"})], ..package() };
        assert_ne!(digest(&package()), digest(&other));
    }
}
