//! Whether a platform could be upgraded, or is on the way: for `status`.

use serde::Serialize;

use super::{OWN, is_newer};
use crate::settings::Record;
use crate::stack::Stack;

/// An upgrade that could be made, or is not through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// The stack with its version as this program and its files have it.
    pub to: String,
    /// The checkpoint that leads back from an upgrade that was cut off or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
}

impl Pending {
    /// What is so, in a sentence. `flags` mean the platform.
    pub fn told(&self, flags: &str) -> String {
        match &self.unfinished {
            Some(checkpoint) => format!(
                "An upgrade is not through: `backstack upgrade{flags}` goes on, `backstack reset --to {checkpoint}{flags}` goes back."
            ),
            None => format!("{}: `backstack upgrade --plan{flags}` shows what that would change.", self.to),
        }
    }
}

/// Compares what was recorded of a platform with its stack as it is read now. One that is newer could not be upgraded.
pub fn pending(record: &Record, stack: &Stack) -> Option<Pending> {
    let stack_is_other = !record.stack_version.is_empty() && record.stack_version != stack.version;
    let is_other = stack_is_other || record.by != OWN;
    let is_newer = is_newer(&record.by, OWN) || is_newer(&record.stack_version, &stack.version);
    let to = format!("There is {} {} (backstack {OWN})", stack.name, stack.version);
    let unfinished = record.upgrading.clone();
    (unfinished.is_some() || (is_other && !is_newer)).then_some(Pending { to, unfinished })
}
