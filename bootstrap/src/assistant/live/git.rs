//! Requests to the platform's Git server, through the platform's own address and certificate.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use backstack_mcp::error::ErrorKind;
use backstack_mcp::ports::{GitServer, PortError};
use serde_json::Value;

use crate::error::chain;
use crate::log;

const PATIENCE: Duration = Duration::from_secs(20);

/// The Git server with an account.
pub(crate) struct Git {
    platform: String,
    http: reqwest::Client,
    /// Root of its API.
    root: String,
    /// What its requests sign in with: a token, or name and password.
    authorization: String,
    /// What was read at a commit, by address: that never changes.
    kept: Mutex<HashMap<String, Value>>,
}

/// Answers that are kept; with more of them all are forgotten.
const MOST_KEPT: usize = 2000;

/// Whether an address names a commit, so that its answer never changes.
fn is_of_a_commit(address: &str) -> bool {
    let behind = address.split_once("ref=").or_else(|| address.split_once("/git/trees/")).map(|(_, rest)| rest);
    behind.is_some_and(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() == 40)
}

impl Git {
    /// `ca_pem` is the authority that signed the platform's certificate, where its own address is asked.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub(crate) fn new(
        platform: &str,
        root: String,
        authorization: String,
        ca_pem: Option<&str>,
    ) -> Result<Self, PortError> {
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
        Ok(Self { platform: platform.into(), http, root, authorization, kept: Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl GitServer for Git {
    async fn send(&self, method: &str, address: &str, body: Option<&Value>) -> Result<(u16, Value), PortError> {
        let is_lasting = method == "GET" && body.is_none() && is_of_a_commit(address);
        if is_lasting && let Some(kept) = self.kept().get(address) {
            return Ok((200, kept.clone()));
        }
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::GET);
        let mut request = self.http.request(method, format!("{}{address}", self.root));
        request = request.header("authorization", &self.authorization);
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
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if is_lasting && status == 200 {
            let mut kept = self.kept();
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(address.into(), answer.clone());
        }
        Ok((status, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_at_a_commit_is_kept() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (address, is_lasting) in [
            (format!("/repos/o/r/contents/a.yaml?ref={commit}"), true),
            (format!("/repos/o/r/git/trees/{commit}?recursive=true&page=1"), true),
            ("/repos/o/r/contents/a.yaml?ref=main".to_string(), false),
            ("/repos/o/r/git/trees/main?recursive=true".to_string(), false),
            (format!("/repos/o/r/pulls?head={commit}"), false),
        ] {
            assert_eq!(is_of_a_commit(&address), is_lasting, "{address}");
        }
    }
}
