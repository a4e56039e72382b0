//! What the API serves: the plural and the scope of a kind, asked once and asked again when unknown.

use std::collections::HashMap;

use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::gvk::GroupVersion;
use kube::discovery::Scope;
use kube::{Client, discovery};
use tokio::sync::Mutex;

use super::object::VersionedRef;

/// A kind as the API serves it.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Group, version, kind and plural: what addresses are made of.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// Why a kind could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// The API does not serve it, at least not yet.
    #[error("the cluster knows no kind `{kind}` in `{api_version}`")]
    Unknown {
        /// Group and version that were asked for, as `apps/v1`.
        api_version: String,
        /// The kind that was asked for.
        kind: String,
    },
    /// The API could not be asked.
    #[error(transparent)]
    Request(#[from] kube::Error),
}

/// The kinds of one cluster; cheap to share.
pub struct Kinds {
    client: Client,
    known: Mutex<HashMap<String, HashMap<String, Kind>>>,
}

impl Kinds {
    /// Knows nothing yet: kinds are asked for when they are needed.
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// Whether the API server says that it is not ready to serve, or says nothing.
    pub async fn starting(&self) -> bool {
        super::client::starting(&self.client).await
    }

    /// Finds a kind; asks the API for the group's version when the kind is not known yet.
    pub async fn resolve(&self, api_version: &str, kind: &str) -> Result<Kind, Unresolved> {
        // Held while asking, so that a wave of objects asks once and not eight times.
        let mut known = self.known.lock().await;
        if let Some(found) = known.get(api_version).and_then(|kinds| kinds.get(kind)) {
            return Ok(found.clone());
        }
        let kinds = self.ask(api_version).await?;
        let found = kinds.get(kind).cloned();
        known.insert(api_version.into(), kinds);
        found.ok_or_else(|| Unresolved::Unknown { api_version: api_version.into(), kind: kind.into() })
    }

    /// Forgets a group's version: the API answered that it is gone.
    pub async fn forget(&self, api_version: &str) {
        self.known.lock().await.remove(api_version);
    }

    /// The kind of an object.
    pub(crate) async fn of(&self, object: &VersionedRef) -> Result<Kind, Unresolved> {
        self.resolve(&object.api_version(), &object.kind).await
    }

    /// The API of an object's kind, in the object's namespace if the kind has namespaces.
    pub async fn api(&self, object: &VersionedRef) -> Result<Api<DynamicObject>, Unresolved> {
        Ok(self.of(object).await?.api(&self.client, object.namespaced()))
    }

    /// The object without a namespace if its kind is known to have none.
    pub async fn normalized(&self, object: &VersionedRef) -> VersionedRef {
        let cluster_wide = self.of(object).await.is_ok_and(|kind| !kind.namespaced);
        object.within(object.namespaced().filter(|_| !cluster_wide))
    }

    async fn ask(&self, api_version: &str) -> Result<HashMap<String, Kind>, kube::Error> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        match discovery::pinned_group(&self.client, &GroupVersion::gv(group, version)).await {
            Ok(group) => Ok(group
                .versioned_resources(version)
                .into_iter()
                .map(|(resource, able)| {
                    let namespaced = able.scope == Scope::Namespaced;
                    (resource.kind.clone(), Kind { resource, namespaced })
                })
                .collect()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(HashMap::new()),
            Err(error) => Err(error),
        }
    }
}

impl Kind {
    /// Requests for objects of the kind, in this namespace, or in all if it is `None` or the kind has none.
    pub(crate) fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.resource),
            None => Api::all_with(client.clone(), &self.resource),
        }
    }
}
