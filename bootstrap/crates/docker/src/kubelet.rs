//! What the kubelet of a node says of itself, while nobody can ask it yet.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;

use super::engine::Engine;
use backstack_common::report::Progress;

/// Time between two looks. Its unit starts it again a second after it ended.
const PAUSE: Duration = Duration::from_secs(5);
/// A kubelet that ended so often does not just wait for something that comes in a moment.
const OFTEN: u32 = 3;
/// How often it was started again, then its last words of why it ended.
const LOOK: &str = "systemctl show --property NRestarts --value kubelet; \
                    journalctl --unit kubelet --output cat --lines 100 | grep '\"command failed\"' | tail -n 1";

/// Tells, each time that it is news, why the kubelet of a node ends again and again. Whoever waits for something else drops
/// this.
pub async fn tell_failures(engine: &Engine, node: &str, progress: &Progress) -> Infallible {
    let mut told = None;
    loop {
        sleep(PAUSE).await;
        // Why nothing can be asked is told by what runs beside this.
        let Ok(seen) = engine.exec(node, &["sh", "-c", LOOK], None).await else { continue };
        if let Some(why) = failure(&seen.stdout)
            && told.as_ref() != Some(&why)
        {
            progress.warn(format!("the kubelet of node `{node}` ends again and again: {why}"));
            told = Some(why);
        }
    }
}

/// Why it ended, if it has often enough.
fn failure(seen: &str) -> Option<String> {
    let (restarts, words) = seen.split_once('\n')?;
    if restarts.trim().parse::<u32>().ok()? < OFTEN {
        return None;
    }
    let (_, why) = words.trim().split_once("err=\"")?;
    Some(why.trim_end_matches('"').replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubelet_that_ended_often_tells_why() {
        let words = "E1128 22:19:26.384075 5343 run.go:72] \"command failed\" err=\"failed to run Kubelet: invalid \
                     configuration: cgroup [\\\"kubelet\\\"] has some missing controllers: cpu, cpuset, memory, pids\"\n";
        let why = "failed to run Kubelet: invalid configuration: cgroup [\"kubelet\"] has some missing controllers: cpu, \
                   cpuset, memory, pids";
        assert_eq!(failure(&format!("38\n{words}")).as_deref(), Some(why));
        assert_eq!(failure(&format!("1\n{words}")), None);
        assert_eq!(failure("38\n"), None);
        assert_eq!(failure(""), None);
    }
}
