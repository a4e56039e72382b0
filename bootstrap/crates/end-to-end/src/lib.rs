//! What the end-to-end tests share: running programs as a user does, and asking the cluster with kubectl in its own node.
//!
//! The tests are those of this crate's `tests` folder. They run the program that `BACKSTACK_BINARY` names, as
//! `scripts/test` does, or else the one that was built beside them.

#![expect(clippy::print_stderr, reason = "long tests tell how far they are")]

pub mod recipes;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A platform of the tests' own, beside any that the user has.
pub struct Platform {
    /// As `--name` has it.
    pub name: &'static str,
    /// Its port for HTTP on this machine.
    pub http_port: u16,
    /// Its port for HTTPS on this machine.
    pub https_port: u16,
    folder: TempDir,
}

/// What a program printed.
pub struct Ran {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the program succeeded.
    pub fn succeeded(self, what: &str) -> Self {
        assert_eq!(self.code, 0, "{what}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Reads its output as JSON, and fails the test if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs any program.
pub fn run(program: &str, arguments: &[impl AsRef<OsStr>]) -> Ran {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}")).into()
}

/// Runs `docker`.
pub fn docker(arguments: &[&str]) -> Ran {
    run("docker", arguments)
}

/// Asks until the answer is yes.
pub fn eventually(what: &str, seconds: u64, mut ask: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !ask() {
        assert!(Instant::now() < deadline, "{what}: not within {seconds} s");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Tells how far a long test is, and how long that took.
pub fn step(name: &str) {
    static START: OnceLock<Instant> = OnceLock::new();
    eprintln!("{:>6} s  {name}", START.get_or_init(Instant::now).elapsed().as_secs());
}

/// Builds `kind` from its Go module; the Go cache makes that seconds.
pub fn build_kind(folder: &Path) -> String {
    let binary = folder.join("kind").display().to_string();
    let module = repository().join("scripts/tools/kind").display().to_string();
    run("go", &["-C", &module, "build", "-o", &binary, "sigs.k8s.io/kind"]).succeeded("go build kind");
    binary
}

/// The folder of the whole repository.
pub fn repository() -> &'static Path {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.nth(3).expect("bootstrap/crates/end-to-end lies three folders down")
}

/// The program in the target folder that this test was built into.
fn built_beside() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
    let program = folder.join("backstack").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is not there: build it (`cargo build --workspace`), or name another in BACKSTACK_BINARY",
        program.display()
    );
    program
}

impl Platform {
    /// A platform of that name and these ports, of which nothing is there yet.
    pub fn new(name: &'static str, http_port: u16, https_port: u16) -> Self {
        let platform = Self { name, http_port, https_port, folder: tempfile::tempdir().expect("temporary folder") };
        // What an earlier run left behind.
        platform.backstack(&["down"]).succeeded("down");
        platform
    }

    /// A path in the test's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The kubeconfig of its own, which every command gets.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// The program under test.
    pub fn binary() -> String {
        std::env::var("BACKSTACK_BINARY").unwrap_or_else(|_| built_beside().display().to_string())
    }

    /// The program under test for this platform, to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Self::binary());
        command.args(arguments).args(["--name", self.name]).env("KUBECONFIG", self.kubeconfig()).stdin(Stdio::null());
        command
    }

    /// Runs the program under test for this platform.
    pub fn backstack(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the program under test").into()
    }

    /// `up` with this platform's ports, from packages.
    pub fn up(&self, arguments: &[&str]) -> Ran {
        let (http, https) = (self.http_port.to_string(), self.https_port.to_string());
        let ports = ["up", "--images", "source", "--http-port", &http, "--https-port", &https];
        self.backstack(&[&ports, arguments].concat())
    }

    /// kubectl as the node has it.
    pub fn kubectl(&self, arguments: &[&str]) -> Ran {
        let node = format!("{}-control-plane", self.name);
        docker(&[&["exec", &node, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"], arguments].concat())
    }

    /// Applies a manifest; the answer is the caller's to judge.
    pub fn apply(&self, manifest: &str) -> Ran {
        let node = format!("{}-control-plane", self.name);
        let script = format!("kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - <<'END'\n{manifest}\nEND");
        docker(&["exec", &node, "sh", "-c", &script])
    }

    /// Fetches a page through the ingress, trusting nothing but the platform's own authority.
    pub fn get(&self, path: &str) -> Ran {
        let ca = self.path("ca.crt");
        if !ca.exists() {
            let pem = self.backstack(&["ca"]).succeeded("ca").stdout;
            std::fs::write(&ca, pem).expect("write the certificate");
        }
        let url = format!("https://localhost:{}{path}", self.https_port);
        let ca = ca.display().to_string();
        run("curl", &["-sS", "--fail-with-body", "-L", "--max-redirs", "3", "--cacert", &ca, &url])
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // A failed test leaves its platform and its pictures for whoever wants to look; the next run begins with `down`.
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
        } else {
            self.backstack(&["down"]);
        }
    }
}
