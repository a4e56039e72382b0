//! `backstack down`

use clap::Args;

use super::printer::Printer;
use crate::down::{self, DownRequest};
use crate::error::Failure;

/// Take the platform away: containers, network, kubeconfig context
///
/// The image cache (the local registry's volume, and what was built here) stays, so that the next `up` moves no
/// bytes; --purge takes it too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack down
  backstack down --purge         the image cache too
  backstack down --name two      a platform of another name")]
pub struct DownArgs {
    /// Also remove the image cache; refused while another platform uses it
    #[arg(long)]
    purge: bool,
}

pub async fn run(args: &DownArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let request = DownRequest { name: name.into(), purge: args.purge };
    let removed = down::run(&request).await?;
    printer.facts(&removed, || down::show(name, &removed));
    Ok(0)
}
