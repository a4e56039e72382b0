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
use tokio::time::{Duration, Instant, sleep_until};

use super::Error;

const SIGNER: &str = "kubernetes.io/kubelet-serving";

/// A kubelet without a certificate gives no event when it gets one: it is asked again after this time.
const ASK_AGAIN: Duration = Duration::from_millis(300);

/// Approves the requests of these nodes as they come, until every kubelet answers the API server.
///
/// A kubelet may ask twice: kubeadm starts it anew at the end, and the key of its first request is lost then.
///
/// # Errors
/// [`Error::NodesNotReady`] with the nodes whose kubelet does not answer by the deadline, [`Error::Request`] if the
/// API refuses.
pub async fn approve(client: &Client, nodes: &[String], deadline: Instant) -> Result<(), Error> {
    let start = Instant::now();
    let api: Api<CertificateSigningRequest> = Api::all(client.clone());
    let config = watcher::Config::default().fields(&format!("spec.signerName={SIGNER}"));
    let mut requests = std::pin::pin!(watcher(api.clone(), config).default_backoff().applied_objects());
    let mut waiting: Vec<String> = nodes.to_vec();
    let mut ask = tokio::time::interval(ASK_AGAIN);
    loop {
        tokio::select! {
            next = requests.try_next() => {
                // A watch that breaks is begun again by its own backoff.
                if let Ok(Some(request)) = next && is_open(&request) && is_of(&request, nodes) {
                    approve_one(&api, &request).await?;
                }
            }
            _ = ask.tick() => {
                let mut silent = Vec::new();
                for node in waiting {
                    if !answers(client, &node).await {
                        silent.push(node);
                    }
                }
                waiting = silent;
            }
            () = sleep_until(deadline) => {
                let nodes = waiting.iter().map(|node| format!("the kubelet of {node} has no serving certificate")).collect();
                return Err(Error::NodesNotReady { waited: start.elapsed(), nodes });
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
    }
}

/// Whether the API server gets an answer from the node's kubelet.
async fn answers(client: &Client, node: &str) -> bool {
    let Ok(request) = http::Request::get(format!("/api/v1/nodes/{node}/proxy/healthz")).body(Vec::new()) else {
        return false;
    };
    client.request_text(request).await.is_ok()
}

fn is_of(request: &CertificateSigningRequest, nodes: &[String]) -> bool {
    let node = request.spec.username.as_deref().and_then(|user| user.strip_prefix("system:node:"));
    node.is_some_and(|node| nodes.iter().any(|name| name == node))
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
