//! A cluster that somebody else made: a context of the user's kubeconfig, which is read and never written.
//!
//! ```text
//! connect    context -> client and version, or why not
//! kubeconfig the user's files, as our client reads them
//! rights     may this user install a platform there?
//! look       what there is of a platform, and what `up` asks for
//! checks     what `doctor` says of it
//! conflicts  objects of others that are in the way
//! down       takes a platform away again, and leaves the cluster as it was
//! ```

pub mod checks;
pub(super) mod conflicts;
pub mod down;
mod error;
pub mod kubeconfig;
mod look;
pub mod rights;

use std::time::Duration;

use tokio::time::timeout;

pub use error::ExistingError;
pub use look::registry;
pub(super) use look::sign_in;

use crate::error::{Failure, chain};
use crate::kubernetes::{client, record};
use crate::settings::Record;

/// The oldest Kubernetes that a platform is installed on: `minor` of version 1.
pub const OLDEST_MINOR: u32 = 32;
const PATIENCE: Duration = Duration::from_secs(10);

/// A cluster whose API answers.
#[derive(Clone)]
pub struct Cluster {
    /// Asks its API, with the context's own credentials.
    pub client: kube::Client,
    /// Name of the context.
    pub context: String,
    /// Version of the API server, as `v1.36.3`.
    pub version: String,
    /// Minor version; nothing if it is not a number.
    pub minor: Option<u32>,
    /// Of the machine that its API server runs on, as Go names it.
    pub architecture: String,
}

/// A platform on such a cluster.
pub struct Platform {
    /// The cluster that it is on.
    pub cluster: Cluster,
    /// What the last `up` recorded of it.
    pub record: Record,
}

/// Connects to the cluster that a context leads to.
///
/// # Errors
/// No kubeconfig, no such context (with those that there are), unusable credentials, or an API that does not answer
/// within 10 s.
pub async fn connect(context: &str) -> Result<Cluster, ExistingError> {
    let kubeconfig = kubeconfig::read().map_err(|why| ExistingError::Kubeconfig { why })?;
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    if !known.iter().any(|name| name == context) {
        return Err(ExistingError::UnknownContext { context: context.into(), known });
    }
    let client = client::from_kubeconfig(kubeconfig, Some(context))
        .await
        .map_err(|error| ExistingError::Unusable { context: context.into(), why: chain(&error).join(": ") })?;
    let unreachable = |why: String| ExistingError::Unreachable { context: context.into(), why };
    match timeout(PATIENCE, client.apiserver_version()).await {
        Err(_) => Err(unreachable(format!("no answer for {} s", PATIENCE.as_secs()))),
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 401 | 403) => {
            Err(ExistingError::Refused { context: context.into(), said: status.message.clone() })
        }
        Ok(Err(error)) => Err(unreachable(chain(&error).pop().unwrap_or_default())),
        Ok(Ok(info)) => Ok(Cluster {
            client,
            context: context.into(),
            version: info.git_version.clone(),
            minor: minor(&info.minor),
            architecture: info.platform.rsplit('/').next().unwrap_or_default().into(),
        }),
    }
}

/// Some providers write `36+`.
fn minor(text: &str) -> Option<u32> {
    text.trim_end_matches(|last: char| !last.is_ascii_digit()).parse().ok()
}

impl Platform {
    /// The platform on a cluster, whatever its name.
    ///
    /// # Errors
    /// [`ExistingError::NoPlatform`]
    pub async fn find(cluster: Cluster) -> Result<Self, Failure> {
        match record::read::<Record>(&cluster.client).await? {
            Some(record) => Ok(Self { cluster, record }),
            None => Err(ExistingError::NoPlatform { context: cluster.context }.into()),
        }
    }

    /// The platform on a cluster, if it is the one that is meant; nothing if there is none.
    ///
    /// # Errors
    /// The cluster is one that backstack made, or its platform has another name than the wanted one.
    pub async fn named(cluster: &Cluster, name: &str) -> Result<Option<Record>, Failure> {
        let Some(record) = record::read::<Record>(&cluster.client).await? else { return Ok(None) };
        let context = cluster.context.clone();
        if !record.elsewhere {
            return Err(ExistingError::Own { context, name: record.name }.into());
        }
        if record.name != name {
            return Err(ExistingError::OtherName { context, had: record.name, wanted: name.into() }.into());
        }
        Ok(Some(record))
    }
}

impl Cluster {
    /// Makes sure that it is not too old.
    ///
    /// # Errors
    /// [`ExistingError::Old`]
    pub fn check_version(&self) -> Result<(), ExistingError> {
        match self.minor {
            Some(minor) if minor < OLDEST_MINOR => Err(ExistingError::Old { version: self.version.clone() }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_versions_are_read_as_providers_write_them() {
        assert_eq!((minor("36"), minor("31+"), minor("")), (Some(36), Some(31), None));
    }
}
