//! A user's own component: added to a platform that runs, kept by `up`, removed with all that belongs to it.

use crate::{portable, shop, upgrade};
use backstack_end_to_end::{Platform, Ran, eventually, step};

const ORDER: &str = "apiVersion: shop.example.dev/v1\nkind: Order\nmetadata: {name: mine, namespace: default, finalizers: [shop.example.dev/never]}\nspec: {item: pen}";

/// A kubeconfig of somebody's.
const OTHER: &str =
    "# mine\napiVersion: v1\nkind: Config\nclusters: []\nusers: [ ]\ncontexts: []\ncurrent-context: 'no'\n";

#[test]
fn a_component_of_one_s_own_comes_and_goes() {
    let platform = Platform::new("added-e2e", 28082, 28445);
    let shop = shop();
    let add = |more: &[&str]| platform.backstack(&[&["stack", "add", &shop], more].concat());

    step("up, and the component");
    let early = add(&[]);
    assert!(early.code == 2 && early.stderr.contains("no platform named `added-e2e`"), "{}", early.stderr);
    platform.up(&["--stack", "minimal"]).succeeded("up");
    let plan = add(&["--plan"]).succeeded("plan").stdout;
    assert!(plan.contains("apply   component shop") && !plan.contains("component traefik"), "{plan}");
    for images in ["auto", "source"] {
        let plan = add(&["--images", images, "--plan", "-o", "json"]).succeeded("plan").stdout;
        assert!(!plan.contains("provide_image"), "what runs keeps its images: {plan}");
    }
    let nowhere = add(&["--images", "registry"]);
    let named = |image| nowhere.stderr.contains(image);
    assert!(nowhere.code == 6 && named("shop") && !named("kindest/node") && !named("registry:"), "{}", nowhere.stderr);
    add(&[]).succeeded("add");
    assert_eq!(platform.get("/shop").succeeded("GET /shop").stdout, "hello\n");
    let again = add(&[]).succeeded("add again");
    assert!(again.stdout.contains("shop unchanged"), "{}", again.stdout);

    step("a parameter, and what `up` and `status` say");
    add(&["--set", "shop.greeting=moin"]).succeeded("add with a parameter");
    // The ingress asks the old pod until it hears that it ends, as CONTRIBUTING says.
    eventually("the new greeting", 10, || platform.get("/shop").stdout == "moin\n");
    let up = platform.up(&[]).succeeded("up");
    assert!(
        up.stdout.contains("2 components unchanged") && up.stderr.contains("Added to the stack"),
        "{}{}",
        up.stdout,
        up.stderr
    );
    let status = platform.backstack(&["status"]).succeeded("status").stdout;
    assert!(status.lines().any(|line| line.contains("shop") && line.contains("(added)")), "{status}");

    step("what it stands on stays, and so does what people made");
    let needed = platform.backstack(&["stack", "remove", "traefik"]);
    assert!(needed.code == 2 && needed.stderr.contains("`shop` stands on it"), "{}", needed.stderr);
    platform.apply(ORDER).succeeded("an order of somebody's");
    let used = platform.backstack(&["stack", "remove", "shop"]);
    assert!(used.code == 2 && used.stderr.contains("Order default/mine"), "{}", used.stderr);

    step("removed with all that belongs to it");
    let removed = platform.backstack(&["stack", "remove", "shop", "--purge"]).succeeded("remove");
    assert!(removed.stdout.contains("finalizers taken off: Order default/mine"), "{}", removed.stdout);
    for (kind, name) in [("namespace", "shop"), ("crd", "orders.shop.example.dev")] {
        assert_ne!(platform.kubectl(&["get", kind, name]).code, 0, "{kind} {name} is still there");
    }
    let nothing = platform.backstack(&["stack", "remove", "shop"]).succeeded("remove again");
    assert!(nothing.stdout.contains("nothing to do"), "{}", nothing.stdout);

    step("a component of the stack is left out, and comes back");
    platform.backstack(&["stack", "remove", "traefik"]).succeeded("remove");
    let up = platform.up(&[]).succeeded("up");
    assert!(up.stderr.contains("Left out of the stack: traefik"), "{}", up.stderr);
    assert_ne!(platform.kubectl(&["get", "namespace", "traefik"]).code, 0, "traefik came back by itself");
    platform.backstack(&["stack", "add", "traefik"]).succeeded("add");
    platform.backstack(&["status"]).succeeded("status");

    upgrade::there_and_back(&platform);
    portable::exported_and_made_from_it(&platform);

    step("down, with its entries in another file than the first of the list");
    let (other, own) = (platform.path("other"), platform.kubeconfig());
    std::fs::write(&other, OTHER).expect("write");
    let list = std::env::join_paths([&other, &own]).expect("a list");
    Ran::from(platform.command(&["down"]).env("KUBECONFIG", list).output().expect("down")).succeeded("down");
    assert_eq!(std::fs::read_to_string(&other).expect("read"), OTHER);
    assert!(!own.exists(), "nothing but our entries was in it: {}", std::fs::read_to_string(&own).unwrap_or_default());
}
