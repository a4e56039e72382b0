//! `down` in the engine: nothing of the platform is left behind.

use serde::Serialize;

use super::Local;
use crate::docker::{Engine, kubeconfig, locks, mode, names, network, observe, pulled, registry};
use crate::error::{ExitKind, Failure};
use crate::folders;
use crate::report::units;
use crate::settings::{SettingsError, display};

/// What was taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Node containers, with their volumes.
    pub nodes: Vec<String>,
    /// The platform's context in the user's kubeconfig.
    pub kubeconfig_context: bool,
    /// The local registry's container, and the network, which all platforms share: gone with the last of them.
    pub registry: bool,
    /// The network in the engine, which all platforms share.
    pub network: bool,
    /// Images in the registry's volume, in the engine and in the cache.
    pub image_cache: bool,
}

/// Removes the platform, and with `purge` the image cache. What is gone already is no error, so that an interrupted `down` can be run again.
///
/// # Errors
/// The engine refuses, the kubeconfig cannot be changed, or `purge` would take the cache from another platform.
pub async fn run(local: &Local, name: &str, purge: bool) -> Result<Removed, Failure> {
    if let Some(why) = names::name_problem(name) {
        return Err(SettingsError::Name { value: name.into(), why }.into());
    }
    let engine = &local.engine;
    let mut platforms = observe::platforms(engine).await?;
    let mine = platforms.remove(name);
    if purge && !platforms.is_empty() {
        return Err(in_use(platforms.into_keys().collect()));
    }
    let nodes: Vec<String> = mine.iter().flat_map(|platform| &platform.nodes).map(|node| node.name.clone()).collect();
    let gone = nodes.iter().map(|node| engine.remove_container(node));
    futures::future::try_join_all(gone).await?;
    let mut removed = Removed { nodes, ..Removed::default() };
    // A kubeconfig that cannot be changed is told at the end: everything else goes all the same.
    let context = kubeconfig::remove_everywhere(&names::context(name));
    removed.kubeconfig_context = matches!(context, Ok(true));
    // Of several that go at the same moment, the last finds no other.
    let _turn = locks::turn().await;
    let others = observe::platforms(engine).await?;
    // A program that makes another platform needs what is shared, although it has no node yet.
    let alone = locks::alone();
    if purge && alone.is_err() {
        return Err(in_use(vec!["one that is being made".into()]));
    }
    if others.is_empty() && alone.is_ok() {
        removed.registry = registry::remove(engine).await?;
        removed.network = network::remove(engine).await?;
        mode::forget(engine).await?;
    }
    if purge {
        removed.image_cache = remove_cache(engine).await?;
    }
    context?;
    Ok(removed)
}

async fn remove_cache(engine: &Engine) -> Result<bool, Failure> {
    let volume = registry::purge(engine).await?;
    pulled::remove(engine).await?;
    engine.remove_built_images().await?;
    let cache = folders::cache()?;
    match std::fs::remove_dir_all(&cache) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(volume),
        Err(error) => Err(Failure {
            kind: ExitKind::Internal,
            messages: vec![format!("the cache {} cannot be removed", display(&cache)), error.to_string()],
            details: Vec::new(),
            hints: vec!["Remove the folder by hand; everything in it can be made again.".into()],
        }),
    }
}

fn in_use(others: Vec<String>) -> Failure {
    Failure {
        kind: ExitKind::Usage,
        messages: vec![format!("the image cache is used by other platforms: {}", others.join(", "))],
        details: Vec::new(),
        hints: vec!["Run `down` without --purge, or take the other platforms down first (`--name`).".into()],
    }
}

impl Removed {
    /// What was taken away, for people.
    pub fn show(&self, name: &str) -> String {
        if *self == Self::default() {
            return format!("  There is no platform `{name}`: nothing to do.\n");
        }
        let mut parts = Vec::new();
        if !self.nodes.is_empty() {
            parts.push(units::count(self.nodes.len(), "node"));
        }
        let flags = [
            (self.kubeconfig_context, "kubeconfig context"),
            (self.registry, "registry"),
            (self.network, "network"),
            (self.image_cache, "image cache"),
        ];
        parts.extend(flags.into_iter().filter(|(gone, _)| *gone).map(|(_, what)| what.to_string()));
        let kept = if self.image_cache { "" } else { " The image cache stays: `--purge` takes it too." };
        format!("  Removed: {}.{kept}\n", parts.join(", "))
    }
}
