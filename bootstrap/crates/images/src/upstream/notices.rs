//! What a person should know of the registries' credentials, said once, whenever there is somebody to tell.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use backstack_common::report::{Event, Reporter};

/// Warnings that come before anybody listens are kept until then.
#[derive(Default)]
pub(super) struct Notices {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: BTreeSet<String>,
    waiting: Vec<String>,
    reporter: Option<Arc<dyn Reporter>>,
}

impl Notices {
    pub(super) fn warn(&self, message: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.told.insert(message.clone()) {
            return;
        }
        match &state.reporter {
            Some(reporter) => reporter.report(Event::Warning { subject: None, message }),
            None => state.waiting.push(message),
        }
    }

    /// What nobody was told yet.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }

    /// Tells what waits, and everything from now on.
    pub(super) fn report_to(&self, reporter: Arc<dyn Reporter>) {
        for message in self.take() {
            reporter.report(Event::Warning { subject: None, message });
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).reporter = Some(reporter);
    }
}
