//! Writes the server into a client's configuration, and takes it out again.
//!
//! ```text
//! client   which clients there are: where their file is, what an entry looks like
//! json     puts one entry into a JSON file and takes it out, with not one other character changed (comments stay)
//! toml     the same for the one client that uses TOML
//! notes    what was there before, for giving it back
//! render   a new entry in the style of the file around it
//! text     encodings, line ends, edits by place
//! rules    the platform's AI rules, in each editor's own format
//! ```

mod client;
mod json;
mod notes;
mod render;
mod rules;
mod text;
mod toml;

use std::path::{Path, PathBuf};

pub use client::{Client, Entry, Places};
pub use notes::Notes;
pub use rules::{RulesFile, rules_file};

use backstack_files::input;
use backstack_files::user_file::{self, Readers};
use client::{Format, is_ours};
use notes::{Change, Note};
use serde_json::{Map, Value};

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
    /// What becomes of something that people had there, if they should know: a sentence.
    pub remark: Option<String>,
    note: Change,
}

impl Edit {
    fn new(path: PathBuf, before: Option<&str>, content: Option<String>) -> Self {
        let changes = content.as_deref() != before;
        Self { changes, path, content, private: false, remark: None, note: Change::Keep }
    }
}

/// The entry that is there.
#[derive(Debug, Default)]
struct Present {
    /// How the server is started or reached.
    ours: Map<String, Value>,
    /// Keys that people added.
    theirs: Vec<String>,
}

impl Present {
    fn put(&mut self, key: &str, value: Value) {
        if is_ours(key) {
            self.ours.insert(key.into(), value);
        } else {
            self.theirs.push(format!("`{key}`"));
        }
    }
}

/// The edit that puts the server into a client's configuration.
///
/// # Errors
/// [`InstallError`]: the file cannot be read, or is nothing that can be changed safely.
pub fn install(client: Client, places: &Places, entry: &Entry, notes: &Notes) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let before = read(&path)?;
    let content = set(client, before.as_deref(), entry, &path)?;
    let present = before.as_deref().map(|before| present(client, before, &path)).transpose()?.flatten();
    let ours = present.as_ref().map(|present| &present.ours);
    let note = Note::of(notes.get(&path)?, before.is_none(), ours, &client.entry(entry)?);
    let edit = Edit::new(path, before.as_deref(), Some(content));
    Ok(Edit { private: entry.token().is_some(), note: Change::Put(note), ..edit })
}

/// The edit that takes it out again. What was there before is as it was, to the byte; of an entry that was there, what
/// it said is as it was. A file that install did not make stays.
///
/// # Errors
/// As [`install`].
pub fn uninstall(client: Client, places: &Places, notes: &Notes) -> Result<Edit, InstallError> {
    let path = client.file(places);
    let note = notes.get(&path)?;
    let Some(before) = read(&path)? else {
        return Ok(Edit { note: Change::Forget, ..Edit::new(path, None, None) });
    };
    let without = unset(client, &before, &path)?;
    let Some(present) = present(client, &before, &path)? else {
        return Ok(Edit { note: Change::Forget, ..Edit::new(path, Some(&before), Some(before.clone())) });
    };
    let note = note.filter(|note| note.has_written(&present.ours));
    let made = note.as_ref().is_some_and(|note| note.made);
    let (content, remark) = match note.and_then(|note| note.before) {
        Some(old) => {
            let remark = "The entry that stood there before `mcp install` is back; uninstall again to take it out.";
            (Some(set_keys(client, Some(&before), &old, &path)?), Some(remark.into()))
        }
        None => {
            let keys = (!present.theirs.is_empty()).then(|| present.theirs.join(", "));
            let remark = keys.map(|keys| format!("What was added to the entry went with it: {keys}."));
            (without.or_else(|| (!made).then(|| client.nothing().into())), remark)
        }
    };
    Ok(Edit { remark, note: Change::Forget, ..Edit::new(path, Some(&before), content) })
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
    set_keys(client, before, &client.entry(entry)?, path)
}

fn set_keys(
    client: Client,
    before: Option<&str>,
    keys: &Map<String, Value>,
    path: &Path,
) -> Result<String, InstallError> {
    let content = match client.format() {
        Format::Json => json::set(before, client.place(), keys),
        Format::Toml => toml::set(before, client.place(), keys),
    };
    content.map_err(|why| InstallError::Unclear { path: path.into(), why })
}

fn present(client: Client, text: &str, path: &Path) -> Result<Option<Present>, InstallError> {
    let present = match client.format() {
        Format::Json => json::present(text, client.place()),
        Format::Toml => toml::present(text, client.place()),
    };
    present.map_err(|why| InstallError::Unclear { path: path.into(), why })
}

/// The text without the entry; `None` if the file was new with it. Hidden as [`set`] is.
///
/// # Errors
/// As [`install`].
#[doc(hidden)]
pub fn unset(client: Client, before: &str, path: &Path) -> Result<Option<String>, InstallError> {
    // What install would not dare to change is left alone here too.
    let trial = Entry::Stdio { command: "backstack".into(), arguments: vec!["mcp".into()] };
    set(client, Some(before), &trial, path)?;
    let content = match client.format() {
        Format::Json => json::remove(before, client.place()),
        Format::Toml => toml::remove(before, client.place()),
    };
    content.map_err(|why| InstallError::Unclear { path: path.into(), why })
}

/// Writes an edit and its note, whole or not at all. A file with a token becomes its owner's alone; others keep owner, group, mode and
/// access list. Links are followed.
///
/// # Errors
/// The file cannot be written.
pub fn write(edit: &Edit, notes: &Notes) -> Result<(), InstallError> {
    // Before the file, so that nothing of it is lost if we are killed in the middle; or behind it.
    if matches!(edit.note, Change::Put(_)) {
        notes.change(&edit.path, &edit.note)?;
    }
    if edit.changes {
        write_file(edit)?;
    }
    if edit.note == Change::Forget {
        notes.change(&edit.path, &edit.note)?;
    }
    Ok(())
}

fn write_file(edit: &Edit) -> Result<(), InstallError> {
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
