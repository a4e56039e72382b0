//! `up` itself: what it fetches and what it builds, on an engine with nothing in it.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::Value;

use crate::faults;
use crate::is_own;
use crate::world::World;
use backstack_end_to_end::{Ran, step};

const WEBHOOK: &str = "quay.io/jetstack/cert-manager-webhook:v1.21.2";
const CAINJECTOR: &str = "quay.io/jetstack/cert-manager-cainjector:v1.21.2";
const CONTROLLER: &str = "quay.io/jetstack/cert-manager-controller:v1.21.2";
const OPERATOR: &str = "ghcr.io/cloudnative-pg/cloudnative-pg:1.29.1";
const POSTGRES: &str = "ghcr.io/cloudnative-pg/postgresql:17-minimal-trixie";
const METRICS: &str = "metrics-server/metrics-server";

/// Images of the world that a line of the output tells of as built in a registry's place.
fn taken_over(world: &World, ran: &Ran) -> BTreeSet<String> {
    let lines: Vec<_> =
        ran.stdout.lines().chain(ran.stderr.lines()).filter(|line| line.contains("from packages instead")).collect();
    let names = world.images().iter().map(|held| held.reference.to_string());
    names.filter(|name| lines.iter().any(|line| line.contains(name))).collect()
}

fn set(images: &[&str]) -> BTreeSet<String> {
    images.iter().map(|image| (*image).to_string()).collect()
}

/// What is taken over is in an event of its own, and in the summary.
fn told_when_it_happened_and_at_the_end(ran: &Ran, images: &[&str]) {
    let events: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let of = |wanted: &[&str]| {
        let chosen = events.iter().filter(|event| wanted.contains(&event["event"].as_str().unwrap_or_default()));
        chosen.map(Value::to_string).collect::<Vec<_>>()
    };
    let (told, ready) = (of(&["note", "warning"]), of(&["ready"]));
    for image in images {
        let says = |text: &String| text.contains(image) && text.contains("from packages instead");
        assert!(told.iter().any(says), "{image}: {told:#?}");
        assert!(ready.iter().any(says), "{image}: {ready:#?}");
    }
}

#[test]
fn a_small_stack_comes_from_its_registries_and_nothing_is_built() {
    let world = World::of("minimal");
    let node = world.node_image();
    let arguments = ["--stack", "minimal", "--node-image", &node];
    let ran = world.up(&arguments).succeeded("up");
    assert_eq!(taken_over(&world, &ran), set(&[]));
    // What the engine has was pulled: nothing of it is named as what is built here is.
    let images = world.docker(&["image", "ls", "--format", "{{.Repository}}"]).succeeded("image ls").stdout;
    let built = |image: &&str| ["backstack/node", "backstack/registry"].contains(image);
    assert_eq!(images.lines().find(built), None, "{images}");
    assert!(images.lines().any(|image| image.ends_with("kindest/node")), "{images}");
    let traefik = world.requests_of("docker.io").into_iter().filter(|one| one.repository == "library/traefik");
    assert!(traefik.filter(|one| one.what == "blob" && one.status == 200).count() > 0, "{:#?}", world.requests());

    step("what is here is not asked for");
    world.forget();
    world.up(&arguments).succeeded("up again");
    assert!(world.requests().is_empty(), "{:#?}", world.requests());

    step("from the local registry, with every host gone and nothing in the engine but the node's image");
    world.fault("*", faults::nameless());
    world.up(&arguments).succeeded("up without the Internet");
    world.down();
}

#[test]
fn recipes_take_over_in_the_middle_and_what_can_be_waited_for_is() {
    let world = World::of("back");
    world.keep_built(|_| true);
    let stack = world.path("few");
    std::fs::create_dir_all(&stack).expect("folder");
    let names = ["traefik", "cert-manager", "metrics-server", "cloudnative-pg"];
    let components: String = names.iter().map(|name| format!("  - name: {name}\n    from: back\n")).collect();
    let text =
        format!("apiVersion: backstack.dev/v1\nkind: Stack\nname: few\nversion: 0.1.0\ncomponents:\n{components}");
    std::fs::write(stack.join("stack.yaml"), text).expect("stack.yaml");

    world.fault("quay.io", faults::wrong().on("jetstack/cert-manager-webhook").what("blob"));
    world.fault("quay.io", faults::cut(0).on("jetstack/cert-manager-cainjector").what("blob"));
    world.fault("quay.io", faults::limited(None).on("jetstack/cert-manager-controller").what("redirect"));
    world.fault("registry.k8s.io", faults::limited(None).on(METRICS).seconds(20));
    world.fault("ghcr.io", faults::limited(Some("3600")).on("cloudnative-pg/cloudnative-pg").what("redirect"));
    world.fault("ghcr.io", faults::missing().on("cloudnative-pg/postgresql"));
    let stack = stack.display().to_string();
    let ran = world.up(&["--stack", &stack, "--node-image", &world.node_image(), "-o", "json"]).succeeded("up");
    let taken = [WEBHOOK, CAINJECTOR, CONTROLLER, OPERATOR, POSTGRES];
    assert_eq!(taken_over(&world, &ran), set(&taken), "{}", ran.stderr);
    told_when_it_happened_and_at_the_end(&ran, &taken);

    let blobs = |repository: &str| {
        let requests = world.requests().into_iter();
        requests.filter(|one| one.repository == repository && one.what == "blob").collect::<Vec<_>>()
    };
    assert!(blobs(METRICS).iter().any(|one| one.status == 200), "a limit of 20 s is waited for");
    world.down();
}

/// What the wall clock says is printed: how long it may take is for a machine that does nothing else.
#[test]
fn the_whole_stack_is_fetched_while_only_ours_are_built() {
    let world = World::of("back");
    world.keep_built(|held| is_own(&held.reference.to_string()));
    let start = Instant::now();
    let ran = world.up(&["--node-image", &world.node_image()]).succeeded("up");
    eprintln!("the whole stack from registries: {} s", start.elapsed().as_secs());
    let built = taken_over(&world, &ran);
    assert_eq!(built, set(&[]), "our own take nobody's place");
    let functions = world.kubectl(&["get", "functions.pkg.crossplane.io", "-o", "name"]).succeeded("functions").stdout;
    assert!(functions.contains("function-kcl"), "{functions}");
    world.down();
}

/// The machine of a stranger: Internet, and nothing else. Our images were never pushed.
#[test]
#[ignore = "builds our images from packages: ten minutes on two cores; run by hand"]
fn a_stranger_gets_a_platform() {
    let world = World::with_packages("back");
    world.fault("ghcr.io", faults::status(403).on("backstack/*"));
    let start = Instant::now();
    let ran = world.up(&["--node-image", &world.node_image()]).succeeded("up");
    eprintln!("{}\non an empty engine and cache, ours missing: {} s", ran.stderr, start.elapsed().as_secs());
    assert_eq!(taken_over(&world, &ran), set(&[]), "what is not ours is fetched");
    world.backstack(&["status"]).succeeded("status");
    world.down();
}
