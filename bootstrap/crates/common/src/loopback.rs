//! Whether a host is this machine.

use std::net::IpAddr;

/// Whether a host is this machine's loopback: a name or address, as it stands in a URL or without its brackets, with or
/// without a port. Registries there speak plain HTTP, and no proxy leads there.
pub fn is_loopback(host: &str) -> bool {
    let is_ours = |name: &str| {
        let name = name.trim_matches(['[', ']']);
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let without_port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    is_ours(host) || without_port.is_some_and(|(name, _)| is_ours(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for host in ["localhost", "localhost:5000", "127.0.0.1", "127.9.9.9:80", "::1", "[::1]", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        let others = ["quay.io", "10.0.0.1:5000", "localhost.example:80", "127.example", "[fe80::1]", "fe80::1", ""];
        for host in others {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
