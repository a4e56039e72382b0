//! A checkpoint in a file <-> a registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{KIND, Manifest, Portable};
use crate::checkpoint::CheckpointError;
use crate::folders;
use crate::images::bundle::About as FileAbout;
use crate::images::bundle_writer::{self, Beside, Packed};
use crate::images::manifest::OCI_IMAGE_MEDIA_TYPE;
use crate::images::manifest::Raw;
use crate::images::{
    BlobStore, Bundle, Content, Descriptor, Platform, Reference, Registry, Upstream, UpstreamOptions, Wanted,
};
use crate::loopback::is_loopback;
use crate::report::Progress;

const SCHEME: &str = "oci://";

/// Whether a checkpoint is meant that lies in a registry.
pub fn is_address(text: &Path) -> bool {
    text.to_string_lossy().starts_with(SCHEME)
}

/// The address `oci://HOST[:PORT]/REPOSITORY[:TAG]`.
///
/// # Errors
/// [`CheckpointError::Address`] with why it is none.
pub fn parse(address: &str) -> Result<Reference, CheckpointError> {
    let wrong = |why: String| CheckpointError::Address { address: address.into(), why };
    let rest = address.strip_prefix(SCHEME).ok_or_else(|| wrong(format!("it does not begin with {SCHEME}")))?;
    let host = rest.split('/').next().unwrap_or_default();
    if !rest.contains('/') || !(host.contains(['.', ':']) || host == "localhost") {
        return Err(wrong("the name of a registry must come first".into()));
    }
    rest.parse::<Reference>().map_err(|error| wrong(error.reason))
}

/// Pushes the checkpoint of a file to a registry.
///
/// # Errors
/// The file has none, or the registry does not take it.
pub async fn push(file: &Path, to: &Reference) -> Result<(), CheckpointError> {
    let bundle = Bundle::open(file)?;
    let listed = bundle.checkpoint().ok_or_else(|| CheckpointError::NoneInFile { path: file.into() })?;
    let broken = |source| CheckpointError::BrokenFile { path: file.into(), source };
    let bytes = bundle.read(&listed.manifest.digest).map_err(broken)?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| broken(error.into()))?;
    let sign_in = Upstream::new(UpstreamOptions::new(Platform::here()))?;
    let registry = Registry::at_host(to.host(), "", is_loopback(to.host()), sign_in).await?;
    let blobs = std::iter::once(&manifest.config).chain(manifest.layers.iter().map(|layer| &layer.blob));
    for blob in blobs {
        push_blob(&registry, to, blob, bundle.content(&blob.digest)).await?;
    }
    let raw = Raw { media_type: OCI_IMAGE_MEDIA_TYPE.into(), bytes };
    Ok(registry.push_manifest(to.repository(), tag(to), &raw).await?)
}

async fn push_blob(
    registry: &Registry,
    to: &Reference,
    blob: &Descriptor,
    content: Option<&Content>,
) -> Result<(), CheckpointError> {
    if let (Some(content), false) = (content, registry.has_blob(to.repository(), &blob.digest).await?) {
        registry.push_blob(to.repository(), blob, content, Arc::new(|_| ())).await?;
    }
    Ok(())
}

fn tag(reference: &Reference) -> &str {
    reference.tag().unwrap_or("latest")
}

/// Fetches a checkpoint from a registry into the cache, unless it is there already.
///
/// # Errors
/// The registry does not have it or gives something else, or the disk is full.
pub async fn pull(from: &Reference, progress: &Progress) -> Result<PathBuf, CheckpointError> {
    let upstream = Upstream::new(UpstreamOptions::new(Platform::here()))?;
    let missing = || CheckpointError::NotInRegistry { host: from.host().into(), reference: from.to_string() };
    let registry = Registry::at_host(from.host(), "", is_loopback(from.host()), upstream.clone()).await?;
    let raw = registry.manifest(from.repository(), tag(from)).await?.ok_or_else(missing)?;
    let manifest: Manifest = serde_json::from_slice(&raw.bytes).map_err(|_| missing())?;
    if manifest.artifact_type != KIND {
        return Err(missing());
    }
    let cache = folders::cache()?.join("checkpoints");
    let kept = |source| CheckpointError::BrokenFile { path: cache.clone(), source };
    private_folder(&cache).map_err(kept)?;
    let (digest, size) = (raw.digest(), raw.bytes.len() as u64);
    let path = cache.join(format!("{}.checkpoint", digest.hex()));
    if Portable::open(&path).is_ok() {
        return Ok(path);
    }
    // It is no image, so it is not looked for like one.
    let wanted = Wanted::new(from.clone());
    upstream.know(&wanted, None, raw)?;
    let found = upstream.resolve(&wanted).await?;
    let note = |key: &str| manifest.annotations.get(key).cloned().unwrap_or_default();
    let file = FileAbout {
        created: note(super::CREATED),
        made_by: note(super::MADE_BY),
        stack: note(super::STACK),
        stack_version: note(super::STACK_VERSION),
        checkpoint: Some(digest.clone()),
        ..FileAbout::blank()
    };
    let listed =
        super::listed(&note(super::NAME), "", Descriptor { media_type: OCI_IMAGE_MEDIA_TYPE.into(), digest, size });
    let folder = tempfile::tempdir_in(&cache).map_err(kept)?;
    let store = BlobStore::open(folder.path()).map_err(kept)?;
    let packed = Packed { image: listed, from: Some((upstream, found)) };
    bundle_writer::write(&path, file, vec![packed], &store, Beside::default(), progress).await?;
    Ok(path)
}

/// Checkpoints have passwords in them.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_registry() {
        let parsed = parse("oci://registry.example/team/lab:1").expect("an address");
        assert_eq!((parsed.host(), parsed.repository(), tag(&parsed)), ("registry.example", "team/lab", "1"));
        let here = parse("oci://localhost:5001/lab").expect("an address");
        assert!(is_loopback(here.host()) && !is_loopback(parsed.host()) && tag(&here) == "latest");
        for wrong in ["registry.example/a:1", "oci://lab:1", "oci://team/lab:1", "oci://registry.example/A b"] {
            assert!(matches!(parse(wrong), Err(CheckpointError::Address { .. })), "{wrong}");
        }
    }
}
