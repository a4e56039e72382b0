//! From settings, stack and what exists to the graph of steps.

use std::collections::{BTreeMap, BTreeSet};

use super::needed::ClusterImages;
use super::observed::Observed;
use super::owned::{Named, Owned};
use super::step::{Action, EngineImage, NodeState, PlannedStep, Step, StepId};
use super::{CLUSTER, Plan};
use crate::definitions::CrdOrigin;
use crate::docker::names;
use crate::docker::node::Role;
use crate::origin::{DecidedImage, ImagePlan, ImageState};
use crate::stack::Component;

/// A component, with what was decided for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedComponent {
    /// The component itself.
    pub component: Owned<Component>,
    /// Its images, and the ways to them.
    pub images: Vec<Owned<ImagePlan>>,
    /// Where its definitions from upstream's release are looked for, the best place first.
    pub definition_places: &'static [CrdOrigin],
}

impl PlannedComponent {
    fn name(&self) -> &str {
        self.component.name()
    }
}

/// Everything a plan is made from, but what exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// The platform that the plan is for: lower-case letters, digits and dashes.
    pub platform: String,
    /// Worker nodes beside the control plane.
    pub workers: u16,
    /// Name in the stack's `stack.yaml`, as `back`.
    pub stack: String,
    /// Version in the stack's `stack.yaml`, as `0.1.0`.
    pub version: String,
    /// The image that nodes run.
    pub node_image: Owned<ImagePlan>,
    /// The local registry's image.
    pub registry_image: Owned<ImagePlan>,
    /// In an order in which each comes after what it depends on.
    pub components: Vec<PlannedComponent>,
    /// Installed components that are left as they are, though the stack cannot be asked about them.
    pub kept: Vec<String>,
    /// The cluster is somebody else's: nothing is made but what runs in it.
    pub existing: Option<ExistingCluster>,
    /// Only these components are looked at; the rest of the platform is left alone.
    pub only: Option<BTreeSet<String>>,
    /// The cluster is new, and begins with the objects of a checkpoint.
    pub restores: bool,
}

/// A cluster that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingCluster {
    /// kubeconfig context.
    pub context: String,
    /// The registry that images are pushed to; without one the cluster pulls from upstream.
    pub push: Option<String>,
}

impl Inputs {
    fn wanted(&self) -> impl Iterator<Item = &PlannedComponent> {
        self.components.iter().filter(|one| self.only.as_ref().is_none_or(|only| only.contains(one.name())))
    }
}

/// Makes the plan.
pub fn build(inputs: &Inputs, observed: &Observed) -> Plan {
    let mut graph = Graph::default();
    let mut images = BTreeMap::new();
    let (registry, ready) = match &inputs.existing {
        Some(existing) => reach(&mut graph, existing),
        None => {
            let base = base(&mut graph, inputs, observed);
            // Everything waits for the node: its image has the compilers to itself until it is built.
            let is_built = |image: &StepId| graph.steps[*image].action == Action::Build;
            let after = base.node_image.filter(is_built).into_iter().collect();
            let registry = RegistryStep { ready: base.registry, after };
            if inputs.restores {
                // Pods of all components start at once, and are to find their images.
                for component in inputs.wanted() {
                    mirrored(&mut graph, &mut images, component, observed, &registry);
                }
            }
            let ready = cluster(&mut graph, inputs, observed, &base, images.values().copied().collect());
            (Some(registry), ready)
        }
    };
    components(&mut graph, inputs, observed, registry.as_ref(), &ready, &mut images);
    let (platform, stack, version) = (inputs.platform.clone(), inputs.stack.clone(), inputs.version.clone());
    Plan { platform, stack, version, steps: graph.steps }
}

#[derive(Default)]
struct Graph {
    steps: Vec<PlannedStep>,
}

impl Graph {
    fn add(&mut self, subject: &str, action: Action, step: Step, needs: &[StepId]) -> StepId {
        self.steps.push(PlannedStep {
            step,
            needs: needs.to_vec(),
            subject: subject.into(),
            action,
            bytes: None,
            bytes_to_move: None,
            from: None,
            why: None,
        });
        self.steps.len() - 1
    }

    /// Says of a step what is known of its image.
    fn about(&mut self, id: StepId, image: Option<&DecidedImage>) -> StepId {
        let step = &mut self.steps[id];
        if let Some(image) = image {
            (step.from, step.why) = (Some(image.origin), image.why.clone());
            match image.state {
                ImageState::Present { bytes } => step.bytes = bytes,
                ImageState::Built { bytes } | ImageState::Bundled { bytes } => step.bytes = Some(bytes),
                ImageState::ToBuild => {}
                ImageState::ToFetch { bytes, missing } => (step.bytes, step.bytes_to_move) = (bytes, missing),
            }
        }
        id
    }
}

/// What stands before any node.
struct Base {
    network: StepId,
    /// Left out where every node is made already.
    node_image: Option<StepId>,
    registry: StepId,
}

fn base(graph: &mut Graph, inputs: &Inputs, observed: &Observed) -> Base {
    let exists = |there: bool| if there { Action::Exists } else { Action::Create };
    let network = graph.add(CLUSTER, exists(observed.network), Step::EnsureNetwork, &[]);
    let needed = ClusterImages::needed(&inputs.platform, inputs.workers, observed.platform.as_ref(), observed.registry);
    let registry_image =
        needed.registry.then(|| engine_image(graph, EngineImage::Registry, &inputs.registry_image, observed));
    let node_image = needed.node.then(|| engine_image(graph, EngineImage::Node, &inputs.node_image, observed));
    let needs: Vec<_> = [network].into_iter().chain(registry_image).collect();
    let registry = graph.add(CLUSTER, exists(observed.registry), Step::EnsureRegistry, &needs);
    Base { network, node_image, registry }
}

fn engine_image(graph: &mut Graph, kind: EngineImage, image: &Owned<ImagePlan>, observed: &Observed) -> StepId {
    let decided = observed.images.get(image.name());
    let step = Step::ProvideImage { kind, image: image.clone() };
    let id = graph.add(CLUSTER, image_action(decided), step, &[]);
    graph.about(id, decided)
}

fn image_action(image: Option<&DecidedImage>) -> Action {
    match image.map(|image| image.state) {
        Some(ImageState::Present { .. }) => Action::Exists,
        Some(ImageState::Built { .. } | ImageState::Bundled { .. }) => Action::Create,
        Some(ImageState::ToBuild) => Action::Build,
        Some(ImageState::ToFetch { .. }) | None => Action::Fetch,
    }
}

/// How images get to where nodes pull them from.
struct RegistryStep {
    ready: StepId,
    /// What has the compilers first.
    after: Vec<StepId>,
}

/// What components wait for.
struct Ready {
    /// The API answers, and the platform's own objects are there.
    prepared: StepId,
    /// Pods get their network, and volumes.
    defaults: Option<StepId>,
}

fn reach(graph: &mut Graph, existing: &ExistingCluster) -> (Option<RegistryStep>, Ready) {
    let context = existing.context.clone();
    let cluster = graph.add(CLUSTER, Action::Exists, Step::ReachCluster { context }, &[]);
    let registry = existing.push.as_ref().map(|address| {
        let step = Step::ReachRegistry { address: address.clone() };
        RegistryStep { ready: graph.add(CLUSTER, Action::Exists, step, &[]), after: Vec::new() }
    });
    let prepared = graph.add(CLUSTER, Action::Converge, Step::PreparePlatform, &[cluster]);
    (registry, Ready { prepared, defaults: None })
}

/// `images` have to be there before pods of a checkpoint start.
fn cluster(graph: &mut Graph, inputs: &Inputs, observed: &Observed, base: &Base, images: Vec<StepId>) -> Ready {
    let name = names::control_plane(&inputs.platform);
    let had = |node: &str| observed.platform.as_ref().and_then(|it| it.nodes.iter().find(|had| had.name == node));
    // Without its control plane a worker is worth nothing: then all nodes are recreated.
    let alive = had(&name).is_some_and(|node| node.complete);
    let provision = |graph: &mut Graph, node: &str, role| {
        let state = match had(node).filter(|had| alive && had.complete) {
            None => NodeState::Missing,
            Some(had) if had.running => NodeState::Running,
            Some(_) => NodeState::Stopped,
        };
        let action = if state == NodeState::Running { Action::Exists } else { Action::Create };
        let step = Step::ProvisionNode { node: node.into(), role, state };
        let needs: Vec<_> = [base.network, base.registry].into_iter().chain(base.node_image).collect();
        graph.add(CLUSTER, action, step, &needs)
    };
    let made = if alive { Action::Exists } else { Action::Create };
    let container = provision(graph, &name, Role::ControlPlane);
    let init = graph.add(CLUSTER, made, Step::InitControlPlane { node: name.clone() }, &[container]);
    // With them the nodes' own pods come out of the checkpoint too.
    let restored = inputs.restores.then(|| {
        let needs: Vec<_> = [init].into_iter().chain(images).collect();
        graph.add(CLUSTER, Action::Create, Step::StartPods { node: name.clone() }, &needs)
    });
    let mut joined = Vec::new();
    for number in 1..=inputs.workers {
        let worker = names::worker(&inputs.platform, number);
        let member = alive && had(&worker).is_some_and(|had| had.complete);
        let container = provision(graph, &worker, Role::Worker);
        let action = if member { Action::Exists } else { Action::Create };
        let needs = [container, restored.unwrap_or(init)];
        joined.push(graph.add(CLUSTER, action, Step::JoinNode { node: worker }, &needs));
    }
    let defaults = restored.unwrap_or_else(|| graph.add(CLUSTER, made, Step::InstallDefaults { node: name }, &[init]));
    if inputs.only.is_none() {
        graph.add(CLUSTER, Action::Converge, Step::WriteKubeconfig, &[init]);
        joined.push(defaults);
        graph.add(CLUSTER, Action::Wait, Step::AwaitNodes, &joined);
    }
    // What is in a checkpoint may be judged by pods that have to run first.
    let prepared = graph.add(CLUSTER, Action::Converge, Step::PreparePlatform, &[restored.unwrap_or(init)]);
    Ready { prepared, defaults: Some(defaults) }
}

/// The steps that bring the images of a component to the registry; what another component has brought is not brought again.
fn mirrored<'a>(
    graph: &mut Graph,
    images: &mut BTreeMap<&'a str, StepId>,
    component: &'a PlannedComponent,
    observed: &Observed,
    registry: &RegistryStep,
) -> Vec<StepId> {
    let mut step = |image: &'a Owned<ImagePlan>| {
        *images.entry(image.name()).or_insert_with(|| mirror(graph, component.name(), image, observed, registry))
    };
    component.images.iter().map(&mut step).collect()
}

fn components<'a>(
    graph: &mut Graph,
    inputs: &'a Inputs,
    observed: &Observed,
    registry: Option<&RegistryStep>,
    ready: &Ready,
    images: &mut BTreeMap<&'a str, StepId>,
) {
    let mut installed: BTreeMap<&str, StepId> = BTreeMap::new();
    for component in inputs.wanted() {
        let mut needs = vec![ready.prepared];
        needs.extend(ready.defaults);
        if let Some(registry) = registry {
            needs.extend(mirrored(graph, images, component, observed, registry));
        }
        let file = &component.component.file;
        if !file.crds.is_empty() {
            let (owned, places) = (component.component.clone(), component.definition_places);
            let step = Step::FetchDefinitions { component: owned, places };
            let action = if observed.definitions.contains(component.name()) { Action::Exists } else { Action::Fetch };
            needs.push(graph.add(component.name(), action, step, &[]));
        }
        needs.extend(file.depends_on.iter().filter_map(|name| installed.get(name.as_str())));
        let step = Step::InstallComponent { component: component.component.clone() };
        installed.insert(component.name(), graph.add(component.name(), Action::Converge, step, &needs));
    }
    if inputs.only.is_some() {
        return;
    }
    let all: Vec<_> = installed.values().copied().collect();
    let stays = |name: &String| installed.contains_key(name.as_str()) || inputs.kept.contains(name);
    for gone in observed.installed.keys().filter(|name| !stays(name)) {
        let step = Step::RemoveComponent { component: gone.clone() };
        let needs: Vec<_> = all.iter().copied().chain([ready.prepared]).collect();
        graph.add(gone, Action::Remove, step, &needs);
    }
}

/// An image of a component: built if it must be, then brought into the registry.
fn mirror(
    graph: &mut Graph,
    subject: &str,
    image: &Owned<ImagePlan>,
    observed: &Observed,
    registry: &RegistryStep,
) -> StepId {
    let decided = observed.images.get(image.name());
    let action = image_action(decided);
    let mut needs = vec![registry.ready];
    if action == Action::Build {
        needs.push(graph.add(subject, action, Step::BuildImage { image: image.clone() }, &registry.after));
    }
    let action = if action == Action::Build { Action::Create } else { action };
    let id = graph.add(subject, action, Step::MirrorImage { image: image.clone() }, &needs);
    graph.about(id, decided)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
