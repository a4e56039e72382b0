//! An archive for a bug report: what is in it, and what is not.

use std::path::PathBuf;

use backstack_end_to_end::{Platform, run, step};

/// Values that nobody else has, where people put such things: in a Secret, and in a variable. A pod prints the first.
const PLANTED: &str = "
apiVersion: v1
kind: Secret
metadata: {name: planted, namespace: default}
stringData: {password: planted-in-a/secret+1, pair: 'planted line one\n\n  planted line two'}
---
apiVersion: v1
kind: Pod
metadata: {name: planted, namespace: default}
spec:
  restartPolicy: Never
  containers:
    - name: planted
      image: IMAGE
      imagePullPolicy: Never
      command: [etcdctl, planted-in-a/secret+1, cGxhbnRlZC1pbi1hL3NlY3JldCsx]
      env: [{name: PLANTED_TOKEN, value: planted-in-a-variable}]
";
/// What must not be in the archive: the values, and the first in base64.
const SECRETS: [&str; 5] = [
    "planted-in-a/secret+1",
    "cGxhbnRlZC1pbi1hL3NlY3JldCsx",
    "planted line one",
    "planted line two",
    "planted-in-a-variable",
];

/// The archive's files below `name`.
fn bundled(platform: &Platform, name: &str) -> PathBuf {
    let (file, folder) = (platform.path(&format!("{name}.tar.gz")), platform.path(name));
    let answer = platform.backstack(&["support-bundle", "--file", &file.display().to_string()]);
    eprintln!("{}", answer.succeeded("support-bundle").stdout);
    std::fs::create_dir(&folder).expect("a folder");
    run("tar", &["-C", &folder.display().to_string(), "-xzf", &file.display().to_string()]).succeeded("tar");
    folder.join(format!("backstack-{}", platform.name))
}

fn read(folder: &std::path::Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Of a platform that runs, everything is in it but secrets.
pub(crate) fn without_secrets(platform: &Platform) {
    step("an archive for a bug report has everything but secrets");
    let images =
        platform.kubectl(&["get", "pods", "-n", "kube-system", "-l", "component=etcd", "-o", "jsonpath={..image}"]);
    let image = images.stdout.split_whitespace().next().expect("etcd's image").to_string();
    platform.apply(&PLANTED.replace("IMAGE", &image)).succeeded("plant");
    let failed = ["wait", "pod/planted", "--for=jsonpath={.status.phase}=Failed", "--timeout=60s"];
    platform.kubectl(&failed).succeeded("the pod has said it and failed");
    let folder = bundled(platform, "support");
    let credentials = platform.backstack(&["credentials", "-o", "json"]).succeeded("credentials").json();
    let passwords = credentials.as_array().into_iter().flatten().filter_map(|one| one["password"].as_str());
    for secret in passwords.chain(SECRETS) {
        let found = run("grep", &["-rlF", "--", secret, &folder.display().to_string()]);
        assert_eq!((found.code, found.stdout.as_str()), (1, ""), "{secret}");
    }
    let log = read(&folder, "logs/default/planted/planted.log");
    assert!(log.contains("[removed]"), "{log}");
    let secrets = read(&folder, "objects/secrets.yaml");
    assert!(secrets.contains("password: '[removed: 21 bytes]'"), "{secrets}");
    let node = format!("nodes/{}-control-plane", platform.name);
    for (file, has) in [
        ("README.md".to_string(), "read this before you give it away"),
        ("doctor.json".to_string(), "\"verdict\""),
        ("status.json".to_string(), "\"components\""),
        ("platform/record.json".to_string(), "\"stack\": \"back\""),
        (format!("runs/{}-up.log", platform.name), "InstallComponent"),
        ("objects/deployments.apps.yaml".to_string(), "name: argocd-server"),
        ("objects/events.yaml".to_string(), "kind: Event"),
        (format!("{node}/kubelet.log"), "kubelet"),
        (format!("{node}/kubeadm.yaml"), "ClusterConfiguration"),
        (format!("engine/{}-control-plane.json", platform.name), "\"Config\""),
    ] {
        assert!(read(&folder, &file).contains(has), "{file} has no {has}");
    }
    platform.kubectl(&["delete", "secret/planted", "pod/planted", "--grace-period=1"]).succeeded("delete");
}

/// Of one that does not run, there is what the engine knows, and it is named what is missing.
pub(crate) fn of_a_stopped_platform(platform: &Platform) {
    step("an archive of a stopped platform says what it could not read");
    let folder = bundled(platform, "support-stopped");
    let page = read(&folder, "README.md");
    assert!(page.contains("status.json: ") && page.contains("-control-plane: it does not run"), "{page}");
    assert!(read(&folder, "platform/containers.json").contains("\"running\": false"));
}
