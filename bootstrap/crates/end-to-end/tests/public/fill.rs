//! Fills the registry that plays the public hosts: what our recipes build goes under the references that the stack
//! names.
//!
//! The images are not those of the recipes to the byte, as real upstream images are not: they have another manifest,
//! behind an index for several platforms, without the label that tells a recipe's key. Those that the engine itself
//! pulls have gzip layers, since older engines read no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use backstack::build::{Architecture, Builder, BuiltImage};
use backstack::folders;
use backstack::images::{BlobStore, Descriptor, Digest, Reference, Registry};
use backstack::images::{Platform, manifest::Raw};
use backstack::report::Progress;
use backstack::stack::files::FileTree;
use backstack::stack::model::ImageRef;
use backstack::stack::{ClusterSpec, Stack, StackSource};
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A label that only images have that our recipes built.
const RECIPE: &str = "dev.backstack.recipe";
/// A label that only played images have.
pub(crate) const PLAYED: &str = "backstack.test/played-by";

/// An image that a public host has.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub reference: Reference,
    /// What people pin.
    pub index: Digest,
    /// The image has a recipe in the stack.
    pub has_recipe: bool,
    /// What the recipe made, in the machine's own cache; nothing in a world that is there to be asked only.
    pub built: Option<BuiltImage>,
}

/// What the images hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A few bytes each, which do nothing: enough for a plan.
    Bytes,
    /// What the recipes build; what the machine's cache lacks is built first.
    Programs,
}

/// Everything that a stack and the cluster name.
pub(crate) struct Named {
    pub images: Vec<(ImageRef, FileTree)>,
    /// Those that the engine pulls.
    pub of_engine: BTreeSet<String>,
    /// Address of a definition -> Go module and path in it.
    pub definitions: Vec<(String, String, String)>,
}

impl Named {
    pub(crate) fn by(stack: &str) -> Self {
        let stack = Stack::load(StackSource::named(stack)).expect("the stack");
        let cluster = ClusterSpec::load().expect("the cluster's images");
        let mut images =
            vec![(cluster.file.node.clone(), cluster.tree.clone()), (cluster.file.registry.clone(), cluster.tree)];
        let of_engine = images.iter().map(|(image, _)| image.reference.clone()).collect();
        let mut definitions = Vec::new();
        for component in &stack.components {
            images.extend(component.file.images.values().map(|image| (image.clone(), component.tree.clone())));
            for source in &component.file.crds {
                for path in source.files.keys() {
                    let address = format!("{}/{path}", source.url.trim_end_matches('/'));
                    definitions.push((address, source.module.clone(), path.clone()));
                }
            }
        }
        Self { images, of_engine, definitions }
    }

    /// The registry hosts.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        let reference = |(image, _): &(ImageRef, FileTree)| image.reference.parse::<Reference>().expect("a reference");
        self.images.iter().map(|image| reference(image).host().to_string()).collect()
    }
}

/// What fills the registry.
pub(crate) struct Filler {
    pub registry: Registry,
    /// The registry's own files.
    pub storage: PathBuf,
    store: BlobStore,
    builder: Builder,
}

/// A blob and where it lies.
pub(crate) struct Blob {
    pub descriptor: Descriptor,
    pub path: PathBuf,
}

impl Filler {
    pub(crate) fn new(registry: Registry, storage: PathBuf) -> Self {
        let cache = folders::cache().unwrap();
        let store = BlobStore::open(&cache).expect("the cache");
        let builder = Builder::new(&cache, store.clone(), Architecture::host());
        Self { registry, storage, store, builder }
    }

    /// Puts every image in its place.
    pub(crate) async fn fill(&self, named: &Named, content: Content) -> Vec<Held> {
        let built = if content == Content::Programs { self.build(named).await } else { BTreeMap::new() };
        let mut held = Vec::new();
        for (image, _) in &named.images {
            let reference: Reference = image.reference.parse().expect("a reference");
            let found = built.get(&image.reference).or_else(|| sibling(&image.reference, &built));
            let (config, layers) = match (content, found) {
                (Content::Bytes, _) => self.few_bytes(&reference).await,
                (Content::Programs, Some(found)) => {
                    self.programs(&reference, found, named.of_engine.contains(&image.reference)).await
                }
                (Content::Programs, None) => panic!("{reference}: nothing to play it with"),
            };
            let index = self.put_index(&reference, &config, &layers).await;
            held.push(Held { reference, index, has_recipe: image.recipe.is_some(), built: found.cloned() });
        }
        held
    }

    async fn build(&self, named: &Named) -> BTreeMap<String, BuiltImage> {
        let mut built = BTreeMap::new();
        for (image, tree) in &named.images {
            let Some(recipe) = &image.recipe else { continue };
            let recipe = tree.join(&format!("images/{recipe}"));
            let made = self.builder.build(&recipe, &Progress::silent()).await;
            built.insert(image.reference.clone(), made.unwrap_or_else(|error| panic!("{image:?}: {error}")));
        }
        built
    }

    /// Configuration and layers of an image with nothing to run in it.
    async fn few_bytes(&self, reference: &Reference) -> (Value, Vec<Descriptor>) {
        let layer = self.put_bytes(&reference.mirror_repository(), GZIP, reference.to_string().as_bytes()).await;
        let (platform, labels) = (Platform::here(), json!({PLAYED: reference.host()}));
        let config = json!({
            "architecture": platform.architecture, "os": "linux", "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        });
        (config, vec![layer])
    }

    /// The same of an image that a recipe built.
    async fn programs(&self, reference: &Reference, built: &BuiltImage, gzip: bool) -> (Value, Vec<Descriptor>) {
        let mut layers = Vec::new();
        for layer in &built.layers {
            let blob = self.layer(&layer.blob, gzip);
            self.put_blob(&reference.mirror_repository(), &blob).await;
            layers.push(blob.descriptor);
        }
        let config = self.store.read(&built.config.digest).expect("blob");
        let mut config: Value = serde_json::from_slice(&config).expect("a configuration");
        let labels = config["config"]["Labels"].as_object_mut().expect("labels");
        labels.remove(RECIPE);
        labels.insert(PLAYED.into(), reference.host().into());
        (config, layers)
    }

    /// Puts an image there that no stack names.
    pub(crate) async fn put(&self, reference: &Reference, config: &Value, layers: &[Blob]) -> Digest {
        for layer in layers {
            self.put_blob(&reference.mirror_repository(), layer).await;
        }
        let layers: Vec<_> = layers.iter().map(|layer| layer.descriptor.clone()).collect();
        self.put_index(reference, config, &layers).await
    }

    /// Puts an index there, of this image and one for a machine that nobody has.
    async fn put_index(&self, reference: &Reference, config: &Value, layers: &[Descriptor]) -> Digest {
        let repository = reference.mirror_repository();
        let entry = self.put_image(&repository, config, layers).await;
        let other = json!({"architecture": "riscv64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
        let other = self.put_image(&repository, &other, &[]).await;
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [other, entry]});
        let index = Raw { media_type: INDEX.into(), bytes: serde_json::to_vec(&index).expect("JSON") };
        let tag = reference.tag().expect("a tag");
        self.registry.push_manifest(&repository, tag, &index).await.expect("push the index");
        index.digest()
    }

    /// Puts an image there by its digest; gives its entry in an index.
    async fn put_image(&self, repository: &str, config: &Value, layers: &[Descriptor]) -> Value {
        let platform = json!({"architecture": config["architecture"], "os": config["os"]});
        let config = self.put_bytes(repository, CONFIG, &serde_json::to_vec(config).expect("JSON")).await;
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let raw = Raw { media_type: MANIFEST.into(), bytes: serde_json::to_vec(&manifest).expect("JSON") };
        let (digest, size) = (raw.digest(), raw.bytes.len());
        self.registry.push_manifest(repository, digest.as_str(), &raw).await.expect("push a manifest");
        json!({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform})
    }

    async fn put_bytes(&self, repository: &str, media_type: &str, bytes: &[u8]) -> Descriptor {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("blob");
        fs::write(&path, bytes).expect("write");
        let descriptor =
            Descriptor { media_type: media_type.into(), digest: Digest::of(bytes), size: bytes.len() as u64 };
        self.put_blob(repository, &Blob { descriptor: descriptor.clone(), path }).await;
        descriptor
    }

    /// Puts a blob where the registry finds it: as a link where that goes, so that gigabytes need neither time nor disk.
    async fn put_blob(&self, repository: &str, blob: &Blob) {
        let digest = &blob.descriptor.digest;
        if link(&self.storage, repository, digest, &blob.path).is_ok()
            && self.registry.has_blob(repository, digest).await.expect("ask")
        {
            return;
        }
        let sent = std::sync::Arc::new(|_| ());
        self.registry
            .push_blob(repository, &blob.descriptor, &backstack::images::Content::file(&blob.path), sent)
            .await
            .expect("push a blob");
    }

    fn layer(&self, layer: &Descriptor, gzip: bool) -> Blob {
        let path = self.store.path(&layer.digest);
        if !gzip {
            return Blob { descriptor: layer.clone(), path };
        }
        let again = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.tar.gz", layer.digest.hex()));
        if !again.exists() {
            compress(&path, &again);
        }
        let bytes = fs::read(&again).expect("read");
        let descriptor = Descriptor { media_type: GZIP.into(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
        Blob { descriptor, path: again }
    }
}

/// An image of the same place under the same component, for one that no recipe makes: what runs is another program,
/// but it is one, and what is asked of registries is the same.
fn sibling<'a>(reference: &str, built: &'a BTreeMap<String, BuiltImage>) -> Option<&'a BuiltImage> {
    let (folder, _) = reference.rsplit_once('/')?;
    built.iter().find(|(name, _)| name.rsplit_once('/').is_some_and(|(of, _)| of == folder)).map(|(_, image)| image)
}

fn compress(from: &Path, to: &Path) {
    let from = zstd::stream::Decoder::new(File::open(from).expect("open")).expect("a zstd stream");
    compress_tar(from, to);
}

/// Writes what can be read as gzip; the file is there when all of it is.
pub(crate) fn compress_tar(mut from: impl Read, to: &Path) {
    let unfinished = to.with_extension("unfinished");
    let out = BufWriter::new(File::create(&unfinished).expect("create"));
    let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    std::io::copy(&mut from, &mut out).expect("recompress");
    out.finish().expect("finish").flush().expect("flush");
    fs::rename(unfinished, to).expect("rename");
}

/// Lays a blob into the registry's files, as the registry itself would.
fn link(storage: &Path, repository: &str, digest: &Digest, from: &Path) -> std::io::Result<()> {
    let (root, hex) = (storage.join("docker/registry/v2"), digest.hex());
    let data = root.join("blobs/sha256").join(&hex[..2]).join(hex).join("data");
    let of_repository = root.join("repositories").join(repository).join("_layers/sha256").join(hex).join("link");
    for path in [&data, &of_repository] {
        fs::create_dir_all(path.parent().expect("a folder"))?;
    }
    match fs::hard_link(from, &data) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::write(of_repository, digest.as_str()),
    }
}
