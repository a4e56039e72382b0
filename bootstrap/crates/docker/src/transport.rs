//! Requests to an engine at a socket of this machine or at a plain address, each with its status and its time in the log.

use std::time::{Duration, Instant};

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion, Docker};
use http::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use hyperlocal::UnixConnector;

/// A client that speaks this version and logs what it asks; `None` for addresses of another form.
///
/// # Errors
/// The address cannot be read.
pub(super) fn logged(address: &str, version: &ClientVersion, timeout: Duration) -> Option<Result<Docker, Error>> {
    if let Some(socket) = address.strip_prefix("unix://") {
        let socket = socket.to_string();
        let at_socket = move |uri: &Uri| Some(hyperlocal::Uri::new(&socket, uri.path_and_query()?.as_str()).into());
        return Some(over(UnixConnector, "http://localhost".into(), at_socket, version, timeout));
    }
    let host = address.strip_prefix("tcp://").or(address.strip_prefix("http://"))?;
    Some(over(HttpConnector::new(), format!("http://{host}"), |uri| Some(uri.clone()), version, timeout))
}

/// The same over TLS, or whatever else connects. `place` says where a request really goes.
pub(super) fn over<C>(
    connector: C,
    address: String,
    place: impl Fn(&Uri) -> Option<Uri> + Send + Sync + 'static,
    version: &ClientVersion,
    timeout: Duration,
) -> Result<Docker, Error>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let mut builder = Client::builder(TokioExecutor::new());
    // Connections are not kept: one that is taken over by `exec` never comes back.
    builder.pool_max_idle_per_host(0);
    let client = builder.build(connector);
    let transport = move |mut request: BollardRequest| {
        let (method, path) = (request.method().clone(), request.uri().path().to_string());
        if let Some(uri) = place(request.uri()) {
            *request.uri_mut() = uri;
        }
        let (start, answer) = (Instant::now(), client.request(request));
        async move {
            let answer = answer.await.map_err(Error::from);
            let milliseconds = start.elapsed().as_millis();
            // Method and path: what else a request has may be secret.
            match &answer {
                Ok(answer) => tracing::debug!(status = answer.status().as_u16(), milliseconds, "{method} {path}"),
                Err(error) => tracing::debug!(milliseconds, "{method} {path}: {error}"),
            }
            answer
        }
    };
    Docker::connect_with_custom_transport(transport, Some(address), timeout.as_secs(), version)
}
