//! Why a platform is not upgraded.

use crate::error::{ExitKind, Explain};

/// A platform is not upgraded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UpgradeError {
    #[error("platform `{platform}` was set up with {had}, which is newer than {own}")]
    Newer { platform: String, had: String, own: String },
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
