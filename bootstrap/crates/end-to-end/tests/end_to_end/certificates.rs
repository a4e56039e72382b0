//! Certificates of the nodes that end soon, or have ended, on a platform that runs.

use std::fs;

use backstack_end_to_end::{Platform, Ran, docker, run, step};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value;

/// kubeadm makes new ones that are good for so long, and the kubelet gets one of these, too.
const SHORTEN: &str = r#"set -e
sed "s/\"kind\": \"ClusterConfiguration\"/\"certificateValidityPeriod\": \"$1\", &/" /kind/kubeadm.conf > /tmp/short.conf
grep -q certificateValidityPeriod /tmp/short.conf
kubeadm certs renew all --config /tmp/short.conf
kubeadm kubeconfig user --config /tmp/short.conf --org system:nodes --client-name "system:node:$(hostname)" > /tmp/kubelet.conf
for part in certificate key; do sed -n "s/^ *client-$part-data: //p" /tmp/kubelet.conf | base64 -d; done > /var/lib/kubelet/pki/short.pem
ln -sfn /var/lib/kubelet/pki/short.pem /var/lib/kubelet/pki/kubelet-client-current.pem"#;

pub(crate) fn are_renewed(platform: &Platform) {
    step("certificates with five days left: told, renewed, and nothing else");
    shorten(platform, "125h");
    let status = platform.backstack(&["status"]).succeeded("status").stdout;
    assert!(status.contains("in 5 days: `backstack start") && status.contains("renews them"), "{status}");
    let up = platform.up(&[]).succeeded("up");
    assert!(up.stderr.contains("in 5 days: they are renewed"), "{}", up.stderr);
    let status = platform.backstack(&["status"]).succeeded("status").stdout;
    assert!(!status.contains("renews them"), "{status}");
    as_the_user(platform);
    let again = platform.up(&[]).succeeded("up once more");
    assert!(again.stdout.contains("Nothing to do"), "{}{}", again.stdout, again.stderr);

    step("certificates that have ended, and nobody can ask the API any more");
    shorten(platform, "1s");
    docker(&["restart", &node(platform)]).succeeded("the node restarts");
    let status = platform.backstack(&["status"]);
    assert!(status.code == 5 && status.stderr.contains("have ended on"), "{} {}", status.code, status.stderr);
    let started = platform.backstack(&["start"]).succeeded("start");
    assert!(started.stderr.contains("they are renewed"), "{}", started.stderr);
    as_the_user(platform);
    let status = platform.backstack(&["status"]).succeeded("status").stdout;
    assert!(!status.contains("renews them"), "{status}");

    step("a year passes while it is stopped");
    shorten(platform, "1s");
    platform.backstack(&["stop"]).succeeded("stop");
    platform.backstack(&["start"]).succeeded("start");
    as_the_user(platform);
    platform.up(&[]).succeeded("up afterwards");
    let logs = ["-n", "kube-system", "logs", "--tail", "1", &format!("etcd-{}", node(platform))];
    platform.kubectl(&logs).succeeded("the kubelet has a certificate, too, that it is asked with");
}

fn node(platform: &Platform) -> String {
    format!("{}-control-plane", platform.name)
}

/// Certificates that end soon, in the node and in the user's kubeconfig.
fn shorten(platform: &Platform, time: &str) {
    let admin =
        || docker(&["exec", &node(platform), "cat", "/etc/kubernetes/admin.conf"]).succeeded("admin.conf").stdout;
    let before = admin();
    docker(&["exec", &node(platform), "sh", "-c", SHORTEN, "shorten", time]).succeeded("kubeadm");
    let (before, now) = (credentials(&before), credentials(&admin()));
    let mut file = fs::read_to_string(platform.kubeconfig()).expect("the user's kubeconfig");
    for (before, now) in before.iter().zip(&now) {
        assert!(file.contains(before.as_str()), "the user has what the node has");
        file = file.replace(before, now);
    }
    fs::write(platform.kubeconfig(), file).expect("the user's kubeconfig");
}

/// Certificate and key of a kubeconfig's only user.
fn credentials(kubeconfig: &str) -> [String; 2] {
    let field = |name: &str| {
        let line = kubeconfig.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("there is no {name}")).to_string()
    };
    [field("client-certificate-data"), field("client-key-data")]
}

/// Whoever has the user's kubeconfig is answered.
fn as_the_user(platform: &Platform) {
    let file = fs::read_to_string(platform.kubeconfig()).expect("the user's kubeconfig");
    let config: Value = serde_yaml::from_str(&file).expect("a kubeconfig");
    let keep = |name: &str, data: &Value| {
        let path = platform.path(name);
        fs::write(&path, BASE64.decode(data.as_str().expect("data")).expect("base64")).expect("write");
        path.display().to_string()
    };
    let (user, cluster) = (&config["users"][0]["user"], &config["clusters"][0]["cluster"]);
    let certificate = keep("user.crt", &user["client-certificate-data"]);
    let key = keep("user.key", &user["client-key-data"]);
    let authority = keep("api.crt", &cluster["certificate-authority-data"]);
    let address = format!("{}/api/v1/nodes", cluster["server"].as_str().expect("an address"));
    let asked: Ran = run("curl", &["-fsS", "--cacert", &authority, "--cert", &certificate, "--key", &key, &address]);
    assert!(asked.succeeded("the API by the user's kubeconfig").stdout.contains(&node(platform)));
}
