//! `backstack credentials`

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use super::access::{self, TargetArgs};
use super::printer::Printer;
use crate::error::Failure;
use crate::kubernetes::credentials::{self, Found};

/// Print names, users and passwords of what was installed
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack credentials
  backstack credentials -o json | jq -r '.[0].password'")]
pub(super) struct CredentialsArgs {
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Shown {
    component: String,
    url: Option<String>,
    #[serde(flatten)]
    found: Found,
}

pub(super) async fn run(args: &CredentialsArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = args.target.target().find(name).await?;
    let client = platform.client().await?;
    let record = platform.record(&client).await?;
    let stack = access::stack(&record)?;
    let mut all = Vec::new();
    for component in &stack.components {
        let file = &component.file;
        for found in credentials::read(&client, &file.namespace, &file.credentials).await? {
            let url = found.path.as_ref().map(|path| format!("{}{path}", record.url));
            all.push(Shown { component: file.name.clone(), url, found });
        }
    }
    printer.facts(&all, || text(&all));
    Ok(0)
}

fn text(all: &[Shown]) -> String {
    if all.is_empty() {
        return "This platform has no credentials.\n".into();
    }
    let mut text = String::new();
    for shown in all {
        let found = &shown.found;
        let _ = writeln!(text, "{}  {}", found.title, shown.url.as_deref().unwrap_or_default());
        let _ = writeln!(text, "  user      {}", found.username);
        let password = found.password.as_deref().or(found.missing.as_deref()).unwrap_or_default();
        let _ = writeln!(text, "  password  {password}");
        let _ = writeln!(text, "  kept in   {}", found.secret);
    }
    text
}
