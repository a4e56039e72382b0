//! Steps that reach what is there: a cluster, and the registry that it pulls from.

use std::sync::Arc;

use super::context::Context;
use super::ended::{Ended, await_answer};
use super::outputs::Live;
use crate::docker::{network, registry as local_registry};
use crate::error::Failure;
use crate::images::registry::Registry;
use crate::images::transfer::Transfer;
use crate::kubernetes::{Installer, watch::ClusterWatch};
use crate::report::{Outcome, Progress};
use crate::target::local::{self, API_DEADLINE};
use crate::target::{Site, existing};

/// Makes what later steps need of a cluster of others, whose API has answered before anything was planned.
pub fn cluster(context: &Context) -> Result<Ended, Failure> {
    let Site::Existing(cluster) = &context.site else { return Ok(Ended::new(Outcome::Unchanged)) };
    let watch = Arc::new(ClusterWatch::start(cluster.client.clone()));
    let installer = Installer::new(cluster.client.clone(), &context.settings.name, context.settings.host()).guarded();
    if context.settings.push.is_none() {
        keep_pins(context);
    }
    context.found.keep_live(Live { kubeconfig: None, installer, watch });
    Ok(Ended::new(Outcome::Unchanged))
}

/// Images that the cluster pulls from upstream itself are named as the stack pins them.
fn keep_pins(context: &Context) {
    for image in &context.images {
        let Some(wanted) = image.wanted.as_ref().filter(|_| image.reference.digest().is_none()) else { continue };
        if let Some(pin) = &wanted.pin {
            context.keep_image_as(image, &wanted.reference, pin);
        }
    }
}

/// The registry that such a cluster pulls from answers.
pub async fn registry(context: &Context) -> Result<Ended, Failure> {
    let Some(push) = &context.settings.push else { return Ok(Ended::new(Outcome::Unchanged)) };
    let local = existing::registry(push, context.upstream.clone()).await?;
    await_answer(&local).await?;
    context.found.keep_transfer(Transfer::new(local, context.store.clone()));
    Ok(Ended::new(Outcome::Unchanged))
}

/// Connects to the API of a control plane that was just made, or runs already.
pub async fn control_plane(
    context: &Context,
    site: &local::Site,
    node: &str,
    progress: &Progress,
) -> Result<(), Failure> {
    progress.detail("waiting for the API server");
    let (kubeconfig, client) =
        local::connect(&site.engine, &context.settings.name, node, context.patience(API_DEADLINE)).await?;
    let watch = Arc::new(ClusterWatch::start(client.clone()));
    let installer = Installer::new(client, &context.settings.name, context.settings.host());
    context.found.keep_live(Live { kubeconfig: Some(kubeconfig), installer, watch });
    Ok(())
}

/// Finds what the steps of a plan would find or make, on a platform that runs.
pub async fn all(context: &Context) -> Result<(), Failure> {
    let Site::Local(site) = &context.site else {
        cluster(context)?;
        return registry(context).await.map(drop);
    };
    if let Some(network) = network::find(&site.engine).await? {
        context.found.keep_network(network);
    }
    if let Some(port) = local_registry::find(&site.engine).await? {
        context.found.keep_transfer(Transfer::new(Registry::at_port(port)?, context.store.clone()));
    }
    control_plane(context, site, &context.control_plane(), &Progress::silent()).await
}
