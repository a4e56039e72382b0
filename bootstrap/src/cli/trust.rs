//! `backstack trust`, `backstack untrust`

use std::fmt::Write;

use clap::Args;

use super::access::TargetArgs;
use super::confirm;
use super::printer::Printer;
use crate::error::Failure;
use crate::kubernetes::secrets::Secrets;
use crate::trust::{self, Done};

/// Have this machine and its browsers trust the platform's certificates
///
/// The platform's authority goes into the trust store of the system (Debian, Fedora, Arch, openSUSE and their kin), by
/// `sudo` unless you are root, and into those of Firefox and Chromium. Whoever can read the platform's Secrets can then make
/// certificates that this machine believes: `untrust` takes it out again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack trust
  curl https://localhost:8443/           without any warning
  backstack untrust                      everything as it was before")]
pub(super) struct TrustArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Take the platform's authority out of the trust stores again
///
/// The platform need not be there any more. Only its own entry goes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack untrust
  backstack untrust --name two")]
pub(super) struct UntrustArgs {}

pub(super) async fn trust(args: &TrustArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = args.target.target().find(name).await?;
    let found = Secrets::new(platform.client().await?, platform.name(), "localhost").ca_pem().await?;
    let certificate = found.ok_or_else(|| {
        let what = format!("platform `{}` has no certificate authority yet", platform.name());
        Failure::not_yet(what, "Run `backstack up` to the end.")
    })?;
    let risk = format!(
        "This machine will believe every certificate that the authority of platform `{name}` signs; whoever can read the \
         platform's Secrets can have it sign one."
    );
    confirm::ask_if_possible(args.yes, &risk)?;
    let done = trust::trust(platform.name(), &certificate).await?;
    printer.facts(&done, || {
        format!(
            "{}\n  Start browsers anew. `backstack untrust` takes it out again.\n",
            told(&done, "trusts it now", "trusts it already")
        )
    });
    Ok(0)
}

pub(super) async fn untrust(_: &UntrustArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let done = trust::untrust(name).await?;
    printer.facts(&done, || told(&done, "no longer trusts it", "did not have it"));
    Ok(0)
}

fn told(done: &Done, changed: &str, same: &str) -> String {
    let mut text = String::new();
    for store in &done.stores {
        let what = if store.changed { changed } else { same };
        let _ = writeln!(text, "  {:<8} {}: {what}", store.kind, store.path.display());
    }
    for left in &done.left {
        let _ = writeln!(text, "  ! {left}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Store;

    #[test]
    fn each_store_has_a_line() {
        let store = |kind, changed| Store { kind, path: "/a".into(), changed };
        let done = Done { stores: vec![store("system", true), store("browser", false)], left: vec!["Do it.".into()] };
        assert_eq!(told(&done, "now", "already"), "  system   /a: now\n  browser  /a: already\n  ! Do it.\n");
    }
}
