//! `backstack down`

use clap::Args;
use serde_json::json;

use super::access::TargetArgs;
use super::confirm;
use super::printer::Printer;
use crate::error::Failure;
use crate::log;
use crate::report::units;
use crate::target::down::Gone;
use crate::target::existing;

/// Take the platform away: containers, network, kubeconfig context
///
/// The image cache (the local registry's volume, and what was built here) stays, so that the next `up` moves no
/// bytes; --purge takes it too.
///
/// With --context everything that `up --context` installed is removed, with its definitions and all objects of their
/// kinds; the cluster and the kubeconfig stay as they were.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack down
  backstack down --purge         the image cache too
  backstack down --yes           without being asked
  backstack down --name two      a platform of another name
  backstack down --context prod  the platform on a cluster that you have, which stays")]
pub(super) struct DownArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Also remove the image cache; refused while another platform uses it
    #[arg(long, conflicts_with = "context")]
    purge: bool,
    /// Do not ask; without a terminal nobody is asked
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: &DownArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let leaving = args.target.target().connect().await?.leaving(name, args.purge).await?;
    let loses = leaving.loses();
    if !loses.is_empty() {
        confirm::ask_if_possible(args.yes, &loses.join("\n"))?;
    }
    let gone = leaving.take_away(|| printer.reporter()).await?;
    match &gone {
        Gone::Local(removed) => printer.facts(removed, || removed.show(name)),
        Gone::Nothing { context } => printer.facts(&existing::down::Gone::default(), || {
            format!("  There is no platform on the cluster of context `{context}`: nothing to do.\n")
        }),
        Gone::Existing(gone) => {
            printer.event(json!({"event": "gone", "summary": gone}));
            printer.people(|| left(gone, name));
        }
    }
    // What is gone leaves no trace. Where there was nothing, the last log may be that of an `up` that failed early.
    if gone.is_nothing() {
        log::forget_run(log::Command::Down, name);
    } else {
        log::forget(name);
    }
    Ok(0)
}

/// What was taken from a cluster that stays.
fn left(gone: &existing::down::Gone, name: &str) -> String {
    let mut text = format!(
        "\n  Removed in {}: platform `{name}` with {} and {}. The cluster stays.\n",
        units::duration(gone.seconds),
        units::count(gone.components.len(), "component"),
        units::count(gone.objects, "object"),
    );
    for kept in &gone.kept {
        text.push_str(&format!("  kept: {kept}\n"));
    }
    for forced in &gone.forced {
        text.push_str(&format!("  finalizers taken off: {forced}\n"));
    }
    text
}
