//! A call that a tool's answer, or its error, proposes.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// A call that would tell more, or is the next step.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NextCall {
    /// Name of the tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// What it gives.
    pub why: String,
}

impl NextCall {
    /// `arguments` is an object, as made by `json!({...})`.
    pub fn new(tool: &str, arguments: Value, why: impl Into<String>) -> Self {
        let arguments = match arguments {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { tool: tool.into(), arguments, why: why.into() }
    }
}

impl fmt::Display for NextCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} - {}", self.tool, Value::Object(self.arguments.clone()), self.why)
    }
}
