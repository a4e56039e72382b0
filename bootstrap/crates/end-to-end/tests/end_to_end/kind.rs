//! The real `kind` command on a cluster of ours: it lists, exports, loads into and deletes it.

use crate::policies;
use backstack_end_to_end::{Platform, Ran, build_kind, docker, run, step};

#[test]
fn kind_knows_our_clusters() {
    let platform = Platform::new("kind-e2e", 28081, 28444);
    let binary = build_kind(&platform.path(""));
    let kind = |arguments: &[&str]| -> Ran { run(&binary, arguments) };

    step("up with a worker");
    platform.up(&["--stack", "minimal", "--workers", "1"]).succeeded("up");
    let nodes = platform.kubectl(&["get", "nodes", "--no-headers"]).succeeded("get nodes").stdout;
    assert_eq!(nodes.lines().filter(|line| line.contains(" Ready ")).count(), 2, "{nodes}");

    step("kind get");
    assert!(kind(&["get", "clusters"]).stdout.lines().any(|line| line == "kind-e2e"));
    let mut nodes: Vec<_> = kind(&["get", "nodes", "--name", "kind-e2e"]).stdout.lines().map(str::to_string).collect();
    nodes.sort();
    assert_eq!(nodes, ["kind-e2e-control-plane", "kind-e2e-worker"]);

    step("kind export kubeconfig");
    let exported = platform.path("exported").display().to_string();
    kind(&["export", "kubeconfig", "--name", "kind-e2e", "--kubeconfig", &exported])
        .succeeded("kind export kubeconfig");
    let text = std::fs::read_to_string(&exported).expect("exported kubeconfig");
    assert!(text.contains("current-context: kind-kind-e2e") && text.contains("https://127.0.0.1:"), "{text}");

    step("kind load docker-image");
    let source = docker(&["images", "-q", "backstack/registry"]).stdout;
    let source = source.lines().next().expect("the registry's own image");
    docker(&["tag", source, "e2e.example/loaded:1"]).succeeded("tag");
    kind(&["load", "docker-image", "e2e.example/loaded:1", "--name", "kind-e2e"]).succeeded("kind load docker-image");
    docker(&["rmi", "e2e.example/loaded:1"]);
    for (index, node) in ["kind-e2e-control-plane", "kind-e2e-worker"].iter().enumerate() {
        let name = format!("loaded{index}");
        let overrides = format!(r#"{{"spec": {{"nodeName": "{node}"}}}}"#);
        let run =
            ["run", &name, "--image", "e2e.example/loaded:1", "--image-pull-policy=Never", "--overrides", &overrides];
        platform.kubectl(&run).succeeded("run the loaded image");
        let wait = format!("pod/{name}");
        platform.kubectl(&["wait", &wait, "--for=condition=Ready", "--timeout=60s"]).succeeded("the loaded image runs");
    }

    policies::are_enforced(&platform, "e2e.example/loaded:1");

    step("kind delete cluster");
    let config = platform.kubeconfig().display().to_string();
    kind(&["delete", "cluster", "--name", "kind-e2e", "--kubeconfig", &config]).succeeded("kind delete cluster");
    assert_eq!(docker(&["ps", "-aq", "--filter", "name=^kind-e2e-"]).stdout, "");
    let kubeconfig = std::fs::read_to_string(platform.kubeconfig()).expect("kubeconfig");
    assert!(!kubeconfig.contains("kind-e2e"), "{kubeconfig}");

    step("down after that has nothing left to do but the shared parts");
    platform.backstack(&["down"]).succeeded("down");
}
