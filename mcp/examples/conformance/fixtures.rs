//! Tools, resources and prompts that the suite calls by name.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backstack_mcp::toolset::{Completion, Outcome};
use backstack_mcp::{Call, Changed, Tool, ToolError, Toolset};
use rmcp::model::{
    CallToolResult, ContentBlock, GetPromptResponse, GetPromptResult, Prompt, PromptArgument, PromptMessage, Resource,
    ResourceContents, ResourceTemplate, Role,
};
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use crate::{inputs, older};

/// One red dot.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No sound at all.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

pub(crate) struct Fixtures {
    changes: broadcast::Sender<Changed>,
}

impl Default for Fixtures {
    fn default() -> Self {
        Self { changes: broadcast::channel(16).0 }
    }
}

pub(crate) fn no_arguments() -> Value {
    json!({"type": "object", "properties": {}})
}

pub(crate) fn text(text: impl Into<String>) -> Outcome {
    CallToolResult::success(vec![ContentBlock::text(text.into())]).into()
}

/// A tool without arguments that gives always the same.
fn fixed(name: &'static str, description: &'static str, content: Vec<ContentBlock>) -> Tool {
    Tool::raw(name, description, no_arguments(), move |_, _| {
        let content = content.clone();
        async move { Ok(CallToolResult::success(content).into()) }
    })
}

fn contents() -> Vec<Tool> {
    let json_resource = ResourceContents::text(r#"{"test":"data","value":123}"#, "test://mixed-content-resource")
        .with_mime_type("application/json");
    vec![
        fixed(
            "test_simple_text",
            "Gives text.",
            vec![ContentBlock::text("This is a simple text response for testing.")],
        ),
        fixed("test_image_content", "Gives a picture.", vec![ContentBlock::image(PNG, "image/png")]),
        fixed("test_audio_content", "Gives sound.", vec![ContentBlock::audio(WAV, "audio/wav")]),
        fixed(
            "test_embedded_resource",
            "Gives a resource.",
            vec![ContentBlock::embedded_text("test://embedded-resource", "This is an embedded resource content.")],
        ),
        fixed(
            "test_multiple_content_types",
            "Gives text, a picture and a resource.",
            vec![
                ContentBlock::text("Multiple content types test:"),
                ContentBlock::image(PNG, "image/png"),
                ContentBlock::resource(json_resource),
            ],
        ),
        Tool::raw("test_error_handling", "Always fails.", no_arguments(), |_, _| async {
            Err(ToolError::invalid("This tool intentionally returns an error for testing"))
        }),
        Tool::raw("test_tool_with_progress", "Reports progress.", no_arguments(), |_, call: Call| async move {
            for done in [0.0, 50.0, 100.0] {
                call.progress(done, Some(100.0), "working");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(text("done"))
        }),
        Tool::raw("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", vocabulary(), |_, _| async {
            Ok(text("ok"))
        }),
    ]
}

/// Words of JSON Schema that must reach the client as they are.
fn vocabulary() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {"$anchor": "addressDef", "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}

fn argument(name: &str) -> PromptArgument {
    PromptArgument::new(name).with_description("For testing").with_required(true)
}

#[async_trait]
impl Toolset for Fixtures {
    fn name(&self) -> &'static str {
        "fixtures"
    }

    fn about(&self) -> &'static str {
        "What the conformance suite calls."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        let trigger = |name, changed: Changed| {
            let changes = self.changes.clone();
            Tool::raw(name, "Tells that a list changed.", no_arguments(), move |_, _| {
                let _ = changes.send(changed);
                async { Ok(text("told")) }
            })
        };
        let mut tools = contents();
        tools.push(trigger("test_trigger_tool_change", Changed::Tools));
        tools.push(trigger("test_trigger_prompt_change", Changed::Prompts));
        tools.extend(older::tools());
        tools.extend(inputs::tools());
        tools
    }

    fn resources(&self) -> Vec<Resource> {
        let resource = |uri: &str, name: &str, mime: &str| {
            Resource::new(uri, name).with_description("For testing").with_mime_type(mime)
        };
        vec![
            resource("test://static-text", "static-text", "text/plain"),
            resource("test://static-binary", "static-binary", "image/png"),
            resource("test://watched-resource", "watched-resource", "text/plain"),
        ]
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        vec![
            ResourceTemplate::new("test://template/{id}/data", "template")
                .with_description("For testing")
                .with_mime_type("application/json"),
        ]
    }

    async fn read(&self, uri: &str, _call: &Call) -> Option<Result<Vec<ResourceContents>, ToolError>> {
        let contents = match uri {
            "test://static-text" => ResourceContents::text("This is the content of the static text resource.", uri),
            "test://watched-resource" => ResourceContents::text("Watch me.", uri),
            "test://static-binary" => ResourceContents::blob(PNG, uri).with_mime_type("image/png"),
            _ => {
                let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
                let text = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                ResourceContents::text(text.to_string(), uri).with_mime_type("application/json")
            }
        };
        Some(Ok(vec![contents]))
    }

    fn prompts(&self) -> Vec<Prompt> {
        let prompt =
            |name: &str, arguments: Option<Vec<PromptArgument>>| Prompt::new(name, Some("For testing"), arguments);
        vec![
            prompt("test_simple_prompt", None),
            prompt("test_prompt_with_arguments", Some(vec![argument("arg1"), argument("arg2")])),
            prompt("test_prompt_with_embedded_resource", Some(vec![argument("resourceUri")])),
            prompt("test_prompt_with_image", None),
            prompt("test_input_required_result_prompt", None),
        ]
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        call: &Call,
    ) -> Option<Result<GetPromptResponse, ToolError>> {
        let given = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        let user = |text: String| PromptMessage::new_text(Role::User, text);
        let messages = match name {
            "test_simple_prompt" => vec![user("This is a simple prompt for testing.".into())],
            "test_prompt_with_arguments" => {
                vec![user(format!("Prompt with arguments: arg1='{}', arg2='{}'", given("arg1"), given("arg2")))]
            }
            "test_prompt_with_embedded_resource" => vec![
                PromptMessage::new(
                    Role::User,
                    ContentBlock::embedded_text(given("resourceUri"), "Embedded resource content for testing."),
                ),
                user("Please process the embedded resource above.".into()),
            ],
            "test_prompt_with_image" => vec![
                PromptMessage::new(Role::User, ContentBlock::image(PNG, "image/png")),
                user("Please analyze the image above.".into()),
            ],
            "test_input_required_result_prompt" => match call.protocol.inputs.get("user_context") {
                Some(said) => vec![user(format!("With {}", said["content"]["context"]))],
                None => {
                    return Some(Ok(inputs::form(
                        "user_context",
                        "What context should the prompt use?",
                        "context",
                        "string",
                        None,
                    )
                    .into()));
                }
            },
            _ => return None,
        };
        Some(Ok(GetPromptResult::new(messages).into()))
    }

    async fn complete(&self, asked: &Completion) -> Vec<String> {
        let known = ["paris", "park", "party", "test1", "test2"];
        known.iter().filter(|value| value.starts_with(&asked.typed)).map(ToString::to_string).collect()
    }

    fn changes(&self) -> Option<broadcast::Receiver<Changed>> {
        Some(self.changes.subscribe())
    }
}
