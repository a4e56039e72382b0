//! Builds for real: packages of every kind become images.
//!
//! Needs apt-get, Go, pip and npm with their registries, compilers for another machine and qemu's emulation of it, so
//! `scripts/test` runs it (feature `real`) and a plain `cargo test` does not.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use backstack::build::{Architecture, BuildError, Builder, BuiltImage, Machine, PackageSource};
use backstack::error::{ExitKind, Explain};
use backstack::images::BlobStore;
use backstack::report::Progress;
use backstack::stack::files::FileTree;
use tempfile::TempDir;

const NEEDS: &str = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\n";

const UUID_MODULE: &str = "module m\n\ngo 1.24\n\nrequire github.com/google/uuid v1.6.0\n";
const UUID_SUMS: &str = "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n\
    github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n";

/// Recipes in a folder.
struct Recipes(TempDir);

impl Recipes {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("temporary folder"))
    }

    fn with(self, file: &str, text: &str) -> Self {
        let path = self.0.path().join(file);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, text).expect("write");
        self
    }

    fn recipe(self, name: &str, layers: &str) -> Self {
        self.with(&format!("{name}/image.yaml"), &format!("{NEEDS}layers:\n{layers}\n"))
    }

    fn tree(&self, name: &str) -> FileTree {
        FileTree::Disk(self.0.path().join(name))
    }
}

fn builder(cache: &Path) -> (Builder, BlobStore) {
    let store = BlobStore::open(cache.join("store")).expect("store");
    (Builder::new(cache, store.clone(), Architecture::host()), store)
}

/// Path -> content (of links: `-> target`) over all layers.
fn files(store: &BlobStore, image: &BuiltImage) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for layer in &image.layers {
        let plain = zstd::decode_all(&store.read(&layer.blob.digest).expect("blob")[..]).expect("zstd");
        for entry in tar::Archive::new(&plain[..]).entries().expect("entries") {
            let mut entry = entry.expect("entry");
            let path = entry.path().expect("path").display().to_string();
            let link = entry.link_name().expect("link").map(|link| format!("-> {}", link.display()).into_bytes());
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("read");
            found.insert(path, link.unwrap_or(content));
        }
    }
    found
}

#[tokio::test]
async fn the_same_recipe_gives_the_same_image_anywhere() {
    let recipes = Recipes::new()
        .with("hello/go.mod", "module hello\n\ngo 1.24\n")
        .with("hello/main.go", "package main\n\nfunc main() { println(\"hello\") }\n")
        .with("hello/greeting", "hi")
        .recipe(
            "hello",
            "  - debian: {suite: trixie, packages: [busybox-static, ca-certificates], without: [debconf, openssl], exclude: [/usr/share/doc/*]}\n  \
               - go: {programs: {/bin/hello: .}}\n  \
               - files: [{path: /etc/greeting, from: greeting}, {path: /bin/sh, link: busybox}]",
        );
    let mut images = Vec::new();
    for _ in 0..2 {
        let cache = tempfile::tempdir().expect("temporary folder");
        let (builder, store) = builder(cache.path());
        let image = builder.build(&recipes.tree("hello"), &Progress::silent()).await.expect("image");
        let found = files(&store, &image);
        assert_eq!(found["bin"], b"-> usr/bin");
        assert_eq!(found["usr/bin/sh"], b"-> busybox");
        assert_eq!(found["etc/greeting"], b"hi");
        assert!(found["usr/bin/hello"].starts_with(b"\x7fELF"));
        assert!(found["etc/ssl/certs/ca-certificates.crt"].starts_with(b"-----BEGIN CERTIFICATE-----"));
        assert!(!found.keys().any(|path| path.starts_with("usr/share/doc/b") || path.contains("openssl")));
        let debian: Vec<_> = image.packages.iter().filter(|package| package.source == PackageSource::Debian).collect();
        assert_eq!(
            debian.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(),
            ["busybox-static", "ca-certificates"]
        );
        let again = builder.cached(&builder.key(&recipes.tree("hello")).expect("key")).expect("cached");
        assert_eq!(again, image);
        std::fs::remove_file(store.path(&image.layers[2].blob.digest)).expect("remove");
        assert_eq!(builder.cached(&image.recipe_key), None);
        assert_eq!(builder.build(&recipes.tree("hello"), &Progress::silent()).await.expect("image"), image);
        images.push(image);
    }
    assert_eq!(images[0], images[1]);
}

#[tokio::test]
async fn a_program_with_c_is_compiled_and_is_the_same_each_time() {
    let main = "package main\n\n// int two(void) { return 2; }\nimport \"C\"\n\nfunc main() { println(C.two()) }\n";
    let recipes = Recipes::new()
        .with("c/go.mod", "module c\n\ngo 1.24\n")
        .with("c/main.go", main)
        .recipe("c", "  - go: {cgo: true, programs: {/two: .}}");
    let mut programs = Vec::new();
    for _ in 0..2 {
        let cache = tempfile::tempdir().expect("temporary folder");
        let (builder, store) = builder(cache.path());
        let image = builder.build(&recipes.tree("c"), &Progress::silent()).await.expect("image");
        programs.push(files(&store, &image).remove("two").expect("program"));
    }
    // The C library is the image's: Go alone would need none.
    assert!(programs[0].windows(9).any(|part| part == b"libc.so.6"));
    assert_eq!(programs[0], programs[1]);
}

/// The architecture that this machine is not, as recipes and as Debian's compilers and qemu call it.
fn other_machine() -> (Architecture, &'static str) {
    match Architecture::host() {
        Architecture::Amd64 => (Architecture::Arm64, "aarch64"),
        Architecture::Arm64 => (Architecture::Amd64, "x86_64"),
    }
}

/// What a program for the other machine prints, when it is emulated with the C library of its compiler.
fn emulated(name: &str, program: &[u8], arguments: &[&str]) -> String {
    use std::os::unix::fs::PermissionsExt;
    let (_, machine) = other_machine();
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join(name);
    std::fs::write(&file, program).expect("write");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("mode");
    let mut qemu = std::process::Command::new(format!("qemu-{machine}"));
    let output = qemu.arg("-L").arg(format!("/usr/{machine}-linux-gnu")).arg(&file).args(arguments).output();
    let output = output.expect("qemu-user");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_gets_programs_of_every_kind() {
    let (other, _) = other_machine();
    let wheel = "markupsafe==3.0.3 \
        --hash=sha256:133a43e73a802c5562be9bbcd03d090aa5a1fe899db609c29e8c8d815c5f6de6 \
        --hash=sha256:ccfcd093f13f0f0b7fdd0f198b90053bf7b2f02a3927a30e63f3ccc9df56b676\n";
    let package = r#"{"name": "addon", "version": "1.0.0", "scripts": {
        "build": "$CC -shared -fPIC -c addon.c -o addon.o && $AR rc addon.a addon.o && $CXX -shared addon.o -o addon.node && echo $npm_config_cpu > cpu"}}"#;
    let lock = r#"{"name": "addon", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {"": {"name": "addon", "version": "1.0.0"}}}"#;
    let recipes = Recipes::new()
        .with("every/go.mod", "module every\n\ngo 1.24\n")
        .with(
            "every/main.go",
            "package main\n\n// int two(void) { return 2; }\nimport \"C\"\n\nfunc main() { println(C.two()) }\n",
        )
        .with("every/requirements.txt", wheel)
        .with("every/addon/package.json", package)
        .with("every/addon/package-lock.json", lock)
        .with("every/addon/addon.c", "int two(void) { return 2; }\n")
        .recipe(
            "every",
            "  - debian: {suite: trixie, packages: [busybox-static]}\n  \
               - go: {cgo: true, programs: {/two: .}}\n  \
               - pypi: {requirements: requirements.txt, python: '3.13', target: /site, exclude: ['/site/*/*.pyi']}\n  \
               - npm: {project: addon, native: true, run: [build], copy: {addon.node: /addon.node, cpu: /cpu}}",
        );
    let cache = tempfile::tempdir().expect("temporary folder");
    let store = BlobStore::open(cache.path().join("store")).expect("store");
    let builder = Builder::new(cache.path(), store.clone(), other);
    let image = builder.build(&recipes.tree("every"), &Progress::silent()).await.expect("image");
    let found = files(&store, &image);
    let programs: Vec<_> = found.iter().filter_map(|(path, file)| Some((path.as_str(), Machine::of(file)?))).collect();
    let names: Vec<_> = programs.iter().map(|(path, _)| path.rsplit('/').next().unwrap_or(path)).collect();
    assert!(names[0] == "addon.node" && names[1].starts_with("_speedups.cpython-313-"), "{names:?}");
    assert_eq!(names[2..], ["two", "busybox"]);
    for (path, machine) in programs {
        assert!(machine.fits(other) && !machine.fits(Architecture::host()), "{path} is for {machine}");
    }
    assert!(found.contains_key("site/markupsafe/py.typed") && !found.keys().any(|path| path.ends_with(".pyi")));
    assert_eq!(
        String::from_utf8_lossy(&found["cpu"]).trim(),
        if other == Architecture::Arm64 { "arm64" } else { "x64" }
    );
    assert_eq!(emulated("two", &found["two"], &[]), "2");
    assert_eq!(emulated("busybox", &found["usr/bin/busybox"], &["echo", "hello"]), "hello");
    let config: serde_json::Value =
        serde_json::from_slice(&store.read(&image.config.digest).expect("blob")).expect("JSON");
    assert_eq!(config["architecture"], other.as_str());
}

#[tokio::test]
async fn without_compilers_for_another_machine_they_are_named() {
    let (other, machine) = other_machine();
    let only_go = tempfile::tempdir().expect("temporary folder");
    let path = std::env::var_os("PATH").expect("PATH");
    let go = std::env::split_paths(&path).map(|folder| folder.join("go")).find(|go| go.is_file()).expect("Go");
    std::os::unix::fs::symlink(go, only_go.path().join("go")).expect("link");
    let recipes = Recipes::new().with("c/go.mod", "module c\n").recipe("c", "  - go: {cgo: true, programs: {/two: .}}");
    let cache = tempfile::tempdir().expect("temporary folder");
    let store = BlobStore::open(cache.path().join("store")).expect("store");
    let builder = Builder::new(cache.path(), store, other).with_tools_in(only_go.path().into());
    let error = builder.build(&recipes.tree("c"), &Progress::silent()).await.expect_err("no compiler");
    assert!(error.to_string().contains(&format!("`{machine}-linux-gnu-gcc` is not installed")), "{error}");
    assert_eq!(error.kind(), ExitKind::Prerequisite);
    assert!(
        error.hints().concat().contains(&format!("g++-{}-linux-gnu", machine.replace('_', "-"))),
        "{:?}",
        error.hints()
    );
}

#[tokio::test]
async fn a_program_for_another_machine_is_refused_unless_the_recipe_says_that_it_belongs_there() {
    let own = std::fs::read(std::env::current_exe().expect("this program")).expect("read");
    let mut foreign = own[..64].to_vec();
    // IBM's mainframes: no machine that images are built for.
    foreign[18..20].copy_from_slice(&22_u16.to_le_bytes());
    let layer = "  - files: [{path: /lib/own, from: own}, {path: /lib/a/foreign, from: foreign}, {path: /lib/b, from: foreign}]";
    let recipes = Recipes::new().recipe("refused", layer).recipe("some", layer).recipe("allowed", layer);
    for (name, allowed) in [("some", "[/lib/b]"), ("allowed", "[/lib/*/foreign, /lib/b]")] {
        let file = recipes.0.path().join(name).join("image.yaml");
        let text = std::fs::read_to_string(&file).expect("recipe");
        std::fs::write(&file, format!("{text}other_machines: {allowed}\n")).expect("write");
    }
    for name in ["refused", "some", "allowed"] {
        std::fs::write(recipes.0.path().join(name).join("own"), &own[..64]).expect("write");
        std::fs::write(recipes.0.path().join(name).join("foreign"), &foreign).expect("write");
    }
    let cache = tempfile::tempdir().expect("temporary folder");
    let (builder, _) = builder(cache.path());
    // What one recipe allows does not help another that has the same layer.
    builder.build(&recipes.tree("allowed"), &Progress::silent()).await.expect("image");
    for (name, others) in [("refused", &["/lib/b (s390)"][..]), ("some", &[])] {
        let error = builder.build(&recipes.tree(name), &Progress::silent()).await.expect_err(name);
        let expected = format!("is for s390, and the image for {}", Architecture::host());
        assert!(
            error.to_string().starts_with("/lib/a/foreign in ") && error.to_string().ends_with(&expected),
            "{error}"
        );
        assert_eq!(error.details(), others);
        assert_eq!(error.kind(), ExitKind::Usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_npm_and_module_files() {
    let six = "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n";
    let package = r#"{"name": "tiny", "version": "1.0.0", "scripts": {"build": "node -p 'require(\"is-number\")(5)' > out.txt && cp deep/README.md readme.txt && test ! -e notes.md"}, "dependencies": {"is-number": "7.0.0"}}"#;
    let lock = r#"{"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
        "": {"name": "tiny", "version": "1.0.0", "dependencies": {"is-number": "7.0.0"}},
        "node_modules/is-number": {"version": "7.0.0", "integrity": "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="}}}"#;
    let recipes = Recipes::new()
        .with("all/requirements.txt", six)
        .with("all/web/package.json", package)
        .with("all/web/package-lock.json", lock)
        .with("all/web/notes.md", "not for the image")
        .with("all/m/go.mod", UUID_MODULE)
        .with(
            "all/m/go.sum",
            UUID_SUMS,
        )
        .recipe(
            "all",
            "  - pypi: {requirements: requirements.txt, python: '3.13', target: /opt/site}\n  \
               - npm: {project: web, exclude: [notes.md], run: [build], copy: {out.txt: /web/out.txt, readme.txt: /web/readme.txt, node_modules: /web/node_modules},\n     \
               go_module_files: [{module: github.com/google/uuid, in_module: m, copy: {'*.md': /deep}}]}\n  \
               - go_module_files: {module: github.com/google/uuid, in_module: m, copy: {'*.md': /docs, LICENSE: /docs}}",
        );
    let mut digests = Vec::new();
    for _ in 0..2 {
        let cache = tempfile::tempdir().expect("temporary folder");
        let (builder, store) = builder(cache.path());
        let image = builder.build(&recipes.tree("all"), &Progress::silent()).await.expect("image");
        let found = files(&store, &image);
        assert_eq!(found["web/out.txt"], b"true\n");
        for path in ["opt/site/six.py", "web/node_modules/is-number/package.json", "docs/README.md", "docs/LICENSE"] {
            assert!(found.contains_key(path), "{path}");
        }
        assert!(!found.keys().any(|path| path.ends_with(".pyc")));
        let packages: Vec<_> = image.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(found["web/readme.txt"], found["docs/README.md"]);
        assert_eq!(packages, ["github.com/google/uuid", "six", "is-number"]);
        digests.push(image.manifest.digest);
        assert!(
            std::fs::read_dir(cache.path().join("tmp")).expect("tmp").flatten().all(|work| {
                !work.path().is_dir() || std::fs::read_dir(work.path()).expect("folder").next().is_none()
            })
        );
    }
    assert_eq!(digests[0], digests[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_several_images_need_is_built_once() {
    let layer = "  - go: {module: ../program, programs: {/program: .}}";
    let recipes = Recipes::new()
        .with("program/go.mod", "module program\n\ngo 1.24\n")
        .with("program/main.go", "package main\n\nfunc main() {}\n")
        .recipe("a", layer)
        .recipe("b", &format!("{layer}\n  - files: [{{path: /x, text: b}}]"));
    let cache = tempfile::tempdir().expect("temporary folder");
    let (builder, store) = builder(cache.path());
    // A second builder stands for another process: they share nothing but the folder.
    let other = Builder::new(cache.path(), store, Architecture::host());
    let (quiet, a, b) = (Progress::silent(), recipes.tree("a"), recipes.tree("b"));
    let (a, b, c) = tokio::join!(builder.build(&a, &quiet), builder.build(&b, &quiet), other.build(&b, &quiet));
    let (a, b, c) = (a.expect("a"), b.expect("b"), c.expect("b again"));
    assert_eq!(a.layers[0], b.layers[0]);
    assert_eq!(b, c);
    assert_ne!(a.manifest.digest, b.manifest.digest);
    assert_eq!(std::fs::read_dir(cache.path().join("layers")).expect("layers").count(), 2);
}

#[tokio::test]
async fn a_file_of_a_module_is_replaced_by_ours() {
    let with = |name: &str, theirs: &str, ours: &str| {
        let replaced = format!("replace_files: {{github.com/google/uuid: {{{theirs}: {ours}}}}}");
        Recipes::new()
            .with(&format!("{name}/go.mod"), UUID_MODULE)
            .with(&format!("{name}/go.sum"), UUID_SUMS)
            .with(&format!("{name}/main.go"), "package main\n\nimport \"github.com/google/uuid\"\n\nfunc main() { println(uuid.Ours, uuid.NewString()) }\n")
            .with(&format!("{name}/ours/dce.go"), "package uuid\n\n// Ours is not theirs.\nconst Ours = \"this-file-is-ours\"\n")
            .recipe(name, &format!("  - go: {{programs: {{/x: .}}, {replaced}}}"))
    };
    let cache = tempfile::tempdir().expect("temporary folder");
    let (builder, store) = builder(cache.path());
    let image =
        builder.build(&with("good", "dce.go", "ours/dce.go").tree("good"), &Progress::silent()).await.expect("image");
    let program = &files(&store, &image)["x"];
    assert!(program.windows(17).any(|part| part == b"this-file-is-ours"), "the program has not our file");
    for (name, theirs, ours, message) in [
        ("theirs", "nothing.go", "ours/dce.go", "the module has no such file"),
        ("ours", "dce.go", "ours/nothing.go", "there is no such file beside go.mod"),
    ] {
        let recipes = with(name, theirs, ours);
        let error: BuildError = builder.build(&recipes.tree(name), &Progress::silent()).await.expect_err(name);
        assert!(error.kind() == ExitKind::Usage && error.to_string().contains(message), "{error}");
    }
}

#[tokio::test]
async fn failures_say_what_to_do() {
    let main = "package main\n\nimport _ \"github.com/google/uuid\"\n\nfunc main() {}\n";
    let recipes = Recipes::new()
        .with("no-sums/go.mod", UUID_MODULE)
        .recipe("no-sums", "  - go: {programs: {/x: .}}")
        .with("empty-sums/go.mod", UUID_MODULE)
        .with("empty-sums/go.sum", "")
        .with("empty-sums/main.go", main)
        .recipe("empty-sums", "  - go: {programs: {/x: .}}")
        .recipe("no-package", "  - debian: {suite: trixie, packages: [no-such-package]}")
        .recipe("no-suite", "  - debian: {suite: no-such-suite, packages: [bash]}");
    let cache = tempfile::tempdir().expect("temporary folder");
    let (builder, _) = builder(cache.path());
    let cases = [
        ("no-sums", ExitKind::Usage, "go.sum", ""),
        ("empty-sums", ExitKind::Image, "go list", "go mod tidy"),
        ("no-package", ExitKind::Image, "no-such-package", "package's name"),
        ("no-suite", ExitKind::Image, "no-such-suite", "suite"),
    ];
    for (name, kind, message, hint) in cases {
        let error: BuildError = builder.build(&recipes.tree(name), &Progress::silent()).await.expect_err(name);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hints().concat().contains(hint), "{error}: {:?}", error.hints());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_build_leaves_nothing_running_and_can_be_repeated() {
    let recipes = Recipes::new()
        .with("p/go.mod", "module p\n\ngo 1.24\n")
        .with("p/main.go", "package main\n\nimport _ \"net/http\"\n\nfunc main() {}\n")
        .recipe("p", "  - go: {programs: {/p: .}}");
    let cache = tempfile::tempdir().expect("temporary folder");
    let (builder, _) = builder(cache.path());
    let tree = recipes.tree("p");
    let started = Instant::now();
    let mine = cache.path().display().to_string();
    let running = || {
        let processes = std::fs::read_dir("/proc").expect("proc").flatten();
        processes
            .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
            .any(|line| String::from_utf8_lossy(&line).contains(&mine))
    };
    let begun = async {
        while !running() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    let progress = Progress::silent();
    // Whichever is first, the other is dropped.
    tokio::select! {
        () = begun => {}
        built = builder.build(&tree, &progress) => panic!("it was done before it was seen to begin: {built:?}"),
    }
    while running() {
        assert!(started.elapsed().as_secs() < 20, "the compiler is still running");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    builder.build(&tree, &Progress::silent()).await.expect("image");
}
