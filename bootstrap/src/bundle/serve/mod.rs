//! Lets other machines fetch a bundle from this one.
//!
//! ```text
//! page       what a browser is shown
//! addresses  under which this machine is reached
//! ```
//!
//! Files are sent in parts where that is asked for, so that a fetch that broke off goes on where it stopped.

mod addresses;
mod page;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::error::{ExitKind, Explain};
use crate::images::bundle::About;

/// Fetches at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
const HEADER_TIME: std::time::Duration = std::time::Duration::from_secs(10);

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The bundle cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {listen}")]
    Listen { listen: SocketAddr, source: std::io::Error },
    #[error("{} cannot be served: {why}", .path.display())]
    File { path: PathBuf, why: String },
}

impl Explain for ServeError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Listen { .. } => ExitKind::Prerequisite,
            Self::File { .. } => ExitKind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Listen { .. } => "Choose another address with `--listen`, as `--listen 0.0.0.0:9000`.".into(),
            Self::File { .. } => "Name whole files that you can read.".into(),
        }]
    }
}

/// A file that is served under its own name.
#[derive(Debug, Clone)]
pub struct Served {
    pub path: PathBuf,
    pub name: String,
    pub bytes: u64,
}

impl Served {
    /// A file as it is now.
    ///
    /// # Errors
    /// It is not there, or no file.
    pub fn of(path: &Path) -> Result<Self, ServeError> {
        let looked = path.metadata().and_then(|file| match file.is_file() {
            true => Ok(file.len()),
            false => Err(std::io::Error::other("it is no file")),
        });
        let bytes = looked.map_err(|error| ServeError::File { path: path.into(), why: error.to_string() })?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { path: path.into(), name, bytes })
    }
}

/// A server that listens, with what people need to know.
pub struct Server {
    listener: TcpListener,
    hall: Arc<Hall>,
    /// Addresses of the page, the most likely first.
    pub addresses: Vec<String>,
}

/// What every request is answered from.
struct Hall {
    about: About,
    bundle: Served,
    programs: Vec<Served>,
}

impl Server {
    /// Listens; nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// [`ServeError::Listen`]
    pub async fn bind(
        listen: SocketAddr,
        about: About,
        bundle: Served,
        programs: Vec<Served>,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let addresses = addresses::of(bound).into_iter().map(|address| format!("http://{address}")).collect();
        Ok(Self { listener, hall: Arc::new(Hall { about, bundle, programs }), addresses })
    }

    /// The first address as a picture for a terminal.
    pub fn picture(&self) -> Option<String> {
        let code = QrCode::new(self.addresses.first()?.as_bytes()).ok()?;
        // Dark on light, also where a terminal is dark.
        Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
    }

    /// Serves until this is dropped.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
            // Too many open files, or a client that went: the next one may have more luck.
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            let hall = self.hall.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let hall = hall.clone();
                    async move { Ok::<_, Infallible>(hall.answer(request).await) }
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

impl Hall {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let name = request.uri().path().trim_start_matches('/');
        if name.is_empty() {
            let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            return text(
                StatusCode::OK,
                "text/html; charset=utf-8",
                page::show(host, &self.about, &self.bundle, &self.programs),
            );
        }
        let served = self.programs.iter().chain([&self.bundle]).find(|served| served.name == name);
        let Some(served) = served.map(|served| served.path.clone()) else {
            return text(StatusCode::NOT_FOUND, "text/plain", format!("there is no {name} here\n"));
        };
        let Ok(answer) = ServeFile::new_with_mime(served, &OCTETS).oneshot(request).await;
        answer.map(|body| body.boxed_unsync())
    }
}

static OCTETS: std::sync::LazyLock<mime::Mime> = std::sync::LazyLock::new(|| mime::APPLICATION_OCTET_STREAM);

fn text(status: StatusCode, kind: &str, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, kind).body(body);
    answer.expect("a status and a type are an answer")
}
