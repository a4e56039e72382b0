//! A blob: what manifests call it, and where its bytes lie.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// A blob by type, digest and size, as OCI manifests name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is, as `application/vnd.oci.image.layer.v1.tar+gzip`.
    pub media_type: String,
    /// What its bytes must have.
    pub digest: Digest,
    /// Bytes.
    #[serde(deserialize_with = "size")]
    pub size: u64,
}

/// No blob is as large as this (16 TiB), and as many as fit into a manifest still have a sum.
const MOST_BYTES: u64 = 1 << 44;

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(from)?;
    if size < MOST_BYTES { Ok(size) } else { Err(D::Error::custom(format!("a blob of {size} bytes cannot be"))) }
}

/// Where the bytes of a blob lie: in a file of their own, or in a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    path: PathBuf,
    offset: u64,
    /// All of the file, where there is none.
    size: Option<u64>,
}

impl Content {
    /// All of a file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), offset: 0, size: None }
    }

    pub(crate) fn part(path: &Path, offset: u64, size: u64) -> Self {
        Self { path: path.into(), offset, size: Some(size) }
    }

    /// The file that they lie in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many there are.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn size(&self) -> io::Result<u64> {
        self.size.map_or_else(|| Ok(self.path.metadata()?.len()), Ok)
    }

    /// Gives the bytes, from the first to the last.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(&self) -> io::Result<Take<File>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        Ok(file.take(self.size.unwrap_or(u64::MAX)))
    }

    /// All bytes of a small blob.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The digest of what lies there.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn digest(&self) -> io::Result<Digest> {
        let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), self.open()?, vec![0; 1 << 20]);
        loop {
            match bytes.read(&mut buffer)? {
                0 => return Ok(Digest::from_hasher(hasher)),
                read => hasher.update(&buffer[..read]),
            }
        }
    }
}
