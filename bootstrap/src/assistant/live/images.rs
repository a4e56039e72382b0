//! Whether an image can be had: the platform's own registry is asked, then the one that the image's name says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backstack_mcp::live::changes::images::Found;
use tokio::time::{Instant, timeout};

use crate::docker::{Engine, registry};
use crate::images::{ImageError, Platform, Reference, Registry, Upstream, UpstreamOptions, Wanted};

/// Longest time for one registry. Where there is no Internet, a name is looked for in vain for longer than anybody waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// For so long what was found holds.
const FRESH: Duration = Duration::from_secs(60);

/// The platform's own registry, as it is reached from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnRegistry {
    /// A container of this machine's engine.
    Engine,
    /// At this `HOST:PORT`.
    Address(String),
    /// A cluster of somebody else's has its own, which nobody here knows.
    Unknown,
}

/// What was found a moment ago: a proposal asks twice, before and after the user's word.
#[derive(Default)]
pub(super) struct Asked(Mutex<HashMap<String, (Instant, Found)>>);

impl Asked {
    /// As [`find`], and without asking again what was asked within the last minute.
    pub(super) async fn find(&self, image: &str, own: &OwnRegistry) -> Found {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(image).cloned();
        if let Some((_, found)) = known.filter(|(when, _)| when.elapsed() < FRESH) {
            return found;
        }
        let found = find(image, own).await;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (when, _)| when.elapsed() < FRESH);
        known.insert(image.into(), (Instant::now(), found.clone()));
        found
    }
}

/// Asks whether there is such an image.
async fn find(image: &str, own: &OwnRegistry) -> Found {
    let reference: Reference = match image.parse() {
        Ok(reference) => reference,
        Err(error) => return Found::Nowhere(format!("{error}")),
    };
    let here = match timeout(PATIENCE, here(&reference, own)).await {
        _ if *own == OwnRegistry::Unknown => "what the cluster's own registries have is not known here".to_string(),
        Ok(Ok(true)) => return Found::Here,
        Ok(Ok(false)) => "the platform's registry does not have it".to_string(),
        Ok(Err(why)) => format!("the platform's registry could not be asked ({why})"),
        Err(_) => "the platform's registry does not answer".to_string(),
    };
    let host = reference.host().to_string();
    match timeout(PATIENCE, there(reference)).await {
        Ok(Ok(())) => Found::Public,
        Ok(Err(ImageError::NotFound { .. } | ImageError::NoPlatform { .. })) => {
            Found::Nowhere(format!("{here}, and {host} has no such image"))
        }
        Ok(Err(ImageError::Unauthorised { .. })) => {
            Found::Unknown(format!("{here}, and {host} tells only who signs in: it is private, or does not exist"))
        }
        Ok(Err(_)) | Err(_) => Found::Unknown(format!("{here}, and {host} cannot be asked from here")),
    }
}

async fn here(reference: &Reference, own: &OwnRegistry) -> Result<bool, String> {
    let address = match own {
        OwnRegistry::Engine => {
            let engine = Engine::connect().await.map_err(|error| error.to_string())?;
            let port = registry::find(&engine).await.map_err(|error| error.to_string())?.ok_or("it does not run")?;
            format!("127.0.0.1:{port}")
        }
        OwnRegistry::Address(address) => address.clone(),
        OwnRegistry::Unknown => return Ok(false),
    };
    let name = reference.digest().map_or_else(|| reference.tag().unwrap_or("latest").to_string(), ToString::to_string);
    let registry = Registry::at_address(&address).map_err(|error| error.to_string())?;
    let found = registry.has_manifest(&reference.mirror_repository(), &name).await;
    found.map(|digest| digest.is_some()).map_err(|error| error.to_string())
}

async fn there(reference: Reference) -> Result<(), ImageError> {
    // Nobody's credentials are used for a question of an assistant.
    let options = UpstreamOptions { docker_config: None, ..UpstreamOptions::new(Platform::here()) };
    Upstream::new(options)?.resolve(&Wanted::new(reference)).await.map(drop)
}
