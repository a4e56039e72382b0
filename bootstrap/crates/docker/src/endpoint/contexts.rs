//! Docker's contexts on disk: `config.json` says which is in use, `contexts/meta` what each is, `contexts/tls` its
//! certificates. A context's folder is named by the digest of its name.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::tls::EngineTls;
use super::{DEFAULT, Endpoint, address};
use crate::error::ClusterError;
use backstack_files::{input, text};
use backstack_images::Digest;

/// Docker's configuration folder.
pub(super) struct Store<'a> {
    folder: &'a Path,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    #[serde(default)]
    name: String,
    #[serde(default)]
    endpoints: BTreeMap<String, Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Target {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_verify: bool,
}

impl<'a> Store<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// The context that is in use by the configuration; none if it names none, or is not there.
    ///
    /// # Errors
    /// [`ClusterError::DockerConfig`] if it cannot be read.
    pub(super) fn current(&self) -> Result<Option<String>, ClusterError> {
        let path = self.config();
        let wrong =
            |why: String| ClusterError::DockerConfig { path: path.display().to_string(), why, contexts: self.names() };
        let config: BTreeMap<String, serde_json::Value> = match read(&path) {
            Ok(Some(config)) => config,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        // As Docker reads it: the case of a key makes no difference.
        let key = config.iter().find(|(key, _)| key.eq_ignore_ascii_case("currentContext"));
        match key.map(|(_, value)| value) {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(serde_json::Value::String(name)) => Ok(Some(name.clone()).filter(|name| !name.is_empty())),
            Some(other) => Err(wrong(format!("its `currentContext` is `{other}`, not a name"))),
        }
    }

    /// The names of all contexts.
    pub(super) fn names(&self) -> Vec<String> {
        let folders = std::fs::read_dir(self.folder.join("contexts/meta")).into_iter().flatten().flatten();
        let metas = folders.filter_map(|folder| read::<Meta>(&folder.path().join("meta.json")).ok().flatten());
        let mut names: Vec<_> = metas.map(|meta| meta.name).filter(|name| !name.is_empty()).collect();
        names.sort();
        names.insert(0, DEFAULT.into());
        names
    }

    /// Where a context's engine is.
    ///
    /// # Errors
    /// There is no such context, or its files cannot be used.
    pub(super) fn endpoint(&self, name: &str, named_by: &str, reason: String) -> Result<Endpoint, ClusterError> {
        let id = Digest::of(name.as_bytes());
        let path = self.folder.join("contexts/meta").join(id.hex()).join("meta.json");
        let wrong = |why: String| ClusterError::Context { name: name.into(), named_by: named_by.into(), why };
        let mut meta: Meta = match read(&path) {
            Ok(Some(meta)) => meta,
            Ok(None) => return Err(wrong(format!("{} is empty", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (name, named_by) = (name.into(), named_by.into());
                return Err(ClusterError::NoContext { name, named_by, known: self.names() });
            }
            Err(error) => return Err(wrong(format!("{}: {error}", path.display()))),
        };
        let target = meta.endpoints.remove("docker");
        let target = target.ok_or_else(|| wrong(format!("{} names no Docker Engine", path.display())))?;
        let address = address::normal(&target.host, false, &reason)?;
        let folder = self.folder.join("contexts/tls").join(id.hex()).join("docker");
        let tls = match address.starts_with("tcp://") {
            true => EngineTls::of_context(&folder, !target.skip_verify, &address)?,
            false => None,
        };
        Ok(Endpoint { address, reason, tls })
    }
}

/// Reads the first JSON value of a file, as Docker does; none if the file is empty.
fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let bytes = input::file(path)?;
    if text::is_utf_32(&bytes) {
        return Err(io::Error::other("it is UTF-32 text, which Docker cannot read; save it as UTF-8"));
    }
    if text::is_utf_16(&bytes) {
        return Err(io::Error::other("it is UTF-16 text, which Docker cannot read; save it as UTF-8"));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(io::Error::other("it starts with a byte order mark, which Docker cannot read"));
    }
    serde_json::Deserializer::from_slice(&bytes).into_iter().next().transpose().map_err(io::Error::other)
}
