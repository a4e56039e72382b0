//! The connection to an engine over TLS.

use std::sync::Arc;
use std::time::Duration;

use backstack_common::tls::Anybody;
use bollard::{API_DEFAULT_VERSION, Docker};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::endpoint::EngineTls;
use super::error::ClusterError;
use super::transport;

/// A client for the engine at `tcp://HOST:PORT` that speaks nothing but TLS.
///
/// # Errors
/// [`ClusterError::EngineTls`] if a certificate or the key cannot be used.
pub(super) fn connect(address: &str, tls: &EngineTls, timeout: Duration) -> Result<Docker, ClusterError> {
    let config = config(tls).map_err(|why| ClusterError::EngineTls { address: address.into(), why })?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    let https = address.replacen("tcp://", "https://", 1);
    transport::over(connector, https, |uri| Some(uri.clone()), API_DEFAULT_VERSION, timeout)
        .map_err(|error| ClusterError::EngineTls { address: address.into(), why: error.to_string() })
}

fn config(tls: &EngineTls) -> Result<ClientConfig, String> {
    backstack_common::tls::install();
    let provider = CryptoProvider::get_default().ok_or("there is no cryptography provider")?;
    let builder = match tls.verify {
        true => ClientConfig::builder().with_root_certificates(roots(tls)?),
        false => {
            // As `DOCKER_TLS` without `DOCKER_TLS_VERIFY` and `skip-tls-verify` of a context ask for.
            let anybody = Arc::new(Anybody::new(provider.clone()));
            ClientConfig::builder().dangerous().with_custom_certificate_verifier(anybody)
        }
    };
    let (Some((certificate, chain)), Some((key_file, key))) = (&tls.certificate, &tls.key) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(chain).map_err(|why| format!("{}: {why}", certificate.display()))?;
    let key = key_of(key).map_err(|why| format!("{}: {why}", key_file.display()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("{} and {}: {error}", certificate.display(), key_file.display()))
}

/// The authority that is named for this engine, and no other; where none is, those of the machine.
fn roots(tls: &EngineTls) -> Result<RootCertStore, String> {
    let Some((path, pem)) = &tls.ca else {
        return backstack_common::tls::roots().map_err(|error| error.to_string());
    };
    let wrong = |why: String| format!("{}: {why}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(wrong)? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("it holds no certificate in PEM form".into()),
        Ok(all) => Ok(all),
        Err(error) => Err(error.to_string()),
    }
}

fn key_of(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let text = String::from_utf8_lossy(pem);
    if text.contains("ENCRYPTED") {
        return Err("the key is encrypted, which neither Docker nor this program can use".into());
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "it holds no private key in PEM form".into())
}
