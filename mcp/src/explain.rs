//! How errors of this crate reach a person on the command line.

use backstack_common::error::{ExitKind, Explain};

use crate::catalog::CatalogFileError;
use crate::docs::DocsError;
use crate::http::{HttpError, TokenError};
use crate::install::InstallError;
use crate::server::UnknownToolset;

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
