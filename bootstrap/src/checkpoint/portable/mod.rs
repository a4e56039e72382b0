//! A checkpoint outside of its platform.
//!
//! It has the form of an image, so that a bundle and a registry take it as they take any image: what is known of it is the
//! configuration, the objects are one layer, and the volumes of each node another. A file with a checkpoint is a bundle that has
//! nothing else.
//!
//! ```text
//! export   from a platform to a file, or on to a registry
//! import   from a file into a platform
//! registry a file from a registry, or to it
//! ```

mod export;
mod import;
pub mod registry;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use export::{Exported, export};
pub use import::import;

use super::{About, CheckpointError, Objects, Origin};
use crate::images::bundle::BundledImage;
use crate::images::manifest::OCI_IMAGE_MEDIA_TYPE;
use crate::images::{Bundle, Content, Descriptor};

/// What the configuration of such a manifest is.
const CONFIG: &str = "application/vnd.backstack.checkpoint.v1+json";
const KIND: &str = "application/vnd.backstack.checkpoint.v1";
const OBJECTS: &str = "application/vnd.backstack.checkpoint.objects.v1.tar+zstd";
const VOLUMES: &str = "application/vnd.backstack.checkpoint.volumes.v1.tar+zstd";
const TITLE: &str = "org.opencontainers.image.title";
/// What a manifest says of the checkpoint, so that nobody has to fetch it for that.
const NAME: &str = "dev.backstack.checkpoint";
const CREATED: &str = "org.opencontainers.image.created";
const MADE_BY: &str = "dev.backstack.made-by";
const STACK: &str = "dev.backstack.stack";
const STACK_VERSION: &str = "dev.backstack.stack-version";

/// A checkpoint in a file.
#[derive(Debug, Clone)]
pub struct Portable {
    /// The file: a bundle, which may have images too.
    pub path: PathBuf,
    /// What is known of it without reading its objects.
    pub about: About,
    /// The platform that it was taken of.
    pub origin: Origin,
    objects: (Descriptor, Content),
    /// Those of each node, in the order of [`About::nodes`].
    volumes: Vec<(Descriptor, Content)>,
}

/// The manifest, as an OCI image has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: String,
    artifact_type: String,
    config: Descriptor,
    layers: Vec<Layer>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    #[serde(flatten)]
    blob: Descriptor,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Manifest {
    fn of(about: &About, config: Descriptor, objects: Descriptor, volumes: Vec<Descriptor>) -> Self {
        let notes = [
            (NAME, &about.name),
            (CREATED, &about.created),
            (MADE_BY, &about.made_by),
            (STACK, &about.stack),
            (STACK_VERSION, &about.stack_version),
        ];
        let layer = |blob: Descriptor, title: String| Layer { blob, annotations: [(TITLE.to_string(), title)].into() };
        let volumes = volumes.into_iter().enumerate();
        let volumes = volumes.map(|(node, blob)| layer(blob, format!("volumes-{node}.tar.zst")));
        Self {
            schema_version: 2,
            media_type: OCI_IMAGE_MEDIA_TYPE.into(),
            artifact_type: KIND.into(),
            config,
            annotations: notes.map(|(key, value)| (key.to_string(), value.clone())).into(),
            layers: std::iter::once(layer(objects, "objects.tar.zst".into())).chain(volumes).collect(),
        }
    }
}

impl Portable {
    /// Opens a file that has a checkpoint, or a bundle with one.
    ///
    /// # Errors
    /// The file is no bundle, has no checkpoint, or one of another form.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bundle = Bundle::open(path)?;
        Self::of(&bundle)?.ok_or_else(|| CheckpointError::NoneInFile { path: path.into() })
    }

    /// The checkpoint of a bundle, if it has one.
    ///
    /// # Errors
    /// It has one of another form, or one that is damaged.
    pub fn of(bundle: &Bundle) -> Result<Option<Self>, CheckpointError> {
        let Some(listed) = bundle.checkpoint() else { return Ok(None) };
        let broken = |source: io::Error| CheckpointError::BrokenFile { path: bundle.path.clone(), source };
        let manifest: Manifest = serde_json::from_slice(&bundle.read(&listed.manifest.digest).map_err(broken)?)
            .map_err(|error| broken(error.into()))?;
        if manifest.artifact_type != KIND {
            return Err(CheckpointError::Later { path: bundle.path.clone(), kind: manifest.artifact_type });
        }
        let about: About = serde_json::from_slice(&bundle.read(&manifest.config.digest).map_err(broken)?)
            .map_err(|error| broken(error.into()))?;
        let find = |blob: &Descriptor| match bundle.content(&blob.digest) {
            Some(content) => Ok((blob.clone(), content.clone())),
            None => Err(broken(io::Error::new(io::ErrorKind::NotFound, format!("{} is not in it", blob.digest)))),
        };
        let of_type =
            |kind| manifest.layers.iter().map(|layer| &layer.blob).filter(move |blob| blob.media_type == kind);
        let objects = of_type(OBJECTS).next().ok_or_else(|| broken(io::Error::other("it has no objects")))?;
        let volumes = of_type(VOLUMES).map(find).collect::<Result<Vec<_>, _>>()?;
        let origin =
            about.origin.clone().ok_or_else(|| broken(io::Error::other("it does not say what it was taken of")))?;
        Ok(Some(Self { path: bundle.path.clone(), objects: find(objects)?, volumes, origin, about }))
    }

    /// Whether it can become a platform of this name, with so many workers (none: as many as it has), on an engine of this
    /// architecture.
    ///
    /// # Errors
    /// [`CheckpointError::Unfit`] with what is in the way.
    pub fn check(&self, name: &str, workers: Option<u16>, architecture: &str) -> Result<(), CheckpointError> {
        let had = self.workers();
        if self.origin.platform != name {
            let hint = format!("Make that one: `--name {}`.", self.origin.platform);
            return Err(self.unfit(name, format!("it is of platform `{}`", self.origin.platform), hint));
        }
        if let Some(workers) = workers.filter(|wanted| *wanted != had) {
            let why = format!("it has {had} worker nodes, but {workers} were asked for");
            return Err(self.unfit(name, why, "Leave --workers out; workers can be added afterwards.".into()));
        }
        if self.origin.architecture != architecture {
            let why =
                format!("it was taken on {}, and the engine here runs on {architecture}", self.origin.architecture);
            return Err(self.unfit(name, why, "Make a checkpoint on a machine of the same kind.".into()));
        }
        Ok(())
    }

    /// Whether this version of Kubernetes reads what it has.
    ///
    /// # Errors
    /// [`CheckpointError::Unfit`]
    pub fn check_kubernetes(&self, version: &str) -> Result<(), CheckpointError> {
        let minor = |version: &str| version.trim_start_matches('v').split('.').nth(1)?.parse::<u32>().ok();
        if minor(version) >= minor(&self.origin.kubernetes) {
            return Ok(());
        }
        let why = format!("it was taken with Kubernetes {}, and this would be {version}", self.origin.kubernetes);
        Err(self.unfit(&self.origin.platform, why, "Take the program that made it, or a later one.".into()))
    }

    /// How many workers its platform had.
    pub fn workers(&self) -> u16 {
        u16::try_from(self.about.nodes.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    /// Why it cannot become this platform.
    pub fn unfit(&self, wanted: &str, why: String, hint: String) -> CheckpointError {
        CheckpointError::Unfit { path: self.path.clone(), wanted: wanted.into(), why, hint }
    }

    /// Its objects.
    ///
    /// # Errors
    /// [`CheckpointError::BrokenFile`] if they are damaged.
    pub fn objects(&self) -> Result<Objects, CheckpointError> {
        self.checked(&self.objects).and_then(|bytes| Objects::read(&bytes)).map_err(self.broken())
    }

    /// Bytes of the objects' file.
    fn objects_file(&self) -> Result<Vec<u8>, CheckpointError> {
        self.checked(&self.objects).map_err(self.broken())
    }

    fn checked(&self, (blob, content): &(Descriptor, Content)) -> io::Result<Vec<u8>> {
        let bytes = content.read()?;
        if crate::images::Digest::of(&bytes) == blob.digest {
            return Ok(bytes);
        }
        Err(damaged(blob))
    }

    /// The volumes of a node, by its place in [`About::nodes`], as an archive in a file that goes with its last user; none if it
    /// had none.
    ///
    /// # Errors
    /// [`CheckpointError::BrokenFile`] if they are damaged.
    pub async fn volumes_of(&self, node: usize) -> Result<Option<File>, CheckpointError> {
        let Some((blob, content)) = self.volumes.get(node).cloned() else { return Ok(None) };
        let unpacked = tokio::task::spawn_blocking(move || unpacked(&blob, &content)).await;
        unpacked.unwrap_or_else(|error| Err(io::Error::other(error))).map(Some).map_err(self.broken())
    }

    fn broken(&self) -> impl FnOnce(io::Error) -> CheckpointError {
        let path = self.path.clone();
        move |source| CheckpointError::BrokenFile { path, source }
    }
}

fn damaged(blob: &Descriptor) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged", blob.digest))
}

fn unpacked(blob: &Descriptor, content: &Content) -> io::Result<File> {
    if content.digest()? != blob.digest {
        return Err(damaged(blob));
    }
    let mut file = tempfile::tempfile()?;
    let packed: Box<dyn Read> = Box::new(content.open()?);
    io::copy(&mut zstd::Decoder::new(packed)?, &mut file)?;
    io::Seek::rewind(&mut file)?;
    Ok(file)
}

/// How the index of a file lists a checkpoint.
fn listed(name: &str, architecture: &str, manifest: Descriptor) -> BundledImage {
    let reference = format!("checkpoint:{name}");
    BundledImage { reference, architecture: architecture.into(), manifest, chosen_from: None, built: None }
}

#[cfg(test)]
mod tests;
