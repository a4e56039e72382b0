//! Custom resource definitions from upstream's own release, by content.
//!
//! They are never part of this project. A component names each file with its digest, and two places where the
//! same file lies: the Go module of that version, and upstream's own address. Once fetched it is kept by digest,
//! so that later runs need neither.

use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::Value;

use crate::build::{BuildError, Builder};
use crate::error::{ExitKind, Explain};
use crate::images::{BlobStore, Digest};
use crate::log;
use crate::origin::{ImagePlan, Origin};
use crate::report::Progress;
use crate::settings::ImageSource;
use crate::stack::model::CrdSource;

/// Where definitions are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrdOrigin {
    /// Go modules, through the `go` command, on this machine or in a builder container.
    Modules,
    /// Upstream's own address.
    Upstream,
}

/// Definitions could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// What stands behind a file of `crds` is no digest.
    #[error("`{digest}` of {module} is not a digest")]
    Digest {
        /// The Go module with its version.
        module: String,
        /// What stands there.
        digest: String,
    },
    /// The module was fetched, and has no such file.
    #[error("{place} has no file `{path}`")]
    Missing {
        /// The Go module with its version.
        place: String,
        /// Path of the file within it.
        path: String,
    },
    /// The file has another content than the component was written for.
    #[error("`{path}` from {place} is not what the component expects: digest {found} instead of {expected}")]
    Wrong {
        /// The Go module with its version, or the address of upstream's folder.
        place: String,
        /// Path of the file within it.
        path: String,
        /// Digest that the component names.
        expected: Digest,
        /// Digest of what came.
        found: Digest,
    },
    /// A bundle is all that may be used, and neither it nor the cache has the files.
    #[error("definitions of {module} are neither in the bundle nor in the cache")]
    NotBundled {
        /// The Go module with its version.
        module: String,
    },
    /// The `go` command cannot fetch the module, here or in a container.
    #[error("the Go module {module} cannot be had: {why}")]
    Module {
        /// The module with its version.
        module: String,
        /// The innermost reason.
        why: String,
    },
    /// Upstream's server does not answer, or refuses.
    #[error("{url} cannot be fetched: {why}")]
    Fetch {
        /// Address of the file.
        url: String,
        /// The innermost reason.
        why: String,
    },
    /// The content is what was expected, and is no YAML.
    #[error("`{path}` from {place} is not YAML: {why}")]
    Malformed {
        /// The Go module with its version.
        place: String,
        /// Path of the file within it.
        path: String,
        /// What the parser says.
        why: String,
    },
    /// The disk of this machine refuses.
    #[error("definitions cannot be kept in the cache")]
    Cache(#[from] std::io::Error),
}

impl Explain for DefinitionError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Digest { .. } => ExitKind::Usage,
            _ => ExitKind::Image,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Digest { .. } => "Write `sha256:` and 64 hexadecimal digits behind each file of `crds`.".into(),
            Self::Wrong { .. } => {
                "The component's version and its digests do not belong together: fix its `crds`.".into()
            }
            Self::Missing { .. } | Self::Malformed { .. } => "Check `crds` in the component's component.yaml.".into(),
            Self::NotBundled { .. } => {
                "Make the bundle again with this program, `backstack bundle create`; or leave `--bundle` out.".into()
            }
            Self::Module { .. } => {
                "Check that GOPROXY answers and that Go can be run (`backstack doctor`), or take `--images registry`."
                    .into()
            }
            Self::Fetch { .. } => "Check the network and HTTPS_PROXY, or take `--images source`.".into(),
            Self::Cache(_) => "Make room in the cache folder, or set BACKSTACK_CACHE to another one.".into(),
        }]
    }
}

/// Where the definitions of a component are looked for: first where its images come from.
pub fn places<'a>(mode: ImageSource, mut images: impl Iterator<Item = &'a ImagePlan>) -> &'static [CrdOrigin] {
    use CrdOrigin::{Modules, Upstream};
    match mode {
        ImageSource::Registry => &[Upstream],
        ImageSource::Source => &[Modules],
        ImageSource::Auto if images.any(|image| image.origin == Origin::Packages) => &[Modules, Upstream],
        ImageSource::Auto => &[Upstream, Modules],
    }
}

/// Whether all files of these sources are in the cache already.
pub fn are_cached(sources: &[CrdSource], store: &BlobStore) -> bool {
    let mut digests = sources.iter().flat_map(|source| source.files.values());
    digests.all(|digest| digest.parse::<Digest>().is_ok_and(|digest| store.contains(&digest)))
}

/// Gets the files of all sources into the cache, each from the first of the places that gives it.
///
/// # Errors
/// [`DefinitionError`] of the first place, naming file and place.
pub async fn fetch(
    sources: &[CrdSource],
    places: &[CrdOrigin],
    store: &BlobStore,
    builder: &Builder,
    http: &reqwest::Client,
    progress: &Progress,
) -> Result<(), DefinitionError> {
    let fetched = sources.iter().map(|source| one(source, places, store, builder, http, progress));
    try_join_all(fetched).await.map(drop)
}

async fn one(
    source: &CrdSource,
    places: &[CrdOrigin],
    store: &BlobStore,
    builder: &Builder,
    http: &reqwest::Client,
    progress: &Progress,
) -> Result<(), DefinitionError> {
    let wanted = files(source)?;
    let missing: Vec<_> = wanted.iter().filter(|(_, digest)| !store.contains(digest)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    progress.detail(format!("{} definitions from {}", missing.len(), source.module));
    let mut failed = None;
    for place in places {
        let fetched = match place {
            CrdOrigin::Modules => from_module(source, &missing, store, builder, progress).await,
            CrdOrigin::Upstream => from_upstream(source, &missing, store, http).await,
        };
        match fetched {
            Ok(()) => return Ok(()),
            // What comes first is where it should be: its reason is the one that helps.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| DefinitionError::NotBundled { module: source.module.clone() }))
}

/// Paths and digests of a source's files.
fn files(source: &CrdSource) -> Result<Vec<(&str, Digest)>, DefinitionError> {
    let parsed = source.files.iter().map(|(path, digest)| {
        let wrong = |_| DefinitionError::Digest { module: source.module.clone(), digest: digest.clone() };
        digest.parse().map(|digest| (path.as_str(), digest)).map_err(wrong)
    });
    parsed.collect()
}

/// Reads definitions that were fetched, one after the other: all at once take much room.
///
/// # Errors
/// [`DefinitionError`] if a file is not in the cache or not YAML, or whatever `take` says.
pub fn read<E: From<DefinitionError>>(
    sources: &[CrdSource],
    store: &BlobStore,
    mut take: impl FnMut(Value) -> Result<(), E>,
) -> Result<(), E> {
    for source in sources {
        for (path, digest) in files(source)? {
            let malformed =
                |why: String| DefinitionError::Malformed { place: source.module.clone(), path: path.into(), why };
            let bytes = store.read(&digest).map_err(DefinitionError::Cache)?;
            let text = std::str::from_utf8(&bytes).map_err(|error| malformed(error.to_string()))?;
            for document in serde_yaml::Deserializer::from_str(text) {
                let object = Value::deserialize(document).map_err(|error| malformed(error.to_string()))?;
                if !object.is_null() {
                    take(object)?;
                }
            }
        }
    }
    Ok(())
}

async fn from_module(
    source: &CrdSource,
    missing: &[&(&str, Digest)],
    store: &BlobStore,
    builder: &Builder,
    progress: &Progress,
) -> Result<(), DefinitionError> {
    let failed = |error: BuildError| DefinitionError::Module { module: source.module.clone(), why: why(&error) };
    let folder = builder.go_module(&source.module, progress).await.map_err(failed)?;
    for (path, digest) in missing {
        let found = std::fs::read(folder.join(path))
            .map_err(|_| DefinitionError::Missing { place: source.module.clone(), path: (*path).into() })?;
        keep(store, &source.module, path, digest, &found)?;
    }
    Ok(())
}

/// The reason without the module's name, which is told already.
fn why(error: &BuildError) -> String {
    match error {
        BuildError::Package { problem, .. } => problem.clone(),
        BuildError::ToolFailed { output, .. } if !output.is_empty() => output.join(" "),
        other => crate::error::chain(other).join(": "),
    }
}

async fn from_upstream(
    source: &CrdSource,
    missing: &[&(&str, Digest)],
    store: &BlobStore,
    http: &reqwest::Client,
) -> Result<(), DefinitionError> {
    let downloads = missing.iter().map(|(path, digest)| async move {
        let url = format!("{}/{path}", source.url.trim_end_matches('/'));
        let failed = |why: reqwest::Error| DefinitionError::Fetch {
            url: url.clone(),
            why: crate::error::chain(&why).pop().unwrap_or_default(),
        };
        let answer = log::send(http.get(&url)).await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
        let bytes = answer.bytes().await.map_err(failed)?;
        keep(store, &source.url, path, digest, &bytes)
    });
    try_join_all(downloads).await.map(drop)
}

fn keep(store: &BlobStore, place: &str, path: &str, expected: &Digest, bytes: &[u8]) -> Result<(), DefinitionError> {
    let found = Digest::of(bytes);
    if found != *expected {
        return Err(DefinitionError::Wrong {
            place: place.into(),
            path: path.into(),
            expected: expected.clone(),
            found,
        });
    }
    store.put("application/yaml", bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_another_digest_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let store = BlobStore::open(folder.path()).expect("store");
        let expected = Digest::of(b"right");
        let error = keep(&store, "m@v1", "crd.yaml", &expected, b"wrong").expect_err("wrong content");
        assert!(matches!(error, DefinitionError::Wrong { .. }) && !store.contains(&Digest::of(b"wrong")));
        keep(&store, "m@v1", "crd.yaml", &expected, b"right").expect("right content");
        assert!(store.contains(&expected));
    }
}
