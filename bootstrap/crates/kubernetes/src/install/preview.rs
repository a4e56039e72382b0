//! What installing a component would change, found out by having the API server try it.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Installer, identify, namespace_of, secrets_of};
use crate::apply::{cannot_change, has_failed};
use crate::kinds::Unresolved;
use crate::object::{Owner, VersionedRef, prepare};
use crate::refusal::{Verdict, judge};
use crate::{Definition, Error, MANAGER, Unit};

const CONCURRENCY: usize = 8;

/// What would become of a component's objects. Those that would stay as they are are not named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The version that is installed; none if the component is not.
    pub had: Option<String>,
    /// Objects that would be made.
    #[serde(serialize_with = "as_text")]
    pub added: Vec<VersionedRef>,
    /// Objects that would become other ones.
    #[serde(serialize_with = "as_text")]
    pub changed: Vec<VersionedRef>,
    /// Objects that would be deleted.
    #[serde(serialize_with = "as_text")]
    pub removed: Vec<VersionedRef>,
    /// Objects of which the API server could not say it, and why.
    pub unknown: BTreeMap<String, String>,
}

/// As people know them.
fn as_text<S: Serializer>(objects: &[VersionedRef], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(objects.iter().map(ToString::to_string))
}

impl Preview {
    /// Whether nothing would be done.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty() && self.unknown.is_empty()
    }

    fn of(had: Option<String>, removed: Vec<VersionedRef>, tried: Vec<(VersionedRef, Fate)>) -> Self {
        let mut preview = Self { had, removed, ..Self::default() };
        for (object, fate) in tried {
            match fate {
                Fate::Unchanged => {}
                Fate::Added if preview.added.contains(&object) => {}
                Fate::Added => preview.added.push(object),
                Fate::Changed => preview.changed.push(object),
                Fate::Unknown(why) => drop(preview.unknown.insert(object.to_string(), why)),
            }
        }
        preview
    }
}

/// What would become of one object.
enum Fate {
    Unchanged,
    Added,
    Changed,
    Unknown(String),
}

/// What is to be applied.
enum Manifest<'a> {
    Tree(&'a Value),
    Definition(&'a Definition),
}

impl Installer {
    /// What [`Installer::install`] would change. Nothing is: the API server only tries each object.
    ///
    /// # Errors
    /// [`Error::Request`] if the API cannot be asked, [`Error::Manifest`] for a manifest that is none.
    pub async fn preview(&self, unit: &Unit) -> Result<Preview, Error> {
        let entry = self.inventory.load(&unit.name).await?;
        let (had, previous) = entry.map(|entry| (entry.version, entry.objects)).unzip();
        let owner = self.owner(&unit.name);
        let definitions = unit.crds.iter().map(|one| Ok((one.object().clone(), Manifest::Definition(one))));
        let trees = unit.objects.iter().map(|tree| Ok((identify(unit, tree)?, Manifest::Tree(tree))));
        let manifests: Vec<_> = definitions.chain(trees).collect::<Result<_, Error>>()?;
        let tried = stream::iter(manifests).map(|(object, manifest)| async move {
            let object = self.kinds.normalized(&object).await;
            let fate = self.fate(&object, &manifest, &self.owner(&unit.name)).await?;
            Ok::<_, Error>((object, fate))
        });
        let mut tried: Vec<_> = tried.buffered(CONCURRENCY).try_collect().await?;
        // These are made where they are missing, and otherwise left as they are.
        for object in secrets_of(unit).chain([namespace_of(unit)]) {
            let there = self.found(&object).await?.is_some();
            tried.push((object, if there { Fate::Unchanged } else { Fate::Added }));
        }
        let removed = self.leaving(previous.unwrap_or_default(), &tried, &owner).await?;
        Ok(Preview::of(had, removed, tried))
    }

    /// Objects of ours that the component has and would not have any more.
    async fn leaving(
        &self,
        previous: Vec<VersionedRef>,
        now: &[(VersionedRef, Fate)],
        owner: &Owner,
    ) -> Result<Vec<VersionedRef>, Error> {
        let mut gone = Vec::new();
        for object in previous {
            let object = self.kinds.normalized(&object).await;
            if !now.iter().any(|(kept, _)| kept.object == object.object) {
                gone.push(object);
            }
        }
        let looked = stream::iter(gone).map(|object| async move {
            let found = self.found(&object).await?;
            Ok::<_, Error>(found.filter(|found| owner.owns(&found.metadata)).map(|_| object))
        });
        let leaving: Vec<_> = looked.buffered(CONCURRENCY).try_collect().await?;
        Ok(leaving.into_iter().flatten().collect())
    }

    async fn fate(&self, object: &VersionedRef, manifest: &Manifest<'_>, owner: &Owner) -> Result<Fate, Error> {
        // Definitions are large, before and after.
        let _turn = match manifest {
            Manifest::Definition(_) => self.turns.acquire().await.ok(),
            Manifest::Tree(_) => None,
        };
        let Some(before) = self.found(object).await? else { return Ok(Fate::Added) };
        let is_job = object.group == "batch" && object.kind == "Job";
        if is_job && has_failed(&before) {
            return Ok(Fate::Changed);
        }
        let body = match manifest {
            Manifest::Tree(tree) => prepare(tree, object.namespaced(), owner),
            Manifest::Definition(definition) => prepare(&definition.manifest(), None, owner),
        };
        let Some(api) = self.api(object).await? else { return Ok(Fate::Added) };
        let params = PatchParams::apply(MANAGER).force().dry_run();
        Ok(match api.patch(&object.name, &params, &Patch::Apply(body)).await {
            Ok(after) if content(&before) == content(&after) => Fate::Unchanged,
            Ok(_) => Fate::Changed,
            Err(kube::Error::Api(status)) if is_job && cannot_change(&status) => Fate::Changed,
            Err(error) => Fate::Unknown(match judge(&error) {
                Verdict::Wait(why) | Verdict::Rediscover(why) => why,
                Verdict::Forbidden(refusal) | Verdict::Refused(refusal) => refusal.message,
            }),
        })
    }

    /// The object as it is; nothing if it or its kind is not there.
    async fn found(&self, object: &VersionedRef) -> Result<Option<DynamicObject>, Error> {
        let Some(api) = self.api(object).await? else { return Ok(None) };
        api.get_opt(&object.name).await.map_err(Error::request(format!("look for {object}")))
    }

    /// Nothing for a kind that is not there yet, or not any more.
    async fn api(&self, object: &VersionedRef) -> Result<Option<Api<DynamicObject>>, Error> {
        match self.kinds.api(object).await {
            Ok(api) => Ok(Some(api)),
            Err(Unresolved::Unknown { .. }) => Ok(None),
            Err(Unresolved::Request(error)) => Err(Error::request(format!("look for {object}"))(error)),
        }
    }
}

/// What of an object is neither its state nor the server's own bookkeeping.
fn content(object: &DynamicObject) -> Value {
    let mut content = json!({"metadata": object.metadata, "data": object.data});
    for (part, own) in [("metadata", &["managedFields", "resourceVersion", "generation"][..]), ("data", &["status"])] {
        if let Some(fields) = content[part].as_object_mut() {
            fields.retain(|field, _| !own.contains(&field.as_str()));
        }
    }
    content
}
