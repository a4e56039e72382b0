//! `backstack down`

use clap::Args;

use super::access::TargetArgs;
use super::confirm;
use super::printer::Printer;
use crate::down::{self, DownRequest, Removed};
use crate::error::Failure;
use crate::existing;
use crate::log;
use crate::report::units;

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
    let gone = match &args.target.context {
        Some(context) => on_existing_cluster(args, context, name, printer).await?,
        None => here(args, name, printer).await?,
    };
    // What is gone leaves no trace. Where there was nothing, the last log may be that of an `up` that failed early.
    if gone {
        log::forget(name);
    } else {
        log::forget_run(log::Command::Down, name);
    }
    Ok(0)
}

/// Whether there was anything to take away.
async fn here(args: &DownArgs, name: &str, printer: &Printer) -> Result<bool, Failure> {
    let mut loses = Vec::new();
    if down::finds(name).await? {
        loses.push(format!("Platform `{name}` is lost with all that is in it, and with its checkpoints."));
    }
    if args.purge {
        loses.push("The image cache is lost: the next `up` fetches or builds every image again.".into());
    }
    if !loses.is_empty() {
        confirm::ask_if_possible(args.yes, &loses.join("\n"))?;
    }
    let request = DownRequest { name: name.into(), purge: args.purge };
    let removed = down::run(&request).await?;
    printer.facts(&removed, || down::show(name, &removed));
    Ok(removed != Removed::default())
}

async fn on_existing_cluster(args: &DownArgs, context: &str, name: &str, printer: &Printer) -> Result<bool, Failure> {
    let cluster = existing::connect(context).await?;
    let Some(record) = existing::down::platform(&cluster, name).await? else {
        let text = || format!("  There is no platform on the cluster of context `{context}`: nothing to do.\n");
        printer.facts(&existing::down::Gone::default(), text);
        return Ok(false);
    };
    let loses =
        format!("Platform `{name}` on the cluster of context `{context}` is lost with all objects of its kinds.");
    confirm::ask_if_possible(args.yes, &loses)?;
    let reporter = printer.reporter();
    let gone = existing::down::run(&cluster, &record, reporter.clone()).await;
    drop(reporter);
    let gone = gone?;
    printer.event(serde_json::json!({"event": "gone", "summary": gone}));
    printer.people(|| {
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
    });
    Ok(true)
}
