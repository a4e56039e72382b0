//! `down --context`: the platform goes, the cluster stays as it was.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{Api, DeleteParams};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::Cluster;
use crate::error::Failure;
use crate::kubernetes::inventory::Inventory;
use crate::kubernetes::object::Owner;
use crate::kubernetes::record;
use crate::kubernetes::secrets::AUTHORITY_SECRET;
use crate::kubernetes::{Error, Installer, SYSTEM_NAMESPACE, assistant, install, removal};
use crate::report::{Event, Outcome, Phase, Planned, Progress, Reporter};
use crate::settings::Record;

/// For one component; what hangs is forced long before.
const DEADLINE: Duration = Duration::from_secs(300);
/// A namespace in common is kept until the last of its components is gone.
const ROUNDS: usize = 3;
/// A namespace gives up its content step by step; there is one, so asking again is simple enough.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// For an API server that has too much to do.
const PAUSE: Duration = Duration::from_secs(2);

/// What was taken away.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Gone {
    /// The platform that is gone, by the name that its record had.
    pub platform: String,
    /// Names of its components, in the order in which they went.
    pub components: Vec<String>,
    /// How many objects are gone.
    pub objects: usize,
    /// Objects whose finalizers had to be taken off.
    pub forced: Vec<String>,
    /// Objects that were left alone, and why.
    pub kept: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Takes the platform away. What is gone already is no error, so that an interrupted `down` can be run again.
///
/// # Errors
/// Names what is still there at the deadline, or what the API refuses.
pub async fn run(cluster: &Cluster, record: &Record, reporter: Arc<dyn Reporter>) -> Result<Gone, Failure> {
    let start = Clock::now();
    let installer = Installer::new(cluster.client.clone(), &record.name, "localhost");
    let inventory = Inventory::new(cluster.client.clone(), &record.name);
    let mut gone = Gone { platform: record.name.clone(), ..Gone::default() };
    let all = removal::removal_order(&inventory.load_all().await?);
    reporter.report(planned(record, &all));
    for round in 0..ROUNDS {
        let left = removal::removal_order(&inventory.load_all().await?);
        gone.kept.clear();
        for component in &left {
            let purged = one(&installer, component, round == 0, &reporter).await?;
            gone.objects += purged.removed;
            gone.forced.extend(purged.forced.iter().map(ToString::to_string));
            gone.kept.extend(purged.kept.iter().map(|(object, why)| format!("{object}: {why}")));
        }
        if gone.kept.is_empty() {
            break;
        }
    }
    for component in all {
        inventory.forget(&component).await?;
        gone.components.push(component);
    }
    assistant::forget(installer.kinds()).await?;
    itself(cluster, record).await?;
    gone.seconds = start.elapsed().as_secs_f64();
    Ok(gone)
}

async fn one(
    installer: &Installer,
    component: &str,
    told: bool,
    reporter: &Arc<dyn Reporter>,
) -> Result<install::Purged, Failure> {
    let (start, deadline) = (Clock::now(), Instant::now() + DEADLINE);
    let progress = if told { Progress::new(reporter.clone(), component) } else { Progress::silent() };
    progress.phase(Phase::Removing);
    let mut purged = installer.purge(component, deadline, &progress).await;
    // What is gone stays gone, so it can simply be begun again.
    while let Err(Error::Request { source, .. }) = &purged
        && is_passing(source)
        && Instant::now() < deadline
    {
        progress.detail("the API server does not answer");
        sleep(PAUSE).await;
        purged = installer.purge(component, deadline, &progress).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    match &purged {
        Ok(_) => progress.finished(Outcome::Removed, "", seconds),
        Err(error) => progress.finished(Outcome::Failed, error.to_string(), seconds),
    }
    Ok(purged?)
}

/// Whether the same request may go better later: the connection broke, or the server has too much to do.
fn is_passing(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        _ => true,
    }
}

/// What belongs to no component: record, authority, and the namespace if we made it. The record goes last, because by
/// it the next `down` knows that there is something to do.
async fn itself(cluster: &Cluster, record: &Record) -> Result<(), Failure> {
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    let found =
        namespaces.get_opt(SYSTEM_NAMESPACE).await.map_err(Error::request("look at the platform's namespace"))?;
    let Some(found) = found else { return Ok(()) };
    let owner = Owner { platform: record.name.clone(), component: install::PLATFORM_ITSELF.into() };
    if !owner.owns(&found.metadata) {
        let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), SYSTEM_NAMESPACE);
        delete(secrets.delete(AUTHORITY_SECRET, &DeleteParams::default()).await, "delete the platform's authority")?;
        let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), SYSTEM_NAMESPACE);
        delete(maps.delete(record::NAME, &DeleteParams::default()).await, "delete the platform's record")?;
        return Ok(());
    }
    delete(namespaces.delete(SYSTEM_NAMESPACE, &DeleteParams::default()).await, "delete the platform's namespace")?;
    let deadline = Instant::now() + DEADLINE;
    while Instant::now() < deadline {
        let found = namespaces.get_opt(SYSTEM_NAMESPACE).await;
        if found.map_err(Error::request("look at the platform's namespace"))?.is_none() {
            return Ok(());
        }
        sleep(ASK_AGAIN).await;
    }
    let left = vec![crate::kubernetes::object::VersionedRef::new("v1", "Namespace", None, SYSTEM_NAMESPACE)];
    Err(Error::NotGone { component: install::PLATFORM_ITSELF.into(), waited: DEADLINE, left }.into())
}

fn delete<T>(result: Result<T, kube::Error>, action: &str) -> Result<(), Error> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        result => result.map(|_| ()).map_err(Error::request(action)),
    }
}

fn planned(record: &Record, components: &[String]) -> Event {
    Event::Planned(Planned {
        platform: record.name.clone(),
        stack: record.stack.clone(),
        version: String::new(),
        subjects: components.to_vec(),
        images: 0,
        image_bytes: None,
        fetch_bytes: None,
    })
}
