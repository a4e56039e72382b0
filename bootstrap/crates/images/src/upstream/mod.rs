//! Upstream registries: signing in, choosing the platform's image, fetching blobs.
//!
//! The formats of indexes, credentials and tokens are oci-client's. The requests are made here:
//! oci-client's errors do not carry the headers of an answer, so a registry's `Retry-After` could not
//! be honoured, nor a failing token server told from a refusal.

pub(crate) mod auth;
pub(crate) mod credentials;
mod download;
mod fault;
mod notices;
mod pace;
mod push;
mod request;
mod resolve;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use tokio::sync::OnceCell;

use super::digest::Digest;
use super::error::ImageError;
use super::inspection::Inspection;
use super::manifest::{ImageManifest, Raw};
use super::platform::Platform;
use super::reference::Wanted;
use super::store::BlobStore;
use auth::SignedIn;
use backstack_common::loopback::is_loopback;
use backstack_common::report::Reporter;
use backstack_common::tls;
use credentials::Credentials;
pub use download::Fetched;
pub(super) use download::tidy;
use notices::Notices;
pub use pace::Patience;

/// How upstream registries are reached.
#[derive(Debug, Clone)]
pub struct UpstreamOptions {
    /// Which image is chosen where upstream has it for several.
    pub platform: Platform,
    /// Registry host -> address of a mirror that is asked in its place, as `https://mirror.example`. A
    /// path in it goes before the repository's name, as in `docker pull mirror.example/path/library/busybox`.
    pub mirrors: BTreeMap<String, String>,
    /// Hosts that speak plain HTTP. Loopback addresses always do.
    pub plain_http: BTreeSet<String>,
    /// Docker's configuration file; none: anonymous everywhere.
    pub docker_config: Option<PathBuf>,
    /// How often and how long something is tried again.
    pub patience: Patience,
}

impl UpstreamOptions {
    /// The usual: no mirrors, and the credentials that `docker login` stored.
    pub fn new(platform: Platform) -> Self {
        Self {
            platform,
            mirrors: BTreeMap::new(),
            plain_http: BTreeSet::new(),
            docker_config: credentials::default_path(),
            patience: Patience::default(),
        }
    }
}

/// A client of every upstream registry. Cheap to clone.
#[derive(Clone)]
pub struct Upstream {
    options: Arc<UpstreamOptions>,
    clients: Arc<Clients>,
    credentials: Arc<Credentials>,
    signed_in: Arc<Mutex<HashMap<String, SignedIn>>>,
    /// What was found already in this run: nothing is asked twice.
    resolved: Arc<Mutex<HashMap<Wanted, Resolved>>>,
    notices: Arc<Notices>,
}

/// HTTP clients, made when they are first needed: reading the system's certificates takes longer
/// than finding out that everything is here already.
#[derive(Default)]
struct Clients {
    /// Through the proxy that the environment names, if any.
    proxied: OnceCell<reqwest::Client>,
    /// For loopback addresses, which no proxy can reach.
    direct: OnceCell<reqwest::Client>,
}

/// Where one image is fetched from.
#[derive(Debug, Clone)]
pub struct Site {
    /// The image as errors name it.
    pub(super) image: String,
    /// The host that is asked, as errors name it.
    host: String,
    base: Url,
    repository: String,
}

/// An image as upstream has it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Where it was found, for fetching its blobs.
    pub site: Site,
    /// Digest of the index that the manifest was chosen from, if there was one.
    pub index: Option<Digest>,
    /// Its manifest, which is of one image and not an index.
    pub manifest: Raw,
}

impl Upstream {
    /// A client with these options.
    ///
    /// # Errors
    /// A mirror's address is wrong.
    pub fn new(options: UpstreamOptions) -> Result<Self, ImageError> {
        tls::install();
        for (host, url) in &options.mirrors {
            mirror(url)
                .map_err(|reason| ImageError::Client { reason: format!("the mirror of {host}, `{url}`: {reason}") })?;
        }
        let notices = Arc::new(Notices::default());
        Ok(Self {
            clients: Arc::default(),
            credentials: Arc::new(Credentials::new(options.docker_config.clone(), notices.clone())),
            notices,
            signed_in: Arc::default(),
            resolved: Arc::default(),
            options: Arc::new(options),
        })
    }

    /// How patient it is.
    pub fn patience(&self) -> &Patience {
        &self.options.patience
    }

    /// The same client, with other patience.
    #[must_use]
    pub fn with_patience(&self, change: impl FnOnce(&Patience) -> Patience) -> Self {
        let options = UpstreamOptions { patience: change(&self.options.patience), ..(*self.options).clone() };
        Self { options: Arc::new(options), ..self.clone() }
    }

    /// Finds an image: its manifest for the platform, checked against the digest it is pinned to. What was found once
    /// is not asked for again.
    ///
    /// # Errors
    /// Upstream does not give it, or gives something else than the digest says, or has nothing for
    /// the platform.
    pub async fn resolve(&self, wanted: &Wanted) -> Result<Resolved, ImageError> {
        let known = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = self.ask_for(wanted).await?;
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.clone(), found.clone());
        Ok(found)
    }

    /// Takes a manifest as found, so that no registry is asked for it.
    ///
    /// # Errors
    /// The mirror of its registry has a wrong address.
    pub fn know(&self, wanted: &Wanted, index: Option<Digest>, manifest: Raw) -> Result<(), ImageError> {
        let found = Resolved { site: self.site(wanted)?, index, manifest };
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.clone(), found);
        Ok(())
    }

    /// Whether an image was found already.
    pub fn knows(&self, wanted: &Wanted) -> bool {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).contains_key(wanted)
    }

    /// Warnings that nobody was told yet, as of a credential helper that does not work.
    pub fn take_warnings(&self) -> Vec<String> {
        self.notices.take()
    }

    /// Tells such warnings as events from now on.
    pub fn report_to(&self, reporter: Arc<dyn Reporter>) {
        self.notices.report_to(reporter);
    }

    /// What an image weighs; `missing` holds every blob, less what an earlier run left in the store.
    ///
    /// # Errors
    /// As [`Upstream::resolve`].
    pub async fn inspect(&self, wanted: &Wanted, store: &BlobStore) -> Result<Inspection, ImageError> {
        let found = self.resolve(wanted).await?;
        let blobs = ImageManifest::parse(&found.manifest.bytes)
            .map_err(|error| ImageError::Manifest { image: wanted.to_string(), reason: error.to_string() })?
            .blobs();
        let here = |digest: &Digest| {
            let partial = std::fs::metadata(store.partial_path(digest)).map_or(0, |file| file.len());
            if store.contains(digest) { u64::MAX } else { partial }
        };
        let missing = blobs.iter().map(|blob| (blob.digest.clone(), blob.size.saturating_sub(here(&blob.digest))));
        Ok(Inspection { digest: found.manifest.digest(), missing: missing.collect(), blobs })
    }

    /// Where an image is asked for: at its own registry, or at the mirror of that.
    fn site(&self, wanted: &Wanted) -> Result<Site, ImageError> {
        let reference = &wanted.reference;
        let (base, prefix) = self.base(reference.host())?;
        let host = match self.options.mirrors.contains_key(reference.host()) {
            true => authority(&base),
            false => reference.host().to_string(),
        };
        let repository = format!("{prefix}{}", reference.repository());
        Ok(Site { image: reference.to_string(), host, base, repository })
    }

    /// The address of a registry, and what goes before its repositories' names.
    fn base(&self, host: &str) -> Result<(Url, String), ImageError> {
        let client = |reason: String| ImageError::Client { reason };
        if let Some(url) = self.options.mirrors.get(host) {
            return mirror(url).map_err(|reason| client(format!("the mirror of {host}, `{url}`: {reason}")));
        }
        // Docker's own registry is not where its name says.
        let address = if host == "docker.io" { "registry-1.docker.io" } else { host };
        let scheme = if self.options.plain_http.contains(host) || is_loopback(host) { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{address}/")).map_err(|error| client(format!("{host}: {error}")))?;
        Ok((url, String::new()))
    }

    /// The client that reaches an address.
    ///
    /// # Errors
    /// A proxy's address or the file of certificates is wrong.
    async fn client_for(&self, url: &Url) -> Result<&reqwest::Client, ImageError> {
        let direct = is_loopback(&authority(url));
        let cell = if direct { &self.clients.direct } else { &self.clients.proxied };
        cell.get_or_try_init(|| async { request::client(&self.options.patience, direct) }).await
    }
}

/// A mirror's address, taken apart into registry and prefix of repositories.
fn mirror(text: &str) -> Result<(Url, String), String> {
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("expected http://HOST or https://HOST".into());
    }
    let path = url.path().trim_matches('/').to_string();
    let prefix = if path.is_empty() { path } else { format!("{path}/") };
    url.set_path("/");
    url.set_query(None);
    Ok((url, prefix))
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirrors_path_goes_before_the_repository() {
        let mut options = UpstreamOptions::new(Platform::here());
        options.mirrors.insert("docker.io".into(), "https://mirror.example:8443/hub/".into());
        let upstream = Upstream::new(options).expect("options");
        let site = |text: &str| upstream.site(&Wanted::new(text.parse().expect("reference"))).expect("site");
        let mirrored = site("busybox:1");
        assert_eq!(mirrored.base.as_str(), "https://mirror.example:8443/");
        assert_eq!(
            (mirrored.repository.as_str(), mirrored.host.as_str()),
            ("hub/library/busybox", "mirror.example:8443")
        );
        assert_eq!(site("quay.io/a/b:1").base.as_str(), "https://quay.io/");
    }

    #[test]
    fn a_mirror_without_a_scheme_is_refused() {
        let mut options = UpstreamOptions::new(Platform::here());
        options.mirrors.insert("docker.io".into(), "mirror.example".into());
        assert!(matches!(Upstream::new(options), Err(ImageError::Client { .. })));
    }
}
