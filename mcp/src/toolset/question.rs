//! A question to the user before something is changed.
//!
//! A tool that needs a confirmation builds the [`Question`] from its arguments (and from nothing that changes by
//! itself), looks whether the call carries the user's word on it, and if not returns the question:
//!
//! ```
//! use backstack_mcp::toolset::Confirmed;
//! use backstack_mcp::{Answer, Call, Question, Reply, ToolError};
//!
//! fn delete(call: &Call, diff: &str) -> Result<Reply<bool>, ToolError> {
//!     let question = Question::new("Open a pull request that deletes app demo/my-app?", diff);
//!     match call.confirmed(&question) {
//!         None => Ok(question.into()),
//!         Some(Confirmed::No) => Err(ToolError::invalid("the user does not want it")),
//!         Some(Confirmed::Yes) => Ok(Answer::new(true).into()),
//!     }
//! }
//!
//! assert!(matches!(delete(&Call::quiet(), "- my-app"), Ok(Reply::Ask(_))));
//! ```
//!
//! How it reaches the user is the server's business: the older revisions' elicitation, the newer revision's
//! `input_required`, or, where a client has neither, an answer that asks the model to ask the user and to call again
//! with `confirm`. The digest ties the word to exactly what was asked.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A yes-or-no question to the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// One sentence that ends with a question mark.
    pub title: String,
    /// What exactly is about to happen, as a diff for example.
    pub details: String,
}

/// The user's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// The user agreed to this very question.
    Yes,
    /// The user refused, or closed the question.
    No,
}

impl Question {
    /// A question with a title that ends in `?`, and details that may have several lines.
    pub fn new(title: impl Into<String>, details: impl Into<String>) -> Self {
        Self { title: title.into(), details: details.into() }
    }

    /// Names this very question: the same words give the same digest, also after a restart.
    pub fn digest(&self) -> String {
        // Not a secret: the caller speaks for the user anyway. It only must differ for another question.
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}
