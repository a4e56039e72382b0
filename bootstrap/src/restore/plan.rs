//! What goes into the empty store of a new cluster: pure, from the objects of a checkpoint.

use crate::checkpoint::Objects;
use crate::checkpoint::keys::{Treatment, treatment};
use crate::etcd::object::{self, Object, is_computed, with_status_of};
use crate::etcd::{Change, PREFIX};

/// What goes into the store, and when.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Begun {
    /// Before anybody reads the store.
    pub objects: Vec<Change>,
    /// When the images can be pulled.
    pub pods: Vec<Change>,
}

/// The objects of a checkpoint as a new cluster begins with them. `node` is its control plane; `authority` the certificate that
/// its API server is known by, in PEM form.
///
/// What the new cluster says of itself is left out, and so are the nodes that have yet to join, with what ran on them.
pub fn build(then: &Objects, node: &str, authority: &str) -> Begun {
    let mut begun = Begun::default();
    for (key, value) in &then.0 {
        let put = |value: Vec<u8>| Change::Put { key: key.clone(), value };
        match treatment(key) {
            Treatment::Pod => begun.pods.extend(pod(value, node).map(put)),
            treatment => begun.objects.extend(restored(treatment, key, value, node, authority).map(put)),
        }
    }
    begun
}

fn restored(treatment: Treatment, key: &str, value: &[u8], node: &str, authority: &str) -> Option<Vec<u8>> {
    match treatment {
        Treatment::Leave | Treatment::Pod => None,
        // Pods start at once and read it as they do: a controller would mend it too late.
        Treatment::Own if key.ends_with("/kube-root-ca.crt") => object::with_data(value, "ca.crt", authority),
        Treatment::Own => None,
        Treatment::Endpoints => (!is_computed(value)).then(|| value.to_vec()),
        Treatment::Node if key != format!("{PREFIX}minions/{node}") => None,
        // What they said of pods and of a machine of then would be believed.
        Treatment::Node | Treatment::Workload => Some(with_status_of(value, None).unwrap_or_else(|| value.to_vec())),
        Treatment::Restore => Some(value.to_vec()),
    }
}

/// A pod as its kubelet is to find it: placed, and not started. One that ended stays as it is.
fn pod(value: &[u8], node: &str) -> Option<Vec<u8>> {
    let found = Object::of(value)?;
    let mirrored = found.controller.as_ref().is_some_and(|owner| owner.kind == "Node");
    if mirrored || found.is_deleting {
        return None;
    }
    match object::pod(value)? {
        pod if pod.has_ended => Some(value.to_vec()),
        // What was not placed is placed anew.
        pod if pod.node.is_empty() || pod.node == node => object::not_started(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etcd::object::sample::{Sample, pod_spec, pod_status};

    fn objects(values: &[(&str, Vec<u8>)]) -> Objects {
        Objects(values.iter().map(|(key, value)| (format!("{PREFIX}{key}"), value.clone())).collect())
    }

    fn keys(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.key().strip_prefix(PREFIX).expect("a prefix")).collect()
    }

    #[test]
    fn what_a_cluster_says_of_itself_is_left_out() {
        let any = Sample { kind: "Any", uid: "u", status: "s", ..Sample::default() }.value();
        let then = objects(&[
            ("secrets/a/s", any.clone()),
            ("events/a/e", any.clone()),
            ("leases/a/l", any.clone()),
            ("configmaps/kube-public/cluster-info", any.clone()),
            ("services/endpoints/default/kubernetes", any.clone()),
            ("minions/cp", any.clone()),
            ("minions/worker", any.clone()),
            ("deployments/a/d", any.clone()),
        ]);
        let begun = build(&then, "cp", "CA");
        assert_eq!(keys(&begun.objects), ["deployments/a/d", "minions/cp", "secrets/a/s"]);
        let Change::Put { value, .. } = &begun.objects[0] else { panic!("a value") };
        assert_eq!(*value, Sample { kind: "Any", uid: "u", ..Sample::default() }.value(), "its status was of then");
        assert!(begun.pods.is_empty());
    }

    #[test]
    fn pods_are_placed_and_not_started() {
        let (here, elsewhere, nowhere) = (pod_spec("cp"), pod_spec("worker"), pod_spec(""));
        let (running, ended) = (pod_status("Running", "Burstable"), pod_status("Succeeded", "BestEffort"));
        let of = |spec: &[u8], status: &[u8], controller| {
            Sample { kind: "Pod", uid: "u", controller, ..Sample::default() }.value_of(spec, status)
        };
        let owner = Some(("ReplicaSet", "r"));
        let then = objects(&[
            ("pods/a/here", of(&here, &running, owner)),
            ("pods/a/ended", of(&here, &ended, owner)),
            ("pods/a/elsewhere", of(&elsewhere, &running, owner)),
            ("pods/a/nowhere", of(&nowhere, b"", None)),
            ("pods/a/static", of(&here, &running, Some(("Node", "n")))),
        ]);
        let begun = build(&then, "cp", "CA");
        assert_eq!(keys(&begun.pods), ["pods/a/ended", "pods/a/here", "pods/a/nowhere"]);
        let value = |index: usize| match &begun.pods[index] {
            Change::Put { value, .. } => value.clone(),
            Change::Delete { .. } => panic!("nothing is deleted in an empty store"),
        };
        assert_eq!(value(0), of(&here, &ended, owner), "what ended stays ended");
        assert_eq!(value(1), of(&here, &pod_status("Pending", "Burstable"), owner));
        assert!(begun.objects.is_empty());
    }
}
