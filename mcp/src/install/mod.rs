//! Writes the server into a client's configuration, and takes it out again.
//!
//! ```text
//! client   which clients there are: where their file is, what an entry looks like
//! jsonc    changes one member of a JSON file and not one character else (comments stay)
//! toml     the same for the one client that uses TOML
//! rules    the platform's AI rules, in each editor's own format
//! ```

mod client;
mod jsonc;
mod rules;
mod toml;

use std::path::{Path, PathBuf};

pub use client::{Client, Entry, Places};
pub use rules::{RulesFile, rules_file};

use client::Format;

/// A client's configuration cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("{path} cannot be {what}")]
    File {
        path: PathBuf,
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} was left as it is: {why}")]
    Unclear { path: PathBuf, why: String },
    #[error("{client} does not speak HTTP to servers of the user's own")]
    NoHttp { client: &'static str },
}

/// What is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub path: PathBuf,
    /// The whole new content of the file.
    pub content: String,
    /// Whether this is any different from what is there.
    pub changes: bool,
    /// Whether it holds a token, and so nobody else may read it.
    pub private: bool,
}

/// The edit that puts the server into a client's configuration.
///
/// # Errors
/// [`InstallError`]: the file cannot be read, or is nothing that can be changed safely.
pub fn install(client: Client, places: &Places, entry: &Entry) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let before = read(&path)?;
    let value = client.entry(entry)?;
    let unclear = |why: String| InstallError::Unclear { path: path.clone(), why };
    let content = match client.format() {
        Format::Json { section } => jsonc::set(&before, &[section, client::NAME], &value).map_err(unclear)?,
        Format::Toml { section } => toml::set(&before, section, client::NAME, &value).map_err(unclear)?,
    };
    Ok(Edit { changes: content != before, private: entry.token().is_some(), content, path })
}

/// The edit that takes it out again.
///
/// # Errors
/// As [`install`].
pub fn uninstall(client: Client, places: &Places) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let before = read(&path)?;
    let unclear = |why: String| InstallError::Unclear { path: path.clone(), why };
    let content = match client.format() {
        Format::Json { section } => jsonc::remove(&before, &[section, client::NAME]).map_err(unclear)?,
        Format::Toml { section } => toml::remove(&before, section, client::NAME).map_err(unclear)?,
    };
    Ok(Edit { changes: content != before, private: false, content, path })
}

/// What would be written for a client from nothing, to be shown.
///
/// # Errors
/// The client does not know this sort of entry.
pub fn example(client: Client, entry: &Entry) -> Result<String, InstallError> {
    let value = client.entry(entry)?;
    let unclear = |why: String| InstallError::Unclear { path: PathBuf::from(client.name()), why };
    match client.format() {
        Format::Json { section } => jsonc::set("", &[section, client::NAME], &value).map_err(unclear),
        Format::Toml { section } => toml::set("", section, client::NAME, &value).map_err(unclear),
    }
}

/// Writes an edit: whole or not at all; a file with nothing in it is taken away. A file with a token becomes its owner's alone, others keep their mode.
///
/// # Errors
/// The file cannot be written.
pub fn write(edit: &Edit) -> Result<(), InstallError> {
    let error = |source| InstallError::File { path: edit.path.clone(), what: "written", source };
    // A link is followed, not replaced: dotfiles often live elsewhere.
    let path = std::fs::canonicalize(&edit.path).unwrap_or_else(|_| edit.path.clone());
    if edit.content.is_empty() {
        return std::fs::remove_file(&path).map_err(error);
    }
    let mode = std::fs::metadata(&path).ok().map(|about| about.permissions());
    let write = if edit.private { crate::http::write_private } else { crate::http::write_shared };
    write(&path, edit.content.as_bytes()).map_err(error)?;
    match mode {
        Some(mode) if !edit.private => std::fs::set_permissions(&path, mode).map_err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<String, InstallError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(InstallError::File { path: path.into(), what: "read", source }),
    }
}

#[cfg(test)]
mod tests;
