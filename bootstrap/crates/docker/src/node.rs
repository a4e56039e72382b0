//! One node: a container of a kindest/node-compatible image.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigCgroupnsModeEnum,
    NetworkingConfig, PortBinding, PortMap, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters as query;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::error::ClusterError;
use super::inotify::{self, Limits};
use super::mode::NodeMode;
use super::{cgroups, names};

/// Port of the API server inside a node.
pub const API_PORT: u16 = 6443;
/// Nothing has told yet how slow the machine is.
const RUNTIME_DEADLINE: Duration = Duration::from_secs(300);
/// What a node image made for kind starts, if it does not say so itself.
const START: [&str; 2] = ["/usr/local/bin/entrypoint", "/sbin/init"];

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs etcd, the API server and the controllers; the only node of its kind.
    ControlPlane,
    /// Runs workloads alone.
    Worker,
}

impl Role {
    /// The word of kind's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
        }
    }
}

/// A port of the host's loopback that leads to a port of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortMapping {
    /// The port on the host.
    pub host: u16,
    /// The port in the node.
    pub node: u16,
}

/// Everything that makes a node's container.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    /// Name of the platform that the node is labelled with.
    pub platform: String,
    /// Name of the container, and of the node.
    pub name: String,
    /// What the node is for.
    pub role: Role,
    /// Image as the engine has it.
    pub image: String,
    /// Its fixed address in the platforms' network.
    pub address: Ipv4Addr,
    /// What the container may do.
    pub mode: NodeMode,
    /// Ports of the host that lead to the node.
    pub ports: Vec<PortMapping>,
    /// Port on loopback for the API server; 0 lets the engine choose. Control plane only.
    pub api_port: u16,
    /// Environment, as the proxy variables.
    pub env: Vec<String>,
    /// Labels besides kind's.
    pub labels: Vec<(String, String)>,
    /// What the node raises the limits on file watches to.
    pub file_watches: Limits,
}

/// Makes a node's container.
///
/// # Errors
/// Whatever the engine refuses.
pub async fn create(engine: &Engine, spec: &NodeSpec) -> Result<(), ClusterError> {
    let failed = || ClusterError::engine(format!("create node `{}`", spec.name));
    let config = engine.docker().inspect_image(&spec.image).await.map_err(failed())?.config.unwrap_or_default();
    let start = [config.entrypoint.unwrap_or_default(), config.cmd.unwrap_or_default()].concat();
    let options = query::CreateContainerOptionsBuilder::default().name(&spec.name).build();
    engine.docker().create_container(Some(options), body(spec, &start)).await.map_err(failed()).map(drop)
}

/// Starts a node that was just made, with these files in it.
///
/// # Errors
/// [`ClusterError::PortTaken`], or whatever the engine refuses; no container is left behind then.
pub async fn start(engine: &Engine, node: &str, files: &[(String, String)]) -> Result<(), ClusterError> {
    let started = async {
        engine.write_files(node, files).await?;
        engine.start(node).await
    };
    if let Err(error) = started.await {
        // Why it could not start says more than why it could not be removed.
        drop(engine.remove_container(node).await);
        return Err(error);
    }
    Ok(())
}

/// Waits until containerd in the node answers.
///
/// # Errors
/// [`ClusterError::NodeDied`] with the node's last words if it stops, [`ClusterError::Timeout`] otherwise.
pub async fn await_runtime(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    // `systemctl start` returns when the unit is up; before systemd itself is, it fails at once.
    let script = format!("{}until systemctl start containerd 2>/dev/null; do sleep 0.05; done", cgroups::step_aside());
    match tokio::time::timeout(RUNTIME_DEADLINE, engine.run(node, &["sh", "-c", &script], None)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            let running = engine.inspect(node).await?.and_then(|container| container.state?.running).unwrap_or(false);
            if running {
                Err(error)
            } else {
                Err(ClusterError::NodeDied { node: node.into(), logs: engine.logs(node, 30).await })
            }
        }
        Err(_) => Err(ClusterError::Timeout { what: format!("containerd in node `{node}`"), waited: RUNTIME_DEADLINE }),
    }
}

/// Raises the limits on file watches and passes on cgroup controllers, then becomes what the image starts. systemd itself
/// needs both, so it could not come first.
fn start_command(spec: &NodeSpec, start: &[String]) -> (Vec<String>, Vec<String>) {
    let script = format!("{}{}exec \"$@\"", inotify::script(&spec.file_watches), cgroups::pass_on());
    let start = if start.is_empty() { START.map(String::from).to_vec() } else { start.to_vec() };
    (["/bin/sh", "-c", &script, "node"].map(String::from).to_vec(), start)
}

fn body(spec: &NodeSpec, start: &[String]) -> ContainerCreateBody {
    let mut labels: HashMap<_, _> = spec.labels.iter().cloned().collect();
    labels.insert(names::KIND_CLUSTER.into(), spec.platform.clone());
    labels.insert(names::KIND_ROLE.into(), spec.role.label().into());
    labels.insert(names::MANAGED.into(), "true".into());
    let bindings = bindings(spec);
    let mut exposed: Vec<_> = bindings.keys().cloned().collect();
    exposed.sort();
    let (entrypoint, cmd) = start_command(spec, start);
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        entrypoint: Some(entrypoint),
        cmd: Some(cmd),
        hostname: Some(spec.name.clone()),
        // systemd writes its console to the container's terminal, where `docker logs` shows it.
        tty: Some(true),
        env: Some(spec.env.clone()),
        exposed_ports: Some(exposed),
        volumes: Some(vec!["/var".into()]),
        labels: Some(labels),
        host_config: Some(host_config(spec, bindings)),
        networking_config: Some(NetworkingConfig { endpoints_config: Some(endpoint(spec)) }),
        ..Default::default()
    }
}

fn host_config(spec: &NodeSpec, bindings: PortMap) -> HostConfig {
    let mut host = HostConfig {
        security_opt: Some(vec!["seccomp=unconfined".into(), "apparmor=unconfined".into()]),
        tmpfs: Some([("/tmp".to_string(), String::new()), ("/run".to_string(), String::new())].into()),
        binds: Some(vec!["/lib/modules:/lib/modules:ro".into()]),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        network_mode: Some(names::NETWORK.into()),
        port_bindings: Some(bindings),
        init: Some(false),
        // Comes back after a reboot; stays down when its owner stopped it.
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
            maximum_retry_count: None,
        }),
        ..Default::default()
    };
    spec.mode.apply(&mut host);
    host
}

fn bindings(spec: &NodeSpec) -> PortMap {
    let api = (spec.role == Role::ControlPlane).then_some(PortMapping { host: spec.api_port, node: API_PORT });
    let mut map = PortMap::new();
    for port in spec.ports.iter().chain(&api) {
        let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.host.to_string()) };
        map.entry(format!("{}/tcp", port.node)).or_default().get_or_insert_default().push(binding);
    }
    map
}

fn endpoint(spec: &NodeSpec) -> HashMap<String, EndpointSettings> {
    let fixed = EndpointIpamConfig { ipv4_address: Some(spec.address.to_string()), ..Default::default() };
    [(names::NETWORK.to_string(), EndpointSettings { ipam_config: Some(fixed), ..Default::default() })].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(mode: NodeMode) -> NodeSpec {
        NodeSpec {
            platform: "p".into(),
            name: "p-control-plane".into(),
            role: Role::ControlPlane,
            image: "node".into(),
            address: Ipv4Addr::new(172, 31, 250, 10),
            mode,
            ports: vec![PortMapping { host: 8443, node: 443 }],
            api_port: 0,
            env: Vec::new(),
            labels: Vec::new(),
            file_watches: Limits { instances: 512, watches: 65_536 },
        }
    }

    #[test]
    fn a_node_carries_kind_s_labels_and_binds_to_loopback_only() {
        let body = body(&spec(NodeMode::Privileged), &[]);
        let labels = body.labels.expect("labels");
        assert_eq!(labels[names::KIND_CLUSTER], "p");
        assert_eq!(labels[names::KIND_ROLE], "control-plane");
        let host = body.host_config.expect("host");
        assert_eq!(host.privileged, Some(true));
        for binding in host.port_bindings.expect("ports").values().flatten().flatten() {
            assert_eq!(binding.host_ip.as_deref(), Some("127.0.0.1"));
        }
    }

    #[test]
    fn file_watches_are_raised_before_what_the_image_starts() {
        let of = |start: &[String]| body(&spec(NodeMode::Privileged), start);
        let body = of(&["/entry".into(), "/sbin/init".into()]);
        let entrypoint = body.entrypoint.expect("entrypoint");
        assert!(entrypoint[2].contains("max_user_instances=512") && entrypoint[2].ends_with("exec \"$@\""));
        assert_eq!(body.cmd.expect("command"), ["/entry", "/sbin/init"]);
        assert_eq!(of(&[]).cmd.expect("command"), START);
    }

    #[test]
    fn a_restricted_node_asks_for_what_there_is() {
        let mode = NodeMode::Capabilities { missing: vec!["SYS_RESOURCE".into()], why: String::new() };
        let host = body(&spec(mode), &[]).host_config.expect("host");
        assert_eq!(host.privileged, None);
        assert_eq!(host.cap_drop, Some(vec!["SYS_RESOURCE".into()]));
        assert_eq!(host.masked_paths, Some(Vec::new()));
    }
}
