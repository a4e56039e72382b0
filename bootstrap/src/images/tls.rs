//! The one cryptography provider of the process.

use std::sync::Once;

/// Makes ring the provider that TLS connections use, once; later calls do nothing.
///
/// Every HTTP client here is compiled without a provider of its own, so that exactly one is linked.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else installed one first, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
