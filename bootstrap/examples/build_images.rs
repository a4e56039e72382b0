//! Builds the built-in stacks' images for any architecture, and reads in their layers for which machine each program is.
//!
//! ```text
//! cargo run --example build_images -- --platform linux/arm64 [--own] [NAME]...
//! ```
//!
//! A line for each image: its name, its digest, the bytes of its blobs, and how many programs for which machine lie in it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program, not a library")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use backstack::build::{Architecture, Builder, BuiltImage, HEADER_SIZE, Machine, Program};
use backstack::error::Failure;
use backstack::folders;
use backstack::images::BlobStore;
use backstack::report::Progress;
use backstack::stack::files::FileTree;
use backstack::stack::model::ImageRef;
use backstack::stack::{ClusterSpec, Stack, StackSource};
use clap::Parser;
use shared::{Lines, end_with};

mod shared;

#[derive(Parser)]
struct Args {
    /// What to build for, as `linux/arm64`. Default: this machine's own
    #[arg(long)]
    platform: Option<String>,
    /// Only the stacks' own images, which a release pushes
    #[arg(long)]
    own: bool,
    /// Static program of ours for that platform, for images that have it. Default: this program, for this machine's own
    /// platform; for another one such images are left out
    #[arg(long)]
    program: Option<PathBuf>,
    /// Tell what is being done
    #[arg(long, short)]
    verbose: bool,
    /// Recipes to build, by the names of their folders. Default: all
    names: Vec<String>,
}

struct Found {
    recipe: FileTree,
    own: bool,
}

#[tokio::main]
async fn main() {
    end_with(build(Args::parse()).await);
}

async fn build(args: Args) -> Result<(), Failure> {
    let internal = |error: std::io::Error| Failure::internal(error.to_string());
    let architecture = match &args.platform {
        Some(platform) => architecture(platform)?,
        None => Architecture::host(),
    };
    let cache = folders::cache()?;
    let store = BlobStore::open(&cache).map_err(internal)?;
    let builder = Builder::new(&cache, store.clone(), architecture);
    let builder = match &args.program {
        Some(file) => builder.with_program(Program::released(file, env!("CARGO_PKG_VERSION"))),
        None => builder,
    };
    let has_program = args.program.is_some() || architecture == Architecture::host();
    let all = recipes()?;
    if let Some(name) = args.names.iter().find(|name| !all.contains_key(*name)) {
        let names: Vec<_> = all.keys().map(String::as_str).collect();
        return Err(Failure::internal(format!("no recipe is named `{name}`; there are {}", names.join(", "))));
    }
    let mut failed = None;
    for (name, found) in &all {
        if (args.own && !found.own) || (!args.names.is_empty() && !args.names.contains(name)) {
            continue;
        }
        if !has_program && backstack::build::recipe::read(&found.recipe)?.has_program() {
            println!(
                "{name:<24} left out: it has the program itself, and none for {architecture} was given (--program)"
            );
            continue;
        }
        let progress = match args.verbose {
            true => Progress::new(Arc::new(Lines), name),
            false => Progress::silent(),
        };
        let started = Instant::now();
        match builder.build(&found.recipe, &progress).await {
            Ok(image) => {
                let machines = machines(&store, &image).map_err(internal)?;
                let (digest, seconds) = (&image.manifest.digest, started.elapsed().as_secs());
                println!("{name:<24} {digest} {:>11} bytes, {} ({seconds} s)", image.size, told(&machines));
            }
            // The others are built all the same.
            Err(error) => {
                let failure = Failure::from(error);
                println!("{name:<24} failed: {failure}");
                failed.get_or_insert(failure);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn architecture(platform: &str) -> Result<Architecture, Failure> {
    platform.strip_prefix("linux/").and_then(Architecture::named).ok_or_else(|| {
        Failure::internal(format!("images are built for `linux/amd64` and `linux/arm64`, not for `{platform}`"))
    })
}

/// All recipes that stacks and the cluster name; what the node contains is built with it.
fn recipes() -> Result<BTreeMap<String, Found>, Failure> {
    let mut all = BTreeMap::new();
    let mut add = |image: &ImageRef, tree: &FileTree| {
        if let Some(name) = &image.recipe {
            all.insert(name.clone(), Found { recipe: tree.join(&format!("images/{name}")), own: image.own });
        }
    };
    for name in Stack::builtin_names() {
        for component in &Stack::load(StackSource::Builtin(name))?.components {
            component.file.images.values().for_each(|image| add(image, &component.tree));
        }
    }
    let cluster = ClusterSpec::load()?;
    for image in [&cluster.file.node, &cluster.file.registry, &cluster.file.builder] {
        add(image, &cluster.tree);
    }
    Ok(all)
}

/// For which machines the programs in an image are, and how many; read from its layers as they are in the store.
fn machines(store: &BlobStore, image: &BuiltImage) -> std::io::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for layer in &image.layers {
        let plain = zstd::Decoder::new(File::open(store.path(&layer.blob.digest))?)?;
        for entry in tar::Archive::new(plain).entries()? {
            let mut start = Vec::new();
            entry?.take(HEADER_SIZE as u64).read_to_end(&mut start)?;
            if let Some(machine) = Machine::of(&start) {
                *found.entry(machine.to_string()).or_default() += 1;
            }
        }
    }
    Ok(found)
}

fn told(machines: &BTreeMap<String, usize>) -> String {
    match machines.is_empty() {
        true => "no programs".into(),
        false => machines.iter().map(|(machine, count)| format!("{count} {machine}")).collect::<Vec<_>>().join(", "),
    }
}
