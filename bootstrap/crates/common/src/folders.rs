//! Where backstack keeps what can be made again, and where it looks for settings.
//!
//! Each folder has a variable of its own. Without it, the folder lies in the user's home folder: what `HOME` says, or,
//! where that is not set or empty, what the system's list of users says. Without that (and with a `HOME` that is no
//! absolute path, or leads to a file) there is no such folder, and an error names the variables that would help. Nothing
//! is put into a temporary or the current folder instead.

use std::path::{Path, PathBuf};

use crate::error::{ExitKind, Explain};

/// There is no place for something that has to be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no place for {what}: HOME names no folder")]
pub struct NoHome {
    /// What has no place, as `the image cache`.
    pub what: &'static str,
    /// The variable that would name one.
    pub variable: Option<&'static str>,
}

impl Explain for NoHome {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![match self.variable {
            None => "Set HOME to your home folder.".into(),
            Some(variable) => format!("Set HOME to your home folder, or {variable} to a folder that you may write to."),
        }]
    }
}

/// The cache: built images, downloads. Safe to delete at any time.
///
/// `BACKSTACK_CACHE`, else the platform's own cache folder with `backstack` below it.
///
/// # Errors
/// [`NoHome`]
pub fn cache() -> Result<PathBuf, NoHome> {
    if let Some(folder) = variable("BACKSTACK_CACHE") {
        return Ok(folder);
    }
    let base = if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
    };
    let missing = NoHome { what: "the image cache", variable: Some("BACKSTACK_CACHE") };
    base.map(|base| base.join("backstack")).ok_or(missing)
}

/// The settings file: `BACKSTACK_CONFIG`, else `backstack/config.yaml` in the user's configuration folder. None where
/// there is no such folder: nobody can have put one there.
pub fn config_file() -> Option<PathBuf> {
    variable("BACKSTACK_CONFIG").or_else(|| {
        let base = variable("XDG_CONFIG_HOME").or_else(|| home().map(|home| home.join(".config")));
        base.map(|base| base.join("backstack/config.yaml"))
    })
}

/// What the MCP server keeps: digests of tokens, sessions. `BACKSTACK_STATE`, else `backstack` in the user's state folder.
///
/// # Errors
/// [`NoHome`]
pub fn assistant() -> Result<PathBuf, NoHome> {
    state("the MCP server's state").map(|state| state.join("mcp"))
}

/// Logs of the last runs, in the same folder as [`assistant`].
///
/// # Errors
/// [`NoHome`]
pub fn logs() -> Result<PathBuf, NoHome> {
    state("the log").map(|state| state.join("log"))
}

fn state(what: &'static str) -> Result<PathBuf, NoHome> {
    let base = variable("BACKSTACK_STATE").or_else(|| {
        let base = variable("XDG_STATE_HOME").or_else(|| home().map(|home| home.join(".local/state")));
        base.map(|base| base.join("backstack"))
    });
    base.ok_or(NoHome { what, variable: Some("BACKSTACK_STATE") })
}

/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    // A relative one would depend on the current folder. One that is not there yet is made.
    std::env::home_dir().filter(|home| home.is_absolute() && may_be_folder(home))
}

/// Whether a path leads to a folder, or to nothing where one can be made.
fn may_be_folder(path: &Path) -> bool {
    match std::fs::metadata(path) {
        Ok(about) => about.is_dir(),
        Err(error) => error.kind() != std::io::ErrorKind::NotADirectory,
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
