//! One call of a tool, as the tool sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::question::{Confirmed, Question};
use crate::answer::DEFAULT_MAX_TOKENS;
use crate::error::{ErrorKind, ToolError};

/// Receives progress of a call. Must not block.
pub trait ProgressSink: Send + Sync {
    /// `done` grows with every report; `total` where it is known.
    fn progress(&self, done: f64, total: Option<f64>, message: &str);
}

/// One call: its budget, its cancellation, where progress goes, what the user confirmed.
#[derive(Clone)]
pub struct Call {
    /// About how many tokens the answer may take. Tools need it only to fetch less; the answer is cut anyway.
    pub max_tokens: usize,
    /// Cancelled when the caller gives up. Dropped futures are the usual way; this is for work in the background.
    pub cancelled: CancellationToken,
    progress: Option<Arc<dyn ProgressSink>>,
    confirmed: BTreeMap<String, Confirmed>,
    /// The protocol's own view of the call; for fixtures of the conformance suite, never for tools.
    #[cfg(feature = "conformance")]
    pub protocol: Protocol,
}

/// What only fixtures of the conformance suite see of a call.
#[cfg(feature = "conformance")]
#[derive(Clone, Default)]
pub struct Protocol {
    pub context: Option<Arc<rmcp::service::RequestContext<rmcp::RoleServer>>>,
    /// Answers to further inputs.
    pub inputs: BTreeMap<String, serde_json::Value>,
    /// The state that the caller echoed.
    pub request_state: Option<String>,
}

impl Call {
    /// A call that nobody watches, as the command line makes it.
    pub fn quiet() -> Self {
        Self {
            max_tokens: DEFAULT_MAX_TOKENS,
            cancelled: CancellationToken::new(),
            progress: None,
            confirmed: BTreeMap::new(),
            #[cfg(feature = "conformance")]
            protocol: Protocol::default(),
        }
    }

    /// Reports progress to this.
    #[must_use]
    pub fn with_progress(mut self, sink: Arc<dyn ProgressSink>) -> Self {
        self.progress = Some(sink);
        self
    }

    /// Adds what the user said to a question, by the question's digest.
    #[must_use]
    pub fn with_confirmation(mut self, digest: String, confirmed: Confirmed) -> Self {
        self.confirmed.insert(digest, confirmed);
        self
    }

    /// Tells how far the work is. Costs nothing if nobody listens.
    pub fn progress(&self, done: f64, total: Option<f64>, message: &str) {
        if let Some(sink) = &self.progress {
            sink.progress(done, total, message);
        }
    }

    /// What the user said to this very question; `None` if it was not asked yet.
    pub fn confirmed(&self, question: &Question) -> Option<Confirmed> {
        self.confirmed.get(&question.digest()).copied()
    }

    /// Does `work` until it is done or the caller gives up.
    ///
    /// # Errors
    /// The work's own, or that it was cancelled.
    pub async fn unless_cancelled<T>(&self, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
        tokio::select! {
            result = work => result,
            () = self.cancelled.cancelled() => {
                Err(ToolError::new(ErrorKind::Cancelled, "the call was cancelled by the client"))
            }
        }
    }
}
