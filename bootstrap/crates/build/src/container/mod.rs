//! The builder container: tools that this machine lacks, run where they are.
//!
//! The cache folder is mounted at its own path, so that everything else stays as it is: files lie where the rest of the
//! build looks for them, and the same recipe gives the same image either way. The container uses the host's network,
//! because it stands for the host's tools: a proxy on the host's loopback, its name service and its VPN work as there.
//!
//! It lives as long as the connection to it: its one program reads what never comes, and ends with the process that
//! would send it, however that ends. The engine then removes it with all that still runs in it.

mod exec;
mod given;
mod image;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use bollard::container::AttachContainerResults;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters as query;
use tempfile::TempDir;

use super::apt_sources::Sources;
use super::tools::{HostTools, KEYRINGS};
use backstack_common::error::Explain;
use backstack_common::report::Progress;
use backstack_docker::{ClusterError, Engine, names};
use given::Given;
pub use image::{ContainerPlan, Outlook};

/// What the container's label says that it is.
pub const LABEL: &str = "builder";
const PATH: &str = "/opt/go/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Reads until nobody is there to write; the second command keeps the shell, which buries orphans.
const LIVE: &str = "cat >/dev/null; exit 0";
/// Copies what says where packages come from.
const COPY_SOURCES: &str = r#"
for file in etc/os-release etc/apt usr/share/debootstrap usr/sbin/debootstrap; do
  [ -e "/$file" ] || continue
  mkdir -p "$1/$(dirname "$file")" && cp -rL "/$file" "$1/$file" 2>/dev/null
done
exit 0
"#;

/// No builder container can be used, and what to do.
#[derive(Debug, Clone)]
pub struct Unusable {
    /// What keeps it from being used, for the end of a message.
    pub why: String,
    /// What a person can do about it; empty if that is nothing.
    pub hint: String,
}

impl Unusable {
    fn of(error: &impl Explain) -> Self {
        let why = backstack_common::error::chain(error).join(": ");
        Self { why, hint: error.hints().join(" ") }
    }

    /// Neither this way to the image leads anywhere nor another, by which it is built here.
    fn nor(self, built: &Self) -> Self {
        let why = format!("{}; nor can its image be built from packages: {}", self.why, built.why);
        let hints = [self.hint.as_str(), built.hint.as_str()].into_iter().filter(|hint| !hint.is_empty());
        Self { why, hint: hints.collect::<Vec<_>>().join(" ") }
    }

    /// The engine does not see the files of this machine.
    fn apart() -> Self {
        Self {
            why: "the Docker Engine does not see this machine's files, as one on another machine does not".into(),
            hint: "install the tool here, run backstack on the engine's machine, or take images from registries".into(),
        }
    }
}

impl From<ClusterError> for Unusable {
    fn from(error: ClusterError) -> Self {
        Self::of(&error)
    }
}

/// A container that runs.
pub struct Container {
    engine: Engine,
    id: String,
    user: String,
    environment: BTreeMap<String, String>,
    keyring: String,
    /// Its files that say where Debian packages come from.
    sources: Option<TempDir>,
    /// The connection that keeps it alive.
    _alive: Mutex<AttachContainerResults>,
}

/// Starts the builder container, after its image was made sure of.
///
/// # Errors
/// There is no engine, no image, or the engine is on another machine.
pub async fn start(
    plan: &ContainerPlan,
    host: &HostTools,
    cache: &Path,
    progress: &Progress,
) -> Result<Container, Unusable> {
    let engine = Engine::connect().await?;
    let given = Given::of_host(host);
    let image = image::provide(&engine, plan, host, cache, &given, progress).await?;
    progress.detail("starting the builder container");
    let user = user(&engine).await?;
    let mut container = Container::launch(engine, &image, Some(cache), &given, &user).await?;
    container.look_around(cache).await?;
    Ok(container)
}

/// Whose files the tools write: the person's. An engine that runs without root takes its root for the person already.
async fn user(engine: &Engine) -> Result<String, ClusterError> {
    let rootless = options(engine).await?.iter().any(|option| option.contains("name=rootless"));
    #[cfg(unix)]
    if !rootless {
        let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
        return Ok(format!("{}:{}", user.as_raw(), group.as_raw()));
    }
    let _ = rootless;
    Ok("0:0".into())
}

async fn options(engine: &Engine) -> Result<Vec<String>, ClusterError> {
    Ok(engine.info().await?.security_options.unwrap_or_default())
}

impl Container {
    /// Starts a container of an image. With a cache folder it sees that one, and what the host gives.
    async fn launch(
        engine: Engine,
        image: &str,
        cache: Option<&Path>,
        given: &Given,
        user: &str,
    ) -> Result<Self, Unusable> {
        let mut environment = given.environment.clone();
        environment.extend([("PATH", PATH), ("LC_ALL", "C.UTF-8")].map(|(name, value)| (name.into(), value.into())));
        environment.extend(cache.iter().flat_map(|cache| caches(cache)));
        if cache.is_some() && given.bundle.is_some() {
            // These two bring certificates of their own.
            for name in ["NODE_EXTRA_CA_CERTS", "PIP_CERT"] {
                environment.entry(name.into()).or_insert_with(|| given::BUNDLE.into());
            }
        }
        let body = ContainerCreateBody {
            image: Some(image.into()),
            entrypoint: Some(vec!["/bin/sh".into(), "-c".into()]),
            cmd: Some(vec![LIVE.into()]),
            user: Some("0:0".into()),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            labels: Some([(names::MANAGED.to_string(), LABEL.to_string())].into()),
            host_config: Some(host_config(&engine, cache, given).await?),
            ..Default::default()
        };
        let failed = || ClusterError::engine("start a builder container");
        let created = engine.docker().create_container(None::<query::CreateContainerOptions>, body).await;
        let id = created.map_err(failed()).map_err(shared_or(Unusable::apart()))?.id;
        let alive = async {
            let options = query::AttachContainerOptionsBuilder::default().stdin(true).stream(true).build();
            let alive = engine.docker().attach_container(&id, Some(options)).await.map_err(failed())?;
            let of_apt = given.apt_files();
            if cache.is_some() && !of_apt.is_empty() {
                engine.write_files(&id, &of_apt).await?;
            }
            engine.start(&id).await?;
            Ok::<_, ClusterError>(alive)
        };
        let alive = match alive.await {
            Ok(alive) => alive,
            Err(error) => {
                // One that never ran is not removed by the engine.
                drop(engine.remove_container(&id).await);
                return Err(error.into());
            }
        };
        let (user, keyring) = (user.into(), KEYRINGS[0].into());
        Ok(Self { engine, id, user, environment, keyring, sources: None, _alive: Mutex::new(alive) })
    }

    /// Makes sure that the container sees the cache folder, and finds out what is where in it.
    async fn look_around(&mut self, cache: &Path) -> Result<(), Unusable> {
        let here = |error: std::io::Error| Unusable {
            why: format!("the cache folder {} cannot be written: {error}", cache.display()),
            hint: "make it writable, or set BACKSTACK_CACHE to another folder".into(),
        };
        let folder = TempDir::new_in(cache).map_err(here)?;
        let path = folder.path().display().to_string();
        if self.shell("[ -d \"$1\" ]", &path).await.is_err() {
            return Err(Unusable::apart());
        }
        self.shell(COPY_SOURCES, &path).await?;
        for keyring in KEYRINGS {
            if self.shell("[ -e \"$1\" ]", keyring).await.is_ok() {
                self.keyring = (*keyring).into();
                break;
            }
        }
        self.sources = Some(folder);
        Ok(())
    }

    /// Where Debian packages come from: the host's own mirror if it has one, else the image's.
    pub fn debian_sources(&self, suite: &str) -> Sources {
        let own = self.sources.as_ref().map(TempDir::path);
        Sources::for_container(suite, own, &self.keyring)
    }
}

/// Folders of the tools that stay from one container to the next. The rest of the program reads some of them.
fn caches(cache: &Path) -> Vec<(String, String)> {
    let folder = |name: &str| cache.join("builder").join(name).display().to_string();
    [
        ("HOME", "home"),
        ("XDG_CACHE_HOME", "home/.cache"),
        ("GOPATH", "go"),
        ("GOMODCACHE", "go/pkg/mod"),
        ("GOCACHE", "go-build"),
        ("PIP_CACHE_DIR", "pip"),
        ("npm_config_cache", "npm"),
    ]
    .map(|(name, path)| (name.to_string(), folder(path)))
    .into()
}

async fn host_config(engine: &Engine, cache: Option<&Path>, given: &Given) -> Result<HostConfig, Unusable> {
    let options = options(engine).await?;
    let has = |name: &str| options.iter().any(|option| option.contains(name));
    let mut mounts = Vec::new();
    if let Some(cache) = cache {
        let home = cache.join("builder/home");
        std::fs::create_dir_all(&home).map_err(|error| Unusable {
            why: format!("the folder {} cannot be made: {error}", home.display()),
            hint: "make room, or set BACKSTACK_CACHE to another folder".into(),
        })?;
        mounts.push(mount(cache, cache, false));
        mounts.extend(given.bundle.iter().map(|bundle| mount(bundle, Path::new(given::BUNDLE), true)));
        let others = given.mounts.iter().filter(|path| path.as_path() != Path::new(given::BUNDLE));
        mounts.extend(others.map(|path| mount(path, path, true)));
    }
    Ok(HostConfig {
        auto_remove: Some(true),
        network_mode: Some("host".into()),
        mounts: Some(mounts),
        // The files are the person's: neither other numbers for users nor labels may stand in between.
        userns_mode: has("name=userns").then(|| "host".into()),
        security_opt: has("name=selinux").then(|| vec!["label=disable".into()]),
        ..Default::default()
    })
}

fn mount(from: &Path, to: &Path, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(from.display().to_string()),
        target: Some(to.display().to_string()),
        read_only: Some(read_only),
        ..Default::default()
    }
}

/// An engine on another machine has no such folder.
fn shared_or(apart: Unusable) -> impl FnOnce(ClusterError) -> Unusable {
    move |error| {
        let unusable = Unusable::of(&error);
        if unusable.why.contains("bind source path does not exist") { apart } else { unusable }
    }
}
