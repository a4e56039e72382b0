//! Plans: where each image comes from, and why, whatever the hosts do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::faults::{self, Fault};
use crate::is_own;
use crate::world::{Request, World};
use backstack_end_to_end::step;

/// So long a plan may wait for hosts that answer after 200 ms each.
const PROMPT: Duration = Duration::from_secs(2);
/// And with silent ones.
const PATIENT: Duration = Duration::from_secs(5);

const QUAY: &str = "quay.io";
const PORTAL: &str = "ghcr.io/backstack/portal:0.1.0";
const GITOPS: &str = "ghcr.io/backstack/gitops:0.1.0";
const KCL: &str = "xpkg.crossplane.io/crossplane-contrib/function-kcl:v0.12.2";
const TEMPLATING: &str = "xpkg.crossplane.io/crossplane-contrib/function-go-templating:v0.12.2";

/// No question was answered twice in the same way.
fn assert_nothing_is_asked_twice(requests: &[Request]) {
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for one in requests {
        *times.entry((&one.host, &one.method, &one.path, &one.repository, one.status)).or_default() += 1;
    }
    // A greeting is no question.
    times.retain(|(_, _, path, _, _), times| *times > 1 && *path != "/v2/");
    assert!(times.is_empty(), "asked more than once: {times:#?}");
}

#[test]
fn every_image_comes_from_its_registry_but_for_our_own() {
    let world = World::to_ask("back");
    world.fault("*", faults::slow(200));
    let plan = world.plan(&["--node-image", &world.node_image()]).made();
    for image in plan.images() {
        if is_own(&image.reference) {
            assert!(image.is_built() && image.why.is_some(), "{image:?}");
        } else {
            assert!(image.is_fetched() && image.why.is_none() && image.bytes.is_some(), "{image:?}");
        }
    }
    assert!(plan.left_out().is_empty(), "functions that only registries have are there: {:?}", plan.left_out());
    let requests = world.requests();
    assert_nothing_is_asked_twice(&requests);
    // Whoever owns our name there could have put anything under it.
    let ours: Vec<_> = requests.iter().filter(|one| one.repository.starts_with("backstack/")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
    let waited = world.waited(&plan);
    assert!(waited < PROMPT, "{waited:?}");

    step("none is built, as asked for");
    world.mend();
    world.forget();
    let plan = world.plan(&["--images", "registry", "--node-image", &world.node_image()]).made();
    assert!(plan.images().iter().all(|image| !image.is_built()), "{:#?}", plan.images());
    assert!(plan.left_out().iter().any(|image| image == PORTAL), "{:?}", plan.left_out());

    step("none is fetched, as asked for");
    world.forget();
    let plan = world.plan(&["--images", "source"]).made();
    assert!(plan.images().iter().all(|image| image.is_built()), "{:#?}", plan.images());
    let without_recipe = world.images().iter().filter(|held| !held.has_recipe);
    assert_eq!(plan.left_out(), without_recipe.map(|held| held.reference.to_string()).collect::<Vec<_>>());
    assert!(world.requests().is_empty(), "{:#?}", world.requests());
}

#[test]
fn our_own_images_are_taken_by_their_digest_alone() {
    let world = World::to_ask("back");
    let (portal, gitops) = (world.image(PORTAL).index.to_string(), world.image(GITOPS).index.to_string());
    let another = world.image("docker.io/library/nginx:1.29.3").index.to_string();

    step("the right digest");
    let stack = world.stack_with_digests(&[(PORTAL, &portal), (GITOPS, &gitops)]);
    let plan = world.plan(&["--stack", &stack]).made();
    assert!(plan.image(PORTAL).is_fetched() && plan.image(GITOPS).is_fetched(), "{:?}", plan.image(PORTAL));
    let asked = world.requests_of("ghcr.io");
    let by_name = |one: &Request| one.repository.starts_with("backstack/") && one.name == "0.1.0";
    assert!(!asked.iter().any(by_name), "{asked:#?}");

    step("a digest that the registry does not have under this name");
    let stack = world.stack_with_digests(&[(PORTAL, &another)]);
    let plan = world.plan(&["--stack", &stack]).made();
    let image = plan.image(PORTAL);
    assert!(image.is_built() && image.why.clone().unwrap_or_default().contains("ghcr.io"), "{image:?}");

    step("something else under the right digest");
    world.fault("ghcr.io", faults::wrong().on("backstack/*").what("manifest"));
    let stack = world.stack_with_digests(&[(PORTAL, &portal)]);
    let plan = world.plan(&["--stack", &stack]).made();
    let image = plan.image(PORTAL);
    assert!(image.is_built() && image.why.clone().unwrap_or_default().contains("digest"), "{image:?}");
}

#[test]
fn a_host_that_fails_is_replaced_by_recipes_and_the_others_are_not() {
    let world = World::to_ask("back");
    let node = world.node_image();
    let table: [(&str, Fault, &str); 13] = [
        ("silent", faults::silent(), ""),
        ("a firewall", faults::dropped(), ""),
        ("nobody listens", faults::refused(), "refused"),
        ("no such name", faults::nameless(), ""),
        ("a certificate of somebody unknown", faults::untrusted(), "certificate"),
        ("a page of the network's own", faults::portal(), ""),
        ("led to a page elsewhere", faults::led_away("https://sign-in.example/"), ""),
        ("no image", faults::missing(), "no such image"),
        ("a sign-in, with a token server that refuses", faults::unauthorised("bearer"), ""),
        ("a sign-in with a password", faults::unauthorised("basic"), ""),
        ("a sign-in that does not say how", faults::unauthorised("none"), ""),
        ("forbidden", faults::status(403), ""),
        ("limited for an hour", faults::limited(Some("3600")), ""),
    ];
    for (name, fault, says) in table {
        step(name);
        world.fault(QUAY, fault);
        let plan = world.plan(&["--node-image", &node]).made();
        plan.assert_only_this_host_is_built(QUAY, says);
        let waited = world.waited(&plan);
        assert!(waited < PATIENT, "{name}: {waited:?}");
        world.mend();
    }
    step("the token server alone is silent");
    world.fault("auth.docker.io", faults::silent());
    // The registry's own image too is from there.
    let plan = world.plan(&["--node-image", &node]);
    let waited = world.waited(&plan);
    assert!(waited < PATIENT, "{waited:?}");
    // The node's image has no other way.
    assert_eq!(plan.ran.code, 6, "{}", plan.told());
    assert!(plan.told().contains("docker.io/kindest/node"), "{}", plan.told());
    world.plan(&[]).made().assert_only_this_host_is_built("docker.io", "");
}

#[test]
fn a_short_rate_limit_is_told_and_waited_for_by_up() {
    let world = World::to_ask("back");
    for after in [None, Some("20")] {
        world.fault(QUAY, faults::limited(after));
        let plan = world.plan(&["--node-image", &world.node_image()]).made();
        let waited = world.waited(&plan);
        assert!(waited < PATIENT, "{waited:?}");
        for image in plan.images().iter().filter(|image| image.reference.starts_with("quay.io/")) {
            assert!(image.why.clone().unwrap_or_default().contains(QUAY), "{image:?}");
        }
        world.mend();
    }
}

#[test]
fn what_no_registry_and_no_recipe_gives_is_left_out_or_an_error() {
    let world = World::to_ask("back");
    step("an image that the platform can do without");
    let without_recipes = |gone: &[&str]| {
        world.changed_stack(|reference, lines| {
            let keep = |line: &&str| !(gone.contains(&reference) && line.trim_start().starts_with("recipe:"));
            lines.lines().filter(keep).map(|line| format!("{line}\n")).collect()
        })
    };
    let stack = without_recipes(&[KCL]);
    world.fault("xpkg.crossplane.io", faults::missing().on("crossplane-contrib/function-kcl"));
    let plan = world.plan(&["--stack", &stack, "--node-image", &world.node_image()]).made();
    assert_eq!(plan.left_out(), [KCL]);
    assert!(plan.image(TEMPLATING).is_fetched());
    world.mend();

    step("images that it cannot do without are told all at once");
    let gone =
        ["quay.io/argoproj/argocd:v3.5.7", "docker.io/library/redis:8.2.3", "docker.io/gitea/gitea:1.27.3-rootless"];
    let stack = without_recipes(&gone);
    world.fault(QUAY, faults::silent());
    world.fault("docker.io", faults::missing().on("gitea/*"));
    world.fault("docker.io", faults::missing().on("library/redis"));
    let plan = world.plan(&["--stack", &stack]);
    assert_eq!(plan.ran.code, 6, "{}", plan.told());
    for image in gone {
        assert!(plan.told().contains(image), "{image}: {}", plan.told());
    }
}
