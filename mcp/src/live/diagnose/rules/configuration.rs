//! Configuration that has changed since a program read it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::moment::in_words;
use crate::live::object::{Ref, list, text};
use crate::live::references::template::uses;

/// Clocks and the order of events differ by a little.
const LATER: i64 = 5;

/// ConfigMaps that a pod's programs were given at their start, and that are others now.
pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Vec<Finding> {
    let started = list(pod, "/status/containerStatuses").iter().map(|status| text(status, "/state/running/startedAt"));
    let Some(started) = started.filter(|time| !time.is_empty()).min().and_then(|time| seen.seconds_since(time)) else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = Vec::new();
    for used in uses(pod).into_iter().filter(|used| used.at_start && used.at.kind == "ConfigMap") {
        let Some(map) = seen.snapshot.get(&used.at) else { continue };
        let Some(changed) = seen.seconds_since(text(map, "/metadata/managedFields/0/time")) else { continue };
        if changed + LATER < started && !found.iter().any(|finding| finding.summary.contains(&used.at.to_string())) {
            let text = format!("still runs with what {} was before it changed, {} ago", used.at, in_words(changed));
            let finding = Finding::new(Fault::StaleConfig, Ref::of(pod), text).at(used.field.clone());
            let said = format!("changed {} ago, the program started {} ago", in_words(changed), in_words(started));
            found.push(finding.with(used.at.to_string(), &said).next(
                "Restart its pods (delete them, or change an annotation of the pod template), or mount the ConfigMap as a whole folder.",
            ));
        }
    }
    found
}
