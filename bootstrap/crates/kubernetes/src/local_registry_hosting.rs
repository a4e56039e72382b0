//! Tells the cluster's users and their tools what there is, by the field's own conventions.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use super::{Error, MANAGER};

/// Announces the local registry as KEP-1755 has it: tools such as Tilt and ko look there.
///
/// `port` is the registry's port on the host's loopback, `inside` its address for nodes.
///
/// # Errors
/// [`Error::Request`] if the API refuses.
pub async fn announce(client: &Client, port: u16, inside: &str) -> Result<(), Error> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-public");
    let hosting = format!(
        "host: \"localhost:{port}\"\nhostFromContainerRuntime: \"{inside}\"\nhostFromClusterNetwork: \"{inside}\"\n"
    );
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "local-registry-hosting", "namespace": "kube-public"},
        "data": {"localRegistryHosting.v1": hosting},
    });
    let parameters = PatchParams::apply(MANAGER).force();
    let applied = api.patch("local-registry-hosting", &parameters, &Patch::Apply(&object)).await;
    applied.map(drop).map_err(Error::request("announce the local registry"))
}
