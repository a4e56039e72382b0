//! Approves the serving certificates that the nodes' kubelets ask for.
//!
//! Kubernetes approves none of them by itself, because it cannot know which names a node may have; we made the
//! nodes, so we do.

use futures::TryStreamExt;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::Error;

const SIGNER: &str = "kubernetes.io/kubelet-serving";

/// Approves the requests of these nodes as they come, until each has a certificate.
///
/// # Errors
/// [`Error::NodesNotReady`] with the nodes that did not ask by the deadline, [`Error::Request`] if the API refuses.
pub async fn approve(client: &Client, nodes: &[String], deadline: Instant) -> Result<(), Error> {
    let start = Instant::now();
    let api: Api<CertificateSigningRequest> = Api::all(client.clone());
    let config = watcher::Config::default().fields(&format!("spec.signerName={SIGNER}"));
    let mut requests = std::pin::pin!(watcher(api.clone(), config).default_backoff().applied_objects());
    let mut waiting: Vec<String> = nodes.to_vec();
    while !waiting.is_empty() {
        let Ok(next) = timeout_at(deadline, requests.try_next()).await else {
            let nodes = waiting.iter().map(|node| format!("the kubelet of {node} did not ask for a certificate")).collect();
            return Err(Error::NodesNotReady { waited: start.elapsed(), nodes });
        };
        // A watch that breaks is begun again by its own backoff.
        let Ok(Some(request)) = next else { continue };
        let Some(node) = request.spec.username.as_deref().and_then(|user| user.strip_prefix("system:node:")) else { continue };
        let node = node.to_string();
        if !nodes.contains(&node) {
            continue;
        }
        if is_open(&request) {
            approve_one(&api, &request).await?;
        }
        waiting.retain(|name| *name != node);
    }
    Ok(())
}

fn is_open(request: &CertificateSigningRequest) -> bool {
    request.status.as_ref().and_then(|status| status.conditions.as_ref()).is_none_or(Vec::is_empty)
}

async fn approve_one(api: &Api<CertificateSigningRequest>, request: &CertificateSigningRequest) -> Result<(), Error> {
    let name = request.metadata.name.clone().unwrap_or_default();
    let approved = json!({"type": "Approved", "status": "True", "reason": "NodeOfThisPlatform", "message": "backstack made this node"});
    let patch = Patch::Merge(json!({"status": {"conditions": [approved]}}));
    match api.patch_approval(&name, &PatchParams::default(), &patch).await {
        Ok(_) => Ok(()),
        // The request was replaced by a newer one, which will be seen too.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::request(format!("approve certificate request {name}"))(error)),
    }
}
