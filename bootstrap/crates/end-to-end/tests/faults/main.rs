//! What goes wrong on real machines, done to the real thing: nothing of the user's is lost, every end says why, and
//! the next run goes on.
//!
//! ```text
//! refused      told before anything is made: ports, names, kubeconfig
//! stopped      the program or the engine ends in the middle, at every step
//! kills        ... every command, at random moments
//! broken       components that cannot run, and what becomes of them once they are mended
//! full         disks without room
//! running      the program under test while it runs: its events, and ways to end it
//! disk         small disks, and such that may not be written
//! wire         a connection to the engine that can be cut
//! ```
//!
//! All of them use one platform's name and ports, so they take turns.

#![allow(clippy::print_stderr, reason = "long tests tell how far they are")]

mod broken;
mod disk;
mod full;
mod kills;
mod refused;
mod running;
mod stopped;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

use backstack_end_to_end::Platform;

pub(crate) const HTTP: u16 = 18080;
pub(crate) const HTTPS: u16 = 18443;

/// A kubeconfig that was there before, with things in it that we know nothing of.
pub(crate) const OTHERS: &str = "\
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: work
  cluster: {server: 'https://work.example', insecure-skip-tls-verify: true, x-team: blue}
contexts:
- name: work
  context: {cluster: work, user: me, namespace: mine}
users:
- name: me
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: login, args: ['--very', 'quiet']}}
current-context: work
extensions: [{name: own, extension: {a: 1}}]
";

static TURN: Mutex<()> = Mutex::new(());

/// The platform of these tests, with a kubeconfig that belongs to somebody already.
pub(crate) fn platform() -> (Platform, MutexGuard<'static, ()>) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let platform = Platform::new("faults", HTTP, HTTPS);
    std::fs::write(platform.kubeconfig(), OTHERS).expect("write the kubeconfig");
    (platform, turn)
}

/// Everything in the kubeconfig but our own entries and the choice of context is as it was.
pub(crate) fn assert_others_are_kept(platform: &Platform) {
    let text = std::fs::read_to_string(platform.kubeconfig()).expect("the kubeconfig");
    let plain = |text: &str| {
        let mut config: serde_json::Value =
            serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        for list in ["clusters", "contexts", "users"] {
            config[list].as_array_mut().expect("a list").retain(|item| item["name"] != "kind-faults");
        }
        config["current-context"] = "".into();
        config
    };
    assert_eq!(plain(&text), plain(OTHERS));
    let lock = platform.path("kubeconfig.lock");
    assert!(!lock.exists(), "{} was left behind", lock.display());
}

/// Names of the platform's containers, running or not.
pub(crate) fn containers() -> String {
    backstack_end_to_end::docker(&["ps", "-a", "--format", "{{.Names}}", "--filter", "name=^faults-"])
        .succeeded("docker ps")
        .stdout
}
