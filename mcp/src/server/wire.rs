//! Our types as the protocol's.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, GetPromptResponse, ResourceContents, ToolAnnotations};
use serde_json::json;

use crate::answer::Finished;
use crate::error::{ErrorKind, ToolError};
use crate::secrets::clean_text;
use crate::toolset::{Access, Tool};

/// Longer addresses are not sent back.
const LONGEST_URI: usize = 2_000;

/// A tool as clients see it.
pub(super) fn tool(tool: &Tool) -> rmcp::model::Tool {
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
pub(super) fn answer(finished: Finished) -> CallToolResult {
    let mut result = CallToolResult::structured(finished.structured);
    result.content = vec![ContentBlock::text(finished.text)];
    result
}

/// An error that the model sees. Without structured content: clients check that against the schema of answers.
pub(super) fn error(error: &ToolError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(error.text())])
}

/// An error of a method that has no other way to tell one.
pub(super) fn protocol_error(error: &ToolError, uri: Option<&str>) -> ErrorData {
    let data = uri.filter(|uri| uri.len() <= LONGEST_URI).map(|uri| json!({"uri": uri}));
    match error.kind {
        ErrorKind::NotFound => ErrorData::resource_not_found(error.text(), data),
        ErrorKind::Internal | ErrorKind::Timeout | ErrorKind::Unavailable => {
            ErrorData::internal_error(error.text(), data)
        }
        _ => ErrorData::invalid_params(error.text(), data),
    }
}

/// A resource as it may be read.
pub(super) fn clean_resource(mut contents: ResourceContents) -> ResourceContents {
    if let ResourceContents::TextResourceContents { text, .. } = &mut contents {
        *text = clean_text(text).into_owned();
    }
    contents
}

/// A prompt as it may be read.
pub(super) fn clean_prompt(mut prompt: GetPromptResponse) -> GetPromptResponse {
    if let GetPromptResponse::Complete(prompt) = &mut prompt {
        for message in &mut prompt.messages {
            if let ContentBlock::Text(content) = &mut message.content {
                content.text = clean_text(&content.text).into_owned();
            }
        }
    }
    prompt
}

/// One page of a list, and where the next begins.
///
/// # Errors
/// A cursor that is not ours, or points behind the end.
pub(super) fn page<T: Clone>(
    items: &[T],
    cursor: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let cursor = cursor.filter(|cursor| !cursor.is_empty());
    let from = crate::answer::offset(cursor).map_err(|error| protocol_error(&error, None))?;
    if cursor.is_some() && from >= items.len() {
        return Err(ErrorData::invalid_params("this cursor points behind the end of the list", None));
    }
    let end = items.len().min(from + size);
    let next = (end < items.len()).then(|| crate::answer::cursor(end));
    Ok((items[from..end].to_vec(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_a_list_and_strange_cursors_are_errors() {
        let items: Vec<_> = (0..25).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let (part, next) = page(&items, cursor.as_deref(), 10).expect("page");
            seen.extend(part);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, items);
        let all = page(&items, None, 10).expect("page");
        assert_eq!(page(&items, Some(""), 10).expect("the first page"), all);
        for strange in ["10", "at-", "at--1", "at-25", "at-99999999999999999999", "../../etc/passwd"] {
            assert!(page(&items, Some(strange), 10).is_err(), "{strange}");
        }
    }
}
