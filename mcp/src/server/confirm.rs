//! Gets the user's word on a question, by whichever road the client has.
//!
//! 1. Revision 2026-07-28: the answer is `input_required`; the client asks and sends the call again.
//! 2. Older revisions with elicitation: the client is asked while the call waits.
//! 3. Neither: the answer asks the model to ask the user, and to call again with `confirm`.
//!
//! Where the client can be asked, the code for `confirm` is neither given nor taken: a model cannot say yes for the user
//! there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitationAction, ElicitationSchema,
    ErrorCode, InputRequest, InputRequests, InputRequiredResult, ProtocolVersion,
};
use rmcp::service::{RequestContext, ServiceError};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value, json};

use crate::error::{ErrorKind, ToolError};
use crate::secrets::clean_text;
use crate::toolset::{Call, Confirmed, Question};

/// Key of the question within `input_required`, and of the box to tick.
const KEY: &str = "confirm";

/// Whether a client can ask its user: it says so, and has not answered since that it knows no such question.
#[derive(Clone, Default)]
pub(super) struct Ears(Arc<AtomicBool>);

impl Ears {
    fn can_be_asked(&self, context: &RequestContext<RoleServer>) -> bool {
        let says_so = context.client_capabilities().is_some_and(|capabilities| capabilities.elicitation.is_some());
        says_so && !self.0.load(Ordering::Relaxed)
    }
}

/// The call with what the user already said, if this call carries it.
pub(super) fn heard(
    call: Call,
    request: &CallToolRequestParams,
    ears: &Ears,
    context: &RequestContext<RoleServer>,
) -> Call {
    let arguments = request.arguments.as_ref().filter(|_| !ears.can_be_asked(context));
    if let Some(digest) = arguments.and_then(|arguments| arguments.get(KEY)).and_then(Value::as_str) {
        return call.with_confirmation(digest.into(), Confirmed::Yes);
    }
    let response = request.input_responses.as_ref().and_then(|responses| responses.get(KEY));
    match (response, &request.request_state) {
        (Some(response), Some(digest)) => {
            let yes = response["action"] == "accept" && response["content"][KEY] == true;
            call.with_confirmation(digest.clone(), if yes { Confirmed::Yes } else { Confirmed::No })
        }
        _ => call,
    }
}

/// What became of a question.
pub(super) enum Asked {
    /// The user said this; the tool runs again with it.
    Said(Confirmed),
    /// The client has to do something first.
    Respond(Box<CallToolResponse>),
    /// The model has to.
    Tell(ToolError),
}

/// Asks.
///
/// # Errors
/// The client broke off.
pub(super) async fn ask(
    question: &Question,
    arguments: &Map<String, Value>,
    tool: &str,
    ears: &Ears,
    context: &RequestContext<RoleServer>,
) -> Result<Asked, ErrorData> {
    if !ears.can_be_asked(context) {
        return Ok(Asked::Tell(tell(question, arguments, tool)));
    }
    let params = form(question)?;
    let newer =
        context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    if newer {
        let requests = InputRequests::from([(KEY.to_string(), InputRequest::Elicitation(ElicitRequest::new(params)))]);
        let result = InputRequiredResult::new(Some(requests), Some(question.digest()));
        return Ok(Asked::Respond(Box::new(result.into())));
    }
    match context.peer.create_elicitation(params).await {
        Ok(said) => {
            let ticked = said.content.is_some_and(|content| content[KEY] == true);
            let yes = said.action == ElicitationAction::Accept && ticked;
            Ok(Asked::Said(if yes { Confirmed::Yes } else { Confirmed::No }))
        }
        // Declared and not there: it cannot be asked after all.
        Err(ServiceError::McpError(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
            ears.0.store(true, Ordering::Relaxed);
            Ok(Asked::Tell(tell(question, arguments, tool)))
        }
        Err(error) => Ok(Asked::Tell(unanswered(&error))),
    }
}

fn form(question: &Question) -> Result<ElicitRequestParams, ErrorData> {
    let schema = json!({
        "type": "object",
        "properties": {KEY: {"type": "boolean", "title": "Do it", "description": clean_text(&question.title)}},
        "required": [KEY],
    });
    let requested_schema: ElicitationSchema = serde_json::from_value(schema)
        .map_err(|error| ErrorData::internal_error(format!("cannot ask: {error}"), None))?;
    let message = clean_text(&format!("{}\n\n{}", question.title, question.details)).into_owned();
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

/// The client can be asked, and the user's word did not come.
fn unanswered(error: &ServiceError) -> ToolError {
    ToolError::new(
        ErrorKind::ConfirmationNeeded,
        format!("the client was asked to show the user a question, and gave no answer ({error}). Nothing was done."),
    )
    .hint("A person must confirm this, in the client's own dialog. Call again when they are there.")
}

fn tell(question: &Question, arguments: &Map<String, Value>, tool: &str) -> ToolError {
    let mut again = arguments.clone();
    again.insert(KEY.into(), json!(question.digest()));
    ToolError::new(
        ErrorKind::ConfirmationNeeded,
        format!(
            "a person must confirm this first, and your client has no dialog for it. Nothing was done.\nQuestion: {}\n{}",
            question.title, question.details
        ),
    )
    .hint("Show the user this question with its details and wait for their own answer. You may not answer for them. Only if they agree, make the call below.")
    .next(crate::answer::NextCall::new(tool, Value::Object(again), "does it, after the user agreed"))
}
