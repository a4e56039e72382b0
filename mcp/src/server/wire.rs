//! Our types as the protocol's.

use rmcp::model::{CallToolResult, ContentBlock, ToolAnnotations};

use crate::answer::Finished;
use crate::error::ToolError;
use crate::toolset::{Access, Tool};

/// A tool as clients see it.
pub fn tool(tool: &Tool) -> rmcp::model::Tool {
    let reads = tool.access == Access::Reads;
    let annotations = ToolAnnotations::with_title(tool.title)
        .read_only(reads)
        // A pull request destroys nothing; proposing twice gives the same one.
        .destructive(false)
        .idempotent(true)
        .open_world(false);
    let mut told = rmcp::model::Tool::new(tool.name, tool.description, tool.input.clone())
        .with_title(tool.title)
        .with_annotations(annotations);
    if let Some(output) = &tool.output {
        told = told.with_raw_output_schema(output.clone());
    }
    told
}

/// An answer, both ways.
pub fn answer(finished: Finished) -> CallToolResult {
    let mut result = CallToolResult::structured(finished.structured);
    result.content = vec![ContentBlock::text(finished.text)];
    result
}

/// An error that the model sees.
pub fn error(error: &ToolError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(error.text())])
}
