//! The course: a step that is not done does not pass, one that is solved does, and a reset leads back to its beginning. And
//! tracks from their first step to their last.

use std::process::Command;

use serde_json::Value;

use backstack_end_to_end::{Platform, eventually, step};

/// Tracks as somebody goes through them who has every step done: its check fails before, and holds after.
pub(crate) fn solved_from_end_to_end(platform: &Platform, tracks: &[&str]) {
    step(&format!("tracks of the course: {}", tracks.join(", ")));
    let mut tool = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/tools/workshop/run"));
    tool.args(tracks).env("BACKSTACK_NAME", platform.name).env("BACKSTACK_BINARY", Platform::binary());
    tool.env("KUBECONFIG", platform.kubeconfig());
    assert!(tool.status().expect("the script").success(), "the tracks {tracks:?}");
}

/// A check that looks once: its exit code, and what was said.
fn looked(platform: &Platform) -> (i32, Value) {
    let ran = platform.backstack(&["workshop", "check", "--now", "-o", "json"]);
    (ran.code, ran.json())
}

/// The step of a track that asks for something that a reader makes, and its number.
fn made(track: &Value) -> (usize, String) {
    let steps = track["steps"].as_array().expect("steps");
    let makes = |step: &&Value| {
        let checks = step["checks"].as_array().expect("checks");
        checks
            .iter()
            .all(|check| matches!(check["check"].as_str(), Some("object" | "healthy" | "git" | "pull_request")))
    };
    let (number, found) = (0..).zip(steps).find(|(_, step)| makes(step)).expect("a step that makes something");
    (number, found["id"].as_str().expect("an id").into())
}

pub(crate) fn begun_solved_and_begun_again(platform: &Platform) {
    step("a learner begins the course");
    let early = platform.backstack(&["workshop", "check"]);
    assert!(early.code == 2 && early.stderr.contains("nobody has begun"), "{}: {}", early.code, early.stderr);
    let begun =
        platform.backstack(&["workshop", "start", "developer", "-o", "json"]).succeeded("workshop start").json();
    assert_eq!(
        (begun["number"].as_u64(), begun["progress"]["track"].as_str()),
        (Some(1), Some("developer")),
        "{begun}"
    );

    step("a step fails its check, is solved, passes, is reset, and fails again");
    let track = platform.backstack(&["workshop", "show", "developer", "-o", "json"]).succeeded("workshop show").json();
    let (before, wanted) = made(&track);
    for _ in 0..before {
        platform.backstack(&["workshop", "next", "--skip", "-o", "json"]).succeeded("workshop next --skip");
    }
    let (code, failed) = looked(platform);
    assert_eq!(
        (code, failed["step"].as_str(), failed["passed"].as_bool()),
        (4, Some(wanted.as_str()), Some(false)),
        "{failed}"
    );
    let refused = platform.backstack(&["workshop", "next"]);
    assert!(refused.code == 2 && refused.stderr.contains("is not done"), "{}: {}", refused.code, refused.stderr);
    let solved = platform.backstack(&["workshop", "solve", "-o", "json"]).succeeded("workshop solve").json();
    assert_eq!(solved["passed"], true, "{solved}");
    assert_eq!(looked(platform).0, 0);
    let reset = platform.backstack(&["workshop", "reset", "--yes"]).succeeded("workshop reset");
    eprintln!("{}", reset.stdout);
    let (code, again) = looked(platform);
    assert_eq!((code, again["step"].as_str()), (4, Some(wanted.as_str())), "{again}");

    step("the course leaves nothing");
    platform.backstack(&["workshop", "stop"]).succeeded("workshop stop");
    let all = platform.backstack(&["checkpoint", "list", "-o", "json"]).succeeded("checkpoint list").json();
    let names: Vec<_> =
        all["checkpoints"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    assert!(!names.iter().any(|name| name.starts_with("workshop-")), "{names:?}");
    let kept = platform.kubectl(&["get", "configmaps", "-A", "-l", "backstack.dev/workshop", "-o", "name"]);
    assert_eq!(kept.succeeded("get configmaps").stdout, "");
}

/// What a command of a learner says.
fn of(platform: &Platform, learner: &str, words: &[&str]) -> Value {
    let words = [&["workshop"], words, &["--learner", learner, "-o", "json"]].concat();
    platform.backstack(&words).succeeded(&format!("{words:?}")).json()
}

/// The order of a learner, if it is there.
fn ordered(platform: &Platform, learner: &str) -> bool {
    let namespace = format!("lab-{learner}");
    platform.kubectl(&["get", "apps.platform.backstack.dev", "shop", "-n", &namespace]).code == 0
}

/// Two learners at once: each orders an app of their own, and one's way back leaves the other alone.
pub(crate) fn two_learners_beside_each_other(platform: &Platform) {
    step("two learners at once order an app each");
    let learners = ["ada", "bob"];
    let follow = |learner: &str| {
        let begun = of(platform, learner, &["start", "developer"]);
        assert!(begun["account"]["username"] == learner && begun["account"]["password"].is_string(), "no account");
        for _ in 0..3 {
            of(platform, learner, &["next", "--skip"]);
        }
        // The order, and its merge.
        for _ in 0..2 {
            let solved = of(platform, learner, &["solve"]);
            assert_eq!(solved["passed"], true, "{learner}: {solved}");
            of(platform, learner, &["next"]);
        }
        assert!(ordered(platform, learner), "{learner}");
    };
    std::thread::scope(|scope| {
        for learner in learners {
            scope.spawn(move || follow(learner));
        }
    });

    step("one goes back to before it, and the other keeps everything");
    let before = of(platform, "bob", &["show"]);
    of(platform, "ada", &["start", "developer"]);
    platform.backstack(&["workshop", "reset", "--yes", "--learner", "ada"]).succeeded("reset");
    eventually("the order of who went back is gone", 60, || !ordered(platform, "ada"));
    assert!(ordered(platform, "bob"), "the other's order is gone");
    assert_eq!(of(platform, "bob", &["show"]), before);
    let alone = platform.backstack(&["workshop", "start", "platform-engineer", "--learner", "ada"]);
    assert!(alone.code == 2 && alone.stderr.contains("for one learner"), "{}: {}", alone.code, alone.stderr);

    step("they leave nothing but what they made");
    of(platform, "bob", &["start", "developer"]);
    platform.backstack(&["workshop", "reset", "--yes", "--learner", "bob"]).succeeded("reset");
    eventually("the other's order is gone too", 60, || !ordered(platform, "bob"));
    for learner in learners {
        of(platform, learner, &["stop"]);
        platform.kubectl(&["delete", "namespace", &format!("lab-{learner}"), "--wait=false"]).succeeded("delete");
    }
    let kept = platform.kubectl(&["get", "configmaps,secrets", "-A", "-l", "backstack.dev/workshop", "-o", "name"]);
    assert_eq!(kept.succeeded("get what is kept").stdout, "");
}
