//! Requests over HTTP, with what became of them.

use std::time::Instant;

use reqwest::{RequestBuilder, Response, Url};

use crate::error::chain;

/// Sends a request. Its method, address, status and time go into the log; headers and bodies do not.
///
/// # Errors
/// As [`RequestBuilder::send`].
pub async fn send(request: RequestBuilder) -> Result<Response, reqwest::Error> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, address) = (request.method().clone(), address(request.url()));
    let start = Instant::now();
    let answer = client.execute(request).await;
    let milliseconds = start.elapsed().as_millis();
    match &answer {
        Ok(answer) => tracing::debug!(status = answer.status().as_u16(), milliseconds, "{method} {address}"),
        // The first of them has the whole address in it, with its query.
        Err(error) => tracing::debug!(milliseconds, "{method} {address}: {}", chain(error)[1..].join(": ")),
    }
    answer
}

/// Where a request goes, without what may be secret in an address: user, password, query.
fn address(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_secrets() {
        let url: Url =
            "https://user:geheim@example.org:5000/v2/a/blobs/uploads/1?_state=geheim#x".parse().expect("an address");
        assert_eq!(address(&url), "https://example.org:5000/v2/a/blobs/uploads/1");
    }
}
