//! What a platform is, kept in the cluster itself: a later command needs no file of ours to know it.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Error, MANAGER, SYSTEM_NAMESPACE};

/// Name of the ConfigMap.
pub const NAME: &str = "platform";
const KEY: &str = "platform.json";

/// Writes the record.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn write<R: Serialize>(client: &Client, record: &R) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(record).expect("plain data is JSON");
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": SYSTEM_NAMESPACE},
        "data": {KEY: text},
    });
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let applied = api.patch(NAME, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&object)).await;
    applied.map(drop).map_err(Error::request("record what the platform is"))
}

/// Reads the record; none if the platform never got that far.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn read<R: DeserializeOwned>(client: &Client) -> Result<Option<R>, Error> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let found = api.get_opt(NAME).await.map_err(Error::request("read what the platform is"))?;
    let text = found.and_then(|map| map.data?.remove(KEY));
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
