//! What a client sent, judged before the protocol's library sees it: whatever the transport, what cannot be served gets an
//! error that says why, with the request's id wherever one can be found, because the client waits for it.

use rmcp::ErrorData;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorCode, RequestId};
use serde_json::{Map, Value};

use super::methods;
use crate::error::quoted;
use crate::toolset::arguments;

/// Messages of one batch.
pub(crate) const MOST_IN_BATCH: usize = 100;
/// Ids and names of methods come back in answers.
const LONGEST_NAME: usize = 200;

/// What was sent.
#[derive(Debug)]
pub(crate) enum Sent {
    One(Box<Message>),
    Batch(Vec<Result<Message, Refusal>>),
    /// Nothing that is answered: an unknown or broken notification.
    Nothing,
}

/// A message that can be served.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub value: Value,
    pub typed: ClientJsonRpcMessage,
}

/// An error instead of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub id: Option<RequestId>,
    pub error: ErrorData,
}

impl Refusal {
    fn of(id: Option<RequestId>, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { id, error: ErrorData::new(code, message.into(), None) }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::of(None, ErrorCode::INVALID_REQUEST, message)
    }

    /// The answer. An id that could not be read is left out, as revision 2026-07-28 has it.
    pub(crate) fn to_value(&self) -> Value {
        serde_json::to_value(rmcp::model::JsonRpcError::new(self.id.clone(), self.error.clone())).unwrap_or_default()
    }
}

impl Message {
    /// The id of a request; `None` for everything that has no answer.
    pub(crate) fn request(&self) -> Option<&RequestId> {
        match &self.typed {
            ClientJsonRpcMessage::Request(request) => Some(&request.id),
            _ => None,
        }
    }

    /// Whether a connection is open from here on: in the newer revision any request says all that it takes.
    pub(crate) fn opens(&self) -> bool {
        self.is_initialize() || methods::is_newer(self.value.get("params"))
    }

    pub(crate) fn is_initialize(&self) -> bool {
        self.value.get("method").and_then(Value::as_str) == Some("initialize")
    }
}

/// Reads what was sent.
///
/// # Errors
/// It is no message, or none that can be served.
pub(crate) fn read(bytes: &[u8]) -> Result<Sent, Refusal> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match parse(bytes)? {
        Value::Array(items) if items.is_empty() => Err(Refusal::invalid("an empty list is no batch of messages")),
        Value::Array(items) if items.len() > MOST_IN_BATCH => Err(Refusal::invalid(format!(
            "a batch of {} messages is too long: send at most {MOST_IN_BATCH} at once",
            items.len()
        ))),
        Value::Array(items) => {
            Ok(Sent::Batch(items.into_iter().filter_map(|item| in_batch(item).transpose()).collect()))
        }
        value => Ok(judge(value)?.map_or(Sent::Nothing, |message| Sent::One(Box::new(message)))),
    }
}

/// A message that is too long to be read; this is how it begins.
pub(crate) fn too_long(begin: &[u8], most: usize) -> Refusal {
    let message = format!("the message is longer than {most} bytes, which is the most that is read");
    Refusal::of(find_id(begin), ErrorCode::INVALID_REQUEST, message)
}

fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    let refused = |why: String| Refusal::of(find_id(bytes), ErrorCode::PARSE_ERROR, why);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refused(format!("the message is not UTF-8 from byte {} on", error.valid_up_to() + 1)))?;
    serde_json::from_str(text).map_err(|error| {
        let why = error.to_string();
        let at = format!("line {}, column {}", error.line(), error.column());
        refused(if why.contains("recursion limit") {
            "the message is nested more than 127 levels deep".into()
        } else if why.contains("surrogate") || why.contains("hex escape") {
            format!("a text has an escape that is no character, such as half of a surrogate pair ({at})")
        } else {
            format!("the message is no JSON ({at})")
        })
    })
}

fn in_batch(item: Value) -> Result<Option<Message>, Refusal> {
    let message = judge(item)?;
    match message {
        Some(message) if message.is_initialize() => Err(Refusal::of(
            message.request().cloned(),
            ErrorCode::INVALID_REQUEST,
            "`initialize` cannot be part of a batch: send it alone, first",
        )),
        message => Ok(message),
    }
}

/// A message with its shape made sure of; `None` for a notification that nobody has to hear.
fn judge(value: Value) -> Result<Option<Message>, Refusal> {
    let Value::Object(mut message) = value else {
        return Err(Refusal::invalid("a message is an object with `jsonrpc`, `method` and, for a request, `id`"));
    };
    let id = id(&mut message)?;
    let invalid = |why: String| Refusal::of(id.clone(), ErrorCode::INVALID_REQUEST, why);
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(invalid("`jsonrpc` must be \"2.0\"".into()));
    }
    let Some(method) = message.get("method") else {
        if id.is_some() && (message.contains_key("result") || message.contains_key("error")) {
            return typed(message, id.as_ref(), "");
        }
        return Err(invalid("`method` is missing".into()));
    };
    let Some(method) = method.as_str().map(str::to_string) else {
        return Err(invalid("`method` must be text".into()));
    };
    if method.len() > LONGEST_NAME {
        let why = format!("there is no method {}", quoted(&method));
        return Err(Refusal::of(id, ErrorCode::METHOD_NOT_FOUND, why));
    }
    if message.get("params").is_some_and(Value::is_null) {
        message.remove("params");
    }
    let wrong = methods::wrong(&method, message.get("params"));
    match (wrong, &id) {
        (Some(why), Some(_)) => Err(Refusal::of(id, ErrorCode::INVALID_PARAMS, why)),
        // A notification is never answered.
        (Some(_), None) => Ok(None),
        (None, _) => typed(message, id.as_ref(), &method),
    }
}

/// The id, as text or a whole number; `2.0` is one.
fn id(message: &mut Map<String, Value>) -> Result<Option<RequestId>, Refusal> {
    let Some(id) = message.get("id") else { return Ok(None) };
    let Some(good) = usable(id) else {
        return Err(Refusal::invalid(format!("`id` must be a whole number or text of at most {LONGEST_NAME} letters")));
    };
    message.insert("id".into(), good.clone());
    Ok(serde_json::from_value(good).ok())
}

fn usable(id: &Value) -> Option<Value> {
    match id {
        Value::String(text) => (text.len() <= LONGEST_NAME).then(|| id.clone()),
        Value::Number(_) => arguments::whole(id).filter(Value::is_i64),
        _ => None,
    }
}

fn typed(message: Map<String, Value>, id: Option<&RequestId>, method: &str) -> Result<Option<Message>, Refusal> {
    let value = Value::Object(message);
    let known = methods::is_known(method, value.get("params"));
    match serde_json::from_value::<ClientJsonRpcMessage>(value.clone()) {
        // A method of the protocol whose parameters do not fit is taken for a method of somebody's own.
        Ok(ClientJsonRpcMessage::Request(request))
            if known && matches!(request.request, ClientRequest::CustomRequest(_)) =>
        {
            Err(Refusal::of(Some(request.id), ErrorCode::INVALID_PARAMS, methods::unclear(method)))
        }
        Ok(typed) => Ok(Some(Message { value, typed })),
        Err(_) if id.is_none() => Ok(None),
        Err(_) if known => Err(Refusal::of(id.cloned(), ErrorCode::INVALID_PARAMS, methods::unclear(method))),
        Err(_) => Err(Refusal::of(id.cloned(), ErrorCode::INVALID_REQUEST, "this is no message of the protocol")),
    }
}

/// The id of a message that cannot be read as a whole: the member `id` of the outermost object, if it is there.
fn find_id(bytes: &[u8]) -> Option<RequestId> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = end_of_text(bytes, at)?;
                if depth == 1 && &bytes[at..end] == b"\"id\"" {
                    let rest = bytes[end..].trim_ascii_start();
                    if let Some(value) = rest.strip_prefix(b":") {
                        return id_of(value.trim_ascii_start());
                    }
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn id_of(value: &[u8]) -> Option<RequestId> {
    let end = match value.first()? {
        b'"' => end_of_text(value, 0)?,
        _ => value.iter().position(|byte| b",} \t\r\n".contains(byte))?,
    };
    let id = serde_json::from_slice::<Value>(&value[..end]).ok()?;
    serde_json::from_value(usable(&id)?).ok()
}

/// Behind the quote that ends a text.
fn end_of_text(bytes: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> (i32, Value, String) {
        let refusal = read(bytes).expect_err(&String::from_utf8_lossy(&bytes[..bytes.len().min(200)]));
        let answer = refusal.to_value();
        (refusal.error.code.0, answer["id"].clone(), refusal.error.message.into_owned())
    }

    #[test]
    fn what_is_no_json_is_a_parse_error_with_the_id_where_there_is_one() {
        let deep = format!(r#"{{"jsonrpc":"2.0","id":"a\"b","method":"x","params":{}"#, "[".repeat(5_000));
        let cases: [(&[u8], Value, &str); 6] = [
            (b"not json", Value::Null, "no JSON"),
            (br#"{"a":{"id":1},"b":[{"id":2}],"id":3,"#, 3.into(), "no JSON"),
            (b"{\"id\":4,\"method\":\"\xff\"}", 4.into(), "not UTF-8"),
            (br#"{"method":"\ud800","id":5}"#, 5.into(), "surrogate"),
            (br#"{"id":[1],"method":"\ud800"}"#, Value::Null, "surrogate"),
            (deep.as_bytes(), "a\"b".into(), "127 levels"),
        ];
        for (bytes, id, part) in cases {
            let (code, found, message) = refused(bytes);
            assert_eq!((code, &found), (-32700, &id), "{message}");
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(too_long(b"{\"id\":6,\"x\":\"aaaa", 10).to_value()["id"], 6);
    }

    #[test]
    fn what_is_no_message_is_an_invalid_request() {
        for text in [
            "null",
            "7",
            "\"x\"",
            "[]",
            "{}",
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        ] {
            assert_eq!(refused(text.as_bytes()).0, -32600, "{text}");
        }
        let many = format!("[{}]", vec!["1"; MOST_IN_BATCH + 1].join(","));
        assert_eq!(refused(many.as_bytes()).0, -32600);
        let long = "m".repeat(900_000);
        let (code, _, message) = refused(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{long}"}}"#).as_bytes());
        assert!(code == -32601 && message.len() < 300);
        let (code, id, message) = refused(format!(r#"{{"jsonrpc":"2.0","id":"{long}","method":"ping"}}"#).as_bytes());
        assert!(code == -32600 && id.is_null() && message.len() < 300);
    }

    #[test]
    fn parameters_of_another_kind_are_told_as_such() {
        for (params, part) in [
            ("[]", "the parameters of `tools/call` must be an object"),
            (r#"{"name":"t","arguments":"{}"}"#, "`arguments` of `tools/call` must be an object"),
            (r#"{"name":"t","arguments":["a"]}"#, "`arguments` of `tools/call` must be an object"),
            (r#"{"name":7}"#, "`name` of `tools/call` must be text, got `7`"),
            (r#"{"arguments":{}}"#, "`name` of `tools/call` is missing"),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
            let (code, id, message) = refused(text.as_bytes());
            assert_eq!((code, id), (-32602, 1.into()), "{message}");
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn good_messages_pass() {
        let one = |text: &str| match read(text.as_bytes()).expect(text) {
            Sent::One(message) => *message,
            other => panic!("{text}: {other:?}"),
        };
        let call = one(r#"{"jsonrpc":"2.0","id":2.0,"method":"tools/call","params":{"name":"t","arguments":null}}"#);
        assert_eq!(call.request(), Some(&RequestId::Number(2)));
        assert_eq!(
            one("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\",\"params\":null}").value["id"],
            "a"
        );
        assert!(one(r#"{"jsonrpc":"2.0","id":1,"method":"somebody/own","params":{"x":1}}"#).request().is_some());
        assert!(one(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).request().is_none());
        assert!(matches!(
            read(br#"{"jsonrpc":"2.0","method":"notifications/progress","params":7}"#),
            Ok(Sent::Nothing)
        ));
        let batch =
            r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
        let Ok(Sent::Batch(items)) = read(batch.as_bytes()) else { panic!("no batch") };
        assert_eq!(items.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let initialize = r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}]"#;
        let Ok(Sent::Batch(items)) = read(initialize.as_bytes()) else { panic!("no batch") };
        assert!(items[0].as_ref().is_err_and(|refusal| refusal.id == Some(RequestId::Number(1))));
    }
}
