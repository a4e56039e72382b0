//! The program under test while it runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{HTTP, HTTPS};
use backstack_end_to_end::Platform;

const PATIENCE: Duration = Duration::from_secs(180);

/// `up` with its events as they come.
pub(crate) struct Running {
    child: Child,
    events: Receiver<Value>,
    seen: Vec<Value>,
}

/// How it ended.
pub(crate) struct Ended {
    /// None if a signal killed it.
    pub code: Option<i32>,
    pub events: Vec<Value>,
    /// From what ended it to the end.
    pub took: Duration,
}

impl Ended {
    /// All errors that it told, in order.
    pub(crate) fn errors(&self) -> Vec<&Value> {
        self.events.iter().filter(|event| event["event"] == "error").collect()
    }

    /// The error whose message has this text.
    pub(crate) fn error(&self, text: &str) -> &Value {
        let errors = self.errors();
        let found = errors.iter().find(|error| error["messages"].to_string().contains(text));
        found.unwrap_or_else(|| panic!("no error says `{text}`: {errors:#?}"))
    }
}

/// The command of `up -o json` on the tests' ports.
pub(crate) fn up(platform: &Platform, stack: &str) -> Command {
    up_from(platform, stack, "source")
}

/// With images from other places than packages.
pub(crate) fn up_from(platform: &Platform, stack: &str, images: &str) -> Command {
    let (http, https) = (HTTP.to_string(), HTTPS.to_string());
    let arguments = ["up", "--images", images, "--stack", stack, "--http-port", &http, "--https-port", &https];
    platform.command(&[&arguments[..], &["-o", "json"]].concat())
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program under test");
        let lines = BufReader::new(child.stdout.take().expect("stdout"));
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self { child, events, seen: Vec::new() }
    }

    /// Waits for an event with this text in it.
    pub(crate) fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    let found = event.to_string().contains(text);
                    self.seen.push(event);
                    if found {
                        return;
                    }
                }
                Err(end) => panic!("never told `{text}` ({end}): {:#?}", self.seen),
            }
        }
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(self) -> Ended {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("send the signal");
        self.end()
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("kill");
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let start = Instant::now();
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(event) => self.seen.push(event),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    drop(self.child.kill());
                    panic!("still running: {:#?}", self.seen);
                }
            }
        }
        let status = self.child.wait().expect("its status");
        Ended { code: status.code(), events: self.seen, took: start.elapsed() }
    }
}
