//! Taking away all of a component: its objects, its definitions, and every object of its kinds, whoever made it.
//!
//! The order is what keeps it from hanging. First go objects that a controller has to let go (its own, then people's)
//! while all controllers still run; then workloads, APIs and webhooks; then what was made meanwhile; at last
//! definitions and namespaces.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::core::gvk::GroupVersionKind;
use tokio::time::Instant;

use super::Installer;
use crate::Error;
use crate::inventory::Entry;
use crate::object::VersionedRef;
use crate::prune::Pruned;
use crate::removal::{Served, kinds_of};
use crate::sweep::{Sweep, Swept};
use crate::waves::Wave;
use backstack_common::report::Progress;

/// How long a controller may take to let an object go before its finalizers are taken off.
const PATIENCE: Duration = Duration::from_secs(45);
/// The same when the controllers are gone already.
const NO_PATIENCE: Duration = Duration::from_secs(3);

/// What was taken away.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Purged {
    /// How many objects were deleted.
    pub removed: usize,
    /// Objects whose finalizers were taken off.
    pub forced: Vec<VersionedRef>,
    /// Left alone, and why.
    pub kept: Vec<(VersionedRef, String)>,
}

impl Purged {
    fn swept(&mut self, swept: Swept) {
        self.removed += swept.removed;
        self.forced.extend(swept.forced);
    }

    fn pruned(&mut self, pruned: Pruned) {
        self.removed += pruned.removed.len();
        self.kept.extend(pruned.kept);
    }
}

impl Installer {
    /// Removes all of a component, and all objects of its kinds.
    ///
    /// A namespace that other components still use is kept, and stays in the inventory: call it again when they are
    /// gone.
    ///
    /// # Errors
    /// [`Error::NotGone`] with what is still there at the deadline, or the API's refusal.
    pub async fn purge(&self, component: &str, deadline: Instant, progress: &Progress) -> Result<Purged, Error> {
        let Some(entry) = self.inventory.load(component).await? else { return Ok(Purged::default()) };
        let mut purged = Purged::default();
        let sweep = Sweep { client: &self.client, progress, deadline, patience: PATIENCE };
        let is_own = |object: &VersionedRef| entry.objects.iter().any(|own| own.object == object.object);
        purged.swept(sweep.run(component, &self.own_kinds(&entry).await?, is_own).await?);
        let kinds = kinds_of(&self.client, &entry).await?;
        let derived = self.derived(&kinds).await?;
        purged.swept(sweep.run(component, &derived, |_| true).await?);
        purged.swept(sweep.run(component, &kinds, |_| true).await?);

        let (owner, retry) = (self.owner(component), self.retry(deadline, progress));
        let others = self.others(component).await?;
        let pruner = super::Pruner { purge: true, ..self.pruner(&owner, &retry, &others) };
        let is_late = |object: &VersionedRef| matches!(Wave::of(object), Wave::Definitions | Wave::Namespaces);
        let (late, early): (Vec<_>, Vec<_>) = entry.objects.iter().cloned().partition(is_late);
        purged.pruned(pruner.prune(&early, &[]).await?);
        // Nobody is left who could let go what was made meanwhile.
        let rest = Sweep { patience: NO_PATIENCE, ..sweep };
        purged.swept(rest.run(component, &derived, |_| true).await?);
        purged.swept(rest.run(component, &kinds, |_| true).await?);
        let names: BTreeSet<&str> = derived.iter().map(|kind| kind.definition.as_str()).collect();
        purged.swept(rest.run(component, &[definitions()], |object| names.contains(object.name.as_str())).await?);
        purged.pruned(pruner.prune(&late, &[]).await?);
        self.forget_all_but(entry, &purged.kept).await?;
        Ok(purged)
    }

    async fn forget_all_but(&self, entry: Entry, kept: &[(VersionedRef, String)]) -> Result<(), Error> {
        if kept.is_empty() {
            return self.inventory.forget(&entry.component).await;
        }
        let objects = kept.iter().map(|(object, _)| object.clone()).collect();
        self.inventory.save(&Entry { objects, complete: false, ..entry }).await
    }

    /// The kinds of the component's own objects of other components' definitions.
    async fn own_kinds(&self, entry: &Entry) -> Result<Vec<Served>, Error> {
        let mut kinds: Vec<Served> = Vec::new();
        for object in entry.objects.iter().filter(|object| Wave::of(object) == Wave::Custom) {
            let api_version = object.api_version();
            let is_its = |kind: &Served| kind.resource.api_version == api_version && kind.resource.kind == object.kind;
            // A kind that is not served any more has no objects.
            if !kinds.iter().any(is_its)
                && let Ok(kind) = self.kinds.of(object).await
            {
                let definition = format!("{}.{}", kind.resource.plural, kind.resource.group);
                kinds.push(Served { definition, resource: kind.resource, namespaced: kind.namespaced });
            }
        }
        Ok(kinds)
    }

    /// Kinds whose definitions belong to objects of these kinds: somebody's own, made through the component.
    async fn derived(&self, kinds: &[Served]) -> Result<Vec<Served>, Error> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &definitions().resource);
        let found = api.list(&ListParams::default()).await.map_err(Error::request("list definitions"))?;
        let group =
            |api_version: &str| api_version.split_once('/').map(|(group, _)| group.to_string()).unwrap_or_default();
        let of_ours = |definition: &&DynamicObject| {
            let mut owners = definition.metadata.owner_references.iter().flatten();
            owners.any(|owner| {
                kinds
                    .iter()
                    .any(|kind| kind.resource.kind == owner.kind && kind.resource.group == group(&owner.api_version))
            })
        };
        Ok(found.items.iter().filter(of_ours).filter_map(Served::of).collect())
    }
}

fn definitions() -> Served {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    Served {
        definition: "customresourcedefinitions.apiextensions.k8s.io".into(),
        resource: ApiResource::from_gvk(&kind),
        namespaced: false,
    }
}
