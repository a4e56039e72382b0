//! The log of a run: what was done, asked and answered, for whoever looks into one that failed.
//!
//! ```text
//! file    the log of the last run of each command, in the user's state folder
//! http    requests over HTTP, with status and time
//! ```
//!
//! On standard error it is for those who ask, with `-v`, `-vv` or `--log`. A run that changes something writes it into
//! a file as well, which the error at its end names. Requests are told by method and address, never by their headers or
//! bodies: no secret gets in.

mod file;
mod http;

use std::path::PathBuf;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{self, time::uptime};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use file::{Command, forget};
pub use http::send;

/// What a run writes into its file: our own steps, and each request to an engine, a registry or an API server.
const IN_FILES: (Level, Level) = (Level::DEBUG, Level::DEBUG);

/// What is shown on standard error: nothing, so much of it (`-v`, `-vv`), or what a filter says.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// How often `-v` was given.
    pub verbose: u8,
    /// A filter in the form of `RUST_LOG`, as `backstack=debug,kube=info`; it stands above `verbose`.
    pub filter: Option<Targets>,
}

impl Shown {
    /// Whether anything is shown at all.
    pub fn any(&self) -> bool {
        self.verbose > 0 || self.filter.is_some()
    }

    fn targets(&self) -> Option<Targets> {
        match (&self.filter, self.verbose) {
            (Some(filter), _) => Some(filter.clone()),
            (None, 0) => None,
            (None, 1) => Some(levels(Level::DEBUG, Level::WARN)),
            (None, _) => Some(levels(Level::TRACE, Level::DEBUG)),
        }
    }
}

/// Starts the log of this process; later calls change nothing. For a command on a platform, its file is begun.
///
/// Gives the file, unless there is no state folder or it cannot be written: a run that could do its work is not ended for
/// want of a log.
pub fn start(shown: &Shown, run: Option<(Command, &str)>) -> Option<PathBuf> {
    let (path, file) = run.and_then(|(command, platform)| file::begin(command, platform)).unzip();
    let to_stderr = shown.targets().map(|targets| {
        let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_timer(uptime());
        layer.with_span_events(FmtSpan::CLOSE).with_filter(targets)
    });
    let to_file = file.map(|file| {
        let layer = fmt::layer().with_writer(file).with_ansi(false);
        layer.with_span_events(FmtSpan::CLOSE).with_filter(levels(IN_FILES.0, IN_FILES.1))
    });
    if to_stderr.is_none() && to_file.is_none() {
        return None;
    }
    tracing_subscriber::registry().with(to_stderr).with(to_file).try_init().ok()?;
    log_panics();
    path
}

/// Our own crates, and the client of the API server.
fn levels(own: Level, client: Level) -> Targets {
    Targets::new().with_default(Level::WARN).with_targets([
        ("backstack", own),
        ("backstack_mcp", own),
        ("kube", client),
        ("kube_client", client),
    ])
}

/// A panic is a fault of ours: what led to it is in the log, so it belongs there, too.
fn log_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        usual(panic);
    }));
}

/// Whether a filter can be read, for the command line.
///
/// # Errors
/// What is wrong with it.
pub fn filter(text: &str) -> Result<Targets, String> {
    text.parse().map_err(|error| format!("{error}; give targets with levels, as `backstack=debug,kube=info`"))
}
