//! Server-side apply of the objects of one component, wave by wave.

use std::time::Duration;

use backstack_health::facts::{Condition, conditions_of};
use futures::{StreamExt, stream};
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions, PropagationPolicy};
use kube::core::{ObjectMeta, Status};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::definition::Definition;
use super::kinds::Kinds;
use super::object::{Owner, VersionedRef, prepare};
use super::refusal::{Failed, Refusal};
use super::retry::{Fault, GaveUp, Retry};
use super::waves::Wave;
use super::{Error, MANAGER};

/// Objects of one wave that are in flight at the same time.
const CONCURRENCY: usize = 8;

/// The same for definitions, which are large.
const DEFINITIONS: usize = 4;

/// Definitions of all components that are in flight at the same time. For each the API server makes its whole description
/// anew: more at once would be no faster, and where a processor is slow the last would come after everybody's patience.
pub(crate) const DEFINITIONS_OF_ALL: usize = 8;

/// What applying did to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Created,
    /// It was there, and its generation, labels or annotations are other ones now.
    Changed,
    /// It was there, and what was sent made no difference to it.
    Unchanged,
}

/// An object that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Which object it is.
    pub object: VersionedRef,
    /// What became of it.
    pub change: Change,
    /// The generation that the server counts for it now, where it counts.
    pub generation: Option<i64>,
}

/// Applies the objects of one component.
pub(crate) struct Applier<'a> {
    /// Knows which kinds the API serves.
    pub(crate) kinds: &'a Kinds,
    /// Whose the objects are; every one gets its labels.
    pub(crate) owner: &'a Owner,
    /// Where namespaced objects go that name no namespace.
    pub(crate) namespace: &'a str,
    /// How long a request is tried again, and who is told what blocks.
    pub(crate) retry: &'a Retry<'a>,
    /// Whose turn it is to send a definition.
    pub(crate) turns: &'a Semaphore,
    /// When work on the component began, for how long it took until it was given up.
    pub(crate) start: Instant,
}

impl Applier<'_> {
    /// Applies all objects of these manifests that belong to the wave, side by side.
    ///
    /// # Errors
    /// [`Error::Refused`] with every object of the wave that the API refuses, or
    /// [`Error::Unfinished`] with every object that was still blocked at the deadline.
    pub(crate) async fn wave(&self, wave: Wave, manifests: &[Value]) -> Result<Vec<Applied>, Error> {
        let mut objects = Vec::new();
        for manifest in manifests {
            let object = self.identify(manifest)?;
            if Wave::of(&object) == wave {
                objects.push((object, manifest));
            }
        }
        let results = stream::iter(objects)
            .map(|(object, manifest)| self.one(object, manifest))
            .buffered(CONCURRENCY)
            .collect::<Vec<_>>()
            .await;
        self.settle(results)
    }

    /// Applies definitions side by side, each made into a tree only while it is sent.
    ///
    /// # Errors
    /// As [`Applier::wave`].
    pub(crate) async fn definitions(&self, definitions: &[Definition]) -> Result<Vec<Applied>, Error> {
        let applied = definitions.iter().map(|one| async {
            let _turn = self.turns.acquire().await;
            self.one(one.object().clone(), &one.manifest()).await
        });
        let results = stream::iter(applied).buffered(DEFINITIONS).collect::<Vec<_>>().await;
        self.settle(results)
    }

    /// Waits until these definitions are served.
    ///
    /// # Errors
    /// [`Error::Unfinished`] with every definition that is not, and what its conditions say.
    pub(crate) async fn established(&self, definitions: &[VersionedRef]) -> Result<(), Error> {
        let waits = definitions.iter().map(|definition| self.established_one(definition));
        let results = stream::iter(waits).buffer_unordered(CONCURRENCY * 4).collect::<Vec<_>>().await;
        self.settle(results).map(|_: Vec<()>| ())
    }

    fn identify(&self, manifest: &Value) -> Result<VersionedRef, Error> {
        VersionedRef::of(manifest)
            .map_err(|problem| Error::Manifest { component: self.owner.component.clone(), problem })
    }

    async fn one(&self, object: VersionedRef, manifest: &Value) -> Result<Applied, GaveUp> {
        let mut object = object.or_within(self.namespace);
        let kind = self.retry.run(&object, || async { Ok(self.kinds.of(&object).await?) });
        // From here on messages name it as people know it.
        if !kind.await?.namespaced {
            object = object.within(None);
        }
        self.retry.run(&object, || self.attempt(&object, manifest)).await
    }

    async fn attempt(&self, object: &VersionedRef, manifest: &Value) -> Result<Applied, Fault> {
        let api = self.kinds.api(object).await?;
        let is_job = object.group == "batch" && object.kind == "Job";
        if is_job && let Some(found) = api.get_opt(&object.name).await?.filter(has_failed) {
            return Err(self.replace(&api, found.metadata, "has failed").await?);
        }
        let before = api.get_metadata_opt(&object.name).await?;
        let body = prepare(manifest, object.namespaced(), self.owner);
        let patched = api.patch_metadata(&object.name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(body)).await;
        let after = match (patched, before.as_ref()) {
            (Err(kube::Error::Api(status)), Some(before)) if is_job && cannot_change(&status) => {
                return Err(self.replace(&api, before.metadata.clone(), "has changed").await?);
            }
            (patched, _) => patched?,
        };
        let change = change(before.as_ref().map(|before| &before.metadata), &after.metadata);
        Ok(Applied { object: object.clone(), change, generation: after.metadata.generation })
    }

    /// Deletes a Job of ours, so that the next attempt recreates it: a Job runs once, and its pods' template cannot
    /// change. One of somebody else's is left alone.
    async fn replace(&self, api: &Api<DynamicObject>, found: ObjectMeta, why: &str) -> Result<Fault, Fault> {
        let name = found.name.clone().unwrap_or_default();
        if !self.owner.owns(&found) {
            return Ok(Fault::Waiting(format!("the Job {why}, and is not this platform's: delete it")));
        }
        let params = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid: found.uid, resource_version: None }),
            ..Default::default()
        };
        api.delete(&name, &params).await?;
        Ok(Fault::Waiting(format!("the Job {why} and is recreated")))
    }

    async fn established_one(&self, definition: &VersionedRef) -> Result<(), GaveUp> {
        let api = self.retry.run(definition, || async { Ok(self.kinds.api(definition).await?) }).await?;
        let mut last = Vec::new();
        let mut states = std::pin::pin!(watch_object(api, &definition.name).default_backoff());
        while let Ok(Some(state)) = timeout_at(self.retry.deadline, states.next()).await {
            let Ok(Some(found)) = state else { continue };
            last = conditions_of(&found.data);
            if last.iter().any(|condition| condition.kind == "Established" && condition.is_true()) {
                return Ok(());
            }
            self.retry.progress.detail(format!("{definition}: {}", not_established(&last)));
        }
        let refusal = Refusal { message: not_established(&last), causes: Vec::new(), hint: None };
        Err(GaveUp::Late(Failed { object: definition.clone(), refusal }))
    }

    /// All results, or one error that names every object that failed.
    pub(crate) fn settle<T>(&self, results: Vec<Result<T, GaveUp>>) -> Result<Vec<T>, Error> {
        let (mut done, mut refused, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(value) => done.push(value),
                Err(GaveUp::Refused(failed)) => refused.push(failed),
                Err(GaveUp::Late(failed)) => late.push(failed),
                Err(GaveUp::Stopped) => {}
                Err(GaveUp::Fatal(error)) => return Err(error),
            }
        }
        let component = self.owner.component.clone();
        if !refused.is_empty() {
            return Err(Error::Refused { component, failures: refused });
        }
        if !late.is_empty() {
            let waited: Duration = self.start.elapsed();
            return Err(Error::Unfinished { component, waited, failures: late });
        }
        Ok(done)
    }
}

pub(super) fn has_failed(job: &DynamicObject) -> bool {
    conditions_of(&job.data).iter().any(|condition| condition.kind == "Failed" && condition.is_true())
}

pub(super) fn cannot_change(status: &Status) -> bool {
    status.code == 422 && status.message.contains("field is immutable")
}

/// What the definition's own conditions complain about.
fn not_established(conditions: &[Condition]) -> String {
    let complaint = conditions.iter().find(|condition| condition.status == "False" && !condition.message.is_empty());
    match complaint {
        Some(condition) => format!("the definition is not served yet: {}", condition.message),
        None => "the definition is not served yet".into(),
    }
}

/// Compares an object's metadata from before and after.
///
/// A new `resourceVersion` alone may come from a controller that wrote the status meanwhile; where the
/// server counts generations, these and the labels and annotations decide.
fn change(before: Option<&ObjectMeta>, after: &ObjectMeta) -> Change {
    let Some(before) = before else { return Change::Created };
    let same_version = before.resource_version == after.resource_version;
    let same_generation = before.generation.is_some() && before.generation == after.generation;
    let same_meta = before.labels == after.labels && before.annotations == after.annotations;
    if same_version || (same_generation && same_meta) { Change::Unchanged } else { Change::Changed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meta(value: Value) -> ObjectMeta {
        serde_json::from_value(value).expect("metadata")
    }

    #[test]
    fn a_status_written_meanwhile_is_no_change() {
        let before = meta(json!({"resourceVersion": "1", "generation": 2, "labels": {"a": "b"}}));
        let cases = [
            (json!({"resourceVersion": "1"}), Change::Unchanged),
            (json!({"resourceVersion": "5", "generation": 2, "labels": {"a": "b"}}), Change::Unchanged),
            (json!({"resourceVersion": "5", "generation": 3, "labels": {"a": "b"}}), Change::Changed),
            (json!({"resourceVersion": "5", "generation": 2, "labels": {"a": "c"}}), Change::Changed),
        ];
        for (after, expected) in cases {
            assert_eq!(change(Some(&before), &meta(after.clone())), expected, "{after}");
        }
        assert_eq!(change(None, &before), Change::Created);
        let plain = meta(json!({"resourceVersion": "1"}));
        assert_eq!(change(Some(&plain), &meta(json!({"resourceVersion": "2"}))), Change::Changed);
    }
}
