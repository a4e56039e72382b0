//! Plants faults on a real platform and asks `diagnose` about each: the planted cause must be named first.
//!
//! With `BACKSTACK_RECORD=FOLDER` what workloads that do not run are judged by is written there, for tests without a cluster
//! (`bootstrap/crates/kubernetes/src/blockers/recorded`).

mod faults;
mod planted;

use std::time::{Duration, Instant};

use backstack_mcp::live::object::{namespace, text};
use backstack_mcp::live::snapshot::Snapshot;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use faults::Fault;
use planted::Planter;

/// Time for a fault to show: pulls, restarts and reports take theirs.
const PATIENCE: Duration = Duration::from_secs(240);

/// On a platform that runs already, while one works on a fault: its name in `BACKSTACK_TEST_PLATFORM`, and one fault's
/// in `BACKSTACK_TEST_FAULT`.
#[test]
#[ignore = "needs a platform, named by BACKSTACK_TEST_PLATFORM; a platform's life has the same test"]
fn on_a_platform_that_runs() {
    let platform = std::env::var("BACKSTACK_TEST_PLATFORM").expect("BACKSTACK_TEST_PLATFORM names a running platform");
    the_planted_cause_is_named_first(&platform);
}

pub(crate) fn the_planted_cause_is_named_first(platform: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(plant_and_judge(platform));
}

async fn plant_and_judge(platform: &str) {
    let only = std::env::var("BACKSTACK_TEST_FAULT").ok();
    let planter = Planter::connect(platform).await;
    let mut wrong = Vec::new();
    let faults: Vec<_> =
        faults::all().into_iter().filter(|fault| only.as_deref().is_none_or(|only| only == fault.name)).collect();
    for fault in &faults {
        planter.plant(fault).await;
    }
    for fault in &faults {
        match judge(&planter, fault).await {
            Ok(seconds) => eprintln!("   {:<18} {:<40} named first, {seconds:.1} s", fault.name, fault.entity),
            Err(told) => wrong.push(format!("{} ({}): {told}", fault.name, fault.entity)),
        }
    }
    for fault in &faults {
        planter.remove(fault).await;
    }
    assert!(wrong.is_empty(), "not named first:\n{}", wrong.join("\n"));
}

/// Asks until the cause is named first; the time of the last call is what counts.
async fn judge(planter: &Planter, fault: &Fault) -> Result<f64, String> {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        let answer = planter.ask("diagnose", json!({"entity": fault.entity})).await;
        let told = match &answer {
            Ok(answer) => answer["causes"][0]["fault"].as_str().unwrap_or("none").to_string(),
            Err(error) => error.clone(),
        };
        if told == fault.cause {
            let answer = answer.unwrap_or_default();
            let summary = answer["causes"][0]["summary"].as_str().unwrap_or_default();
            assert!(
                answer["causes"][0]["evidence"].as_array().is_some_and(|all| !all.is_empty()),
                "{summary} has evidence"
            );
            if let Ok(folder) = std::env::var("BACKSTACK_RECORD") {
                record(&planter.snapshot().await, fault, &folder);
            }
            eprintln!("     {summary}");
            return Ok(asked.elapsed().as_secs_f64());
        }
        if start.elapsed() > PATIENCE {
            return Err(format!(
                "wanted {}, told {told}: {}",
                fault.cause,
                answer.map(|it| it.to_string()).unwrap_or_default()
            ));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Writes what a workload that does not run is judged by: its own objects, events about them, and the nodes. Faults of other
/// things are not written.
fn record(snapshot: &Snapshot, fault: &Fault, folder: &str) {
    let kinds = ["Deployment", "ReplicaSet", "Pod", "ResourceQuota", "Event"];
    let is_own = |object: &&Value| namespace(object) == fault.namespace && kinds.contains(&text(object, "/kind"));
    let own = snapshot.everything().filter(is_own).cloned();
    let nodes = snapshot.everything().filter(|object| text(object, "/kind") == "Node").cloned().map(|mut node| {
        // Some two hundred names.
        node["status"].as_object_mut().map(|status| status.remove("images"));
        node
    });
    let mut objects: Vec<_> = own.chain(nodes).collect();
    if !objects.iter().any(|object| text(object, "/kind") == "Deployment") {
        return;
    }
    for object in &mut objects {
        object["metadata"].as_object_mut().map(|about| about.remove("managedFields"));
    }
    let workload = format!("Deployment:{}/{}", fault.namespace, fault.name);
    let now = snapshot.moment().format(&Rfc3339).expect("a time");
    let recorded = json!({"workload": workload, "cause": fault.cause, "now": now, "objects": objects});
    let text = serde_json::to_string_pretty(&recorded).expect("plain data");
    std::fs::write(format!("{folder}/{}.json", fault.name), text + "\n").expect("the folder is writable");
}
