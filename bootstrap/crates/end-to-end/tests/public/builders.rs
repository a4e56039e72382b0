//! A machine that has Docker and no package tools: images are built in a container that begins as Debian's own image.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use backstack::build::{Architecture, Builder};
use backstack::folders;
use backstack::images::BlobStore;
use backstack::report::Progress;
use backstack::stack::ClusterSpec;

use crate::debian::DEBIAN;
use crate::world::{PROXY, World};
use backstack_end_to_end::{Platform, Ran, eventually, recipes, step};

/// Another distribution than Debian: neither its mirrors nor its keys are here.
const ANOTHER_DISTRIBUTION: &str = r#"
set -e
mount --bind "$1" /etc/os-release
shift
for folder in /etc/apt /usr/share/keyrings /usr/share/debootstrap; do
  [ ! -d "$folder" ] || mount -t tmpfs none "$folder"
done
exec "$@"
"#;
/// A platform with one image of its own, which has something of each kind of layer.
const STACK: &str = "apiVersion: backstack.dev/v1
kind: Stack
name: own
version: 0.1.0
components:
  - name: traefik
    from: back
  - name: own
";
const COMPONENT: &str = "apiVersion: backstack.dev/v1
kind: Component
name: own
version: 1.0.0
description: An image of a user's own.
namespace: own
images:
  own: {reference: 'docker.io/example/own:1', recipe: own}
";
const MANIFEST: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: own}
spec:
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec:
      containers:
        - name: own
          image: ${images.own}
          command: [/usr/bin/busybox, sh, -ec]
          args:
            - |
              b=/usr/bin/busybox
              /bin/hello
              echo \"npm says $($b cat /web/out.txt)\"
              $b ls /docs/LICENSE /opt/site/six.py
              exec $b sleep 100000
";

/// Writes the stack into the world's folder.
fn stack(world: &World) -> String {
    let folder = world.path("own");
    recipes::write(
        &folder,
        &[
            ("stack.yaml", STACK),
            ("components/own/component.yaml", COMPONENT),
            ("components/own/manifests/own.yaml", MANIFEST),
        ],
    );
    recipes::every_kind(&folder.join("components/own/images/own"));
    folder.display().to_string()
}

/// The program under test on a machine with Docker alone.
fn on_a_bare_machine(world: &World, arguments: &[&str]) -> Ran {
    bare_machine(world).args(arguments).output().expect("nsenter").into()
}

fn bare_machine(world: &World) -> Command {
    std::fs::write(world.path("os-release"), "ID=fedora\nVERSION_ID=44\n").expect("write");
    let mut command = world.command("unshare");
    command.args(["--mount", "sh", "-c", ANOTHER_DISTRIBUTION, "sh"]).arg(world.path("os-release"));
    command.arg("/usr/bin/env");
    with_programs(command, world, |program| ["sh", "ls", "nice", "tar"].contains(&program))
}

/// The program under test on a Debian that lacks some programs.
fn on_debian_without(world: &World, programs: &[&str], arguments: &[&str]) -> Ran {
    let mut command = with_programs(world.command("/usr/bin/env"), world, |program| !programs.contains(&program));
    command.args(arguments).output().expect("nsenter").into()
}

fn with_programs(mut env: Command, world: &World, is_there: impl Fn(&str) -> bool) -> Command {
    let folder = world.path("programs");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir(&folder).expect("folder");
    for program in std::fs::read_dir("/usr/bin").expect("/usr/bin").flatten() {
        if program.file_name().to_str().is_some_and(&is_there) {
            symlink(program.path(), folder.join(program.file_name())).expect("link");
        }
    }
    env.arg(format!("PATH={}", folder.display())).arg(Platform::binary()).env("BACKSTACK_NAME", crate::world::NAME);
    env
}

/// The cache holds the layers that the builder's recipe makes, but not the image: making it takes a moment then.
fn keep_layers_of_builder(world: &World) {
    let cluster = ClusterSpec::load().expect("the cluster's images");
    let name = cluster.file.builder.recipe.as_ref().expect("a recipe");
    let recipe = cluster.tree.join(&format!("images/{name}"));
    let cache = folders::cache().unwrap();
    let builder = Builder::new(&cache, BlobStore::open(&cache).expect("the cache"), Architecture::host());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let built = runtime.block_on(builder.build(&recipe, &Progress::silent())).expect("the builder's image");
    for layer in &built.layers {
        world.keep(&format!("blobs/sha256/{}", layer.blob.digest.hex()));
    }
    for layer in std::fs::read_dir(cache.join("layers")).expect("layers").flatten() {
        world.keep(&format!("layers/{}", layer.file_name().to_string_lossy()));
    }
}

/// How often Debian's image was fetched.
fn fetches(world: &World) -> usize {
    let requests = world.requests_of("docker.io").into_iter();
    requests.filter(|one| one.repository == "library/debian" && one.what == "blob" && one.bytes > 1_000_000).count()
}

/// The engine's images that builders were set up in.
fn kept(world: &World) -> Vec<String> {
    let listed = world.docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "backstack/builder"]);
    listed.succeeded("image ls").stdout.lines().map(Into::into).collect()
}

/// The image of the stack's own runs, and has what each of its layers puts there.
fn assert_every_layer_is_there(world: &World) {
    let mut log = String::new();
    eventually("what the image's layers say", 60, || {
        log = world.kubectl(&["logs", "--namespace", "own", "deployment/own"]).stdout;
        log.contains("six.py")
    });
    assert!(log.contains("npm says true") && log.contains("/docs/LICENSE"), "{log}");
}

#[test]
#[ignore = "puts compilers and package tools into a bare Debian: two minutes; run by hand"]
fn a_machine_with_docker_alone_builds_in_a_container_made_from_debians_image() {
    let world = World::with_packages("minimal");
    world.put_debian();
    let stack = stack(&world);
    let node = world.node_image();
    let with_stack = ["--stack", &stack, "--node-image", &node];

    step("what doctor says beforehand");
    let doctor = || {
        let ran = on_a_bare_machine(&world, &[&["doctor"], &with_stack[..]].concat());
        let told = format!("{}{}", ran.stdout, ran.stderr);
        told.lines().find(|line| line.contains("building ")).unwrap_or_else(|| panic!("{told}")).to_string()
    };
    let told = doctor();
    for tool in ["apt-get", "go", "gpgv", "npm", "pip", "python3"] {
        assert!(told.contains(&format!("`{tool}`")), "{tool}: {told}");
    }
    assert!(told.contains(&format!("its image is made from {DEBIAN}")), "{told}");

    step("up");
    let up = || on_a_bare_machine(&world, &[&["up"], &with_stack[..]].concat()).succeeded("up");
    let start = Instant::now();
    up();
    eprintln!("ready, with a builder set up from {DEBIAN}: {} s", start.elapsed().as_secs());
    assert_eq!((fetches(&world), kept(&world).len()), (1, 1), "{:?}", kept(&world));
    assert_every_layer_is_there(&world);
    let containers = world.docker(&["ps", "--quiet", "--filter", "label=dev.backstack.managed=builder"]);
    assert_eq!(containers.succeeded("ps").stdout, "", "the builder stays");

    step("another recipe finds the builder that was kept");
    let hello = Path::new(&stack).join("components/own/images/own/main.go");
    std::fs::write(hello, "package main\n\nfunc main() { println(\"again\") }\n").expect("write");
    let told = doctor();
    assert!(told.contains("its image is here"), "{told}");
    let start = Instant::now();
    up();
    eprintln!("ready again, with the same builder: {} s", start.elapsed().as_secs());
    assert_eq!((fetches(&world), kept(&world).len()), (1, 1), "{:?}", kept(&world));

    step("down --purge leaves nothing of it");
    world.purge();
}

#[test]
fn what_keeps_a_builder_from_being_made_is_told_with_what_to_do() {
    let world = World::of("minimal");
    let (stack, node) = (stack(&world), world.node_image());
    let told = |what: &str| {
        step(what);
        let ran = on_a_bare_machine(&world, &["up", "--stack", &stack, "--node-image", &node]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        ran.stderr.split_once("error: ").unwrap_or_else(|| panic!("{}", ran.stderr)).1.to_string()
    };
    let text = told("docker.io has no such image, and the machine lacks what its recipe needs");
    for part in [DEBIAN, "no builder container can take its place", "404", "that needs ", "`gpgv`", "`docker tag ... "]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    world.put_debian();
    let text = told("it is there, but no mirror of Debian's packages");
    eprintln!("{text}");
    for part in ["its set-up failed", "deb.debian.org", "check the network and the proxy settings"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
#[ignore = "makes a builder by its recipe: a minute and more; run by hand"]
fn where_debians_image_is_not_to_be_had_its_recipe_takes_over() {
    let world = World::with_packages("minimal");
    keep_layers_of_builder(&world);
    let (stack, node) = (stack(&world), world.node_image());
    let start = Instant::now();
    let ran =
        on_debian_without(&world, &["go", "npm"], &["up", "--stack", &stack, "--node-image", &node]).succeeded("up");
    eprintln!("{}\nready, with a builder from its recipe: {} s", ran.stderr, start.elapsed().as_secs());
    let asked = world.requests_of("docker.io").into_iter();
    let answers: Vec<_> = asked
        .filter(|one| one.repository == "library/debian" && one.what == "manifest")
        .map(|one| one.status)
        .collect();
    assert!(answers.contains(&404) && !answers.contains(&200), "{answers:?}");
    assert_eq!(kept(&world).len(), 1, "{:?}", kept(&world));
    assert_every_layer_is_there(&world);
    world.purge();
}

#[test]
#[ignore = "puts compilers and package tools into a bare Debian: two minutes; run by hand"]
fn a_builder_reaches_all_packages_through_a_proxy() {
    let world = World::behind_a_proxy("minimal");
    world.put_debian();
    let (stack, node) = (stack(&world), world.node_image());
    // Tools take an address without a scheme, or do not.
    let proxies = [("HTTP_PROXY", PROXY), ("HTTPS_PROXY", PROXY), ("NO_PROXY", "docker.io, localhost, 127.0.0.1")];
    let arguments = ["up", "--stack", &stack, "--node-image", &node];
    let mut command = bare_machine(&world);
    let ran: Ran = command.envs(proxies).args(arguments).output().expect("nsenter").into();
    ran.succeeded("up");
    assert_every_layer_is_there(&world);
    let through: BTreeSet<_> =
        world.requests().into_iter().filter(|one| one.path == "(proxy)" && one.bytes > 0).map(|one| one.host).collect();
    for host in ["deb.debian.org", "pypi.org", "proxy.golang.org", "registry.npmjs.org"] {
        assert!(through.contains(host), "{host}: {through:?}");
    }
    world.purge();
}
