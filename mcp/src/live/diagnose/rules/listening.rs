//! Where a program says in its log that it listens: `server is listening on :5678`.

use serde_json::Value;

use crate::live::object::{name, namespace, text};
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

/// Words before an address that a program has opened.
const WORDS: [&str; 5] = ["listen", "serving on", "bound to", "started on", "running on"];
/// Hosts that nobody outside of the pod reaches.
const LOOPBACK: [&str; 3] = ["127.", "localhost", "[::1]"];

/// One address that a program has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    pub port: u16,
    /// Whether only the pod itself reaches it.
    pub is_loopback: bool,
}

/// All that is known of a container's log: what it writes now, and what the run before has written.
pub(super) fn all_lines<'a>(snapshot: &'a Snapshot, pod: &Value, container: &str) -> impl Iterator<Item = &'a str> {
    let key = (namespace(pod).to_string(), name(pod).to_string(), container.to_string());
    [snapshot.recent_log(&key), snapshot.log(&key)].into_iter().flatten().flat_map(str::lines)
}

/// What the logs of a pod's container tell, those of the run before too.
pub(super) fn of_container(snapshot: &Snapshot, pod: &Value, container: &str) -> Vec<Opened> {
    let mut opened: Vec<_> = all_lines(snapshot, pod, container).flat_map(opened).collect();
    opened.dedup();
    opened
}

/// What all containers of a pod tell, each with its place.
pub(super) fn of_pod(snapshot: &Snapshot, pod: &Value) -> Vec<(String, Opened)> {
    let containers = Template::of(pod).into_iter().flat_map(|template| template.containers());
    let told = containers.flat_map(|(path, container)| {
        let opened = of_container(snapshot, pod, text(container, "/name"));
        opened.into_iter().map(move |one| (path.clone(), one))
    });
    told.collect()
}

/// Addresses in a line that tells of listening.
fn opened(line: &str) -> Vec<Opened> {
    let lower = line.to_lowercase();
    let Some(at) = WORDS.iter().filter_map(|word| Some(lower.find(word)? + word.len())).min() else {
        return Vec::new();
    };
    let rest = &lower[at..];
    let words =
        rest.split(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | '(' | ')' | '='));
    let mut found: Vec<_> = words.filter_map(address).collect();
    if found.is_empty()
        && let Some((_, after)) = rest.split_once("port ")
    {
        let digits = after.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
        found.extend(digits.parse().ok().map(|port| Opened { port, is_loopback: false }));
    }
    found
}

/// `:5678`, `0.0.0.0:80`, `http://127.0.0.1:8000/`.
fn address(word: &str) -> Option<Opened> {
    let word = word.rsplit("//").next()?.split('/').next()?.trim_end_matches(['.', ';', ']']);
    let (host, port) = word.rsplit_once(':')?;
    let is_host = host
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '[' | ']' | ':' | '*'));
    let port = port.parse().ok().filter(|port| *port > 0 && is_host)?;
    Some(Opened { port, is_loopback: LOOPBACK.iter().any(|loopback| host.starts_with(loopback)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_where_a_line_tells_of_listening() {
        let all = |port| vec![Opened { port, is_loopback: false }];
        for (line, expected) in [
            ("2026/11/29 21:00:00 [INFO] server is listening on :5678", all(5678)),
            ("Listening on http://0.0.0.0:8000/", all(8000)),
            ("listening at port 3000", all(3000)),
            ("Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C)", vec![Opened { port: 8000, is_loopback: true }]),
            ("listening for connections", vec![]),
            ("2026-11-29T21:00:00Z GET / 200", vec![]),
            ("connect to db:5432 failed", vec![]),
        ] {
            assert_eq!(opened(line), expected, "{line}");
        }
    }
}
