//! Why a platform is not upgraded.

use crate::error::{ExitKind, Explain};

/// A platform is not upgraded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UpgradeError {
    /// The platform, or its stack, is of a later version, and `--downgrade` was not given.
    #[error("platform `{platform}` was set up with {had}, which is newer than {own}")]
    Newer {
        /// The platform that was to be upgraded, as `--name` has it.
        platform: String,
        /// What is newer, with its version: `backstack 0.3.0` or `stack back 0.3.0`.
        had: String,
        /// The version of it that this program has.
        own: String,
    },
}

impl Explain for UpgradeError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "Use that version or a newer one. `--downgrade` applies the older one all the same: components do not always \
             take that, so look at `--plan` first."
                .into(),
        ]
    }
}
