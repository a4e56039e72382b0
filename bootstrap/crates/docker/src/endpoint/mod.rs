//! Which Docker Engine is meant, chosen as the `docker` command chooses it: DOCKER_HOST, then DOCKER_CONTEXT, then the
//! context that `docker context use` left in Docker's configuration, then the local socket.
//!
//! Where the `docker` command only warns (a configuration that cannot be read), this ends with an error: a platform
//! must not be made on, or taken from, an engine that nobody meant.

mod address;
mod contexts;
mod tls;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::ClusterError;
use contexts::Store;
pub use tls::EngineTls;

/// The context that is no file: DOCKER_HOST, or the local socket.
const DEFAULT: &str = "default";

/// Where an engine should answer, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As DOCKER_HOST would say it.
    pub address: String,
    /// What named it, as "context `colima` (DOCKER_CONTEXT)".
    pub reason: String,
    /// What TLS is made with; none: no TLS.
    pub tls: Option<EngineTls>,
}

/// Address and reason, as people are told them.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.address, self.reason)?;
        match &self.tls {
            None => f.write_str(")"),
            Some(tls) if tls.verify => f.write_str(", TLS)"),
            Some(_) => f.write_str(", TLS that does not check who answers)"),
        }
    }
}

impl Endpoint {
    /// Why the engine at an address cannot be spoken to. The client's own words name its parts; only the last cause
    /// says something to a person.
    pub fn unreachable(&self, error: &bollard::errors::Error) -> ClusterError {
        use bollard::errors::Error;
        let wrong = |why: &str| ClusterError::EngineAddress {
            address: self.address.clone(),
            named_by: self.reason.clone(),
            why: why.into(),
        };
        let address = self.to_string();
        match error {
            Error::UnsupportedURISchemeError { .. } => wrong("its scheme is none that is understood here"),
            Error::URLParseError { .. } => wrong("it has no host that can be read"),
            Error::SocketNotFoundError(_) => ClusterError::NoEngine { address, why: "there is no such socket".into() },
            Error::RequestTimeoutError => {
                ClusterError::NoEngine { address, why: "it was asked and said nothing".into() }
            }
            other => {
                ClusterError::NoEngine { address, why: backstack_common::error::chain(other).pop().unwrap_or_default() }
            }
        }
    }

    /// The endpoint that this process's environment and Docker's configuration name.
    ///
    /// # Errors
    /// A context that does not exist or cannot be used, a configuration that cannot be read, an address of an unknown
    /// form, or TLS whose files are not there.
    pub fn of_environment() -> Result<Self, ClusterError> {
        choose(|name| std::env::var_os(name), backstack_common::folders::home())
    }

    /// Whether the engine is reached over a socket of this machine, or over loopback.
    pub fn is_local(&self) -> bool {
        let Some(host) = self.address.strip_prefix("tcp://") else { return true };
        let host = host.split('/').next().unwrap_or(host);
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// As [`Endpoint::of_environment`], with the environment given.
pub(crate) fn choose(
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Result<Endpoint, ClusterError> {
    // An empty variable is one that is not set.
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let text = |name: &str| set(name).map(|value| value.to_string_lossy().into_owned());
    let folder = set("DOCKER_CONFIG").map(PathBuf::from).or_else(|| Some(home?.join(".docker")));
    if let Some(host) = text("DOCKER_HOST") {
        return environment(&host, "DOCKER_HOST".into(), &set, folder.as_deref());
    }
    let store = folder.as_deref().map(Store::new);
    let (name, named_by) = match (text("DOCKER_CONTEXT"), &store) {
        (Some(name), _) => (name, "DOCKER_CONTEXT".to_string()),
        (None, Some(store)) => match store.current()? {
            Some(name) => (name, format!("currentContext in {}", store.config().display())),
            None => return environment("", "the default".into(), &set, folder.as_deref()),
        },
        (None, None) => return environment("", "the default".into(), &set, None),
    };
    let reason = format!("context `{name}` ({named_by})");
    match store {
        _ if name == DEFAULT => environment("", reason, &set, folder.as_deref()),
        Some(store) => store.endpoint(&name, &named_by, reason),
        None => Err(ClusterError::NoContext { name, named_by, known: vec![DEFAULT.into()] }),
    }
}

/// The endpoint of DOCKER_HOST, or the local socket where that is empty. DOCKER_TLS_VERIFY and DOCKER_TLS belong to it,
/// not to contexts; without a host they mean the TLS port of this machine.
fn environment(
    host: &str,
    reason: String,
    set: &impl Fn(&str) -> Option<OsString>,
    folder: Option<&Path>,
) -> Result<Endpoint, ClusterError> {
    let asked = ["DOCKER_TLS_VERIFY", "DOCKER_TLS"].into_iter().find(|name| set(name).is_some());
    let address = address::normal(host, asked.is_some(), &reason)?;
    let reason = match asked {
        Some(name) if host.is_empty() => format!("{reason}, with {name}"),
        _ => reason,
    };
    let tls = match asked.filter(|_| address.starts_with("tcp://")) {
        None => None,
        Some(name) => {
            let certificates = set("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| folder.map(Path::to_path_buf));
            let verify = name == "DOCKER_TLS_VERIFY";
            Some(EngineTls::of_environment(&certificates.unwrap_or_default(), verify, name, &address)?)
        }
    };
    Ok(Endpoint { address, reason, tls })
}

#[cfg(test)]
mod tests;
