//! `backstack completions`

use clap::Args;
use clap_complete::Shell;

use super::printer::Printer;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack completions bash > ~/.local/share/bash-completion/completions/backstack
  backstack completions zsh > \"${fpath[1]}/_backstack\"
  backstack completions fish > ~/.config/fish/completions/backstack.fish")]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, command: &mut clap::Command, printer: &Printer) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "backstack", &mut text);
    printer.text(&String::from_utf8_lossy(&text));
    0
}
