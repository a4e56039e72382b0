//! Waiting until a platform that was just brought back runs in full.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};

use super::error::ResetError;
use crate::checkpoint::{About, CheckpointError, Place};
use crate::docker::pace;
use crate::kubernetes::inventory::Inventory;
use crate::kubernetes::kinds::Kinds;
use crate::kubernetes::readiness::assess;
use crate::kubernetes::scope::Scope;
use crate::kubernetes::view::View;
use crate::kubernetes::watch::ClusterWatch;
use crate::report::Progress;

const DEADLINE: Duration = Duration::from_secs(180);
/// Changes come in showers; one look per this time is enough.
const SHOWER: Duration = Duration::from_millis(100);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits until every component is ready, every node, and every workload and pod that was so at the checkpoint.
///
/// # Errors
/// [`ResetError::NotReady`] with what is missing at the deadline.
pub(super) async fn await_ready(place: &Place, about: &About, progress: &Progress) -> Result<(), ResetError> {
    let start = Instant::now();
    let pace = pace::recall(&place.engine, &place.control_plane).await?;
    let deadline = start + pace.patience(DEADLINE);
    // A picture that is begun only now has nothing of what was before.
    let watch = ClusterWatch::start(place.client.clone());
    let wanted = Wanted { scopes: scopes(place, &watch).await?, about };
    let mut changes = watch.changes();
    let mut told = String::new();
    loop {
        changes.mark_unchanged();
        let missing = watch.read(|view| wanted.missing(view, OffsetDateTime::now_utc()));
        let Some(first) = missing.first() else { return Ok(()) };
        if Instant::now() >= deadline {
            return Err(ResetError::NotReady { waited: start.elapsed(), what: missing });
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
async fn scopes(place: &Place, watch: &ClusterWatch) -> Result<Vec<Scope>, CheckpointError> {
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
    about: &'a About,
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
        missing.extend(view.short_of_pods().into_iter().filter(|short| !self.about.not_ready.contains(short)));
        let ready = view.pods_of_others();
        missing.extend(self.about.pods.iter().filter(|pod| !ready.contains(pod)).map(|pod| format!("pod {pod}")));
        missing
    }
}
