//! What is done to a command while it runs.

use std::fmt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::deeds::Deed;
use super::scene::Scene;
use crate::wire::Wire;
use backstack_end_to_end::docker;

/// So long a command may take to end without the engine: one that waits for the platform alone asks only that.
const NOTICED: Duration = Duration::from_secs(150);

/// Something that happens to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Harm {
    /// kill -9.
    Kill,
    /// The engine answers no more.
    Cut,
    /// As when the engine is started anew: it answers no more, and the platform's node is started again by it.
    Restart,
}

impl Harm {
    /// Every fifth is no kill.
    pub(super) fn of_number(number: usize, deed: Deed) -> Self {
        match number % 10 {
            4 => Self::Cut,
            9 if deed.has_a_node() => Self::Restart,
            9 => Self::Cut,
            _ => Self::Kill,
        }
    }

    /// Starts a command and does it harm at a moment; whether the command was through before.
    pub(super) fn inflict(self, scene: &Scene<'_>, arguments: &[String], moment: Duration) -> bool {
        let wire = Wire::lay();
        let mut command = scene.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if self != Self::Kill {
            command.env("DOCKER_HOST", wire.address());
        }
        let mut child = command.spawn().expect("the program under test");
        std::thread::sleep(moment);
        if let Some(status) = child.try_wait().expect("its state") {
            assert!(status.success(), "it failed before anything was done to it: {status}");
            return true;
        }
        match self {
            Self::Kill => {
                child.kill().expect("kill");
                child.wait().expect("its end");
            }
            Self::Cut => {
                wire.cut();
                notices(&mut child);
            }
            Self::Restart => {
                wire.cut();
                docker(&["restart", "-t", "1", &scene.node()]).succeeded("docker restart");
                notices(&mut child);
                // The API server comes back by itself; this waits until it answers, and all else.
                scene.platform.backstack(&["start"]).succeeded("start");
            }
        }
        false
    }
}

/// A command that is left without the engine ends by itself. It may have been through with all that it needs it for.
fn notices(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().expect("its state").is_none() {
        if start.elapsed() > NOTICED {
            drop(child.kill());
            panic!("it did not notice within {} s that the engine is gone", NOTICED.as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "killed",
            Self::Cut => "cut off from the engine",
            Self::Restart => "with its engine started anew",
        })
    }
}
