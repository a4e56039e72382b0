//! Builds images, each layer once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, try_join_all};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OnceCell, Semaphore};

use super::container::ContainerPlan;
use super::context::Context;
use super::debian::{self, Apt};
use super::error::BuildError;
use super::golang::Built;
use super::image::{self, BuiltImage};
use super::layer::{self, BuiltLayer};
use super::program::Program;
use super::recipe::{KeyedLayer, Recipe};
use super::toolbox::Toolbox;
use super::tools::{HostTools, MissingTool, Toolset};
use super::{Architecture, Package, containerd, files, golang, machine, npm, pypi};
use backstack_common::report::Progress;
use backstack_images::{BlobStore, Digest};
use backstack_stack::files::FileTree;
use backstack_stack::recipe::{DebianLayer, ImageRecipe, Layer};

/// How many projects are fetched at once: one would wait for the network alone, many would take turns on it.
const FETCHERS: usize = 2;

/// Builds recipes into a store. Cheap to clone; clones share locks and limits.
#[derive(Clone)]
pub struct Builder {
    context: Arc<Context>,
    /// By the keys of their recipes.
    known: Arc<BTreeMap<Digest, BuiltImage>>,
}

/// What is kept of a layer, besides its blob.
#[derive(Clone, Serialize, Deserialize)]
struct CachedLayer {
    layer: BuiltLayer,
    packages: Vec<Package>,
}

impl Builder {
    /// A builder that keeps what it makes in `store`, and what it needs for that below `cache`.
    pub fn new(cache: &Path, store: BlobStore, architecture: Architecture) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            known: Arc::default(),
            context: Arc::new(Context {
                cache: cache.into(),
                store,
                architecture,
                program: Program::this(),
                mirror: None,
                tools: Toolbox::new(cache),
                locks: OnceCell::new(),
                work: OnceCell::new(),
                compilers: Semaphore::new((cores / 2).max(1)),
                fetchers: Semaphore::new(FETCHERS),
                updated: Mutex::default(),
            }),
        }
    }

    /// Compiles at most so many programs at once. Default: half the number of cores.
    #[must_use]
    pub fn with_compilers(self, count: usize) -> Self {
        self.changed(|context| context.compilers = Semaphore::new(count.max(1)))
    }

    /// Takes this for the program that an image has. Default: the one that runs here.
    #[must_use]
    pub fn with_program(self, program: Program) -> Self {
        self.changed(|context| context.program = program)
    }

    /// Takes Debian packages from this mirror. Default: the host's own, or debootstrap's.
    #[must_use]
    pub fn with_debian_mirror(self, uri: Option<String>) -> Self {
        self.changed(|context| context.mirror = uri)
    }

    /// Looks for tools in these folders, which are written as PATH is. Default: PATH.
    #[must_use]
    pub fn with_tools_in(self, path: OsString) -> Self {
        self.changed(|context| context.tools.host = HostTools::in_path(path))
    }

    /// Uses the same tools of this machine as another builder.
    #[must_use]
    pub(super) fn with_tools_of(self, host: &HostTools) -> Self {
        self.with_tools_in(host.path().into())
    }

    /// Runs tools that this machine lacks in a builder container. Default: it is an error that they are missing.
    #[must_use]
    pub fn with_container(self, plan: Option<ContainerPlan>) -> Self {
        self.changed(|context| context.tools.container = plan)
    }

    fn changed(mut self, change: impl FnOnce(&mut Context)) -> Self {
        change(Arc::get_mut(&mut self.context).expect("settings come before the builder is shared"));
        self
    }

    /// The key of a recipe: a digest over all that its author decided. Reads only the recipe's files.
    ///
    /// # Errors
    /// The recipe or a file that it uses is missing or malformed.
    pub fn key(&self, recipe: &FileTree) -> Result<Digest, BuildError> {
        self.load(recipe).map(|recipe| recipe.key)
    }

    /// The image of a key, if it was built before and all of it is still there.
    pub fn cached(&self, key: &Digest) -> Option<BuiltImage> {
        let known = || self.known.get(key).cloned();
        let image = self.context.read_index::<BuiltImage>("images", key).or_else(known);
        image.filter(|image| image.is_in(&self.context.store))
    }

    /// The same builder, which takes these images as built: their blobs are in its store.
    #[must_use]
    pub fn with_known(self, images: impl IntoIterator<Item = BuiltImage>) -> Self {
        let known = images.into_iter().map(|image| (image.recipe_key.clone(), image)).collect();
        Self { known: Arc::new(known), ..self }
    }

    /// Whether an image of this key was built elsewhere and came with its blobs.
    pub fn knows(&self, key: &Digest) -> bool {
        self.known.contains_key(key)
    }

    /// Tools that these recipes, and those they contain, need and the machine lacks.
    ///
    /// # Errors
    /// A recipe is missing or malformed.
    pub fn missing_tools(&self, recipes: &[FileTree]) -> Result<Vec<MissingTool>, BuildError> {
        Ok(self.context.tools.host.missing(&self.all_of(recipes)?, self.context.architecture))
    }

    /// Tools that these recipes, and those they contain, need, for people.
    ///
    /// # Errors
    /// A recipe is missing or malformed.
    pub fn needed_tools(&self, recipes: &[FileTree]) -> Result<String, BuildError> {
        Ok(Toolbox::named(&self.all_of(recipes)?, self.context.architecture))
    }

    fn all_of(&self, recipes: &[FileTree]) -> Result<Vec<ImageRecipe>, BuildError> {
        let mut found = Vec::new();
        for tree in recipes {
            collect_recipes(&self.load(tree)?, &mut found);
        }
        Ok(found)
    }

    /// Downloads a Go module; gives the folder with its files.
    ///
    /// # Errors
    /// Go can neither be run here nor in a container, or the module cannot be had.
    pub async fn go_module(&self, module: &str, progress: &Progress) -> Result<PathBuf, BuildError> {
        let what = format!("fetching Go module {module}");
        self.context.tools.prepare_set(Toolset::Go, progress).await?;
        let tool = self.context.tools.tool(Toolset::Go, "go", what).await?.with(|go| {
            go.args(["mod", "download", "-json", module]).current_dir("/");
            go.env("GOFLAGS", "-mod=mod").env("GOWORK", "off");
        });
        golang::folder_of(module, tool).await
    }

    /// Builds an image, or returns it from the cache. Any number of builds may run at once, in any
    /// number of processes; a layer that several need is built by one while the others wait.
    ///
    /// Dropping the future ends the tools that it started.
    ///
    /// # Errors
    /// The recipe is wrong, a tool is missing or fails, packages cannot be had, the disk is full.
    pub async fn build(&self, recipe: &FileTree, progress: &Progress) -> Result<BuiltImage, BuildError> {
        self.build_loaded(&self.load(recipe)?, progress).await
    }

    fn load(&self, recipe: &FileTree) -> Result<Recipe, BuildError> {
        Recipe::load(recipe, self.context.architecture, &self.context.program)
    }

    fn build_loaded<'a>(
        &'a self,
        recipe: &'a Recipe,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<BuiltImage, BuildError>> {
        async move {
            if let Some(image) = self.cached(&recipe.key) {
                return Ok(image);
            }
            if !cfg!(target_os = "linux") {
                return Err(BuildError::NotLinux);
            }
            self.context.prepare().await?;
            let layers = recipe.layers.iter().map(|layer| self.layer(recipe, layer, progress));
            let (layers, packages): (Vec<_>, Vec<_>) =
                try_join_all(layers).await?.into_iter().map(|built| (built.layer, built.packages)).unzip();
            let context = &self.context;
            let image = image::write(&context.store, recipe, context.architecture, layers, packages.concat());
            let image = image.map_err(BuildError::io(format!("cannot write to {}", context.store.root().display())))?;
            context.write_index("images", &recipe.key, &image)?;
            Ok(image)
        }
        .boxed()
    }

    /// A layer from the cache, or built.
    async fn layer(&self, recipe: &Recipe, layer: &KeyedLayer, progress: &Progress) -> Result<CachedLayer, BuildError> {
        let context = &self.context;
        let cached = || {
            let found = context.read_index::<CachedLayer>("layers", &layer.key);
            found.filter(|found| context.store.contains(&found.layer.blob.digest))
        };
        if let Some(found) = cached() {
            return Ok(found);
        }
        let _held = context.prepare().await?.hold(layer.key.hex()).await?;
        if let Some(found) = cached() {
            return Ok(found);
        }
        let (tree, packages, folder) = self.tree(recipe, layer, progress).await?;
        let (store, architecture) = (context.store.clone(), context.architecture);
        let (name, allowed) = (recipe.tree.display("."), recipe.recipe.other_machines.clone());
        let written = blocking(move || {
            let failed = || BuildError::io(format!("cannot write a layer of {name}"));
            let strangers = machine::strangers(&tree, architecture, &allowed).map_err(failed())?;
            if !strangers.is_empty() {
                return Err(BuildError::other_machine(name, architecture, strangers));
            }
            let written = layer::write(&store, &tree).map_err(failed());
            drop(folder);
            written
        });
        let built = CachedLayer { layer: written.await?, packages };
        context.write_index("layers", &layer.key, &built)?;
        Ok(built)
    }

    async fn tree(&self, recipe: &Recipe, layer: &KeyedLayer, progress: &Progress) -> Result<Built, BuildError> {
        let (context, folder, merged) = (&*self.context, &recipe.tree, layer.merged_usr);
        context.tools.prepare(&layer.layer, context.architecture, progress).await?;
        match &layer.layer {
            Layer::Debian(debian) => self.debian(debian, progress).await,
            Layer::Go(go) => golang::programs(context, folder, go, merged, progress).await,
            Layer::GoModuleFiles(files) => golang::module_files(context, folder, files, merged, progress).await,
            Layer::Pypi(pypi) => pypi::install(context, folder, pypi, merged, progress).await,
            Layer::Npm(npm) => npm::build(context, folder, npm, merged, progress).await,
            Layer::Files(entries) => Ok((files::build(folder, entries, merged)?, Vec::new(), None)),
            Layer::Program(program) => Ok((context.program.layer(program, merged)?, Vec::new(), None)),
            Layer::ContainerdStore(store) => {
                let images = layer.contains.iter().map(|(reference, recipe)| async move {
                    Ok::<_, BuildError>((reference.clone(), self.build_loaded(recipe, progress).await?))
                });
                let images = try_join_all(images).await?;
                containerd::write(context, folder, store, &images, merged, progress).await
            }
        }
    }

    async fn debian(&self, layer: &DebianLayer, progress: &Progress) -> Result<Built, BuildError> {
        let files = self.fetch_debian(layer, progress).await?;
        progress.detail(format!("unpacking {} Debian packages", files.len()));
        let work = self.context.work().folder()?;
        let layer = layer.clone();
        blocking(move || {
            let (tree, packages) = debian::unpack(&layer, &files, work.path())?;
            Ok((tree, packages, Some(work)))
        })
        .await
    }

    /// One at a time: apt keeps its state in files.
    async fn fetch_debian(&self, layer: &DebianLayer, progress: &Progress) -> Result<Vec<PathBuf>, BuildError> {
        let context = &self.context;
        let mut updated = context.updated.lock().await;
        let _held = context.prepare().await?.hold("debian").await?;
        let apt = Apt::open(&context.tools, &context.cache, &layer.suite, context.architecture)?;
        if !updated.contains(&layer.suite) {
            apt.update(context.mirror.as_deref(), progress).await?;
            updated.insert(layer.suite.clone());
        }
        apt.fetch(layer, progress).await
    }
}

fn collect_recipes(recipe: &Recipe, found: &mut Vec<ImageRecipe>) {
    found.push(recipe.recipe.clone());
    for (_, contained) in recipe.layers.iter().flat_map(|layer| &layer.contains) {
        collect_recipes(contained, found);
    }
}

/// Runs work that computes or writes for long apart from the tasks that must stay responsive.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down: nobody waits for an answer any more.
        Err(_) => std::future::pending().await,
    }
}
