//! kubeadm's configuration, as kind writes it where hosts allow that, with what a cut-down host needs besides.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::node::{API_PORT, Role};
use super::pace::Pace;

/// The pod network: what the node image's own networking manifest expects to be told.
pub const POD_SUBNET: &str = "10.244.0.0/16";
/// The service network.
pub const SERVICE_SUBNET: &str = "10.96.0.0/16";

/// How long kubeadm waits for each thing that it waits for. Its own minute for the API's answers is too short for slow
/// machines: there it gave up while the control plane was starting.
const PATIENCE: Duration = Duration::from_secs(300);

/// Folder in a node with what kubeadm changes in the manifests of the control plane's pods.
const PATCHES: &str = "/kind/patches";

/// How a worker finds and trusts the control plane, as `kubeadm token create` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JoinToken {
    /// The bootstrap token, `ID.SECRET`.
    pub(crate) token: String,
    /// `sha256:...` of the cluster CA's public key.
    pub(crate) ca_hash: String,
}

impl JoinToken {
    /// Reads a printed `kubeadm join` command.
    pub(crate) fn from_command(command: &str) -> Option<Self> {
        let words = command.split_whitespace();
        let after = |flag: &str| words.clone().skip_while(|word| *word != flag).nth(1).map(str::to_string);
        Some(Self { token: after("--token")?, ca_hash: after("--discovery-token-ca-cert-hash")? })
    }
}

/// What a node's configuration depends on.
#[derive(Debug, Clone)]
pub struct NodeFacts {
    /// Name of the platform, which becomes the cluster's.
    pub platform: String,
    /// Name of the node and of its container.
    pub name: String,
    /// Whether it runs the control plane.
    pub role: Role,
    /// The node's own IPv4 address in the platform's network.
    pub address: String,
    /// Name of the control plane's container, by which the nodes reach it.
    pub control_plane: String,
    /// Version of Kubernetes with its leading `v`, as the node image says.
    pub version: String,
    /// The host has the old cgroup hierarchy.
    pub cgroup_v1: bool,
    /// The node lacks the right to lower OOM scores and to set some kernel parameters.
    pub restricted: bool,
    /// No other node takes workloads, so the control plane has to.
    pub single: bool,
    /// Further names and addresses under which the API server is reached.
    pub api_names: Vec<String>,
    /// How slow the machine is.
    pub pace: Pace,
}

/// The file for `kubeadm init`.
pub fn init_config(facts: &NodeFacts) -> String {
    yaml(&[cluster(facts), init(facts), kubelet(facts), proxy(facts)])
}

/// Changes of the control plane's pods: files of a node, path and content.
///
/// kubeadm has the kubelet ask each second whether they are ready, and each time that is a new connection with TLS, and in the
/// API server some forty checks. Nobody waits for the answer: kubeadm itself asks the programs.
pub fn patches(facts: &NodeFacts) -> Vec<(String, String)> {
    // Older versions of kubeadm give the others no such probe, and part of one is none.
    let all = ["kube-apiserver", "etcd", "kube-scheduler"];
    let probed = if minor(&facts.version) >= 36 { &all[..] } else { &all[..1] };
    let file = |name: &str, patch: Value| (format!("{PATCHES}/{name}+strategic.json"), patch.to_string());
    let rarely = |name: &&str| {
        file(name, json!({"spec": {"containers": [{"name": name, "readinessProbe": {"periodSeconds": 10}}]}}))
    };
    let mut patches: Vec<_> = probed.iter().map(rarely).collect();
    // Older versions of kubeadm refuse a patch of it.
    if minor(&facts.version) >= 32 {
        patches.push(file("corednsdeployment", names(facts)));
    }
    patches
}

/// Names are what all others wait for when a node starts. So CoreDNS is asked each second until it is ready, and it asks the API
/// server itself: by the service it would ask too early, and again only after up to half a minute.
fn names(facts: &NodeFacts) -> Value {
    let probe = json!({"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1, "failureThreshold": 600});
    // Where there is one node, its address may become another one and nothing has to be changed.
    let host = match facts.single {
        true => json!({"name": "KUBERNETES_SERVICE_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}),
        false => json!({"name": "KUBERNETES_SERVICE_HOST", "value": facts.address}),
    };
    let env = json!([
        host,
        {"name": "KUBERNETES_SERVICE_PORT", "value": API_PORT.to_string()},
    ]);
    let container = json!({"name": "coredns", "env": env, "startupProbe": probe});
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

/// The file for `kubeadm join`.
pub(crate) fn join_config(facts: &NodeFacts, token: &JoinToken) -> String {
    yaml(&[join(facts, token)])
}

/// JSON is YAML, and says of `y` and `1e3` without doubt that they are texts: kubeadm's YAML is an older one than that of what
/// writes YAML here.
fn yaml(documents: &[Value]) -> String {
    let texts: Vec<_> =
        documents.iter().map(|document| serde_json::to_string_pretty(document).expect("plain data is JSON")).collect();
    texts.join("\n---\n")
}

fn cluster(facts: &NodeFacts) -> Value {
    let mut names = vec!["localhost".to_string(), "127.0.0.1".into(), facts.control_plane.clone()];
    names.extend(facts.api_names.clone());
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": facts.version,
        "clusterName": facts.platform,
        "controlPlaneEndpoint": format!("{}:{API_PORT}", facts.control_plane),
        "apiServer": {"certSANs": names},
        // The control plane of one node has no leader to elect: its controllers start at once.
        "controllerManager": {"extraArgs": [
            {"name": "leader-elect", "value": "false"},
            {"name": "enable-hostpath-provisioner", "value": "true"},
        ]},
        "scheduler": {"extraArgs": [{"name": "leader-elect", "value": "false"}]},
        "networking": {"podSubnet": POD_SUBNET, "serviceSubnet": SERVICE_SUBNET},
    })
}

fn init(facts: &NodeFacts) -> Value {
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": facts.address, "bindPort": API_PORT},
        "nodeRegistration": registration(facts),
        "patches": {"directory": PATCHES},
        "timeouts": timeouts(facts),
    })
}

fn join(facts: &NodeFacts, token: &JoinToken) -> Value {
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": {
            "apiServerEndpoint": format!("{}:{API_PORT}", facts.control_plane),
            "token": token.token,
            "caCertHashes": [token.ca_hash],
        }},
        "nodeRegistration": registration(facts),
        "timeouts": timeouts(facts),
    })
}

fn timeouts(facts: &NodeFacts) -> Value {
    let each = format!("{}s", facts.pace.patience(PATIENCE).as_secs());
    json!({
        "controlPlaneComponentHealthCheck": each,
        "discovery": each,
        "etcdAPICall": each,
        "kubeletHealthCheck": each,
        "kubernetesAPICall": each,
        "tlsBootstrap": each,
    })
}

fn registration(facts: &NodeFacts) -> Value {
    let mut registration = json!({
        "criSocket": "unix:///run/containerd/containerd.sock",
        "kubeletExtraArgs": [
            {"name": "node-ip", "value": facts.address},
            {"name": "provider-id", "value": format!("kind://docker/{}/{}", facts.platform, facts.name)},
        ],
    });
    if facts.role == Role::ControlPlane && facts.single {
        registration["taints"] = json!([]);
    }
    registration
}

fn kubelet(facts: &NodeFacts) -> Value {
    let mut config = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupRoot": "/kubelet",
        "failSwapOn": false,
        // The kubelet asks the cluster's authority for its serving certificate, so that whoever reads metrics can
        // check it; `kubernetes::certificates` approves the request.
        "serverTLSBootstrap": true,
        // A full disk of the host must not evict the platform: `doctor` and `status` tell of it instead.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
        // Half of the default: pods that become ready are seen to be so sooner.
        "syncFrequency": "30s",
        "maxParallelImagePulls": 4,
        "serializeImagePulls": false,
    });
    if facts.cgroup_v1 {
        // The kubelet refuses the old hierarchy by default from 1.35 on.
        if minor(&facts.version) >= 35 {
            config["failCgroupV1"] = json!(false);
        }
    }
    config["featureGates"] = json!(gates(facts));
    config
}

/// What the kubelet is to do beyond its defaults.
fn gates(facts: &NodeFacts) -> BTreeMap<&'static str, bool> {
    let mut gates = BTreeMap::new();
    if facts.restricted {
        // Lets the kubelet go on where it may not set an OOM score or a kernel parameter.
        gates.insert("KubeletInUserNamespace", true);
    }
    // What ends because something else is not there yet begins again after 1, 2, 4 ... 60 s and not after 10, 20 ... 300: all
    // start at once when a node does. A kubelet does not start with a gate that it does not know.
    if (33..=36).contains(&minor(&facts.version)) {
        gates.insert("ReduceDefaultCrashLoopBackOffDecay", true);
    }
    gates
}

fn proxy(facts: &NodeFacts) -> Value {
    let mut config = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        // A container may not change the host's connection tracking, as kind knows too.
        "conntrack": {"maxPerCore": 0},
        "iptables": {"minSyncPeriod": "1s"},
    });
    if facts.restricted {
        config["conntrack"] = json!({"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"});
    }
    config
}

fn minor(version: &str) -> u32 {
    version.trim_start_matches('v').split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn facts(role: Role) -> NodeFacts {
        NodeFacts {
            platform: "p".into(),
            name: "p-x".into(),
            role,
            address: "172.31.250.10".into(),
            control_plane: "p-control-plane".into(),
            version: "v1.36.3".into(),
            cgroup_v1: true,
            restricted: true,
            single: true,
            api_names: vec!["box.example".into()],
            pace: Pace::default(),
        }
    }

    #[test]
    fn a_control_plane_gets_four_documents() {
        let text = init_config(&facts(Role::ControlPlane));
        let kinds: Vec<_> = text.lines().filter(|line| line.starts_with("  \"kind\":")).collect();
        assert_eq!(kinds.len(), 4, "{text}");
        let has = |what: &str| text.contains(what);
        assert!(has("\"failCgroupV1\": false") && has("box.example") && has("\"taints\": []"), "{text}");
    }

    #[test]
    fn names_that_older_yaml_reads_as_something_else_stay_names() {
        for name in ["y", "no", "off", "1e3", "0o7", "null"] {
            let text = init_config(&NodeFacts { platform: name.into(), ..facts(Role::ControlPlane) });
            assert!(text.contains(&format!("\"clusterName\": \"{name}\"")), "{text}");
        }
    }

    #[test]
    fn a_worker_joins_and_keeps_no_taint_setting() {
        let command = "kubeadm join p:6443 --token a.b --discovery-token-ca-cert-hash sha256:00 ";
        let token = JoinToken::from_command(command).expect("a join command");
        let text = join_config(&facts(Role::Worker), &token);
        assert!(text.contains("JoinConfiguration") && text.contains("sha256:00") && !text.contains("taints"), "{text}");
    }

    #[test]
    fn kubeadm_is_as_patient_as_the_machine_is_slow() {
        let timeouts = |text: &str| {
            let documents = serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).expect("YAML"));
            documents.filter_map(|document| document.get("timeouts").cloned()).collect::<Vec<_>>()
        };
        let token = JoinToken { token: "a.b".into(), ca_hash: "sha256:00".into() };
        let [usual] = &timeouts(&init_config(&facts(Role::ControlPlane)))[..] else { panic!("no timeouts") };
        // kubeadm's own minute was too short, and nothing is shorter than what it waits by itself.
        assert!(usual.as_object().expect("an object").values().all(|each| each == "300s"), "{usual}");
        assert_eq!(timeouts(&join_config(&facts(Role::Worker), &token)), std::slice::from_ref(usual));
        let slow = NodeFacts { pace: Pace::of_start(Duration::from_secs(20)), ..facts(Role::ControlPlane) };
        assert_eq!(timeouts(&init_config(&slow))[0]["kubernetesAPICall"], "2000s");
    }

    #[test]
    fn old_kubelets_are_not_given_keys_they_do_not_know() {
        let old = NodeFacts { version: "v1.34.4".into(), ..facts(Role::ControlPlane) };
        assert!(!init_config(&old).contains("failCgroupV1"));
        let gated = |version: &str| {
            let facts = NodeFacts { version: version.into(), ..facts(Role::ControlPlane) };
            init_config(&facts).contains("\"ReduceDefaultCrashLoopBackOffDecay\": true")
        };
        assert_eq!(["v1.32.9", "v1.33.0", "v1.36.3", "v1.37.0"].map(gated), [false, true, true, false]);
    }

    #[test]
    fn only_probes_that_kubeadm_gives_are_changed() {
        let names = |version: &str| -> Vec<String> {
            let facts = NodeFacts { version: version.into(), ..facts(Role::ControlPlane) };
            assert!(init_config(&facts).contains("\"directory\": \"/kind/patches\""));
            patches(&facts).into_iter().map(|(path, _)| path).collect()
        };
        let files = |names: &[&str]| {
            names.iter().map(|name| format!("/kind/patches/{name}+strategic.json")).collect::<Vec<_>>()
        };
        assert_eq!(names("v1.31.4"), files(&["kube-apiserver"]));
        assert_eq!(names("v1.34.4"), files(&["kube-apiserver", "corednsdeployment"]));
        assert_eq!(names("v1.36.3"), files(&["kube-apiserver", "etcd", "kube-scheduler", "corednsdeployment"]));
    }
}
