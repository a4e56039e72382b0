//! One fault of one object, with what speaks for it.

use serde::Serialize;

use crate::fault::Fault;
use crate::object::Ref;
use crate::words::short;

/// Longest piece of evidence, in characters.
const LONGEST: usize = 300;

/// Something that is wrong with one object.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    pub fault: Fault,
    /// The object that shows it.
    pub object: Ref,
    /// One plain sentence.
    pub summary: String,
    pub evidence: Vec<Evidence>,
    /// What to do next.
    pub next: String,
    /// How many more objects show the very same.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    #[serde(skip)]
    pub weight: u32,
    /// The log that tells more, if it is about a container that ended.
    #[serde(skip)]
    pub log: Option<LogSource>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Where the last words of a container can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    pub namespace: String,
    pub pod: String,
    pub container: String,
}

/// Where a piece of evidence comes from, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// As `event FailedScheduling` or `condition Synced`.
    pub source: String,
    pub text: String,
}

impl Evidence {
    pub fn new(source: impl Into<String>, text: &str) -> Self {
        Self { source: source.into(), text: short(text, LONGEST) }
    }
}

impl Finding {
    pub fn new(fault: Fault, object: Ref, summary: impl Into<String>) -> Self {
        Self {
            fault,
            object,
            summary: summary.into(),
            evidence: Vec::new(),
            next: String::new(),
            more: 0,
            weight: fault.weight(),
            log: None,
        }
    }

    /// Adds a piece of evidence, unless it says nothing or is there already.
    #[must_use]
    pub fn with(mut self, source: impl Into<String>, text: &str) -> Self {
        if !text.is_empty() {
            let evidence = Evidence::new(source, text);
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
        self
    }

    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// Gives it at most this weight.
    #[must_use]
    pub fn at_most(mut self, weight: u32) -> Self {
        self.weight = self.weight.min(weight);
        self
    }
}
