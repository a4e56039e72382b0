//! Secrets that are another component's: waited for, then copied.
//!
//! Who makes the original may be a Job that takes its time, or a controller: that it is applied says nothing. So the
//! original is watched, and while it is not there the copy's component says what it waits for.

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use tokio::time::timeout_at;

use super::apply::{Applier, Change};
use super::object::VersionedRef;
use super::refusal::{Failed, Refusal};
use super::retry::{Fault, GaveUp, Retry};
use super::secrets::Secrets;
use backstack_stack::model::SecretSource;

/// Makes or renews the Secret `object` as a copy.
///
/// # Errors
/// [`GaveUp::Late`] if the original is not there, or empty, at the deadline.
pub(super) async fn copy(
    secrets: &Secrets,
    applier: &Applier<'_>,
    retry: &Retry<'_>,
    object: &VersionedRef,
    source: &SecretSource,
) -> Result<Change, GaveUp> {
    let original = original(secrets, retry, object, source).await?;
    let attempt =
        || async { secrets.copy(applier.owner, &object.namespace, &object.name, &original).await.map_err(Fault::from) };
    retry.run(object, attempt).await
}

async fn original(
    secrets: &Secrets,
    retry: &Retry<'_>,
    object: &VersionedRef,
    source: &SecretSource,
) -> Result<Secret, GaveUp> {
    let api: Api<Secret> = Api::namespaced(secrets.client().clone(), &source.namespace);
    let mut waits_for = format!("waits for Secret {}/{}, which does not exist yet", source.namespace, source.name);
    let mut states = std::pin::pin!(watch_object(api, &source.name).default_backoff());
    while let Ok(Some(state)) = timeout_at(retry.deadline, states.next()).await {
        // An error passes by itself or not at all: the watch comes back until the deadline.
        match state {
            Ok(Some(found)) if found.data.as_ref().is_some_and(|data| !data.is_empty()) => return Ok(found),
            Ok(Some(_)) => {
                waits_for = format!("waits for Secret {}/{}, which is empty yet", source.namespace, source.name);
            }
            Ok(None) | Err(_) => {}
        }
        retry.progress.detail(format!("{object}: {waits_for}"));
    }
    let refusal = Refusal { message: waits_for, causes: Vec::new(), hint: None };
    Err(GaveUp::Late(Failed { object: object.clone(), refusal }))
}
