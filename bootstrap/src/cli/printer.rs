//! Owns stdout and stderr: nothing else prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Output, render};
use crate::error::Failure;
use crate::report::json::{self, JsonLines};
use crate::report::{Reporter, plain::Plain, terminal::Terminal};

/// Prints facts, events and failures in the form that was asked for.
pub struct Printer {
    output: Output,
}

impl Printer {
    pub(super) fn new(output: Output) -> Self {
        Self { output }
    }

    /// Facts: as JSON if that was asked for, else as this text.
    pub fn facts(&self, facts: &impl Serialize, text: impl FnOnce() -> String) {
        match self.output {
            Output::Text => self.text(&text()),
            Output::Json => {
                let text = serde_json::to_string_pretty(facts).expect("facts are plain data");
                self.text(&format!("{text}\n"));
            }
        }
    }

    /// A text for people; nothing where JSON was asked for.
    pub fn people(&self, text: impl FnOnce() -> String) {
        if self.output == Output::Text {
            self.text(&text());
        }
    }

    /// Text to stdout as it is. A reader that has enough (`| head`) is no error.
    pub fn text(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// One line of the event stream, with the time; nothing where text was asked for.
    pub fn event(&self, mut event: Value) {
        if self.output == Output::Json {
            event["time"] = json::now().unwrap_or_default().into();
            self.text(&format!("{event}\n"));
        }
    }

    /// What shows the progress of long work: events as JSON lines on stdout, a live display on a terminal, plain
    /// lines elsewhere.
    pub fn reporter(&self) -> Arc<dyn Reporter> {
        match self.output {
            Output::Json => Arc::new(JsonLines::new(std::io::stdout())),
            Output::Text if std::io::stderr().is_terminal() => Arc::new(Terminal::stderr()),
            Output::Text => Arc::new(Plain::stderr()),
        }
    }

    /// Why the program ends.
    pub fn failure(&self, failure: &Failure) {
        match self.output {
            Output::Text => eprint!("{}", render::failure(failure)),
            Output::Json => {
                self.event(json!({
                    "event": "error",
                    "exit_code": failure.kind.code(),
                    "messages": failure.messages,
                    "details": failure.details,
                    "hints": failure.hints,
                }));
            }
        }
    }
}
