//! An HTTP server for the machines of a room: what a teacher offers from a laptop.
//!
//! ```text
//! addresses  under which this machine is reached
//! ```

mod addresses;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::error::{ExitKind, Explain};

/// Connections at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
const HEADER_TIME: Duration = Duration::from_secs(10);

/// What is answered.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Nobody can be let in.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}")]
pub struct ListenError {
    listen: SocketAddr,
    source: std::io::Error,
}

impl Explain for ListenError {
    fn kind(&self) -> ExitKind {
        ExitKind::Prerequisite
    }

    fn hints(&self) -> Vec<String> {
        vec!["Choose another address with `--listen`, as `--listen 0.0.0.0:9000`.".into()]
    }
}

/// A port that listens, with what people need to know.
pub struct Door {
    listener: TcpListener,
    /// Addresses under which others reach it, the most likely first.
    pub addresses: Vec<String>,
}

impl Door {
    /// Listens; nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn open(listen: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let addresses = addresses::of(bound).into_iter().map(|address| format!("http://{address}")).collect();
        Ok(Self { listener, addresses })
    }

    /// The first address as a picture for a terminal.
    pub fn picture(&self) -> Option<String> {
        let code = QrCode::new(self.addresses.first()?.as_bytes()).ok()?;
        // Dark on light, also where a terminal is dark.
        Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
    }

    /// Answers until this is dropped.
    pub async fn run<Answer, Answered>(self, answer: Answer)
    where
        Answer: Fn(Request<Incoming>) -> Answered + Clone + Send + 'static,
        Answered: Future<Output = Response<Body>> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
            // Too many open files, or a client that went: the next one may have more luck.
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answered = answer(request);
                    async move { Ok::<_, Infallible>(answered.await) }
                });
                let mut server = hyper::server::conn::http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
                // A client that breaks off is no fault of ours.
                drop(server.serve_connection(TokioIo::new(stream), service).await);
                drop(place);
            });
        }
    }
}

/// A page, which loads nothing from anywhere.
pub fn page(html: String) -> Response<Body> {
    let mut page = answer(StatusCode::OK, "text/html; charset=utf-8", html);
    let policy = header::HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

/// A line of text.
pub fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    answer(status, "text/plain; charset=utf-8", text.into())
}

fn answer(status: StatusCode, kind: &str, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
    answer.expect("a status and a type are an answer")
}

/// Text as it may stand in HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_page() {
        assert_eq!(escaped(r#"<a b='c' d="e">&amp;"#), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;");
    }
}
