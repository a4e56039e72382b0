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

/// A webhook as its configuration has it.
struct Asked<'a> {
    configuration: &'a Ref,
    webhook: &'a Value,
    /// Where it stands in the configuration.
    path: String,
    service: Ref,
}

/// What a message about the call of a webhook tells.
pub(super) fn trouble(seen: &Seen<'_>, webhook: &Value, at: &Ref, index: usize, message: &str) -> Option<Trouble> {
    let part = |field: &str| text(webhook, &format!("/clientConfig/service/{field}"));
    let service = Ref::new("", "Service", part("namespace"), part("name"));
    let asked = Asked { configuration: at, webhook, path: format!("webhooks[{index}]"), service };
    let said = message.split_once("failed calling webhook").map_or(message, |(_, said)| said).to_lowercase();
    let (field, why, change) = asked.of_speech(&said).or_else(|| asked.of_answer(&said))?;
    let meanwhile = format!("Until then set `{}.failurePolicy` of {at} to Ignore, or delete {at}.", asked.path);
    let component = seen.snapshot.get(&asked.service).and_then(|service| label(service, COMPONENT));
    let status = component.map(|of| format!(" `backstack status` tells of {of}.")).unwrap_or_default();
    Some(Trouble { field, why, next: format!("{change}. {meanwhile}{status}") })
}

fn says(said: &str, words: &[&str]) -> bool {
    words.iter().any(|words| said.contains(words))
}

/// The field at fault, why, and what to change.
type Told = (String, String, String);

impl Asked<'_> {
    fn is_url(&self) -> bool {
        self.service.name.is_empty()
    }

    /// A field of what leads to it.
    fn place(&self, field: &str) -> String {
        let part = if self.is_url() { "url".into() } else { format!("service.{field}") };
        format!("{}.clientConfig.{part}", self.path)
    }

    fn server(&self) -> String {
        if self.is_url() { text(self.webhook, "/clientConfig/url").into() } else { self.service.to_string() }
    }

    fn port(&self) -> i64 {
        match number(self.webhook, "/clientConfig/service/port") {
            0 => USUAL_PORT,
            port => port,
        }
    }

    /// It speaks, and not as it should: plainly, or with a certificate that is not taken.
    fn of_speech(&self, said: &str) -> Option<Told> {
        let (at, server, port) = (self.configuration, self.server(), self.port());
        let bundle = format!("{}.clientConfig.caBundle", self.path);
        if says(said, &PLAIN) {
            let field = self.place("port");
            let why = format!("{server} answers at port {port} in plain HTTP, and webhooks are asked with HTTPS");
            let change = format!(
                "Let {server} speak HTTPS, which webhooks need: serve TLS there, set `{field}` of {at} to that port, and `{bundle}` to what has signed its certificate"
            );
            return Some((field, why, change));
        }
        if says(said, &OTHER_NAME) {
            let field = self.place("name");
            let host = format!("{}.{}.svc", self.service.name, self.service.namespace);
            let host = if self.is_url() { "its host".into() } else { format!("`{host}`") };
            let change = format!("Give {server} a certificate for {host}, or correct `{field}` of {at}");
            return Some((field, format!("the certificate of {server} is for another name"), change));
        }
        says(said, &UNKNOWN).then(|| {
            let why = format!("the certificate of {server} is not one that `{bundle}` vouches for");
            let change = format!(
                "Set `{bundle}` of {at} to the authority that has signed the certificate of {server}, or give that a new certificate of the one that stands there"
            );
            (bundle, why, change)
        })
    }

    /// It does not answer, or not there.
    fn of_answer(&self, said: &str) -> Option<Told> {
        let (at, server, port) = (self.configuration, self.server(), self.port());
        if says(said, &CLOSED) {
            let field = self.place("port");
            let change = format!("Set `{field}` of {at} to a port of {server} at which its pods listen");
            return Some((field, format!("nobody listens at port {port} of {server}"), change));
        }
        if says(said, &NO_PAGE) {
            let (field, path) = (self.place("path"), text(self.webhook, "/clientConfig/service/path"));
            let change = format!("Set `{field}` of {at} to the path at which {server} answers such questions");
            return Some((field, format!("{server} does not know what it is asked at `{path}`"), change));
        }
        says(said, &SILENT).then(|| {
            let field = format!("{}.timeoutSeconds", self.path);
            let change = format!("See why {server} does not answer in time (`{field}` of {at})");
            (field, format!("{server} does not answer in time"), change)
        })
    }
}
