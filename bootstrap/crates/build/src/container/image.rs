//! The image of the builder container: set up earlier, or built from its recipe, or upstream's with the tools put in.

use std::path::Path;

use bollard::models::ContainerConfig;
use bollard::query_parameters as query;
use futures::TryStreamExt;

use super::given::Given;
use super::{Container, Unusable};
use crate::apt_sources::{self, Sources};
use crate::archive::docker_archive_stream;
use crate::tools::{HostTools, KEYRINGS, MissingTool};
use crate::{Architecture, BuildError, Builder, BuiltImage};
use backstack_common::report::Progress;
use backstack_docker::{ClusterError, Engine, pulled};
use backstack_images::{BlobStore, Digest, Reference};
use backstack_stack::files::FileTree;

/// The repository of the engine's images that were set up or built here; `down --purge` removes them.
const REPOSITORY: &str = "backstack/builder";
const SETUP: &str = include_str!("setup");
/// The pinned Go, with its digests; the recipe's own file.
const GO: &str = "go.txt";
/// Debian's suite of the image.
const SUITE: &str = "trixie";

/// The image of the builder container, and the ways to it that are open.
#[derive(Debug, Clone)]
pub struct ContainerPlan {
    /// Upstream's image, which has the tools put in.
    pub reference: Reference,
    /// Folder of the recipe by which the image can be built instead.
    pub recipe: FileTree,
    /// Whether upstream may be asked for the image; not with `--images source`.
    pub may_fetch: bool,
    /// Whether it may be built from its recipe, where upstream does not give it.
    pub may_build: bool,
}

/// What can be said of the image before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// It is in the engine, or in the cache.
    Here,
    /// Upstream has to be asked for it.
    Fetch,
    /// Its recipe needs nothing that is missing.
    Build,
    /// There is no way to it that is open.
    None,
}

impl ContainerPlan {
    /// What the engine calls the image once upstream's was set up: another set-up or another Go is another image.
    fn set_up_name(&self) -> String {
        let go = self.recipe.read(GO).unwrap_or_default();
        let text = format!("{SETUP}\n{}\n{}", String::from_utf8_lossy(&go), self.reference);
        format!("{REPOSITORY}:{}", Digest::of(text.as_bytes()).short())
    }

    fn built(&self, builder: &Builder) -> Option<BuiltImage> {
        builder.cached(&builder.key(&self.recipe).ok()?)
    }

    fn can_build(&self, builder: &Builder) -> bool {
        self.may_build && builder.missing_tools(std::slice::from_ref(&self.recipe)).is_ok_and(|none| none.is_empty())
    }

    /// What is known of the image; upstream is not asked.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn outlook(&self, engine: &Engine, builder: &Builder) -> Result<Outlook, ClusterError> {
        let here = self.built(builder).is_some() || engine.image_id(&self.set_up_name()).await?.is_some();
        Ok(match here {
            true => Outlook::Here,
            false if self.may_fetch => Outlook::Fetch,
            false if self.can_build(builder) => Outlook::Build,
            false => Outlook::None,
        })
    }
}

/// Makes sure that the engine has the image; gives its name there.
pub(super) async fn provide(
    engine: &Engine,
    plan: &ContainerPlan,
    host: &HostTools,
    cache: &Path,
    given: &Given,
    progress: &Progress,
) -> Result<String, Unusable> {
    let set_up = plan.set_up_name();
    if engine.image_id(&set_up).await?.is_some() {
        return Ok(set_up);
    }
    let store = BlobStore::open(cache).map_err(|error| Unusable {
        why: format!("the cache {} cannot be used: {error}", cache.display()),
        hint: "make it writable, or set BACKSTACK_CACHE to another folder".into(),
    })?;
    // It has no container itself: what its recipe needs must be on this machine.
    let builder = Builder::new(cache, store.clone(), Architecture::host()).with_tools_of(host);
    if let Some(built) = plan.built(&builder) {
        return load(engine, &store, &built, progress).await;
    }
    let fetched = match plan.may_fetch {
        true => fetched(engine, plan, &set_up, given, progress).await,
        false => Err(Unusable {
            why: format!("`--images source` fetches no image, so {} is not to be had", plan.reference),
            hint: "take `--images auto`".into(),
        }),
    };
    match fetched {
        Err(fetched) if plan.may_build => {
            built_instead(engine, plan, &store, &builder, progress).await.map_err(|built| fetched.nor(&built))
        }
        other => other,
    }
}

/// The image by its recipe, where upstream's is not to be had.
async fn built_instead(
    engine: &Engine,
    plan: &ContainerPlan,
    store: &BlobStore,
    builder: &Builder,
    progress: &Progress,
) -> Result<String, Unusable> {
    let unusable = |error: BuildError| Unusable::of(&error);
    let missing = builder.missing_tools(std::slice::from_ref(&plan.recipe)).map_err(unusable)?;
    if !missing.is_empty() {
        return Err(lacking(&missing));
    }
    progress.detail("building the builder's own image");
    let built = builder.build(&plan.recipe, progress).await.map_err(unusable)?;
    load(engine, store, &built, progress).await
}

/// This machine cannot build the image.
fn lacking(missing: &[MissingTool]) -> Unusable {
    let tools = missing.iter().map(|one| format!("`{}`", one.tool)).collect::<Vec<_>>().join(", ");
    Unusable { why: format!("that needs {tools} on this machine"), hint: String::new() }
}

async fn load(engine: &Engine, store: &BlobStore, built: &BuiltImage, progress: &Progress) -> Result<String, Unusable> {
    let name = format!("{REPOSITORY}:{}", built.manifest.digest.short());
    if engine.image_id(&name).await?.is_none() {
        progress.detail(format!("loading {name} into the engine"));
        let archive = docker_archive_stream(store, &built.manifest, &name);
        let options = query::ImportImageOptionsBuilder::default().quiet(true).build();
        let loaded = engine.docker().import_image_stream(options, archive, None).try_collect::<Vec<_>>().await;
        loaded.map_err(ClusterError::engine(format!("load image `{name}`")))?;
    }
    Ok(name)
}

/// Pulls upstream's image and puts the tools in.
async fn fetched(
    engine: &Engine,
    plan: &ContainerPlan,
    name: &str,
    given: &Given,
    progress: &Progress,
) -> Result<String, Unusable> {
    let base = plan.reference.to_string();
    if engine.image_id(&base).await?.is_none() {
        progress.detail(format!("pulling {base} for the builder container"));
        pulled::pull(engine, &base, |_| ()).await.map_err(|error| not_pulled(&base, &error))?;
    }
    set_up(engine, plan, &base, name, given, progress).await?;
    Ok(name.into())
}

/// The engine is well; it is the registry, or the way to it.
fn not_pulled(image: &str, error: &ClusterError) -> Unusable {
    let hint = format!(
        "let the engine reach a registry that has it (through its own proxy or a mirror), or put it into the engine \
         yourself under this name: `docker pull` from elsewhere and `docker tag ... {image}`, or `docker load`"
    );
    Unusable { hint, ..Unusable::of(error) }
}

/// Installs what is missing in an image, and keeps the result under another name.
async fn set_up(
    engine: &Engine,
    plan: &ContainerPlan,
    base: &str,
    name: &str,
    given: &Given,
    progress: &Progress,
) -> Result<(), Unusable> {
    let (files, environment) = handed_in(plan, given);
    let given = Given { environment, ..Given::default() };
    let container = Container::launch(engine.clone(), base, None, &given, "0:0").await?;
    engine.write_files(&container.id, &files).await?;
    progress.detail("putting compilers and package tools into the builder container");
    let mut command = std::process::Command::new("/bin/sh");
    command.arg("/setup");
    let mut on_line = |line: &str| progress.detail(format!("setting up the builder: {}", line.trim()));
    container.must(&command, &mut on_line).await?;
    let tidied = files.iter().map(|(path, _)| path.as_str()).filter(|path| !path.ends_with(".sources"));
    container.must(std::process::Command::new("rm").arg("-f").args(tidied), &mut |_| {}).await?;
    let (repository, tag) = name.split_once(':').unwrap_or((name, "latest"));
    let options =
        query::CommitContainerOptionsBuilder::default().container(&container.id).repo(repository).tag(tag).build();
    let kept = engine.docker().commit_container(options, ContainerConfig::default()).await;
    kept.map_err(ClusterError::engine(format!("keep image `{name}`")))?;
    Ok(())
}

/// Files and variables for the set-up. Nothing is mounted: a package would want to replace the file.
fn handed_in(
    plan: &ContainerPlan,
    given: &Given,
) -> (Vec<(String, String)>, std::collections::BTreeMap<String, String>) {
    let go = plan.recipe.read(GO).unwrap_or_default();
    let mut files = vec![
        ("/setup".to_string(), SETUP.to_string()),
        ("/go.txt".to_string(), String::from_utf8_lossy(&go).into_owned()),
    ];
    let mut given = given.clone();
    for (path, text) in given.mounts.iter().filter_map(|path| Some((path, std::fs::read_to_string(path).ok()?))) {
        // Below these lies what packages bring.
        if !path.starts_with("/etc/ssl") && !path.starts_with("/usr") {
            files.push((path.display().to_string(), text));
        }
    }
    let bundle = given.bundle.as_ref().and_then(|path| std::fs::read(path).ok());
    if let Some(bundle) = bundle {
        let path = "/host-certificates.pem";
        files.push((path.into(), String::from_utf8_lossy(&bundle).into_owned()));
        given.apt.push_str(&format!("Acquire::https::CAInfo \"{path}\";\n"));
        for name in ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
            given.environment.insert(name.into(), path.into());
        }
    }
    files.extend(given.apt_files());
    let sources = Sources::of_host(SUITE);
    if !sources.sources.is_empty() && sources.sources.iter().all(|source| source.signed_by_debian()) {
        let text = apt_sources::render(&sources.sources, KEYRINGS[0]);
        files.push(("/etc/apt/sources.list.d/debian.sources".into(), text));
    }
    (files, given.environment)
}
