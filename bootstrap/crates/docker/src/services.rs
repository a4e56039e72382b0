//! Traffic to services while kube-proxy has no rules for it yet, as when a node comes back after a stop.
//!
//! Such a packet would leave the node by its default route and be lost, and the connection would not be tried again
//! before it times out, 30 s later for what uses client-go. So it is refused at once: the filter sees an address of a
//! service only where no rule of kube-proxy has replaced it by one of a pod.

use super::kubeadm::SERVICE_SUBNET;

/// Beside kubeadm's own `10-kubeadm.conf`.
const DROP_IN: &str = "/etc/systemd/system/kubelet.service.d/20-services.conf";

/// The files of a node, path and content: the rules are there before any pod is.
pub fn files() -> Vec<(String, String)> {
    let rule = format!("-d {SERVICE_SUBNET} -j REJECT");
    // `$$` is systemd's `$`; with `-`, a node image without iptables is none the worse.
    let script =
        format!("for chain in FORWARD OUTPUT; do iptables -w -C $$chain {rule} || iptables -w -A $$chain {rule}; done");
    vec![(DROP_IN.into(), format!("[Service]\nExecStartPre=-/bin/sh -c \"{script}\"\n"))]
}
