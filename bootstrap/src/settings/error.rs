//! What can be wrong with a setting.

use crate::docker::subnet::Subnet;
use crate::error::{ExitKind, Explain};

/// A setting makes no sense.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SettingsError {
    /// A platform cannot have this name.
    #[error("`{value}` is not a name for a platform: {why}")]
    Name {
        /// The name that was given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `--port` was given something else than `HOST:NODE`.
    #[error("`{value}` is not a port mapping: both of its ports must be numbers from 1 to 65535")]
    Port {
        /// What was given.
        value: String,
    },
    /// `--set` was given something else than `COMPONENT.PARAMETER=VALUE`.
    #[error("`{value}` does not set a parameter")]
    Parameter {
        /// What was given.
        value: String,
    },
    /// `--url` was given no address that browsers could use.
    #[error("`{value}` is not an address for the platform: {why}")]
    Url {
        /// What was given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// A registry to push to or pull from is none.
    #[error("`{value}` is not a registry for {flag}: {why}")]
    Registry {
        /// `--push-to` or `--pull-from`.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two things want one port of this machine.
    #[error("port {port} is wanted twice: by {first} and by {second}")]
    PortTwice {
        /// The port.
        port: u16,
        /// Flag that sets the one.
        first: &'static str,
        /// Flag that sets the other.
        second: &'static str,
    },
    /// Something was asked for that containers keep for as long as they live.
    #[error("platform `{name}` was made with {what} {had}, which cannot change to {wanted}")]
    Fixed {
        /// The platform that keeps it, as `--name` has it.
        name: String,
        /// The flag, as `--http-port`.
        what: &'static str,
        /// What the platform was made with.
        had: String,
        /// What is wanted now.
        wanted: String,
    },
    /// Nodes are added, and never taken away.
    #[error("platform `{name}` has {had} worker nodes, but {wanted} were asked for")]
    FewerWorkers {
        /// The platform that would lose nodes, as `--name` has it.
        name: String,
        /// Worker nodes that it has.
        had: u16,
        /// Worker nodes that were asked for.
        wanted: u16,
    },
    /// A version of Kubernetes was asked for that this release does not build.
    #[error("--kubernetes-version {wanted} needs a node image")]
    KubernetesVersion {
        /// The version, without `v`.
        wanted: String,
        /// The version that this release builds.
        own: String,
    },
    /// All platforms share one registry, and it has another port.
    #[error("the local registry, which all platforms share, runs on port {had} already and cannot move to {wanted}")]
    RegistryPort {
        /// The port that it has.
        had: u16,
        /// The port that is wanted.
        wanted: u16,
    },
    /// `--subnet` was given no range that the network could have.
    #[error("`{value}` is not a range of addresses for the platform's network: {why}")]
    Subnet {
        /// What was given.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// All platforms share one network, and it has another range.
    #[error("the network, which all platforms share, has the addresses {had} already and cannot change to {wanted}")]
    SubnetFixed {
        /// The range that it has.
        had: Subnet,
        /// The range that is wanted.
        wanted: Subnet,
    },
    /// The settings file cannot be opened.
    #[error("settings file {path} cannot be read: {why}")]
    NoFile {
        /// The file, for people: with `~`.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The settings file says what is no setting.
    #[error("settings file {path} {}", if .problems.len() == 1 { "has a problem" } else { "has problems" })]
    File {
        /// The file, for people: with `~`.
        path: String,
        /// What is wrong, one line each, with the line's number.
        problems: Vec<String>,
    },
}

impl Explain for SettingsError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::File { problems, .. } => problems.clone(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Name { .. } => "Use lower-case letters, digits and dashes, as `workshop-1`.".into(),
            Self::Port { .. } => "Write HOST:NODE, as `--port 5432:30432`.".into(),
            Self::Parameter { .. } => "Write COMPONENT.PARAMETER=VALUE, as `--set ingress.replicas=2`.".into(),
            Self::Url { .. } => {
                "Write https:// and a host, as `https://box.example` or `https://localhost:9443`; or `auto`.".into()
            }
            Self::Registry { .. } => {
                "Write HOST[:PORT]/PREFIX, as `ghcr.io/me/backstack` or `registry.example:5000`.".into()
            }
            Self::PortTwice { first, second, .. } => format!("Choose another port with {first} or {second}."),
            Self::Fixed { name, .. } => format!(
                "Leave the flag out to go on with what there is; or recreate it: `backstack down --name {name}`, then `up`."
            ),
            Self::FewerWorkers { name, .. } => {
                format!("Leave --workers out; or recreate it: `backstack down --name {name}`, then `up`.")
            }
            Self::KubernetesVersion { wanted, own } => format!(
                "This release builds and tests Kubernetes {own}. Give `--node-image kindest/node:v{wanted}` to use another."
            ),
            Self::NoFile { .. } => {
                "Give `--config` or BACKSTACK_CONFIG a file that you may read, or leave it out.".into()
            }
            Self::RegistryPort { .. } => {
                "Leave --registry-port out; it goes when the last platform is taken down.".into()
            }
            Self::Subnet { .. } => "Write it as `--subnet 10.99.7.0/24`, with addresses that nothing else uses.".into(),
            Self::SubnetFixed { .. } => {
                "Leave --subnet out; the network goes when the last platform is taken down.".into()
            }
            Self::File { .. } => {
                "Fix the file or remove it; its keys are the long flags of `up` with underscores.".into()
            }
        };
        vec![hint]
    }
}
