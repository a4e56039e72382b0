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
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{self, time::uptime};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use file::{Command, forget, forget_run};
pub use http::send;

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
        layer.with_span_events(FmtSpan::CLOSE).with_filter(levels(Level::DEBUG, Level::DEBUG))
    });
    if to_stderr.is_none() && to_file.is_none() {
        return None;
    }
    tracing_subscriber::registry().with(to_stderr).with(to_file).try_init().ok()?;
    log_panics();
    path
}

/// Our own crates, and requests to the API server. Whatever else its client logs may have what an answer says in it.
fn levels(own: Level, client: Level) -> Targets {
    Targets::new().with_default(Level::WARN).with_targets([
        ("backstack", own),
        ("kube", Level::ERROR),
        ("kube_client::client::builder", client),
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

/// What the command line, or a variable, says of the log.
#[derive(Debug, Clone)]
pub struct Filter(Option<Targets>);

impl Filter {
    /// What passes; nothing said, as by an empty variable, is none.
    pub fn targets(&self) -> Option<Targets> {
        self.0.clone()
    }
}

/// Reads a filter, for the command line.
///
/// # Errors
/// What is wrong with it.
pub fn filter(text: &str) -> Result<Filter, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Filter(None));
    }
    let advice = "give a level, or targets with levels, as `backstack=debug,kube=info`";
    // A misspelt level would be taken for a target, and nothing would be shown.
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok();
    if let Some(word) = text.split(',').map(str::trim).find(|word| !word.contains('=') && !is_level(word)) {
        return Err(format!("`{word}` is no level; {advice}"));
    }
    text.parse().map(|targets| Filter(Some(targets))).map_err(|error| format!("{error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_something_or_nothing() {
        for nothing in ["", " "] {
            assert_eq!(filter(nothing).expect("a filter").targets(), None, "{nothing:?}");
        }
        for good in ["debug", "off", "backstack=debug,kube=info", "warn,backstack::docker=trace"] {
            assert!(filter(good).expect("a filter").targets().is_some(), "{good}");
        }
        for bad in ["debg", "backstack", "backstack=loud", "debug,kube"] {
            assert!(filter(bad).expect_err(bad).contains("backstack=debug"), "{bad}");
        }
    }

    #[test]
    fn of_the_api_servers_client_only_requests_are_logged() {
        let levels = levels(Level::TRACE, Level::DEBUG);
        let shown = |target: &str, level: Level| levels.would_enable(target, &level);
        assert!(shown("kube_client::client::builder", Level::DEBUG));
        assert!(!shown("kube_client::client", Level::WARN) && !shown("kube_runtime::watcher", Level::DEBUG));
        assert!(shown("backstack::docker::engine", Level::TRACE) && shown("backstack_mcp::http", Level::TRACE));
    }
}
