//! What a key of the store stands for, as far as one has to know who goes back to a checkpoint: which keys are left as they are,
//! and why.

use crate::etcd::PREFIX;

/// The name below the prefix, in parts: `pods/NAMESPACE/NAME`, or `GROUP/PLURAL/...`.
fn parts(key: &str) -> Vec<&str> {
    key.strip_prefix(PREFIX).unwrap_or(key).split('/').collect()
}

/// What becomes of a key on the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// It gets the value that it had.
    Restore,
    /// Its owner keeps it: what it says is so at this moment.
    Leave,
    /// What the cluster says of itself: another machine's cluster says otherwise, so it comes back only where it is gone.
    Own,
    /// A pod: kubelets and controllers have a say.
    Pod,
    /// A workload: its status is what its controller says of pods that are there now.
    Workload,
    /// A node: its status is what its kubelet says.
    Node,
    /// Where the pods of a service are.
    Endpoints,
}

/// What becomes of this key on the way back.
pub(crate) fn treatment(key: &str) -> Treatment {
    match parts(key).as_slice() {
        // What happened, who leads at the moment, API servers that are alive.
        ["events" | "leases" | "masterleases" | "peerserverleases", ..] => Treatment::Leave,
        // Which addresses and ports are taken: the API server counts for itself, and repairs it.
        ["ranges", ..] => Treatment::Leave,
        // What kubelets say of themselves.
        ["csinodes", ..] => Treatment::Leave,
        // How its API server is reached, and whom it trusts.
        ["configmaps", _, "kube-root-ca.crt"]
        | ["configmaps", "kube-public", "cluster-info"]
        | ["configmaps", "kube-system", "extension-apiserver-authentication" | "kubeadm-config"]
        | ["services", "endpoints", "default", "kubernetes"]
        | ["endpointslices", "default", "kubernetes"]
        | ["certificatesigningrequests", ..] => Treatment::Own,
        ["secrets", "kube-system", name] if name.starts_with("bootstrap-token-") => Treatment::Own,
        ["minions", ..] => Treatment::Node,
        ["pods", ..] => Treatment::Pod,
        ["deployments" | "replicasets" | "statefulsets" | "daemonsets" | "controllers", ..] => Treatment::Workload,
        ["endpointslices", ..] | ["services", "endpoints", ..] => Treatment::Endpoints,
        _ => Treatment::Restore,
    }
}

/// The kind that is defined under this key, as keys of its objects begin.
pub(crate) fn defined(key: &str) -> Option<String> {
    match parts(key).as_slice() {
        ["apiextensions.k8s.io", "customresourcedefinitions", name] => {
            let (plural, group) = name.split_once('.')?;
            Some(format!("{group}/{plural}"))
        }
        _ => None,
    }
}

/// Whether this is the key of an object of a kind, as [`defined`] gives it.
pub(crate) fn is_of(key: &str, kind: &str) -> bool {
    key.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(kind)).is_some_and(|rest| rest.starts_with('/'))
}

/// The namespace that is stored under this key.
pub(crate) fn namespace(key: &str) -> Option<&str> {
    match parts(key).as_slice() {
        ["namespaces", name] => Some(*name),
        _ => None,
    }
}

/// The namespace of what is left alone, where it is in one: with a namespace goes all that is in it.
pub(crate) fn namespace_of_left(key: &str) -> Option<&str> {
    match parts(key).as_slice() {
        ["events" | "leases", namespace, _] => Some(*namespace),
        _ => None,
    }
}

/// The key of the volume that was provisioned for the claim with this UID: provisioners name it so, unless told otherwise.
pub(crate) fn volume_of_claim(uid: &str) -> String {
    format!("{PREFIX}persistentvolumes/pvc-{uid}")
}

/// Whether this is the key of a volume or of a claim to one.
pub(crate) fn is_of_volume(key: &str) -> bool {
    matches!(parts(key).as_slice(), ["persistentvolumes", _] | ["persistentvolumeclaims", _, _])
}

/// The key of a pod.
pub(crate) fn pod(namespace: &str, name: &str) -> String {
    format!("{PREFIX}pods/{namespace}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let cases = [
            ("/registry/events/a/b.1", Treatment::Leave),
            ("/registry/leases/kube-system/kube-scheduler", Treatment::Leave),
            ("/registry/masterleases/172.31.250.10", Treatment::Leave),
            ("/registry/ranges/servicenodeports", Treatment::Leave),
            ("/registry/csinodes/n", Treatment::Leave),
            ("/registry/configmaps/a/kube-root-ca.crt", Treatment::Own),
            ("/registry/configmaps/a/cluster-info", Treatment::Restore),
            ("/registry/endpointslices/default/kubernetes", Treatment::Own),
            ("/registry/secrets/kube-system/bootstrap-token-abc", Treatment::Own),
            ("/registry/minions/n", Treatment::Node),
            ("/registry/pods/a/p", Treatment::Pod),
            ("/registry/replicasets/a/r", Treatment::Workload),
            ("/registry/services/endpoints/a/s", Treatment::Endpoints),
            ("/registry/services/specs/a/s", Treatment::Restore),
            ("/registry/endpointslices/a/s-1", Treatment::Endpoints),
            ("/registry/ipaddresses/10.96.0.1", Treatment::Restore),
            ("/registry/jobs/a/j", Treatment::Restore),
            ("/registry/kyverno.io/clusterpolicies/p", Treatment::Restore),
            // Somebody's own kind of that name is not Kubernetes' own.
            ("/registry/example.org/pods/a/p", Treatment::Restore),
        ];
        for (key, wanted) in cases {
            assert_eq!(treatment(key), wanted, "{key}");
        }
        let defined =
            defined("/registry/apiextensions.k8s.io/customresourcedefinitions/apps.example.org").expect("a kind");
        assert_eq!(defined, "example.org/apps");
        assert!(
            is_of("/registry/example.org/apps/a/x", &defined) && !is_of("/registry/example.org/appsets/a/x", &defined)
        );
        assert_eq!(namespace("/registry/namespaces/demo"), Some("demo"));
        assert_eq!(namespace("/registry/pods/a/p"), None);
        assert_eq!(namespace_of_left("/registry/leases/a/l"), Some("a"));
        assert_eq!(namespace_of_left("/registry/ranges/servicenodeports"), None);
        assert_eq!(treatment(&pod("a", "p")), Treatment::Pod);
        assert!(is_of_volume(&volume_of_claim("u")) && is_of_volume("/registry/persistentvolumeclaims/a/c"));
        assert!(!is_of_volume("/registry/example.org/persistentvolumes/c"));
    }
}
