//! A machine on the Internet, played: `scripts/tools/public-registries` makes a network of its own, in which each
//! registry host answers by its name, and an engine with nothing in it. The program under test runs in there.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use backstack::images::Registry;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::faults::Fault;
use crate::fill::{Content, Filler, Held, Named};
use crate::planned::Planned;
use backstack_end_to_end::{Platform, Ran};

/// The platform's name in there.
pub(crate) const NAME: &str = "played";

/// A company's proxy in there, where there is one.
pub(crate) const PROXY: &str = "198.18.0.1:3128";

pub(crate) struct World {
    ready: Ready,
    images: Vec<Held>,
    faults: RefCell<Vec<Value>>,
    /// Where the requests that count begin.
    from: Cell<usize>,
    tool: Child,
    /// The tool ends when this is closed.
    leash: Option<ChildStdin>,
    folder: TempDir,
}

/// What the tool says when it is ready.
#[derive(Deserialize)]
struct Ready {
    net: String,
    mount: String,
    registry: u16,
    engine: String,
    authorities: String,
}

/// A request that was made, as the tool wrote it down.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    pub host: String,
    pub registry: String,
    pub method: String,
    pub path: String,
    pub repository: String,
    pub what: String,
    pub name: String,
    pub status: u16,
    pub bytes: u64,
    pub note: String,
    pub user_agent: String,
}

/// Builds the tool from its Go module, once; the Go cache makes that seconds.
fn tool() -> &'static Path {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-registries");
        let module = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/tools/public-registries");
        let output = binary.display().to_string();
        backstack_end_to_end::run("go", &["-C", module, "build", "-o", &output, "."])
            .succeeded("go build public-registries");
        binary
    })
}

impl World {
    /// The public hosts with every image that a stack names, and an engine and a cache with nothing in them. Nothing
    /// else of the Internet is there.
    pub(crate) fn of(stack: &str) -> Self {
        Self::with(stack, Content::Programs, &[])
    }

    /// The same, but that the images hold nothing that runs: for plans.
    pub(crate) fn to_ask(stack: &str) -> Self {
        Self::with(stack, Content::Bytes, &[])
    }

    /// As [`World::of`], with the rest of the Internet as this machine has it: for packages.
    pub(crate) fn with_packages(stack: &str) -> Self {
        Self::with(stack, Content::Programs, &["--outside"])
    }

    /// The same, but that the rest of the Internet is behind a proxy, at [`PROXY`].
    pub(crate) fn behind_a_proxy(stack: &str) -> Self {
        Self::with(stack, Content::Programs, &["--proxy"])
    }

    /// As [`World::with_packages`], and who signs in as this `USER:PASSWORD` may push.
    pub(crate) fn publishing(stack: &str, publisher: &str) -> Self {
        Self::with(stack, Content::Programs, &["--outside", "--publisher", publisher])
    }

    fn with(stack: &str, content: Content, options: &[&str]) -> Self {
        // Beside the cache, as far as can be told: the registry's blobs are links then.
        let folder = tempfile::Builder::new().prefix("played-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.expect("temporary folder");
        let named = Named::by(stack);
        let mut command = Command::new(tool());
        command.arg("--engine").args(options).arg("--folder").arg(folder.path());
        for host in named.hosts() {
            command.args(["--host", &host]);
        }
        let mut tool = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("public-registries");
        let leash = tool.stdin.take();
        let mut line = String::new();
        let stdout = tool.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("read");
        let ready: Ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("public-registries: {error}"));
        let filler = filler(&ready, folder.path());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let images = runtime.block_on(filler.fill(&named, content));
        let world = Self { ready, images, faults: RefCell::default(), from: Cell::new(0), tool, leash, folder };
        world.put_definitions(&named);
        for folder in ["cache", "docker", "state", "home"] {
            std::fs::create_dir_all(world.path(folder)).expect("a folder");
        }
        std::fs::write(world.path("config.yaml"), "{}\n").expect("no settings");
        world
    }

    /// A path in the world's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How to get in there, for programs that are no tests.
    pub(crate) fn to_enter(&self) -> Value {
        json!({
            "net": self.ready.net, "mount": self.ready.mount, "engine": self.ready.engine,
            "authority": self.path("ca.pem"), "authorities": self.ready.authorities, "folder": self.folder.path(),
            "node_image": self.node_image(),
        })
    }

    /// Puts Debian's own image there, which no stack names.
    pub(crate) fn put_debian(&self) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(crate::debian::put(&filler(&self.ready, self.folder.path())));
    }

    /// What upstream's releases are asked for beside images lies in Go modules too.
    fn put_definitions(&self, named: &Named) {
        let mut modules = std::collections::BTreeMap::new();
        for (_, module, _) in &named.definitions {
            modules.entry(module.as_str()).or_insert_with(|| {
                let answer =
                    backstack_end_to_end::run("go", &["mod", "download", "-json", module]).succeeded("go mod download");
                PathBuf::from(answer.json()["Dir"].as_str().expect("a folder"))
            });
        }
        let files: serde_json::Map<_, _> = named
            .definitions
            .iter()
            .map(|(address, module, path)| (address.clone(), json!(modules[module.as_str()].join(path))))
            .collect();
        std::fs::write(self.path("files.json"), Value::Object(files).to_string()).expect("write");
    }

    pub(crate) fn images(&self) -> &[Held] {
        &self.images
    }

    pub(crate) fn image(&self, reference: &str) -> &Held {
        let found = self.images.iter().find(|held| held.reference.to_string() == reference);
        found.unwrap_or_else(|| panic!("no public host has {reference}"))
    }

    /// The node image as the played host has it. The stack pins the real one, which no recipe makes.
    pub(crate) fn node_image(&self) -> String {
        let held =
            self.images.iter().find(|held| held.reference.repository() == "kindest/node").expect("the node image");
        format!("{}@{}", held.reference, held.index)
    }

    /// From now on this goes wrong there, too. What was said first counts first.
    pub(crate) fn fault(&self, host: &str, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        let id = faults.len();
        faults.push(fault.line(host, id));
        self.tell(&faults);
    }

    /// All hosts are well again.
    pub(crate) fn mend(&self) {
        self.faults.borrow_mut().clear();
        self.tell(&[]);
    }

    fn tell(&self, faults: &[Value]) {
        let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).expect("a file");
        file.write_all(json!(faults).to_string().as_bytes()).expect("write");
        file.persist(self.path("faults.json")).expect("rename");
    }

    /// What the hosts were asked, in the order in which it was answered.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let text = std::fs::read_to_string(self.path("requests.jsonl")).expect("requests.jsonl");
        let lines = text.lines().skip(self.from.get());
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// What one registry was asked, at its name or at those that it leads to.
    pub(crate) fn requests_of(&self, host: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|one| one.registry == host || one.host == host).collect()
    }

    /// Earlier requests do not count any more.
    pub(crate) fn forget(&self) {
        self.from.set(self.from.get() + self.requests().len());
    }

    /// A program in the world.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.ready.net)).arg(format!("--mount={}", self.ready.mount));
        command.arg("--").arg(program).stdin(Stdio::null());
        // What the user of the machine has is nobody's business here: settings, sign-ins, caches.
        command
            .env("DOCKER_HOST", &self.ready.engine)
            .env("DOCKER_CONFIG", self.path("docker"))
            .env("SSL_CERT_FILE", &self.ready.authorities)
            .env("BACKSTACK_CACHE", self.path("cache"))
            .env("BACKSTACK_STATE", self.path("state"))
            .env("BACKSTACK_CONFIG", self.path("config.yaml"))
            .env("KUBECONFIG", self.path("kubeconfig"))
            .env_remove("DOCKER_CONTEXT");
        for variable in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"] {
            command.env_remove(variable).env_remove(variable.to_lowercase());
        }
        command
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        self.command(program).args(arguments).output().expect("nsenter").into()
    }

    /// The program under test.
    pub(crate) fn backstack(&self, arguments: &[&str]) -> Ran {
        self.command(&Platform::binary()).args(arguments).args(["--name", NAME]).output().expect("nsenter").into()
    }

    pub(crate) fn up(&self, arguments: &[&str]) -> Ran {
        self.backstack(&[&["up"], arguments].concat())
    }

    /// What `up` would do, and how long it took to find out; whether this machine has room for it is no matter here.
    pub(crate) fn plan(&self, arguments: &[&str]) -> Planned {
        let start = Instant::now();
        let ran = self.up(&[&["--plan", "--skip-checks", "-o", "json"], arguments].concat());
        Planned::new(ran, start.elapsed())
    }

    /// How much longer a plan took than one that asks nobody: what this machine itself is busy with is no matter.
    pub(crate) fn waited(&self, plan: &Planned) -> Duration {
        let alone = self.plan(&["--images", "source"]).made();
        plan.took.saturating_sub(alone.took)
    }

    /// The cache holds what these recipes build, as after an earlier run, and nothing else.
    pub(crate) fn keep_built(&self, is_kept: impl Fn(&Held) -> bool) {
        for held in self.images.iter().filter(|held| held.has_recipe && is_kept(held)) {
            let built = held.built.as_ref().expect("a world of programs");
            self.keep(&format!("images/{}.json", built.recipe_key.hex()));
            for blob in built.blobs() {
                self.keep(&format!("blobs/sha256/{}", blob.digest.hex()));
            }
        }
    }

    /// The cache holds this file of the machine's own.
    pub(crate) fn keep(&self, path: &str) {
        let (from, to) = (backstack::folders::cache().unwrap().join(path), self.path("cache").join(path));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("folder");
        if !to.exists() {
            std::fs::hard_link(&from, &to)
                .or_else(|_| std::fs::copy(&from, &to).map(drop))
                .unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }

    /// The stack `back` in a folder of its own, with each image's lines of `component.yaml` as `change` wants them:
    /// it gets the reference and the lines below it.
    pub(crate) fn changed_stack(&self, change: impl Fn(&str, &str) -> String) -> String {
        // With the folder beside it, whose module its own images share.
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../stacks"), self.path("stacks"));
        drop(std::fs::remove_dir_all(&to));
        let (source, target) = (from.display().to_string(), to.join("back").display().to_string());
        backstack_end_to_end::run("cp", &["-rL", &source, &to.display().to_string()]).succeeded("cp");
        for component in std::fs::read_dir(to.join("back/components")).expect("components").flatten() {
            let path = component.path().join("component.yaml");
            let text = std::fs::read_to_string(&path).expect("component.yaml");
            std::fs::write(&path, changed_images(&text, &change)).expect("write");
        }
        target
    }

    /// The stack `back` with digests for some of its images.
    pub(crate) fn stack_with_digests(&self, digests: &[(&str, &str)]) -> String {
        self.changed_stack(|reference, lines| match digests.iter().find(|(of, _)| *of == reference) {
            Some((_, digest)) => format!("    digest: {digest}\n{lines}"),
            None => lines.into(),
        })
    }

    /// What was made in the engine is taken away, but for images.
    pub(crate) fn down(&self) {
        self.backstack(&["down"]).succeeded("down");
    }

    /// The engine and the cache have nothing in them again.
    pub(crate) fn purge(&self) {
        self.backstack(&["down", "--purge", "--yes"]).succeeded("down --purge");
        let images = self.docker(&["image", "ls", "--quiet"]).succeeded("image ls").stdout;
        assert_eq!(images, "", "down --purge leaves images in the engine");
    }

    /// `docker` in the world.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Ran {
        self.run("docker", arguments)
    }

    /// kubectl as the node has it.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Ran {
        let node = format!("{NAME}-control-plane");
        self.docker(&[&["exec", &node, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"], arguments].concat())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the world's folder is kept: {}", self.folder.path().display());
            self.folder.disable_cleanup(true);
        }
        drop(self.leash.take());
        let deadline = Instant::now() + Duration::from_secs(90);
        while matches!(self.tool.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                drop(self.tool.kill());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn filler(ready: &Ready, folder: &Path) -> Filler {
    Filler::new(Registry::at_port(ready.registry).expect("a client"), folder.join("registry"))
}

/// A component.yaml with other lines below the references of images.
fn changed_images(text: &str, change: impl Fn(&str, &str) -> String) -> String {
    let (mut changed, mut lines) = (String::new(), text.lines().peekable());
    while let Some(line) = lines.next() {
        changed.push_str(line);
        changed.push('\n');
        let Some(reference) = line.strip_prefix("    reference: ") else { continue };
        let mut below = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
            below.push_str(line);
            below.push('\n');
        }
        changed.push_str(&change(reference, &below));
    }
    changed
}
