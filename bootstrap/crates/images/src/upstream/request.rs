//! One request to an upstream registry, signed in, and what its answer means.

use reqwest::header::{ACCEPT, AUTHORIZATION, RANGE, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};

use super::fault::{Fault, refusal};
use super::pace::Patience;
use super::{Site, Upstream, authority};
use crate::digest::Digest;
use crate::error::{ImageError, reason};
use crate::manifest;
use backstack_common::log;
use backstack_common::tls;

/// Why a body could not be read.
pub(super) enum Problem {
    Broken(reqwest::Error),
    TooLarge,
}

impl Problem {
    pub(super) fn fault(self, site: &Site) -> Fault {
        match self {
            Self::Broken(error) => Fault::again(site.cut(reason(error))),
            Self::TooLarge => {
                let reason = "it is larger than any manifest should be".into();
                Fault::last(ImageError::Manifest { image: site.image.clone(), reason })
            }
        }
    }
}

/// What is asked for.
pub(super) enum Ask<'a> {
    /// A manifest by tag or digest.
    Manifest(&'a str),
    /// A blob from a byte on.
    Blob(&'a Digest, u64),
}

impl Ask<'_> {
    fn path(&self, repository: &str) -> String {
        match self {
            Self::Manifest(name) => format!("v2/{repository}/manifests/{name}"),
            Self::Blob(digest, _) => format!("v2/{repository}/blobs/{digest}"),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Manifest(_) => "a request for its manifest",
            Self::Blob(..) => "a request for a blob of it",
        }
    }
}

/// A client with the proxies of the environment, or `direct` without any.
pub(super) fn client(patience: &Patience, direct: bool) -> Result<reqwest::Client, ImageError> {
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("backstack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .read_timeout(patience.idle);
        if direct { builder.no_proxy() } else { builder }
    };
    tls::client(builder).map_err(|error| ImageError::Client { reason: error.to_string() })
}

impl Upstream {
    /// Asks once, signing in if the registry wants that.
    pub(super) async fn get(&self, site: &Site, ask: &Ask<'_>) -> Result<Response, Fault> {
        let before = self.authorization(site);
        let mut answer = self.send(site, ask, before.as_ref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && answer.headers().contains_key(WWW_AUTHENTICATE) {
            let authorization = self.sign_in(site, answer.headers(), before).await?;
            answer = self.send(site, ask, Some(&authorization)).await?;
        }
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.noted(site, refusal(site, ask.what(), answer).await).await)
    }

    /// Adds to a refusal which credentials it is about.
    async fn noted(&self, site: &Site, mut fault: Fault) -> Fault {
        if let Fault::Final(error) = &mut fault
            && let ImageError::Unauthorised { note, .. } = error.as_mut()
        {
            *note = Some(
                self.credentials
                    .of(&authority(&site.base), &site.repository, self.options.patience.helper)
                    .await
                    .note(),
            );
        }
        fault
    }

    async fn send(
        &self,
        site: &Site,
        ask: &Ask<'_>,
        authorization: Option<&super::auth::Value>,
    ) -> Result<Response, Fault> {
        let url = site.base.join(&ask.path(&site.repository)).expect("a checked name");
        let mut request = self.client_for(&url).await.map_err(Fault::last)?.get(url);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        request = match ask {
            Ask::Manifest(_) => request.header(ACCEPT, manifest::ACCEPT),
            Ask::Blob(_, 0) => request,
            Ask::Blob(_, from) => request.header(RANGE, format!("bytes={from}-")),
        };
        log::send(request).await.map_err(|error| Fault::again(site.unreachable(error)))
    }
}

impl Site {
    pub(super) fn unreachable(&self, error: reqwest::Error) -> ImageError {
        ImageError::Unreachable { image: self.image.clone(), host: self.host.clone(), reason: reason(error) }
    }

    pub(super) fn cut(&self, reason: String) -> ImageError {
        ImageError::Cut { image: self.image.clone(), host: self.host.clone(), attempts: 1, reason }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }
}
