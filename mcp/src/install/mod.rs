//! Writes the server into a client's configuration, and takes it out again.
//!
//! ```text
//! client   which clients there are: where their file is, what an entry looks like
//! json     puts one entry into a JSON file and takes it out, with not one other character changed (comments stay)
//! toml     the same for the one client that uses TOML
//! render   a new entry in the style of the file around it
//! text     encodings, line ends, edits by place
//! rules    the platform's AI rules, in each editor's own format
//! ```

mod client;
mod json;
mod render;
mod rules;
mod text;
mod toml;

use std::path::{Path, PathBuf};

pub use client::{Client, Entry, Places};
pub use rules::{RulesFile, rules_file};

use backstack_files::input;
use backstack_files::user_file::{self, Readers};
use client::Format;

/// A client's configuration cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The system does not let the file be read or written.
    #[error("{path} cannot be {what}")]
    File {
        /// The client's file.
        path: PathBuf,
        /// What cannot be done with it: `read` or `written`.
        what: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what a client would write, so an edit could spoil it.
    #[error("{path} was left as it is: {why}")]
    Unclear {
        /// The client's file.
        path: PathBuf,
        /// What is not understood in it.
        why: String,
    },
    /// The entry is for HTTP, and this client can only start programs.
    #[error("{client} does not speak HTTP to servers of the user's own")]
    NoHttp {
        /// Its name for people, as `Claude Desktop`.
        client: &'static str,
    },
}

/// What is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file that is written or taken away.
    pub path: PathBuf,
    /// The whole new content of the file; `None` takes it away.
    pub content: Option<String>,
    /// Whether this is any different from what is there.
    pub changes: bool,
    /// Whether it holds a token, and so nobody else may read it.
    pub private: bool,
}

impl Edit {
    fn new(path: PathBuf, before: Option<&str>, content: Option<String>, private: bool) -> Self {
        Self { changes: content.as_deref() != before, path, content, private }
    }
}

/// The edit that puts the server into a client's configuration.
///
/// # Errors
/// [`InstallError`]: the file cannot be read, or is nothing that can be changed safely.
pub fn install(client: Client, places: &Places, entry: &Entry) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let before = read(&path)?;
    let content = set(client, before.as_deref(), entry, &path)?;
    Ok(Edit::new(path, before.as_deref(), Some(content), entry.token().is_some()))
}

/// The edit that takes it out again. What was there before is as it was, to the byte.
///
/// # Errors
/// As [`install`].
pub fn uninstall(client: Client, places: &Places) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let Some(before) = read(&path)? else { return Ok(Edit::new(path, None, None, false)) };
    let content = unset(client, &before, &path)?;
    Ok(Edit::new(path, Some(&before), content, false))
}

/// What would be written for a client from nothing, to be shown.
///
/// # Errors
/// The client does not know this sort of entry.
pub fn example(client: Client, entry: &Entry) -> Result<String, InstallError> {
    set(client, None, entry, Path::new(client.name()))
}

/// The text of a client's file with the entry in it; `None` is a file that is not there. Hidden because it is for
/// [`install`], and for fuzz targets; the path is for messages alone.
///
/// # Errors
/// As [`install`].
#[doc(hidden)]
pub fn set(client: Client, before: Option<&str>, entry: &Entry, path: &Path) -> Result<String, InstallError> {
    let value = client.entry(entry)?;
    let content = match client.format() {
        Format::Json => json::set(before, client.place(), &value),
        Format::Toml => toml::set(before, client.place(), &value),
    };
    content.map_err(|why| InstallError::Unclear { path: path.into(), why })
}

/// The text without the entry; `None` if the file was new with it. Hidden as [`set`] is.
///
/// # Errors
/// As [`install`].
#[doc(hidden)]
pub fn unset(client: Client, before: &str, path: &Path) -> Result<Option<String>, InstallError> {
    let content = match client.format() {
        Format::Json => json::remove(before, client.place()),
        Format::Toml => toml::remove(before, client.place()),
    };
    content.map_err(|why| InstallError::Unclear { path: path.into(), why })
}

/// Writes an edit, whole or not at all. A file with a token becomes its owner's alone; others keep owner, group, mode and
/// access list. Links are followed.
///
/// # Errors
/// The file cannot be written.
pub fn write(edit: &Edit) -> Result<(), InstallError> {
    let error = |source| InstallError::File { path: edit.path.clone(), what: "written", source };
    match &edit.content {
        Some(content) => {
            let readers = if edit.private { Readers::Owner } else { Readers::AsUsual };
            user_file::write(&edit.path, content.as_bytes(), readers).map_err(error)
        }
        None => user_file::remove(&edit.path).map_err(error),
    }
}

/// `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, InstallError> {
    match input::file(path) {
        Ok(bytes) => text::decode(bytes).map(Some).map_err(|why| InstallError::Unclear { path: path.into(), why }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InstallError::File { path: path.into(), what: "read", source }),
    }
}

#[cfg(test)]
mod tests;
