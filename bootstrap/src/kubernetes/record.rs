//! What a platform is, kept in the cluster itself: a later command needs no file of ours to know it.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Error, MANAGER, SYSTEM_NAMESPACE};
use crate::settings::Push;
use crate::stack::Changes;

/// Name of the ConfigMap.
pub const NAME: &str = "platform";
const KEY: &str = "platform.json";

/// What may change from one `up` to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of backstack that ran last.
    pub by: String,
    /// Name of the platform.
    #[serde(default)]
    pub name: String,
    /// Name of the built-in stack, or the folder of a user's own.
    pub stack: String,
    /// Address under which people reach the platform.
    pub url: String,
    /// Whether images were built from packages.
    pub from_packages: bool,
    /// Parameters that were set by hand: component, parameter, value.
    #[serde(default)]
    pub parameters: Vec<(String, String, serde_json::Value)>,
    /// Components that were added to the stack, or left out of it.
    #[serde(default)]
    pub changes: Changes,
    /// Whether the cluster is one that somebody else made.
    #[serde(default)]
    pub elsewhere: bool,
    /// The registry that images were pushed to, for such a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
}

/// Writes the record.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn write(client: &Client, record: &Record) -> Result<(), Error> {
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
pub async fn read(client: &Client) -> Result<Option<Record>, Error> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    let found = api.get_opt(NAME).await.map_err(Error::request("read what the platform is"))?;
    let text = found.and_then(|map| map.data?.remove(KEY));
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
