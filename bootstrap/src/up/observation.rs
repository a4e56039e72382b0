//! What exists, beside the images: network, registry, nodes, definitions, the inventory.

use std::collections::{BTreeMap, BTreeSet};

use super::images::{Images, Resolved};
use crate::definitions;
use crate::error::Failure;
use crate::kubernetes::inventory::Inventory;
use crate::plan::Observed;
use crate::stack::{Component, Stack};
use crate::target::Seen;

/// Looks where everything stands; touches nothing. What was seen before is not looked at again.
pub(super) async fn observe(resolved: &Resolved, name: &str, seen: &Seen, network: bool) -> Result<Observed, Failure> {
    let Resolved { images, stack, decided } = resolved;
    Ok(Observed {
        network,
        registry: seen.registry.is_some(),
        platform: seen.platform.clone(),
        images: decided.images.clone(),
        definitions: definitions(images, stack),
        installed: installed(name, seen.live.as_ref()).await?,
    })
}

/// Components whose definitions are all in the cache.
fn definitions(images: &Images, stack: &Stack) -> BTreeSet<String> {
    let has_all = |component: &Component| definitions::are_cached(&component.file.crds, &images.store);
    stack
        .components
        .iter()
        .filter(|component| has_all(component))
        .map(|component| component.file.name.clone())
        .collect()
}

/// Components in the inventory of a platform whose API answers; none otherwise.
async fn installed(platform: &str, client: Option<&kube::Client>) -> Result<BTreeMap<String, String>, Failure> {
    let Some(client) = client else { return Ok(BTreeMap::new()) };
    let entries = Inventory::new(client.clone(), platform).load_all().await?;
    Ok(entries.into_iter().map(|(name, entry)| (name, entry.version)).collect())
}
