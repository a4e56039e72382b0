//! A component from nothing to running: applied, then awaited, with one answer to "why not".

use std::time::Duration;

use backstack_health::Fault;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::blockers::{Blocker, logs};
use super::readiness::{NotReady, assess, await_ready};
use super::refusal::Failed;
use super::scope::Scope;
use super::watch::ClusterWatch;
use super::{Error, Installed, Installer, Unit};
use backstack_common::report::{Phase, Progress};

/// Installs a component and waits until it runs.
///
/// # Errors
/// Those of [`Installer::install`], and [`Error::NotReady`] with what blocks. An object that could not be
/// applied in time is told together with what keeps the component's own workloads from running: its
/// webhook mostly does not answer because of them.
pub async fn bring_up(
    installer: &Installer,
    watch: &ClusterWatch,
    unit: &Unit,
    deadline: Instant,
    progress: &Progress,
) -> Result<Installed, Error> {
    let start = Instant::now();
    // Applying and waiting share one deadline, so what is told is the time of both. The last attempt may end a
    // little before it.
    let waited = || {
        if Instant::now() + Duration::from_secs(5) >= deadline {
            deadline.max(Instant::now()) - start
        } else {
            start.elapsed()
        }
    };
    progress.phase(Phase::Applying);
    let installed = match installer.install(unit, deadline, progress).await {
        Err(Error::Unfinished { component, failures, .. }) => {
            let waited = waited();
            let blockers = behind(watch, unit, &failures).await;
            return Err(NotReady { component, waited, blockers }.into());
        }
        other => other?,
    };
    progress.phase(Phase::Starting);
    let scope = Scope::of_unit(unit, &installed.objects);
    let ready = await_ready(watch, installer.kinds(), &scope, deadline, progress).await;
    ready.map_err(|error| NotReady { waited: waited(), ..error })?;
    Ok(installed)
}

/// What could not be applied, and what of the component does not run.
async fn behind(watch: &ClusterWatch, unit: &Unit, failures: &[Failed]) -> Vec<Blocker> {
    // Conditions and webhooks of objects that were not applied would only repeat it.
    let scope = Scope { conditions: Vec::new(), webhooks: Vec::new(), ..Scope::of_manifests(unit) };
    let mut blockers = watch.read(|view| assess(&scope, view, OffsetDateTime::now_utc())).blockers;
    blockers.retain(|blocker| blocker.fault != Fault::Starting);
    let unapplied = failures.iter().map(|failed| {
        let hint = failed.refusal.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        Blocker::new(failed.object.to_string(), Fault::NotApplied, format!("{}{hint}", failed.refusal.message))
    });
    blockers.extend(unapplied);
    blockers.sort_by_key(|blocker| std::cmp::Reverse(blocker.weight));
    let _ = tokio::time::timeout(Duration::from_secs(5), logs::fetch(watch.client(), &mut blockers)).await;
    blockers
}
