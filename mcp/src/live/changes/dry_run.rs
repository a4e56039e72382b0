//! What the API server says of an object without keeping it.

use serde_json::Value;

/// What a server-side dry run said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DryRun {
    /// The object as it would be, if it was accepted.
    pub object: Option<Value>,
    /// Why it was refused.
    pub refused: Option<String>,
    /// Admission warnings: policies that do not refuse speak here.
    pub warnings: Vec<String>,
}
