//! Installing and removing whole components: the steps in their order.

use std::sync::Arc;

use kube::Client;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::apply::{Applied, Applier, Change, DEFINITIONS_OF_ALL};
use super::copies;
use super::inventory::{Entry, Inventory};
use super::kinds::Kinds;
use super::object::{Owner, VersionedRef};
use super::prune::{Pruned, Pruner};
use super::retry::{Fault, Retry};
use super::secrets::Secrets;
use super::waves::Wave;
use super::{Error, SYSTEM_NAMESPACE, Unit};
use backstack_common::report::{Outcome, Progress};
use backstack_stack::model::GeneratedSecret;

mod conflicts;
mod preview;
mod purge;

pub use preview::Preview;
pub use purge::Purged;

/// Component label of what belongs to no component.
pub const PLATFORM_ITSELF: &str = "platform";

/// Installs components on one cluster; cheap to share between components that run side by side.
#[derive(Clone)]
pub struct Installer {
    client: Client,
    kinds: Arc<Kinds>,
    inventory: Inventory,
    secrets: Secrets,
    platform: String,
    /// Of all components, see [`Applier::turns`].
    turns: Arc<Semaphore>,
    /// Objects that are not this platform's are left alone: the cluster is somebody else's.
    guarded: bool,
}

/// What installing a component did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What was applied, wave by wave.
    pub objects: Vec<Applied>,
    /// What was deleted because the component has it no more.
    pub pruned: Pruned,
    /// Whether the cluster knew the component before.
    pub known: bool,
}

impl Installed {
    /// How it ended, for people.
    pub fn outcome(&self) -> Outcome {
        let unchanged = self.objects.iter().all(|applied| applied.change == Change::Unchanged);
        match (self.known, unchanged && self.pruned.removed.is_empty()) {
            (_, true) => Outcome::Unchanged,
            (true, false) => Outcome::Changed,
            (false, false) => Outcome::Created,
        }
    }
}

impl Installer {
    /// `platform` is the platform's name, `host` the name that browsers use for it.
    pub fn new(client: Client, platform: &str, host: &str) -> Self {
        Self {
            kinds: Arc::new(Kinds::new(client.clone())),
            inventory: Inventory::new(client.clone(), platform),
            secrets: Secrets::new(client.clone(), platform, host),
            platform: platform.into(),
            turns: Arc::new(Semaphore::new(DEFINITIONS_OF_ALL)),
            client,
            guarded: false,
        }
    }

    /// The same for a cluster that somebody else made: an object that is there already is never taken over.
    #[must_use]
    pub fn guarded(self) -> Self {
        Self { guarded: true, ..self }
    }

    /// The client that everything is done with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is known of the kinds that the cluster serves, shared by all components.
    pub fn kinds(&self) -> &Arc<Kinds> {
        &self.kinds
    }

    /// The platform's certificates and generated passwords.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Makes the namespace that inventory and authority live in. Once, before anything else.
    ///
    /// # Errors
    /// As [`Installer::install`].
    pub async fn prepare(&self, deadline: Instant, progress: &Progress) -> Result<(), Error> {
        let owner = self.owner(PLATFORM_ITSELF);
        let retry = self.retry(deadline, progress);
        let applier = self.applier(&owner, SYSTEM_NAMESPACE, &retry);
        self.namespace(&applier, SYSTEM_NAMESPACE).await?;
        let secret = VersionedRef::new("v1", "Secret", Some(SYSTEM_NAMESPACE), super::secrets::AUTHORITY_SECRET);
        let made =
            retry.run(&secret, || async { self.secrets.authority().await.map(|_| ()).map_err(Fault::from) }).await;
        applier.settle(vec![made]).map(|_| ())
    }

    /// Applies a component, removes what it no longer has, and writes down what there is.
    ///
    /// Does not wait until it runs: see [`super::readiness`]. [`Installer::prepare`] has to come first.
    ///
    /// # Errors
    /// Names every object that was refused or still blocked at the deadline; nothing that was applied is
    /// undone, and a second call continues.
    pub async fn install(&self, unit: &Unit, deadline: Instant, progress: &Progress) -> Result<Installed, Error> {
        let owner = self.owner(&unit.name);
        let previous = self.inventory.load(&unit.name).await?;
        let known = previous.is_some();
        let previous = previous.map(|entry| entry.objects).unwrap_or_default();
        let intended = intended(unit)?;
        if self.guarded {
            self.check_conflicts(&unit.name, &previous, &intended).await?;
        }
        let union = union(&previous, intended);
        self.inventory.save(&Entry::of(unit, union, false)).await?;

        let retry = self.retry(deadline, progress);
        let applier = self.applier(&owner, &unit.namespace, &retry);
        let objects = self.apply(unit, &applier, &retry).await?;
        let mut now: Vec<_> = objects.iter().map(|applied| applied.object.clone()).collect();
        let others = self.others(&unit.name).await?;
        let pruned = self.pruner(&owner, &retry, &others).prune(&previous, &now).await?;
        for (object, why) in &pruned.kept {
            progress.warn(format!("{object} is no longer in the stack but kept: {why}"));
            now.push(object.clone());
        }
        self.inventory.save(&Entry::of(unit, now, true)).await?;
        Ok(Installed { objects, pruned, known })
    }

    /// Removes all of a component.
    ///
    /// # Errors
    /// [`Error::NotGone`] with what is still there at the deadline.
    pub async fn remove(&self, component: &str, deadline: Instant, progress: &Progress) -> Result<Pruned, Error> {
        let Some(entry) = self.inventory.load(component).await? else { return Ok(Pruned::default()) };
        let owner = self.owner(component);
        let retry = self.retry(deadline, progress);
        let others = self.others(component).await?;
        let pruned = self.pruner(&owner, &retry, &others).prune(&entry.objects, &[]).await?;
        for (object, why) in &pruned.kept {
            progress.warn(format!("{object} is kept: {why}"));
        }
        if pruned.kept.is_empty() {
            self.inventory.forget(component).await?;
        } else {
            let objects = pruned.kept.iter().map(|(object, _)| object.clone()).collect();
            self.inventory.save(&Entry { objects, complete: false, ..entry }).await?;
        }
        Ok(pruned)
    }

    async fn apply(&self, unit: &Unit, applier: &Applier<'_>, retry: &Retry<'_>) -> Result<Vec<Applied>, Error> {
        let mut applied: Vec<Applied> = self.namespace(applier, &unit.namespace).await?.into_iter().collect();
        applied.extend(applier.wave(Wave::Namespaces, &unit.objects).await?);
        applied.dedup_by(|a, b| a.object == b.object);
        let mut definitions = applier.definitions(&unit.crds).await?;
        definitions.extend(applier.wave(Wave::Definitions, &unit.objects).await?);
        let names: Vec<_> = definitions.iter().map(|applied| applied.object.clone()).collect();
        applier.established(&names).await?;
        applied.extend(definitions);
        applied.extend(self.generate(unit, applier, retry).await?);
        for wave in [Wave::Foundations, Wave::Workloads, Wave::Admission, Wave::Custom] {
            applied.extend(applier.wave(wave, &unit.objects).await?);
        }
        Ok(applied)
    }

    /// Makes the namespace unless it is somebody else's; nothing then, and it is never deleted.
    async fn namespace(&self, applier: &Applier<'_>, name: &str) -> Result<Option<Applied>, Error> {
        let object = VersionedRef::new("v1", "Namespace", None, name);
        let foreign = applier.retry.run(&object, || async {
            let found = self.kinds.api(&object).await?.get_metadata_opt(name).await?;
            Ok(found.is_some_and(|found| !applier.owner.owns(&found.metadata)))
        });
        if applier.settle(vec![foreign.await])?.pop() == Some(true) {
            return Ok(None);
        }
        let manifest: Value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        Ok(applier.wave(Wave::Namespaces, &[manifest]).await?.pop())
    }

    async fn generate(&self, unit: &Unit, applier: &Applier<'_>, retry: &Retry<'_>) -> Result<Vec<Applied>, Error> {
        let mut applied = Vec::new();
        for (name, secret) in &unit.secrets {
            let object = VersionedRef::new("v1", "Secret", Some(&unit.namespace), name);
            let owner = applier.owner;
            let made = match secret {
                GeneratedSecret::Copy(source) => copies::copy(&self.secrets, applier, retry, &object, source).await,
                _ => {
                    let ensure = || async {
                        self.secrets.ensure(owner, &unit.namespace, name, secret).await.map_err(Fault::from)
                    };
                    retry.run(&object, ensure).await
                }
            };
            let change = applier.settle(vec![made])?;
            applied.extend(change.into_iter().map(|change| Applied {
                object: object.clone(),
                change,
                generation: None,
            }));
        }
        Ok(applied)
    }

    async fn others(&self, component: &str) -> Result<Vec<VersionedRef>, Error> {
        let mut all = self.inventory.load_all().await?;
        all.remove(component);
        Ok(all.into_values().flat_map(|entry| entry.objects).collect())
    }

    fn owner(&self, component: &str) -> Owner {
        Owner { platform: self.platform.clone(), component: component.into() }
    }

    fn retry<'a>(&'a self, deadline: Instant, progress: &'a Progress) -> Retry<'a> {
        Retry { kinds: &self.kinds, progress, deadline, stop: CancellationToken::new() }
    }

    fn applier<'a>(&'a self, owner: &'a Owner, namespace: &'a str, retry: &'a Retry<'a>) -> Applier<'a> {
        Applier { kinds: &self.kinds, owner, namespace, retry, turns: &self.turns, start: Instant::now() }
    }

    fn pruner<'a>(&'a self, owner: &'a Owner, retry: &'a Retry<'a>, others: &'a [VersionedRef]) -> Pruner<'a> {
        Pruner { kinds: &self.kinds, owner, retry, start: Instant::now(), others, purge: false }
    }
}

/// What a unit is going to have, as far as it can be told before its kinds are known.
pub(super) fn intended(unit: &Unit) -> Result<Vec<VersionedRef>, Error> {
    let mut objects = vec![namespace_of(unit)];
    objects.extend(unit.crds.iter().map(|definition| definition.object().clone()));
    for manifest in &unit.objects {
        objects.push(identify(unit, manifest)?);
    }
    objects.extend(secrets_of(unit));
    Ok(objects)
}

fn identify(unit: &Unit, manifest: &Value) -> Result<VersionedRef, Error> {
    let object = VersionedRef::of(manifest);
    let object = object.map_err(|problem| Error::Manifest { component: unit.name.clone(), problem })?;
    Ok(object.or_within(&unit.namespace))
}

fn namespace_of(unit: &Unit) -> VersionedRef {
    VersionedRef::new("v1", "Namespace", None, &unit.namespace)
}

/// Secrets that are made once and kept.
fn secrets_of(unit: &Unit) -> impl Iterator<Item = VersionedRef> {
    unit.secrets.keys().map(|name| VersionedRef::new("v1", "Secret", Some(&unit.namespace), name))
}

fn union(previous: &[VersionedRef], intended: Vec<VersionedRef>) -> Vec<VersionedRef> {
    let mut all = previous.to_vec();
    for object in intended {
        if !all.iter().any(|known| known.object == object.object) {
            all.push(object);
        }
    }
    all
}
