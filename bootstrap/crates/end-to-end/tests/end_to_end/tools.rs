//! Programs of the platform's own images, run in its node and copied out of it.

use std::io::Write;
use std::process::Stdio;

use backstack_end_to_end::{Platform, Ran, run, step};

/// With stdin, exit codes, and programs of the node, of an image and of nobody.
pub(crate) fn run_and_copied(platform: &Platform) {
    step("programs of the platform run where there is only Docker");
    let exec = |command: &[&str]| platform_exec(platform, command, "");
    let node = exec(&["kubectl", "get", "nodes", "-o", "name"]).succeeded("kubectl get nodes").stdout;
    assert_eq!(node, format!("node/{}-control-plane\n", platform.name));
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: by-exec, namespace: default}}";
    platform_exec(platform, &["kubectl", "apply", "-f", "-"], map).succeeded("apply what stdin says");
    exec(&["kubectl", "delete", "configmap", "by-exec", "-n", "default"]).succeeded("delete it");
    let missing = exec(&["kubectl", "get", "configmap", "by-exec", "-n", "default"]);
    assert!(missing.code == 1 && missing.stderr.contains("NotFound"), "{}: {}", missing.code, missing.stderr);
    assert_eq!(exec(&["sh", "-c", "exit 42"]).code, 42);
    let apps = exec(&["argocd", "app", "list", "-o", "name"]).succeeded("argocd app list").stdout;
    assert!(apps.contains("argocd/platform"), "{apps}");
    let unknown = exec(&["nobody-has-this"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("It has: kubectl, ctr, argocd."), "{}", unknown.stderr);

    step("... and on this machine");
    let folder = platform.path("tools");
    let shown = folder.display().to_string();
    let copied = platform.backstack(&["tools", &shown]).succeeded("tools").stdout;
    assert!(copied.contains("kubectl") && copied.contains("export PATH="), "{copied}");
    let kubeconfig = platform.kubeconfig().display().to_string();
    let context = format!("kind-{}", platform.name);
    let get = ["--kubeconfig", &kubeconfig, "--context", &context, "get", "nodes", "-o", "name"];
    let nodes = run(&format!("{shown}/kubectl"), &get);
    assert_eq!(nodes.succeeded("kubectl of the platform").stdout, node);
    let again = platform.backstack(&["tools", &shown]).succeeded("tools again").stdout;
    assert!(again.contains("Nothing to do"), "{again}");
    std::fs::write(folder.join("ctr"), "mine").expect("a file");
    let refused = platform.backstack(&["tools", &shown]);
    assert!(refused.code == 2 && refused.stderr.contains("not put there by this command: ctr"), "{}", refused.stderr);
    assert_eq!(std::fs::read(folder.join("ctr")).expect("it is there"), b"mine");
}

fn platform_exec(platform: &Platform, command: &[&str], stdin: &str) -> Ran {
    let mut exec = platform.command(&["exec"]);
    exec.arg("--").args(command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut exec = exec.spawn().expect("exec");
    exec.stdin.take().expect("stdin").write_all(stdin.as_bytes()).expect("it takes what is typed");
    exec.wait_with_output().expect("its end").into()
}
