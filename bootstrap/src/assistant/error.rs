//! Errors of tools, as the command line explains them.

use backstack_mcp::error::ErrorKind;
use backstack_mcp::{NextCall, ToolError};
use serde_json::Value;

use crate::error::{ExitKind, Explain};

/// An error of a tool, on the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AskError(pub ToolError);

impl Explain for AskError {
    fn kind(&self) -> ExitKind {
        match self.0.kind {
            ErrorKind::Unavailable | ErrorKind::Forbidden => ExitKind::Cluster,
            ErrorKind::Timeout => ExitKind::Timeout,
            ErrorKind::Internal => ExitKind::Internal,
            _ => ExitKind::Usage,
        }
    }

    fn details(&self) -> Vec<String> {
        self.0.candidates.iter().take(20).map(|name| format!("possibly meant: {name}")).collect()
    }

    fn hints(&self) -> Vec<String> {
        let calls = self.0.next.iter().map(|call| format!("{}: {}.", command(call, &[]), call.why));
        self.0.hints.iter().cloned().chain(calls).collect()
    }
}

/// A call as it is typed, with these flags.
pub fn command(call: &NextCall, flags: &[&str]) -> String {
    let arguments = Value::Object(call.arguments.clone()).to_string().replace('\'', r"'\''");
    let words: Vec<_> = ["backstack mcp call", call.tool.as_str()].iter().chain(flags).copied().collect();
    format!("`{} '{arguments}'`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_that_helps_can_be_pasted() {
        let call = NextCall::new("find", json!({"text": "it's"}), "finds it");
        let error = AskError(ToolError::not_found("there is none").hint("Look again.").next(call));
        let typed = r#"`backstack mcp call find '{"text":"it'\''s"}'`: finds it."#;
        assert_eq!(error.hints(), ["Look again.", typed]);
    }
}
