//! How a platform is right now, from its inventory and one look at the cluster.

use backstack_health::Fault;
use kube::Client;
use serde::Serialize;
use time::OffsetDateTime;

use super::Error;
use super::blockers::Blocker;
use super::inventory::{Entry, Inventory};
use super::kinds::{Kinds, Unresolved};
use super::readiness::{Assessment, assess};
use super::scope::Scope;
use super::view::{View, to_value};
use backstack_stack::LeftOut;

/// A platform at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlatformStatus {
    /// Its nodes, by name.
    pub nodes: Vec<NodeState>,
    /// What is installed, by name.
    pub components: Vec<ComponentState>,
}

/// A node at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeState {
    /// Name of the node.
    pub name: String,
    /// Whether its kubelet says that it takes pods.
    pub ready: bool,
    /// Version of its kubelet.
    pub version: String,
}

/// A component at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComponentState {
    /// Name of the component.
    pub name: String,
    /// The version that was applied, as component.yaml has it.
    pub version: String,
    /// Namespace of its objects that name none themselves.
    pub namespace: String,
    /// When it was applied last, in UTC (RFC 3339).
    pub applied: String,
    /// How it is on the whole.
    pub health: Health,
    /// Its images that were built from packages, by reference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub built_images: Vec<String>,
    /// Its images that could not be had.
    #[serde(skip)]
    pub left_out: Vec<LeftOut>,
    /// What blocks, if it is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<Blocker>,
}

/// How a component is on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Everything runs that should, and nothing blocks.
    Ready,
    /// On its way, as far as can be told.
    Progressing,
    /// It will hardly become ready by itself.
    Degraded,
}

/// Looks at the platform once.
///
/// # Errors
/// [`Error::Request`] if the API does not answer, [`Error::Inventory`] if an inventory is unreadable.
pub async fn platform_status(client: &Client, platform: &str) -> Result<PlatformStatus, Error> {
    let entries = Inventory::new(client.clone(), platform).load_all().await?;
    let mut view = View::load(client).await.map_err(Error::request("look at the cluster"))?;
    let kinds = Kinds::new(client.clone());
    let mut components = Vec::new();
    for entry in entries.values() {
        let scope = Scope::of_entry(entry).normalized(&kinds).await;
        look_at_conditions(&scope, &kinds, &mut view).await?;
        let found = assess(&scope, &view, OffsetDateTime::now_utc());
        components.push(component(entry, found));
    }
    Ok(PlatformStatus { nodes: nodes(&view), components })
}

async fn look_at_conditions(scope: &Scope, kinds: &Kinds, view: &mut View) -> Result<(), Error> {
    for (object, _) in &scope.conditions {
        let api = match kinds.api(object).await {
            Ok(api) => api,
            Err(Unresolved::Unknown { .. }) => continue,
            Err(Unresolved::Request(error)) => return Err(Error::request(format!("look for {object}"))(error)),
        };
        let found = api.get_opt(&object.name).await.map_err(Error::request(format!("read {object}")))?;
        view.follow(object, found.map(to_value).as_ref());
    }
    Ok(())
}

/// A component, from what was found about it.
pub fn component(entry: &Entry, found: Assessment) -> ComponentState {
    let mut blockers = found.blockers;
    if !entry.complete {
        let text = "was not installed to its end: run `backstack up` again";
        blockers.push(Blocker::new(format!("component {}", entry.component), Fault::Starting, text));
    }
    let health = match blockers.first() {
        None => Health::Ready,
        Some(_) if blockers.iter().any(|blocker| blocker.fault.is_lasting()) => Health::Degraded,
        Some(_) => Health::Progressing,
    };
    ComponentState {
        name: entry.component.clone(),
        version: entry.version.clone(),
        namespace: entry.namespace.clone(),
        applied: entry.applied.clone(),
        health,
        built_images: entry.built_images.clone(),
        left_out: entry.left_out.clone(),
        blockers,
    }
}

/// The nodes, by name.
pub fn nodes(view: &View) -> Vec<NodeState> {
    let mut nodes: Vec<_> = view
        .nodes
        .values()
        .map(|node| NodeState {
            name: node.metadata.name.clone(),
            ready: node.is_ready(),
            version: node.status.node_info.kubelet_version.clone(),
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}
