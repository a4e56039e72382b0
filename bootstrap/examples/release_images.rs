//! Builds the stacks' own images for every architecture, pushes them, and writes down their digests for the program.
//!
//! `scripts/release` runs it. The file that it writes is `bootstrap/released.json`: the key of each recipe, with the
//! image that was built from it. A program compiled with that file fetches just these images.
#![expect(clippy::print_stderr, reason = "a program, not a library")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use backstack::build::{Architecture, Builder, BuiltImage, Program, recipe};
use backstack::error::Failure;
use backstack::folders;
use backstack::images::upstream::{Upstream, UpstreamOptions};
use backstack::images::{BlobStore, Content, Digest, Reference, Registry};
use backstack::images::{Platform, manifest::Raw};
use backstack::report::Progress;
use backstack::stack::files::FileTree;
use backstack::stack::{Stack, StackSource};
use clap::Parser;
use serde_json::json;
use shared::{Lines, end_with};

mod shared;

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Parser)]
struct Args {
    /// Registry and prefix that take the images, as `ghcr.io/me/backstack`
    #[arg(long)]
    to: String,
    /// Version of the release, which becomes the tag
    #[arg(long)]
    version: String,
    /// Architectures to build for
    #[arg(long = "architecture", default_values = ["amd64", "arm64"])]
    architectures: Vec<String>,
    /// Static programs of the release, which images have, as `amd64=FILE`
    #[arg(long = "program", value_name = "ARCH=FILE")]
    programs: Vec<String>,
    /// The registry has no TLS
    #[arg(long)]
    plain_http: bool,
    /// File for the digests
    #[arg(long)]
    digests: PathBuf,
    /// Folder for one file a image, with all packages that went in
    #[arg(long)]
    packages: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    end_with(release(Args::parse()).await);
}

async fn release(args: Args) -> Result<(), Failure> {
    let io = |error: std::io::Error| Failure::internal(error.to_string());
    let cache = folders::cache()?;
    let store = BlobStore::open(&cache).map_err(io)?;
    let (host, prefix) = args.to.split_once('/').unwrap_or((&args.to, ""));
    let sign_in = Upstream::new(UpstreamOptions::new(Platform::here()))?;
    let registry = Registry::at_host(host, prefix, args.plain_http, sign_in).await?;
    let mut released = BTreeMap::new();
    let programs: BTreeMap<_, _> = args.programs.iter().filter_map(|program| program.split_once('=')).collect();
    for (name, recipe) in own_images()? {
        let has_program = recipe::read(&recipe)?.has_program();
        let mut manifests = Vec::new();
        for text in &args.architectures {
            let architecture = architecture(text)?;
            let progress = Progress::new(Arc::new(Lines), &format!("{name} for {architecture}"));
            let builder = Builder::new(&cache, store.clone(), architecture);
            let builder = match programs.get(text.as_str()) {
                Some(file) => builder.with_program(Program::released(file, env!("CARGO_PKG_VERSION"))),
                None if !has_program => builder,
                None => return Err(Failure::internal(format!("{name} has the program itself: --program {text}=FILE"))),
            };
            let image = builder.build(&recipe, &progress).await?;
            push(&registry, &store, &name, &format!("{}-{architecture}", args.version), &image).await?;
            eprintln!("{name} for {architecture}: {}", image.manifest.digest);
            released.insert(image.recipe_key.to_string(), format!("{}/{name}@{}", args.to, image.manifest.digest));
            manifests.push(json!({
                "mediaType": image.manifest.media_type, "digest": image.manifest.digest, "size": image.manifest.size,
                "platform": {"os": "linux", "architecture": architecture.as_str()},
            }));
            if let Some(folder) = &args.packages {
                let packages = serde_json::to_vec_pretty(&image.packages).expect("plain data is JSON");
                std::fs::write(folder.join(format!("{name}-{architecture}.packages.json")), packages).map_err(io)?;
            }
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests});
        let index = Raw { media_type: INDEX_TYPE.into(), bytes: index.to_string().into_bytes() };
        registry.push_manifest(&name, &args.version, &index).await?;
    }
    let text = serde_json::to_string_pretty(&json!({"images": released})).expect("plain data is JSON");
    std::fs::write(&args.digests, text + "\n").map_err(io)
}

fn architecture(text: &str) -> Result<Architecture, Failure> {
    let unknown = || Failure::internal(format!("`{text}` is no architecture that images are built for"));
    Architecture::named(text).ok_or_else(unknown)
}

/// Name and recipe of every image that is a built-in stack's own.
fn own_images() -> Result<BTreeMap<String, FileTree>, Failure> {
    let mut images = BTreeMap::new();
    for name in Stack::builtin_names() {
        let stack = Stack::load(StackSource::Builtin(name))?;
        for component in &stack.components {
            for image in component.file.images.values().filter(|image| image.own) {
                let reference: Reference = image.reference.parse().map_err(backstack::images::ImageError::from)?;
                let name = reference.repository().rsplit('/').next().unwrap_or_default().to_string();
                let recipe = image.recipe.as_deref().unwrap_or_default();
                images.insert(name, component.tree.join(&format!("images/{recipe}")));
            }
        }
    }
    Ok(images)
}

async fn push(
    registry: &Registry,
    store: &BlobStore,
    repository: &str,
    tag: &str,
    image: &BuiltImage,
) -> Result<(), Failure> {
    for blob in image.blobs().filter(|blob| blob.digest != image.manifest.digest) {
        if !registry.has_blob(repository, &blob.digest).await? {
            registry.push_blob(repository, blob, &Content::file(store.path(&blob.digest)), Arc::new(|_| ())).await?;
        }
    }
    let bytes = store.read(&image.manifest.digest).map_err(|error| Failure::internal(error.to_string()))?;
    let manifest = Raw { media_type: image.manifest.media_type.clone(), bytes };
    debug_assert_eq!(Digest::of(&manifest.bytes), image.manifest.digest);
    registry.push_manifest(repository, tag, &manifest).await?;
    Ok(())
}
