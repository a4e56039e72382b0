//! From running node containers to a cluster: kubeadm in the nodes, and the manifests that the node image brings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::engine::Engine;
use super::error::ClusterError;
use super::kubeadm::{self, JoinToken, NodeFacts, POD_SUBNET};
use super::kubelet;
use super::node::API_PORT;
use backstack_common::report::Progress;

pub(crate) const CONFIG: &str = "/kind/kubeadm.conf";
/// Written last: a node without it is half made and is recreated.
pub const MARKER: &str = "/kind/backstack-complete";
const ADMIN: &str = "/etc/kubernetes/admin.conf";

/// The version of Kubernetes in a node, with its leading `v`.
///
/// # Errors
/// [`ClusterError::NotANodeImage`] if the image does not say.
pub async fn kubernetes_version(engine: &Engine, node: &str, image: &str) -> Result<String, ClusterError> {
    let output = engine.exec(node, &["cat", "/kind/version"], None).await?;
    let version = output.stdout.trim().to_string();
    if output.code == 0 && version.starts_with('v') {
        return Ok(version);
    }
    Err(ClusterError::NotANodeImage { image: image.into(), why: "it has no /kind/version".into() })
}

/// kubeadm asks for no share of the processor for kube-proxy. When a node starts with all its pods, it came last by that, and
/// none of them reached the API or any service for half a minute.
const PROXY_SHARE: &str = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: kube-system}
spec: {template: {spec: {containers: [{name: kube-proxy, resources: {requests: {cpu: 100m}}}]}}}
";

/// Makes the control plane; [`install_defaults`] completes it. What kubeadm is at is told as it goes.
///
/// # Errors
/// [`ClusterError::Command`] with kubeadm's own words.
pub async fn init(engine: &Engine, facts: &NodeFacts, progress: &Progress) -> Result<(), ClusterError> {
    let mut files = kubeadm::patches(facts);
    files.push((CONFIG.into(), kubeadm::init_config(facts)));
    engine.write_files(&facts.name, &files).await?;
    let init =
        ["kubeadm", "init", "--config", CONFIG, "--skip-token-print", "--skip-phases=preflight,show-join-command"];
    run_kubeadm(engine, &facts.name, &init, progress).await
}

/// What comes of `kubeadm init` where a control plane begins with the objects of another one: the certificates, and a kubelet that
/// runs the store alone.
const STORE: &str = "preflight,control-plane,wait-control-plane,upload-config,upload-certs,mark-control-plane,bootstrap-token,\
     kubelet-finalize,addon,show-join-command";
/// What it does once the API server answers; objects of add-ons are there.
const REST: &str = "preflight,certs,kubeconfig,etcd,control-plane,kubelet-start,wait-control-plane,upload-certs,addon,show-join-command";
const AUTHORITY: &str = "/etc/kubernetes/pki/ca.crt";

/// Begins a control plane with its store alone, for objects to be put into it; then come [`start_api`] and [`start_controllers`].
///
/// # Errors
/// [`ClusterError::Command`] with kubeadm's own words.
pub async fn start_store(engine: &Engine, facts: &NodeFacts, progress: &Progress) -> Result<(), ClusterError> {
    let mut files = kubeadm::patches(facts);
    files.push((CONFIG.into(), kubeadm::init_config(facts)));
    engine.write_files(&facts.name, &files).await?;
    run_kubeadm(engine, &facts.name, &["kubeadm", "init", "--config", CONFIG, "--skip-phases", STORE], progress).await
}

/// The certificate of the authority that a control plane's API server is known by, in PEM form.
///
/// # Errors
/// The node has none, or does not run.
pub async fn authority(engine: &Engine, node: &str) -> Result<String, ClusterError> {
    engine.run(node, &["cat", AUTHORITY], None).await
}

/// Lets the kubelet start the API server and the scheduler.
///
/// # Errors
/// [`ClusterError::Command`] with kubeadm's own words.
pub async fn start_api(engine: &Engine, facts: &NodeFacts) -> Result<(), ClusterError> {
    let script = format!(
        "kubeadm init phase control-plane apiserver --config {CONFIG} && kubeadm init phase control-plane scheduler --config {CONFIG}"
    );
    engine.run(&facts.name, &["sh", "-c", &script], None).await.map(drop)
}

/// Starts the controllers, and writes down what a worker that joins has to know. Then the node is complete.
///
/// # Errors
/// [`ClusterError::Command`] with kubeadm's own words.
pub async fn start_controllers(engine: &Engine, facts: &NodeFacts) -> Result<(), ClusterError> {
    // On several nodes CoreDNS asks the API server by an address that was another machine's.
    let names = if facts.single { "true" } else { "kubeadm init phase addon coredns --config" };
    let script = format!(
        "kubeadm init phase control-plane controller-manager --config {CONFIG} && \
         kubeadm init --config {CONFIG} --skip-token-print --skip-phases={REST} && {names} {CONFIG}"
    );
    engine.run(&facts.name, &["sh", "-c", &script], None).await?;
    complete(engine, &facts.name).await
}

/// What kubeadm is at is told as it goes, and what it waits for in silence: a kubelet that does not stay up.
async fn run_kubeadm(engine: &Engine, node: &str, command: &[&str], progress: &Progress) -> Result<(), ClusterError> {
    let heard = |text: &str| tell(text, progress);
    tokio::select! {
        ended = engine.run_heard(node, command, &heard) => ended.map(drop),
        never = kubelet::tell_failures(engine, node, progress) => match never {},
    }
}

/// kubeadm writes `[phase] what it does`, and further lines that explain it.
fn tell(text: &str, progress: &Progress) {
    let last = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("] ")).next_back();
    if let Some((phase, what)) = last {
        progress.detail(format!("kubeadm, {phase}: {}", what.trim()));
    }
}

/// Lets a worker join.
///
/// # Errors
/// [`ClusterError::Command`] with kubeadm's own words.
pub async fn join(engine: &Engine, facts: &NodeFacts, progress: &Progress) -> Result<(), ClusterError> {
    let print = ["kubeadm", "token", "create", "--ttl", "1h", "--print-join-command"];
    let command = engine.run(&facts.control_plane, &print, None).await?;
    let token = JoinToken::from_command(&command).ok_or_else(|| ClusterError::Command {
        node: facts.control_plane.clone(),
        command: print.join(" "),
        code: 0,
        output: command,
    })?;
    engine.write_files(&facts.name, &[(CONFIG.into(), kubeadm::join_config(facts, &token))]).await?;
    let join = ["kubeadm", "join", "--config", CONFIG, "--skip-phases=preflight"];
    run_kubeadm(engine, &facts.name, &join, progress).await?;
    complete(engine, &facts.name).await
}

async fn complete(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    engine.run(node, &["touch", MARKER], None).await.map(drop)
}

/// Installs the pod network and the default storage class that the node image brings. A control plane without
/// them would never become ready, so only now it is complete.
///
/// # Errors
/// [`ClusterError::NotANodeImage`] if it brings none, [`ClusterError::Command`] if they cannot be applied.
pub async fn install_defaults(engine: &Engine, node: &str, image: &str) -> Result<(), ClusterError> {
    let network = manifest(engine, node, image, "default-cni.yaml").await?;
    let storage = manifest(engine, node, image, "default-storage.yaml").await?;
    let all = format!("{}\n---\n{storage}\n---\n{PROXY_SHARE}", fill_in(&network, node));
    let apply = ["kubectl", "--kubeconfig", ADMIN, "apply", "--server-side", "--force-conflicts", "-f", "-"];
    engine.run(node, &apply, Some(all.as_bytes())).await?;
    complete(engine, node).await
}

async fn manifest(engine: &Engine, node: &str, image: &str, name: &str) -> Result<String, ClusterError> {
    let path = format!("/kind/manifests/{name}");
    let output = engine.exec(node, &["cat", &path], None).await?;
    if output.code == 0 {
        return Ok(output.stdout);
    }
    Err(ClusterError::NotANodeImage { image: image.into(), why: format!("it has no {path}") })
}

/// kind's networking manifest is a Go template over one value. Where it says so in a comment, its DaemonSet is to
/// be told the control plane's address, so that it need not wait for kube-proxy.
fn fill_in(template: &str, control_plane: &str) -> String {
    let text = template.replace("{{ .PodSubnet }}", POD_SUBNET).replace("{{.PodSubnet}}", POD_SUBNET);
    if !template.contains("would you kindly patch this file") {
        return text;
    }
    let documents: Vec<Value> =
        serde_yaml::Deserializer::from_str(&text).filter_map(|document| Value::deserialize(document).ok()).collect();
    let patched = documents.into_iter().filter(|document| !document.is_null()).map(|mut document| {
        if document["kind"] == "DaemonSet" {
            tell_control_plane(&mut document, control_plane);
        }
        serde_json::to_string(&document).expect("JSON from JSON")
    });
    // JSON is YAML.
    patched.collect::<Vec<_>>().join("\n---\n")
}

fn tell_control_plane(daemon_set: &mut Value, control_plane: &str) {
    let container = &mut daemon_set["spec"]["template"]["spec"]["containers"][0];
    let variable = json!({"name": "CONTROL_PLANE_ENDPOINT", "value": format!("{control_plane}:{API_PORT}")});
    match container["env"].as_array_mut() {
        Some(env) => env.push(variable),
        None => container["env"] = json!([variable]),
    }
}

/// The administrator's kubeconfig, as the node has it.
///
/// # Errors
/// The node has none, or does not run.
pub async fn admin_kubeconfig(engine: &Engine, node: &str) -> Result<String, ClusterError> {
    engine.run(node, &["cat", ADMIN], None).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use backstack_common::report::Event;
    use backstack_common::report::recorder::Recorder;

    #[test]
    fn what_kubeadm_waits_for_is_told() {
        let recorder = Arc::new(Recorder::default());
        let progress = Progress::new(recorder.clone(), "cluster");
        tell(
            "[certs] Using folder\n[kubelet-check] Waiting for a healthy kubelet. This can take up to 5m0s\n",
            &progress,
        );
        tell("\nTo start using your cluster\n", &progress);
        let wanted = "kubeadm, kubelet-check: Waiting for a healthy kubelet. This can take up to 5m0s";
        assert_eq!(recorder.events(), [Event::Detail { subject: "cluster".into(), detail: wanted.into() }]);
    }

    #[test]
    fn the_networking_manifest_is_filled_in() {
        let plain = fill_in("a: {{ .PodSubnet }}", "cp");
        assert_eq!(plain, "a: 10.244.0.0/16");
        let manifest = "# would you kindly patch this file\nkind: Namespace\n---\nkind: DaemonSet\nspec: {template: {spec: {containers: [{name: c, args: ['{{ .PodSubnet }}']}]}}}\n";
        let patched = fill_in(manifest, "cp");
        assert!(patched.contains("cp:6443") && patched.contains("10.244.0.0/16"), "{patched}");
        assert_eq!(patched.matches("---").count(), 1);
    }
}
