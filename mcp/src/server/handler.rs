//! The protocol's methods.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorCode, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use super::{Server, wire};
use crate::answer::{DEFAULT_MAX_TOKENS, LEAST_TOKENS, MOST_TOKENS};
use crate::toolset::{Call, Outcome};

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("backstack", self.inner.settings.version.clone());
        info.instructions = Some(self.inner.settings.instructions.clone());
        info
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.inner.tools.values().map(wire::tool).collect()))
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
            let message = format!("there is no tool `{}`", request.name);
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, message, None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let mut call = Call::quiet();
        call.max_tokens = max_tokens(&arguments);
        call.cancelled = context.ct.clone();
        let work = call.clone();
        match work.unless_cancelled(tool.run(arguments, call)).await {
            Ok(Outcome::Answer(finished)) => Ok(wire::answer(finished).into()),
            Ok(Outcome::Raw(response)) => Ok(*response),
            Ok(Outcome::Ask(question)) => Err(ErrorData::internal_error(format!("cannot ask yet: {}", question.title), None)),
            Err(error) => Ok(wire::error(&error).into()),
        }
    }
}

/// The budget of a call, from its arguments.
fn max_tokens(arguments: &Map<String, Value>) -> usize {
    let asked = arguments.get("max_tokens").and_then(Value::as_u64).and_then(|tokens| usize::try_from(tokens).ok());
    asked.map_or(DEFAULT_MAX_TOKENS, |tokens| tokens.clamp(LEAST_TOKENS, MOST_TOKENS))
}
