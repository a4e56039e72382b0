//! The address of an engine, brought into one form as the `docker` command does it.

use crate::error::ClusterError;
use backstack_common::words::number;

const SOCKET: &str = if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" };
const WITH_TLS: &str = "tcp://localhost:2376";
const PORT: &str = "2375";

/// An address with scheme, host and port. Empty: the local socket, or the TLS port of this machine.
///
/// # Errors
/// [`ClusterError::EngineAddress`] for a form that cannot be used here.
pub(super) fn normal(host: &str, tls: bool, reason: &str) -> Result<String, ClusterError> {
    let wrong = |why: &str| ClusterError::EngineAddress {
        address: host.trim().into(),
        named_by: reason.into(),
        why: why.into(),
    };
    let host = host.trim();
    match host.split_once("://").unwrap_or(("", host)) {
        ("", "") => Ok(if tls { WITH_TLS } else { SOCKET }.into()),
        ("", path) if path.starts_with(['/', '.', '~']) => Err(wrong("it is a path without `unix://` before it")),
        ("" | "tcp", rest) => Ok(format!("tcp://{}", with_port(rest).ok_or_else(|| wrong("its port is no number"))?)),
        ("unix", "") => Ok(SOCKET.into()),
        ("unix", _) if cfg!(unix) => Ok(host.into()),
        ("npipe", _) if cfg!(windows) => Ok(host.into()),
        ("ssh", _) => Err(wrong("an engine behind ssh cannot be used directly")),
        _ => Err(wrong("its scheme is none that is understood here")),
    }
}

/// `HOST:PORT` and a path, with what is left out filled in.
fn with_port(rest: &str) -> Option<String> {
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    // The colons of an IPv6 address are within its brackets.
    let after_host = authority.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match authority[after_host..].rfind(':') {
        Some(at) => (&authority[..after_host + at], &authority[after_host + at + 1..]),
        None => (authority, ""),
    };
    let port = if port.is_empty() { PORT } else { port };
    number::<u16>(port)?;
    Some(format!("{}:{port}{path}", if host.is_empty() { "localhost" } else { host }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_form_that_the_docker_command_gives_them() {
        for (host, expected) in [
            ("tcp://127.0.0.1", "tcp://127.0.0.1:2375"),
            ("tcp://", "tcp://localhost:2375"),
            ("127.0.0.1:1", "tcp://127.0.0.1:1"),
            (":5", "tcp://localhost:5"),
            ("tcp://[::1]:7/prefix", "tcp://[::1]:7/prefix"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
            (" unix:///run/a.sock ", "unix:///run/a.sock"),
            ("unix://", SOCKET),
            ("", SOCKET),
        ] {
            assert_eq!(normal(host, false, "").expect(host), expected);
        }
        assert_eq!(normal("", true, "").expect("TLS"), WITH_TLS);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for host in [
            "http://h:1",
            "https://h:1",
            "fd://3",
            "ssh://me@h",
            "/var/run/docker.sock",
            "tcp://h:docker",
            "tcp://h:+1",
        ] {
            assert!(matches!(normal(host, false, "DOCKER_HOST"), Err(ClusterError::EngineAddress { .. })), "{host}");
        }
    }
}
