//! Waiting until the cluster's nodes are ready.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Error;
use super::view::View;
use super::watch::ClusterWatch;
use backstack_common::report::Progress;

/// Waits until all of these nodes are ready; gives the version of their kubelets.
///
/// # Errors
/// [`Error::NodesNotReady`] at the deadline, with what each node says of itself.
pub async fn await_ready(
    watch: &ClusterWatch,
    names: &[String],
    deadline: Instant,
    progress: &Progress,
) -> Result<String, Error> {
    let start = Instant::now();
    let mut changes = watch.changes();
    loop {
        changes.mark_unchanged();
        let (waiting, version) = watch.read(|view| look(view, names));
        if waiting.is_empty() {
            return Ok(version);
        }
        if Instant::now() >= deadline {
            return Err(Error::NodesNotReady { waited: start.elapsed(), nodes: waiting });
        }
        progress.detail(waiting.join("; "));
        tokio::select! {
            _ = changes.changed() => tokio::time::sleep(Duration::from_millis(50)).await,
            () = sleep_until(deadline) => {}
        }
    }
}

/// Nodes that are not ready, each with why; and the version of those that are.
fn look(view: &View, names: &[String]) -> (Vec<String>, String) {
    let mut waiting = Vec::new();
    let mut version = String::new();
    for name in names {
        match view.nodes.values().find(|node| node.metadata.name == *name) {
            None => waiting.push(format!("node {name} has not registered yet")),
            Some(node) if node.is_ready() => version = node.status.node_info.kubelet_version.clone(),
            Some(node) => {
                let why = node.ready().map(|condition| condition.message.clone()).unwrap_or_default();
                waiting.push(format!("node {name} is not ready: {why}"));
            }
        }
    }
    (waiting, version)
}
