//! Where backstack keeps what can be made again, and where it looks for settings.

use std::path::PathBuf;

/// The cache: built images, downloads. Safe to delete at any time.
///
/// `BACKSTACK_CACHE`, else the platform's own cache folder with `backstack` below it.
pub fn cache() -> PathBuf {
    if let Some(folder) = variable("BACKSTACK_CACHE") {
        return folder;
    }
    let base = if cfg!(target_os = "macos") {
        home().join("Library/Caches")
    } else {
        variable("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"))
    };
    base.join("backstack")
}

/// The settings file: `BACKSTACK_CONFIG`, else `backstack/config.yaml` in the user's configuration folder.
pub fn config_file() -> PathBuf {
    variable("BACKSTACK_CONFIG").unwrap_or_else(|| {
        let base = variable("XDG_CONFIG_HOME").unwrap_or_else(|| home().join(".config"));
        base.join("backstack/config.yaml")
    })
}

/// What the MCP server keeps: digests of tokens, sessions. `BACKSTACK_STATE`, else `backstack` in the user's state folder.
pub fn assistant() -> PathBuf {
    let base = variable("BACKSTACK_STATE").unwrap_or_else(|| {
        let base = variable("XDG_STATE_HOME").unwrap_or_else(|| home().join(".local/state"));
        base.join("backstack")
    });
    base.join("mcp")
}

/// The user's home folder.
pub fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(std::env::temp_dir)
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
