//! Images as other programs read them: an engine's archive, or an OCI layout.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use bytes::Bytes;
use futures::Stream;
use serde::Deserialize;
use serde_json::json;

use super::layer::FILE_TIME;
use backstack_images::{BlobStore, Descriptor};

/// What of a manifest is needed here.
#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

fn read_manifest(store: &BlobStore, manifest: &Descriptor) -> io::Result<Manifest> {
    Ok(serde_json::from_slice(&store.read(&manifest.digest)?)?)
}

/// Writes an image as the archive that `docker load` reads, under the name `repo_tag`.
///
/// zstd layers are decompressed on the way, because older engines cannot; others go as they are.
///
/// # Errors
/// A blob is missing or damaged, or `out` does not take it.
pub fn write_docker_archive(
    store: &BlobStore,
    manifest: &Descriptor,
    repo_tag: &str,
    out: impl Write,
) -> io::Result<()> {
    let image = read_manifest(store, manifest)?;
    let config_name = format!("{}.json", image.config.digest.hex());
    let layer_name = |layer: &Descriptor| format!("{}.tar", layer.digest.hex());
    let names: Vec<String> = image.layers.iter().map(layer_name).collect();
    let index = json!([{ "Config": config_name, "RepoTags": [repo_tag], "Layers": names }]);
    let mut tar = tar::Builder::new(out);
    let config = store.read(&image.config.digest)?;
    append(&mut tar, &config_name, config.len() as u64, &config[..])?;
    let mut written = BTreeSet::new();
    for layer in &image.layers {
        if written.insert(&layer.digest) {
            append_layer(store, layer, &layer_name(layer), &mut tar)?;
        }
    }
    let index = index.to_string();
    append(&mut tar, "manifest.json", index.len() as u64, index.as_bytes())?;
    tar.into_inner()?.flush()
}

fn append_layer<W: Write>(
    store: &BlobStore,
    layer: &Descriptor,
    name: &str,
    tar: &mut tar::Builder<W>,
) -> io::Result<()> {
    let content = store.content(&layer.digest).ok_or(io::ErrorKind::NotFound)?;
    let open = || content.open().map(BufReader::new);
    if !layer.media_type.ends_with("zstd") {
        return append(tar, name, layer.size, open()?);
    }
    // The header before a file tells its size, and only a first pass can know that.
    let size = io::copy(&mut zstd::Decoder::new(open()?)?, &mut io::sink())?;
    append(tar, name, size, zstd::Decoder::new(open()?)?)
}

fn append<W: Write>(tar: &mut tar::Builder<W>, name: &str, size: u64, bytes: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_mtime(FILE_TIME);
    header.set_size(size);
    tar.append_data(&mut header, name, bytes)
}

/// The archive of [`write_docker_archive`] as a stream, for an engine's API.
pub fn docker_archive_stream(
    store: &BlobStore,
    manifest: &Descriptor,
    repo_tag: &str,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let (store, manifest, repo_tag) = (store.clone(), manifest.clone(), repo_tag.to_string());
    tokio::task::spawn_blocking(move || {
        let out = io::BufWriter::with_capacity(1 << 20, ToChannel(sender.clone()));
        if let Err(error) = write_docker_archive(&store, &manifest, &repo_tag, out) {
            // Nobody listens any more if this fails.
            drop(sender.blocking_send(Err(error)));
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}

struct ToChannel(tokio::sync::mpsc::Sender<io::Result<Bytes>>);

impl Write for ToChannel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes an image as an OCI layout. Blobs are linked where the disk allows, otherwise copied.
///
/// # Errors
/// A blob is missing, or the folder cannot be written.
pub fn write_oci_layout(store: &BlobStore, manifest: &Descriptor, reference: &str, folder: &Path) -> io::Result<()> {
    let image = read_manifest(store, manifest)?;
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    for blob in image.layers.iter().chain([&image.config, manifest]) {
        let (from, to) = (store.path(&blob.digest), blobs.join(blob.digest.hex()));
        if !to.exists() && fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to)?;
        }
    }
    let mut entry = serde_json::to_value(manifest)?;
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": reference });
    let index =
        json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry] });
    fs::write(folder.join("index.json"), index.to_string())?;
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer;
    use crate::tree::{Entry, Tree};
    use backstack_images::manifest::OCI_IMAGE_MEDIA_TYPE;
    use futures::StreamExt;

    /// An image of one layer twice; returns the plain layer's bytes.
    fn image(store: &BlobStore) -> (Descriptor, Vec<u8>) {
        let mut tree = Tree::new(false);
        tree.put("/hello", Entry::bytes(&b"world"[..], 0o644)).expect("put");
        let layer = layer::write(store, &tree).expect("layer");
        let plain = zstd::decode_all(&store.read(&layer.blob.digest).expect("blob")[..]).expect("zstd");
        let config = store.put("config", b"{}").expect("config");
        let manifest = json!({ "config": config, "layers": [layer.blob, layer.blob] }).to_string();
        (store.put(OCI_IMAGE_MEDIA_TYPE, manifest.as_bytes()).expect("manifest"), plain)
    }

    #[tokio::test]
    async fn an_engines_archive_has_plain_layers_and_an_index() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = BlobStore::open(folder.path()).expect("store");
        let (manifest, plain) = image(&store);
        let mut archive = Vec::new();
        write_docker_archive(&store, &manifest, "a/b:c", &mut archive).expect("archive");
        let streamed: Vec<_> =
            docker_archive_stream(&store, &manifest, "a/b:c").map(|part| part.expect("part")).collect().await;
        assert_eq!(streamed.concat(), archive);
        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(&archive[..]).entries().expect("entries") {
            let mut entry = entry.expect("entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("read");
            assert!(files.insert(entry.path().expect("path").display().to_string(), bytes).is_none());
        }
        let index: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).expect("index");
        assert_eq!(index[0]["RepoTags"], json!(["a/b:c"]));
        let layers = index[0]["Layers"].as_array().expect("layers");
        assert_eq!((layers.len(), files.len()), (2, 3));
        assert_eq!(files[layers[0].as_str().expect("name")], plain);
        assert_eq!(files[index[0]["Config"].as_str().expect("name")], b"{}");
    }

    #[test]
    fn a_layout_names_the_image_and_holds_its_blobs() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = BlobStore::open(folder.path().join("store")).expect("store");
        let (manifest, _) = image(&store);
        let layout = folder.path().join("layout");
        write_oci_layout(&store, &manifest, "a/b:c", &layout).expect("layout");
        let index: serde_json::Value =
            serde_json::from_slice(&fs::read(layout.join("index.json")).expect("index")).expect("JSON");
        assert_eq!(index["manifests"][0]["digest"], json!(manifest.digest));
        assert_eq!(fs::read_dir(layout.join("blobs/sha256")).expect("blobs").count(), 3);
        assert!(!BlobStore::open(&layout).expect("store").read(&manifest.digest).expect("manifest").is_empty());
    }
}
