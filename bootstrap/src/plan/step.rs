//! The kinds of step.

use serde::Serialize;

use super::owned::{Named, Owned};
use crate::definitions::CrdOrigin;
use crate::docker::node::Role;
use crate::origin::{ImagePlan, Origin};
use crate::stack::Component;

/// Index of a step in its plan.
pub type StepId = usize;

/// An image that the engine itself runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineImage {
    /// The image of all nodes.
    Node,
    /// The image of the local registry.
    Registry,
}

/// What there is of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// Nothing, or something half made.
    Missing,
    /// It is a member of the cluster, and does not run.
    Stopped,
    /// It is a member of the cluster, and runs.
    Running,
}

/// One thing to be done, with all of the stack that it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The network that all platforms share.
    EnsureNetwork,
    /// An image that the engine runs: built and loaded, or pulled by the engine.
    ProvideImage {
        /// Which of the two it is.
        #[serde(rename = "image")]
        kind: EngineImage,
        /// The image, and the ways to it.
        #[serde(rename = "reference")]
        image: Owned<ImagePlan>,
    },
    /// The API of a cluster that somebody else made answers.
    ReachCluster {
        /// The kubeconfig context that leads to it.
        context: String,
    },
    /// The registry that such a cluster pulls from answers.
    ReachRegistry {
        /// Where images are pushed to: `HOST[:PORT]/PREFIX`.
        address: String,
    },
    /// The local registry's container.
    EnsureRegistry,
    /// An image of a component is built from packages.
    BuildImage {
        /// The image, with its recipe.
        #[serde(rename = "reference")]
        image: Owned<ImagePlan>,
    },
    /// An image of a component is brought into the local registry.
    MirrorImage {
        /// The image, and the ways to it.
        #[serde(rename = "reference")]
        image: Owned<ImagePlan>,
    },
    /// Definitions that a component takes from upstream's release.
    FetchDefinitions {
        /// The component that they belong to.
        component: Owned<Component>,
        /// Where they are looked for, the best place first.
        #[serde(skip)]
        places: &'static [CrdOrigin],
    },
    /// A node's container is made, or a stopped one started, until containerd answers.
    ProvisionNode {
        /// Name of the node, which is that of its container.
        node: String,
        /// Control plane or worker.
        role: Role,
        /// What there is of it.
        #[serde(skip)]
        state: NodeState,
    },
    /// kubeadm makes the control plane.
    InitControlPlane {
        /// Name of the node.
        node: String,
    },
    /// kubeadm joins a worker.
    JoinNode {
        /// Name of the node.
        node: String,
    },
    /// The pods of a checkpoint start, and their controllers.
    StartPods {
        /// Name of the control plane's node.
        node: String,
    },
    /// Pod network and storage class, as the node image brings them.
    InstallDefaults {
        /// Name of the control plane's node.
        node: String,
    },
    /// The context is merged into the user's kubeconfig.
    WriteKubeconfig,
    /// Every node is ready.
    AwaitNodes,
    /// Namespace, certificate authority and the like, that components stand on.
    PreparePlatform,
    /// A component is applied and awaited.
    InstallComponent {
        /// The component.
        component: Owned<Component>,
    },
    /// A component that the stack no longer has is taken away.
    RemoveComponent {
        /// The component, by the name that the cluster's inventory has.
        component: String,
    },
}

impl Step {
    /// The image that it brings to where it is needed.
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::ProvideImage { image, .. } | Self::MirrorImage { image } => Some(image.name()),
            _ => None,
        }
    }

    /// Whether it moves or makes an image; a built image counts when it is mirrored.
    pub fn is_image(&self) -> bool {
        self.image().is_some()
    }

    /// What it does, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::EnsureNetwork => "network for the nodes".into(),
            Self::ProvideImage { kind: EngineImage::Node, image } => format!("node image {}", image.name()),
            Self::ProvideImage { kind: EngineImage::Registry, image } => format!("registry image {}", image.name()),
            Self::ReachCluster { context } => format!("cluster of context {context}"),
            Self::ReachRegistry { address } => format!("registry {address}"),
            Self::EnsureRegistry => "local registry".into(),
            Self::BuildImage { image } => format!("image {} from packages", image.name()),
            Self::MirrorImage { image } => format!("image {} into the registry", image.name()),
            Self::FetchDefinitions { component, .. } => format!("custom resource definitions of {}", component.name()),
            Self::ProvisionNode { node, role, .. } => format!("node {node} ({})", role.label()),
            Self::InitControlPlane { node } => format!("control plane on {node}"),
            Self::JoinNode { node } => format!("{node} joins"),
            Self::StartPods { .. } => "pods of the checkpoint".into(),
            Self::InstallDefaults { .. } => "pod network and storage class".into(),
            Self::WriteKubeconfig => "kubeconfig context".into(),
            Self::AwaitNodes => "all nodes ready".into(),
            Self::PreparePlatform => "platform namespace and certificate authority".into(),
            Self::InstallComponent { component } => format!("component {}", component.name()),
            Self::RemoveComponent { component } => format!("component {component}, which the stack no longer has"),
        }
    }
}

/// What a step will have to do, as far as can be told beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing: it is there.
    Exists,
    /// It is not there, and is made; nothing has to be built or fetched for that.
    Create,
    /// An image is built from packages.
    Build,
    /// Something comes from a registry, or from upstream.
    Fetch,
    /// Compared with what is there, and changed if it differs.
    Converge,
    /// Nothing but waiting.
    Wait,
    /// It is taken away.
    Remove,
}

impl Action {
    /// The word in front of a step in the printed plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Create => "create",
            Self::Build => "build",
            Self::Fetch => "fetch",
            Self::Converge => "apply",
            Self::Wait => "await",
            Self::Remove => "remove",
        }
    }
}

/// A step with its place in the graph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedStep {
    /// What is done.
    #[serde(flatten)]
    pub step: Step,
    /// Steps that must be through before.
    pub needs: Vec<StepId>,
    /// The line on the screen it belongs to: `cluster` or a component's name.
    pub subject: String,
    /// What that comes to, as far as can be told beforehand.
    pub action: Action,
    /// Size of the image, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Bytes of it that are not on this machine yet, where they differ from all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_to_move: Option<u64>,
    /// Where the image comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Origin>,
    /// Why it does not come from where it should come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
