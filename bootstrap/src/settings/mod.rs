//! What was typed, found in the environment, or written in the settings file, resolved once.
//!
//! Precedence: flag, environment variable, settings file, what an existing platform was made with, default.
//! The layers before the last are [`UpWishes`]: everything optional. [`UpSettings`] is what is meant.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::docker::node::PortMapping;
use crate::docker::observe::PlatformSettings;
use crate::docker::subnet::Subnet;
use crate::folders;
use crate::images::Reference;
use crate::stack::Changes;

pub mod address;
mod error;
pub mod file;
pub mod push;
mod record;

pub use error::SettingsError;
pub use push::Push;
pub use record::Record;

/// Name of the platform when none is given.
pub const DEFAULT_NAME: &str = "backstack";
/// Stack when none is given.
pub const DEFAULT_STACK: &str = "back";
/// Ports on loopback when none are given.
pub const DEFAULT_HTTP_PORT: u16 = 8080;
/// The same for HTTPS, under which people reach the platform.
pub const DEFAULT_HTTPS_PORT: u16 = 8443;
/// More nodes than this are no platform on one machine.
pub const MAX_WORKERS: u16 = 20;
/// The registry's port on loopback when none is given (5000 is taken on macOS).
pub const DEFAULT_REGISTRY_PORT: u16 = 5001;

/// Where images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ImageSource {
    /// The upstream registries if they answer, else packages.
    #[default]
    Auto,
    /// The upstream registries.
    Registry,
    /// Built here from package registries (Go modules, Debian, PyPI, npm); Linux only.
    Source,
}

/// What one layer (flags and environment, or the settings file) wants; nothing is decided yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpWishes {
    /// Name of a built-in stack, or the folder of one's own.
    pub stack: Option<String>,
    /// Where images come from: `auto`, `registry` or `source`.
    #[schemars(with = "Option<String>")]
    pub images: Option<ImageSource>,
    /// File that all images come from.
    pub bundle: Option<PathBuf>,
    /// Who must have signed it: a public key, or a file of them with names.
    pub bundle_signers: Option<PathBuf>,
    /// File with the checkpoint that a new platform begins with.
    pub checkpoint: Option<PathBuf>,
    /// Number of worker nodes beside the control plane.
    pub workers: Option<u16>,
    /// Reference of another node image, made for kind.
    pub node_image: Option<String>,
    /// Version of Kubernetes, as `1.36.3`; another one than the built-in needs a node image.
    pub kubernetes_version: Option<String>,
    /// Port on this machine's loopback address for HTTP.
    pub http_port: Option<u16>,
    /// Port on this machine's loopback address for HTTPS.
    pub https_port: Option<u16>,
    /// Port on this machine's loopback address for the Kubernetes API.
    pub api_port: Option<u16>,
    /// Port on this machine's loopback address for the local registry; 0 takes a free one.
    pub registry_port: Option<u16>,
    /// Range of addresses of the network that all platforms share, as `10.99.7.0/24`.
    pub subnet: Option<String>,
    /// Further ports of this machine that lead to the control plane's node, as `5432:30432`.
    pub ports: Vec<String>,
    /// Address under which people reach the platform, as `https://box.example`; or `auto`.
    pub url: Option<String>,
    /// Parameters of components, as `ingress.replicas=2`.
    pub set: Vec<String>,
    /// Components of the stack to leave out.
    pub without: Vec<String>,
    /// Registry that another cluster pulls from, with a prefix.
    pub push_to: Option<String>,
    /// The same as the cluster names it.
    pub pull_from: Option<String>,
    /// Whether that registry speaks plain HTTP, as it always does on loopback.
    pub plain_http: Option<bool>,
}

/// Everything that `up` has to know, decided.
#[derive(Debug, Clone, PartialEq)]
pub struct UpSettings {
    /// Name of the platform: lower-case letters, digits and dashes.
    pub name: String,
    /// Name of a built-in stack, or the folder of one's own.
    pub stack: String,
    /// Where images may come from.
    pub images: ImageSource,
    /// File that all images come from; nothing is fetched or built then.
    pub bundle: Option<PathBuf>,
    /// Worker nodes beside the control plane.
    pub workers: u16,
    /// Another node image than the stack's own.
    pub node_image: Option<String>,
    /// Port on loopback for plain HTTP, which serves the same as HTTPS.
    pub http_port: u16,
    /// Port on loopback for HTTPS.
    pub https_port: u16,
    /// 0: the engine chooses.
    pub api_port: u16,
    /// Port on loopback for the local registry; 0: the engine chooses.
    pub registry_port: u16,
    /// Range of addresses for the platforms' network; none: the first of the usual ones that is free, or what it has.
    pub subnet: Option<Subnet>,
    /// Further ports of this machine that lead to the control plane's node.
    pub ports: Vec<PortMapping>,
    /// Address under which people reach the platform, without a slash at the end.
    pub url: String,
    /// What a person should know of it, where it was found out.
    pub url_told: Option<String>,
    /// Parameters of components: component, parameter, value.
    pub parameters: Vec<(String, String, Value)>,
    /// How the platform differs from the stack so far, by its record.
    pub changes: Changes,
    /// Further components of the stack to leave out.
    pub without: Vec<String>,
    /// Where images go for a cluster of others; none: it pulls from upstream.
    pub push: Option<Push>,
}

/// A platform that exists, as far as settings care.
#[derive(Debug, Clone, PartialEq)]
pub struct Existing {
    /// What its containers were made with; nothing on a cluster that somebody else made.
    pub settings: Option<PlatformSettings>,
    /// Worker nodes that it has.
    pub workers: u16,
    /// What the last `up` recorded; none if it did not get that far, or the cluster does not run.
    pub record: Option<Record>,
}

impl UpWishes {
    /// Takes what this layer leaves open from the next one.
    pub fn or(self, next: Self) -> Self {
        let list = |mine: Vec<String>, theirs| if mine.is_empty() { theirs } else { mine };
        Self {
            stack: self.stack.or(next.stack),
            // What somebody asks for with a flag takes the place of both.
            bundle: self.bundle.or(next.bundle.filter(|_| self.images.is_none())),
            bundle_signers: self.bundle_signers.or(next.bundle_signers),
            images: self.images.or(next.images),
            checkpoint: self.checkpoint.or(next.checkpoint),
            workers: self.workers.or(next.workers),
            node_image: self.node_image.or(next.node_image),
            kubernetes_version: self.kubernetes_version.or(next.kubernetes_version),
            http_port: self.http_port.or(next.http_port),
            https_port: self.https_port.or(next.https_port),
            api_port: self.api_port.or(next.api_port),
            registry_port: self.registry_port.or(next.registry_port),
            subnet: self.subnet.or(next.subnet),
            ports: list(self.ports, next.ports),
            url: self.url.or(next.url),
            set: list(self.set, next.set),
            without: list(self.without, next.without),
            push_to: self.push_to.or(next.push_to),
            pull_from: self.pull_from.or(next.pull_from),
            plain_http: self.plain_http.or(next.plain_http),
        }
    }

    /// Without what only a cluster of somebody else's can use: a settings file may have it for those.
    #[must_use]
    pub fn for_own_cluster(self) -> Self {
        Self { push_to: None, pull_from: None, plain_http: None, ..self }
    }

    /// Decides, given what the platform was made with if it exists (with its number of workers) and the
    /// version of Kubernetes that the built-in node image has.
    ///
    /// # Errors
    /// [`SettingsError`] for a value that makes no sense or cannot change any more.
    pub fn decide(
        self,
        name: &str,
        existing: Option<&Existing>,
        kubernetes: &str,
    ) -> Result<UpSettings, SettingsError> {
        if let Some(why) = crate::docker::names::name_problem(name) {
            return Err(SettingsError::Name { value: name.into(), why });
        }
        let node_image = self.decided_node_image(kubernetes)?;
        let ports: Vec<PortMapping> = self.ports.iter().map(|text| port(text)).collect::<Result<_, _>>()?;
        let parameters = self.set.iter().map(|text| parameter(text)).collect::<Result<_, _>>()?;
        let mut settings = UpSettings {
            name: name.into(),
            stack: self.stack.clone().unwrap_or_else(|| DEFAULT_STACK.into()),
            images: self.images.filter(|_| self.bundle.is_none()).unwrap_or_default(),
            bundle: self.bundle.clone(),
            workers: self.workers.unwrap_or(0),
            node_image,
            http_port: self.http_port.unwrap_or(DEFAULT_HTTP_PORT),
            https_port: self.https_port.unwrap_or(DEFAULT_HTTPS_PORT),
            api_port: self.api_port.unwrap_or(0),
            registry_port: self.registry_port.unwrap_or(DEFAULT_REGISTRY_PORT),
            subnet: self.subnet.as_deref().map(subnet).transpose()?,
            ports,
            url: String::new(),
            url_told: None,
            parameters,
            changes: Changes::default(),
            without: self.without.clone(),
            push: Push::decide(self.push_to.as_deref(), self.pull_from.as_deref(), self.plain_http.unwrap_or(false))?,
        };
        if let Some(Existing { settings: Some(had), workers, .. }) = existing {
            self.keep_what_is_fixed(&mut settings, had, *workers)?;
        }
        let record = existing.and_then(|existing| existing.record.as_ref());
        if let Some(record) = record {
            settings.changes = record.changes.clone();
            settings.push = settings.push.or(record.push.clone());
            if self.stack.is_none() {
                settings.stack = record.stack.clone();
            }
            if is_same_stack(&settings.stack, &record.stack) {
                settings.parameters = over(&record.parameters, settings.parameters);
            } else {
                settings.changes.without.clear();
            }
        }
        settings.url = match (&self.url, record) {
            (Some(url), _) if url == address::AUTO => settings.found_url()?,
            (Some(url), _) => address::url_of(url)?,
            (None, Some(record)) => record.url.clone(),
            (None, None) => settings.local_url(),
        };
        no_port_twice(&settings)?;
        Ok(settings)
    }

    fn decided_node_image(&self, kubernetes: &str) -> Result<Option<String>, SettingsError> {
        match (&self.node_image, &self.kubernetes_version) {
            (None, Some(wanted)) if wanted.trim_start_matches('v') != kubernetes => {
                let wanted = wanted.trim_start_matches('v').to_string();
                Err(SettingsError::KubernetesVersion { wanted, own: kubernetes.into() })
            }
            (image, _) => Ok(image.clone()),
        }
    }

    /// What lives in containers that exist cannot change; what was not asked for stays as it is.
    fn keep_what_is_fixed(
        &self,
        settings: &mut UpSettings,
        had: &PlatformSettings,
        workers: u16,
    ) -> Result<(), SettingsError> {
        let fixed = |what, had: String, wanted: Option<String>| match wanted {
            Some(wanted) if wanted != had => {
                Err(SettingsError::Fixed { name: settings.name.clone(), what, had, wanted })
            }
            _ => Ok(()),
        };
        fixed("--http-port", had.http_port.to_string(), self.http_port.map(|port| port.to_string()))?;
        fixed("--https-port", had.https_port.to_string(), self.https_port.map(|port| port.to_string()))?;
        fixed("--node-image", full_name(&had.node_image), self.node_image.as_deref().map(full_name))?;
        let show = |ports: &[PortMapping]| {
            ports.iter().map(|port| format!("{}:{}", port.host, port.node)).collect::<Vec<_>>().join(",")
        };
        fixed("--port", show(&had.ports), (!self.ports.is_empty()).then(|| show(&settings.ports)))?;
        if self.workers.is_some_and(|wanted| wanted < workers) {
            return Err(SettingsError::FewerWorkers {
                name: settings.name.clone(),
                had: workers,
                wanted: settings.workers,
            });
        }
        settings.workers = settings.workers.max(workers);
        settings.http_port = had.http_port;
        settings.https_port = had.https_port;
        settings.ports = had.ports.clone();
        settings.node_image = Some(had.node_image.clone());
        Ok(())
    }
}

/// An image's complete reference, as it is kept: `a/b:1` and `docker.io/a/b:1` are the same image.
fn full_name(image: &str) -> String {
    image.parse::<Reference>().map_or_else(|_| image.to_string(), |reference| reference.to_string())
}

impl UpSettings {
    /// Host name of the platform's address.
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(':').next().unwrap_or(rest)
    }

    /// Port of the platform's address.
    pub fn public_port(&self) -> u16 {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(443)
    }

    /// What a person who runs `up` should know, one sentence each.
    pub fn told(&self) -> Vec<String> {
        self.changes.told().into_iter().chain(self.url_told.clone()).collect()
    }

    /// The address that the environment tells; what it says of it is kept.
    fn found_url(&mut self) -> Result<String, SettingsError> {
        let found = address::found(self.https_port, |name| std::env::var(name).ok());
        self.url_told = Some(found.told);
        found.url.map_or_else(|| Ok(self.local_url()), |url| address::url_of(&url))
    }

    /// The platform's address on this machine, whatever people call it.
    pub fn local_url(&self) -> String {
        format!("https://localhost{}", port_suffix(self.https_port))
    }
}

/// Parameters that were set by hand before, and those that are set now, which win.
fn over(before: &[(String, String, Value)], now: Vec<(String, String, Value)>) -> Vec<(String, String, Value)> {
    let is_set = |had: &(String, String, Value)| now.iter().any(|new| (&new.0, &new.1) == (&had.0, &had.1));
    let kept: Vec<_> = before.iter().filter(|had| !is_set(had)).cloned().collect();
    kept.into_iter().chain(now).collect()
}

/// A record has the full path of a stack of one's own.
fn is_same_stack(named: &str, recorded: &str) -> bool {
    named == recorded || std::fs::canonicalize(named).is_ok_and(|folder| folder == Path::new(recorded))
}

fn port_suffix(https_port: u16) -> String {
    if https_port == 443 { String::new() } else { format!(":{https_port}") }
}

fn port(text: &str) -> Result<PortMapping, SettingsError> {
    let number = |part: &str| u16::from_str(part).ok().filter(|port| *port != 0);
    let (host, node) = text.split_once(':').unwrap_or((text, text));
    match (number(host), number(node)) {
        (Some(host), Some(node)) => Ok(PortMapping { host, node }),
        _ => Err(SettingsError::Port { value: text.into() }),
    }
}

fn subnet(text: &str) -> Result<Subnet, SettingsError> {
    Subnet::for_platforms(text).map_err(|why| SettingsError::Subnet { value: text.into(), why })
}

/// A value is YAML, so that `2` is a number and `true` a boolean; what is no YAML is text.
fn parameter(text: &str) -> Result<(String, String, Value), SettingsError> {
    let wrong = || SettingsError::Parameter { value: text.into() };
    let (path, value) = text.split_once('=').ok_or_else(wrong)?;
    let (component, name) = path.split_once('.').ok_or_else(wrong)?;
    if component.is_empty() || name.is_empty() {
        return Err(wrong());
    }
    let parsed = serde_yaml::from_str(value).unwrap_or_else(|_| value.into());
    Ok((component.into(), name.into(), parsed))
}

fn no_port_twice(settings: &UpSettings) -> Result<(), SettingsError> {
    let mut ports = vec![(settings.http_port, "--http-port"), (settings.https_port, "--https-port")];
    ports.extend([(settings.api_port, "--api-port"), (settings.registry_port, "--registry-port")]);
    ports.extend(settings.ports.iter().map(|port| (port.host, "--port")));
    // 0 lets the engine choose.
    ports.retain(|(port, _)| *port != 0);
    ports.sort_by_key(|(port, _)| *port);
    match ports.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(SettingsError::PortTwice { port: pair[0].0, first: pair[0].1, second: pair[1].1 }),
        None => Ok(()),
    }
}

/// Where a user's own files lie, for messages.
pub fn display(path: &Path) -> String {
    match folders::home().and_then(|home| path.strip_prefix(home).ok().map(PathBuf::from)) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests;
