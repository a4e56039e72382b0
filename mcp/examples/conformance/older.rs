//! What only the older revisions have: a server that asks its client while a call waits, and logging.
#![expect(deprecated, reason = "all of it is by now; that is why it is only here")]

use std::time::Duration;

use backstack_mcp::toolset::Outcome;
use backstack_mcp::{Call, Tool, ToolError};
use rmcp::model::{
    ClientCapabilities, CreateMessageRequestParams, ElicitRequestParams, LoggingLevel, LoggingMessageNotificationParam,
    ProtocolVersion,
};
use serde_json::{Map, Value, json};

use crate::fixtures::{no_arguments, text};

pub(crate) fn tools() -> Vec<Tool> {
    let prompt = json!({"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]});
    let message = json!({"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]});
    vec![
        Tool::raw("test_tool_with_logging", "Logs while it works.", no_arguments(), |_, call| logging(call)),
        Tool::raw("test_logging_tool", "Logs while it works.", no_arguments(), |_, call| logging(call)),
        Tool::raw("test_sampling", "Asks the client's model.", prompt, sampling),
        Tool::raw("test_missing_capability", "Needs a client that samples.", no_arguments(), |_, call| async move {
            match capabilities(&call).is_some_and(|known| known.sampling.is_some()) {
                true => Ok(text("sampling is there")),
                false => Ok(Outcome::Refused(rmcp::ErrorData::missing_required_client_capability(
                    ClientCapabilities::builder().enable_sampling().build(),
                ))),
            }
        }),
        Tool::raw("test_elicitation", "Asks the user.", message, |arguments, call| async move {
            let message = arguments.get("message").and_then(Value::as_str).unwrap_or_default().to_string();
            let schema = json!({"type": "object", "properties": {
                "username": {"type": "string", "description": "User's response"},
                "email": {"type": "string", "description": "User's email address"},
            }, "required": ["username", "email"]});
            elicit(call, message, schema, "User response").await
        }),
        Tool::raw("test_elicitation_sep1034_defaults", "Asks with defaults.", no_arguments(), |_, call| {
            elicit(call, "Please review".into(), defaults(), "Elicitation completed")
        }),
        Tool::raw("test_elicitation_sep1330_enums", "Asks with choices.", no_arguments(), |_, call| {
            elicit(call, "Please choose".into(), choices(), "Elicitation completed")
        }),
    ]
}

fn capabilities(call: &Call) -> Option<ClientCapabilities> {
    call.protocol.context.as_ref().and_then(|context| context.client_capabilities())
}

/// Only where the client of this revision wants it.
async fn logging(call: Call) -> Result<Outcome, ToolError> {
    let Some(context) = &call.protocol.context else { return Ok(text("nobody listens")) };
    let newer =
        context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        if !newer {
            let params = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(message));
            drop(context.peer.notify_logging_message(params).await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(text("logged"))
}

async fn sampling(arguments: Map<String, Value>, call: Call) -> Result<Outcome, ToolError> {
    let context = call.protocol.context.as_ref().ok_or_else(|| ToolError::unavailable("no client"))?;
    let prompt = arguments.get("prompt").and_then(Value::as_str).unwrap_or_default();
    let params = json!({"messages": [{"role": "user", "content": {"type": "text", "text": prompt}}], "maxTokens": 100});
    let params: CreateMessageRequestParams = serde_json::from_value(params).expect("well-formed");
    let answer =
        context.peer.create_message(params).await.map_err(|error| ToolError::unavailable(error.to_string()))?;
    let answer = serde_json::to_value(answer).unwrap_or_default();
    Ok(text(format!("LLM response: {}", answer["content"]["text"].as_str().unwrap_or_default())))
}

async fn elicit(call: Call, message: String, schema: Value, prefix: &str) -> Result<Outcome, ToolError> {
    let context = call.protocol.context.as_ref().ok_or_else(|| ToolError::unavailable("no client"))?;
    if capabilities(&call).is_none_or(|known| known.elicitation.is_none()) {
        return Err(ToolError::unavailable("the client cannot ask its user"));
    }
    let requested_schema = serde_json::from_value(schema).expect("well-formed");
    let params = ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema };
    let said =
        context.peer.create_elicitation(params).await.map_err(|error| ToolError::unavailable(error.to_string()))?;
    let said = serde_json::to_value(said).unwrap_or_default();
    Ok(text(format!("{prefix}: action={}, content={}", said["action"].as_str().unwrap_or_default(), said["content"])))
}

fn defaults() -> Value {
    json!({"type": "object", "properties": {
        "name": {"type": "string", "description": "Name", "default": "John Doe"},
        "age": {"type": "integer", "description": "Age", "default": 30},
        "score": {"type": "number", "description": "Score", "default": 95.5},
        "status": {"type": "string", "description": "Status", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "description": "Verified", "default": true},
    }, "required": []})
}

fn choices() -> Value {
    let titled = json!([{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}, {"const": "value3", "title": "Third Option"}]);
    json!({"type": "object", "properties": {
        "untitledSingle": {"type": "string", "description": "One", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "description": "One", "oneOf": titled},
        "legacyEnum": {"type": "string", "description": "One", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
        "untitledMulti": {"type": "array", "description": "Several", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "description": "Several", "items": {"anyOf": titled}},
    }, "required": []})
}
