//! How steps end, and the one wait that several of them share.

use tokio::time::Instant;

use crate::error::Failure;
use crate::images::registry::Registry;
use crate::report::Outcome;
use crate::target::local::REGISTRY_DEADLINE;

/// How a step ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What the step came to.
    pub outcome: Outcome,
    /// A few words for the subject's line, or nothing.
    pub detail: String,
}

impl Ended {
    /// An end that needs no words.
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self { outcome, detail: String::new() }
    }

    pub(super) fn with(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into() }
    }

    pub(super) fn changed(changed: bool) -> Self {
        Self::new(if changed { Outcome::Created } else { Outcome::Unchanged })
    }
}

/// Waits until a registry answers.
pub(super) async fn await_answer(local: &Registry) -> Result<(), Failure> {
    let deadline = Instant::now() + REGISTRY_DEADLINE;
    while !local.answers_or_waits(deadline).await? {}
    Ok(())
}
