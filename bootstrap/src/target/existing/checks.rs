//! What `doctor --context` looks at: the cluster, and what building and pushing need here.

use backstack_health::quantity;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::Client;
use kube::api::{Api, ListParams};

use super::{Cluster, OLDEST_MINOR, rights};
use crate::doctor::{self, Check, Wants};
use crate::error::Failure;
use crate::kubernetes::Error;
use crate::stack::Stack;

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
const PREPARED: &str = "use a larger cluster, or a stack with fewer components (`--without`)";

/// What a cluster has.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Name of the context that leads to it.
    pub context: String,
    /// Version of its API server, as `v1.36.3`.
    pub version: String,
    /// Minor version; `None` if it is not a number.
    pub minor: Option<u32>,
    /// Processors and bytes that pods may use, over all nodes that are ready; nothing if nodes may not be listed.
    pub room: Option<(f64, u64)>,
    /// What the user may not do there and has to, as `create deployments.apps`; empty if nothing is lacking.
    pub missing_rights: Vec<String>,
    /// Whether claims that name no class get a volume.
    pub default_storage: bool,
}

/// Asks the cluster.
///
/// # Errors
/// The API does not answer.
pub async fn gather(cluster: &Cluster) -> Result<Facts, Failure> {
    let (room, missing_rights) = tokio::try_join!(room(&cluster.client), rights::missing(&cluster.client))?;
    let classes: Api<StorageClass> = Api::all(cluster.client.clone());
    let classes = classes.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
    let is_default = |class: &StorageClass| {
        class.metadata.annotations.as_ref().and_then(|all| all.get(DEFAULT_CLASS)).is_some_and(|value| value == "true")
    };
    Ok(Facts {
        context: cluster.context.clone(),
        version: cluster.version.clone(),
        minor: cluster.minor,
        room,
        missing_rights,
        default_storage: classes.iter().any(is_default),
    })
}

async fn room(client: &Client) -> Result<Option<(f64, u64)>, Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let nodes = match nodes.list(&ListParams::default()).await {
        Ok(nodes) => nodes.items,
        Err(kube::Error::Api(status)) if status.code == 403 => return Ok(None),
        Err(error) => return Err(Error::request("list the nodes")(error)),
    };
    let (mut cpus, mut memory) = (0.0, 0);
    for status in nodes.iter().filter_map(|node| node.status.as_ref()) {
        let ready = status
            .conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let amount = |name: &str| {
            let found = status.allocatable.as_ref().filter(|_| ready).and_then(|all| all.get(name));
            found.and_then(|found| quantity::parse(&found.0)).unwrap_or(0)
        };
        cpus += amount("cpu") as f64 / 1000.0;
        memory += u64::try_from(amount("memory") / 1000).unwrap_or(0);
    }
    Ok(Some((cpus, memory)))
}

/// Compares what the cluster has with what the stack needs.
pub fn judge(facts: &Facts, stack: &Stack) -> Vec<Check> {
    let found = format!("context {}, Kubernetes {}", facts.context, facts.version);
    let mut checks = vec![match facts.minor {
        Some(minor) if minor < OLDEST_MINOR => Check::failed(
            "cluster",
            found,
            format!("upgrade it: a platform needs Kubernetes 1.{OLDEST_MINOR} or newer"),
        ),
        _ => Check::ok("cluster", found),
    }];
    checks.push(match facts.missing_rights.as_slice() {
        [] => Check::ok("rights", "you may install a platform"),
        missing => Check::failed(
            "rights",
            format!("you may not {}", missing.join(", ")),
            "use a context of a cluster administrator",
        ),
    });
    if let Some((cpus, memory)) = facts.room {
        let wants = Wants::existing(stack);
        checks.push(doctor::cpu(cpus, format!("{cpus:.1}"), &wants, PREPARED));
        checks.push(doctor::memory(memory, &wants, PREPARED));
    }
    if wants_storage(stack) {
        checks.push(if facts.default_storage {
            Check::ok("storage", "a default StorageClass")
        } else {
            Check::failed(
                "storage",
                "no default StorageClass, and components need volumes",
                "mark one with `storageclass.kubernetes.io/is-default-class: \"true\"`",
            )
        });
    }
    checks
}

/// Whether a component claims a volume without saying of which class.
fn wants_storage(stack: &Stack) -> bool {
    let mut objects =
        stack.components.iter().flat_map(|component| &component.manifests).map(|manifest| &manifest.object);
    let no_class = |spec: &serde_json::Value| spec.get("storageClassName").is_none();
    objects.any(|object| match object["kind"].as_str() {
        Some("PersistentVolumeClaim") => no_class(&object["spec"]),
        Some("StatefulSet") => object["spec"]["volumeClaimTemplates"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|claim| no_class(&claim["spec"])),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Verdict, has_failed};
    use crate::stack::StackSource;

    const MIB: u64 = 1 << 20;

    fn facts() -> Facts {
        Facts {
            context: "c".into(),
            version: "v1.36.3".into(),
            minor: Some(36),
            room: Some((2.0, 4096 * MIB)),
            missing_rights: Vec::new(),
            default_storage: true,
        }
    }

    #[test]
    fn a_good_cluster_passes_and_each_shortfall_fails_with_a_fix() {
        let stack = Stack::load(StackSource::Builtin("minimal".into())).expect("stack");
        assert!(!has_failed(&judge(&facts(), &stack)));
        let short = [
            (Facts { minor: Some(OLDEST_MINOR - 1), ..facts() }, "cluster"),
            (Facts { room: Some((0.01, 4096 * MIB)), ..facts() }, "cpu"),
            (Facts { room: Some((2.0, MIB)), ..facts() }, "memory"),
            (Facts { missing_rights: vec!["create namespaces".into()], ..facts() }, "rights"),
        ];
        for (facts, name) in short {
            let checks = judge(&facts, &stack);
            let check = checks.iter().find(|check| check.name == name).expect("check");
            assert_eq!(check.verdict, Verdict::Failed, "{name}");
            assert!(check.fix.is_some());
        }
        // Less than the stack asks for, and more than its pods do.
        let short = judge(&Facts { room: Some((0.5, 1024 * MIB)), ..facts() }, &stack);
        let verdict = |name| short.iter().find(|check| check.name == name).map(|check| check.verdict);
        assert_eq!((verdict("cpu"), verdict("memory")), (Some(Verdict::Warning), Some(Verdict::Warning)));
        assert!(judge(&Facts { room: None, ..facts() }, &stack).iter().all(|check| check.name != "memory"));
    }
}
