//! The one place where TLS is decided: the cryptography provider of the process, whom it trusts, and the HTTP clients
//! that are made of both.

mod anybody;
mod certificates;

use std::sync::{Arc, Once, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

pub use anybody::Anybody;
pub use certificates::{NoCertificates, Trust};

/// Makes ring the provider that TLS connections use, once; later calls do nothing.
///
/// Every HTTP client here is compiled without a provider of its own, so that exactly one is linked.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else installed one first, which is just as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// Whom this process trusts by `SSL_CERT_FILE` and `SSL_CERT_DIR`, read once; none if neither is set.
///
/// # Errors
/// [`NoCertificates`] if they are set and no certificate can be used.
pub fn trust() -> Result<Option<Arc<Trust>>, NoCertificates> {
    static ONCE: OnceLock<Result<Option<Arc<Trust>>, NoCertificates>> = OnceLock::new();
    let read = || Ok(Trust::of_environment(|name| std::env::var_os(name))?.map(Arc::new));
    ONCE.get_or_init(read).clone()
}

/// An HTTP client for the world outside: it trusts whom the machine trusts, or whom `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// name.
///
/// # Errors
/// None of those certificates can be used, or a proxy's address is wrong.
pub fn client(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    install();
    if let Some(trust) = trust()? {
        return Ok(trusting(builder(), &trust).build()?);
    }
    match builder().build() {
        Ok(client) => Ok(client),
        // A machine without any certificates (a bare container) can still reach plain HTTP.
        Err(_) => Ok(builder().tls_certs_only([]).build()?),
    }
}

/// As [`client`]; where none of the certificates can be used, one that trusts nobody. `doctor` says why.
///
/// # Errors
/// A proxy's address is wrong.
pub fn client_or_distrust(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    match client(&builder) {
        Err(ClientError::Certificates(_)) => Ok(builder().tls_certs_only([]).build()?),
        other => other,
    }
}

/// Where certificates of the environment stand in for the system's, as with OpenSSL. Elsewhere the system's own
/// verifier does not look at them, so they are added to what it trusts.
fn trusting(builder: reqwest::ClientBuilder, trust: &Trust) -> reqwest::ClientBuilder {
    let certificates = trust.certificates().iter().filter_map(|der| reqwest::Certificate::from_der(der).ok());
    match cfg!(target_os = "linux") {
        true => builder.tls_certs_only(certificates),
        false => builder.tls_certs_merge(certificates),
    }
}

/// An HTTP client for a platform's own address, whose authority (PEM) is trusted beside the machine's: an address that
/// `--url` gave may have a certificate that the world knows.
///
/// # Errors
/// The authority's certificate cannot be used.
pub fn client_of_platform(builder: reqwest::ClientBuilder, authority: &str) -> Result<reqwest::Client, reqwest::Error> {
    install();
    let builder = match trust() {
        Ok(Some(trust)) => trusting(builder, &trust),
        _ => builder,
    };
    builder.tls_certs_merge([reqwest::Certificate::from_pem(authority.as_bytes())?]).no_proxy().build()
}

/// Whom the machine trusts, for connections that are not HTTP requests of ours.
///
/// # Errors
/// As [`trust`].
pub fn roots() -> Result<RootCertStore, NoCertificates> {
    let mut roots = RootCertStore::empty();
    match trust()? {
        Some(trust) => roots.add_parsable_certificates(trust.certificates().iter().cloned()),
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    Ok(roots)
}

/// The certificates of all authorities that this process trusts: those that the environment names, or the system's.
pub fn authorities() -> Vec<CertificateDer<'static>> {
    match trust() {
        Ok(Some(trust)) => trust.certificates().to_vec(),
        _ => rustls_native_certs::load_native_certs().certs,
    }
}

/// No HTTP client can be made.
#[derive(Debug)]
pub enum ClientError {
    /// The environment names certificates, and none of them can be used.
    Certificates(NoCertificates),
    /// The HTTP library refuses its options.
    Client(reqwest::Error),
}

impl From<NoCertificates> for ClientError {
    fn from(error: NoCertificates) -> Self {
        Self::Certificates(error)
    }
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        Self::Client(error)
    }
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Certificates(error) => error.fmt(f),
            Self::Client(error) => f.write_str(&crate::error::chain(error).pop().unwrap_or_default()),
        }
    }
}
