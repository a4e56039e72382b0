//! `backstack ca`

use clap::Args;
use serde_json::json;

use super::access;
use super::printer::Printer;
use crate::error::Failure;
use crate::platform::secrets::Secrets;

/// Print the certificate of the platform's certificate authority
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack ca > ca.crt
  curl --cacert ca.crt https://localhost:8443/argocd/api/version")]
pub struct CaArgs {}

pub async fn run(_: &CaArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let client = access::find(name).await?.client().await?;
    let found = Secrets::new(client, name, "localhost").ca_pem().await?;
    let pem = found.ok_or_else(|| {
        Failure::not_yet(format!("platform `{name}` has no certificate authority yet"), "Run `backstack up` to the end.")
    })?;
    printer.facts(&json!({"certificate": pem}), || pem.clone());
    Ok(0)
}
