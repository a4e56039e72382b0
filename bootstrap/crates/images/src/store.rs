//! Blobs by content, in a folder laid out as an OCI image layout (`blobs/sha256/HEX`).
//!
//! A blob appears under its name only when it is whole and its digest is right; what is being
//! written lies in `partial/`. Any number of processes may use the folder at once. A bundle can lie below it: its blobs are
//! there as if they were in the folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::blob::{Content, Descriptor};
use super::bundle::Bundle;
use super::digest::Digest;

/// A folder of blobs.
#[derive(Debug, Clone)]
pub struct BlobStore {
    root: PathBuf,
    /// What is not in the folder is looked for here.
    bundle: Option<Arc<Bundle>>,
}

impl BlobStore {
    /// Opens the store, making its folders.
    ///
    /// # Errors
    /// The folders cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(root.join("blobs/sha256"))?;
        fs::create_dir_all(root.join("partial"))?;
        Ok(Self { root, bundle: None })
    }

    /// The same store with a bundle below it.
    #[must_use]
    pub fn with_bundle(self, bundle: Option<Arc<Bundle>>) -> Self {
        Self { bundle, ..self }
    }

    /// The folder itself, which has `blobs/sha256` and `partial` in it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a blob of the folder lies, or would lie.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// Where the unfinished download of a blob is kept, so that it can be resumed.
    pub fn partial_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("partial").join(digest.hex())
    }

    /// Whether a blob is in the folder, or in the bundle below it.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.content(digest).is_some()
    }

    /// Where the bytes of a blob lie, if it is here.
    pub fn content(&self, digest: &Digest) -> Option<Content> {
        let path = self.path(digest);
        if path.is_file() {
            return Some(Content::file(path));
        }
        self.bundle.as_ref()?.content(digest).cloned()
    }

    /// The content of a small blob (a manifest or a configuration).
    ///
    /// # Errors
    /// The blob is not there or cannot be read.
    pub fn read(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        match (fs::read(self.path(digest)), &self.bundle) {
            (Err(error), Some(bundle)) if error.kind() == io::ErrorKind::NotFound => bundle.read(digest),
            (read, _) => read,
        }
    }

    /// The first of these blobs whose bytes are not what its digest says, and the file that they lie in. Reads them all.
    pub fn damaged<'a>(&self, blobs: &'a [Descriptor]) -> Option<(&'a Digest, PathBuf)> {
        let is_damaged = |content: &Content, digest: &Digest| content.digest().is_ok_and(|found| found != *digest);
        let contents = blobs.iter().filter_map(|blob| Some((&blob.digest, self.content(&blob.digest)?)));
        let mut damaged = contents.filter(|(digest, content)| is_damaged(content, digest));
        damaged.next().map(|(digest, content)| (digest, content.path().to_path_buf()))
    }

    /// Keeps these bytes.
    ///
    /// # Errors
    /// The disk is full or the folder is not writable.
    pub fn put(&self, media_type: &str, bytes: &[u8]) -> io::Result<Descriptor> {
        let mut writer = self.writer()?;
        writer.write_all(bytes)?;
        writer.commit(media_type)
    }

    /// A writer for a blob whose digest is known only at its end.
    ///
    /// # Errors
    /// No file can be made in the store.
    pub fn writer(&self) -> io::Result<BlobWriter> {
        let file = NamedTempFile::new_in(self.root.join("partial"))?;
        Ok(BlobWriter { store: self.clone(), file: BufWriter::new(file), hasher: Sha256::new(), size: 0 })
    }
}

/// Writes one blob; dropped without [`BlobWriter::commit`], it leaves nothing.
pub struct BlobWriter {
    store: BlobStore,
    file: BufWriter<NamedTempFile>,
    hasher: Sha256,
    size: u64,
}

impl BlobWriter {
    /// Puts the blob in its place under its digest.
    ///
    /// # Errors
    /// What is buffered cannot be written, or the file cannot be renamed.
    pub fn commit(self, media_type: &str) -> io::Result<Descriptor> {
        let digest = Digest::from_hasher(self.hasher);
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        let path = self.store.path(&digest);
        make_readable(file.as_file())?;
        file.persist(&path)?;
        Ok(Descriptor { media_type: media_type.into(), digest, size: self.size })
    }
}

/// Temporary files are private to their owner; blobs are not secret.
fn make_readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_appears_only_when_committed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = BlobStore::open(folder.path()).expect("store");
        let digest = Digest::of(b"hello");
        let mut writer = store.writer().expect("writer");
        writer.write_all(b"hello").expect("write");
        assert!(!store.contains(&digest));
        let descriptor = writer.commit("text/plain").expect("commit");
        assert_eq!((descriptor.digest.clone(), descriptor.size), (digest.clone(), 5));
        assert_eq!(store.read(&digest).expect("read"), b"hello");
        drop(store.writer().expect("writer"));
        assert_eq!(fs::read_dir(folder.path().join("partial")).expect("partial").count(), 0);
    }
}
