//! Checkpoints, a platform that is damaged and brought back, and one that is stopped and started.

use backstack_end_to_end::{Platform, docker, step};

/// What is done to the platform: something of each sort that a reset has to know.
const DAMAGE: &str = "
set -e
kubectl create namespace made-since
kubectl create deployment web -n made-since --image=docker.io/library/none:1
kubectl delete deployment traefik -n traefik --wait=false
kubectl delete namespace metrics-server --wait=false
kubectl scale deployment crossplane -n crossplane-system --replicas=0
kubectl delete applications.argoproj.io --all -n argocd --wait=false
kubectl delete crd clusters.postgresql.cnpg.io --wait=false
kubectl cordon \"$(hostname)\"
for volume in /var/local-path-provisioner/*gitea*; do touch \"$volume/made-since\"; done
";

/// Runs a script in the control plane's node, with kubectl ready to use.
fn in_node(platform: &Platform, script: &str) -> backstack_end_to_end::Ran {
    let node = format!("{}-control-plane", platform.name);
    docker(&["exec", "-e", "KUBECONFIG=/etc/kubernetes/admin.conf", &node, "bash", "-c", script])
}

/// `up` has left a checkpoint: a damaged platform comes back to one, a reset that is cut off is completed by the next, and
/// all of it works on.
pub(crate) fn damaged_and_brought_back(platform: &Platform) {
    step("a checkpoint is made while everything runs");
    let made = platform.backstack(&["checkpoint", "create", "e2e", "-o", "json"]).succeeded("checkpoint create").json();
    assert!(made["objects"]["Secret"].as_u64() > Some(10) && made["volumes"].as_u64() > Some(1), "{made}");
    let all = platform.backstack(&["checkpoint", "list", "-o", "json"]).succeeded("checkpoint list").json();
    let names: Vec<_> = all["checkpoints"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
    assert_eq!(names, ["initial", "e2e"]);

    step("a damaged platform comes back");
    in_node(platform, DAMAGE).succeeded("damage");
    let differs = platform.backstack(&["checkpoint", "show", "e2e", "-o", "json"]).succeeded("checkpoint show").json();
    assert_eq!(differs["since"]["new"]["Namespace"], 1, "{differs}");
    let refused = platform.backstack(&["reset", "--to", "e2e"]);
    assert!(refused.code == 2 && refused.stderr.contains("`--yes`"), "{}: {}", refused.code, refused.stderr);
    // Killed in the middle of it.
    let mut cut_off = platform.command(&["reset", "--to", "e2e", "--yes"]).spawn().expect("reset");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    cut_off.kill().expect("kill");
    cut_off.wait().expect("the end of it");
    let done = platform.backstack(&["reset", "--to", "e2e", "--yes"]).succeeded("reset");
    eprintln!("{}", done.stdout);
    is_as_it_was(platform);

    step("a checkpoint is deleted");
    platform.backstack(&["checkpoint", "delete", "e2e", "--yes"]).succeeded("checkpoint delete");
    let unknown = platform.backstack(&["reset", "--to", "e2e", "--yes"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("There are: initial."), "{}", unknown.stderr);
}

fn is_as_it_was(platform: &Platform) {
    platform.backstack(&["status"]).succeeded("status");
    platform.get("/argocd/api/version").succeeded("GET /argocd/api/version");
    let gone = in_node(platform, "kubectl get namespace made-since; ls /var/local-path-provisioner/*gitea*/made-since");
    assert!(gone.stdout.is_empty(), "{}", gone.stdout);
    let lines = in_node(
        platform,
        "kubectl get applications.argoproj.io -n argocd -o name
        kubectl get crd clusters.postgresql.cnpg.io -o name
        kubectl get node \"$(hostname)\" -o jsonpath='{.spec.unschedulable}'
        kubectl get namespace metrics-server -o jsonpath='{.status.phase}'",
    )
    .succeeded("look at what was deleted")
    .stdout;
    assert!(lines.contains("application.argoproj.io/") && lines.contains("clusters.postgresql"), "{lines}");
    assert!(lines.ends_with("Active") && !lines.contains("true"), "{lines}");
    // Nobody missed anything of what came back: rights that are gathered from many roles are whole.
    let gathered = "for try in $(seq 30); do kubectl auth can-i list webapps.platform.backstack.dev -A \
        --as=system:serviceaccount:kyverno:kyverno-admission-controller && exit 0; sleep 1; done; exit 1";
    in_node(platform, gathered).succeeded("Kyverno may read all orders");
    // What is new is seen by those who watch: a Deployment gets its pods.
    in_node(platform, "kubectl create deployment after-reset --image=none:1 && kubectl wait --for=create pod -l app=after-reset --timeout=30s")
        .succeeded("a new Deployment gets its pod");
    in_node(platform, "kubectl delete deployment after-reset --wait=false").succeeded("delete it");
}
