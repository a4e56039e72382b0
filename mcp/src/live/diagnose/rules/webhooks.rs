//! What a call of a webhook says of itself: it answers, and not in the way in which it is asked.

use serde_json::Value;

use super::Seen;
use crate::live::object::{COMPONENT, Ref, label, number, text};

/// Where the API asks a webhook that names no port.
const USUAL_PORT: i64 = 443;
const PLAIN: [&str; 3] = ["server gave http response", "first record does not look like a tls", "wrong version number"];
const UNKNOWN: [&str; 5] = [
    "unknown authority",
    "certificate has expired",
    "not yet valid",
    "certificate is not trusted",
    "parse certificate",
];
const OTHER_NAME: [&str; 4] = ["certificate is valid for", "not valid for any names", "legacy common name", "hostname"];
const CLOSED: [&str; 4] = ["connection refused", "no service port", "unable to find port", "connection reset"];
const SILENT: [&str; 4] = ["deadline exceeded", "timeout", "timed out", "no route to host"];
const NO_PAGE: [&str; 5] =
    ["could not find the requested resource", "404", "expected webhook response", "rejected our request", "unmarshal"];

/// What of a webhook is at fault, and what to do about it.
pub(super) struct Trouble {
    pub field: String,
    pub why: String,
    pub next: String,
}

/// What a message about the call of a webhook tells.
pub(super) fn trouble(seen: &Seen<'_>, webhook: &Value, at: &Ref, index: usize, message: &str) -> Option<Trouble> {
    let said = message.split_once("failed calling webhook").map_or(message, |(_, said)| said).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
    let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
    let service = Ref::new("", "Service", part("namespace"), part("name"));
    let config = format!("webhooks[{index}].clientConfig");
    let port = match number(webhook, "/clientConfig/service/port") {
        0 => USUAL_PORT,
        port => port,
    };
    let is_url = service.name.is_empty();
    let place = |field: &str| if is_url { format!("{config}.url") } else { format!("{config}.service.{field}") };
    let server = if is_url { text(webhook, "/clientConfig/url").to_string() } else { service.to_string() };
    let (field, why, change) = match () {
        () if says(&PLAIN) => {
            let field = place("port");
            let change = format!(
                "Let {server} speak HTTPS, which webhooks need: serve TLS there, set `{field}` of {at} to that port, and `{config}.caBundle` to what has signed its certificate"
            );
            (field, format!("{server} answers at port {port} in plain HTTP, and webhooks are asked with HTTPS"), change)
        }
        () if says(&OTHER_NAME) => {
            let host = format!("{}.{}.svc", service.name, service.namespace);
            let field = if is_url { place("url") } else { format!("{config}.service.name") };
            let change = format!("Give {server} a certificate for `{host}`, or correct `{field}` of {at}");
            (field, format!("the certificate of {server} is for another name"), change)
        }
        () if says(&UNKNOWN) => {
            let field = format!("{config}.caBundle");
            let change = format!(
                "Set `{field}` of {at} to the authority that has signed the certificate of {server}, or give that a new certificate of the one that stands there"
            );
            let why = format!("the certificate of {server} is not one that `{field}` vouches for");
            (field, why, change)
        }
        () if says(&CLOSED) => {
            let field = place("port");
            let change = format!("Set `{field}` of {at} to a port of {server} at which its pods listen");
            (field, format!("nobody listens at port {port} of {server}"), change)
        }
        () if says(&NO_PAGE) => {
            let field = place("path");
            let change = format!("Set `{field}` of {at} to the path at which {server} answers such questions");
            (field, format!("{server} does not know what it is asked at `{}`", part("path")), change)
        }
        () if says(&SILENT) => {
            let field = format!("webhooks[{index}].timeoutSeconds");
            let change = format!("See why {server} does not answer in time (`{field}` of {at})");
            (field, format!("{server} does not answer in time"), change)
        }
        () => return None,
    };
    let meanwhile = format!("Until then set `webhooks[{index}].failurePolicy` of {at} to Ignore, or delete {at}");
    let component = seen.snapshot.get(&service).and_then(|service| label(service, COMPONENT));
    let status = component.map(|of| format!(" `backstack status` tells of {of}.")).unwrap_or_default();
    Some(Trouble { field, why, next: format!("{change}. {meanwhile}.{status}") })
}
