//! What a node's own programs say, read in its container.

use std::io::Write;

use super::Unwritten;
use super::clock::Clock;
use super::gathered::Gathered;
use crate::docker::Engine;
use crate::error::chain;

/// Files of a node, each with the command that prints it. Keys, and what has them in it, is never asked for.
const FILES: [(&str, &str); 10] = [
    ("kubelet.log", "journalctl -u kubelet --no-pager -n 2000"),
    ("containerd.log", "journalctl -u containerd --no-pager -n 2000"),
    ("kubeadm.yaml", "cat /kind/kubeadm.conf"),
    ("kubelet-config.yaml", "cat /var/lib/kubelet/config.yaml"),
    ("static-pods.yaml", "for file in /etc/kubernetes/manifests/*.yaml; do echo \"--- # $file\"; cat \"$file\"; done"),
    ("containerd.toml", "cat /etc/containerd/config.toml"),
    ("mirrors.txt", "for file in /etc/containerd/certs.d/*/hosts.toml; do echo \"# $file\"; cat \"$file\"; done"),
    ("machine.txt", "uname -a; uptime; df -h; df -i; cat /proc/meminfo /proc/loadavg /proc/pressure/* 2>/dev/null"),
    ("processes.txt", "ps aux || for p in /proc/[0-9]*; do echo \"${p#/proc/} $(tr '\\0' ' ' < $p/cmdline)\"; done"),
    ("images.txt", "ctr -n k8s.io images ls -q"),
];

/// The logs of static pods, which alone tell why no API answers: they are named after their node.
const STATIC_PODS: &str = "for file in /var/log/pods/kube-system_*-\"$(hostname)\"_*/*/*.log; do \
    echo \"== $file\"; tail -n 300 \"$file\"; done";

/// Takes the files of one node; `silent` says that the API does not answer.
pub(super) async fn take(
    engine: &Engine,
    node: &str,
    silent: bool,
    clock: Clock,
    into: &mut Gathered,
) -> Result<(), Unwritten> {
    let more = silent.then_some(("static-pods.log", STATIC_PODS));
    for (name, command) in FILES.into_iter().chain(more) {
        let file = format!("nodes/{node}/{name}");
        let asked = async {
            let ran = engine.exec(node, &["sh", "-c", command], None).await;
            ran.map_err(|error| chain(&error).pop().unwrap_or_default())
        };
        match clock.within(asked).await {
            Ok(output) if output.stdout.is_empty() => {
                into.left_out(&file, output.stderr.lines().last().unwrap_or("it is empty"));
            }
            Ok(output) => {
                let mut piece = into.piece();
                piece.write_all(output.stdout.as_bytes()).map_err(|why| into.unwritten(why))?;
                into.put(&file, piece)?;
            }
            Err(why) => into.left_out(&file, &why),
        }
    }
    Ok(())
}
