//! A checkpoint in a file -> a platform's nodes.

use futures::future::try_join_all;

use super::Portable;
use crate::checkpoint::{About, CheckpointError, check_name, cluster_of, list, node, publish};
use crate::target::local::Running;

/// Puts a checkpoint into the nodes of a platform, under this name.
///
/// The platform must be the one that it was taken of, or one that was made from a checkpoint of that: objects refer to each other
/// by what no other cluster has.
///
/// # Errors
/// [`CheckpointError`], and nothing is left behind but files that the next one takes away.
pub async fn import(place: &Running, portable: &Portable, name: &str) -> Result<About, CheckpointError> {
    check_name(name)?;
    if list(place).await?.iter().any(|had| had.name == name) {
        return Err(CheckpointError::Exists { name: name.into() });
    }
    let (origin, about) = (&portable.origin, About { name: name.into(), ..portable.about.clone() });
    if origin.cluster != cluster_of(&place.client).await? {
        return Err(CheckpointError::OtherCluster {
            path: portable.path.clone(),
            platform: place.platform.name.clone(),
            made: about.created,
        });
    }
    if about.nodes != place.nodes() {
        return Err(CheckpointError::OtherNodes { name: name.into(), then: about.nodes, now: place.nodes() });
    }
    let objects = portable.objects_file()?;
    try_join_all(about.nodes.iter().enumerate().map(|(index, one)| async move {
        node::make(&place.engine, one, name).await?;
        if let Some(volumes) = portable.volumes_of(index).await? {
            node::unpack(&place.engine, one, name, tokio::fs::File::from_std(volumes)).await?;
        }
        Ok::<_, CheckpointError>(())
    }))
    .await?;
    node::write(&place.engine, &place.control_plane, name, &about, &objects).await?;
    publish(place, name).await?;
    Ok(about)
}
