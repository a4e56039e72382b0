//! Lets other machines fetch a bundle from this one.
//!
//! ```text
//! page       what a browser is shown
//! ```
//!
//! Files are sent in parts where that is asked for, so that a fetch that broke off goes on where it stopped.

mod page;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::doctor::collect::Reports;
use crate::error::{ExitKind, Explain};
use crate::images::bundle::About;
use crate::room::{self, Body, Door, ListenError};

/// The bundle cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be served: {why}", .path.display())]
pub struct ServeError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What the system says, or that it is no file.
    pub why: String,
}

impl Explain for ServeError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec!["Name whole files that you can read.".into()]
    }
}

/// A file that is served under its own name.
#[derive(Debug, Clone)]
pub struct Served {
    /// Where it lies on this machine.
    pub path: PathBuf,
    /// Last part of its path, which is its path on the server too.
    pub name: String,
    /// Its size when it was looked at.
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
        let bytes = looked.map_err(|error| ServeError { path: path.into(), why: error.to_string() })?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { path: path.into(), name, bytes })
    }
}

/// A server that listens.
pub struct Server {
    /// The open port, with what every request has to pass.
    pub door: Door,
    hall: Arc<Hall>,
}

/// What every request is answered from.
struct Hall {
    about: About,
    bundle: Served,
    others: Others,
}

/// What is offered besides the bundle.
#[derive(Default)]
pub struct Others {
    /// Programs to run the bundle with, one for each kind of machine.
    pub programs: Vec<Served>,
    /// What the bundle stands on, each under the name by which it is looked for.
    pub bases: Vec<Served>,
    /// Takes reports of `doctor`.
    pub reports: Option<Reports>,
}

impl Server {
    /// Listens; nothing is answered before [`Self::run`]. Reports of `doctor` are taken at `/reports`.
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn bind(listen: SocketAddr, about: About, bundle: Served, others: Others) -> Result<Self, ListenError> {
        let hall = Arc::new(Hall { about, bundle, others });
        Ok(Self { door: Door::open(listen).await?, hall })
    }

    /// Serves until this is dropped.
    pub async fn run(self) {
        let hall = self.hall;
        let answer = move |request| {
            let hall = hall.clone();
            async move { hall.answer(request).await }
        };
        self.door.run(answer).await;
    }
}

impl Hall {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let name = request.uri().path().trim_start_matches('/');
        if name.is_empty() {
            let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            return room::page(page::show(host, &self.about, &self.bundle, &self.others));
        }
        if let Some(reports) = self.others.reports.as_ref().filter(|_| name == Reports::PATH) {
            return reports.answer(request).await;
        }
        let all = self.others.programs.iter().chain(&self.others.bases).chain([&self.bundle]);
        let served = { all }.find(|served| served.name == name);
        let Some(served) = served.map(|served| served.path.clone()) else {
            return room::text(StatusCode::NOT_FOUND, format!("there is no {name} here\n"));
        };
        let Ok(answer) = ServeFile::new_with_mime(served, &OCTETS).oneshot(request).await;
        answer.map(|body| body.boxed_unsync())
    }
}

static OCTETS: std::sync::LazyLock<mime::Mime> = std::sync::LazyLock::new(|| mime::APPLICATION_OCTET_STREAM);
