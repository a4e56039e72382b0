//! Reports of many machines, kept in a folder and shown on one page.
//!
//! ```text
//! folder   one file a machine
//! page     what a browser is shown
//! ```

mod folder;
mod page;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::report::{LARGEST, Report};
use crate::room::{self, Body, Door, ListenError};

pub use folder::{CollectError, Collected, Row};

/// What a machine may take to send its report.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes reports, and shows them.
#[derive(Clone)]
pub struct Reports {
    folder: Arc<folder::Folder>,
}

impl Reports {
    /// Where reports are taken, without the slash before it.
    pub const PATH: &str = "reports";

    /// Keeps them in this folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`CollectError::Folder`]
    pub fn in_folder(path: PathBuf) -> Result<Self, CollectError> {
        Ok(Self { folder: Arc::new(folder::Folder::open(path)?) })
    }

    /// Listens; nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn open(listen: SocketAddr) -> Result<Door, ListenError> {
        Door::open(listen).await
    }

    /// Takes reports and shows them until this is dropped.
    pub async fn run(self, door: Door) {
        let answer = move |request: Request<Incoming>| {
            let reports = self.clone();
            async move {
                match request.uri().path().trim_start_matches('/') {
                    "" | Self::PATH => reports.answer(request).await,
                    name => room::text(StatusCode::NOT_FOUND, format!("there is no {name} here\n")),
                }
            }
        };
        door.run(answer).await;
    }

    /// A report is taken, or the page is shown.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match *request.method() {
            Method::GET | Method::HEAD => self.show().await,
            Method::POST => match self.take(request).await {
                Ok(machine) => room::text(StatusCode::CREATED, format!("taken: {machine}\n")),
                Err((status, why)) => room::text(status, why + "\n"),
            },
            _ => room::text(StatusCode::METHOD_NOT_ALLOWED, "a report comes by POST\n"),
        }
    }

    async fn show(&self) -> Response<Body> {
        let folder = self.folder.clone();
        match tokio::task::spawn_blocking(move || folder.read()).await {
            Ok(Ok(collected)) => room::page(page::show(&collected)),
            Ok(Err(error)) => room::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
            Err(error) => room::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }

    /// The machine whose report was taken, or why it was not.
    async fn take(&self, request: Request<Incoming>) -> Result<String, (StatusCode, String)> {
        // A page that somebody's browser has open cannot send this type to another host.
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "a report is application/json".into()));
        }
        let body = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), LARGEST).collect()).await;
        let bytes = match body {
            Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "the report took too long".into())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let why = format!("a report has at most {} KiB", LARGEST >> 10);
                return Err((StatusCode::PAYLOAD_TOO_LARGE, why));
            }
            Ok(Err(error)) => return Err((StatusCode::BAD_REQUEST, error.to_string())),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let report = Report::read(&bytes).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
        let (folder, machine) = (self.folder.clone(), report.machine.clone());
        let kept = tokio::task::spawn_blocking(move || folder.keep(&report)).await;
        match kept.unwrap_or_else(|error| Err(CollectError::internal(&error))) {
            Ok(()) => Ok(machine),
            Err(error @ CollectError::Full { .. }) => Err((StatusCode::INSUFFICIENT_STORAGE, error.to_string())),
            Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        }
    }
}

/// All reports of a folder.
///
/// # Errors
/// [`CollectError::Folder`]
pub fn read(folder: PathBuf) -> Result<Collected, CollectError> {
    folder::Folder::there(folder)?.read()
}
