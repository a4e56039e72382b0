//! A checkpoint outside of its platform: in a file and in a registry; a platform is made from it, and takes later ones.

use serde_json::Value;

use backstack_end_to_end::{Platform, docker, step};

const KEPT: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, namespace: default}
data: {said: before}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kept, namespace: default}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: holder, namespace: default}
spec:
  selector: {matchLabels: {app: holder}}
  template:
    metadata: {labels: {app: holder}}
    spec:
      volumes: [{name: kept, persistentVolumeClaim: {claimName: kept}}]
      containers: [{name: holder, image: IMAGE, volumeMounts: [{name: kept, mountPath: /kept}]}]
";

/// The platform goes, and is made again from what was exported.
pub(crate) fn exported_and_made_from_it(platform: &Platform) {
    step("a volume with a file, and a checkpoint of it all");
    let image = ["get", "deployment", "traefik", "-n", "traefik", "-o", "jsonpath={..image}"];
    let image = platform.kubectl(&image).succeeded("the ingress's image").stdout;
    platform.apply(&KEPT.replace("IMAGE", &image)).succeeded("apply");
    platform.kubectl(&["rollout", "status", "deployment/holder", "--timeout=60s"]).succeeded("a pod with a volume");
    in_node(platform, "echo before > $(ls -d /var/local-path-provisioner/*_default_kept)/said");
    platform.backstack(&["checkpoint", "create", "lab"]).succeeded("create");
    let (file, address) = (platform.path("lab.checkpoint"), in_registry("labs/one:1"));
    let file = file.to_str().expect("a path");
    platform.backstack(&["checkpoint", "export", "lab", file]).succeeded("export to a file");
    platform.backstack(&["checkpoint", "export", "lab", &address]).succeeded("export to a registry");
    platform.backstack(&["bundle", "verify", file]).succeeded("verify");
    let there = platform.up(&["--checkpoint", file]);
    assert!(there.code == 2 && there.stderr.contains("it is there already"), "{}", there.stderr);

    step("down, and up from the file");
    platform.backstack(&["down"]).succeeded("down");
    let other = Platform::new("other-e2e", 28087, 28450);
    let other = other.up(&["--checkpoint", file]);
    assert!(other.code == 2 && other.stderr.contains("of platform `added-e2e`"), "{}", other.stderr);
    let plan = platform.up(&["--checkpoint", file, "--plan"]).succeeded("plan").stdout;
    assert!(plan.contains("pods of the checkpoint") && !plan.contains("storage class"), "{plan}");
    let up = platform.up(&["--checkpoint", file, "-o", "json"]).succeeded("up").stdout;
    let events = up.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let installed = events.filter(|event| event["event"] == "finished" && event["subject"] == "traefik");
    let outcomes: Vec<_> = installed.map(|event| event["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unchanged"], "{up}");
    is_as_it_was(platform);
    let again = platform.up(&[]).succeeded("up again").stdout;
    assert!(again.contains("Nothing to do"), "{again}");

    step("what was exported is taken in, and gone back to");
    platform.kubectl(&["delete", "configmap", "kept"]).succeeded("delete");
    let address = in_registry("labs/one:1");
    let nowhere = platform.backstack(&["checkpoint", "import", &in_registry("labs/nothing:1")]);
    assert!(nowhere.code == 6 && nowhere.stderr.contains("has no checkpoint"), "{}", nowhere.stderr);
    platform.backstack(&["checkpoint", "import", file, "--as", "again"]).succeeded("import of a file");
    platform.backstack(&["checkpoint", "export", "again", &address]).succeeded("export");
    platform.backstack(&["checkpoint", "import", &address, "--as", "fetched"]).succeeded("import from a registry");
    platform.backstack(&["reset", "--to", "fetched", "--yes"]).succeeded("reset");
    is_as_it_was(platform);
}

fn is_as_it_was(platform: &Platform) {
    platform.backstack(&["status"]).succeeded("status");
    let said = ["get", "configmap", "kept", "-o", "jsonpath={.data.said}"];
    assert_eq!(platform.kubectl(&said).succeeded("get").stdout, "before");
    assert_eq!(in_node(platform, "cat /var/local-path-provisioner/*_default_kept/said"), "before\n");
    platform.kubectl(&["rollout", "status", "deployment/holder", "--timeout=60s"]).succeeded("the pod with the volume");
    // Whoever trusts the cluster by what its pods are given trusts the one that is there.
    let authority = "jsonpath={.data.ca\\.crt}";
    let given = platform.kubectl(&["get", "configmap", "kube-root-ca.crt", "-o", authority]).succeeded("get").stdout;
    assert_eq!(given.trim(), in_node(platform, "cat /etc/kubernetes/pki/ca.crt").trim());
}

fn in_node(platform: &Platform, script: &str) -> String {
    let node = format!("{}-control-plane", platform.name);
    docker(&["exec", &node, "bash", "-c", script]).succeeded(script).stdout
}

/// An address in the local registry, which comes and goes with the platform.
fn in_registry(repository: &str) -> String {
    let listens = docker(&["port", "backstack-registry", "5000"]).succeeded("the registry's port").stdout;
    let port = listens.lines().next().and_then(|line| line.rsplit(':').next()).expect("a port");
    format!("oci://localhost:{port}/{repository}")
}
