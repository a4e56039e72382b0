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
    /// Takes one event; events of one subject come in the order in which they happened.
    fn report(&self, event: Event);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What is about to be done.
    Planned(Planned),
    /// A subject exists but waits for others (`needs cert-manager`).
    Queued {
        /// Name of a component, a node, or another part that has a line of its own.
        subject: String,
        /// What it waits for, as `needs cert-manager`.
        detail: String,
    },
    /// A subject entered a phase.
    Phase {
        /// Name of what enters it.
        subject: String,
        /// The phase that begins now.
        phase: Phase,
    },
    /// What a subject is doing or waiting for at this moment; replaces the one before.
    Detail {
        /// Name of what does it or waits.
        subject: String,
        /// One short text without a subject, as `pulling 3 of 7 images`.
        detail: String,
    },
    /// Bytes moved of one item (an image, a download) for a subject.
    Bytes {
        /// Name of what the item is for; several may wait for one item.
        subject: String,
        /// Name of what moves, as an image's reference.
        item: String,
        /// Bytes moved so far, not since the event before.
        done: u64,
        /// Bytes to be moved in all; `None` while that is not known.
        total: Option<u64>,
    },
    /// A subject is through.
    Finished {
        /// Name of what is through.
        subject: String,
        /// How it ended.
        outcome: Outcome,
        /// What there is to say of the end, as the reason of a failure; may be empty.
        detail: String,
        /// How long it took.
        seconds: f64,
    },
    /// Something a person should know, not tied to the subject's end.
    Warning {
        /// Name of what it came up with; `None` if it concerns the whole run.
        subject: Option<String>,
        /// The warning as one sentence or more.
        message: String,
    },
    /// A fact worth a line (which image source was taken, and why).
    Note {
        /// The fact, in one line.
        message: String,
    },
}

/// The head line of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// Name of the platform (`--name`).
    pub platform: String,
    /// Name of its stack; empty where a command concerns none, as `stop`.
    pub stack: String,
    /// Version of that stack; empty if it has none or it does not matter.
    pub version: String,
    /// Subjects in the order in which they should be listed.
    pub subjects: Vec<String>,
    /// How many images the run needs; 0 for a command that brings none.
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
    /// It was not there before.
    Created,
    /// It was there, and is another one now.
    Changed,
    /// It was as it should be, and nothing was done.
    Unchanged,
    /// It was there, and is gone.
    Removed,
    /// It could not be done; the detail says why.
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
    /// Reports to `reporter`, in the name of `subject`.
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

    /// Name under which its events are reported; empty for a silent one.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Where its events go, for further subjects of the same run.
    pub fn reporter(&self) -> Arc<dyn Reporter> {
        self.reporter.clone()
    }

    /// Reports that the subject enters a phase.
    pub fn phase(&self, phase: Phase) {
        self.reporter.report(Event::Phase { subject: self.subject.to_string(), phase });
    }

    /// Reports what the subject does or waits for now; replaces what was said before.
    pub fn detail(&self, detail: impl Into<String>) {
        self.reporter.report(Event::Detail { subject: self.subject.to_string(), detail: detail.into() });
    }

    /// Reports how many bytes of an item have moved so far, and of how many if that is known.
    pub fn bytes(&self, item: &str, done: u64, total: Option<u64>) {
        let (subject, item) = (self.subject.to_string(), item.to_string());
        self.reporter.report(Event::Bytes { subject, item, done, total });
    }

    /// Reports that the subject is through, with what to say of it and how many seconds it took.
    pub fn finished(&self, outcome: Outcome, detail: impl Into<String>, seconds: f64) {
        let subject = self.subject.to_string();
        self.reporter.report(Event::Finished { subject, outcome, detail: detail.into(), seconds });
    }

    /// Reports something about the subject that a person should know.
    pub fn warn(&self, message: impl Into<String>) {
        let subject = Some(self.subject.to_string());
        self.reporter.report(Event::Warning { subject, message: message.into() });
    }
}
