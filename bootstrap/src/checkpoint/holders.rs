//! Which pods have volumes that are kept, and where they run.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod, Volume};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use crate::kubernetes::Error;

/// A container that ends again within this time is started again only after a while.
const BACK_OFF_FORGOTTEN: SignedDuration = SignedDuration::from_mins(10);

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
    /// Names of its claims.
    pub claims: Vec<String>,
    /// How often its containers were started again; nothing unless all of them run, and would be started again at once if they
    /// ended now.
    pub restarts: Option<i32>,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders(pub Vec<Holder>);

impl Holders {
    /// Those that can begin anew where they are, and those that have to be made anew.
    pub fn split(self, begins_in_place: impl Fn(&Holder) -> bool) -> (Self, Self) {
        let (in_place, anew) =
            self.0.into_iter().partition(|holder| holder.restarts.is_some() && begins_in_place(holder));
        (Self(in_place), Self(anew))
    }

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
    Ok(Holders(pods.into_iter().map(holder).filter(|holder| !holder.claims.is_empty()).collect()))
}

/// Names of its claims; what it has only for as long as it lives is called after it.
fn claims(pod: &Pod) -> Vec<String> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claim = |volume: &Volume| match &volume.persistent_volume_claim {
        Some(claim) => Some(claim.claim_name.clone()),
        None => volume.ephemeral.as_ref().map(|_| format!("{}-{}", pod.name_any(), volume.name)),
    };
    volumes.filter_map(claim).collect()
}

fn holder(pod: Pod) -> Holder {
    Holder {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        uid: pod.uid().unwrap_or_default(),
        restarts: restarts(&pod, Timestamp::now()),
        claims: claims(&pod),
        node: pod.spec.and_then(|spec| spec.node_name).unwrap_or_default(),
    }
}

fn restarts(pod: &Pod, now: Timestamp) -> Option<i32> {
    let (spec, status) = (pod.spec.as_ref()?, pod.status.as_ref()?);
    let containers = status.container_statuses.as_ref()?;
    let ended_lately = |container: &ContainerStatus| {
        let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref()?.finished_at.as_ref());
        container.restart_count > 0 && last.is_none_or(|time| now.duration_since(time.0) < BACK_OFF_FORGOTTEN)
    };
    let runs = |container: &ContainerStatus| container.state.as_ref().is_some_and(|state| state.running.is_some());
    let is_fit = spec.restart_policy.as_deref() == Some("Always")
        && pod.metadata.deletion_timestamp.is_none()
        && containers.len() == spec.containers.len()
        && containers.iter().all(|container| runs(container) && !ended_lately(container));
    is_fit.then(|| containers.iter().map(|container| container.restart_count).sum())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_pod_with_a_claim_holds_a_volume() {
        let pod = |volume| {
            serde_json::from_value::<Pod>(json!({"metadata": {"name": "p", "namespace": "a", "uid": "u"},
                "spec": {"nodeName": "n", "containers": [], "volumes": [{"name": "v"}, volume]}}))
            .expect("a pod")
        };
        let claim = pod(json!({"name": "w", "persistentVolumeClaim": {"claimName": "c"}}));
        assert_eq!(
            (claims(&claim), claims(&pod(json!({"name": "w", "emptyDir": {}})))),
            (vec!["c".into()], Vec::new())
        );
        assert_eq!(claims(&pod(json!({"name": "w", "ephemeral": {}}))), ["p-w"]);
        let holders = Holders(vec![holder(claim)]);
        assert_eq!((holders.on("n"), holders.on("m")), (vec!["u".to_string()], Vec::new()));
    }

    #[test]
    fn whoever_ended_lately_would_wait_to_be_started_again() {
        let now: Timestamp = "2026-01-01T01:00:00Z".parse().expect("a time");
        let pod = |policy: &str, state: Value, count: i32, ended: &str| {
            let last =
                if ended.is_empty() { json!({}) } else { json!({"terminated": {"exitCode": 1, "finishedAt": ended}}) };
            let status = json!({"name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": count, "state": state, "lastState": last});
            let pod = json!({"metadata": {"name": "p"}, "spec": {"restartPolicy": policy, "containers": [{"name": "c"}]},
                "status": {"containerStatuses": [status]}});
            restarts(&serde_json::from_value(pod).expect("a pod"), now)
        };
        let running = || json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
        assert_eq!(pod("Always", running(), 0, ""), Some(0));
        assert_eq!(pod("Always", running(), 3, "2026-01-01T00:49:00Z"), Some(3));
        assert_eq!(pod("Always", running(), 3, "2026-01-01T00:51:00Z"), None);
        assert_eq!(pod("Always", running(), 1, ""), None);
        assert_eq!(pod("Always", json!({"waiting": {}}), 0, ""), None);
        assert_eq!(pod("Never", running(), 0, ""), None);
    }
}
