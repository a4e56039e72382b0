//! Names and labels. kind's own, so that the real `kind` command lists, exports, loads into and
//! deletes our clusters; and ours, by which we know what is ours.

/// kind's label with the cluster's name.
pub const KIND_CLUSTER: &str = "io.x-k8s.kind.cluster";
/// kind's label with the node's role.
pub const KIND_ROLE: &str = "io.x-k8s.kind.role";
/// On everything that backstack makes in the engine.
pub const MANAGED: &str = "dev.backstack.managed";
/// The settings a platform was made with, as JSON, on its control-plane container.
pub const SETTINGS: &str = "dev.backstack.settings";
/// The image a container was made from, as it is called upstream.
pub const IMAGE: &str = "dev.backstack.image";

/// The network that all platforms of an engine share.
pub const NETWORK: &str = "backstack";
/// The local registry's container, one for all platforms.
pub const REGISTRY: &str = "backstack-registry";
/// The volume that holds the registry's images. It outlives every platform.
pub const REGISTRY_VOLUME: &str = "backstack-registry";
/// The registry's port inside the network.
pub const REGISTRY_PORT: u16 = 5000;

/// Container name of the control-plane node, as kind names it.
pub fn control_plane(platform: &str) -> String {
    format!("{platform}-control-plane")
}

/// Container name of the nth worker (from 1), as kind names it.
pub fn worker(platform: &str, number: u16) -> String {
    if number == 1 { format!("{platform}-worker") } else { format!("{platform}-worker{number}") }
}

/// Name of the kubeconfig context, cluster and user, as kind names them: tools that know kind's clusters by
/// this prefix treat ours alike.
pub fn context(platform: &str) -> String {
    format!("kind-{platform}")
}

/// Why a name cannot be a platform's name, if it cannot: it becomes a host name and a container name.
pub fn name_problem(name: &str) -> Option<&'static str> {
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > 40 {
        Some("it is longer than 40 characters")
    } else if !name.bytes().all(valid) {
        Some("only lower-case letters, digits and dashes may be in it")
    } else if name.starts_with('-') || name.ends_with('-') {
        Some("it begins or ends with a dash")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kind_s() {
        assert_eq!(control_plane("a"), "a-control-plane");
        assert_eq!((worker("a", 1), worker("a", 2)), ("a-worker".into(), "a-worker2".into()));
    }

    #[test]
    fn bad_names_are_told_why() {
        assert_eq!(name_problem("back-1"), None);
        for bad in ["", "Back", "a_b", "-a", "a-", &"x".repeat(41), "ä"] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }
}
