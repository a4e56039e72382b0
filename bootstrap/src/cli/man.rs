//! `backstack man`

use std::path::PathBuf;

use clap::Args;

use super::printer::Printer;
use crate::error::{ExitKind, Failure};

/// Print the manual page, or write all of them into a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack man | man -l -
  backstack man --dir ~/.local/share/man/man1")]
pub(super) struct ManArgs {
    /// Write a page for each command here
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, command: clap::Command, printer: &Printer) -> Result<u8, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).map_err(|error| Failure::internal(error.to_string()))?;
        printer.text(&String::from_utf8_lossy(&page));
        return Ok(0);
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
    written.map_err(|error| Failure {
        kind: ExitKind::Usage,
        messages: vec![format!("manual pages cannot be written to `{}`", dir.display()), error.to_string()],
        details: Vec::new(),
        hints: vec!["Give a folder that you may write to.".into()],
    })?;
    Ok(0)
}
