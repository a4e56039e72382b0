//! Keeps events, for tests.

use std::sync::{Mutex, PoisonError};

use super::{Event, Reporter};

/// A reporter that remembers everything in order.
#[derive(Debug, Default)]
pub struct Recorder {
    events: Mutex<Vec<Event>>,
}

impl Recorder {
    /// Starts with no events.
    pub fn new() -> Self {
        Self::default()
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Reporter for Recorder {
    fn report(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::{Outcome, Phase, Progress};

    #[test]
    fn events_are_kept_in_order() {
        let recorder = Arc::new(Recorder::new());
        let progress = Progress::new(recorder.clone(), "shop");
        progress.phase(Phase::Starting);
        progress.finished(Outcome::Created, "fine", 2.0);
        let subject = || "shop".to_string();
        assert_eq!(
            recorder.events(),
            [
                Event::Phase { subject: subject(), phase: Phase::Starting },
                Event::Finished { subject: subject(), outcome: Outcome::Created, detail: "fine".into(), seconds: 2.0 },
            ]
        );
    }
}
