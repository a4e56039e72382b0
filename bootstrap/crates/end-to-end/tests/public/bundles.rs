//! A platform out of one file: nothing is asked for, nothing is built.

use serde_json::Value;

use crate::faults;
use crate::world::World;
use backstack_end_to_end::step;

#[test]
fn a_platform_comes_from_one_file_with_every_host_gone() {
    let world = World::of("minimal");
    let (node, file) = (world.node_image(), world.path("minimal.bundle").display().to_string());
    let arguments = ["--stack", "minimal", "--node-image", &node];
    step("from the registries into a file, without an engine's help");
    let create = [&["bundle", "create", "--file", &file], &arguments[..]].concat();
    world.backstack(&create).succeeded("bundle create");
    world.backstack(&["bundle", "verify", &file]).succeeded("bundle verify");
    let shown = world.backstack(&["bundle", "inspect", &file, "-o", "json"]).succeeded("bundle inspect").json();
    let references: Vec<_> = shown["images"].as_array().expect("images").iter().map(|it| &it["reference"]).collect();
    assert!(references.iter().any(|it| it.as_str().is_some_and(|it| it.contains("traefik"))), "{references:?}");
    assert!(world.docker(&["image", "ls", "-q"]).succeeded("image ls").stdout.is_empty());
    let again = world.backstack(&create);
    assert_eq!((again.code, again.stderr.contains("already")), (2, true), "{}", again.stderr);

    step("every host is gone, the cache is empty, and the file is in pieces");
    world.fault("*", faults::nameless());
    std::fs::remove_dir_all(world.path("cache")).expect("remove");
    world.forget();
    let split = world.backstack(&["bundle", "split", &file, "--size", "200MB", "-o", "json"]).succeeded("split");
    let pieces = split.json()["pieces"].as_array().expect("pieces").clone();
    assert!(pieces.len() > 1, "{pieces:?}");
    let whole = std::fs::read(&file).expect("the bundle");
    std::fs::remove_file(&file).expect("remove");
    let first = pieces[0].as_str().expect("a path").to_string();
    let from_file = ["--bundle", &first, "--node-image", &node];
    let plan = world.plan(&from_file).made();
    assert!(plan.images().iter().all(|image| image.action == "create"), "{:#?}", plan.images());
    world.up(&from_file).succeeded("up --bundle");
    world.up(&from_file).succeeded("up --bundle again");
    world.purge();

    step("what is hurt, and what is not in it, is named");
    damaged(&world, whole, &node);
    std::fs::rename(world.path("whole"), &file).expect("rename");
    let other = world.plan(&["--stack", "back", "--bundle", &file, "--node-image", &node]);
    assert_eq!(other.ran.code, 6, "{}", other.told());
    for words in ["quay.io/argoproj/argocd", &file, "does not have it"] {
        assert!(other.told().contains(words), "{words}: {}", other.told());
    }
    assert!(world.requests().is_empty(), "{:#?}", world.requests());
}

/// A byte in the middle of the largest blob is another one.
fn damaged(world: &World, mut bytes: Vec<u8>, node: &str) {
    std::fs::write(world.path("whole"), &bytes).expect("write");
    let middle = bytes.len() - bytes.len() / 8;
    bytes[middle] ^= 1;
    let hurt = world.path("hurt.bundle").display().to_string();
    std::fs::write(&hurt, &bytes).expect("write");
    let verified = world.backstack(&["bundle", "verify", &hurt, "-o", "json"]);
    assert_eq!(verified.code, 6, "{}", verified.stderr);
    let told: Value = verified.json();
    assert!(told["details"][0].as_str().is_some_and(|line| line.starts_with("sha256:")), "{told}");
    let up = world.up(&["--bundle", &hurt, "--node-image", node]);
    assert_ne!(up.code, 0, "a damaged bundle made a platform: {}", up.stdout);
    assert!(up.stderr.contains("hurt.bundle"), "{}", up.stderr);
    world.purge();
}
