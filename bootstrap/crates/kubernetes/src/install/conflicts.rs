//! On a cluster of others: what has a name that a component wants, and is not this platform's.

use futures::{StreamExt, TryStreamExt, stream};
use kube::core::ObjectMeta;

use super::Installer;
use crate::Error;
use crate::kinds::Unresolved;
use crate::object::{MANAGED_BY, PLATFORM, VersionedRef};
use crate::waves::Wave;
use crate::{MANAGER, Unit};

const CONCURRENCY: usize = 8;

impl Installer {
    /// Objects that a component wants and somebody else has made. Namespaces may be anybody's.
    ///
    /// # Errors
    /// [`Error::Request`] if the API refuses, [`Error::Manifest`] for a manifest that is none.
    pub async fn conflicts(&self, unit: &Unit) -> Result<Vec<VersionedRef>, Error> {
        let previous = self.inventory.load(&unit.name).await?.map(|entry| entry.objects).unwrap_or_default();
        self.foreign(&previous, &super::intended(unit)?).await
    }

    pub(super) async fn check_conflicts(
        &self,
        component: &str,
        previous: &[VersionedRef],
        intended: &[VersionedRef],
    ) -> Result<(), Error> {
        let objects = self.foreign(previous, intended).await?;
        if objects.is_empty() { Ok(()) } else { Err(Error::Foreign { component: component.into(), objects }) }
    }

    async fn foreign(&self, previous: &[VersionedRef], intended: &[VersionedRef]) -> Result<Vec<VersionedRef>, Error> {
        let new = intended.iter().filter(|object| Wave::of(object) != Wave::Namespaces);
        let new = new.filter(|object| !previous.iter().any(|had| had.object == object.object));
        let asked = stream::iter(new).map(|object| async move {
            let object = self.kinds.normalized(object).await;
            let api = match self.kinds.api(&object).await {
                Ok(api) => api,
                // A kind that is not there yet has no objects.
                Err(Unresolved::Unknown { .. }) => return Ok(None),
                Err(Unresolved::Request(error)) => return Err(Error::request(format!("look for {object}"))(error)),
            };
            let found =
                api.get_metadata_opt(&object.name).await.map_err(Error::request(format!("look for {object}")))?;
            Ok(found.filter(|found| !self.is_ours(&found.metadata)).map(|_| object))
        });
        let found: Vec<_> = asked.buffered(CONCURRENCY).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    fn is_ours(&self, meta: &ObjectMeta) -> bool {
        let label = |key: &str| meta.labels.as_ref().and_then(|labels| labels.get(key)).map(String::as_str);
        label(MANAGED_BY) == Some(MANAGER) && label(PLATFORM) == Some(&self.platform)
    }
}
