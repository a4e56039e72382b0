//! One connection: through the engine into the node, TLS with the node's own certificates, HTTP.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::EtcdError;
use crate::docker::{Engine, pipe};
use crate::error::chain;

const PORT: u16 = 2379;
/// What kubeadm lets the API server present itself with.
const CERTIFICATE: &str = "/etc/kubernetes/pki/apiserver-etcd-client.crt";
const KEY: &str = "/etc/kubernetes/pki/apiserver-etcd-client.key";
const AUTHORITY: &str = "/etc/kubernetes/pki/etcd/ca.crt";
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Connection {
    node: String,
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes, and ends with this.
    _driver: JoinSet<()>,
}

impl Connection {
    pub(super) async fn open(engine: &Engine, node: &str) -> Result<Self, EtcdError> {
        let config = config(engine, node).await?;
        let silent =
            |error: &dyn std::error::Error| EtcdError::Silent { node: node.into(), why: chain(error).join(": ") };
        let name = ServerName::try_from("localhost").expect("a name");
        let pipe = pipe::connect(engine, node, PORT).await?;
        let tls = TlsConnector::from(Arc::new(config)).connect(name, pipe);
        let tls = match timeout(PATIENCE, tls).await {
            Ok(tls) => tls.map_err(|error| silent(&error))?,
            Err(late) => return Err(silent(&late)),
        };
        let (sender, connection) = handshake(TokioIo::new(tls)).await.map_err(|error| silent(&error))?;
        let mut driver = JoinSet::new();
        driver.spawn(async move { drop(connection.await) });
        Ok(Self { node: node.into(), sender, _driver: driver })
    }

    /// Asks for one thing.
    pub(super) async fn ask<A: DeserializeOwned>(
        &mut self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<A, EtcdError> {
        let body = serde_json::to_vec(question).expect("plain data is JSON");
        let request = Request::post(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let silent =
            |error: &dyn std::error::Error| EtcdError::Silent { node: self.node.clone(), why: chain(error).join(": ") };
        let answered = async {
            // The answer before may have been read a moment before the connection knows that it is through with it.
            self.sender.ready().await?;
            let answer = self.sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let (status, body) = match timeout(PATIENCE, answered).await {
            Ok(answer) => answer.map_err(|error| silent(&error))?,
            Err(late) => return Err(silent(&late)),
        };
        if !status.is_success() {
            return Err(EtcdError::Refused { said: String::from_utf8_lossy(&body).into_owned() });
        }
        serde_json::from_slice(&body)
            .map_err(|error| EtcdError::Refused { said: format!("no answer to read: {error}") })
    }
}

/// Whom to believe, and who we are: as the API server, from files in the node.
async fn config(engine: &Engine, node: &str) -> Result<ClientConfig, EtcdError> {
    crate::tls::install();
    let unusable = |why: String| EtcdError::Unusable { node: node.into(), why };
    let output = engine.exec(node, &["cat", AUTHORITY, CERTIFICATE, KEY], None).await?;
    if output.code != 0 {
        return Err(unusable(output.stderr.trim().into()));
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(output.stdout.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(output.stdout.as_bytes());
    let (Ok(certificates), Ok(key)) = (certificates, key) else {
        return Err(unusable(format!("{AUTHORITY}, {CERTIFICATE} or {KEY} is not in PEM form")));
    };
    let [authority, chain @ ..] = certificates.as_slice() else {
        return Err(unusable(format!("{AUTHORITY} is empty")));
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).map_err(|error| unusable(error.to_string()))?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain.to_vec(), key);
    config.map_err(|error| unusable(error.to_string()))
}
