//! What happens, as typed events; who shows them is somebody else's business.
//!
//! Work is told per *subject*: one line on the screen (`cluster`, or a component's name). A
//! subject goes through phases and ends with an outcome. Library code gets a [`Progress`], which
//! is a [`Reporter`] bound to one subject.

pub mod frame;
pub mod json;
pub mod logged;
pub mod plain;
pub mod recorder;
pub mod state;
pub mod terminal;
pub mod units;

use std::sync::Arc;

use serde::Serialize;

/// Receives events. Must not block: events come from the middle of the work.
pub trait Reporter: Send + Sync {
    fn report(&self, event: Event);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What is about to be done.
    Planned(Planned),
    /// A subject exists but waits for others (`needs cert-manager`).
    Queued { subject: String, detail: String },
    /// A subject entered a phase.
    Phase { subject: String, phase: Phase },
    /// What a subject is doing or waiting for at this moment; replaces the one before.
    Detail { subject: String, detail: String },
    /// Bytes moved of one item (an image, a download) for a subject.
    Bytes { subject: String, item: String, done: u64, total: Option<u64> },
    /// A subject is through.
    Finished { subject: String, outcome: Outcome, detail: String, seconds: f64 },
    /// Something a person should know, not tied to the subject's end.
    Warning { subject: Option<String>, message: String },
    /// A fact worth a line (which image source was taken, and why).
    Note { message: String },
}

/// The head line of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    pub platform: String,
    pub stack: String,
    pub version: String,
    /// Subjects in the order in which they should be listed.
    pub subjects: Vec<String>,
    pub images: usize,
    /// Bytes of all images, where they are known before anything is fetched.
    pub image_bytes: Option<u64>,
    /// Bytes that still have to be fetched, where known.
    pub fetch_bytes: Option<u64>,
}

/// Where a subject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its images are being built from packages.
    Building,
    /// Its images are being fetched or pushed to the local registry.
    Images,
    /// It is being created or applied.
    Applying,
    /// It is starting; the detail says what blocks.
    Starting,
    /// It is being removed.
    Removing,
}

/// How a subject ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Created,
    Changed,
    Unchanged,
    Removed,
    Failed,
    /// Not tried, because something it needs failed.
    Skipped,
}

/// A reporter bound to one subject.
#[derive(Clone)]
pub struct Progress {
    reporter: Arc<dyn Reporter>,
    subject: Arc<str>,
}

impl Progress {
    pub fn new(reporter: Arc<dyn Reporter>, subject: &str) -> Self {
        Self { reporter, subject: subject.into() }
    }

    /// A progress that nobody sees, for tests and silent work.
    pub fn silent() -> Self {
        struct Nobody;
        impl Reporter for Nobody {
            fn report(&self, _: Event) {}
        }
        Self::new(Arc::new(Nobody), "")
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn reporter(&self) -> Arc<dyn Reporter> {
        self.reporter.clone()
    }

    pub fn phase(&self, phase: Phase) {
        self.reporter.report(Event::Phase { subject: self.subject.to_string(), phase });
    }

    pub fn detail(&self, detail: impl Into<String>) {
        self.reporter.report(Event::Detail { subject: self.subject.to_string(), detail: detail.into() });
    }

    pub fn bytes(&self, item: &str, done: u64, total: Option<u64>) {
        let (subject, item) = (self.subject.to_string(), item.to_string());
        self.reporter.report(Event::Bytes { subject, item, done, total });
    }

    pub fn finished(&self, outcome: Outcome, detail: impl Into<String>, seconds: f64) {
        let subject = self.subject.to_string();
        self.reporter.report(Event::Finished { subject, outcome, detail: detail.into(), seconds });
    }

    pub fn warn(&self, message: impl Into<String>) {
        let subject = Some(self.subject.to_string());
        self.reporter.report(Event::Warning { subject, message: message.into() });
    }
}
