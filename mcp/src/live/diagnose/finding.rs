//! A cause that was found, with what speaks for it.

use serde::Serialize;

use super::fault::Fault;
use crate::live::object::{Ref, short};

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
}

fn is_zero(count: &usize) -> bool {
    *count == 0
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
        }
    }

    pub fn with(mut self, source: impl Into<String>, text: &str) -> Self {
        if !text.is_empty() {
            let evidence = Evidence::new(source, text);
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
        self
    }

    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}
