//! The platform's AI rules, in each editor's own format.
//!
//! Where the file is ours alone, it is written whole. Where it is shared with other rules, ours stand between two
//! marks.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::client::Client;
use super::notes::{Change, Note};
use super::{Edit, InstallError, Notes, read, text};

/// The rules themselves, for every editor.
const RULES: &str = "\
# Working with the backstack platform

- The MCP server `backstack` knows this platform. Ask it before you guess: `find` and `get` for what exists, who owns it \
and how it is, `history` for what changed, `docs` for how things are done here.
- Name things in full, as `App:demo/web`. If a name is ambiguous, the server lists what fits: pick one.
- Apps are described by files in Git and applied by Argo CD. Never suggest `kubectl apply`, `edit` or `delete`: change \
the file, open a pull request.
- Something is broken: call `diagnose` first, then read `logs` and `events`. Quote the evidence that you rely on.
- A policy refuses something: fix the manifest so that it complies; do not ask for an exception and never switch a \
policy off.
- Before you propose a manifest or a descriptor, let the server try it (`try_manifest`, `change_preview`).
- Never put passwords, tokens or keys into files or answers. The server hides them on purpose.
- An answer that was cut says what is missing and which call gives it: make that call instead of guessing.
";
const BEGIN: &str = "<!-- backstack rules: begin -->";
const END: &str = "<!-- backstack rules: end -->";
/// What stands for the rules in a note.
const TEXT: &str = "text";

/// Where rules go for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesFile {
    /// The file inside of the project.
    pub path: PathBuf,
    /// What stands above the rules.
    front: &'static str,
    shared: bool,
}

/// The file of a client's rules in a project; `None` for a client that has no such files.
pub fn rules_file(client: Client, project: &Path) -> Option<RulesFile> {
    let (path, front, shared) = match client {
        Client::VsCode => (
            ".github/instructions/backstack.instructions.md",
            "---\ndescription: Working with the backstack platform\napplyTo: \"**\"\n---\n",
            false,
        ),
        Client::Cursor => (
            ".cursor/rules/backstack.mdc",
            "---\ndescription: Working with the backstack platform\nalwaysApply: true\n---\n",
            false,
        ),
        Client::ClaudeCode => (".claude/rules/backstack.md", "", false),
        Client::Codex => ("AGENTS.md", "", true),
        Client::Zed => (".rules", "", true),
        Client::ClaudeDesktop => return None,
    };
    Some(RulesFile { path: project.join(path), front, shared })
}

impl RulesFile {
    /// The edit that writes the rules.
    ///
    /// # Errors
    /// The file cannot be read, or its marks are broken.
    pub fn install(&self, notes: &Notes) -> Result<Edit, InstallError> {
        let before = read(&self.path)?;
        let ours = self.ours(before.as_deref())?;
        let (present, line_end) = match (&before, &ours) {
            (Some(before), Some(ours)) => (Some(&before[ours.clone()]), text::line_end(&before[ours.clone()])),
            (before, _) => (before.as_deref().filter(|_| !self.shared), "\n"),
        };
        let own = self.own().replace('\n', line_end);
        let note = Note::of(notes.get(&self.path)?, before.is_none(), present.map(keys).as_ref(), &keys(&own));
        let content = match (&before, ours) {
            (Some(before), Some(ours)) => format!("{}{own}{}", &before[..ours.start], &before[ours.end..]),
            (before, _) if self.shared => text::append(before.as_deref(), &own),
            _ => own,
        };
        Ok(Edit { note: Change::Put(note), ..Edit::new(self.path.clone(), before.as_deref(), Some(content)) })
    }

    /// The edit that takes them out. What was there before is as it was, to the byte; a file that install did not make
    /// stays.
    ///
    /// # Errors
    /// The file cannot be read, or its marks are broken.
    pub fn uninstall(&self, notes: &Notes) -> Result<Edit, InstallError> {
        let before = read(&self.path)?;
        let ours = self.ours(before.as_deref())?;
        let note = notes.get(&self.path)?;
        let written = |text: &str| note.clone().filter(|note| note.has_written(&keys(text)));
        let mut remark = None;
        let content = match (&before, ours) {
            (Some(before), Some(ours)) => {
                let made = written(&before[ours.clone()]).is_some_and(|note| note.made);
                text::cut(before, ours).or_else(|| (!made).then(String::new))
            }
            (Some(before), None) if !self.shared => match written(before) {
                Some(note) => note.before.as_ref().and_then(text_in),
                // Nobody loses what can be written again.
                None if *before == self.own() => None,
                None => {
                    remark = Some(format!("{} was changed since, and stays.", self.path.display()));
                    Some(before.clone())
                }
            },
            _ => before.clone(),
        };
        Ok(Edit { note: Change::Forget, remark, ..Edit::new(self.path.clone(), before.as_deref(), content) })
    }

    /// What is written: the whole file, or our part of it.
    fn own(&self) -> String {
        if self.shared { format!("{BEGIN}\n{RULES}{END}") } else { format!("{}{RULES}", self.front) }
    }

    /// Where our part of a shared file is.
    fn ours(&self, before: Option<&str>) -> Result<Option<Range<usize>>, InstallError> {
        let Some(text) = before.filter(|_| self.shared) else { return Ok(None) };
        match (text.find(BEGIN), text.find(END)) {
            (None, None) => Ok(None),
            (Some(begin), Some(end)) if begin < end => Ok(Some(begin..end + END.len())),
            _ => Err(InstallError::Unclear {
                path: self.path.clone(),
                why: format!("one of the marks `{BEGIN}` and `{END}` is missing"),
            }),
        }
    }
}

/// A text as a note has it.
fn keys(text: &str) -> Map<String, Value> {
    [(TEXT.to_string(), text.into())].into_iter().collect()
}

fn text_in(keys: &Map<String, Value>) -> Option<String> {
    keys.get(TEXT)?.as_str().map(str::to_string)
}
