//! `backstack doctor`

use clap::Args;

use super::printer::Printer;
use super::up::{ClusterArgs, WishArgs, with_files_here};
use crate::doctor;
use crate::error::{ExitKind, Failure};
use crate::up::{self, UpRequest};

/// Check every prerequisite, all at once, each failure with its fix
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack doctor
  backstack doctor --images source     also the tools that build images
  backstack doctor --context prod      a cluster that you have, in place of this machine's engine
  backstack doctor -o json | jq '.[] | select(.verdict == \"failed\")'")]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    target: ClusterArgs,
    #[command(flatten)]
    wishes: WishArgs,
}

pub(super) async fn run(args: DoctorArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let (wishes, config) = args.wishes.split();
    let wishes = args.target.over(with_files_here(wishes, printer).await?);
    let request = UpRequest {
        name: name.into(),
        wishes,
        config,
        skip_checks: true,
        only_look: true,
        context: args.target.context,
        add: None,
        as_it_is: false,
    };
    let checks = up::check(request).await?;
    printer.facts(&checks, || doctor::show(&checks));
    Ok(if doctor::has_failed(&checks) { ExitKind::Prerequisite.code() } else { 0 })
}
