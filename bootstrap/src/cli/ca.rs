//! `backstack ca`

use clap::Args;
use serde_json::json;

use super::access::TargetArgs;
use super::printer::Printer;
use crate::error::Failure;
use crate::kubernetes::secrets::Secrets;

/// Print the certificate of the platform's certificate authority
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack ca > ca.crt
  curl --cacert ca.crt https://localhost:8443/argocd/api/version")]
pub(super) struct CaArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(args: &CaArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = args.target.target().find(name).await?;
    let name = platform.name();
    let found = Secrets::new(platform.client().await?, name, "localhost").ca_pem().await?;
    let pem = found.ok_or_else(|| {
        Failure::not_yet(
            format!("platform `{name}` has no certificate authority yet"),
            "Run `backstack up` to the end.",
        )
    })?;
    printer.facts(&json!({"certificate": pem}), || pem.clone());
    Ok(0)
}
