//! What can go wrong between us and the engine.

use std::time::Duration;

use backstack_common::error::{ExitKind, Explain};

/// A fault of the engine, a node, or a file of the cluster's.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Nothing that is a Docker Engine answers.
    #[error("no Docker Engine answers at {address}: {why}")]
    NoEngine {
        /// Where it was looked for, as `unix:///var/run/docker.sock`.
        address: String,
        /// What the connection ended with.
        why: String,
    },
    /// The address of the engine has a form or a scheme that is not understood.
    #[error("the address of the Docker Engine, `{address}` ({named_by}), cannot be used: {why}")]
    EngineAddress {
        /// The address as it was given.
        address: String,
        /// What names it, as `DOCKER_HOST` or a context.
        named_by: String,
        /// What is wrong with it.
        why: String,
    },
    /// A Docker context was named, and there is none of this name.
    #[error("the Docker context `{name}` ({named_by}) does not exist")]
    NoContext {
        /// The context's name.
        name: String,
        /// What names it: `DOCKER_CONTEXT`, or Docker's configuration file.
        named_by: String,
        /// Names of the contexts there are, `default` first.
        known: Vec<String>,
    },
    /// A Docker context is there, and its files cannot be used.
    #[error("the Docker context `{name}` ({named_by}) cannot be used: {why}")]
    Context {
        /// The context's name.
        name: String,
        /// What names it: `DOCKER_CONTEXT`, or Docker's configuration file.
        named_by: String,
        /// What is wrong with its files.
        why: String,
    },
    /// Docker's configuration file cannot be read.
    #[error("{path} cannot be read, so it is not known which Docker Engine is meant: {why}")]
    DockerConfig {
        /// Path of that file, mostly `~/.docker/config.json`.
        path: String,
        /// What is wrong with it.
        why: String,
        /// Names of the contexts there are, `default` first.
        contexts: Vec<String>,
    },
    /// The certificates for the engine cannot be used.
    #[error("TLS to the Docker Engine at {address} cannot be used: {why}")]
    EngineTls {
        /// Where the engine is, as `tcp://10.0.0.5:2376`.
        address: String,
        /// Which file is missing or wrong, and how.
        why: String,
    },
    /// The engine answered that it could not, or not at all.
    #[error("the Docker Engine could not {action}")]
    Engine {
        /// What was being done, as `create node X`: it completes "could not ...".
        action: String,
        /// The engine's answer, or why there was none.
        source: Box<bollard::errors::Error>,
    },
    /// A port that a container should have on the host is somebody else's.
    #[error("port {port} on {address} is taken already")]
    PortTaken {
        /// The host's address that the port was wanted on, as `127.0.0.1`.
        address: String,
        /// The port that is taken.
        port: u16,
        /// The options by which another port is chosen, for the hint.
        flag: &'static str,
    },
    /// A container has the name that ours should get.
    #[error("container `{container}` exists and was not made by backstack")]
    NameInUse {
        /// That name.
        container: String,
    },
    /// A network has the name that ours should get.
    #[error("network `{network}` exists and was not made by backstack")]
    NetworkInUse {
        /// That name.
        network: String,
    },
    /// Every subnet that came into question overlaps with another network.
    #[error("no free subnet for the platform's network: {tried} are all in use")]
    NoSubnet {
        /// Those subnets, as `172.31.250.0/24`, with commas between them.
        tried: String,
    },
    /// A command in a container ended with an error, or said something that is not understood.
    #[error("in node `{node}`, `{command}` failed with exit code {code}")]
    Command {
        /// Name of the container.
        node: String,
        /// The command with its arguments.
        command: String,
        /// Its exit code; -1 if the engine does not know it.
        code: i64,
        /// What it wrote, stdout and then stderr.
        output: String,
    },
    /// A container ended that should run.
    #[error("node `{node}` stopped while it was being set up")]
    NodeDied {
        /// Name of the container.
        node: String,
        /// The last lines of its log; empty if there are none.
        logs: String,
    },
    /// Something did not happen in its time.
    #[error("{what} took longer than {} s", waited.as_secs())]
    Timeout {
        /// What was waited for, the beginning of the message.
        what: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// An image lacks what kind puts into its node images.
    #[error("node image `{image}` is not usable as a node: {why}")]
    NotANodeImage {
        /// The image as it was named.
        image: String,
        /// What it lacks, or what is wrong with that.
        why: String,
    },
    /// The kubeconfig file cannot be read or written.
    #[error("kubeconfig {path} {problem}")]
    Kubeconfig {
        /// Path of that file.
        path: String,
        /// What is wrong with it: it follows the path, as `is malformed: ...`.
        problem: String,
    },
    /// The platform runs, and what its nodes identify themselves with is not good any more.
    #[error("the certificates of platform `{platform}` {ended}: nobody can ask its API any more")]
    CertificatesEnded {
        /// Name of the platform.
        platform: String,
        /// When, as in `have ended on 2027-03-01`.
        ended: String,
    },
    /// The platform is there, and its control plane is stopped.
    #[error("platform `{platform}` is stopped: its control plane does not run")]
    NotRunning {
        /// Name of the platform.
        platform: String,
    },
    /// The platform is there, and its control plane is paused.
    #[error("platform `{platform}` is paused: it keeps its memory, and does nothing")]
    Paused {
        /// Name of the platform.
        platform: String,
    },
    /// The cluster was not made by backstack, so its nodes are not touched.
    #[error("the cluster of context `{context}` was not made by backstack, so it can be neither stopped nor started")]
    Elsewhere {
        /// Its context in the kubeconfig.
        context: String,
    },
    /// No platform of this name is in the engine.
    #[error("there is no platform named `{name}`")]
    NoPlatform {
        /// The name that was asked for.
        name: String,
        /// Names of the platforms there are; may be empty.
        existing: Vec<String>,
    },
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

impl ClusterError {
    /// Whether what somebody set leads to no engine, as a context that does not exist: not that an engine is away.
    pub fn is_wrong_setting(&self) -> bool {
        matches!(
            self,
            Self::EngineAddress { .. }
                | Self::NoContext { .. }
                | Self::Context { .. }
                | Self::DockerConfig { .. }
                | Self::EngineTls { .. }
        )
    }
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
            | Self::CertificatesEnded { .. }
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
            Self::CertificatesEnded { platform, .. } => {
                return vec![format!("Renew them, and nothing else changes: `backstack start --name {platform}`.")];
            }
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
