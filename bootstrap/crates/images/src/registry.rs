//! The registry from which the nodes pull.
//!
//! For clusters of our own it listens on loopback and speaks plain HTTP without authentication. For a cluster of
//! others it may be any registry: then repositories have a prefix there, and pushing may want a sign-in. The requests are made here
//! and not by oci-client: they must never go through a proxy, which that client cannot leave out, and
//! its mount of a blob treats the usual `not there, upload it` as a violation.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

use super::blob::{Content, Descriptor};
use super::digest::Digest;
use super::error::{RegistryError, reason, said};
use super::manifest::{self, Raw};
use super::reference::mirror_folder;
use super::upstream::Upstream;
use backstack_common::log;
use backstack_common::tls;

/// Told how many further bytes went out; negative when an upload starts anew.
pub type Sent = Arc<dyn Fn(i64) + Send + Sync>;

/// How often an upload is tried: the registry may be starting.
const UPLOADS: u32 = 3;
/// Large enough that reading the file costs no time, small enough to be no memory.
const CHUNK: usize = 256 * 1024;

/// A client of the registry.
#[derive(Clone)]
pub struct Registry {
    /// How messages call it.
    address: String,
    base: Url,
    /// What goes before each repository's name, without slashes at its ends.
    prefix: String,
    http: reqwest::Client,
    /// Signs in, where it is somebody else's.
    sign_in: Option<Upstream>,
}

/// What came of asking for a blob that may lie in another repository.
enum Begun {
    Mounted,
    Upload(Url),
}

impl Registry {
    /// The registry that listens on this port of the loopback address.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn at_port(port: u16) -> Result<Self, RegistryError> {
        Self::at_address(&format!("127.0.0.1:{port}"))
    }

    /// The platform's registry at this `HOST:PORT`, where it is reached without TLS.
    ///
    /// # Errors
    /// No HTTP client can be made, or this is no address.
    pub fn at_address(address: &str) -> Result<Self, RegistryError> {
        tls::install();
        let http = reqwest::Client::builder()
            .no_proxy()
            // No TLS here: reading the system's certificates would be wasted time.
            .tls_certs_only([])
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(120))
            .build()
            .map_err(|error| RegistryError::Client(error.to_string()))?;
        let base = Url::parse(&format!("http://{address}/v2/"))
            .map_err(|error| RegistryError::Client(format!("`{address}` is no address: {error}")))?;
        Ok(Self { address: format!("local registry at {address}"), base, prefix: String::new(), http, sign_in: None })
    }

    /// Any registry, with Docker's own credentials; repositories get the prefix.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub async fn at_host(host: &str, prefix: &str, plain_http: bool, sign_in: Upstream) -> Result<Self, RegistryError> {
        let scheme = if plain_http { "http" } else { "https" };
        // The name that people use is not the one that answers.
        let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let base = Url::parse(&format!("{scheme}://{server}/v2/"))
            .map_err(|error| RegistryError::Client(error.to_string()))?;
        let http = sign_in.client_of(&base).await.map_err(|error| RegistryError::Client(error.to_string()))?;
        let address = format!("registry {host}");
        Ok(Self { address, base, prefix: prefix.trim_matches('/').into(), http, sign_in: Some(sign_in) })
    }

    /// Asks whether it answers.
    ///
    /// # Errors
    /// It does not, or not as a registry.
    pub async fn ping(&self) -> Result<(), RegistryError> {
        let request = self.request(Method::GET, "").timeout(Duration::from_secs(5));
        let answer = log::send(request).await.map_err(|error| self.unreachable(error))?;
        if self.sign_in.is_some() && matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Ok(());
        }
        self.check("a greeting", answer).await.map(drop)
    }

    /// Whether it answers; if it does not yet, after a short pause. A program that just started gives no event when it
    /// listens: asking is all there is.
    ///
    /// # Errors
    /// It does not answer, and the deadline is over.
    pub async fn answers_or_waits(&self, deadline: Instant) -> Result<bool, RegistryError> {
        match self.ping().await {
            Ok(()) => return Ok(true),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        Ok(false)
    }

    /// The digest of the manifest that a tag or digest names in a repository, if it is there.
    ///
    /// # Errors
    /// The registry does not answer, or not properly.
    pub async fn has_manifest(&self, repository: &str, name: &str) -> Result<Option<Digest>, RegistryError> {
        let what = format!("a question for {repository}:{name}");
        let request = self.request(Method::HEAD, &format!("{}/manifests/{name}", self.inside(repository)));
        let answer = self.send(repository, request.header(ACCEPT, manifest::ACCEPT)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.check(&what, answer).await?;
        let digest = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        Ok(digest.and_then(|text| text.parse().ok()))
    }

    /// A manifest, if it is there.
    ///
    /// # Errors
    /// The registry does not answer, or not properly.
    pub async fn manifest(&self, repository: &str, name: &str) -> Result<Option<Raw>, RegistryError> {
        let what = format!("a request for {repository}:{name}");
        let request = self.request(Method::GET, &format!("{}/manifests/{name}", self.inside(repository)));
        let answer = self.send(repository, request.header(ACCEPT, manifest::ACCEPT)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.check(&what, answer).await?;
        let media_type = header(&answer, CONTENT_TYPE.as_str()).unwrap_or_default();
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(error))?.to_vec();
        Ok(Some(Raw { media_type, bytes }))
    }

    /// Whether a repository has a blob.
    ///
    /// # Errors
    /// The registry does not answer, or not properly.
    pub async fn has_blob(&self, repository: &str, digest: &Digest) -> Result<bool, RegistryError> {
        let what = format!("a question for a blob of {repository}");
        let answer = self
            .send(repository, self.request(Method::HEAD, &format!("{}/blobs/{digest}", self.inside(repository))))
            .await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        self.check(&what, answer).await.map(|_| true)
    }

    /// Every repository.
    ///
    /// # Errors
    /// The registry does not answer, or not properly.
    pub async fn repositories(&self) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Catalog {
            repositories: Vec<String>,
        }
        // Only its own administrators see what another registry has.
        if self.sign_in.is_some() {
            return Ok(Vec::new());
        }
        const PAGE: usize = 500;
        let mut all = Vec::new();
        loop {
            let mut query = vec![("n", PAGE.to_string())];
            query.extend(all.last().map(|last: &String| ("last", last.clone())));
            let request = self.request_url(Method::GET, self.url("_catalog", &query));
            let answer = log::send(request).await.map_err(|error| self.unreachable(error))?;
            let answer = self.check("a request for its list", answer).await?;
            let bytes = answer.bytes().await.map_err(|error| self.unreachable(error))?;
            let page: Catalog = serde_json::from_slice(&bytes).map_err(|error| RegistryError::Unreachable {
                address: self.address.clone(),
                reason: error.to_string(),
            })?;
            let full = page.repositories.len() == PAGE;
            all.extend(page.repositories);
            if !full {
                return Ok(all);
            }
        }
    }

    /// Makes a blob of one repository one of another, without moving it; false if `from` lacks it.
    ///
    /// # Errors
    /// The registry does not answer, or not properly.
    pub async fn mount(&self, repository: &str, digest: &Digest, from: &str) -> Result<bool, RegistryError> {
        match self.begin(repository, digest, Some(from)).await? {
            Begun::Mounted => Ok(true),
            Begun::Upload(session) => {
                // The registry opened an upload instead; it is not wanted.
                drop(self.send(repository, self.request_url(Method::DELETE, session)).await);
                Ok(false)
            }
        }
    }

    /// Uploads a blob from a file, in a stream. The registry verifies its digest.
    ///
    /// # Errors
    /// The file cannot be read, or the registry does not take it.
    pub async fn push_blob(
        &self,
        repository: &str,
        blob: &Descriptor,
        content: &Content,
        sent: Sent,
    ) -> Result<(), RegistryError> {
        let mut tries = 1;
        loop {
            let out = Arc::new(std::sync::atomic::AtomicI64::new(0));
            let counted = count(sent.clone(), out.clone());
            match self.upload(repository, blob, content, counted).await {
                Err(error) if tries < UPLOADS && transient(&error) => {
                    sent(-out.load(std::sync::atomic::Ordering::Relaxed));
                    tokio::time::sleep(Duration::from_millis(500) * tries).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// Puts a manifest under a tag or under its digest (it has its digest in any case).
    ///
    /// # Errors
    /// The registry does not take it: it lacks a blob of it, or does not answer.
    pub async fn push_manifest(&self, repository: &str, name: &str, manifest: &Raw) -> Result<(), RegistryError> {
        let what = format!("the manifest {repository}:{name}");
        let request = self
            .request(Method::PUT, &format!("{}/manifests/{name}", self.inside(repository)))
            .header(CONTENT_TYPE, &manifest.media_type)
            .body(manifest.bytes.clone());
        self.check(&what, self.send(repository, request).await?).await.map(drop)
    }

    async fn upload(
        &self,
        repository: &str,
        blob: &Descriptor,
        content: &Content,
        sent: Sent,
    ) -> Result<(), RegistryError> {
        let part = content.open();
        let part = part.map_err(|source| RegistryError::File { path: content.path().to_path_buf(), source })?;
        let limit = part.limit();
        let content = tokio::fs::File::from_std(part.into_inner()).take(limit);
        let Begun::Upload(mut session) = self.begin(repository, &blob.digest, None).await? else { return Ok(()) };
        session.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let stream = ReaderStream::with_capacity(content, CHUNK).inspect_ok(move |chunk| sent(chunk.len() as i64));
        let request = self
            .request_url(Method::PUT, session)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, blob.size)
            .body(reqwest::Body::wrap_stream(stream));
        let what = format!("a blob of {repository}");
        self.check(&what, self.send(repository, request).await?).await.map(drop)
    }

    async fn begin(&self, repository: &str, digest: &Digest, from: Option<&str>) -> Result<Begun, RegistryError> {
        let what = format!("an upload to {repository}");
        let query: Vec<_> = match from {
            Some(from) => vec![("mount", digest.to_string()), ("from", self.inside(from))],
            None => Vec::new(),
        };
        let url = self.url(&format!("{}/blobs/uploads/", self.inside(repository)), &query);
        let request = self.request_url(Method::POST, url).header(CONTENT_LENGTH, 0);
        let answer = self.check(&what, self.send(repository, request).await?).await?;
        if answer.status() == StatusCode::CREATED {
            return Ok(Begun::Mounted);
        }
        let session = header(&answer, LOCATION.as_str()).and_then(|location| self.own(&location));
        session.map(Begun::Upload).ok_or_else(|| RegistryError::Refused {
            address: self.address.clone(),
            what,
            status: answer.status().as_u16(),
            said: "no place to upload to".into(),
        })
    }

    /// A location as an address that we reach: the registry knows itself by its own port, which is
    /// not the one that the engine publishes.
    fn own(&self, location: &str) -> Option<Url> {
        let base = &self.base;
        let mut url = base.join(location).ok()?;
        if self.sign_in.is_some() {
            return Some(url);
        }
        url.set_scheme("http").ok()?;
        url.set_host(base.host_str()).ok()?;
        url.set_port(base.port()).ok()?;
        Some(url)
    }

    /// The address under which it stands in for the registry of this host, for [`UpstreamOptions::mirrors`].
    ///
    /// [`UpstreamOptions::mirrors`]: super::upstream::UpstreamOptions::mirrors
    pub fn as_mirror_of(&self, host: &str) -> String {
        format!("{}{}", self.base.as_str().trim_end_matches("v2/"), self.inside(&mirror_folder(host)))
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.join(path).expect("an address and a checked name");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_url(method, self.url(path, &[]))
    }

    fn request_url(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// A repository's name there.
    fn inside(&self, repository: &str) -> String {
        if self.prefix.is_empty() { repository.into() } else { format!("{}/{repository}", self.prefix) }
    }

    /// Sends a request about a repository, signing in where that is asked for. What is streamed cannot be sent twice:
    /// the request that begins an upload has signed in for it.
    async fn send(&self, repository: &str, request: RequestBuilder) -> Result<Response, RegistryError> {
        let Some(sign_in) = &self.sign_in else {
            return log::send(request).await.map_err(|error| self.unreachable(error));
        };
        let repository = self.inside(repository);
        let with = |request: RequestBuilder, value: Option<&reqwest::header::HeaderValue>| match value {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        };
        let known = sign_in.known(&self.base, &repository);
        let again = request.try_clone();
        let answer = log::send(with(request, known.as_ref())).await.map_err(|error| self.unreachable(error))?;
        let Some(again) = again.filter(|_| answer.status() == StatusCode::UNAUTHORIZED) else { return Ok(answer) };
        let value = sign_in.answer(&self.base, &self.address, &repository, answer.headers(), known).await;
        let value =
            value.map_err(|source| RegistryError::SignIn { address: self.address.clone(), source: source.into() })?;
        log::send(with(again, Some(&value))).await.map_err(|error| self.unreachable(error))
    }

    fn host(&self) -> String {
        self.address.trim_start_matches("registry ").into()
    }

    fn unreachable(&self, error: reqwest::Error) -> RegistryError {
        RegistryError::Unreachable { address: self.address.clone(), reason: reason(error) }
    }

    async fn check(&self, what: &str, answer: Response) -> Result<Response, RegistryError> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap_or_default();
        if self.sign_in.is_some() && matches!(status, 401 | 403) {
            let (address, host) = (self.address.clone(), self.host());
            return Err(RegistryError::Denied { address, host, what: what.into(), said: said(&body) });
        }
        Err(RegistryError::Refused { address: self.address.clone(), what: what.into(), status, said: said(&body) })
    }
}

/// Passes counts on and keeps their sum, so that they can be taken back.
fn count(sent: Sent, sum: Arc<std::sync::atomic::AtomicI64>) -> Sent {
    Arc::new(move |bytes| {
        sum.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        sent(bytes);
    })
}

/// Whether trying again may help.
fn transient(error: &RegistryError) -> bool {
    match error {
        RegistryError::Unreachable { .. } => true,
        RegistryError::Refused { status, .. } => *status >= 500 && !error.is_full(),
        // A token lasts minutes; the next try signs in anew.
        RegistryError::Denied { .. } => true,
        _ => false,
    }
}

fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(Into::into)
}
