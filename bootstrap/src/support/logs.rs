//! The logs of containers: of each that is not well, and of those that the platform is made of.

use std::collections::BTreeSet;
use std::io::Write;

use futures::TryStreamExt;
use futures::io::AsyncReadExt;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::{Api, LogParams};
use kube::{Client, ResourceExt};

use super::Unwritten;
use super::archive::Piece;
use super::clock::Clock;
use super::gathered::Gathered;
use super::secrets::of_api;
use crate::error::chain;
use crate::kubernetes::SYSTEM_NAMESPACE;
use crate::kubernetes::inventory::Inventory;

/// Of each log, the last lines.
const LINES: i64 = 500;
/// When so many questions in a row have no answer, the others are not asked.
const ENOUGH: usize = 3;
/// Where Kubernetes' own programs run.
const KUBERNETES: &str = "kube-system";

/// One log that is wanted.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    namespace: String,
    pod: String,
    container: String,
    /// Of the container before the one that runs.
    previous: bool,
}

impl Wanted {
    fn file(&self) -> String {
        let ending = if self.previous { "previous.log" } else { "log" };
        format!("logs/{}/{}/{}.{ending}", self.namespace, self.pod, self.container)
    }
}

/// Takes them, page by page.
pub(super) async fn take(client: &Client, platform: &str, clock: Clock, into: &mut Gathered) -> Result<(), Unwritten> {
    let own = own_namespaces(client, platform, clock).await;
    let wanted = match clock.within(wanted(client, &own)).await {
        Ok(wanted) => wanted,
        Err(why) => {
            into.left_out("the logs of containers", &why);
            return Ok(());
        }
    };
    let mut silent = 0;
    for (number, log) in wanted.iter().enumerate() {
        let mut piece = into.piece();
        match clock.within(copy(client, log, &mut piece)).await {
            Ok(()) => silent = 0,
            Err(why) => {
                into.left_out(&log.file(), &why);
                silent += 1;
            }
        }
        // What was read before it broke off is worth having.
        into.put(&log.file(), piece)?;
        if silent == ENOUGH {
            into.left_out(&format!("{} more logs", wanted.len() - number - 1), "the ones before did not answer");
            break;
        }
    }
    Ok(())
}

/// Namespaces whose containers are the platform's. Without the inventory, those are known that every platform has.
async fn own_namespaces(client: &Client, platform: &str, clock: Clock) -> BTreeSet<String> {
    let inventory = Inventory::new(client.clone(), platform);
    let entries = clock.within(async { inventory.load_all().await.map_err(|error| error.to_string()) }).await;
    let own = entries.unwrap_or_default().into_values().map(|entry| entry.namespace);
    own.chain([KUBERNETES.into(), SYSTEM_NAMESPACE.into()]).collect()
}

async fn wanted(client: &Client, own: &BTreeSet<String>) -> Result<Vec<Wanted>, String> {
    let mut pages = Box::pin(of_api(Api::<Pod>::all(client.clone())));
    let mut wanted = Vec::new();
    while let Some(page) = pages.try_next().await.map_err(said)? {
        wanted.extend(page.iter().flat_map(|pod| of_pod(pod, own)));
    }
    Ok(wanted)
}

fn of_pod(pod: &Pod, own: &BTreeSet<String>) -> Vec<Wanted> {
    let namespace = pod.namespace().unwrap_or_default();
    let status = pod.status.as_ref();
    let of = |list: Option<&Option<Vec<ContainerStatus>>>| list.cloned().flatten().unwrap_or_default();
    let init = of(status.map(|status| &status.init_container_statuses)).into_iter().map(|one| (one, true));
    let main = of(status.map(|status| &status.container_statuses)).into_iter().map(|one| (one, false));
    let mut logs = Vec::new();
    for (container, init) in init.chain(main) {
        if !own.contains(&namespace) && is_well(&container, init) {
            continue;
        }
        let has_one = container.container_id.is_some();
        for previous in [false, true] {
            if if previous { container.restart_count > 0 } else { has_one } {
                let (pod, container) = (pod.name_any(), container.name.clone());
                logs.push(Wanted { namespace: namespace.clone(), pod, container, previous });
            }
        }
    }
    logs
}

/// A container that runs and is ready, or has done what it was there for, at the first attempt.
fn is_well(container: &ContainerStatus, init: bool) -> bool {
    let ended = container.state.as_ref().and_then(|state| state.terminated.as_ref());
    let done = ended.is_some_and(|end| end.exit_code == 0);
    container.restart_count == 0 && (done || (container.ready && !init) || (init && container.started == Some(true)))
}

async fn copy(client: &Client, log: &Wanted, into: &mut Piece) -> Result<(), String> {
    let params = LogParams {
        container: Some(log.container.clone()),
        previous: log.previous,
        tail_lines: Some(LINES),
        timestamps: true,
        ..LogParams::default()
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), &log.namespace);
    let mut stream = Box::pin(pods.log_stream(&log.pod, &params).await.map_err(said)?);
    let mut buffer = vec![0; 16 << 10];
    loop {
        match stream.read(&mut buffer).await.map_err(|error| error.to_string())? {
            0 => return Ok(()),
            count => into.write_all(&buffer[..count]).map_err(|error| error.to_string())?,
        }
    }
}

fn said(error: kube::Error) -> String {
    chain(&error).join(": ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(namespace: &str, statuses: serde_json::Value) -> Vec<String> {
        let pod = json!({"metadata": {"name": "p", "namespace": namespace}, "status": {"containerStatuses": statuses}});
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        of_pod(&pod, &BTreeSet::from(["own".to_string()])).iter().map(Wanted::file).collect()
    }

    fn status(ready: bool, restarts: u32, state: serde_json::Value) -> serde_json::Value {
        json!([{"name": "c", "image": "i", "imageID": "", "containerID": "x", "ready": ready, "restartCount": restarts,
            "state": state}])
    }

    #[test]
    fn of_others_only_what_is_not_well_is_taken() {
        let runs = json!({"running": {}});
        let ended = |code: i32| json!({"terminated": {"exitCode": code}});
        assert_eq!(files("apps", status(true, 0, runs.clone())), Vec::<String>::new());
        assert_eq!(files("apps", status(false, 0, ended(0))), Vec::<String>::new());
        assert_eq!(files("apps", status(false, 0, ended(1))), ["logs/apps/p/c.log"]);
        assert_eq!(files("apps", status(false, 0, runs.clone())), ["logs/apps/p/c.log"]);
        assert_eq!(files("apps", status(true, 2, runs.clone())), ["logs/apps/p/c.log", "logs/apps/p/c.previous.log"]);
        assert_eq!(files("own", status(true, 0, runs)), ["logs/own/p/c.log"]);
    }

    #[test]
    fn a_container_that_never_ran_has_no_log() {
        let mut never = status(false, 0, json!({"waiting": {"reason": "ImagePullBackOff"}}));
        never[0]["containerID"] = serde_json::Value::Null;
        assert_eq!(files("apps", never), Vec::<String>::new());
    }
}
