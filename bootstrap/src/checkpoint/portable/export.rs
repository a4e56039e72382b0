//! A checkpoint of a platform -> a file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{CONFIG, Manifest, OBJECTS, VOLUMES, listed};
use crate::checkpoint::{About, CheckpointError, node};
use crate::docker::Engine;
use crate::images::bundle::{About as FileAbout, BundleError};
use crate::images::bundle_writer::{self, Beside, Packed};
use crate::images::manifest::OCI_IMAGE_MEDIA_TYPE;
use crate::images::{BlobStore, Descriptor};
use crate::report::Progress;
use crate::target::local::Running;

/// As the checkpoint itself has it.
const LEVEL: i32 = 3;

/// A file that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The file that was written.
    pub path: PathBuf,
    /// Name of the checkpoint that is in it.
    pub checkpoint: String,
    /// Size of the file.
    pub bytes: u64,
}

/// Writes a checkpoint to a file that must not be there, which only its owner may read.
///
/// # Errors
/// [`CheckpointError`], and then there is no file.
pub async fn export(place: &Running, about: &About, path: &Path) -> Result<Exported, CheckpointError> {
    if path.exists() {
        return Err(BundleError::Exists { path: path.into() }.into());
    }
    let Some(origin) = &about.origin else {
        return Err(CheckpointError::Old { name: about.name.clone(), made_by: about.made_by.clone() });
    };
    // Beside the file itself, where there is room for it or the file cannot be written either.
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new().prefix(".backstack-").tempdir_in(beside).map_err(writing(path))?;
    let store = BlobStore::open(folder.path()).map_err(writing(path))?;
    let manifest = gather(place, about, &store, path).await?;
    let file = FileAbout {
        created: about.created.clone(),
        made_by: about.made_by.clone(),
        stack: about.stack.clone(),
        stack_version: about.stack_version.clone(),
        architectures: vec![origin.architecture.clone()],
        checkpoint: Some(manifest.digest.clone()),
        ..FileAbout::blank()
    };
    let packed = Packed { image: listed(&about.name, &origin.architecture, manifest), from: None };
    let beside = Beside::default();
    let written = bundle_writer::write(path, file, vec![packed], &store, beside, &Progress::silent()).await?;
    Ok(Exported { path: path.into(), checkpoint: about.name.clone(), bytes: written.bytes })
}

/// All of a checkpoint in a store; its manifest.
async fn gather(place: &Running, about: &About, store: &BlobStore, path: &Path) -> Result<Descriptor, CheckpointError> {
    let put = |kind: &str, bytes: &[u8]| store.put(kind, bytes).map_err(writing(path));
    let objects = node::read_objects(&place.engine, &place.control_plane, &about.name).await?;
    let objects = put(OBJECTS, &objects)?;
    let mut volumes = Vec::new();
    for name in &about.nodes {
        volumes.push(volumes_of(&place.engine, name, &about.name, store).await.map_err(|error| match error {
            Gather::Engine(error) => error.into(),
            Gather::File(source) => writing(path)(source),
        })?);
    }
    let config = put(CONFIG, &serde_json::to_vec(about).expect("plain data is JSON"))?;
    let manifest = Manifest::of(about, config, objects, volumes);
    put(OCI_IMAGE_MEDIA_TYPE, &serde_json::to_vec(&manifest).expect("plain data is JSON"))
}

enum Gather {
    Engine(crate::docker::ClusterError),
    File(io::Error),
}

async fn volumes_of(engine: &Engine, name: &str, checkpoint: &str, store: &BlobStore) -> Result<Descriptor, Gather> {
    let mut packed = zstd::Encoder::new(store.writer().map_err(Gather::File)?, LEVEL).map_err(Gather::File)?;
    let folder = node::volumes_of(checkpoint);
    engine.read_folder(name, &folder, |part| packed.write_all(part)).await.map_err(Gather::Engine)?;
    packed.finish().and_then(|blob| blob.commit(VOLUMES)).map_err(Gather::File)
}

fn writing(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_path_buf();
    move |source| BundleError::File { path, what: "written", source }.into()
}
