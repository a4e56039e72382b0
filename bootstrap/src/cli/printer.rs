//! Owns stdout and stderr: nothing else prints.
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::stdout::Stdout;
use super::{Output, render};
use crate::error::{ExitKind, Failure};
use crate::report::json::{self, JsonLines};
use crate::report::{Reporter, logged::Logged, plain::Plain, terminal::Terminal};

/// Prints facts, events and failures in the form that was asked for.
pub(super) struct Printer {
    output: Output,
    stdout: Stdout,
    log: Option<PathBuf>,
    /// Whether standard error is for the log: a live display would be torn by it.
    lines_only: bool,
}

impl Printer {
    pub(super) fn new(output: Output) -> Self {
        Self { output, stdout: Stdout::default(), log: None, lines_only: false }
    }

    /// With a log: errors name its file, and progress is shown in lines where the log is shown beside it.
    pub(super) fn with_log(self, file: Option<PathBuf>, shown: bool) -> Self {
        Self { log: file, lines_only: shown, ..self }
    }

    /// Facts: as JSON if that was asked for, else as this text.
    pub(super) fn facts(&self, facts: &impl Serialize, text: impl FnOnce() -> String) {
        match self.output {
            Output::Text => self.text(&text()),
            Output::Json => {
                let text = serde_json::to_string_pretty(facts).expect("facts are plain data");
                self.text(&format!("{text}\n"));
            }
        }
    }

    /// A text for people; nothing where JSON was asked for.
    pub(super) fn people(&self, text: impl FnOnce() -> String) {
        if self.output == Output::Text {
            self.text(&text());
        }
    }

    /// Text to stdout as it is. A reader that has enough (`| head`) is no error.
    pub(super) fn text(&self, text: &str) {
        self.stdout.put(text.as_bytes());
    }

    /// What another program says, as it is, on the end that it chose.
    pub(super) fn said(&self, bytes: &[u8], error: bool) {
        match error {
            true => drop(std::io::stderr().lock().write_all(bytes)),
            false => self.stdout.put(bytes),
        }
    }

    /// One line of the event stream, with the time; nothing where text was asked for.
    pub(super) fn event(&self, mut event: Value) {
        if self.output == Output::Json {
            event["time"] = json::now().unwrap_or_default().into();
            self.text(&format!("{event}\n"));
        }
    }

    /// What shows the progress of long work: events as JSON lines on stdout, a live display on a terminal, plain
    /// lines elsewhere.
    pub(super) fn reporter(&self) -> Arc<dyn Reporter> {
        let shown: Arc<dyn Reporter> = match self.output {
            Output::Json => Arc::new(JsonLines::new(self.stdout.clone())),
            Output::Text if std::io::stderr().is_terminal() && !self.lines_only => Arc::new(Terminal::stderr()),
            Output::Text => Arc::new(Plain::stderr()),
        };
        Arc::new(Logged::over(shown))
    }

    /// Why the program ends.
    pub(super) fn failure(&self, failure: &Failure) {
        // What was typed or written may be a secret, and such an error names no log.
        match failure.kind {
            ExitKind::Usage => tracing::error!("refused because of what was typed or written"),
            kind => tracing::error!(?kind, details = ?failure.details, "{}", failure.messages.join(": ")),
        }
        let log = self.log_of(failure);
        match self.output {
            Output::Text => complain(&render::failure(failure, log.as_deref())),
            Output::Json => {
                let mut event = json!({
                    "event": "error",
                    "exit_code": failure.kind.code(),
                    "messages": failure.messages,
                    "details": failure.details,
                    "hints": failure.hints,
                });
                if let Some(log) = &log {
                    event["log"] = log.as_str().into();
                }
                self.event(event);
                if self.stdout.failure().is_some() {
                    complain(&render::failure(failure, log.as_deref()));
                }
            }
        }
    }

    /// The log, where it can tell more than the error: one about what was typed, or what a machine lacks, says it all.
    fn log_of(&self, failure: &Failure) -> Option<String> {
        let explains = !matches!(failure.kind, ExitKind::Usage | ExitKind::Prerequisite | ExitKind::Interrupted);
        self.log.as_ref().filter(|_| explains).map(|file| file.display().to_string())
    }

    /// The exit code of a command that ended with this one: what nobody could read is not done.
    pub(super) fn ended(&self, code: u8) -> u8 {
        let Some(why) = self.stdout.failure() else { return code };
        complain(&format!("error: the answer cannot be written to stdout: {why}\n"));
        if code == 0 { ExitKind::Internal.code() } else { code }
    }
}

/// Text to stderr. There is nobody left to tell if that fails.
fn complain(text: &str) {
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
