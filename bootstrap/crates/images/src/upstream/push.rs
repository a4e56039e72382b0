//! Signing in at a registry that is pushed to. Credentials and tokens are the same as for fetching.

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};

use super::fault::Fault;
use super::{Site, Upstream};
use crate::error::ImageError;

impl Upstream {
    /// The client for an address: with the proxies of the environment, unless it is on loopback.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub async fn client_of(&self, base: &Url) -> Result<reqwest::Client, ImageError> {
        self.client_for(base).await.cloned()
    }

    /// What opened a repository last.
    pub fn known(&self, base: &Url, repository: &str) -> Option<HeaderValue> {
        self.authorization(&site(base, "", repository))
    }

    /// Answers a registry's challenge; `refused` is what was tried before.
    ///
    /// # Errors
    /// There are no credentials for it, or the registry does not take them.
    pub async fn answer(
        &self,
        base: &Url,
        host: &str,
        repository: &str,
        headers: &HeaderMap,
        refused: Option<HeaderValue>,
    ) -> Result<HeaderValue, ImageError> {
        self.sign_in(&site(base, host, repository), headers, refused).await.map_err(|fault| match fault {
            Fault::Final(error) | Fault::Again { error, .. } => *error,
        })
    }
}

fn site(base: &Url, host: &str, repository: &str) -> Site {
    Site { image: repository.into(), host: host.into(), base: base.clone(), repository: repository.into() }
}
