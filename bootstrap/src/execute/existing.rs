//! Steps on a cluster that somebody else made.

use std::sync::Arc;

use super::context::{Context, Live, Place};
use super::ended::{Ended, await_answer};
use crate::error::Failure;
use crate::images::registry::Registry;
use crate::images::transfer::Transfer;
use crate::kubernetes::{Installer, watch::ClusterWatch};
use crate::report::Outcome;
use crate::settings::Push;

/// Makes what later steps need of the cluster, whose API has answered before anything was planned.
pub fn connect(context: &Context) -> Result<Ended, Failure> {
    let Place::Existing(cluster) = &context.place else { return Ok(Ended::new(Outcome::Unchanged)) };
    let watch = Arc::new(ClusterWatch::start(cluster.client.clone()));
    let installer = Installer::new(cluster.client.clone(), &context.settings.name, context.settings.host()).guarded();
    if context.settings.push.is_none() {
        keep_pins(context);
    }
    context.found.live.set(Live { kubeconfig: None, installer, watch }).ok();
    Ok(Ended::new(Outcome::Unchanged))
}

/// Images that the cluster pulls from upstream itself are named as the stack pins them.
fn keep_pins(context: &Context) {
    for (reference, image) in &context.images {
        let Some(wanted) = image.wanted.as_ref().filter(|_| image.reference.digest().is_none()) else { continue };
        if let Some(pin) = &wanted.pin {
            context.keep_image_as(reference, &wanted.reference, pin);
        }
    }
}

/// The registry that the cluster pulls from answers.
pub async fn registry(context: &Context) -> Result<Ended, Failure> {
    let Some(push) = &context.settings.push else { return Ok(Ended::new(Outcome::Unchanged)) };
    let local = client(context, push).await?;
    await_answer(&local).await?;
    context.found.transfer.set(Transfer::new(local, context.store.clone())).ok();
    Ok(Ended::new(Outcome::Unchanged))
}

async fn client(context: &Context, push: &Push) -> Result<Registry, Failure> {
    let upstream = context.upstream.clone();
    Ok(Registry::at_host(&push.to.host, &push.to.prefix, push.plain_http, upstream).await?)
}
