//! The platform's AI rules, in each editor's own format.
//!
//! Where the file is ours alone, it is written whole. Where it is shared with other rules, ours stand between two
//! marks.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::client::Client;
use super::{Edit, InstallError, read, text};

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
    pub fn install(&self) -> Result<Edit, InstallError> {
        let before = read(&self.path)?;
        let content = if self.shared {
            let block = format!("{BEGIN}\n{RULES}{END}");
            match self.ours(before.as_deref())? {
                Some(ours) => {
                    let before = before.as_deref().unwrap_or_default();
                    let block = block.replace('\n', text::line_end(&before[ours.clone()]));
                    format!("{}{block}{}", &before[..ours.start], &before[ours.end..])
                }
                None => text::append(before.as_deref(), &block),
            }
        } else {
            format!("{}{RULES}", self.front)
        };
        Ok(Edit::new(self.path.clone(), before.as_deref(), Some(content), false))
    }

    /// The edit that takes them out. What was there before is as it was, to the byte.
    ///
    /// # Errors
    /// The file cannot be read, or its marks are broken.
    pub fn uninstall(&self) -> Result<Edit, InstallError> {
        let before = read(&self.path)?;
        let content = match (&before, self.ours(before.as_deref())?) {
            (Some(before), Some(ours)) => text::cut(before, ours),
            _ if self.shared => before.clone(),
            _ => None,
        };
        Ok(Edit::new(self.path.clone(), before.as_deref(), content, false))
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
