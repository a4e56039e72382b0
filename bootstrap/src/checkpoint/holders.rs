//! Which pods have volumes that are kept, and where they run.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use crate::kubernetes::Error;

/// A pod with a volume of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Namespace of the pod.
    pub namespace: String,
    /// `metadata.name` of the pod.
    pub name: String,
    /// `metadata.uid` of the pod, by which its cgroups are found in the node.
    pub uid: String,
    /// Empty where it has not been placed yet.
    pub node: String,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders(pub Vec<Holder>);

impl Holders {
    /// The UIDs of those on a node.
    pub fn on(&self, node: &str) -> Vec<String> {
        self.0.iter().filter(|holder| holder.node == node).map(|holder| holder.uid.clone()).collect()
    }
}

/// Asks the cluster.
///
/// # Errors
/// [`Error::Request`]
pub async fn look(client: &Client) -> Result<Holders, Error> {
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default()).await;
    let pods = pods.map_err(Error::request("list the pods"))?;
    Ok(Holders(pods.into_iter().filter(has_claim).map(holder).collect()))
}

fn has_claim(pod: &Pod) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.into_iter().any(|volume| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some())
}

fn holder(pod: Pod) -> Holder {
    Holder {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        uid: pod.uid().unwrap_or_default(),
        node: pod.spec.and_then(|spec| spec.node_name).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_with_a_claim_holds_a_volume() {
        let pod = |volume| {
            serde_json::from_value::<Pod>(json!({"metadata": {"name": "p", "namespace": "a", "uid": "u"},
                "spec": {"nodeName": "n", "containers": [], "volumes": [{"name": "v"}, volume]}}))
            .expect("a pod")
        };
        let claim = pod(json!({"name": "w", "persistentVolumeClaim": {"claimName": "c"}}));
        assert!(has_claim(&claim) && !has_claim(&pod(json!({"name": "w", "emptyDir": {}}))));
        let holders = Holders(vec![holder(claim)]);
        assert_eq!((holders.on("n"), holders.on("m")), (vec!["u".to_string()], Vec::new()));
    }
}
