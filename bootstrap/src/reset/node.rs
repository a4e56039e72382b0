//! What a reset does inside of the nodes.

use crate::checkpoint::node::{VOLUMES, pattern, volumes_of};
use crate::docker::{ClusterError, Engine};

/// Where the volumes of a checkpoint wait for their turn, on the same disk: and where those of now go.
const FOLDER: &str = "/var/lib/backstack/reset";
/// What the kernel calls the controller manager: 15 letters of its name.
const MANAGER: &str = "kube-controller";
/// A manager that was halted goes on after so many seconds, whatever becomes of this program.
const HALTED_SECONDS: u32 = 30;
/// The process that lets it go on then. A reset that was cut off leaves one, which must not end the rest of the next reset.
const WAKER: &str = "/run/backstack-waker";

/// Copies the volumes of a checkpoint to where they can be swapped in, in no time.
pub(super) async fn stage(engine: &Engine, node: &str, checkpoint: &str) -> Result<(), ClusterError> {
    let from = volumes_of(checkpoint);
    let script = format!(
        "set -e; mkdir -p -m 700 {FOLDER}; rm -rf {FOLDER}/new {FOLDER}/old; mkdir {FOLDER}/new
        [ ! -d {from} ] || cp -a --reflink=auto {from}/. {FOLDER}/new/
        [ ! -d {VOLUMES} ] || chmod --reference={VOLUMES} {FOLDER}/new"
    );
    engine.run(node, &["sh", "-c", &script], None).await.map(drop)
}

/// Puts the volumes that were staged in the place of those of now. Whatever has a file of those open keeps it, until it
/// is ended.
pub(super) async fn swap(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    let script = format!("set -e; [ ! -d {VOLUMES} ] || mv {VOLUMES} {FOLDER}/old; mv {FOLDER}/new {VOLUMES}");
    engine.run(node, &["sh", "-c", &script], None).await.map(drop)
}

/// Ends the processes of these pods at once: what they would still write is nobody's.
pub(super) async fn end(engine: &Engine, node: &str, pods: &[String]) -> Result<(), ClusterError> {
    if pods.is_empty() {
        return Ok(());
    }
    let script = format!(
        "grep -lE 'pod({})' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3 | xargs -r kill -9 2>/dev/null; true",
        pattern(pods)
    );
    engine.run(node, &["sh", "-c", &script], None).await.map(drop)
}

/// Writes down what the next reset has to know if this one is cut off; [`sweep`] removes it.
pub(super) async fn note(engine: &Engine, node: &str, text: &str) -> Result<(), ClusterError> {
    engine.run(node, &["sh", "-c", &format!("cat >{FOLDER}/taken")], Some(text.as_bytes())).await.map(drop)
}

/// What a reset that was cut off wrote down; nothing otherwise.
pub(super) async fn noted(engine: &Engine, node: &str) -> Result<String, ClusterError> {
    engine.run(node, &["sh", "-c", &format!("cat {FOLDER}/taken 2>/dev/null || true")], None).await
}

/// Removes what was taken out.
pub(super) async fn sweep(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    engine.run(node, &["rm", "-rf", FOLDER], None).await.map(drop)
}

/// Halts the controller manager: it must not look after what is half written.
pub(super) async fn halt_controllers(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    let script = format!(
        "{} [ -z \"$pids\" ] || kill -STOP $pids
        [ ! -e {WAKER} ] || kill $(cat {WAKER}) 2>/dev/null
        (sleep {HALTED_SECONDS}; rm -f {WAKER}; kill -CONT $pids) >/dev/null 2>&1 </dev/null & echo $! >{WAKER}",
        pids()
    );
    engine.run(node, &["sh", "-c", &script], None).await.map(drop)
}

/// Lets it go on.
pub(super) async fn resume_controllers(engine: &Engine, node: &str) -> Result<(), ClusterError> {
    let script = format!(
        "{} [ -z \"$pids\" ] || kill -CONT $pids; [ ! -e {WAKER} ] || kill $(cat {WAKER}) 2>/dev/null; rm -f {WAKER}",
        pids()
    );
    engine.run(node, &["sh", "-c", &script], None).await.map(drop)
}

fn pids() -> String {
    format!("pids=$(grep -lxs {MANAGER} /proc/[0-9]*/comm | cut -d/ -f3);")
}
