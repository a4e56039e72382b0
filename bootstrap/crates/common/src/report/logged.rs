//! Events into the log, beside wherever else they go.

use std::sync::Arc;

use super::{Event, Reporter};

/// Passes events on, and writes all but the counting of bytes into the log.
pub struct Logged(Arc<dyn Reporter>);

impl Logged {
    /// Writes the log beside this reporter, which gets every event unchanged.
    pub fn over(reporter: Arc<dyn Reporter>) -> Self {
        Self(reporter)
    }
}

impl Reporter for Logged {
    fn report(&self, event: Event) {
        match &event {
            Event::Bytes { .. } => {}
            Event::Planned(planned) => tracing::info!(?planned),
            Event::Queued { subject, detail } => tracing::info!("{subject}: queued: {detail}"),
            Event::Phase { subject, phase } => tracing::info!("{subject}: {phase:?}"),
            Event::Detail { subject, detail } => tracing::debug!("{subject}: {detail}"),
            Event::Finished { subject, outcome, detail, seconds } => {
                tracing::info!(seconds, "{subject}: {outcome:?}: {detail}");
            }
            Event::Warning { subject, message } => {
                tracing::warn!("{}: {message}", subject.as_deref().unwrap_or("platform"));
            }
            Event::Note { message } => tracing::info!("{message}"),
        }
        self.0.report(event);
    }
}
