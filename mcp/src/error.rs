//! What went wrong, told so that a model can act on it: what, why, and the call to make next.

use std::fmt::Write;

use crate::answer::NextCall;

/// A tool could not give its answer. Reaches the model as a tool result with `isError`, never as a protocol error,
/// because clients hide those from the model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    pub kind: ErrorKind,
    /// Names the thing and says what is wrong with it.
    pub message: String,
    /// What to do, one sentence each.
    pub hints: Vec<String>,
    /// Names that were possibly meant.
    pub candidates: Vec<String>,
    /// Calls that help.
    pub next: Vec<NextCall>,
}

/// What sort of error, in a word that programs can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An argument is missing, unknown or wrong.
    InvalidArgument,
    /// There is no such thing.
    NotFound,
    /// Several things fit.
    Ambiguous,
    /// There is no platform, or it does not answer.
    Unavailable,
    /// The platform refused.
    Forbidden,
    /// It took too long.
    Timeout,
    /// The user has to agree first.
    ConfirmationNeeded,
    /// The caller cancelled.
    Cancelled,
    /// A defect of ours.
    Internal,
}

impl ErrorKind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::Timeout => "timeout",
            Self::ConfirmationNeeded => "confirmation_needed",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

impl ToolError {
    /// An error with a message that names the thing.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), candidates: Vec::new(), next: Vec::new() }
    }

    /// An argument is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// There is no platform, or it does not answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds names that were possibly meant.
    #[must_use]
    pub fn candidates(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.candidates.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a call that helps.
    #[must_use]
    pub fn next(mut self, call: NextCall) -> Self {
        self.next.push(call);
        self
    }

    /// The text that a model reads.
    pub fn text(&self) -> String {
        let mut text = format!("Error ({}): {}", self.kind.as_str(), self.message);
        if !self.candidates.is_empty() {
            let shown: Vec<_> = self.candidates.iter().take(20).map(String::as_str).collect();
            let _ = write!(text, "\nPossibly meant: {}", shown.join(", "));
            if self.candidates.len() > shown.len() {
                let _ = write!(text, " and {} more", self.candidates.len() - shown.len());
            }
        }
        for hint in &self.hints {
            let _ = write!(text, "\nHint: {hint}");
        }
        for call in &self.next {
            let _ = write!(text, "\nNext: {call}");
        }
        text
    }
}
