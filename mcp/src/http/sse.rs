//! Event streams, as far as messages are in them.

use bytes::Bytes;
use http_body_util::BodyExt;
use rmcp::ErrorData;
use serde_json::{Value, json};

use super::serve::Body;

/// What a stream had for a request.
#[derive(Debug, PartialEq)]
pub(super) enum Picked {
    Answer(Value),
    /// The client is asked something before there is an answer.
    Question,
    /// It ended.
    Nothing,
}

impl Picked {
    /// As an answer in any case.
    pub(super) fn into_value(self, id: &Value) -> Value {
        let error = match self {
            Self::Answer(answer) => return answer,
            Self::Question => ErrorData::invalid_request(
                "the user has to be asked before this is answered, and that needs an event stream: \
                 send `Accept: application/json, text/event-stream`",
                None,
            ),
            Self::Nothing => ErrorData::internal_error("the server is about to end, and did not answer", None),
        };
        json!({"jsonrpc": "2.0", "id": id, "error": error})
    }
}

/// Reads a stream until the answer to this request is there.
pub(super) async fn pick(mut body: Body, id: &Value) -> Picked {
    let mut line = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        for part in data.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if !part.ends_with(b"\n") {
                continue;
            }
            let message = line.strip_prefix(b"data:").and_then(|data| serde_json::from_slice::<Value>(data).ok());
            line.clear();
            match message {
                Some(message) if message.get("method").is_some() && message.get("id").is_some() => {
                    return Picked::Question;
                }
                Some(message) if message.get("id") == Some(id) => return Picked::Answer(message),
                _ => {}
            }
        }
    }
    Picked::Nothing
}

/// One message as an event.
pub(super) fn event(message: &Value) -> Bytes {
    format!("data: {message}\n\n").into()
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    fn body(parts: &[&'static str]) -> Body {
        let frames: Vec<_> = parts.iter().map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes())))).collect();
        BodyExt::boxed(StreamBody::new(futures::stream::iter(frames)))
    }

    #[tokio::test]
    async fn the_answer_is_picked_out_however_the_stream_is_cut() {
        let progress = "data: {\"method\":\"notifications/progress\",\"params\":{}}\n\n";
        let answer = json!({"id": 7, "result": {}});
        let parts =
            [": alive\n\n", progress, "data: {\"id\":8,\"result\":1}\n\nda", "ta: {\"id\":7,\"res", "ult\":{}}\n\n"];
        assert_eq!(pick(body(&parts), &json!(7)).await, Picked::Answer(answer));
        assert_eq!(pick(body(&parts[..2]), &json!(7)).await, Picked::Nothing);
        let asks = pick(body(&["data: {\"id\":0,\"method\":\"elicitation/create\"}\n\n"]), &json!(7)).await;
        assert!(asks.into_value(&json!(7))["error"]["message"].as_str().expect("text").contains("text/event-stream"));
    }
}
