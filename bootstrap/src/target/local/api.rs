//! The way to the API of a control plane that runs in the engine.

use std::time::Duration;

use kube::Client;

use crate::docker::pace::Pace;
use crate::docker::{ClusterError, Engine, kubeconfig, names, node, observe, provision};
use crate::error::Failure;
use crate::kubernetes::client;

/// How long the API server may need after kubeadm, or after a restart of its node.
pub const API_DEADLINE: Duration = Duration::from_secs(180);

/// The platform's entry for a kubeconfig, read from its control plane.
///
/// # Errors
/// The node does not run, or has no control plane.
pub async fn kubeconfig_entry(engine: &Engine, platform: &str, node: &str) -> Result<kubeconfig::Entry, ClusterError> {
    let admin = provision::admin_kubeconfig(engine, node).await?;
    let port = observe::api_port_of(engine, node).await?;
    let server = format!("https://127.0.0.1:{port}");
    Ok(kubeconfig::Entry { context: names::context(platform), server, admin })
}

/// A client for the API of a control plane that runs, once it answers; and the kubeconfig entry it was made from.
///
/// # Errors
/// The node does not run, or its API does not answer within `patience`.
pub async fn connect(
    engine: &Engine,
    platform: &str,
    node: &str,
    patience: Duration,
) -> Result<(kubeconfig::Entry, Client), Failure> {
    let entry = kubeconfig_entry(engine, platform, node).await?;
    let client = client::connect(&kubeconfig::standalone(&entry)?, None).await?;
    client::wait_for_api(&client, tokio::time::Instant::now() + patience).await?;
    Ok((entry, client))
}

/// Waits until the API of a control plane answers that was started at this moment; a slow start makes for more patience.
///
/// # Errors
/// The engine refuses, or the API does not answer in time.
pub async fn await_api(
    engine: &Engine,
    platform: &str,
    control_plane: &str,
    begun: std::time::Instant,
) -> Result<Client, Failure> {
    node::await_runtime(engine, control_plane).await?;
    let patience = Pace::of_start(begun.elapsed()).patience(API_DEADLINE);
    Ok(connect(engine, platform, control_plane, patience).await?.1)
}
