//! The stages of a change.

use serde::Serialize;

/// One stage of a change.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Stage {
    pub stage: &'static str,
    pub state: State,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Failed,
    Waiting,
    /// Not its turn yet.
    Next,
    Done,
}
