//! What went wrong, told so that a model can act on it: what, why, and the call to make next.

use std::fmt::Write;

use crate::next_call::NextCall;
use crate::secrets::clean_text;

/// A tool could not give its answer. Reaches the model as a tool result with `isError`, never as a protocol error,
/// because clients hide those from the model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// What sort of error it is: programs compare this, models read the rest.
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

/// Characters of a text from outside that are shown again.
const MOST_QUOTED: usize = 80;
/// Bytes of a message or a hint.
const MOST_TOLD: usize = 4_000;

/// A text from outside, in a message: in quotes, and not more of it than one can look at.
pub fn quoted(text: &str) -> String {
    let length = text.chars().count();
    if length <= MOST_QUOTED {
        return format!("`{text}`");
    }
    let begin: String = text.chars().take(MOST_QUOTED).collect();
    format!("`{begin}...` ({length} characters)")
}

/// A message whose middle is left out if it is too long to be read: both what it is about and why stay.
pub fn bounded(text: &str) -> std::borrow::Cow<'_, str> {
    bounded_to(text, MOST_TOLD)
}

/// The same, with at most about so many bytes.
pub fn bounded_to(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let whole = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (head, tail) = (whole(most / 2), whole(text.len() - most / 4));
    let left_out = text[head..tail].chars().count();
    format!("{} ... ({left_out} characters left out) ... {}", &text[..head], &text[tail..]).into()
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
        // A question to the user is told in full: they agree to all of it.
        let asks = self.kind == ErrorKind::ConfirmationNeeded;
        let clean = clean_text(&self.message);
        let message = if asks { clean.as_ref().into() } else { bounded(&clean) };
        let mut text = format!("Error ({}): {message}", self.kind.as_str());
        if !self.candidates.is_empty() {
            let shown: Vec<_> = self.candidates.iter().take(20).map(String::as_str).collect();
            let _ = write!(text, "\nPossibly meant: {}", bounded(&clean_text(&shown.join(", "))));
            if self.candidates.len() > shown.len() {
                let _ = write!(text, " and {} more", self.candidates.len() - shown.len());
            }
        }
        for hint in &self.hints {
            let _ = write!(text, "\nHint: {}", bounded(&clean_text(hint)));
        }
        // Half a call would be another one.
        let calls = self.next.iter().map(|call| {
            let call = call.to_string();
            // What the user agrees to is called as it was asked.
            if asks { call } else { clean_text(&call).into_owned() }
        });
        let calls = calls.filter(|call| asks || call.len() <= MOST_TOLD);
        for call in calls {
            let _ = write!(text, "\nNext: {call}");
        }
        text
    }
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    /// What sort of error it is; that of the [`ToolError`] which comes of this.
    pub kind: ErrorKind,
    /// Names the thing and what is wrong.
    pub message: String,
    /// What a person or a model can do about it.
    pub hints: Vec<String>,
}

impl PortError {
    /// An error without hints. The message names the thing and says what is wrong with it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// Adds one sentence about what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<PortError> for ToolError {
    fn from(error: PortError) -> Self {
        let mut tool = Self::new(error.kind, error.message);
        tool.hints = error.hints;
        tool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_does_not_come_back_whole() {
        let long = "\u{1f600}".repeat(900_000);
        let error = ToolError::not_found(format!("nothing is called `{long}` on platform `x`: it is not there"))
            .candidates([long.clone()])
            .hint(long.clone())
            .next(NextCall::new("t", serde_json::json!({"a": long}), "once more"));
        let text = error.text();
        assert!(text.len() < 12_000 && text.contains("on platform `x`: it is not there"), "{}", text.len());
        assert!(text.contains("characters left out") && !text.contains("Next:"));
        let asks = ToolError::new(ErrorKind::ConfirmationNeeded, long.clone());
        assert!(asks.text().contains(&long));
    }
}
