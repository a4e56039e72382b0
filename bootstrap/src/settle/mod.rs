//! Waiting until a platform that was brought back or started runs in full, and answers.
//!
//! ```text
//! probe  whether what people use does answer
//! leases who holds one has said so again
//! dns    ... and pods can look names up
//! ```

mod dns;
mod leases;
mod probe;

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};

use crate::docker::{ClusterError, pace};
use crate::error::{ExitKind, Explain};
use crate::kubernetes;
use crate::kubernetes::inventory::Inventory;
use crate::kubernetes::kinds::Kinds;
use crate::kubernetes::readiness::{assess, short_of_pods};
use crate::kubernetes::scope::Scope;
use crate::kubernetes::view::View;
use crate::kubernetes::watch::ClusterWatch;
use crate::report::Progress;
use crate::target::local::Running;

pub use leases::await_renewed;
pub use probe::run as await_answers;

const DEADLINE: Duration = Duration::from_secs(180);
/// Changes come in showers; one look per this time is enough.
const SHOWER: Duration = Duration::from_millis(100);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A platform does not come to run in full.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The container engine does not answer, or refuses.
    #[error(transparent)]
    Engine(#[from] ClusterError),
    /// The Kubernetes API does not answer, or refuses.
    #[error(transparent)]
    Api(#[from] kubernetes::Error),
    /// The time is over, and something is still missing.
    #[error("the platform does not run in full after {} s", waited.as_secs())]
    NotReady {
        /// How long was waited.
        waited: Duration,
        /// What is missing, one line each.
        what: Vec<String>,
    },
}

impl Explain for SettleError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Api(error) => error.kind(),
            Self::NotReady { .. } => ExitKind::Timeout,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.details(),
            Self::Api(error) => error.details(),
            Self::NotReady { what, .. } => what.clone(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::Api(error) => error.hints(),
            Self::NotReady { .. } => {
                vec!["Run the same command again: it goes on from here. `backstack status` says what blocks.".into()]
            }
        }
    }
}

/// What has to run beside the platform's own components.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Everything that people run, but for these workloads, each as `KIND NAMESPACE/NAME`; nothing of it if there are none.
    pub all_but: Option<Vec<String>>,
    /// These pods, each as `NAMESPACE/NAME`.
    pub pods: Vec<String>,
    /// What was started before is told of a time that is over.
    pub started_after: Option<OffsetDateTime>,
}

/// Waits until every component is ready, every node, and what is expected beside them. `watch` must have been started after
/// all was written: then its picture has nothing of what was before.
///
/// # Errors
/// [`SettleError::NotReady`] with what is missing at the deadline.
pub async fn await_ready(
    place: &Running,
    watch: &ClusterWatch,
    expected: &Expected,
    progress: &Progress,
) -> Result<(), SettleError> {
    let start = Instant::now();
    let pace = pace::recall(&place.engine, &place.control_plane).await?;
    let deadline = start + pace.patience(DEADLINE);
    let wanted = Wanted { scopes: scopes(place, watch).await?, expected };
    let mut changes = watch.changes();
    let mut told = String::new();
    loop {
        changes.mark_unchanged();
        let missing = watch.read(|view| wanted.missing(view, OffsetDateTime::now_utc()));
        let Some(first) = missing.first() else { return Ok(()) };
        if Instant::now() >= deadline {
            return Err(SettleError::NotReady { waited: start.elapsed(), what: missing });
        }
        if *first != told {
            progress.detail(format!("waiting for {first}"));
            told.clone_from(first);
        }
        tokio::select! {
            _ = changes.changed() => sleep(SHOWER).await,
            // Some things become ready by the time alone.
            () = sleep(LOOK_AGAIN) => {}
            () = sleep_until(deadline) => {}
        }
    }
}

/// What of each component has to run.
async fn scopes(place: &Running, watch: &ClusterWatch) -> Result<Vec<Scope>, SettleError> {
    let kinds = Arc::new(Kinds::new(place.client.clone()));
    let entries = Inventory::new(place.client.clone(), &place.platform.name).load_all().await?;
    let mut scopes = Vec::new();
    for entry in entries.values() {
        let scope = Scope::of_entry(entry).normalized(&kinds).await;
        for (object, _) in &scope.conditions {
            watch.follow(object, kinds.clone());
        }
        scopes.push(scope);
    }
    Ok(scopes)
}

/// All that has to be so.
struct Wanted<'a> {
    scopes: Vec<Scope>,
    expected: &'a Expected,
}

impl Wanted<'_> {
    /// What is not so yet, in words.
    fn missing(&self, view: &View, now: OffsetDateTime) -> Vec<String> {
        if !view.is_whole() {
            return vec!["a picture of the cluster".into()];
        }
        let mut missing: Vec<String> = view
            .nodes
            .values()
            .filter(|node| !node.is_ready())
            .map(|node| format!("node {}", node.metadata.name))
            .collect();
        for scope in &self.scopes {
            let found = assess(scope, view, now);
            if !found.is_ready() {
                missing.push(format!("{}: {}", scope.component, found.summary()));
            }
        }
        if let Some(excused) = &self.expected.all_but {
            missing.extend(view.short_of_pods().into_iter().filter(|short| !excused.contains(short)));
        }
        let ready = view.pods_of_others();
        missing.extend(self.expected.pods.iter().filter(|pod| !ready.contains(pod)).map(|pod| format!("pod {pod}")));
        if let Some(time) = self.expected.started_after {
            missing.extend(view.started_before(time).into_iter().map(|pod| format!("pod {pod} to be started again")));
            missing.extend(self.scopes.iter().flat_map(|scope| short_of_pods(scope, view)));
        }
        missing
    }
}
