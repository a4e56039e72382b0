//! Writes a bundle: from what lies in a store, and from registries, one blob after the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::task::spawn_blocking;

use super::blob::{Content, Descriptor};
use super::bundle::{self, About, Bundle, BundleError, BundledImage, Index};
use super::digest::Digest;
use super::error::ImageError;
use super::manifest::ImageManifest;
use super::meter::Meter;
use super::store::BlobStore;
use super::upstream::{Fetched, Resolved, Site, Upstream};
use backstack_common::error::{ExitKind, Explain};
use backstack_common::report::Progress;

/// So many blobs are fetched while another one is written.
const AHEAD: usize = 3;
/// Every file in the archive has this time, so that the same content gives the same bytes (2000-01-01, in seconds).
const FILE_TIME: u64 = 946_684_800;

/// An image that goes into a bundle.
pub struct Packed {
    /// What the bundle's index says of it.
    pub image: BundledImage,
    /// Where what is not in the store is fetched from.
    pub from: Option<(Upstream, Resolved)>,
}

/// What a bundle is written with besides its images.
#[derive(Default)]
pub struct Beside<'a> {
    /// What this one has is left out.
    pub base: Option<&'a Bundle>,
    /// Makes the signature of what the bundle says of itself.
    pub sign: Option<&'a Sign<'a>>,
}

/// Signs bytes.
pub type Sign<'a> = dyn Fn(&[u8]) -> io::Result<Vec<u8>> + Send + Sync + 'a;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes that all images would have, each for itself.
    pub apart: u64,
    /// Files that it has for blobs; each content is one, however many images have it.
    pub blobs: usize,
}

/// A bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// An image that goes in could not be had.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The file cannot be written, or the bundle that it stands on cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Explain for PackError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Image(error) => error.kind(),
            Self::Bundle(error) => error.kind(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Image(error) => error.details(),
            Self::Bundle(error) => error.details(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Image(error) => error.hints(),
            Self::Bundle(error) => error.hints(),
        }
    }
}

/// One blob and where it comes from.
struct Part {
    blob: Descriptor,
    site: Option<(Upstream, Site)>,
}

/// Writes a bundle to a file that must not be there. Until it is whole it has another name, which the next try takes over.
///
/// `about` gets its counts and digests here; `files` are blobs of the store.
///
/// # Errors
/// A blob cannot be fetched, or the file cannot be written: then there is none.
pub async fn write(
    path: &Path,
    mut about: About,
    images: Vec<Packed>,
    store: &BlobStore,
    beside: Beside<'_>,
    progress: &Progress,
) -> Result<Written, PackError> {
    if path.exists() {
        return Err(BundleError::Exists { path: path.into() }.into());
    }
    let (mut parts, mut small, apart) = parts(&images, &about.files, store)?;
    if let Some(base) = beside.base {
        parts.retain(|part| base.content(&part.blob.digest).is_none());
        small.retain(|digest, _| base.content(digest).is_none());
    }
    let images: Vec<BundledImage> = images.into_iter().map(|packed| packed.image).collect();
    let index = json(&Index::of(&images));
    about.index = Digest::of(&index);
    about.blobs = parts.len() + small.len();
    // A checkpoint has passwords in it.
    let is_secret = about.checkpoint.is_some();
    let mut archive = Archive::begin(&unfinished(path), is_secret).map_err(BundleError::write(path))?;
    let statement = json(&about);
    let signed = beside.sign.map(|sign| sign(&statement)).transpose().map_err(BundleError::sign(path))?;
    let signature = signed.map(|bytes| (bundle::SIGNATURE, bytes));
    let heads = [(bundle::LAYOUT, br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()), (bundle::ABOUT, statement)];
    for (name, bytes) in heads.into_iter().chain(signature).chain([(bundle::INDEX, index)]) {
        archive.append(name, bytes.len() as u64, &bytes[..]).map_err(BundleError::write(path))?;
    }
    for (digest, bytes) in &small {
        archive.append(&name(digest), bytes.len() as u64, &bytes[..]).map_err(BundleError::write(path))?;
    }
    let (blobs, total) = (about.blobs, parts.iter().map(|part| part.blob.size).sum());
    let meter = Arc::new(Meter::new(progress, "bundle", total));
    let mut got = stream::iter(parts.into_iter().map(|part| get(part, store, &meter))).buffered(AHEAD);
    while let Some((blob, content, fetched)) = got.try_next().await? {
        let counted = meter.clone();
        let (back, written) = spawn_blocking(move || {
            let written = archive.append_blob(&blob, &content, &counted);
            (archive, written)
        })
        .await
        .map_err(|error| BundleError::write(path)(io::Error::other(error)))?;
        written.map_err(BundleError::write(path))?;
        archive = back;
        if let Some(fetched) = fetched {
            fetched.drop_file();
        }
    }
    drop(got);
    meter.report();
    let bytes = archive.finish(path).map_err(BundleError::write(path))?;
    Ok(Written { bytes, apart, blobs })
}

/// Each blob once, in the order of their digests; manifests as bytes before them; and the bytes of all images, each for
/// itself.
type Parts = (Vec<Part>, BTreeMap<Digest, Vec<u8>>, u64);

fn parts(images: &[Packed], files: &[Digest], store: &BlobStore) -> Result<Parts, PackError> {
    let (mut parts, mut small, mut apart) = (BTreeMap::new(), BTreeMap::new(), 0);
    for Packed { image, from } in images {
        let digest = &image.manifest.digest;
        let bytes = match from {
            Some((_, found)) => found.manifest.bytes.clone(),
            None => {
                store.read(digest).map_err(|source| ImageError::file(&image.reference, &store.path(digest), source))?
            }
        };
        let manifest = ImageManifest::parse(&bytes)
            .map_err(|error| ImageError::Manifest { image: image.reference.clone(), reason: error.to_string() })?;
        apart += manifest.size() + bytes.len() as u64;
        small.insert(digest.clone(), bytes);
        for blob in manifest.blobs() {
            let site = from.as_ref().map(|(upstream, found)| (upstream.clone(), found.site.clone()));
            parts.entry(blob.digest.clone()).or_insert(Part { blob, site });
        }
    }
    let files = files.iter().chain(images.iter().filter_map(|packed| packed.image.built.as_ref()));
    for digest in files {
        let bytes = store.read(digest).map_err(|source| ImageError::file("files", &store.path(digest), source))?;
        small.insert(digest.clone(), bytes);
    }
    parts.retain(|digest, _| !small.contains_key(digest));
    Ok((parts.into_values().collect(), small, apart))
}

/// Makes sure that a blob lies on this disk.
async fn get(
    part: Part,
    store: &BlobStore,
    meter: &Arc<Meter>,
) -> Result<(Descriptor, Content, Option<Fetched>), ImageError> {
    let Part { blob, site } = part;
    if let Some(content) = store.content(&blob.digest) {
        return Ok((blob, content, None));
    }
    let Some((upstream, site)) = site else {
        return Err(ImageError::NotBuilt { image: "bundle".into(), what: format!("blob {}", blob.digest) });
    };
    // Only what is written counts: each byte once.
    let quiet = Meter::new(&Progress::silent(), "", 0);
    meter.detail(&format!("fetching {}", site.image));
    let fetched = upstream.download(&site, &blob, store, &quiet).await?;
    Ok((blob, Content::file(fetched.path()), Some(fetched)))
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".unfinished");
    name.into()
}

fn name(digest: &Digest) -> String {
    format!("{}{}", bundle::BLOBS, digest.hex())
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("plain data is JSON")
}

/// A tar archive that is being written; dropped before it is finished, it leaves nothing.
struct Archive {
    path: PathBuf,
    tar: Option<tar::Builder<BufWriter<File>>>,
}

impl Archive {
    fn begin(path: &Path, is_secret: bool) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_secret { 0o600 } else { 0o666 });
        #[cfg(not(unix))]
        let _ = is_secret;
        let file = options.open(path)?;
        if file.try_lock().is_err() {
            return Err(io::Error::other("another run is writing it at this moment"));
        }
        file.set_len(0)?;
        Ok(Self { path: path.into(), tar: Some(tar::Builder::new(BufWriter::with_capacity(1 << 20, file))) })
    }

    fn append(&mut self, name: &str, size: u64, bytes: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(FILE_TIME);
        header.set_size(size);
        let tar = self.tar.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        tar.append_data(&mut header, name, bytes)
    }

    /// Appends a blob, if its bytes are what its digest says.
    fn append_blob(&mut self, blob: &Descriptor, content: &Content, meter: &Meter) -> io::Result<()> {
        let size = content.size()?;
        if size != blob.size {
            return Err(io::Error::other(format!("{} has {size} bytes instead of {}", blob.digest, blob.size)));
        }
        let mut bytes = Checked::new(content.open()?, meter);
        self.append(&name(&blob.digest), size, &mut bytes)?;
        let found = bytes.digest();
        if found == blob.digest {
            return Ok(());
        }
        Err(io::Error::other(format!("{} is damaged in {}", blob.digest, content.path().display())))
    }

    /// Ends the file and gives it its name; the bytes of it.
    fn finish(mut self, path: &Path) -> io::Result<u64> {
        let mut out = self.tar.take().ok_or(io::ErrorKind::BrokenPipe)?.into_inner()?;
        out.flush()?;
        out.get_ref().sync_all()?;
        std::fs::rename(&self.path, path)?;
        Ok(path.metadata()?.len())
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // Whoever finished it has given it another name.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Takes the digest of what is read, and counts it.
struct Checked<'a, R> {
    inner: R,
    hasher: sha2::Sha256,
    meter: &'a Meter,
}

impl<'a, R: Read> Checked<'a, R> {
    fn new(inner: R, meter: &'a Meter) -> Self {
        Self { inner, hasher: sha2::Digest::new(), meter }
    }

    fn digest(self) -> Digest {
        Digest::from_hasher(self.hasher)
    }
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        sha2::Digest::update(&mut self.hasher, &buffer[..read]);
        self.meter.add(i64::try_from(read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Base, split};
    use serde_json::json;

    struct Case {
        folder: tempfile::TempDir,
        store: BlobStore,
        files: Vec<Digest>,
        about: About,
    }

    impl Case {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("temporary folder");
            let store = BlobStore::open(folder.path().join("store")).expect("store");
            let files = vec![store.put("application/yaml", b"kind: Definition").expect("put").digest];
            let about = About {
                created: "2026-01-02T03:04:05Z".into(),
                made_by: "0.1.0".into(),
                stack: "back".into(),
                stack_version: "0.1.0".into(),
                architectures: vec!["amd64".into()],
                files: files.clone(),
                ..About::blank()
            };
            Self { folder, store, files, about }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("a.bundle")
        }

        /// An image of a configuration and of layers with these bytes.
        fn image(&self, name: &str, layers: &[&[u8]]) -> Packed {
            let put = |bytes: &[u8]| self.store.put("application/octet-stream", bytes).expect("put");
            let layers: Vec<Descriptor> = layers.iter().map(|bytes| put(bytes)).collect();
            let manifest = json!({"schemaVersion": 2, "config": put(name.as_bytes()), "layers": layers}).to_string();
            let manifest = put(manifest.as_bytes());
            let (reference, architecture) = (format!("quay.io/a/{name}:1"), "amd64".to_string());
            let image = BundledImage { reference, architecture, manifest, chosen_from: None, built: None };
            Packed { image, from: None }
        }

        async fn write(&self, images: Vec<Packed>) -> Result<Written, PackError> {
            let beside = Beside::default();
            write(&self.path(), self.about.clone(), images, &self.store, beside, &Progress::silent()).await
        }

        /// What is new since the first one, signed by somebody whose signature is `SIGNED` and the length of the text.
        async fn write_since(&self, base: &Bundle, images: Vec<Packed>) -> PathBuf {
            let path = self.folder.path().join("new.bundle");
            let named = Base { name: "a.bundle".into(), index: base.about.index.clone() };
            let about = About { base: Some(named), ..self.about.clone() };
            let sign = |text: &[u8]| Ok(format!("SIGNED {}", text.len()).into_bytes());
            let beside = Beside { base: Some(base), sign: Some(&sign) };
            write(&path, about, images, &self.store, beside, &Progress::silent()).await.expect("written");
            path
        }
    }

    #[tokio::test]
    async fn what_was_written_is_read_and_each_blob_is_there_once() {
        let case = Case::new();
        let layer = vec![7; 100_000];
        let images = vec![case.image("one", &[&layer, b"x"]), case.image("two", &[&layer])];
        let written = case.write(images).await.expect("written");
        assert!(written.bytes < 120_000 && written.apart > 200_000, "{written:?}");
        let bundle = Bundle::open(&case.path()).expect("a bundle");
        assert_eq!((bundle.images().count(), bundle.about.blobs, written.blobs), (2, 7, 7));
        assert_eq!(bundle.read(&case.files[0]).expect("a file"), b"kind: Definition");
        assert_eq!(bundle.verify(|_| ()), []);
        // In an empty store it is there as if it were the store's own.
        let store =
            BlobStore::open(case.folder.path().join("empty")).expect("store").with_bundle(Some(Arc::new(bundle)));
        let content = store.content(&Digest::of(&layer)).expect("the layer");
        assert_eq!((content.size().expect("size"), content.read().expect("read")), (100_000, layer));
        assert!(!store.contains(&Digest::of(b"elsewhere")));
        let again = case.write(vec![case.image("one", &[])]).await.expect_err("it is there");
        assert!(matches!(again, PackError::Bundle(BundleError::Exists { .. })));
    }

    #[tokio::test]
    async fn what_is_new_stands_on_what_was_there_before() {
        let case = Case::new();
        let (old, new) = (vec![7; 50_000], vec![8; 10_000]);
        case.write(vec![case.image("one", &[&old])]).await.expect("written");
        let base = Bundle::open(&case.path()).expect("a bundle");
        let path = case.write_since(&base, vec![case.image("one", &[&old]), case.image("two", &[&old, &new])]).await;
        assert!(path.metadata().expect("a file").len() < 20_000);
        let opened = Bundle::open(&path).expect("both");
        assert_eq!((opened.images().count(), opened.verify(|_| ())), (2, vec![]));
        assert_eq!(opened.content(&Digest::of(&old)).expect("the old layer").read().expect("read"), old);
        assert_eq!(opened.signature, Some(format!("SIGNED {}", opened.statement.len())));
        // By another name as well; but not from elsewhere, and no other bundle does.
        let renamed = case.folder.path().join("other.bundle");
        std::fs::rename(case.path(), &renamed).expect("rename");
        assert_eq!(Bundle::open(&path).expect("both").base.expect("a base").path, renamed);
        std::fs::remove_file(&renamed).expect("remove");
        case.write(vec![case.image("three", &[&old])]).await.expect("written");
        let error = Bundle::open(&path).expect_err("another bundle");
        assert!(matches!(&error, BundleError::NoBase { base, .. } if base == "a.bundle"), "{error}");
    }

    #[tokio::test]
    async fn what_fails_leaves_nothing() {
        let case = Case::new();
        let image = case.image("one", &[b"layer"]);
        std::fs::write(case.store.path(&Digest::of(b"layer")), b"other").expect("damage");
        let error = case.write(vec![image]).await.expect_err("damaged").to_string();
        assert!(error.contains("cannot be written"), "{error}");
        let left: Vec<_> =
            std::fs::read_dir(case.folder.path()).expect("folder").flatten().map(|it| it.file_name()).collect();
        assert_eq!(left, ["store"]);
    }

    #[tokio::test]
    async fn damage_is_found_and_named() {
        let case = Case::new();
        let layer = vec![9; 5000];
        case.write(vec![case.image("one", &[&layer]), case.image("two", &[b"y"])]).await.expect("written");
        let bytes = std::fs::read(case.path()).expect("read");
        let at = bytes.windows(5000).position(|part| part == layer).expect("the layer");
        let mut hurt = bytes.clone();
        hurt[at + 100] = 8;
        std::fs::write(case.path(), &hurt).expect("write");
        let found = Bundle::open(&case.path()).expect("its head is whole").verify(|_| ());
        assert_eq!((found.len(), &found[0].digest), (1, &Digest::of(&layer)));
        assert_eq!(found[0].of, ["quay.io/a/one:1"]);
        // Cut off anywhere, it says so.
        for length in [0, 100, 700, at, at + 100, bytes.len() - 5000] {
            std::fs::write(case.path(), &bytes[..length]).expect("write");
            let error = Bundle::open(&case.path()).expect_err("it is cut off");
            assert!(!matches!(error, BundleError::File { .. }), "{length}: {error}");
        }
        std::fs::write(case.path(), b"#!/bin/sh\necho no bundle\n".repeat(40)).expect("write");
        assert!(matches!(Bundle::open(&case.path()), Err(BundleError::NotOne { .. })));
    }

    #[tokio::test]
    async fn pieces_are_as_good_as_the_whole() {
        let case = Case::new();
        let layers: Vec<Vec<u8>> = (0..6).map(|byte| vec![byte; 4000]).collect();
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        case.write(vec![case.image("one", &layers)]).await.expect("written");
        let small = split(&case.path(), 4000).expect_err("a blob is larger");
        assert!(matches!(small, BundleError::LargeBlob { .. }));
        let pieces = split(&case.path(), 10_000).expect("pieces");
        assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.metadata().expect("a file").len() <= 10_000));
        let joined: Vec<u8> = pieces.iter().flat_map(|piece| std::fs::read(piece).expect("read")).collect();
        assert_eq!(joined, std::fs::read(case.path()).expect("read"));
        assert!(matches!(split(&case.path(), 10_000), Err(BundleError::Exists { .. })));
        std::fs::remove_file(case.path()).expect("remove");
        for name in [case.path(), pieces[0].clone()] {
            assert_eq!(Bundle::open(&name).expect("a bundle in pieces").verify(|_| ()), []);
        }
        std::fs::remove_file(&pieces[1]).expect("remove");
        assert!(matches!(Bundle::open(&case.path()), Err(BundleError::Missing { what, .. }) if what.contains(".002")));
        for piece in &pieces[2..] {
            std::fs::remove_file(piece).expect("remove");
        }
        assert!(matches!(Bundle::open(&case.path()), Err(BundleError::Missing { .. })));
    }
}
