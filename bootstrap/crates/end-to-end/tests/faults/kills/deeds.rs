//! The commands: what is so before, what may be found after one that did not come to its end, what is so afterwards.

use std::fmt;
use std::time::Duration;

use super::scene::{CHECKPOINT, Scene};
use crate::containers;
use backstack_end_to_end::Ran;

/// What `upgrade` leaves, by the version of the stack `minimal`.
const WAY_BACK: &str = "before-upgrade-0-1-0";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// `up` where nothing is.
    New,
    /// `up` that changes something.
    Up,
    Checkpoint,
    Reset,
    Bundle,
    Upgrade,
    Stop,
    Start,
    Down,
}

/// What is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    Before,
    /// Some of both: only what the same command again sets right.
    Between,
    After,
}

impl Deed {
    pub(super) const ALL: [Self; 9] = [
        Self::New,
        Self::Up,
        Self::Checkpoint,
        Self::Reset,
        Self::Bundle,
        Self::Upgrade,
        Self::Stop,
        Self::Start,
        Self::Down,
    ];

    /// How long it takes, roughly, where that is not measured.
    pub(super) fn usual(self) -> Duration {
        Duration::from_millis(match self {
            Self::New => 20_000,
            Self::Up | Self::Bundle => 2_000,
            Self::Checkpoint => 400,
            Self::Reset | Self::Upgrade => 4_000,
            Self::Stop | Self::Down => 1_000,
            Self::Start => 8_000,
        })
    }

    /// Whether there is a node all the time.
    pub(super) fn has_a_node(self) -> bool {
        matches!(self, Self::Up | Self::Checkpoint | Self::Reset | Self::Bundle | Self::Upgrade)
    }

    /// Makes what is so before.
    pub(super) fn prepare(self, scene: &mut Scene<'_>) {
        match self {
            Self::New => drop(scene.platform.backstack(&["down"]).succeeded("down")),
            Self::Start if scene.state() == "exited" => {}
            _ => scene.be_there(),
        }
        // A new platform has the component as it was until now.
        scene.round += 1;
        match self {
            Self::Start => drop(scene.platform.backstack(&["stop"]).succeeded("stop")),
            Self::Upgrade => scene.write_component(),
            Self::Reset => make_a_mess(scene),
            _ => {}
        }
    }

    pub(super) fn arguments(self, scene: &Scene<'_>) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match self {
            Self::New => scene.up(&["--stack", "minimal"]),
            Self::Up => scene.up(&["--set", &format!("kept.word=word-{}", scene.round)]),
            Self::Checkpoint => words(&["checkpoint", "create", &made(scene)]),
            Self::Reset => words(&["reset", "--to", CHECKPOINT, "--yes"]),
            Self::Bundle => {
                let file = bundle(scene).display().to_string();
                words(&["bundle", "create", "--stack", "minimal", "--images", "source", "--file", &file])
            }
            Self::Upgrade => words(&["upgrade", "--yes"]),
            Self::Stop => words(&["stop"]),
            Self::Start => words(&["start"]),
            Self::Down => words(&["down"]),
        }
    }

    /// Looks what is so. A platform whose API does not answer, where it should, is none of these.
    pub(super) fn found(self, scene: &Scene<'_>) -> Found {
        match self {
            Self::New => of(containers().is_empty(), scene.status().0 == 0),
            Self::Up => of(scene.word("word") != word(scene), scene.word("word") == word(scene)),
            Self::Checkpoint => {
                let there = scene.checkpoints().contains(&made(scene));
                of(!there, there)
            }
            Self::Reset => {
                let mess = mess(scene);
                of(mess.iter().all(|made| *made), mess.iter().all(|made| !made))
            }
            Self::Bundle => of(!bundle(scene).exists(), bundle(scene).exists()),
            Self::Upgrade => upgraded(scene),
            Self::Stop => of(scene.state() == "running", scene.state() == "exited"),
            Self::Start => of(scene.state() == "exited", scene.state() == "running" && scene.status().0 == 0),
            Self::Down => of(scene.state() == "running", containers().is_empty()),
        }
    }

    /// Judges the same command again. What makes a thing of a name says where it is made already.
    pub(super) fn completes(self, found: Found, again: Ran) {
        if found == Found::After && matches!(self, Self::Checkpoint | Self::Bundle) {
            assert!(again.code != 0 && again.stderr.contains("already"), "{}: {}", again.code, again.stderr);
        } else {
            again.succeeded(&format!("{self}, once more"));
        }
    }

    /// What is so in the end.
    pub(super) fn is_done(self, scene: &mut Scene<'_>) {
        match self {
            Self::New => scene.furnish(),
            Self::Up => assert_eq!(scene.word("word"), word(scene)),
            Self::Checkpoint => checkpoint_is_whole(scene),
            Self::Reset => {
                assert_eq!(mess(scene), [false; 4]);
                scene.in_holder(&["test", "!", "-e", "/files/since"]).succeeded("the volume is as it was");
            }
            Self::Bundle => {
                let file = bundle(scene);
                scene.platform.backstack(&["bundle", "verify", &file.display().to_string()]).succeeded("verify");
                let folder = std::fs::read_dir(file.parent().expect("a folder")).expect("its folder");
                assert_eq!(folder.count(), 1, "something is left beside {}", file.display());
                std::fs::remove_file(file).expect("remove");
            }
            Self::Upgrade => upgraded_and_back(scene),
            Self::Stop => return assert_eq!(scene.state(), "exited"),
            Self::Start => {}
            Self::Down => {
                assert_eq!(containers(), "");
                let text = std::fs::read_to_string(scene.platform.kubeconfig()).expect("the kubeconfig");
                return assert!(!text.contains("kind-faults"), "{text}");
            }
        }
        let (code, status) = scene.status();
        assert_eq!(code, 0, "{status:#}");
    }
}

fn of(before: bool, after: bool) -> Found {
    match (before, after) {
        (true, _) => Found::Before,
        (false, true) => Found::After,
        (false, false) => Found::Between,
    }
}

fn word(scene: &Scene<'_>) -> String {
    format!("word-{}", scene.round)
}

/// The checkpoint of this round.
fn made(scene: &Scene<'_>) -> String {
    format!("made-{}", scene.round)
}

fn bundle(scene: &Scene<'_>) -> std::path::PathBuf {
    let folder = scene.platform.path("bundles");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join("made.bundle")
}

/// Something of each sort that a reset takes back.
fn make_a_mess(scene: &Scene<'_>) {
    for name in ["since-a", "since-b"] {
        scene.platform.kubectl(&["create", "configmap", name, "-n", "kept"]).succeeded("an object that is new");
    }
    scene.platform.kubectl(&["delete", "configmap", "word", "-n", "kept"]).succeeded("an object that is gone");
    scene.platform.kubectl(&["label", "namespace", "kept", "since=now"]).succeeded("an object that is changed");
    scene.in_holder(&["touch", "/files/since"]).succeeded("a file that is new");
}

/// What of that is still there.
fn mess(scene: &Scene<'_>) -> [bool; 4] {
    let maps = scene.names("configmaps");
    let has = |name: &str| maps.iter().any(|map| map == name);
    let label = ["get", "namespace", "kept", "-o", "jsonpath={.metadata.labels.since}"];
    let labelled = !scene.platform.kubectl(&label).succeeded("get").stdout.is_empty();
    [has("since-a"), has("since-b"), !has("word"), labelled]
}

fn checkpoint_is_whole(scene: &Scene<'_>) {
    scene.in_holder(&["true"]).succeeded("what has volumes is not frozen");
    let name = made(scene);
    let shown = scene.platform.backstack(&["checkpoint", "show", &name, "-o", "json"]).succeeded("show").json();
    assert!(shown["volumes"] == 1 && shown["objects"]["Secret"].as_u64() > Some(0), "{shown}");
    scene.platform.backstack(&["checkpoint", "delete", &name, "--yes"]).succeeded("delete");
}

fn upgraded(scene: &Scene<'_>) -> Found {
    let unfinished = !scene.status().1["upgrade"]["unfinished"].is_null();
    let is_new = scene.word("version") == scene.version();
    of(!is_new && !unfinished, is_new && !unfinished)
}

/// It is through, and the checkpoint has what was before, wherever the first try ended.
fn upgraded_and_back(scene: &Scene<'_>) {
    assert_eq!(upgraded(scene), Found::After);
    scene.platform.backstack(&["reset", "--to", WAY_BACK, "--yes"]).succeeded("the way back");
    assert_eq!(upgraded(scene), Found::Before);
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "up (new)",
            Self::Up => "up (changed)",
            Self::Checkpoint => "checkpoint create",
            Self::Reset => "reset",
            Self::Bundle => "bundle create",
            Self::Upgrade => "upgrade",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Down => "down",
        })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "as before",
            Self::Between => "in between",
            Self::After => "as afterwards",
        })
    }
}
