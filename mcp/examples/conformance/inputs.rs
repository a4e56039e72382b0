//! What the newer revision has: a result that asks for input, after which the call is sent again.

use std::sync::LazyLock;

use backstack_mcp::toolset::Outcome;
use backstack_mcp::{Call, Tool};
use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, InputRequest, InputRequests, InputRequiredResult, RequestStateCodec};
use serde_json::{Value, json};

use crate::fixtures::{no_arguments, text};

/// Seals the state, so that a changed one is noticed.
static CODEC: LazyLock<RequestStateCodec> =
    LazyLock::new(|| RequestStateCodec::try_new(*b"a key of 32 bytes, for tests only").expect("long enough"));

/// A request for a form with one field.
pub(crate) fn form(key: &str, message: &str, field: &str, kind: &str, state: Option<String>) -> InputRequiredResult {
    InputRequiredResult::new(Some([(key.to_string(), form_request(message, field, kind))].into()), state)
}

fn form_request(message: &str, field: &str, kind: &str) -> InputRequest {
    request(json!({"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema":
        {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}}}))
}

fn sampling_request(question: &str, tokens: u32) -> InputRequest {
    request(json!({"method": "sampling/createMessage", "params": {"messages":
        [{"role": "user", "content": {"type": "text", "text": question}}], "maxTokens": tokens}}))
}

fn request(value: Value) -> InputRequest {
    serde_json::from_value(value).expect("a request")
}

fn roots_request() -> InputRequest {
    request(json!({"method": "roots/list", "params": {}}))
}

fn ask(result: InputRequiredResult) -> Outcome {
    Outcome::Raw(Box::new(CallToolResponse::from(result)))
}

fn requests(list: Vec<(&str, InputRequest)>, state: Option<String>) -> Outcome {
    let requests: InputRequests = list.into_iter().map(|(key, request)| (key.to_string(), request)).collect();
    ask(InputRequiredResult::new(Some(requests), state))
}

fn seal(state: &str) -> String {
    CODEC.seal(state.as_bytes())
}

/// The state as it was sealed; an error of the protocol if it is another one.
fn open(call: &Call) -> Result<Option<String>, Outcome> {
    let Some(sealed) = &call.protocol.request_state else { return Ok(None) };
    CODEC
        .open(sealed)
        .map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
        .map_err(|_| Outcome::Refused(ErrorData::invalid_params("requestState was changed", None)))
}

fn said<'a>(call: &'a Call, key: &str, field: &str) -> Option<&'a str> {
    call.protocol.inputs.get(key)?["content"][field].as_str()
}

fn raw<F>(name: &'static str, run: F) -> Tool
where
    F: Fn(&Call) -> Outcome + Send + Sync + 'static,
{
    Tool::raw(name, "Asks for input.", no_arguments(), move |_, call: Call| {
        let outcome = run(&call);
        async move { Ok(outcome) }
    })
}

fn user_name() -> Outcome {
    ask(form("user_name", "What is your name?", "name", "string", None))
}

pub(crate) fn tools() -> Vec<Tool> {
    vec![
        raw("test_input_required_result_elicitation", |call| match said(call, "user_name", "name") {
            Some(name) => text(format!("Hello, {name}!")),
            None => user_name(),
        }),
        raw("test_streaming_elicitation", |call| match said(call, "user_name", "name") {
            Some(name) => text(format!("Hello, {name}!")),
            None => user_name(),
        }),
        raw("test_input_required_result_sampling", |call| match call.protocol.inputs.get("capital_question") {
            Some(answer) => text(format!("The model said: {}", answer["content"]["text"])),
            None => requests(vec![("capital_question", sampling_request("What is the capital of France?", 100))], None),
        }),
        raw("test_input_required_result_list_roots", |call| match call.protocol.inputs.get("client_roots") {
            Some(answer) => text(format!("Roots: {}", answer["roots"])),
            None => requests(vec![("client_roots", roots_request())], None),
        }),
        raw("test_input_required_result_request_state", |call| match open(call) {
            Err(refused) => refused,
            Ok(Some(state)) if call.protocol.inputs.contains_key("confirm") => text(format!("state-ok: {state}")),
            Ok(_) => ask(form("confirm", "Please confirm", "ok", "boolean", Some(seal("first")))),
        }),
        raw("test_input_required_result_tampered_state", |call| match open(call) {
            Err(refused) => refused,
            Ok(Some(_)) if !call.protocol.inputs.is_empty() => text("state-ok"),
            Ok(_) => ask(form("confirm", "Please confirm", "ok", "boolean", Some(seal("sealed")))),
        }),
        raw("test_input_required_result_multiple_inputs", multiple),
        raw("test_input_required_result_multi_round", |call| match open(call) {
            Err(refused) => refused,
            Ok(Some(state)) if state == "round-2" && call.protocol.inputs.contains_key("step2") => {
                text("All steps are done.")
            }
            Ok(Some(_)) if call.protocol.inputs.contains_key("step1") => {
                ask(form("step2", "Step 2: What is your favorite color?", "color", "string", Some(seal("round-2"))))
            }
            Ok(_) => ask(form("step1", "Step 1: What is your name?", "name", "string", Some(seal("round-1")))),
        }),
        raw("test_input_required_result_capabilities", capable),
    ]
}

fn multiple(call: &Call) -> Outcome {
    let all = ["user_name", "greeting", "client_roots"];
    match open(call) {
        Err(refused) => refused,
        Ok(Some(_)) if all.iter().all(|key| call.protocol.inputs.contains_key(*key)) => text("Everything is there."),
        Ok(_) => requests(
            vec![
                ("user_name", form_request("What is your name?", "name", "string")),
                ("greeting", sampling_request("Generate a greeting", 50)),
                ("client_roots", roots_request()),
            ],
            Some(seal("several")),
        ),
    }
}

/// Asks only for what the client can do.
fn capable(call: &Call) -> Outcome {
    if !call.protocol.inputs.is_empty() {
        return text("Thank you.");
    }
    let known = call.protocol.context.as_ref().and_then(|context| context.client_capabilities()).unwrap_or_default();
    let known = serde_json::to_value(known).unwrap_or_default();
    let mut list = Vec::new();
    if known.get("elicitation").is_some() {
        list.push(("user_name", form_request("What is your name?", "name", "string")));
    }
    if known.get("sampling").is_some() {
        list.push(("greeting", sampling_request("Generate a greeting", 50)));
    }
    if known.get("roots").is_some() {
        list.push(("client_roots", roots_request()));
    }
    if list.is_empty() { text("The client can do nothing of this.") } else { requests(list, None) }
}
