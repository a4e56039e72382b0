//! `down`: nothing of the platform is left behind.

use serde::Serialize;

use crate::docker::{Engine, kubeconfig, locks, mode, names, network, observe, pulled, registry};
use crate::error::{ExitKind, Failure};
use crate::folders;
use crate::settings::display;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct DownRequest {
    /// The platform that goes, as `--name` has it; one that is not there is no error.
    pub name: String,
    /// The image cache too.
    pub purge: bool,
}

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

/// Whether there is a platform of that name.
///
/// # Errors
/// The engine does not answer.
pub async fn finds(name: &str) -> Result<bool, Failure> {
    Ok(observe::platforms(&Engine::connect().await?).await?.contains_key(name))
}

/// Removes the platform. What is gone already is no error, so that an interrupted `down` can be run again.
///
/// # Errors
/// The engine refuses, the kubeconfig cannot be changed, or `purge` would take the cache from another platform.
pub async fn run(request: &DownRequest) -> Result<Removed, Failure> {
    if let Some(why) = names::name_problem(&request.name) {
        return Err(crate::settings::SettingsError::Name { value: request.name.clone(), why }.into());
    }
    let engine = Engine::connect().await?;
    let mut platforms = observe::platforms(&engine).await?;
    let mine = platforms.remove(&request.name);
    if request.purge && !platforms.is_empty() {
        return Err(in_use(platforms.into_keys().collect()));
    }
    let nodes: Vec<String> = mine.iter().flat_map(|platform| &platform.nodes).map(|node| node.name.clone()).collect();
    let gone = nodes.iter().map(|node| engine.remove_container(node));
    futures::future::try_join_all(gone).await?;
    let mut removed = Removed { nodes, ..Removed::default() };
    // A kubeconfig that cannot be changed is told at the end: everything else goes all the same.
    let context = kubeconfig::remove_everywhere(&names::context(&request.name));
    removed.kubeconfig_context = matches!(context, Ok(true));
    // Of several that go at the same moment, the last finds no other.
    let _turn = locks::turn().await;
    let others = observe::platforms(&engine).await?;
    // A program that makes another platform needs what is shared, although it has no node yet.
    let alone = locks::alone();
    if request.purge && alone.is_err() {
        return Err(in_use(vec!["one that is being made".into()]));
    }
    if others.is_empty() && alone.is_ok() {
        removed.registry = registry::remove(&engine).await?;
        removed.network = network::remove(&engine).await?;
        mode::forget(&engine).await?;
    }
    if request.purge {
        removed.image_cache = purge(&engine).await?;
    }
    context?;
    Ok(removed)
}

async fn purge(engine: &Engine) -> Result<bool, Failure> {
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

/// What was taken away, for people.
pub fn show(name: &str, removed: &Removed) -> String {
    if *removed == Removed::default() {
        return format!("  There is no platform `{name}`: nothing to do.\n");
    }
    let mut parts = Vec::new();
    if !removed.nodes.is_empty() {
        parts.push(format!("{} node{}", removed.nodes.len(), if removed.nodes.len() == 1 { "" } else { "s" }));
    }
    let flags = [
        (removed.kubeconfig_context, "kubeconfig context"),
        (removed.registry, "registry"),
        (removed.network, "network"),
        (removed.image_cache, "image cache"),
    ];
    parts.extend(flags.into_iter().filter(|(gone, _)| *gone).map(|(_, what)| what.to_string()));
    let kept = if removed.image_cache { "" } else { " The image cache stays: `--purge` takes it too." };
    format!("  Removed: {}.{kept}\n", parts.join(", "))
}
