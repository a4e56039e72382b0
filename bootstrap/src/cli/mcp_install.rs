//! `backstack mcp install` and `uninstall`

use std::path::{Path, PathBuf};

use backstack_mcp::http::Tokens;
use backstack_mcp::install::{self, Client, Edit, Entry, Notes, Places, rules_file};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::printer::Printer;
use crate::error::Failure;
use crate::folders::{self, NoHome};

use crate::stack::StackSource;

const STACK: &str = "--stack";
/// Flags of the server that take a folder or file.
const PATHS: [&str; 3] = ["--docs", "--catalog", STACK];

/// Write the server into a client's configuration; everything else in it stays as it is
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack mcp install --client vscode
  backstack mcp install --client cursor --project . --with-rules
  backstack mcp install --client claude-code --http http://127.0.0.1:7311/mcp
  backstack mcp install --client zed --print")]
pub(super) struct InstallArgs {
    #[command(flatten)]
    which: Which,
    /// Reach a running server here, with a token of its own, instead of starting one
    #[arg(long, value_name = "URL")]
    http: Option<String>,
    /// Write the platform's AI rules into this folder's project too, in the editor's own format
    #[arg(long)]
    with_rules: bool,
    /// Show what would be written instead of writing it
    #[arg(long)]
    print: bool,
    /// Arguments for the server, as --allow-changes, behind two dashes
    #[arg(last = true, value_name = "ARGUMENT", conflicts_with = "http")]
    arguments: Vec<String>,
}

/// Take the server out of a client's configuration, with its token
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  backstack mcp uninstall --client vscode")]
pub(super) struct UninstallArgs {
    #[command(flatten)]
    which: Which,
    /// Take the platform's AI rules out of this folder's project too
    #[arg(long)]
    with_rules: bool,
}

#[derive(Debug, Args)]
struct Which {
    /// The client
    #[arg(long, value_enum)]
    client: ClientName,
    /// Its configuration of this project instead of the user's own
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClientName {
    #[value(name = "vscode")]
    VsCode,
    Cursor,
    ClaudeCode,
    ClaudeDesktop,
    Codex,
    Zed,
}

impl Which {
    fn client(&self) -> Client {
        match self.client {
            ClientName::VsCode => Client::VsCode,
            ClientName::Cursor => Client::Cursor,
            ClientName::ClaudeCode => Client::ClaudeCode,
            ClientName::ClaudeDesktop => Client::ClaudeDesktop,
            ClientName::Codex => Client::Codex,
            ClientName::Zed => Client::Zed,
        }
    }

    fn places(&self) -> Result<Places, NoHome> {
        let home = folders::home().ok_or(NoHome { what: "the client's files", variable: None })?;
        Ok(Places { project: self.project.clone(), ..Places::of_user(&home) })
    }

    fn rules_folder(&self) -> PathBuf {
        self.project.clone().unwrap_or_else(|| PathBuf::from("."))
    }
}

pub(super) fn install(args: &InstallArgs, printer: &Printer) -> Result<u8, Failure> {
    let (client, places) = (args.which.client(), args.which.places()?);
    if args.print {
        let entry = entry(args, "TOKEN".into())?;
        printer.text(&install::example(client, &entry)?);
        printer.people(|| format!("# goes into {}\n", client.file(&places).display()));
        return Ok(0);
    }
    let state = folders::assistant()?;
    let (tokens, notes) = (Tokens::of(&state), Notes::of(&state));
    // The edit is tried with a stand-in first, so that no token is made for a file that cannot be changed.
    install::install(client, &places, &entry(args, "TOKEN".into())?, &notes)?;
    let token = match args.http {
        Some(_) => tokens.issue(client.name())?.token,
        None => String::new(),
    };
    let mut edits = vec![install::install(client, &places, &entry(args, token)?, &notes)?];
    let rules = rules_file(client, &args.which.rules_folder());
    if args.with_rules
        && let Some(file) = &rules
    {
        edits.push(file.install(&notes)?);
    }
    write(&edits, &notes)?;
    tell(printer, &edits, "written", client.then());
    if args.with_rules && rules.is_none() {
        printer.people(|| format!("{} has no files of rules; nothing was written for them.\n", client.name()));
    }
    Ok(0)
}

pub(super) fn uninstall(args: &UninstallArgs, printer: &Printer) -> Result<u8, Failure> {
    let (client, places) = (args.which.client(), args.which.places()?);
    let state = folders::assistant()?;
    let notes = Notes::of(&state);
    let mut edits = vec![install::uninstall(client, &places, &notes)?];
    if args.with_rules
        && let Some(file) = rules_file(client, &args.which.rules_folder())
    {
        edits.push(file.uninstall(&notes)?);
    }
    write(&edits, &notes)?;
    Tokens::of(&state).revoke(client.name())?;
    tell(printer, &edits, "taken out", "Start the client again.");
    Ok(0)
}

fn entry(args: &InstallArgs, token: String) -> Result<Entry, Failure> {
    if let Some(url) = &args.http {
        return Ok(Entry::Http { url: url.clone(), token });
    }
    let program =
        std::env::current_exe().map_err(|error| Failure::internal(format!("where is this program? {error}")))?;
    // What a project's people share is of use to all of them, if they have the program where a shell finds it.
    let command = if args.which.project.is_some() && is_on_path(&program) {
        "backstack".into()
    } else {
        program.display().to_string()
    };
    let arguments = std::iter::once("mcp".to_string()).chain(with_whole_paths(&args.arguments)).collect();
    Ok(Entry::Stdio { command, arguments })
}

/// Whether `backstack` in a shell is this very program.
fn is_on_path(program: &Path) -> bool {
    let Some(folders) = std::env::var_os("PATH") else { return false };
    let first = std::env::split_paths(&folders).map(|folder| folder.join("backstack")).find(|file| file.is_file());
    let same = |one: &Path| std::fs::canonicalize(one).ok();
    first.is_some_and(|first| same(&first).is_some() && same(&first) == same(program))
}

/// The arguments, with folders written out: a client starts the server in a folder of its own.
fn with_whole_paths(arguments: &[String]) -> Vec<String> {
    let mut previous = "";
    let mut whole = Vec::new();
    for argument in arguments {
        whole.push(match argument.split_once('=') {
            Some((flag, value)) if PATHS.contains(&flag) => format!("{flag}={}", whole_path(flag, value)),
            _ if PATHS.contains(&previous) => whole_path(previous, argument),
            _ => argument.clone(),
        });
        previous = argument;
    }
    whole
}

fn whole_path(flag: &str, value: &str) -> String {
    let is_name = flag == STACK && matches!(StackSource::named(value), StackSource::Builtin(_));
    let whole = std::path::absolute(value).ok().filter(|_| !is_name && !value.is_empty());
    whole.map_or_else(|| value.into(), |path| path.components().collect::<PathBuf>().display().to_string())
}

fn write(edits: &[Edit], notes: &Notes) -> Result<(), Failure> {
    for edit in edits {
        install::write(edit, notes)?;
    }
    Ok(())
}

fn tell(printer: &Printer, edits: &[Edit], done: &str, then: &str) {
    let fact = |edit: &Edit| match &edit.remark {
        None => json!({"path": edit.path, "changed": edit.changes}),
        Some(remark) => json!({"path": edit.path, "changed": edit.changes, "remark": remark}),
    };
    let facts: Vec<_> = edits.iter().map(fact).collect();
    printer.facts(&facts, || {
        let mut text = String::new();
        for edit in edits {
            let word = if edit.changes { done } else { "unchanged" };
            text.push_str(&format!("{}: {word}\n", edit.path.display()));
            text.extend(edit.remark.iter().map(|remark| format!("{remark}\n")));
        }
        format!("{text}{then}\n")
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_written_out_and_nothing_else() {
        let here = std::env::current_dir().expect("a folder");
        let given =
            ["--docs", "./handbook", "--catalog=c.yaml", "--toolsets", "docs", "--stack", "back", "--docs", "/a"];
        let wanted = [
            "--docs".into(),
            here.join("handbook").display().to_string(),
            format!("--catalog={}", here.join("c.yaml").display()),
            "--toolsets".into(),
            "docs".into(),
            "--stack".into(),
            "back".into(),
            "--docs".into(),
            "/a".to_string(),
        ];
        assert_eq!(with_whole_paths(&given.map(String::from)), wanted);
    }
}
