//! What a platform was made with, as it is kept in its cluster.

use serde::{Deserialize, Serialize};

use super::Push;
use crate::stack::Changes;

/// What may change from one `up` to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of backstack that ran last.
    pub by: String,
    /// Name of the platform.
    #[serde(default)]
    pub name: String,
    /// Name of the built-in stack, or the folder of a user's own.
    pub stack: String,
    /// Version of the stack as it was applied; empty where an older program wrote the record.
    #[serde(default)]
    pub stack_version: String,
    /// Address under which people reach the platform.
    pub url: String,
    /// Whether images were built from packages.
    pub from_packages: bool,
    /// Parameters that were set by hand: component, parameter, value.
    #[serde(default)]
    pub parameters: Vec<(String, String, serde_json::Value)>,
    /// Components that were added to the stack, or left out of it.
    #[serde(default)]
    pub changes: Changes,
    /// Whether the cluster is one that somebody else made.
    #[serde(default)]
    pub elsewhere: bool,
    /// The registry that images were pushed to, for such a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
    /// The checkpoint of before an upgrade that is not through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrading: Option<String>,
}

impl Record {
    /// The name or address in the platform's address.
    pub fn host(&self) -> String {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(':').next().unwrap_or(rest).into()
    }
}
