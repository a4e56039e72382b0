//! A message that was posted: read and judged here, served by the protocol's library, and answered in a form that the client
//! takes.
//!
//! The library wants clients to accept both JSON and event streams. Those that accept one of them are served too: an answer
//! for somebody who takes JSON alone is picked out of the stream. Such a client cannot be asked anything while it waits, so
//! what it says about questions when it connects is not passed on.

use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Bytes, Frame};
use rmcp::model::ErrorCode;
use rmcp::transport::streamable_http_server::session::SessionStore;
use serde_json::Value;

use super::MOST_BODY_BYTES;
use super::serve::{Body, Door, refuse, too_often};
use super::sse;
use super::whole::Whole;
use crate::server::lines::{BATCHES, no_batches};
use crate::server::message::{self, Message, Refusal, Sent};

const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// In what form a client takes answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Stream,
    Json,
}

impl Takes {
    /// By its header; without one it takes everything.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut any = false;
        let (mut json, mut stream) = (false, false);
        for value in headers.get_all(header::ACCEPT) {
            any = true;
            for range in value.to_str().unwrap_or_default().split(',') {
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
                if parts.any(|part| ["q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"].contains(&part)) {
                    continue;
                }
                json |= [JSON, "application/*", "*/*"].contains(&kind.as_str());
                stream |= [STREAM, "text/*", "*/*"].contains(&kind.as_str());
            }
        }
        match (stream || !any, json) {
            (true, _) => Some(Self::Stream),
            (false, true) => Some(Self::Json),
            (false, false) => None,
        }
    }
}

impl Door {
    /// Whether the request is for another host or from a strange page; only what passes is read. The library knows, so it is
    /// asked with a method that does nothing.
    async fn stranger(&self, parts: &Parts) -> Option<Response<Body>> {
        let mut empty = Request::new(Full::new(Bytes::new()));
        *empty.uri_mut() = parts.uri.clone();
        *empty.headers_mut() = parts.headers.clone();
        *empty.method_mut() = Method::OPTIONS;
        let response = self.service.handle(empty).await;
        (response.status() != StatusCode::METHOD_NOT_ALLOWED).then_some(response)
    }

    /// A stream of news is opened: whoever takes everything takes that.
    pub(super) async fn get(&self, mut request: Request<Whole>) -> Response<Body> {
        if Takes::of(request.headers()) == Some(Takes::Stream) {
            request.headers_mut().insert(header::ACCEPT, BOTH);
        }
        self.service.handle(request).await
    }

    pub(super) async fn post(&self, request: Request<Whole>, client: &str) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        if let Some(refused) = self.stranger(&parts).await {
            return refused;
        }
        let Some(takes) = Takes::of(&parts.headers) else {
            return refuse(
                StatusCode::NOT_ACCEPTABLE,
                "Answers are application/json or text/event-stream: accept one.",
            );
        };
        if !is_json(&parts.headers) {
            let refusal = Refusal::invalid("messages are JSON: send `Content-Type: application/json`");
            return answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, &refusal.to_value());
        }
        let bytes = match Limited::new(body, MOST_BODY_BYTES).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return answer(StatusCode::PAYLOAD_TOO_LARGE, &message::too_long(&[], MOST_BODY_BYTES).to_value());
            }
            Err(_) => return refuse(StatusCode::BAD_REQUEST, "The message broke off."),
        };
        parts.headers.insert(header::ACCEPT, BOTH);
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::TRANSFER_ENCODING);
        match message::read(&bytes) {
            Ok(Sent::One(message)) => self.one(&parts, *message, takes).await,
            Ok(Sent::Batch(items)) => self.batch(&parts, items, takes, client).await,
            Ok(Sent::Nothing) => accepted(),
            Err(refusal) => answer(status_of(&refusal), &refusal.to_value()),
        }
    }

    async fn one(&self, parts: &Parts, mut message: Message, takes: Takes) -> Response<Body> {
        if takes == Takes::Json && message.is_initialize() {
            without_questions(&mut message.value);
        }
        let response = self.serve(parts, &message).await;
        match message.request() {
            Some(id) if takes == Takes::Json && is_stream(&response) => as_json(response, &serde_json::json!(id)).await,
            _ => response,
        }
    }

    /// The library's answer to one message.
    async fn serve(&self, parts: &Parts, message: &Message) -> Response<Body> {
        self.service.handle(Request::from_parts(parts.clone(), Full::new(Bytes::from(message.value.to_string())))).await
    }

    async fn batch(
        &self,
        parts: &Parts,
        items: Vec<Result<Message, Refusal>>,
        takes: Takes,
        client: &str,
    ) -> Response<Body> {
        if let Err(refusal) = self.may_batch(&parts.headers).await {
            return answer(StatusCode::BAD_REQUEST, &refusal.to_value());
        }
        // The first was counted at the door.
        for _ in 1..items.len() {
            if let Err(seconds) = self.limit.take(client, std::time::Instant::now()) {
                return too_often(seconds);
            }
        }
        let (mut answers, mut streams) = (Vec::new(), Vec::new());
        for item in items {
            let message = match item {
                Ok(message) => message,
                Err(refusal) => {
                    answers.push(refusal.to_value());
                    continue;
                }
            };
            let response = self.serve(parts, &message).await;
            match message.request() {
                Some(id) if is_stream(&response) => streams.push((serde_json::json!(id), response.into_body())),
                // The session is gone, for example: that is so for all of them.
                _ if !response.status().is_success() => return response,
                _ => {}
            }
        }
        match (takes, answers.is_empty() && streams.is_empty()) {
            (_, true) => accepted(),
            (Takes::Stream, _) => together(answers, streams.into_iter().map(|(_, body)| body).collect()),
            (Takes::Json, _) => {
                let picked =
                    streams.into_iter().map(|(id, body)| async move { sse::pick(body, &id).await.into_value(&id) });
                answers.extend(futures::future::join_all(picked).await);
                answer(StatusCode::OK, &answers.into())
            }
        }
    }

    /// Whether this request's session is of the revision that has batches.
    async fn may_batch(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(version) = text(VERSION).filter(|version| *version != BATCHES) {
            // It is the client's own text.
            return Err(no_batches(Some(&version.chars().take(40).collect::<String>())));
        }
        let Some(session) = text(SESSION) else { return Err(no_batches(None)) };
        let state = self.sessions.load(session).await.ok().flatten();
        let version = state.map(|state| state.initialize_params.protocol_version.to_string());
        match version.as_deref() {
            Some(BATCHES) => Ok(()),
            Some(_) => Err(no_batches(Some("a later one"))),
            None => Err(no_batches(None)),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
}

fn is_stream(response: &Response<Body>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with(STREAM))
}

/// What cannot be read at all is the transport's business; the rest is an answer as any other.
fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal.error.code {
        ErrorCode::PARSE_ERROR | ErrorCode::INVALID_REQUEST => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// A client that takes no stream cannot be asked.
fn without_questions(initialize: &mut Value) {
    let capabilities = initialize.pointer_mut("/params/capabilities").and_then(Value::as_object_mut);
    if let Some(capabilities) = capabilities {
        for asks in ["elicitation", "sampling", "roots"] {
            capabilities.remove(asks);
        }
    }
}

fn accepted() -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::new()).boxed());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// The answer alone, out of the stream that it comes with.
async fn as_json(response: Response<Body>, id: &Value) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let mut json = answer(parts.status, &sse::pick(body, id).await.into_value(id));
    if let Some(session) = parts.headers.get(SESSION) {
        json.headers_mut().insert(SESSION, session.clone());
    }
    json
}

/// Several streams as one, events as they come.
fn together(answers: Vec<Value>, bodies: Vec<Body>) -> Response<Body> {
    let first = futures::stream::iter(answers.into_iter().map(|value| Ok(Frame::data(sse::event(&value)))));
    let bodies = bodies.into_iter().map(|body| body.into_data_stream().map(|data| data.map(Frame::data)));
    let all = first.chain(futures::stream::select_all(bodies));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(all)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_takes_no_stream_is_not_asked() {
        let mut message =
            serde_json::json!({"params": {"capabilities": {"elicitation": {}, "roots": {}, "experimental": {}}}});
        without_questions(&mut message);
        assert_eq!(message, serde_json::json!({"params": {"capabilities": {"experimental": {}}}}));
    }
}
