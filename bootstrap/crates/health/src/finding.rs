//! One fault of one object, with what speaks for it.

use serde::Serialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::object::Ref;
use crate::words::both_ends;

/// Longest piece of evidence, in characters.
const LONGEST: usize = 300;

/// How something is, on the whole or as far as one cause goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something will hardly pass by itself.
    Broken,
    /// On its way, as far as can be told.
    Starting,
    /// It runs, and something is not as it should be.
    Imperfect,
    /// Nothing wrong was seen, and too little was looked at to call it healthy.
    Unknown,
    /// All was looked at that there is to look at, and nothing is wrong.
    Healthy,
}

/// Something that is wrong with one object.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// What sort of thing is wrong.
    pub fault: Fault,
    /// How bad it is, once all that was found has been compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The object that shows it.
    pub object: Ref,
    /// The field of the object that is at fault, as `spec.ports[0].targetPort`; empty where it is no single one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// One plain sentence.
    pub summary: String,
    /// What it was seen from, each piece once.
    pub evidence: Vec<Evidence>,
    /// What to do next.
    pub next: String,
    /// Where the field is written, if that is in another object, and the value that it should have, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What else does not work because of this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affects: Vec<String>,
    /// How many more objects show the very same.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// How much it explains, against other findings: from [`Fault::weight`], or less.
    #[serde(skip)]
    pub weight: u32,
    /// The container that it is about; empty if it is about the whole.
    #[serde(skip)]
    pub container: String,
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
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container in it, of whichever sort.
    pub container: String,
    /// Whether they are in the log of the run before.
    pub previous: bool,
}

/// What a person or an assistant would change.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// The object that is written by people, as `Kind:namespace/name`.
    pub object: String,
    /// Its field.
    pub field: String,
    /// What it should be, where that is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Where a piece of evidence comes from, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Evidence {
    /// As `event FailedScheduling` or `condition Synced`.
    pub source: String,
    /// What it says, with its two ends if it is long.
    pub text: String,
}

impl Evidence {
    /// A piece of evidence from this source; a long text keeps its two ends.
    pub fn new(source: impl Into<String>, text: &str) -> Self {
        Self { source: source.into(), text: both_ends(text, LONGEST) }
    }
}

impl Finding {
    /// A finding that weighs as much as its fault; the rest is added with the methods below.
    pub fn new(fault: Fault, object: Ref, summary: impl Into<String>) -> Self {
        Self {
            fault,
            verdict: None,
            object,
            field: String::new(),
            summary: summary.into(),
            evidence: Vec::new(),
            next: String::new(),
            change: None,
            affects: Vec::new(),
            more: 0,
            weight: fault.weight(),
            container: String::new(),
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

    /// Says which field of the object is at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }

    /// Says which value the field at fault should have.
    #[must_use]
    pub fn should_be(mut self, value: impl Into<Value>) -> Self {
        let object = self.object.typed();
        self.change = Some(Change { object, field: self.field.clone(), value: Some(value.into()) });
        self
    }

    /// Says which container it is about.
    #[must_use]
    pub fn in_container(mut self, name: &str) -> Self {
        self.container = name.into();
        self
    }

    /// Says what to do next, in one sentence.
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
