//! What can go wrong between us and the engine.

use std::time::Duration;

use backstack_common::error::{ExitKind, Explain};

/// A fault of the engine, a node, or a file of the cluster's.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("no Docker Engine answers at {address}: {why}")]
    NoEngine { address: String, why: String },
    #[error("the address of the Docker Engine, `{address}` ({named_by}), cannot be used: {why}")]
    EngineAddress { address: String, named_by: String, why: String },
    #[error("the Docker context `{name}` ({named_by}) does not exist")]
    NoContext { name: String, named_by: String, known: Vec<String> },
    #[error("the Docker context `{name}` ({named_by}) cannot be used: {why}")]
    Context { name: String, named_by: String, why: String },
    #[error("{path} cannot be read, so it is not known which Docker Engine is meant: {why}")]
    DockerConfig { path: String, why: String, contexts: Vec<String> },
    #[error("TLS to the Docker Engine at {address} cannot be used: {why}")]
    EngineTls { address: String, why: String },
    #[error("the Docker Engine could not {action}")]
    Engine { action: String, source: Box<bollard::errors::Error> },
    #[error("port {port} on {address} is taken already")]
    PortTaken { address: String, port: u16, flag: &'static str },
    #[error("container `{container}` exists and was not made by backstack")]
    NameInUse { container: String },
    #[error("network `{network}` exists and was not made by backstack")]
    NetworkInUse { network: String },
    #[error("no free subnet for the platform's network: {tried} are all in use")]
    NoSubnet { tried: String },
    #[error("in node `{node}`, `{command}` failed with exit code {code}")]
    Command { node: String, command: String, code: i64, output: String },
    #[error("node `{node}` stopped while it was being set up")]
    NodeDied { node: String, logs: String },
    #[error("{what} took longer than {} s", waited.as_secs())]
    Timeout { what: String, waited: Duration },
    #[error("node image `{image}` is not usable as a node: {why}")]
    NotANodeImage { image: String, why: String },
    #[error("kubeconfig {path} {problem}")]
    Kubeconfig { path: String, problem: String },
    #[error("platform `{platform}` is stopped: its control plane does not run")]
    NotRunning { platform: String },
    #[error("platform `{platform}` is paused: it keeps its memory, and does nothing")]
    Paused { platform: String },
    #[error("the cluster of context `{context}` is somebody else's, and is neither stopped nor started")]
    Elsewhere { context: String },
    #[error("there is no platform named `{name}`")]
    NoPlatform { name: String, existing: Vec<String> },
}

impl ClusterError {
    /// Wraps an engine error with what was being done.
    pub fn engine(action: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let action = action.into();
        move |source| match port_taken(&source) {
            Some((address, port)) => Self::PortTaken { address, port, flag: flag_for(&action) },
            None => Self::Engine { action, source: Box::new(source) },
        }
    }
}

fn flag_for(action: &str) -> &'static str {
    if action.contains("registry") { "--registry-port" } else { "--http-port, --https-port or --api-port" }
}

/// The engine tells a taken port only in its message.
fn port_taken(error: &bollard::errors::Error) -> Option<(String, u16)> {
    let bollard::errors::Error::DockerResponseServerError { message, .. } = error else { return None };
    if !(message.contains("address already in use") || message.contains("port is already allocated")) {
        return None;
    }
    let at = message.find("127.0.0.1:").or_else(|| message.find("0.0.0.0:"))?;
    let (address, rest) = message[at..].split_once(':')?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((address.into(), digits.parse().ok()?))
}

impl Explain for ClusterError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::NoEngine { .. }
            | Self::EngineAddress { .. }
            | Self::NoContext { .. }
            | Self::Context { .. }
            | Self::DockerConfig { .. }
            | Self::EngineTls { .. }
            | Self::PortTaken { .. }
            | Self::NoSubnet { .. } => ExitKind::Prerequisite,
            Self::NameInUse { .. }
            | Self::NetworkInUse { .. }
            | Self::NoPlatform { .. }
            | Self::Elsewhere { .. }
            | Self::Kubeconfig { .. }
            | Self::NotANodeImage { .. } => ExitKind::Usage,
            Self::Timeout { .. } => ExitKind::Timeout,
            Self::Engine { .. }
            | Self::Command { .. }
            | Self::NodeDied { .. }
            | Self::NotRunning { .. }
            | Self::Paused { .. } => ExitKind::Cluster,
        }
    }

    fn details(&self) -> Vec<String> {
        let text = match self {
            Self::Command { output, .. } => output,
            Self::NodeDied { logs, .. } => logs,
            _ => return Vec::new(),
        };
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(15);
        lines[last..].iter().map(|line| format!("| {line}")).collect()
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoEngine { why, .. } if why.contains("ermission denied") => {
                "You may not speak to Docker: `sudo usermod -aG docker $USER`, then log in again."
            }
            Self::NoEngine { why, .. } if why.contains("to an HTTPS server") => {
                "That engine speaks TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or choose a context that has \
                 its certificates."
            }
            Self::NoEngine { why, .. } if why.to_lowercase().contains("certificate") => {
                "ca.pem must be of the authority that signed the engine's certificate, and cert.pem of one that the \
                 engine takes clients from (`--tlscacert` of dockerd)."
            }
            Self::NoEngine { .. } => {
                "Start Docker (Docker Desktop, or `sudo systemctl start docker`), or set DOCKER_HOST to where it \
                 answers. `scripts/quickstart` installs it on Debian and Ubuntu."
            }
            Self::EngineAddress { address, .. } if address.starts_with("ssh://") => {
                "Run backstack on that machine: the platform's ports are on its loopback. Or let ssh carry socket \
                 and ports, `ssh -NL /tmp/docker.sock:/var/run/docker.sock -L 8080:localhost:8080 -L \
                 8443:localhost:8443 -L 5001:localhost:5001 -L 6443:localhost:6443 USER@HOST`, then set \
                 DOCKER_HOST=unix:///tmp/docker.sock and run `backstack up --api-port 6443`."
            }
            Self::EngineAddress { .. } => "Set DOCKER_HOST to unix:///path, tcp://host:port or npipe://...",
            Self::NoContext { known, .. } | Self::DockerConfig { contexts: known, .. } => {
                let fix = match self {
                    Self::DockerConfig { .. } => {
                        "Fix the file, or say which engine is meant with DOCKER_CONTEXT or DOCKER_HOST."
                    }
                    _ => "Choose one that exists with DOCKER_CONTEXT, or for good with `docker context use`.",
                };
                return vec![fix.into(), format!("There are these contexts: {}.", known.join(", "))];
            }
            Self::Context { .. } => {
                "Look at it with `docker context inspect`, or recreate it: `docker context rm`, `docker context create`."
            }
            Self::EngineTls { .. } => {
                "See the files ca.pem, cert.pem and key.pem in the folder of the context, or in the one that \
                 DOCKER_CERT_PATH names. Nothing is sent without TLS where TLS is asked for."
            }
            Self::PortTaken { flag, .. } => {
                return vec![format!(
                    "Choose another port with {flag}, or stop what uses it (`docker ps`, `ss -ltnp`)."
                )];
            }
            Self::NameInUse { container } if container == super::names::REGISTRY => {
                "The local registry needs this name: rename that container with `docker rename`, or remove it."
            }
            Self::NameInUse { .. } => "Choose another name with `--name`, or remove that container.",
            Self::NetworkInUse { .. } => {
                "The platforms need this name: remove that network with `docker network rm`, or recreate it under another."
            }
            Self::NoSubnet { .. } => {
                "Choose a free one with `--subnet`, as `--subnet 10.99.7.0/24`, or remove networks that nobody uses: \
                 `docker network prune`."
            }
            Self::Command { .. } | Self::NodeDied { .. } => {
                "Run `backstack up` again: it continues, and recreates a half-made node. \
                 `docker logs NODE` and `docker exec NODE journalctl -u kubelet` say more."
            }
            Self::Timeout { .. } => {
                "Run `backstack up` again: it continues from here; `backstack doctor` checks the machine."
            }
            Self::NotANodeImage { .. } => "Give `--node-image` an image made for kind, as `kindest/node:v1.36.4`.",
            Self::Kubeconfig { .. } => "Fix the file, or point KUBECONFIG at another one, and run the command again.",
            Self::NotRunning { platform } | Self::Paused { platform } => {
                return vec![format!("Start it: `backstack start --name {platform}`.")];
            }
            Self::Elsewhere { .. } => {
                "Whoever made it can. Leave `--context` out for a platform that `backstack up` made."
            }
            Self::NoPlatform { existing, .. } if existing.is_empty() => "Make one with `backstack up`.",
            Self::NoPlatform { existing, .. } => {
                return vec![format!("There are: {}. Choose with `--name`.", existing.join(", "))];
            }
            Self::Engine { .. } => "`backstack doctor` checks the engine; run the command again once it is well.",
        };
        vec![hint.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> bollard::errors::Error {
        bollard::errors::Error::DockerResponseServerError { status_code: 500, message: message.into() }
    }

    #[test]
    fn a_taken_port_is_recognised_in_both_of_the_engine_s_wordings() {
        for message in [
            "driver failed programming external connectivity: Error starting userland proxy: listen tcp4 127.0.0.1:8443: bind: address already in use",
            "Bind for 127.0.0.1:8443 failed: port is already allocated",
        ] {
            match ClusterError::engine("start node")(refused(message)) {
                ClusterError::PortTaken { port, .. } => assert_eq!(port, 8443),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn other_refusals_keep_what_was_being_done() {
        let error = ClusterError::engine("start node `x`")(refused("no such image"));
        assert_eq!(error.to_string(), "the Docker Engine could not start node `x`");
    }
}
