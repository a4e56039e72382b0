//! A client for one cluster, and waiting until that cluster's API answers.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use backstack_common::error::chain;
use backstack_common::loopback::is_loopback;

/// So long a request may take at first; watches are not bound by it. On a slow machine the next attempt may take longer:
/// asked again and again with the same patience, a server that needs a little more would never be through.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// So long the first question may take, whether the API is ready.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

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
    backstack_common::tls::install();
    let options = KubeConfigOptions { context: context.map(Into::into), ..Default::default() };
    let mut config =
        Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| Error::Kubeconfig(error.into()))?;
    // The handshake is part of it, which takes its time where everything starts at once.
    config.connect_timeout = Some(REQUEST_TIMEOUT);
    // The client's own retries are silent and grow to minutes; ours say what they wait for.
    config.default_retry = false;
    // A proxy for the outer world cannot reach this machine's loopback.
    if config.cluster_url.host().is_some_and(is_loopback) {
        config.proxy_url = None;
    }
    Client::try_from(config).map_err(|error| Error::Kubeconfig(error.into()))
}

/// Waits until the API says that it is ready to serve.
///
/// # Errors
/// [`Error::Unavailable`] at the deadline, with what the API said last.
pub async fn wait_for_api(client: &Client, deadline: Instant) -> Result<(), Error> {
    let start = Instant::now();
    let (mut pause, mut patience) = (Duration::from_millis(100), FIRST_PATIENCE);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let asked = Instant::now();
        let Err(reason) = ready(client, patience.min(left)).await else { return Ok(()) };
        if asked.elapsed() >= patience {
            patience *= 2;
        }
        // A server that does not answer cannot be watched: asking again is all there is.
        if Instant::now() + pause >= deadline {
            return Err(Error::Unavailable { waited: start.elapsed(), reason });
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// Whether the API says that it is ready to serve.
///
/// # Errors
/// Why it does not, in words for people.
pub async fn ready(client: &Client, patience: Duration) -> Result<(), String> {
    match timeout(patience, ask(client)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(unready(&chain(&error))),
        Err(_) => Err(format!("no answer for {} s", patience.as_secs())),
    }
}

/// Whether the API says that it is not ready to serve, or says nothing. One that keeps to itself whether it is ready
/// does not count as starting.
pub async fn starting(client: &Client) -> bool {
    match timeout(FIRST_PATIENCE, ask(client)).await {
        Ok(Ok(_)) => false,
        Ok(Err(kube::Error::Api(status))) => status.code >= 500,
        _ => true,
    }
}

async fn ask(client: &Client) -> kube::Result<String> {
    client.request_text(http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?).await
}

/// A server that starts lists all its checks, a line each (`[+]ping ok`, `[-]etcd failed: reason withheld`): those that
/// failed are what matters.
fn unready(reasons: &[String]) -> String {
    let failed = |line: &str| Some(line.trim().strip_prefix("[-]")?.split_whitespace().next()?.to_string());
    let failed: BTreeSet<_> = reasons.iter().flat_map(|reason| reason.lines()).filter_map(failed).collect();
    if failed.is_empty() {
        return reasons.last().cloned().unwrap_or_default();
    }
    format!("it is still starting: {}", failed.into_iter().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_starts_is_told_in_a_line() {
        let page = "ApiError: [+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\n\
                    [-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed: Status {..}";
        let told = unready(&[page.to_string()]);
        assert_eq!(told, "it is still starting: etcd, poststarthook/rbac/bootstrap-roles");
        assert_eq!(unready(&["a".into(), "connection refused".into()]), "connection refused");
    }

    #[tokio::test]
    async fn a_context_that_is_not_there_is_named() {
        let text = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n";
        let Err(error) = connect(text, Some("elsewhere")).await else { panic!("connected to nothing") };
        assert!(chain(&error).join(": ").contains("elsewhere"), "{error:?}");
    }
}
