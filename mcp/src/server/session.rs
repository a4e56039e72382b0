//! The protocol's methods.
#![cfg_attr(
    feature = "conformance",
    expect(deprecated, reason = "the protocol's logging, which only fixtures switch on")
)]

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo, ErrorCode,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Reference, ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use super::confirm::{self, Asked, Ears};
use super::notify::{self, Progress, Sending};
use super::{Inner, wire};
use crate::answer::{DEFAULT_MAX_TOKENS, LEAST_TOKENS, MOST_TOKENS};
use crate::error::{ToolError, quoted};
use crate::secrets::clean_text;
use crate::toolset::{Call, Completion, Outcome, Tool, arguments};

/// Entries of a list to a page.
const PAGE: usize = 200;
/// A question is asked at most so often in one call; each tool has one, so more is a loop.
const QUESTIONS: usize = 3;
/// Milliseconds for which lists may be taken as fresh.
const FRESH_MS: u64 = 60_000;

/// One client's view of the server.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    subscribed: Arc<Mutex<HashSet<String>>>,
    ears: Ears,
}

impl Session {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self { inner, subscribed: Arc::default(), ears: Ears::default() }
    }

    /// Runs a tool, with the user's word where it asks for it.
    async fn run(
        &self,
        tool: &Tool,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.clone().unwrap_or_default();
        let (call, sending) = call(&arguments, context);
        let call = confirm::heard(call, &request, &self.ears, context);
        #[cfg(feature = "conformance")]
        let call = with_inputs(call, request.input_responses.unwrap_or_default(), request.request_state);
        let (mut call, mut response) = (call, None);
        for _ in 0..QUESTIONS {
            let work = call.clone();
            match work.unless_cancelled(tool.run(arguments.clone(), call.clone())).await {
                Ok(Outcome::Answer(finished)) => response = Some(Ok(wire::answer(finished.renamed(tool.now)).into())),
                #[cfg(feature = "conformance")]
                Ok(Outcome::Raw(raw)) => response = Some(Ok(*raw)),
                #[cfg(feature = "conformance")]
                Ok(Outcome::Refused(error)) => response = Some(Err(error)),
                Err(error) => response = Some(Ok(wire::error(&error).into())),
                Ok(Outcome::Ask(question)) => {
                    match confirm::ask(&question, &arguments, tool.name, &self.ears, context).await? {
                        Asked::Said(said) => call = call.with_confirmation(question.digest(), said),
                        Asked::Respond(respond) => response = Some(Ok(*respond)),
                        Asked::Tell(error) => response = Some(Ok(wire::error(&error).into())),
                    }
                }
            }
            if response.is_some() {
                break;
            }
        }
        drop(call);
        if let Some(sending) = sending {
            sending.done().await;
        }
        let asks_on = || ErrorData::internal_error(format!("{} keeps asking", tool.name), None);
        response.unwrap_or_else(|| Err(asks_on()))
    }
}

/// For fixtures: the protocol's own logging.
#[cfg(feature = "conformance")]
fn with_logging(mut capabilities: ServerCapabilities, logging: bool) -> ServerCapabilities {
    capabilities.logging = logging.then(Map::new);
    capabilities
}

/// For fixtures: the client's answers to further inputs, and the state that it echoed.
#[cfg(feature = "conformance")]
fn with_inputs(mut call: Call, inputs: rmcp::model::InputResponses, state: Option<String>) -> Call {
    call.protocol.inputs = inputs;
    call.protocol.request_state = state;
    call
}

/// What a tool sees of a call.
fn call(arguments: &Map<String, Value>, context: &RequestContext<RoleServer>) -> (Call, Option<Sending>) {
    let mut call = Call::quiet();
    call.max_tokens = max_tokens(arguments);
    call.cancelled = context.ct.clone();
    #[cfg(feature = "conformance")]
    {
        call.protocol.context = Some(Arc::new(context.clone()));
    }
    let Some(token) = context.meta.get_progress_token() else { return (call, None) };
    let (sink, sending) = Progress::start(token, context.peer.clone());
    (call.with_progress(sink), Some(sending))
}

/// The budget of a call, from its arguments.
fn max_tokens(arguments: &Map<String, Value>) -> usize {
    let asked = arguments.get("max_tokens").and_then(arguments::whole);
    let asked = asked.as_ref().and_then(Value::as_u64).and_then(|tokens| usize::try_from(tokens).ok());
    asked.map_or(DEFAULT_MAX_TOKENS, |tokens| tokens.clamp(LEAST_TOKENS, MOST_TOKENS))
}

fn cursor(request: Option<&PaginatedRequestParams>) -> Option<&str> {
    request.and_then(|request| request.cursor.as_deref())
}

/// Whether this request is of the revision without sessions.
#[cfg(feature = "conformance")]
fn is_newer(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= rmcp::model::ProtocolVersion::V_2026_07_28.as_str())
}

macro_rules! listed {
    ($result:ident, $items:expr, $request:expr) => {{
        let (items, next) = wire::page(&$items, cursor($request.as_ref()), PAGE)?;
        let mut result = $result::with_all_items(items).with_ttl_ms(FRESH_MS);
        result.next_cursor = next;
        Ok(result)
    }};
}

impl ServerHandler for Session {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .build();
        #[cfg(feature = "conformance")]
        let capabilities = with_logging(capabilities, self.inner.settings.logging);
        let mut info = ServerConfig::new(capabilities);
        info.server_info =
            Implementation::new("backstack", self.inner.settings.version.clone()).with_title("Backstack");
        info.instructions = Some(self.inner.settings.instructions.clone());
        info
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools: Vec<_> = self.inner.listed().map(wire::tool).collect();
        listed!(ListToolsResult, tools, request)
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        self.inner.tools.get(name).map(wire::tool)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.inner.tools.get(request.name.as_ref()) else {
            let message = format!("there is no tool {}; tools/list names all of them", quoted(&request.name));
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, message, None));
        };
        self.run(tool, request, &context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources: Vec<_> = self.inner.toolsets.iter().flat_map(|toolset| toolset.resources()).collect();
        listed!(ListResourcesResult, resources, request)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let templates: Vec<_> = self.inner.toolsets.iter().flat_map(|toolset| toolset.templates()).collect();
        listed!(ListResourceTemplatesResult, templates, request)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let (call, _) = call(&Map::new(), &context);
        for toolset in &self.inner.toolsets {
            if let Some(read) = toolset.read(&request.uri, &call).await {
                let contents = read.map_err(|error| wire::protocol_error(&error, Some(&request.uri)))?;
                let contents = contents.into_iter().map(wire::clean_resource).collect();
                return Ok(ReadResourceResult::new(contents).with_ttl_ms(FRESH_MS).into());
            }
        }
        let error = ToolError::not_found(format!("there is no resource {}", quoted(&request.uri)))
            .hint("resources/list and resources/templates/list name what there is.");
        Err(wire::protocol_error(&error, Some(&request.uri)))
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts: Vec<_> = self.inner.toolsets.iter().flat_map(|toolset| toolset.prompts()).collect();
        listed!(ListPromptsResult, prompts, request)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (call, _) = call(&Map::new(), &context);
        #[cfg(feature = "conformance")]
        let call = with_inputs(call, request.input_responses.unwrap_or_default(), request.request_state);
        let arguments = request.arguments.unwrap_or_default();
        for toolset in &self.inner.toolsets {
            if let Some(prompt) = toolset.prompt(&request.name, &arguments, &call).await {
                return prompt.map(wire::clean_prompt).map_err(|error| wire::protocol_error(&error, None));
            }
        }
        let message = format!("there is no prompt {}; prompts/list names all", quoted(&request.name));
        Err(ErrorData::invalid_params(message, None))
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let of = match request.r#ref {
            Reference::Prompt(prompt) => prompt.name,
            Reference::Resource(template) => template.uri,
            // What a later revision may add, this server cannot have offered.
            _ => return Ok(CompleteResult::default()),
        };
        let known = request.context.and_then(|context| context.arguments).unwrap_or_default();
        let asked = Completion {
            of,
            argument: request.argument.name,
            typed: request.argument.value,
            known: known.into_iter().collect(),
        };
        let mut values = Vec::new();
        for toolset in &self.inner.toolsets {
            values.extend(toolset.complete(&asked).await.iter().map(|value| clean_text(value).into_owned()));
        }
        let total = values.len();
        values.truncate(CompletionInfo::MAX_VALUES);
        let has_more = total > values.len();
        let mut info = CompletionInfo::default();
        info.values = values;
        info.total = u32::try_from(total).ok();
        info.has_more = Some(has_more);
        Ok(CompleteResult::new(info))
    }

    #[cfg(feature = "conformance")]
    async fn set_level(
        &self,
        _request: rmcp::model::SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if self.inner.settings.logging && !is_newer(&context) {
            return Ok(());
        }
        Err(ErrorData::method_not_found::<rmcp::model::SetLevelRequestMethod>())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).insert(request.uri);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).remove(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        notify::tell_subscription(&self.inner, context).await;
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        notify::tell_session(&self.inner, context.peer, self.subscribed.clone());
    }
}
