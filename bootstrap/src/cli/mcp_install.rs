//! `backstack mcp install` and `uninstall`

use std::path::PathBuf;

use backstack_mcp::http::Tokens;
use backstack_mcp::install::{self, Client, Edit, Entry, Places, rules_file};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::printer::Printer;
use crate::error::Failure;
use crate::settings::folders;

/// Write the server into a client's configuration; everything else in it stays as it is
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack mcp install --client vscode
  backstack mcp install --client cursor --project . --with-rules
  backstack mcp install --client claude-code --http http://127.0.0.1:7311/mcp
  backstack mcp install --client zed --print")]
pub struct InstallArgs {
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
pub struct UninstallArgs {
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

    fn places(&self) -> Places {
        Places { project: self.project.clone(), ..Places::of_user(&folders::home()) }
    }

    fn rules_folder(&self) -> PathBuf {
        self.project.clone().unwrap_or_else(|| PathBuf::from("."))
    }
}

pub fn install(args: &InstallArgs, printer: &Printer) -> Result<u8, Failure> {
    let (client, places) = (args.which.client(), args.which.places());
    if args.print {
        let entry = entry(args, "TOKEN".into())?;
        printer.text(&install::example(client, &entry)?);
        printer.people(|| format!("# goes into {}\n", client.file(&places).display()));
        return Ok(0);
    }
    let tokens = Tokens::of(&folders::assistant());
    // The edit is tried with a stand-in first, so that no token is made for a file that cannot be changed.
    install::install(client, &places, &entry(args, "TOKEN".into())?)?;
    let token = match args.http {
        Some(_) => tokens.issue(client.name())?.token,
        None => String::new(),
    };
    let mut edits = vec![install::install(client, &places, &entry(args, token)?)?];
    let rules = rules_file(client, &args.which.rules_folder());
    if args.with_rules
        && let Some(file) = &rules
    {
        edits.push(file.install()?);
    }
    write(&edits)?;
    tell(printer, &edits, "written", client.then());
    if args.with_rules && rules.is_none() {
        printer.people(|| format!("{} has no files of rules; nothing was written for them.\n", client.name()));
    }
    Ok(0)
}

pub fn uninstall(args: &UninstallArgs, printer: &Printer) -> Result<u8, Failure> {
    let (client, places) = (args.which.client(), args.which.places());
    let mut edits = vec![install::uninstall(client, &places)?];
    if args.with_rules
        && let Some(file) = rules_file(client, &args.which.rules_folder())
    {
        edits.push(file.uninstall()?);
    }
    write(&edits)?;
    Tokens::of(&folders::assistant()).revoke(client.name())?;
    tell(printer, &edits, "taken out of", "Start the client anew.");
    Ok(0)
}

fn entry(args: &InstallArgs, token: String) -> Result<Entry, Failure> {
    if let Some(url) = &args.http {
        return Ok(Entry::Http { url: url.clone(), token });
    }
    let program = std::env::current_exe().map_err(|error| Failure::internal(format!("where is this program? {error}")))?;
    let arguments = std::iter::once("mcp".to_string()).chain(args.arguments.iter().cloned()).collect();
    Ok(Entry::Stdio { command: program.display().to_string(), arguments })
}

fn write(edits: &[Edit]) -> Result<(), Failure> {
    for edit in edits.iter().filter(|edit| edit.changes) {
        install::write(edit)?;
    }
    Ok(())
}

fn tell(printer: &Printer, edits: &[Edit], done: &str, then: &str) {
    let facts: Vec<_> = edits.iter().map(|edit| json!({"path": edit.path, "changed": edit.changes})).collect();
    printer.facts(&facts, || {
        let mut text = String::new();
        for edit in edits {
            let word = if edit.changes { done } else { "unchanged" };
            text.push_str(&format!("{}: {word}\n", edit.path.display()));
        }
        format!("{text}{then}\n")
    });
}
