//! What keeps a pod from running: the shared judge's findings, with the calls that lead on from here.

use backstack_health::facts::Pod;
use backstack_health::pod;
use serde_json::Value;

use super::Finding;
use crate::live::object::condition;
use crate::live::snapshot::{LogKey, Snapshot, typed};

/// Everything that is wrong with a pod.
pub(in crate::live) fn of_pod(snapshot: &Snapshot, object: &Value) -> Vec<Finding> {
    let Some(pod) = typed::<Pod>(object) else { return Vec::new() };
    pod::findings(&pod, snapshot, snapshot.moment())
}

/// Whether the pod's condition `Ready` is true: all of its containers run and answer their probes.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready.is_true())
}

/// Containers whose last words tell something: the key of the log, and whether it is of the run before.
pub(super) fn interesting_logs(object: &Value) -> Vec<(LogKey, bool)> {
    let Some(pod) = typed::<Pod>(object) else { return Vec::new() };
    let sources = pod::last_words(&pod).into_iter();
    sources.map(|(source, previous)| ((source.namespace, source.pod, source.container), previous)).collect()
}
