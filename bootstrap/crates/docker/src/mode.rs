//! How a node may run on this engine.
//!
//! kind runs its nodes with `--privileged`. Some hosts cannot grant that in full: their capability bounding set
//! is cut (a sandbox, CI in a micro-VM), and engines before 23 then refuse. A node also runs with just those
//! capabilities that there are. Which way works is found out by trying, on an empty image: capabilities are
//! granted before the program is looked up, so the error tells them apart.

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerCreateResponse, HostConfig};
use bollard::query_parameters as query;
use bytes::Bytes;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::error::ClusterError;
use super::{locks, names};

const PROBE_IMAGE: &str = "backstack-probe";
/// How often a container is asked for: before the image is there, and if it goes again before one is made of it.
const TRIES: u32 = 4;

/// Every capability of Linux, in the kernel's order (`capabilities(7)`): the index is its number.
const CAPABILITIES: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What a node container may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode")]
pub enum NodeMode {
    /// As kind does it.
    Privileged,
    /// With every capability but these, and everything else unconfined; why `--privileged` is refused.
    Capabilities {
        /// The capabilities that the engine refuses, without `CAP_`, as `BPF`.
        missing: Vec<String>,
        /// What the engine said to `--privileged`.
        why: String,
    },
}

impl NodeMode {
    /// One line for `doctor`.
    pub fn describe(&self) -> String {
        match self {
            Self::Privileged => "privileged nodes".into(),
            Self::Capabilities { missing, why } => {
                format!("nodes with all capabilities but {} ({why})", missing.join(", "))
            }
        }
    }

    /// Sets what the mode means on a node's container.
    pub fn apply(&self, host: &mut HostConfig) {
        let Self::Capabilities { missing, .. } = self else {
            host.privileged = Some(true);
            return;
        };
        host.cap_add = Some(vec!["ALL".into()]);
        host.cap_drop = Some(missing.clone());
        host.device_cgroup_rules = Some(vec!["a *:* rwm".into()]);
        // `systempaths=unconfined` of the docker command: nothing below /proc and /sys is masked.
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
    }

    /// Whether kubelet and containerd run without the right to lower OOM scores and raise limits.
    pub fn is_restricted(&self) -> bool {
        matches!(self, Self::Capabilities { .. })
    }
}

/// Finds out how nodes may run, by trying.
///
/// # Errors
/// The engine cannot make a container at all.
pub async fn detect(engine: &Engine) -> Result<NodeMode, ClusterError> {
    let privileged = HostConfig { privileged: Some(true), ..Default::default() };
    let Some(refusal) = attempt(engine, privileged).await? else { return Ok(NodeMode::Privileged) };
    let guess = cut_from_bounding_set();
    let missing = match attempt(engine, all_but(&guess)).await? {
        None => guess,
        Some(_) => refused(engine).await?,
    };
    Ok(NodeMode::Capabilities { missing: missing.iter().map(ToString::to_string).collect(), why: short(&refusal) })
}

fn all_but(missing: &[&str]) -> HostConfig {
    let missing = missing.iter().map(ToString::to_string).collect();
    HostConfig { cap_add: Some(vec!["ALL".into()]), cap_drop: Some(missing), ..Default::default() }
}

/// What this process may never have: the same as the engine's, where both run on one machine.
fn cut_from_bounding_set() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapBnd:")?.trim(), 16).ok());
    let mask = mask.unwrap_or(u64::MAX);
    CAPABILITIES.iter().enumerate().filter(|(number, _)| mask & (1 << number) == 0).map(|(_, name)| *name).collect()
}

/// Finds those that the engine refuses, by halving: few are, so few tries are needed.
async fn refused(engine: &Engine) -> Result<Vec<&'static str>, ClusterError> {
    let mut refused = Vec::new();
    let mut open = vec![CAPABILITIES];
    while let Some(part) = open.pop() {
        let host = HostConfig { cap_add: Some(part.iter().map(ToString::to_string).collect()), ..Default::default() };
        match (attempt(engine, host).await?, part) {
            (None, _) => {}
            // An engine that does not know a capability cannot be asked to leave it out.
            (Some(message), [_]) if is_unknown(&message) => {}
            (Some(_), [one]) => refused.push(*one),
            (Some(_), many) => {
                let (left, right) = many.split_at(many.len() / 2);
                open.extend([left, right]);
            }
        }
    }
    Ok(refused)
}

/// Starts the empty image so; gives the refusal if capabilities were refused.
async fn attempt(engine: &Engine, host: HostConfig) -> Result<Option<String>, ClusterError> {
    let body = ContainerCreateBody {
        image: Some(PROBE_IMAGE.into()),
        cmd: Some(vec!["/probe".into()]),
        network_disabled: Some(true),
        labels: Some([(names::MANAGED.to_string(), "probe".to_string())].into()),
        host_config: Some(host),
        ..Default::default()
    };
    let created = match created(engine, body).await? {
        Ok(created) => created,
        // An engine that does not know a capability refuses its name.
        Err(error) if is_refusal(&error.to_string()) => return Ok(Some(error.to_string())),
        Err(error) => return Err(ClusterError::engine("create a container to try out privileges")(error)),
    };
    let started = engine.docker().start_container(&created.id, None::<query::StartContainerOptions>).await;
    engine.remove_container(&created.id).await?;
    Ok(started.err().map(|error| error.to_string()).filter(|message| is_refusal(message)))
}

/// A container of the empty image, or why the engine makes none.
async fn created(
    engine: &Engine,
    body: ContainerCreateBody,
) -> Result<Result<ContainerCreateResponse, Error>, ClusterError> {
    let mut tries = 1;
    loop {
        match engine.docker().create_container(None::<query::CreateContainerOptions>, body.clone()).await {
            // The first on this engine; or another program's `down` took the image away just then.
            Err(Error::DockerResponseServerError { status_code: 404, .. }) if tries < TRIES => {
                import_probe_image(engine).await?;
            }
            created => return Ok(created),
        }
        tries += 1;
    }
}

fn is_unknown(message: &str) -> bool {
    message.to_lowercase().contains("unknown capability")
}

/// "executable file not found" means that everything before it was granted.
fn is_refusal(message: &str) -> bool {
    let lower = message.to_lowercase();
    lower.contains("capabilit") || lower.contains("unable to apply caps") || lower.contains("operation not permitted")
}

fn short(refusal: &str) -> String {
    if refusal.contains("apply caps") {
        "the engine refuses --privileged: the host's capability bounding set is cut".into()
    } else {
        format!("the engine refuses --privileged: {}", refusal.chars().take(120).collect::<String>())
    }
}

async fn import_probe_image(engine: &Engine) -> Result<(), ClusterError> {
    // Of two that import it at the same moment, one image would lose its name and stay for ever.
    let _turn = locks::turn().await;
    if engine.image_id(PROBE_IMAGE).await?.is_some() {
        return Ok(());
    }
    let failed = || ClusterError::engine("import an empty image to try out privileges");
    // An empty tar archive: two blocks of zeros.
    let empty = bollard::body_full(Bytes::from_static(&[0; 1024]));
    let options = query::CreateImageOptionsBuilder::default().from_src("-").repo(PROBE_IMAGE).tag("latest").build();
    engine.docker().create_image(Some(options), Some(empty), None).try_collect::<Vec<_>>().await.map_err(failed())?;
    Ok(())
}

/// Removes the empty image; called when the last platform goes.
///
/// # Errors
/// The engine does not answer.
pub async fn forget(engine: &Engine) -> Result<(), ClusterError> {
    let removed = engine.docker().remove_image(PROBE_IMAGE, None::<query::RemoveImageOptions>, None).await;
    // Another program tries out privileges at this moment: it is still needed.
    if matches!(removed, Err(Error::DockerResponseServerError { status_code: 409, .. })) {
        return Ok(());
    }
    super::engine::none_if_missing(removed).map_err(ClusterError::engine("remove the probe image"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_capability_errors_count_as_refusals() {
        assert!(is_refusal("OCI runtime create failed: unable to apply caps: operation not permitted: unknown"));
        assert!(!is_refusal("exec: \"/probe\": stat /probe: no such file or directory: unknown"));
    }
}
