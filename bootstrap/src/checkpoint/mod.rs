//! Checkpoints: all that a platform is at one moment, kept in its own nodes.
//!
//! State is small: the objects that the Kubernetes API keeps, and the files of volumes. Both are copied while everything
//! runs. What keeps files open is frozen for the time of the copy, so that files are as after a power cut,
//! which every database is made for. Images are no state: neither those in the nodes nor those in the local registry.
//!
//! ```text
//! about     what is known of a checkpoint without opening it
//! portable  a checkpoint outside of its platform: in a file, or in a registry
//! keys      what a key of the store stands for
//! objects   the file that holds the objects
//! holders   which pods have volumes, and where
//! node      what is done inside of the nodes, by scripts
//! ```

use std::collections::BTreeMap;

use futures::future::{join_all, try_join_all};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use crate::docker::names;
use crate::etcd::Etcd;
use crate::kubernetes::record;
use crate::kubernetes::view::View;
use crate::report::json;
use crate::settings::Record;
use crate::stack::{Stack, StackSource};
use crate::target::local::Running;

pub mod about;
pub mod error;
pub mod holders;
pub(crate) mod keys;
pub mod node;
pub mod objects;
pub mod portable;

pub use about::{About, Origin};
pub use error::CheckpointError;
pub use objects::Objects;
pub use portable::Portable;

/// The checkpoint that `up` makes when it is through.
pub const INITIAL: &str = "initial";

/// Whether a checkpoint can have this name: it becomes the name of a folder.
///
/// # Errors
/// [`CheckpointError::Name`] with why not.
pub fn check_name(name: &str) -> Result<(), CheckpointError> {
    match names::name_problem(name) {
        Some(why) => Err(CheckpointError::Name { name: name.into(), why }),
        None => Ok(()),
    }
}

/// Makes a checkpoint. One of that name is refused, or with `replace` takes its place.
///
/// # Errors
/// [`CheckpointError`], and nothing is left behind but files that the next one takes away.
pub async fn create(place: &Running, name: &str, replace: bool) -> Result<About, CheckpointError> {
    check_name(name)?;
    if !replace && list(place).await?.iter().any(|had| had.name == name) {
        return Err(CheckpointError::Exists { name: name.into() });
    }
    let record = record::read::<Record>(&place.client)
        .await?
        .ok_or_else(|| CheckpointError::NotSetUp { platform: place.platform.name.clone() })?;
    let (pods, mut etcd) =
        tokio::try_join!(async { Ok::<_, CheckpointError>(holders::look(&place.client).await?) }, async {
            Ok(Etcd::connect(&place.engine, &place.control_plane).await?)
        },)?;
    let origin = origin(place, record.clone()).await?;
    // The objects first: a volume may know more than they do, as after any restart, but not less.
    let objects = Objects::of(etcd.all().await?);
    drop(etcd);
    let view = View::load(&place.client).await.map_err(CheckpointError::looking)?;
    let kept = try_join_all(place.nodes().into_iter().map(|node| {
        let frozen = pods.on(&node);
        async move { node::keep_volumes(&place.engine, &node, name, &frozen).await }
    }))
    .await?;
    let file = objects.write()?;
    let version = if record.stack_version.is_empty() { version_now(&record) } else { record.stack_version };
    let about = About {
        name: name.into(),
        created: json::now().unwrap_or_default(),
        made_by: env!("CARGO_PKG_VERSION").into(),
        stack: record.stack,
        stack_version: version,
        nodes: place.nodes(),
        bytes: file.len() as u64 + kept.iter().map(|volumes| volumes.bytes).sum::<u64>(),
        volumes: kept.iter().map(|volumes| volumes.count).sum(),
        frozen_seconds: kept.iter().map(|volumes| volumes.frozen_seconds).fold(0.0, f64::max),
        objects: objects.by_kind(),
        not_ready: view.short_of_pods(),
        pods: view.pods_of_others(),
        origin: Some(origin),
    };
    node::write(&place.engine, &place.control_plane, name, &about, &file).await?;
    publish(place, name).await?;
    Ok(about)
}

async fn origin(place: &Running, record: Record) -> Result<Origin, CheckpointError> {
    let version = place.client.apiserver_version();
    let (cluster, version) =
        tokio::try_join!(cluster_of(&place.client), async { version.await.map_err(CheckpointError::looking) })?;
    Ok(Origin {
        platform: place.platform.name.clone(),
        cluster,
        kubernetes: version.git_version,
        architecture: version.platform.rsplit('/').next().unwrap_or_default().into(),
        record,
    })
}

/// What no other cluster has.
async fn cluster_of(client: &Client) -> Result<String, CheckpointError> {
    let system = Api::<Namespace>::all(client.clone()).get_metadata("kube-system").await;
    Ok(system.map_err(CheckpointError::looking)?.metadata.uid.unwrap_or_default())
}

/// The version of a platform's stack as its files are now: what an older program did not write down.
fn version_now(record: &Record) -> String {
    let stack = Stack::load_changed(StackSource::named(&record.stack), &record.changes);
    stack.map(|stack| stack.version).unwrap_or_default()
}

/// What was half made appears under its name, on the control plane last: there it counts.
async fn publish(place: &Running, name: &str) -> Result<(), CheckpointError> {
    node::remove(&place.engine, &place.control_plane, name).await?;
    try_join_all(place.workers().map(|worker| async move { node::publish(&place.engine, &worker, name).await }))
        .await?;
    node::publish(&place.engine, &place.control_plane, name).await
}

/// All checkpoints of a platform, the oldest first.
///
/// # Errors
/// [`CheckpointError::Engine`]
pub async fn list(place: &Running) -> Result<Vec<About>, CheckpointError> {
    let mut all = node::read_all(&place.engine, &place.control_plane).await?;
    all.sort_by(|one, other| (&one.created, &one.name).cmp(&(&other.created, &other.name)));
    Ok(all)
}

/// What is known of one checkpoint.
///
/// # Errors
/// [`CheckpointError::Unknown`] with those that there are.
pub async fn find(place: &Running, name: &str) -> Result<About, CheckpointError> {
    let all = list(place).await?;
    let known = all.iter().map(|one| one.name.clone()).collect();
    all.into_iter().find(|one| one.name == name).ok_or_else(|| CheckpointError::Unknown {
        name: name.into(),
        platform: place.platform.name.clone(),
        known,
    })
}

/// The objects of a checkpoint.
///
/// # Errors
/// [`CheckpointError::Broken`] if its file cannot be read.
pub async fn objects(place: &Running, name: &str) -> Result<Objects, CheckpointError> {
    let file = node::read_objects(&place.engine, &place.control_plane, name).await?;
    Objects::read(&file).map_err(|source| CheckpointError::Broken { name: name.into(), source })
}

/// Removes a checkpoint from all nodes.
///
/// # Errors
/// [`CheckpointError::Engine`]
pub async fn delete(place: &Running, name: &str) -> Result<(), CheckpointError> {
    // Where it counts first: what is left of it on a worker is nobody's, and goes with the next of that name.
    node::remove(&place.engine, &place.control_plane, name).await?;
    let workers = place.workers().map(|worker| async move { node::remove(&place.engine, &worker, name).await });
    join_all(workers).await.into_iter().collect()
}

/// How many objects of each kind.
pub type Kinds = BTreeMap<String, usize>;
