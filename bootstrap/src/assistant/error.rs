//! Errors of the assistant's side, as the command line explains them.

use backstack_mcp::ToolError;
use backstack_mcp::catalog::CatalogFileError;
use backstack_mcp::docs::DocsError;
use backstack_mcp::error::ErrorKind;
use backstack_mcp::http::{HttpError, TokenError};
use backstack_mcp::install::InstallError;
use backstack_mcp::server::UnknownToolset;

use crate::error::{ExitKind, Explain};

impl Explain for CatalogFileError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec!["Give `--catalog` a folder with descriptors, or one file (`catalog-info.yaml`).".into()]
    }
}

impl Explain for DocsError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![self.hint()]
    }
}

impl Explain for UnknownToolset {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec!["`backstack mcp tools` shows the toolsets with their tools.".into()]
    }
}

impl Explain for HttpError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Listen { .. } => {
                "Is a server running there already? Choose another port: `--http 127.0.0.1:7312`.".into()
            }
            Self::Open { .. } => "Leave `--no-token` out, or listen on 127.0.0.1.".into(),
        }]
    }
}

impl Explain for TokenError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec!["If the file is damaged, remove it and run `backstack mcp install` again for each client.".into()]
    }
}

impl Explain for InstallError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::NoHttp { .. } => "Install it without `--http`: the client then starts the server itself.".into(),
            _ => "Nothing was changed. `--print` shows what to put in by hand.".into(),
        }]
    }
}

/// An error of a tool, on the command line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AskError(pub ToolError);

impl Explain for AskError {
    fn kind(&self) -> ExitKind {
        match self.0.kind {
            ErrorKind::Unavailable | ErrorKind::Forbidden => ExitKind::Cluster,
            ErrorKind::Timeout => ExitKind::Timeout,
            ErrorKind::Internal => ExitKind::Internal,
            _ => ExitKind::Usage,
        }
    }

    fn details(&self) -> Vec<String> {
        self.0.candidates.iter().take(20).map(|name| format!("possibly meant: {name}")).collect()
    }

    fn hints(&self) -> Vec<String> {
        self.0.hints.clone()
    }
}
