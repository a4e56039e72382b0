//! The files that TLS to an engine is made with, as the `docker` command looks for them.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::ClusterError;

/// Certificates for an engine. What is missing is not used: without an authority the system's own count, without a key
/// nobody is identified.
#[derive(Clone, PartialEq, Eq)]
pub struct EngineTls {
    /// PEM, and the file it is from.
    pub ca: Option<(PathBuf, Vec<u8>)>,
    /// Who we are, PEM, and the file it is from; never without `key`.
    pub certificate: Option<(PathBuf, Vec<u8>)>,
    /// The private key of `certificate`, PEM, and the file it is from.
    pub key: Option<(PathBuf, Vec<u8>)>,
    /// Whether it is checked who answers.
    pub verify: bool,
}

/// No key, in any log.
impl std::fmt::Debug for EngineTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = |file: &Option<(PathBuf, Vec<u8>)>| file.as_ref().map(|(path, _)| path.clone());
        let (ca, certificate) = (path(&self.ca), path(&self.certificate));
        f.debug_struct("EngineTls").field("ca", &ca).field("certificate", &certificate).finish_non_exhaustive()
    }
}

impl EngineTls {
    /// For DOCKER_TLS_VERIFY and DOCKER_TLS: the authority's file has to be there.
    ///
    /// # Errors
    /// [`ClusterError::EngineTls`] if it is not, or a file cannot be read.
    pub fn of_environment(folder: &Path, verify: bool, asked: &str, address: &str) -> Result<Self, ClusterError> {
        let tls = Self::read(folder, verify).map_err(|why| wrong(address, why))?;
        if tls.ca.is_none() {
            let path = folder.join("ca.pem");
            return Err(wrong(address, format!("{asked} is set, and there is no {}", path.display())));
        }
        Ok(tls)
    }

    /// For a context: TLS is used if it has any file, or says that nobody is checked.
    ///
    /// # Errors
    /// [`ClusterError::EngineTls`] if a file cannot be read.
    pub fn of_context(folder: &Path, verify: bool, address: &str) -> Result<Option<Self>, ClusterError> {
        let tls = Self::read(folder, verify).map_err(|why| wrong(address, why))?;
        let used = !verify || tls.ca.is_some() || tls.certificate.is_some() || tls.key.is_some();
        Ok(used.then_some(tls))
    }

    fn read(folder: &Path, verify: bool) -> Result<Self, String> {
        let file = |name: &str| {
            let path = folder.join(name);
            match backstack_files::input::file(&path) {
                Ok(bytes) => Ok(Some((path, bytes))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(format!("{}: {error}", path.display())),
            }
        };
        let tls = Self { ca: file("ca.pem")?, certificate: file("cert.pem")?, key: file("key.pem")?, verify };
        match (&tls.certificate, &tls.key) {
            (Some((path, _)), None) => Err(format!("there is no key.pem to go with {}", path.display())),
            (None, Some((path, _))) => Err(format!("there is no cert.pem to go with {}", path.display())),
            _ => Ok(tls),
        }
    }
}

fn wrong(address: &str, why: String) -> ClusterError {
    ClusterError::EngineTls { address: address.into(), why }
}
