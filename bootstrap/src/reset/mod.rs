//! `reset`: a platform as it was at a checkpoint, while its API answers all the time.
//!
//! ```text
//! plan    what has to be written (pure)
//! taken   what somebody else is still taking away (pure)
//! served  whether the API server serves a kind again
//! node    what is done inside of the nodes
//! ```
//!
//! Cut off in the middle, a platform is neither as it was nor as it shall be; the same command looks
//! again at what differs, and completes it.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use serde::Serialize;
use tokio::time::sleep;

use crate::checkpoint::keys;
use crate::checkpoint::{self, About, CheckpointError, Objects, holders};
use crate::docker::pace;
use crate::etcd::{Change, Etcd, EtcdError};
use crate::kubernetes::watch::ClusterWatch;
use crate::report::{Event, Outcome, Phase, Planned, Progress, Reporter, units};
use crate::settle::{self, Expected};
use crate::target::local::Running;

pub mod error;
mod node;
pub mod plan;
mod served;
mod taken;

pub use error::ResetError;
pub use plan::Difference;
use taken::Taken;

/// Whose line it is that tells of the progress.
const SUBJECT: &str = "platform";
/// So long after the end of a namespace, controllers have heard of it.
const HEARSAY: Duration = Duration::from_secs(1);
/// How often it is looked whether what came back is lost again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often all is waited for again because something was lost in the meantime. What nobody misses may go again and again.
const ROUNDS: u32 = 3;
/// How often everything is brought back because a volume was lost in the meantime.
const ATTEMPTS: u32 = 3;
/// Whoever takes something away has come to its end if nothing was lost for so long ...
const QUIET: Duration = Duration::from_secs(2);
/// ... and controllers are not kept waiting for longer than this.
const QUIET_LIMIT: Duration = Duration::from_secs(15);
const QUIET_LOOK: Duration = Duration::from_millis(250);

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The platform that was brought back, as `--name` has it.
    pub platform: String,
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// What had to be written, which is what differed.
    pub difference: Difference,
    /// Pods that began anew, because they hold volumes.
    pub restarted: usize,
    /// Until everything was written.
    pub written_seconds: f64,
    /// Until everything was ready.
    pub seconds: f64,
}

/// What differs between a checkpoint and now. Touches nothing.
///
/// # Errors
/// [`CheckpointError`]
pub async fn difference(place: &Running, about: &About) -> Result<Difference, CheckpointError> {
    let (then, mut etcd) = tokio::try_join!(checkpoint::objects(place, &about.name), async {
        Ok(Etcd::connect(&place.engine, &place.control_plane).await?)
    })?;
    Ok(plan::build(&then, &etcd.all().await?, &BTreeSet::new()).difference)
}

/// Brings a platform back to a checkpoint, and waits until all of it is ready.
///
/// # Errors
/// [`ResetError`]
pub async fn told(place: &Running, about: &About, reporter: Arc<dyn Reporter>) -> Result<Done, ResetError> {
    let start = Instant::now();
    reporter.report(Event::Planned(Planned {
        platform: place.platform.name.clone(),
        stack: about.stack.clone(),
        version: about.stack_version.clone(),
        subjects: vec![SUBJECT.into()],
        images: 0,
        image_bytes: None,
        fetch_bytes: None,
    }));
    let progress = Progress::new(reporter, SUBJECT);
    progress.phase(Phase::Applying);
    let done = run(place, about, &progress).await;
    let seconds = start.elapsed().as_secs_f64();
    match &done {
        Ok(done) => progress.finished(Outcome::Changed, units::count(done.difference.count(), "object"), seconds),
        Err(error) => progress.finished(Outcome::Failed, error.to_string(), seconds),
    }
    done
}

async fn run(place: &Running, about: &About, progress: &Progress) -> Result<Done, ResetError> {
    let start = Instant::now();
    if about.nodes != place.nodes() {
        let (then, now) = (about.nodes.clone(), place.nodes());
        return Err(CheckpointError::OtherNodes { name: about.name.clone(), then, now }.into());
    }
    let mut differed = None;
    for _ in 0..ATTEMPTS {
        let written = write(place, about, progress).await?;
        let written_seconds = start.elapsed().as_secs_f64();
        let restarted = written.restarted;
        // What a second attempt finds is what was lost in the first one: nothing to tell of.
        let difference = differed.get_or_insert_with(|| written.difference.clone()).clone();
        progress.phase(Phase::Starting);
        if !await_ready(place, about, progress, written).await? {
            progress.phase(Phase::Applying);
            progress.detail("a volume was lost again: bringing everything back once more");
            continue;
        }
        settle::await_answers(place, progress).await?;
        try_join_all(place.nodes().iter().map(|name| node::sweep(&place.engine, name))).await?;
        return Ok(Done {
            platform: place.platform.name.clone(),
            checkpoint: about.name.clone(),
            difference,
            restarted,
            written_seconds,
            seconds: start.elapsed().as_secs_f64(),
        });
    }
    Err(ResetError::VolumesLost { attempts: ATTEMPTS })
}

/// What is known after everything was written.
struct Written {
    etcd: Etcd,
    then: Objects,
    /// Keys of what may be lost again.
    covered: BTreeSet<String>,
    difference: Difference,
    restarted: usize,
    /// A picture of the cluster that was begun when all was written.
    watch: ClusterWatch,
}

/// Writes what differs, objects and volumes.
async fn write(place: &Running, about: &About, progress: &Progress) -> Result<Written, ResetError> {
    let (engine, nodes) = (&place.engine, place.nodes());
    progress.detail("comparing what is there with the checkpoint");
    let staged = try_join_all(nodes.iter().map(|name| async { Ok(node::stage(engine, name, &about.name).await?) }));
    let connected = async { Ok::<_, CheckpointError>(Etcd::connect(engine, &place.control_plane).await?) };
    let (then, mut etcd, _) = tokio::try_join!(checkpoint::objects(place, &about.name), connected, staged)?;
    let now = etcd.all().await.map_err(CheckpointError::from)?;
    let ended = plan::end_of_going(&now);
    let taken = Taken::of(&then, &now, &ended).and(&node::noted(engine, &place.control_plane).await?);
    if !taken.is_empty() {
        // For the next one, if this is cut off: by then nobody sees any more what was on its way out.
        node::note(engine, &place.control_plane, &taken.noted()).await?;
    }
    if !ended.is_empty() {
        progress.detail("ending namespaces that are on their way out");
        etcd.change(&ended).await.map_err(CheckpointError::from)?;
        sleep(pace::now(engine, &place.control_plane).await?.patience(HEARSAY)).await;
    }
    progress.detail("writing what differs");
    let covered = taken.covered(&then);
    node::halt_controllers(engine, &place.control_plane).await?;
    let holders = holders::look(&place.client).await.map_err(CheckpointError::from)?;
    let restarting = holders.0.iter().map(|pod| keys::pod(&pod.namespace, &pod.name)).collect();
    let plan = plan::build(&then, &etcd.all().await.map_err(CheckpointError::from)?, &restarting);
    try_join_all(nodes.iter().map(|name| node::swap(engine, name))).await?;
    etcd.change(&plan.changes).await.map_err(CheckpointError::from)?;
    let watch = ClusterWatch::start(place.client.clone());
    await_quiet(place, &mut etcd, &then, &covered, taken.kinds()).await.map_err(CheckpointError::from)?;
    node::resume_controllers(engine, &place.control_plane).await?;
    try_join_all(nodes.iter().map(|name| {
        let pods = holders.on(name);
        async move { node::end(engine, name, &pods).await }
    }))
    .await?;
    Ok(Written { etcd, then, covered, difference: plan.difference, restarted: holders.0.len(), watch })
}

/// Waits until all of it runs. Not so if a volume was lost in the meantime, with its files.
async fn await_ready(
    place: &Running,
    about: &About,
    progress: &Progress,
    written: Written,
) -> Result<bool, ResetError> {
    let Written { mut etcd, then, covered, watch, .. } = written;
    let expected = Expected { all_but: Some(about.not_ready.clone()), pods: about.pods.clone(), started_after: None };
    for _ in 0..ROUNDS {
        tokio::select! {
            settled = settle::await_ready(place, &watch, &expected, progress) => settled?,
            ended = put_back(place, &then, &covered) => {
                ended.map_err(CheckpointError::from)?;
                return Ok(false);
            }
        }
        let lost = put_back_once(&mut etcd, &then, &covered).await.map_err(CheckpointError::from)?;
        if taken::has_volumes(&lost) {
            return Ok(false);
        }
        if lost.is_empty() {
            break;
        }
    }
    Ok(true)
}

/// Waits, with the controllers halted, until whoever takes something away has come to the end of what it had begun, and the API
/// server serves all kinds again. A controller that looks at the wrong moment would take along all that a lost object owns.
async fn await_quiet(
    place: &Running,
    etcd: &mut Etcd,
    then: &Objects,
    covered: &BTreeSet<String>,
    kinds: &BTreeSet<String>,
) -> Result<(), EtcdError> {
    if covered.is_empty() {
        return Ok(());
    }
    let start = Instant::now();
    let mut since = start;
    while start.elapsed() < QUIET_LIMIT {
        sleep(QUIET_LOOK).await;
        if !put_back_once(etcd, then, covered).await?.is_empty() {
            since = Instant::now();
        }
        if since.elapsed() >= QUIET && served::are_all(&place.client, kinds).await {
            break;
        }
    }
    Ok(())
}

/// Puts back what is lost again, for as long as this is polled: whoever was taking a namespace or all objects of a kind away may
/// go on for a while with what it had begun. Ends when a volume was lost. By a connection of its own: one is of no use any more
/// after a question that nobody waited for.
async fn put_back(place: &Running, then: &Objects, covered: &BTreeSet<String>) -> Result<(), EtcdError> {
    // Otherwise nobody takes anything away.
    if covered.is_empty() {
        return pending().await;
    }
    let mut etcd = Etcd::connect(&place.engine, &place.control_plane).await?;
    loop {
        sleep(LOOK_AGAIN).await;
        if taken::has_volumes(&put_back_once(&mut etcd, then, covered).await?) {
            return Ok(());
        }
    }
}

/// What was lost, and is back.
async fn put_back_once(etcd: &mut Etcd, then: &Objects, covered: &BTreeSet<String>) -> Result<Vec<Change>, EtcdError> {
    if covered.is_empty() {
        return Ok(Vec::new());
    }
    let lost = taken::lost(then, &etcd.all().await?, covered);
    etcd.change(&lost).await?;
    Ok(lost)
}
