//! The protocol's methods and what their parameters are, so far as a client gets them wrong.

use serde_json::Value;

use crate::error::quoted;

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Object,
}

struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

const CURSOR: &[Field] = &[may("cursor", Kind::Text)];
const URI: &[Field] = &[must("uri", Kind::Text)];

const METHODS: [(&str, &[Field]); 16] = [
    ("completion/complete", &[must("ref", Kind::Object), must("argument", Kind::Object)]),
    (
        "initialize",
        &[must("protocolVersion", Kind::Text), must("capabilities", Kind::Object), must("clientInfo", Kind::Object)],
    ),
    ("logging/setLevel", &[must("level", Kind::Text)]),
    ("notifications/cancelled", &[]),
    ("ping", &[]),
    ("prompts/get", &[must("name", Kind::Text), may("arguments", Kind::Object)]),
    ("prompts/list", CURSOR),
    ("resources/list", CURSOR),
    ("resources/read", URI),
    ("resources/subscribe", URI),
    ("resources/templates/list", CURSOR),
    ("resources/unsubscribe", URI),
    ("server/discover", &[]),
    ("subscriptions/listen", &[]),
    ("tools/call", &[must("name", Kind::Text), may("arguments", Kind::Object)]),
    ("tools/list", CURSOR),
];

/// Where a request of the newer revision says which one it is of. It is sent back if it is unknown.
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const LONGEST_VERSION: usize = 100;

/// What the newer revision, whose requests name it, has no more.
const REMOVED: [&str; 5] = ["initialize", "logging/setLevel", "ping", "resources/subscribe", "resources/unsubscribe"];

/// Whether a method is of the protocol, and served here.
pub(super) fn is_known(method: &str, params: Option<&Value>) -> bool {
    let removed = REMOVED.contains(&method) && is_newer(params);
    !removed && METHODS.iter().any(|(name, _)| *name == method)
}

/// Whether a request says of itself which revision it is of.
pub(super) fn is_newer(params: Option<&Value>) -> bool {
    params.and_then(|params| params.get("_meta")).is_some_and(|meta| meta.get(VERSION).is_some())
}

/// What is wrong with the parameters of a method, if anything.
pub(super) fn wrong(method: &str, params: Option<&Value>) -> Option<String> {
    let known = is_known(method, params);
    let params = match params {
        Some(Value::Object(params)) => Some(params),
        Some(_) => return Some(format!("the parameters of `{method}` must be an object")),
        None => None,
    };
    let fields = METHODS.iter().find(|(name, _)| known && *name == method).map_or(&[][..], |(_, fields)| fields);
    for field in fields {
        let value = params.and_then(|params| params.get(field.name)).filter(|value| !value.is_null());
        let (right, want) = match field.kind {
            Kind::Text => (value.is_none_or(Value::is_string), "text"),
            Kind::Object => (value.is_none_or(Value::is_object), "an object"),
        };
        match value {
            None if field.required => return Some(format!("`{}` of `{method}` is missing: {want}", field.name)),
            Some(value) if !right => {
                let shown = value.as_str().map_or_else(|| quoted(&value.to_string()), quoted);
                return Some(format!("`{}` of `{method}` must be {want}, got {shown}", field.name));
            }
            _ => {}
        }
    }
    let meta = params.and_then(|params| params.get("_meta"));
    let version = meta.and_then(|meta| meta.get(VERSION)).and_then(Value::as_str).unwrap_or_default();
    (version.len() > LONGEST_VERSION).then(|| format!("there is no revision {} of the protocol", quoted(version)))
}

/// Parameters that do not fit in a way that has no words here.
pub(super) fn unclear(method: &str) -> String {
    format!("the parameters of `{method}` are not those that the protocol has for it")
}
