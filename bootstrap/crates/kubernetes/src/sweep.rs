//! Deletes all objects of some kinds, while the controllers that have to let them go still run.
//!
//! What depends on nothing goes first and takes along what it owns. Where a controller does not let an object go
//! in time, because it is broken or gone, the object's finalizers are taken off: the alternative would be an object,
//! and with it its namespace, that can never be deleted.

use std::time::Duration;

use futures::{TryStreamExt, stream};
use kube::Client;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::ObjectMeta;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::object::VersionedRef;
use super::removal::Served;
use super::{Error, MANAGER};
use backstack_common::report::Progress;

/// Kinds come and go while this works, and a list of what is left is short: asking again is simpler than as many
/// watches as there are kinds.
const ASK_AGAIN: Duration = Duration::from_millis(500);
const CONCURRENCY: usize = 8;

/// How a sweep is done.
pub struct Sweep<'a> {
    /// The client that everything is done with.
    pub client: &'a Client,
    /// Hears what is waited for.
    pub progress: &'a Progress,
    /// When it is given up.
    pub deadline: Instant,
    /// How long nothing may move before stronger means are used.
    pub patience: Duration,
}

/// What was done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    /// How many objects there were, all of which are gone.
    pub removed: usize,
    /// Objects whose finalizers were taken off.
    pub forced: Vec<VersionedRef>,
}

/// An object that is still there.
struct Left<'a> {
    kind: &'a Served,
    meta: ObjectMeta,
}

/// What is tried, the gentlest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    /// Delete what nothing else owns.
    Roots,
    /// Delete everything.
    All,
    /// Take finalizers off.
    Force,
}

impl Left<'_> {
    fn object(&self) -> VersionedRef {
        self.kind.object(self.meta.namespace.as_deref(), self.meta.name.as_deref().unwrap_or_default())
    }

    fn is_going(&self) -> bool {
        self.meta.deletion_timestamp.is_some()
    }

    fn is_root(&self) -> bool {
        self.meta.owner_references.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Sweep<'_> {
    /// Deletes every object of these kinds that `whether` says yes to, and waits until none is left.
    ///
    /// # Errors
    /// [`Error::NotGone`] at the deadline, [`Error::Request`] if the API refuses.
    pub async fn run(
        &self,
        component: &str,
        kinds: &[Served],
        whether: impl Fn(&VersionedRef) -> bool,
    ) -> Result<Swept, Error> {
        let (start, mut swept) = (Instant::now(), Swept::default());
        let (mut means, mut moved, mut before) = (Means::Roots, Instant::now(), usize::MAX);
        loop {
            let mut left = self.left(kinds).await?;
            left.retain(|one| whether(&one.object()));
            if before == usize::MAX {
                swept.removed = left.len();
            }
            let Some(first) = left.first() else { return Ok(swept) };
            if left.len() < before {
                (moved, before) = (Instant::now(), left.len());
            } else if moved.elapsed() > self.patience {
                let all_going = left.iter().all(Left::is_going);
                means = if means == Means::Roots && !all_going { Means::All } else { Means::Force };
                moved = Instant::now();
            }
            if Instant::now() >= self.deadline {
                let left = left.iter().map(Left::object).collect();
                return Err(Error::NotGone { component: component.into(), waited: start.elapsed(), left });
            }
            let more = if left.len() > 1 { format!(" and {} more", left.len() - 1) } else { String::new() };
            self.progress.detail(format!("waiting until {}{more} is gone", first.object()));
            let forced = stream::iter(left.iter().map(Ok)).map_ok(|one| self.act(one, means));
            let forced: Vec<_> = forced.try_buffer_unordered(CONCURRENCY).try_collect().await?;
            swept.forced.extend(forced.into_iter().flatten());
            sleep(ASK_AGAIN).await;
        }
    }

    async fn left<'k>(&self, kinds: &'k [Served]) -> Result<Vec<Left<'k>>, Error> {
        let mut left = Vec::new();
        for kind in kinds {
            match kind.api(self.client, None).list_metadata(&ListParams::default()).await {
                Ok(found) => left.extend(found.items.into_iter().map(|one| Left { kind, meta: one.metadata })),
                // The definition is gone, and its objects with it.
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                Err(error) => return Err(Error::request(format!("list {}", kind.definition))(error)),
            }
        }
        Ok(left)
    }

    /// Does what these means have for one object; gives it if its finalizers were taken off.
    async fn act(&self, left: &Left<'_>, means: Means) -> Result<Option<VersionedRef>, Error> {
        let object = left.object();
        let api = left.kind.api(self.client, left.meta.namespace.as_deref());
        if !left.is_going() {
            if means > Means::Roots || left.is_root() {
                let deleted = api.delete(&object.name, &DeleteParams::background()).await;
                gone_is_well(deleted).map_err(Error::request(format!("delete {object}")))?;
            }
            return Ok(None);
        }
        if means < Means::Force || left.meta.finalizers.as_ref().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        let parameters = PatchParams { field_manager: Some(MANAGER.into()), ..Default::default() };
        let patched = api.patch_metadata(&object.name, &parameters, &patch).await;
        gone_is_well(patched).map_err(Error::request(format!("take the finalizers off {object}")))?;
        Ok(Some(object))
    }
}

fn gone_is_well<T>(result: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        result => result.map(|_| ()),
    }
}
