//! What can go wrong with the Kubernetes API, and what to do about it.

use std::time::Duration;

use super::object::VersionedRef;
use super::readiness::NotReady;
use super::refusal::Failed;
use backstack_common::error::{ExitKind, Explain};

/// What went wrong with the Kubernetes API, or with what was sent to it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig, its context or a proxy cannot be used; the source says why.
    #[error("the kubeconfig is not usable")]
    Kubeconfig(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The API server did not answer, or said that it is not ready.
    #[error("the Kubernetes API did not answer within {} s: {reason}", waited.as_secs())]
    Unavailable {
        /// How long it was asked.
        waited: Duration,
        /// What it said last, or why there was no connection.
        reason: String,
    },
    /// Nodes did not become ready in time.
    #[error("not all nodes are ready after {} s", waited.as_secs())]
    NodesNotReady {
        /// How long they were waited for.
        waited: Duration,
        /// What is the matter with each that is not ready, one line each.
        nodes: Vec<String>,
    },
    /// A request of our own bookkeeping failed; `action` completes "cannot ...".
    #[error("cannot {action}")]
    Request {
        /// What could not be done: it completes "cannot ...".
        action: String,
        /// What the API said, or why it said nothing.
        source: kube::Error,
    },
    /// A manifest lacks what every object must have.
    #[error("component `{component}`: a manifest {problem}")]
    Manifest {
        /// Name of the component.
        component: String,
        /// What it lacks: it completes "a manifest ...".
        problem: String,
    },
    /// The API server does not take objects, and trying again would not help.
    #[error("component `{component}`: the cluster refuses {}", objects(failures))]
    Refused {
        /// Name of the component.
        component: String,
        /// The objects, each with why.
        failures: Vec<Failed>,
    },
    /// Objects could still not be applied at the deadline.
    #[error("component `{component}`: {} could not be applied within {} s", objects(failures), waited.as_secs_f64().round())]
    Unfinished {
        /// Name of the component.
        component: String,
        /// How long it was tried.
        waited: Duration,
        /// The objects, each with what blocked it last.
        failures: Vec<Failed>,
    },
    /// A component was applied, and did not become ready in time.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// Objects were deleted, and some are still there at the deadline.
    #[error("component `{component}`: {} not gone after {} s", names(left), waited.as_secs())]
    NotGone {
        /// Name of the component.
        component: String,
        /// How long they were waited for.
        waited: Duration,
        /// The objects that are still there.
        left: Vec<VersionedRef>,
    },
    /// On somebody else's cluster: objects of the component are there, and this platform did not make them.
    #[error("component `{component}`: the cluster has {} already, which this platform did not make", foreign(objects))]
    Foreign {
        /// Name of the component.
        component: String,
        /// Those objects; they are left as they are.
        objects: Vec<VersionedRef>,
    },
    /// A Secret that this platform keeps its own things in holds something else.
    #[error("Secret {secret}: {problem}")]
    Secret {
        /// The Secret as `NAMESPACE/NAME`.
        secret: String,
        /// What is wrong with what it holds.
        problem: String,
    },
    /// A certificate could not be made.
    #[error("cannot make the certificate for Secret {secret}")]
    Certificate {
        /// The Secret that it should go into, as `NAMESPACE/NAME`.
        secret: String,
        /// What the library says to that, mostly about a name in it.
        source: rcgen::Error,
    },
    /// The record of what is installed of a component is damaged.
    #[error("the inventory of component `{component}` cannot be read: {problem}")]
    Inventory {
        /// Name of the component.
        component: String,
        /// What is wrong with the record.
        problem: String,
    },
}

impl Error {
    /// An API request that failed, by what it was for.
    pub fn request(action: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let action = action.into();
        move |source| Self::Request { action, source }
    }
}

fn objects(failures: &[Failed]) -> String {
    match failures {
        [one] => one.object.to_string(),
        many => format!("{} objects", many.len()),
    }
}

fn foreign(objects: &[VersionedRef]) -> String {
    match objects {
        [one] => one.to_string(),
        many => format!("{} objects", many.len()),
    }
}

fn names(objects: &[VersionedRef]) -> String {
    match objects {
        [one] => format!("{one} is"),
        many => format!("{} objects are", many.len()),
    }
}

impl Explain for Error {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Kubeconfig(_) | Self::Manifest { .. } => ExitKind::Usage,
            Self::Foreign { .. } => ExitKind::Prerequisite,
            Self::Unavailable { .. } | Self::Unfinished { .. } | Self::NotGone { .. } | Self::NodesNotReady { .. } => {
                ExitKind::Timeout
            }
            Self::NotReady(error) => error.kind(),
            Self::Certificate { .. } => ExitKind::Internal,
            Self::Request { .. } | Self::Refused { .. } | Self::Secret { .. } | Self::Inventory { .. } => {
                ExitKind::Cluster
            }
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Refused { failures, .. } | Self::Unfinished { failures, .. } => {
                failures.iter().flat_map(lines).collect()
            }
            Self::NotReady(error) => error.details(),
            Self::NodesNotReady { nodes, .. } => nodes.clone(),
            Self::Foreign { objects, .. } => objects.iter().map(ToString::to_string).collect(),
            Self::NotGone { left, .. } => left.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |text: &str| vec![text.to_string()];
        match self {
            Self::Kubeconfig(_) => {
                one("Check the file that KUBECONFIG names, the context given with `--context`, and HTTPS_PROXY.")
            }
            Self::Unavailable { .. } => one(
                "After a start of the machine or the engine it takes a minute: run the command again. `backstack up` fixes what does not come back.",
            ),
            Self::NodesNotReady { .. } => {
                one("`docker exec NODE journalctl -u kubelet` says more; `backstack up` goes on from here.")
            }
            Self::Request { .. } => one("Run the same command again: it continues from here."),
            Self::Manifest { .. } => one("Correct the file under the component's `manifests/` folder."),
            Self::Refused { failures, .. } | Self::Unfinished { failures, .. } => hints(failures),
            Self::NotReady(error) => error.hints(),
            Self::NotGone { .. } => {
                one("Their controllers have not let them go yet: look at `metadata.finalizers`, then try again.")
            }
            Self::Foreign { component, .. } => vec![format!(
                "Objects that backstack did not make are never changed: leave the component out (`--without {component}`), or remove what is there."
            )],
            Self::Secret { .. } => one("Delete that Secret and run the same command again: it is recreated."),
            Self::Certificate { .. } => one("Report this: the names of a certificate should have been checked before."),
            Self::Inventory { component, .. } => vec![format!(
                "Delete ConfigMap `{}/{}` and run `backstack up` again: it is written again.",
                super::SYSTEM_NAMESPACE,
                super::object::inventory_name(component)
            )],
        }
    }
}

fn lines(failed: &Failed) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", failed.object, failed.refusal.message)];
    lines.extend(failed.refusal.causes.iter().map(|cause| format!("  {cause}")));
    lines
}

/// Each hint once, in the order of the failures.
fn hints(failures: &[Failed]) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for hint in failures.iter().filter_map(|failed| failed.refusal.hint.as_ref()) {
        if !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    if hints.is_empty() {
        hints.push("Run the same command again: it continues from here.".into());
    }
    hints
}
