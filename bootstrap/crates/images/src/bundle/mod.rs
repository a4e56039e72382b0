//! Bundles: all images of a stack, and the files that go with them, in one file.
//!
//! A bundle is a tar archive of an OCI image layout, so that other programs can read it too. Each blob lies in it once, as
//! it is: blobs are compressed already, and so each can be read where it lies. `backstack.json` says what such a layout has
//! no words for.
//!
//! ```text
//! about      what a bundle says of itself, and of each image
//! base       the bundle that another one stands on
//! scan       where the blobs of a file, or of its pieces, lie
//! signature  whose it is
//! split      the file in pieces
//! verify     every blob against its digest
//! ```

pub mod about;
mod base;
pub mod error;
mod scan;
pub mod signature;
mod split;
pub mod verify;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use about::{About, Base, BundledImage};
pub use base::find as find_base;
pub use error::BundleError;
pub use split::split;

use crate::blob::Content;
use crate::digest::Digest;
pub(crate) use about::Index;

/// The version of this format that is written and read.
const FORMAT: u32 = 1;
pub(crate) const ABOUT: &str = "backstack.json";
/// The signature of what [`ABOUT`] says, and with it of all that is in the bundle: the digests of everything follow from it.
pub(crate) const SIGNATURE: &str = "backstack.json.sig";
pub(crate) const INDEX: &str = "index.json";
pub(crate) const LAYOUT: &str = "oci-layout";
pub(crate) const BLOBS: &str = "blobs/sha256/";

/// A bundle that was opened. What is in its blobs is checked when it is used.
#[derive(Debug)]
pub struct Bundle {
    /// The file that was named; of several pieces, the first.
    pub path: PathBuf,
    /// What it says of itself: `backstack.json`, read.
    pub about: About,
    /// What was signed, byte for byte.
    pub statement: Vec<u8>,
    /// Its signature, as `ssh-keygen -Y sign` writes it.
    pub signature: Option<String>,
    /// What it stands on, if it has only what is new.
    pub base: Option<Box<Self>>,
    /// All that its index lists: images, and a checkpoint.
    listed: Vec<BundledImage>,
    blobs: BTreeMap<Digest, Content>,
}

impl Bundle {
    /// Opens a bundle, or one in pieces by the name of the whole or of the first piece. One that has only what is new is opened
    /// with what it stands on, which lies in the same folder.
    ///
    /// # Errors
    /// [`BundleError`] if it is none, is cut off, lacks a piece or what it stands on, or is of a later format.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let mut bundle = Self::open_alone(path)?;
        if let Some(base) = &bundle.about.base {
            let found = base::find(&bundle.path, base)?;
            bundle.blobs.extend(found.blobs.iter().map(|(digest, content)| (digest.clone(), content.clone())));
            bundle.base = Some(Box::new(found));
        }
        Ok(bundle)
    }

    /// Opens it without what it stands on.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_alone(path: &Path) -> Result<Self, BundleError> {
        let pieces = scan::pieces(path)?;
        let found = scan::scan(&pieces)?;
        let first = pieces.first().cloned().unwrap_or_else(|| path.into());
        let broken = |what: String| BundleError::Broken { path: first.clone(), what };
        let read = |name: &str| match found.files.get(name) {
            Some(content) => content.read().map_err(|error| broken(format!("{name}: {error}"))),
            None => Err(BundleError::NotOne { path: first.clone(), why: format!("there is no {name} in it") }),
        };
        let statement = read(ABOUT)?;
        let about: About = serde_json::from_slice(&statement).map_err(|error| broken(format!("{ABOUT}: {error}")))?;
        if about.format > FORMAT {
            return Err(BundleError::Later { path: first, made_by: about.made_by });
        }
        let index = read(INDEX)?;
        if Digest::of(&index) != about.index {
            return Err(broken(format!("{INDEX} is not what {ABOUT} says")));
        }
        let index: Index = serde_json::from_slice(&index).map_err(|error| broken(format!("{INDEX}: {error}")))?;
        if found.blobs.len() < about.blobs {
            let what = format!("{} of {} blobs are there", found.blobs.len(), about.blobs);
            return Err(BundleError::Missing { path: first, what });
        }
        let listed = index.images().map_err(|error| broken(format!("{INDEX}: {error}")))?;
        let signature = found.files.contains_key(SIGNATURE).then(|| read(SIGNATURE)).transpose()?;
        let signature = signature.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Self { path: first, about, statement, signature, base: None, listed, blobs: found.blobs })
    }

    /// Whether it is cut into several files.
    pub fn is_in_pieces(&self) -> bool {
        scan::pieces(&self.path).is_ok_and(|pieces| pieces.len() > 1)
    }

    /// Where a blob lies.
    pub fn content(&self, digest: &Digest) -> Option<&Content> {
        self.blobs.get(digest)
    }

    /// The bytes of a small blob, checked.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is damaged.
    pub fn read(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let content = self.content(digest).ok_or(io::ErrorKind::NotFound)?;
        let bytes = content.read()?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("{digest} in {} is damaged", self.path.display())))
    }

    /// Bytes of all pieces.
    ///
    /// # Errors
    /// A piece cannot be looked at.
    pub fn size(&self) -> io::Result<u64> {
        let pieces = scan::pieces(&self.path).map_err(io::Error::other)?;
        pieces.iter().map(|piece| Ok(piece.metadata()?.len())).sum()
    }

    /// The images for a processor architecture, named as Go names it.
    pub fn images_for<'a>(&'a self, architecture: &'a str) -> impl Iterator<Item = &'a BundledImage> {
        self.images().filter(move |image| image.architecture == architecture)
    }

    /// All images.
    pub fn images(&self) -> impl Iterator<Item = &BundledImage> {
        self.listed.iter().filter(|listed| self.about.checkpoint.as_ref() != Some(&listed.manifest.digest))
    }

    /// The checkpoint of a platform, if one lies in it.
    pub fn checkpoint(&self) -> Option<&BundledImage> {
        self.listed.iter().find(|listed| self.about.checkpoint.as_ref() == Some(&listed.manifest.digest))
    }
}
