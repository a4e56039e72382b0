//! How slow a machine is, told by what everybody has to wait for first, and how long everything else may take there.
//!
//! A wait that is too short ends what would have come by itself, as on a slow laptop or in an emulated machine; one that
//! is long for everybody keeps people waiting for what never comes. So waits are multiplied by what the start of a node
//! took, which the node remembers, and by what a command in it takes now.

use std::time::{Duration, Instant};

use super::engine::Engine;
use super::error::ClusterError;

/// A node that needs no longer than this, from the start of its container to the first answer of containerd, is no
/// reason to wait longer for anything else. A machine with two busy cores needs 1 to 3 s.
const USUAL_START: Duration = Duration::from_secs(3);
/// The same for a command that does nothing, in a node that runs: 0.05 to 0.3 s with two busy cores.
const USUAL_COMMAND: Duration = Duration::from_millis(500);
const MOST: f64 = 8.0;
/// Where a node remembers what its start took, in milliseconds: the next `up` finds it running.
const MEMORY: &str = "/kind/backstack-start";

/// By how much longer than usual everything may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(f64);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Pace {
    /// Of a machine whose node took so long to start.
    pub fn of_start(took: Duration) -> Self {
        Self::beside(took, USUAL_START)
    }

    /// Of a machine where the engine took so long to run a command that does nothing in a node.
    fn of_command(took: Duration) -> Self {
        Self::beside(took, USUAL_COMMAND)
    }

    /// The slower of two.
    fn or_slower(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    fn beside(took: Duration, usual: Duration) -> Self {
        Self((took.as_secs_f64() / usual.as_secs_f64()).clamp(1.0, MOST))
    }

    /// How long to wait for what is given up after `usual` on other machines.
    pub fn patience(self, usual: Duration) -> Duration {
        Duration::from_secs(usual.mul_f64(self.0).as_secs_f64().round() as u64)
    }

    /// What a person should know of it.
    pub fn told(self) -> Option<String> {
        (self.0 >= 1.5)
            .then(|| format!("this machine is slow: whatever is waited for may take {:.0} times as long", self.0))
    }
}

/// The pace by the start of a node, which is over; the node remembers it.
///
/// # Errors
/// The engine refuses to write into the node.
pub async fn remember(engine: &Engine, node: &str, start: Duration) -> Result<Pace, ClusterError> {
    engine.write_files(node, &[(MEMORY.into(), start.as_millis().to_string())]).await?;
    Ok(Pace::of_start(start))
}

/// The pace of a machine whose node runs already.
///
/// # Errors
/// The engine refuses to run anything in the node.
pub async fn recall(engine: &Engine, node: &str) -> Result<Pace, ClusterError> {
    let (memory, now) = look(engine, node).await?;
    let start = memory.trim().parse().map(Duration::from_millis);
    Ok(start.map_or(now, |start| Pace::of_start(start).or_slower(now)))
}

/// The pace at this moment alone, however slow the machine was when its node was started: for what always takes its time.
///
/// # Errors
/// The engine refuses to run anything in the node.
pub async fn now(engine: &Engine, node: &str) -> Result<Pace, ClusterError> {
    Ok(look(engine, node).await?.1)
}

async fn look(engine: &Engine, node: &str) -> Result<(String, Pace), ClusterError> {
    let begun = Instant::now();
    let memory = engine.exec(node, &["cat", MEMORY], None).await?;
    Ok((memory.stdout, Pace::of_command(begun.elapsed())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_with_the_start_of_a_node_and_never_shrinks() {
        let patience =
            |start| Pace::of_start(Duration::from_millis(start)).patience(Duration::from_secs(120)).as_secs();
        assert_eq!((patience(800), patience(3000), patience(6000)), (120, 120, 240));
        // As in an emulated machine; and one that hung.
        assert_eq!((patience(20_000), patience(300_000)), (800, 960));
        assert_eq!(Pace::of_command(Duration::from_millis(200)), Pace::default());
        assert_eq!(Pace::of_command(Duration::from_secs(2)), Pace::of_start(Duration::from_secs(12)));
        let (slow, usual) = (Pace::of_start(Duration::from_secs(12)), Pace::default());
        assert_eq!((slow.or_slower(usual), usual.or_slower(slow)), (slow, slow));
        assert_eq!(Pace::default().told(), None);
        let told = Pace::of_start(Duration::from_secs(20)).told().expect("a word");
        assert!(told.ends_with("7 times as long"), "{told}");
    }
}
