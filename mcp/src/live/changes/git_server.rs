//! The platform's own Git server.

use async_trait::async_trait;
use serde_json::Value;

use crate::error::PortError;

/// Sends requests to the Git server's HTTP API, with the assistant's own account. What they mean is known in
/// [`super::forge`].
#[async_trait]
pub trait GitServer: Send + Sync + 'static {
    /// `address` is below the API's root, as `/repos/a/b`. Gives the status and the answer as JSON.
    ///
    /// # Errors
    /// Only if no answer came at all.
    async fn send(&self, method: &str, address: &str, body: Option<&Value>) -> Result<(u16, Value), PortError>;
}
