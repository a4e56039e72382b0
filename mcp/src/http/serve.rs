//! Connections: who may ask, with limits on everything that a stranger can make large, and an end that loses nothing.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::limit::Limit;
use super::sessions::SessionFiles;
use super::tokens::Tokens;
use super::whole::Whole;
use super::{HttpSettings, MOST_BODY_BYTES};
use crate::server::{Server, Session};

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 512;
/// A client has so long to send its header.
const HEADER_TIME: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
const MOST_HEADER_BYTES: usize = 32 * 1024;
/// Answers under way have so long to end when the server is stopped; streams that only wait for news never would.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// Says nothing but that the server serves, to everybody: for probes.
const HEALTH: &str = "/healthz";
/// Wrong tokens a second from one address.
const WRONG_TOKENS: u32 = 5;

pub(super) type Body = BoxBody<Bytes, Infallible>;

/// The server cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address cannot be bound, for the most part because another program has it.
    #[error("cannot listen on {listen}")]
    Listen {
        /// Address and port that were asked for.
        listen: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Tokens are switched off, and the address can be reached from other machines.
    #[error("a server without tokens may listen on loopback only, not on {listen}")]
    Open {
        /// Address and port that were asked for.
        listen: SocketAddr,
    },
}

/// A server that listens.
pub struct HttpServer {
    listener: TcpListener,
    door: Arc<Door>,
    ending: CancellationToken,
}

/// What every request passes.
pub(super) struct Door {
    pub(super) service: StreamableHttpService<Session, LocalSessionManager>,
    pub(super) sessions: Arc<SessionFiles>,
    tokens: Option<Tokens>,
    pub(super) limit: Limit,
    wrong: Limit,
}

impl HttpServer {
    /// Binds; nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// [`HttpError`]
    pub async fn bind(server: Server, settings: &HttpSettings) -> Result<Self, HttpError> {
        let listen = settings.listen;
        if !settings.tokens && !listen.ip().is_loopback() {
            return Err(HttpError::Open { listen });
        }
        let listener = TcpListener::bind(listen).await.map_err(|source| HttpError::Listen { listen, source })?;
        let ending = CancellationToken::new();
        let factory = move || Ok(server.session());
        let files = Arc::new(SessionFiles::of(&settings.state));
        let config = config(settings, files.clone(), ending.child_token());
        let service = StreamableHttpService::new(factory, Arc::new(sessions()), config);
        let door = Door {
            service,
            sessions: files,
            tokens: settings.tokens.then(|| Tokens::of(&settings.state).with_mounted(settings.mounted_tokens.clone())),
            limit: Limit::new(settings.rate),
            wrong: Limit::new(WRONG_TOKENS),
        };
        Ok(Self { listener, door: Arc::new(door), ending })
    }

    /// Where it listens; the port is chosen by the system if it was 0.
    ///
    /// # Errors
    /// The listener is gone.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves one connection over any stream until it ends. Hidden because it is for fuzz targets, which need no network.
    #[doc(hidden)]
    pub async fn serve_stream<S>(&self, stream: S, from: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // A client that breaks off is no fault of ours.
        drop(connection(self.door.clone(), stream, from).await);
    }

    /// Serves until `stop` is cancelled; answers under way are finished.
    pub async fn run(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (Ok(place), accepted) = (tokio::select! {
                next = next => next,
                () = stop.cancelled() => break,
            }) else {
                break;
            };
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, or the client is gone already: others are still there.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            // Small answers must not wait for more to come.
            drop(stream.set_nodelay(true));
            let watched = graceful.watch(connection(self.door.clone(), stream, peer.ip()));
            tokio::spawn(async move {
                // A client that breaks off is no fault of ours.
                drop(watched.await);
                drop(place);
            });
        }
        drop(self.listener);
        if tokio::time::timeout(LAST_ANSWERS, graceful.shutdown()).await.is_err() {
            self.ending.cancel();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// What is said over one stream, with the limits on it.
fn connection<S>(door: Arc<Door>, stream: S, from: IpAddr) -> impl GracefulConnection<Error = hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.pass(request.map(Whole::new), from).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}

/// No events without a message at the beginning of streams (`sse_retry`): they are for those who would go on reading a broken
/// stream, and answers here are short. Clients of earlier revisions do not know them, and VS Code warns of each.
fn sessions() -> LocalSessionManager {
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.sse_retry = None;
    sessions
}

fn config(settings: &HttpSettings, files: Arc<SessionFiles>, ending: CancellationToken) -> StreamableHttpServerConfig {
    let loopback = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let hosts = loopback.into_iter().chain(settings.hosts.iter().cloned());
    let local = ["http", "https"].into_iter().flat_map(|scheme| {
        ["localhost", "127.0.0.1", "[::1]"].into_iter().map(move |host| format!("{scheme}://{host}:*"))
    });
    let mut config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(local.chain(settings.origins.iter().cloned()))
        .enforce_origin_validation()
        .with_max_request_body_bytes(MOST_BODY_BYTES)
        .with_sse_retry(None)
        .with_cancellation_token(ending);
    // Sessions let older clients be asked (elicitation) and told (changed lists); the files let them outlive us.
    config.session_store = Some(files);
    config
}

impl Door {
    async fn pass(&self, request: Request<Whole>, from: IpAddr) -> Response<Body> {
        if request.uri().path() == HEALTH {
            return Response::new(Full::new(Bytes::from_static(b"serving\n")).boxed());
        }
        if request.uri().path().trim_end_matches('/') != "/mcp" {
            return refuse(StatusCode::NOT_FOUND, "The MCP server is at /mcp.");
        }
        let client = match self.client(&request, from) {
            Ok(client) => client,
            Err(response) => return *response,
        };
        if let Err(seconds) = self.limit.take(&client, Instant::now()) {
            return too_often(seconds);
        }
        match *request.method() {
            Method::POST => self.post(request, &client).await,
            Method::GET => self.get(request).await,
            _ => self.service.handle(request).await,
        }
    }

    /// The client that asks: by its token, or by its address where none is needed.
    fn client(&self, request: &Request<Whole>, from: IpAddr) -> Result<String, Box<Response<Body>>> {
        let Some(tokens) = &self.tokens else { return Ok(from.to_string()) };
        let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            shown.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        if let Some(client) = token.and_then(|(_, token)| tokens.client(token.trim())) {
            return Ok(client);
        }
        if let Err(seconds) = self.wrong.take(&from.to_string(), Instant::now()) {
            return Err(Box::new(too_often(seconds)));
        }
        let mut response = refuse(
            StatusCode::UNAUTHORIZED,
            "A bearer token is needed: `backstack mcp install --client NAME` writes one into that client's configuration.",
        );
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        Err(Box::new(response))
    }
}

pub(super) fn too_often(seconds: u64) -> Response<Body> {
    let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, "Too many requests: wait, then go on more slowly.");
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

pub(super) fn refuse(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{text}\n"))).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
