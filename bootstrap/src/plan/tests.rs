use serde_json::json;

use super::*;
use crate::docker::observe::{ObservedNode, ObservedPlatform};
use crate::origin::Origin;
use crate::stack::files::FileTree;
use crate::stack::model::{API_VERSION, ComponentFile};

/// A component `name`; that of `a` has definitions.
fn owned(name: &str, depends_on: &[&str]) -> Owned<Component> {
    let crds = if name == "a" {
        json!([{"module": "example.org/a", "url": "https://example.org/a", "files": {"a.yaml": "sha256:0"}}])
    } else {
        json!([])
    };
    let file: ComponentFile = serde_json::from_value(json!({
        "apiVersion": API_VERSION, "kind": "Component", "name": name, "version": "1", "description": "d", "namespace": "n",
        "depends_on": depends_on, "crds": crds,
    }))
    .expect("a component's file");
    Owned::new(Component {
        file,
        tree: FileTree::builtin(),
        parameters: BTreeMap::new(),
        given: BTreeSet::new(),
        manifests: Vec::new(),
        config_maps: BTreeMap::new(),
        recipes: BTreeMap::new(),
    })
}

const NODE: &str = "example.org/node:1";
const REGISTRY: &str = "example.org/registry:1";

fn image_plan(reference: &str) -> Owned<ImagePlan> {
    Owned::new(ImagePlan::fetched(reference.parse().expect("a reference")))
}

fn component(name: &str, depends_on: &[&str]) -> PlannedComponent {
    PlannedComponent {
        component: owned(name, depends_on),
        images: vec![image_plan(&format!("example.org/{name}:1"))],
        definition_places: &[CrdOrigin::Upstream],
    }
}

fn inputs(workers: u16) -> Inputs {
    Inputs {
        platform: "p".into(),
        workers,
        stack: "s".into(),
        version: "1".into(),
        node_image: image_plan(NODE),
        registry_image: image_plan(REGISTRY),
        components: vec![component("a", &[]), component("b", &["a"])],
        kept: Vec::new(),
        existing: None,
        only: None,
        restores: false,
    }
}

fn image(state: ImageState) -> DecidedImage {
    DecidedImage { state, origin: Origin::Packages, why: None }
}

fn node(name: &str, role: Role, complete: bool, running: bool) -> ObservedNode {
    ObservedNode { name: name.into(), role, running, paused: false, complete, address: None, api_port: None }
}

fn find<'a>(plan: &'a Plan, wanted: &Step) -> &'a PlannedStep {
    plan.steps.iter().find(|planned| planned.step == *wanted).unwrap_or_else(|| panic!("{wanted:?} in {plan:?}"))
}

fn install(name: &str) -> Step {
    Step::InstallComponent { component: owned(name, &[]) }
}

fn mirror(name: &str) -> Step {
    Step::MirrorImage { image: image_plan(&format!("example.org/{name}:1")) }
}

fn fetch() -> Step {
    Step::FetchDefinitions { component: owned("a", &[]), places: &[CrdOrigin::Upstream] }
}

#[test]
fn every_step_comes_after_what_it_needs() {
    let plan = build(&inputs(2), &Observed::default());
    for (id, step) in plan.steps.iter().enumerate() {
        assert!(step.needs.iter().all(|need| *need < id), "{step:?}");
    }
    assert_eq!(plan.subjects(), vec!["cluster", "a", "b"]);
    assert_eq!(plan, build(&inputs(2), &Observed::default()));
}

#[test]
fn images_move_while_the_control_plane_starts() {
    let plan = build(&inputs(0), &Observed::default());
    let mirror = find(&plan, &mirror("a"));
    let needed: Vec<_> = mirror.needs.iter().map(|id| &plan.steps[*id].step).collect();
    assert_eq!(needed, vec![&Step::EnsureRegistry]);
}

#[test]
fn a_component_waits_for_its_own_needs_only() {
    let plan = build(&inputs(0), &Observed::default());
    let needs = |step: &PlannedStep| step.needs.iter().map(|id| plan.steps[*id].step.clone()).collect::<Vec<_>>();
    let (a, b) = (needs(find(&plan, &install("a"))), needs(find(&plan, &install("b"))));
    assert!(b.contains(&install("a")) && !a.contains(&install("b")));
    assert!(a.contains(&fetch()));
    assert!(!b.contains(&mirror("a")));
    assert!(!a.contains(&Step::AwaitNodes));
}

#[test]
fn the_node_image_is_built_before_the_components() {
    let mut observed = Observed::default();
    observed.images.insert(NODE.into(), image(ImageState::ToBuild));
    observed.images.insert("example.org/a:1".into(), image(ImageState::ToBuild));
    let plan = build(&inputs(0), &observed);
    let built = find(&plan, &Step::BuildImage { image: image_plan("example.org/a:1") });
    assert_eq!(built.needs.len(), 1);
    assert!(matches!(plan.steps[built.needs[0]].step, Step::ProvideImage { kind: EngineImage::Node, .. }));
}

#[test]
fn what_runs_is_not_made_again() {
    let nodes =
        vec![node("p-control-plane", Role::ControlPlane, true, true), node("p-worker", Role::Worker, true, false)];
    let observed = Observed {
        network: true,
        registry: true,
        platform: Some(ObservedPlatform { name: "p".into(), settings: None, nodes }),
        ..Default::default()
    };
    let plan = build(&inputs(2), &observed);
    let action = |step: Step| find(&plan, &step).action;
    let provision = |node: &str, role, state| Step::ProvisionNode { node: node.into(), role, state };
    let (running, stopped, missing) = (NodeState::Running, NodeState::Stopped, NodeState::Missing);
    assert_eq!(action(provision("p-control-plane", Role::ControlPlane, running)), Action::Exists);
    assert_eq!(action(provision("p-worker", Role::Worker, stopped)), Action::Create);
    assert_eq!(action(provision("p-worker2", Role::Worker, missing)), Action::Create);
    assert_eq!(action(Step::JoinNode { node: "p-worker".into() }), Action::Exists);
    assert_eq!(action(Step::JoinNode { node: "p-worker2".into() }), Action::Create);
    assert_eq!(action(install("a")), Action::Converge);
}

#[test]
fn a_platform_with_all_its_nodes_needs_no_node_image() {
    let nodes = vec![node("p-control-plane", Role::ControlPlane, true, false)];
    let observed =
        Observed { platform: Some(ObservedPlatform { name: "p".into(), settings: None, nodes }), ..Default::default() };
    let has_image = |workers| {
        let plan = build(&inputs(workers), &observed);
        plan.steps.iter().any(|step| matches!(step.step, Step::ProvideImage { kind: EngineImage::Node, .. }))
    };
    assert!(!has_image(0));
    assert!(has_image(1), "a worker is to be made");
}

#[test]
fn a_registry_that_runs_needs_no_image() {
    let image_of = |registry| {
        let plan = build(&inputs(0), &Observed { registry, ..Default::default() });
        plan.steps.iter().any(|step| matches!(step.step, Step::ProvideImage { kind: EngineImage::Registry, .. }))
    };
    assert!(image_of(false) && !image_of(true));
}

#[test]
fn a_half_made_control_plane_means_all_nodes_anew() {
    let nodes =
        vec![node("p-control-plane", Role::ControlPlane, false, true), node("p-worker", Role::Worker, true, true)];
    let observed =
        Observed { platform: Some(ObservedPlatform { name: "p".into(), settings: None, nodes }), ..Default::default() };
    let plan = build(&inputs(1), &observed);
    assert!(
        plan.steps
            .iter()
            .filter(|step| matches!(step.step, Step::JoinNode { .. } | Step::ProvisionNode { .. }))
            .all(|step| step.action == Action::Create)
    );
}

#[test]
fn definitions_that_are_there_are_not_fetched() {
    let step = fetch();
    assert_eq!(find(&build(&inputs(0), &Observed::default()), &step).action, Action::Fetch);
    let observed = Observed { definitions: ["a".to_string()].into(), ..Default::default() };
    assert_eq!(find(&build(&inputs(0), &observed), &step).action, Action::Exists);
}

#[test]
fn a_component_that_left_the_stack_is_removed_last() {
    let observed = Observed { installed: [("old".to_string(), "1".to_string())].into(), ..Default::default() };
    let plan = build(&inputs(0), &observed);
    let last = plan.steps.last().expect("steps");
    assert_eq!(last.step, Step::RemoveComponent { component: "old".into() });
    assert!(last.needs.iter().any(|id| plan.steps[*id].step == install("b")));
}

#[test]
fn what_was_added_stays_though_its_files_are_gone() {
    let observed = Observed { installed: [("mine".to_string(), "1".to_string())].into(), ..Default::default() };
    let plan = build(&Inputs { kept: vec!["mine".into()], ..inputs(0) }, &observed);
    assert!(!plan.steps.iter().any(|step| matches!(step.step, Step::RemoveComponent { .. })));
}

#[test]
fn a_component_that_is_added_leaves_the_others_alone() {
    let installed = ["a", "old"].map(|name| (name.to_string(), "1".to_string())).into();
    let observed = Observed { installed, ..Default::default() };
    let plan = build(&Inputs { only: Some(["b".to_string()].into()), ..inputs(0) }, &observed);
    assert_eq!(plan.subjects(), vec!["cluster", "b"]);
    let find = |wanted: &Step| plan.steps.iter().any(|step| step.step == *wanted);
    assert!(find(&install("b")) && !find(&install("a")) && !find(&Step::WriteKubeconfig));
    assert!(!find(&Step::RemoveComponent { component: "old".into() }));
}

#[test]
fn on_a_cluster_of_others_nothing_is_made_but_what_runs_in_it() {
    let existing = |push: Option<&str>| ExistingCluster { context: "c".into(), push: push.map(Into::into) };
    let plan = |push| build(&Inputs { existing: Some(existing(push)), ..inputs(2) }, &Observed::default());
    let steps = |plan: Plan| plan.steps.into_iter().map(|step| step.step).collect::<Vec<_>>();
    let reach = || Step::ReachCluster { context: "c".into() };
    assert_eq!(steps(plan(None)), [reach(), Step::PreparePlatform, fetch(), install("a"), install("b")]);
    let registry = Step::ReachRegistry { address: "r".into() };
    let expected =
        [reach(), registry, Step::PreparePlatform, mirror("a"), fetch(), install("a"), mirror("b"), install("b")];
    assert_eq!(steps(plan(Some("r"))), expected);
}

#[test]
fn image_bytes_are_told_only_when_all_are_known() {
    let mut observed = Observed::default();
    for reference in [NODE, REGISTRY, "example.org/a:1"] {
        observed.images.insert(reference.into(), image(ImageState::Present { bytes: Some(10) }));
    }
    assert_eq!(build(&inputs(0), &observed).images(), (4, None, None));
    let to_fetch = ImageState::ToFetch { bytes: Some(9), missing: Some(5) };
    observed.images.insert("example.org/b:1".into(), image(to_fetch));
    assert_eq!(build(&inputs(0), &observed).images(), (4, Some(39), Some(5)));
}

#[test]
fn pods_of_a_checkpoint_start_when_all_images_are_there() {
    let plan = build(&Inputs { restores: true, ..inputs(1) }, &Observed::default());
    let needs = |step: &PlannedStep| step.needs.iter().map(|id| plan.steps[*id].step.clone()).collect::<Vec<_>>();
    let start = needs(find(&plan, &Step::StartPods { node: "p-control-plane".into() }));
    for image in ["a", "b"] {
        assert!(start.contains(&mirror(image)), "{start:?}");
    }
    let started = Step::StartPods { node: "p-control-plane".into() };
    // A worker joins by what the controllers sign, and everything that is applied may be judged by a pod.
    for waits in [Step::JoinNode { node: "p-worker".into() }, Step::PreparePlatform, install("a")] {
        assert!(needs(find(&plan, &waits)).contains(&started), "{waits:?}");
    }
    assert!(!plan.steps.iter().any(|step| matches!(step.step, Step::InstallDefaults { .. })));
    assert_eq!(plan.steps.iter().filter(|step| matches!(step.step, Step::MirrorImage { .. })).count(), 2);
}

#[test]
fn a_plan_is_written_with_the_names_of_what_its_steps_own() {
    let plan = build(&inputs(0), &Observed::default());
    let written = serde_json::to_value(&plan.steps).expect("plain data");
    let told = |step: &Step| {
        let at = plan.steps.iter().position(|planned| planned.step == *step).expect("the step");
        written[at].clone()
    };
    let mirrored = told(&mirror("a"));
    assert_eq!((&mirrored["step"], &mirrored["reference"]), (&json!("mirror_image"), &json!("example.org/a:1")));
    assert_eq!(told(&install("a"))["component"], "a");
    let node = Step::ProvideImage { kind: EngineImage::Node, image: image_plan(NODE) };
    assert_eq!((&told(&node)["image"], &told(&node)["reference"]), (&json!("node"), &json!(NODE)));
    assert_eq!(format!("{:?}", install("a")), r#"InstallComponent { component: "a" }"#);
}
