//! An image's configuration and manifest.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::layer::BuiltLayer;
use super::recipe::Recipe;
use super::{Architecture, Package};
use backstack_images::manifest::{IMAGE_CONFIG_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE};
use backstack_images::{BlobStore, Descriptor, Digest};

/// Label that carries the key of the recipe.
pub(super) const RECIPE_LABEL: &str = "dev.backstack.recipe";

/// An image whose blobs are all in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltImage {
    /// The OCI manifest, by whose digest the image is known.
    pub manifest: Descriptor,
    /// The OCI configuration: how a container of it starts, and its layers unpacked.
    pub config: Descriptor,
    /// Lowest first.
    pub layers: Vec<BuiltLayer>,
    /// Bytes of all blobs as they are stored and pushed; a layer that occurs twice counts once.
    pub size: u64,
    /// Key of the recipe that it was built from.
    pub recipe_key: Digest,
    /// What went in, sorted.
    pub packages: Vec<Package>,
}

impl BuiltImage {
    /// All blobs, in the order in which a registry wants them: the manifest last.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.layers.iter().map(|layer| &layer.blob).chain([&self.config, &self.manifest])
    }

    /// Whether every blob is in the store.
    pub fn is_in(&self, store: &BlobStore) -> bool {
        self.blobs().all(|blob| store.contains(&blob.digest))
    }
}

/// Writes configuration and manifest of an image whose layers are in the store.
///
/// # Errors
/// The store cannot be written.
pub(super) fn write(
    store: &BlobStore,
    recipe: &Recipe,
    architecture: Architecture,
    layers: Vec<BuiltLayer>,
    mut packages: Vec<Package>,
) -> io::Result<BuiltImage> {
    packages.sort();
    packages.dedup();
    let config = store.put(IMAGE_CONFIG_MEDIA_TYPE, &bytes(&configuration(recipe, architecture, &layers)))?;
    let blobs: Vec<&Descriptor> = layers.iter().map(|layer| &layer.blob).collect();
    let manifest = json!({ "schemaVersion": 2, "mediaType": OCI_IMAGE_MEDIA_TYPE, "config": config, "layers": blobs });
    let manifest = store.put(OCI_IMAGE_MEDIA_TYPE, &bytes(&manifest))?;
    let sizes: BTreeMap<&str, u64> = blobs.iter().map(|blob| (blob.digest.as_str(), blob.size)).collect();
    let size = sizes.values().sum::<u64>() + config.size + manifest.size;
    Ok(BuiltImage { manifest, config, layers, size, recipe_key: recipe.key.clone(), packages })
}

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    // The keys of serde_json's maps are sorted.
    serde_json::to_vec(value).expect("JSON values are plain data")
}

fn configuration(recipe: &Recipe, architecture: Architecture, layers: &[BuiltLayer]) -> serde_json::Value {
    const NO_TIME: &str = "1970-01-01T00:00:00Z";
    let wanted = &recipe.recipe.config;
    let mut labels = wanted.labels.clone();
    labels.insert(RECIPE_LABEL.into(), recipe.key.to_string());
    if let Some(version) = &recipe.recipe.version {
        labels.entry("org.opencontainers.image.version".into()).or_insert_with(|| version.clone());
    }
    let mut env: Vec<String> = wanted.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !wanted.env.contains_key("PATH") {
        env.insert(0, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
    }
    let mut config = json!({ "Env": env, "Labels": labels });
    let optional = [
        ("User", json!(wanted.user)),
        ("Entrypoint", json!((!wanted.entrypoint.is_empty()).then_some(&wanted.entrypoint))),
        ("Cmd", json!((!wanted.command.is_empty()).then_some(&wanted.command))),
        ("WorkingDir", json!(wanted.workdir)),
        ("StopSignal", json!(wanted.stop_signal)),
    ];
    for (key, value) in optional.into_iter().filter(|(_, value)| !value.is_null()) {
        config[key] = value;
    }
    if !wanted.volumes.is_empty() {
        config["Volumes"] =
            wanted.volumes.iter().map(|path| (path.clone(), json!({}))).collect::<serde_json::Map<_, _>>().into();
    }
    let history: Vec<_> =
        recipe.layers.iter().map(|layer| json!({ "created": NO_TIME, "created_by": kind(&layer.layer) })).collect();
    let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.diff_id).collect();
    json!({
        "architecture": architecture.as_str(),
        "os": "linux",
        "created": NO_TIME,
        "config": config,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    })
}

/// A layer in one word, as the recipe writes it.
fn kind(layer: &backstack_stack::recipe::Layer) -> String {
    let value = serde_json::to_value(layer).expect("recipes are plain data");
    let word = value.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default();
    format!("backstack {word}")
}
