//! Authorities that the user's environment names (`SSL_CERT_FILE`, `SSL_CERT_DIR`), for what runs in a node: where a company's
//! proxy opens TLS, containerd meets its certificates too.

use backstack_common::tls;

/// Programs written in Go read every file of this folder, besides the system's own.
const FILE: &str = "/etc/ssl/certs/backstack-environment.pem";

/// The file for a node, before it starts; none where the environment names no authorities.
pub fn files() -> Vec<(String, String)> {
    match tls::trust() {
        Ok(Some(trust)) => vec![(FILE.into(), trust.pem())],
        _ => Vec::new(),
    }
}
