//! Objects of somebody else with names that a platform's objects would have.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cluster, ExistingError};
use crate::error::Failure;
use crate::kubernetes::object::VersionedRef;
use crate::kubernetes::{Installer, SYSTEM_NAMESPACE, Unit};
use crate::settings::UpSettings;
use crate::stack::{PlatformFacts, Stack, render};

/// Makes sure that there are none. Definitions are looked at when they are here.
///
/// # Errors
/// [`ExistingError::Conflicts`] with those that there are.
pub(in crate::target) async fn none(
    cluster: &Cluster,
    settings: &UpSettings,
    stack: &Stack,
    only: Option<&BTreeSet<String>>,
) -> Result<(), Failure> {
    let installer = Installer::new(cluster.client.clone(), &settings.name, settings.host());
    let facts = facts(settings, stack);
    let mut objects: Vec<(String, VersionedRef)> = Vec::new();
    for component in stack.components.iter().filter(|one| only.is_none_or(|only| only.contains(one.name()))) {
        let file = &component.file;
        let rendered = render(component, &facts);
        let named = (file.name.as_str(), file.version.as_str(), file.namespace.as_str());
        let unit = Unit::new(named, Vec::new(), rendered, file.secrets.clone(), file.readiness.clone());
        let found = installer.conflicts(&unit).await?;
        objects.extend(found.into_iter().map(|object| (file.name.clone(), object)));
    }
    if objects.is_empty() {
        return Ok(());
    }
    Err(ExistingError::Conflicts { context: cluster.context.clone(), objects }.into())
}

/// Enough to know what objects will be called.
fn facts(settings: &UpSettings, stack: &Stack) -> PlatformFacts {
    PlatformFacts {
        name: settings.name.clone(),
        url: settings.url.clone(),
        host: settings.host().into(),
        port: settings.public_port(),
        namespace: SYSTEM_NAMESPACE.into(),
        ca_bundle: String::new(),
        registry: String::new(),
        images: BTreeMap::new(),
        ingress_class: stack.ingress_class().map(str::to_string),
    }
}
