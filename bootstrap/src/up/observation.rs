//! What exists, beside the images: network, registry, nodes, definitions, the inventory.

use std::collections::{BTreeMap, BTreeSet};

use super::images::{DecidedImages, Images};
use crate::definitions;
use crate::docker::observe::ObservedPlatform;
use crate::docker::{Engine, network, registry};
use crate::error::Failure;
use crate::kubernetes::inventory::Inventory;
use crate::plan::Observed;
use crate::stack::{Component, Stack};

/// Looks where everything stands; touches nothing.
pub(super) async fn observe(
    engine: &Engine,
    images: &Images,
    decided: &DecidedImages,
    stack: &Stack,
    platform: Option<ObservedPlatform>,
    client: Option<&kube::Client>,
) -> Result<Observed, Failure> {
    let network = network::find(engine).await?.is_some();
    let registry = registry::find(engine).await?.is_some();
    let name = platform.as_ref().map_or("", |platform| platform.name.as_str());
    let installed = installed(name, client).await?;
    let definitions = definitions(images, stack);
    Ok(Observed { network, registry, platform, images: decided.images.clone(), definitions, installed })
}

/// The same for a cluster that somebody else made.
pub(super) async fn observe_existing(
    images: &Images,
    decided: &DecidedImages,
    stack: &Stack,
    platform: &str,
    client: &kube::Client,
) -> Result<Observed, Failure> {
    let (installed, definitions) = (installed(platform, Some(client)).await?, definitions(images, stack));
    Ok(Observed { images: decided.images.clone(), installed, definitions, ..Observed::default() })
}

/// Components whose definitions are all in the cache.
fn definitions(images: &Images, stack: &Stack) -> BTreeSet<String> {
    let has_all = |component: &&Component| definitions::are_cached(&component.file.crds, &images.store);
    stack.components.iter().filter(has_all).map(|component| component.file.name.clone()).collect()
}

/// Components in the inventory of a platform whose API answers; none otherwise.
async fn installed(platform: &str, client: Option<&kube::Client>) -> Result<BTreeMap<String, String>, Failure> {
    let Some(client) = client else { return Ok(BTreeMap::new()) };
    let entries = Inventory::new(client.clone(), platform).load_all().await?;
    Ok(entries.into_iter().map(|(name, entry)| (name, entry.version)).collect())
}
