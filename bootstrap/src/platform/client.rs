//! A client for one cluster, and waiting until that cluster's API answers.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use crate::error::chain;

/// Longest time for one request; watches are not bound by it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a client from a kubeconfig's text; `context` defaults to its current one.
///
/// # Errors
/// [`Error::Kubeconfig`] if the text, the context or its credentials cannot be used.
pub async fn connect(kubeconfig: &str, context: Option<&str>) -> Result<Client, Error> {
    from_kubeconfig(Kubeconfig::from_yaml(kubeconfig).map_err(|error| Error::Kubeconfig(error.into()))?, context).await
}

/// Makes a client from a kubeconfig; `context` defaults to its current one.
///
/// # Errors
/// [`Error::Kubeconfig`] if the context or its credentials cannot be used.
pub async fn from_kubeconfig(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Client, Error> {
    crate::tls::install();
    let options = KubeConfigOptions { context: context.map(Into::into), ..Default::default() };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| Error::Kubeconfig(error.into()))?;
    config.connect_timeout = Some(Duration::from_secs(5));
    // The client's own retries are silent and grow to minutes; ours say what they wait for.
    config.default_retry = false;
    // A proxy for the outer world cannot reach this machine's loopback.
    if config.cluster_url.host().is_some_and(is_loopback) {
        config.proxy_url = None;
    }
    Client::try_from(config).map_err(|error| Error::Kubeconfig(error.into()))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Waits until the API says that it is ready to serve.
///
/// # Errors
/// [`Error::Unavailable`] at the deadline, with what the API said last.
pub async fn wait_for_api(client: &Client, deadline: Instant) -> Result<(), Error> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(100);
    loop {
        let reason = match timeout(Duration::from_secs(5), ready(client)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => chain(&error).pop().unwrap_or_default(),
            Err(_) => "no answer for 5 s".into(),
        };
        // A server that does not answer cannot be watched: asking again is all there is.
        if Instant::now() + pause >= deadline {
            return Err(Error::Unavailable { waited: start.elapsed(), reason });
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

async fn ready(client: &Client) -> Result<(), kube::Error> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request_text(request).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_past_a_proxy() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["10.0.0.1", "localhost.example.org", "example.org", "[fe80::1]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[tokio::test]
    async fn a_context_that_is_not_there_is_named() {
        let text = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n";
        let Err(error) = connect(text, Some("elsewhere")).await else { panic!("connected to nothing") };
        assert!(chain(&error).join(": ").contains("elsewhere"), "{error:?}");
    }
}
