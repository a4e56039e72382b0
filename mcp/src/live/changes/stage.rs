//! The stages of a change.

use serde::Serialize;

/// One stage of a change.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Stage {
    /// `proposed`, `checked`, `approved`, `merged`, `synced`, `ready` or `removed`.
    pub stage: &'static str,
    /// How far it is.
    pub state: State,
    /// What was done, or what it waits for and who has to do what; empty for a stage whose turn has not come.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How far a stage is. The order is that of urgency: of several, the first one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs of variants become a part of the tools' schemas, which models pay for")]
pub enum State {
    // It does not go on by itself.
    Failed,
    // It is under way, or somebody has to do something.
    Waiting,
    /// Not its turn yet.
    Next,
    // Nothing is left to do.
    Done,
}
