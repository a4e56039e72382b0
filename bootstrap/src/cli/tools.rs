//! `backstack exec` and `backstack tools`

use std::path::PathBuf;

use clap::Args;

use super::access;
use super::printer::Printer;
use crate::error::Failure;
use crate::stack::ClusterSpec;
use crate::target::Target;
use crate::target::local::Platform;
use crate::tools::copy::{self, Copied};
use crate::tools::{self, Place, Program};

/// Where programs go unless another folder is named.
const FOLDER: &str = "backstack-tools";

/// Run kubectl, argocd and others against the platform, on a machine that has only Docker
///
/// The program runs in the control plane's node, as the platform's own version, with the right kubeconfig and with this
/// terminal, and its exit code is that of this command. Files of this machine are not there: give them on stdin.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack exec -- kubectl get pods -A
  backstack exec -- kubectl apply -f - < app.yaml
  backstack exec -- argocd app list
  backstack exec -- bash                             a shell in the node

Exits with the program's own code.")]
pub(super) struct ExecArgs {
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Put kubectl, argocd and others, in the versions of the platform, into a folder of this machine
///
/// For Linux machines of the engine's own architecture; elsewhere use `backstack exec`. Files that somebody else put
/// there are never overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack tools
  backstack tools ~/.local/bin")]
pub(super) struct ToolsArgs {
    /// The folder; it is made
    #[arg(value_name = "DIR", default_value = FOLDER)]
    folder: PathBuf,
}

pub(super) async fn exec(args: &ExecArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let (place, programs) = place(name).await?;
    let code = tools::run(&place, &programs, &args.command, &|bytes, error| printer.said(bytes, error)).await?;
    // What a signal ended has a code beyond those of programs.
    Ok(u8::try_from(code).unwrap_or(u8::MAX))
}

pub(super) async fn copy(args: &ToolsArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let (place, programs) = place(name).await?;
    let info = place.engine.info().await?;
    let (system, architecture) = (info.os_type.unwrap_or_default(), info.architecture.unwrap_or_default());
    copy::check_machine(&system, &architecture)?;
    let copied = copy::into(&place, &programs, &args.folder).await?;
    let on_path = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.canonicalize().is_ok_and(|folder| folder == copied.folder))
    });
    printer.facts(&copied, || text(&copied, on_path));
    Ok(0)
}

/// A platform of our own that runs, and the programs that it has. While its API does not answer, those of the cluster.
async fn place(name: &str) -> Result<(Place, Vec<Program>), Failure> {
    let platform = access::nodes(name, &Target::Local).await?;
    let stack = async {
        let client = platform.client().await.ok()?;
        access::stack(&platform.record(&client).await.ok()?).ok()
    };
    let stack = stack.await;
    let Platform { engine, observed } = platform;
    let node = observed.control_plane().filter(|node| node.running).ok_or_else(|| observed.not_running())?;
    let place = Place { engine, platform: name.into(), node: node.name.clone() };
    Ok((place, tools::declared(&ClusterSpec::load()?, stack.as_ref())))
}

fn text(copied: &Copied, on_path: bool) -> String {
    let folder = copied.folder.display();
    let mut text = match copied.copied.is_empty() {
        true => format!("  Nothing to do: {} in {folder} as in the platform.\n", copied.unchanged.join(", ")),
        false => format!("  Copied to {folder}: {}.\n", copied.copied.join(", ")),
    };
    if !on_path {
        text.push_str(&format!("\n  export PATH=\"{folder}:$PATH\"    lets your shell find them\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_what_was_copied_and_how_the_shell_finds_it() {
        let all = vec!["argocd".to_string(), "kubectl".to_string()];
        let copied = Copied { folder: "/x".into(), copied: all.clone(), unchanged: Vec::new() };
        assert_eq!(
            text(&copied, false),
            "  Copied to /x: argocd, kubectl.\n\n  export PATH=\"/x:$PATH\"    lets your shell find them\n"
        );
        let unchanged = Copied { folder: "/x".into(), copied: Vec::new(), unchanged: all };
        assert_eq!(text(&unchanged, true), "  Nothing to do: argocd, kubectl in /x as in the platform.\n");
    }
}
