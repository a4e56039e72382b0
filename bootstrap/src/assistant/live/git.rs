//! Requests to the platform's Git server, through the platform's own address and certificate.

use std::time::Duration;

use async_trait::async_trait;
use backstack_mcp::error::ErrorKind;
use backstack_mcp::ports::{GitServer, PortError};
use serde_json::Value;

use crate::error::chain;
use crate::log;

const PATIENCE: Duration = Duration::from_secs(20);

/// The Git server with an account.
pub(super) struct Git {
    platform: String,
    http: reqwest::Client,
    /// Root of its API.
    root: String,
    token: String,
}

impl Git {
    /// `ca_pem` is the authority that signed the platform's certificate, where its own address is asked.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub(super) fn new(platform: &str, root: String, token: String, ca_pem: Option<&str>) -> Result<Self, PortError> {
        let broken = |error: reqwest::Error| {
            PortError::new(ErrorKind::Unavailable, format!("the platform's certificate cannot be used: {error}"))
        };
        let http = reqwest::Client::builder().timeout(PATIENCE);
        let http = match ca_pem {
            Some(ca_pem) => crate::tls::client_of_platform(http, ca_pem),
            None => {
                crate::tls::install();
                // Within the cluster nothing is encrypted, and no proxy of the outer world is asked.
                http.tls_certs_only([]).no_proxy().build()
            }
        };
        let http = http.map_err(broken)?;
        Ok(Self { platform: platform.into(), http, root, token })
    }
}

#[async_trait]
impl GitServer for Git {
    async fn send(&self, method: &str, address: &str, body: Option<&Value>) -> Result<(u16, Value), PortError> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::GET);
        let mut request = self.http.request(method, format!("{}{address}", self.root));
        request = request.header("authorization", format!("token {}", self.token));
        if let Some(body) = body {
            request = request.json(body);
        }
        let silent = |error: reqwest::Error| {
            let why = chain(&error).pop().unwrap_or_default();
            PortError::new(
                ErrorKind::Unavailable,
                format!("the Git server of platform `{}` does not answer: {why}", self.platform),
            )
            .hint("Look with `platform` whether it runs and for its address; `backstack status` tells people the same.")
        };
        let answer = log::send(request).await.map_err(silent)?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(silent)?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}
