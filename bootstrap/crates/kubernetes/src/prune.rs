//! Deletes what is no longer in the stack: the reverse of applying.
//!
//! Only objects that still carry our labels are touched. A definition goes only when no object of it
//! is left, because deleting it would delete those, and they may be somebody's work.

use futures::{StreamExt, stream};
use kube::api::DynamicObject;
use kube::api::{DeleteParams, ListParams, Preconditions, PropagationPolicy};
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::kinds::{Kinds, Unresolved};
use super::object::{Owner, VersionedRef};
use super::retry::{Fault, GaveUp, Retry};
use super::waves::Wave;

/// Namespaces that belong to the cluster, whatever their labels say.
const KEPT_NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
const CONCURRENCY: usize = 8;
const WEBHOOKS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

/// What pruning did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// What was deleted, and is gone.
    pub removed: Vec<VersionedRef>,
    /// Left alone although no longer in the stack, and why. They stay in the inventory.
    pub kept: Vec<(VersionedRef, String)>,
}

/// Deletes objects of one component.
pub(crate) struct Pruner<'a> {
    /// Knows which kinds the API serves.
    pub(crate) kinds: &'a Kinds,
    /// Whose objects may be deleted; what has other labels is left alone.
    pub(crate) owner: &'a Owner,
    /// How long a request is tried again, and who is told what blocks.
    pub(crate) retry: &'a Retry<'a>,
    /// When work on the component began, for how long it took until it was given up.
    pub(crate) start: Instant,
    /// Objects of other components: a namespace that they live in is left alone.
    pub(crate) others: &'a [VersionedRef],
    /// Definitions go with whatever objects they have left.
    pub(crate) purge: bool,
}

/// What became of one object.
enum Fate {
    /// Somebody deleted it, or took it over.
    NotOurs,
    /// Its deletion has begun; it is gone when an object of this uid is.
    Deleting {
        uid: Option<String>,
    },
    Kept(String),
}

impl Pruner<'_> {
    /// Deletes those of `previous` that are not in `now`, and waits until they are gone.
    ///
    /// # Errors
    /// [`Error::NotGone`] with what is still there at the deadline, or the API's refusal.
    pub(crate) async fn prune(&self, previous: &[VersionedRef], now: &[VersionedRef]) -> Result<Pruned, Error> {
        let mut leaving = Vec::new();
        for object in previous {
            // A list written before its kinds were known may have a namespace too many.
            let object = self.kinds.normalized(object).await;
            if !now.iter().any(|kept| kept.object == object.object) {
                leaving.push(object);
            }
        }
        let mut pruned = Pruned::default();
        for wave in Wave::ALL.iter().rev() {
            let of_wave: Vec<_> = leaving.iter().filter(|object| Wave::of(object) == *wave).cloned().collect();
            self.delete_wave(of_wave, &mut pruned).await?;
            // Controllers register webhooks of their own, of which no list knows. Before their pods go, these would
            // refuse everything once the pods are gone; and a controller on its way out may write them once more.
            if matches!(wave, Wave::Custom | Wave::Workloads | Wave::Namespaces) {
                pruned.removed.extend(self.orphan_webhooks(&leaving).await?);
            }
        }
        Ok(pruned)
    }

    async fn delete_wave(&self, objects: Vec<VersionedRef>, pruned: &mut Pruned) -> Result<(), Error> {
        let deletions = objects.into_iter().map(|object| async move {
            let fate = self.delete_one(&object).await;
            (object, fate)
        });
        let fates = stream::iter(deletions).buffered(CONCURRENCY).collect::<Vec<_>>().await;
        let (mut going, mut refused) = (Vec::new(), Vec::new());
        for (object, fate) in fates {
            match fate {
                Ok(Fate::NotOurs) | Err(GaveUp::Stopped) => {}
                Ok(Fate::Deleting { uid }) => going.push((object, uid)),
                Ok(Fate::Kept(why)) => pruned.kept.push((object, why)),
                Err(GaveUp::Refused(failed) | GaveUp::Late(failed)) => refused.push(failed),
                Err(GaveUp::Fatal(error)) => return Err(error),
            }
        }
        if !refused.is_empty() {
            return Err(Error::Refused { component: self.owner.component.clone(), failures: refused });
        }
        self.await_gone(&going).await?;
        pruned.removed.extend(going.into_iter().map(|(object, _)| object));
        Ok(())
    }

    /// Deletes webhook configurations whose every Service is in a namespace that goes, whoever made them.
    async fn orphan_webhooks(&self, leaving: &[VersionedRef]) -> Result<Vec<VersionedRef>, Error> {
        let is_namespace =
            |object: &&VersionedRef| object.kind == "Namespace" && self.namespace_in_use(&object.name).is_none();
        let namespaces: Vec<&str> = leaving.iter().filter(is_namespace).map(|object| object.name.as_str()).collect();
        let mut removed = Vec::new();
        if namespaces.is_empty() {
            return Ok(removed);
        }
        for kind in WEBHOOKS {
            let every = VersionedRef::new("admissionregistration.k8s.io/v1", kind, None, "");
            let Ok(api) = self.kinds.api(&every).await else { continue };
            let found = api.list(&ListParams::default()).await.map_err(Error::request(format!("list every {kind}")))?;
            for one in found.items.iter().filter(|one| only_serves_from(&one.data, &namespaces)) {
                let name = one.metadata.name.clone().unwrap_or_default();
                match api.delete(&name, &DeleteParams::default()).await {
                    Err(kube::Error::Api(status)) if status.is_not_found() => {}
                    deleted => {
                        deleted.map_err(Error::request(format!("delete {kind} {name}")))?;
                        removed.push(every.sibling(None, &name));
                    }
                }
            }
        }
        Ok(removed)
    }

    async fn delete_one(&self, object: &VersionedRef) -> Result<Fate, GaveUp> {
        let result = self.retry.run(object, || self.try_delete(object)).await;
        match result {
            Err(GaveUp::Late(failed)) if failed.refusal.message.contains("knows no kind") => Ok(Fate::NotOurs),
            other => other,
        }
    }

    async fn try_delete(&self, object: &VersionedRef) -> Result<Fate, Fault> {
        let api = match self.kinds.api(object).await {
            Ok(api) => api,
            // Its definition is gone, and it with it.
            Err(Unresolved::Unknown { .. }) => return Ok(Fate::NotOurs),
            Err(error) => return Err(error.into()),
        };
        let Some(found) = api.get_metadata_opt(&object.name).await? else { return Ok(Fate::NotOurs) };
        if !self.owner.owns(&found.metadata) {
            return Ok(Fate::NotOurs);
        }
        if let Some(why) = self.reason_to_keep(object).await? {
            return Ok(Fate::Kept(why));
        }
        match api.delete(&object.name, &deletion(&found)).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Fate::NotOurs),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Fate::Deleting { uid: found.metadata.uid }),
        }
    }

    async fn reason_to_keep(&self, object: &VersionedRef) -> Result<Option<String>, Fault> {
        match Wave::of(object) {
            Wave::Namespaces => Ok(self.namespace_in_use(&object.name)),
            Wave::Definitions if !self.purge => self.definition_in_use(object).await,
            _ => Ok(None),
        }
    }

    fn namespace_in_use(&self, name: &str) -> Option<String> {
        if KEPT_NAMESPACES.contains(&name) {
            return Some("the namespace belongs to the cluster".into());
        }
        let tenant = self.others.iter().find(|other| other.namespace == name)?;
        Some(format!("the namespace is still used by {tenant}"))
    }

    async fn definition_in_use(&self, object: &VersionedRef) -> Result<Option<String>, Fault> {
        let definition = self.kinds.api(object).await?.get(&object.name).await?;
        let text = |pointer: &str| definition.data.pointer(pointer).and_then(|value| value.as_str());
        let versions = definition.data.pointer("/spec/versions").and_then(|value| value.as_array());
        let served = versions.into_iter().flatten().find(|version| version["served"] == true);
        let (Some(group), Some(kind), Some(version)) =
            (text("/spec/group"), text("/spec/names/kind"), served.and_then(|version| version["name"].as_str()))
        else {
            return Ok(None);
        };
        let every = VersionedRef::new(&format!("{group}/{version}"), kind, None, "");
        let api = match self.kinds.api(&every).await {
            Ok(api) => api,
            Err(Unresolved::Unknown { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let left = api.list_metadata(&ListParams::default().limit(1)).await?;
        Ok(left.items.first().map(|one| {
            let namespace = one.metadata.namespace.as_deref();
            let name = one.metadata.name.as_deref().unwrap_or_default();
            format!("there still is {}", every.sibling(namespace, name))
        }))
    }

    async fn await_gone(&self, going: &[(VersionedRef, Option<String>)]) -> Result<(), Error> {
        let waits =
            going.iter().map(|(object, uid)| async move { (object, self.is_gone(object, uid.as_deref()).await) });
        let results = stream::iter(waits).buffer_unordered(CONCURRENCY * 4).collect::<Vec<_>>().await;
        let left: Vec<_> = results.into_iter().filter(|(_, gone)| !gone).map(|(object, _)| object.clone()).collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Error::NotGone { component: self.owner.component.clone(), waited: self.start.elapsed(), left })
    }

    async fn is_gone(&self, object: &VersionedRef, uid: Option<&str>) -> bool {
        let Ok(api) = self.kinds.api(object).await else { return true };
        self.retry.progress.detail(format!("waiting until {object} is gone"));
        let mut states = std::pin::pin!(watch_object(api, &object.name).default_backoff());
        while let Ok(Some(state)) = timeout_at(self.retry.deadline, states.next()).await {
            match state {
                Ok(None) => return true,
                Ok(Some(found)) if found.metadata.uid.as_deref() != uid => return true,
                Ok(Some(_)) | Err(_) => {}
            }
        }
        false
    }
}

/// Whether a webhook configuration has webhooks, and nobody outside these namespaces answers any of them.
fn only_serves_from(configuration: &Value, namespaces: &[&str]) -> bool {
    let hooks = configuration["webhooks"].as_array().map_or(&[][..], Vec::as_slice);
    let is_within = |hook: &Value| {
        let namespace = hook.pointer("/clientConfig/service/namespace").and_then(Value::as_str);
        namespace.is_some_and(|namespace| namespaces.contains(&namespace))
    };
    !hooks.is_empty() && hooks.iter().all(is_within)
}

/// Deletes exactly the object that was looked at, and in the background what it owns.
fn deletion(found: &PartialObjectMeta<DynamicObject>) -> DeleteParams {
    DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions { uid: found.metadata.uid.clone(), resource_version: None }),
        ..Default::default()
    }
}
