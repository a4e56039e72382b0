//! Fetches a blob into the store's partial file: verified while it is written, and going on where an
//! earlier attempt, or an earlier run, was cut.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};

use super::fault::Fault;
use super::request::Ask;
use super::{Site, Upstream};
use crate::blob::Descriptor;
use crate::digest::Digest;
use crate::error::{ImageError, reason};
use crate::meter::Meter;
use crate::store::BlobStore;

/// Bytes that are gathered before they go to the disk.
const BUFFER: usize = 1 << 20;
/// A file lock cannot be awaited; this is how often another process's is looked at.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// A blob that was fetched and verified, and is ours until this is dropped. Its file stays for another
/// try until [`Fetched::drop_file`].
pub struct Fetched {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Fetched {
    /// Where the file lies, whole and verified.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: the local registry has the blob now.
    pub fn drop_file(self) {
        // A file that stays is found and verified again, so this may fail.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Removes what earlier runs left of blobs that the local registry has by now: a run that is killed
/// between the last byte pushed and its tidying up leaves a whole file.
pub(crate) fn tidy(store: &BlobStore, blobs: &[Descriptor]) {
    for path in blobs.iter().map(|blob| store.partial_path(&blob.digest)) {
        // Whoever holds the lock is still at it, for another registry.
        let unused = File::open(&path).is_ok_and(|file| file.try_lock().is_ok() && is_still(&file, &path));
        if unused {
            drop(std::fs::remove_file(&path));
        }
    }
}

/// The partial file of a blob, and the digest of what it holds so far.
struct Partial<'a> {
    site: &'a Site,
    blob: &'a Descriptor,
    path: PathBuf,
    file: BufWriter<tokio::fs::File>,
    hasher: Sha256,
    length: u64,
    /// Some of it is from an earlier run, so a wrong digest may not be upstream's fault.
    inherited: bool,
}

impl Upstream {
    /// Fetches a blob, unless all of it is there.
    ///
    /// # Errors
    /// Upstream does not give it or gives something else, or the disk is full.
    pub(crate) async fn download(
        &self,
        site: &Site,
        blob: &Descriptor,
        store: &BlobStore,
        meter: &Meter,
    ) -> Result<Fetched, ImageError> {
        let path = store.partial_path(&blob.digest);
        let lock = locked(&path).await.map_err(|source| ImageError::file(&site.image, &path, source))?;
        let mut partial = Partial::open(site, blob, path.clone(), &lock).await?;
        meter.spare(partial.length);
        let mut pace = self.options.patience.pace();
        loop {
            let before = partial.length;
            let fault = match self.go_on(&mut partial, meter).await {
                Ok(()) if partial.is_right() => break,
                Ok(()) => partial.wrong(),
                Err(fault) => fault,
            };
            if partial.length > before {
                pace.progressed();
            }
            let wrong = matches!(&fault, Fault::Final(error) if matches!(**error, ImageError::WrongDigest { .. }));
            if wrong {
                let (again, inherited) = (partial.length, partial.inherited);
                partial.restart(meter).await?;
                if inherited {
                    meter.detail(&format!("{again} bytes of an earlier run were damaged; fetching them again"));
                    continue;
                }
            }
            pace.again(fault, |text| meter.detail(text)).await?;
        }
        self.check_configuration(site, blob, &path)?;
        Ok(Fetched { path, _file: lock })
    }

    /// One attempt: asks for what is missing and writes what comes.
    async fn go_on(&self, partial: &mut Partial<'_>, meter: &Meter) -> Result<(), Fault> {
        if partial.length == partial.blob.size {
            return Ok(());
        }
        let (site, blob) = (partial.site, partial.blob);
        let mut answer = match self.get(site, &Ask::Blob(&blob.digest, partial.length)).await {
            Err(Fault::Final(error)) if is_bad_range(&error) => {
                partial.restart(meter).await.map_err(Fault::last)?;
                self.get(site, &Ask::Blob(&blob.digest, 0)).await?
            }
            answer => answer?,
        };
        if partial.length > 0 && start_of(&answer) != Some(partial.length) {
            // It sends everything, whatever was asked for.
            partial.restart(meter).await.map_err(Fault::last)?;
        }
        let read = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => partial.write(&chunk, meter).await?,
                Ok(None) => break Ok(()),
                Err(error) => break Err(Fault::again(site.cut(reason(error)))),
            }
        };
        partial.flush().await.map_err(Fault::last)?;
        read?;
        if partial.length < blob.size {
            return Err(Fault::again(site.cut(format!("it ended after {} of {} bytes", partial.length, blob.size))));
        }
        Ok(())
    }
}

impl<'a> Partial<'a> {
    /// Opens what is there and takes its digest so far.
    async fn open(site: &'a Site, blob: &'a Descriptor, path: PathBuf, lock: &File) -> Result<Self, ImageError> {
        let failed = |source| ImageError::file(&site.image, &path, source);
        let file = lock.try_clone().map_err(failed)?;
        let limit = blob.size;
        let (file, hasher, length) = tokio::task::spawn_blocking(move || digest_so_far(file, limit))
            .await
            .map_err(|error| failed(std::io::Error::other(error)))?
            .map_err(failed)?;
        let file = BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(file));
        Ok(Self { site, blob, path, file, hasher, length, inherited: length > 0 })
    }

    fn found(&self) -> Digest {
        Digest::from_hasher(self.hasher.clone())
    }

    fn is_right(&self) -> bool {
        self.found() == self.blob.digest
    }

    fn wrong(&self) -> Fault {
        self.wrong_with(self.found().to_string())
    }

    fn wrong_with(&self, found: String) -> Fault {
        Fault::last(ImageError::WrongDigest {
            image: self.site.image.clone(),
            what: "the digest of a layer".into(),
            expected: self.blob.digest.clone(),
            found,
        })
    }

    async fn write(&mut self, chunk: &[u8], meter: &Meter) -> Result<(), Fault> {
        let length = self.length + chunk.len() as u64;
        if length > self.blob.size {
            return Err(self.wrong_with(format!("more than its {} bytes", self.blob.size)));
        }
        self.hasher.update(chunk);
        let written = self.file.write_all(chunk).await;
        written.map_err(|source| Fault::last(ImageError::file(&self.site.image, &self.path, source)))?;
        self.length = length;
        meter.add(chunk.len() as i64);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ImageError> {
        self.file.flush().await.map_err(|source| ImageError::file(&self.site.image, &self.path, source))
    }

    /// Forgets what is there.
    async fn restart(&mut self, meter: &Meter) -> Result<(), ImageError> {
        let failed = |source| ImageError::file(&self.site.image, &self.path, source);
        self.file.flush().await.map_err(failed)?;
        let file = self.file.get_mut();
        file.set_len(0).await.map_err(failed)?;
        file.seek(SeekFrom::Start(0)).await.map_err(failed)?;
        meter.unspare(self.length);
        (self.hasher, self.length, self.inherited) = (Sha256::new(), 0, false);
        Ok(())
    }
}

/// Reads a file to its end and leaves it there; a file that is too long is emptied.
fn digest_so_far(mut file: File, limit: u64) -> std::io::Result<(File, Sha256, u64)> {
    if file.metadata()?.len() > limit {
        file.set_len(0)?;
    }
    file.seek(SeekFrom::Start(0))?;
    let (mut hasher, mut length, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((file, hasher, length));
        }
        hasher.update(&buffer[..read]);
        length += read as u64;
    }
}

/// Opens a file, made if it is not there, that no other process has locked.
async fn locked(path: &Path) -> std::io::Result<File> {
    loop {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            // Whoever had it before may have removed it meanwhile; then this one is nobody's.
            Ok(()) if is_still(&file, path) => return Ok(file),
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |own: std::fs::Metadata, there: std::fs::Metadata| (own.dev(), own.ino()) == (there.dev(), there.ino());
    file.metadata().ok().zip(std::fs::metadata(path).ok()).is_some_and(|(own, there)| same(own, there))
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> bool {
    // An open file cannot be removed there.
    true
}

fn is_bad_range(error: &ImageError) -> bool {
    matches!(error, ImageError::Answer { status: 416, .. })
}

/// The byte at which an answer starts.
fn start_of(answer: &Response) -> Option<u64> {
    if answer.status() != StatusCode::PARTIAL_CONTENT {
        return Some(0);
    }
    let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}
