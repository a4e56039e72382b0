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
        let written = last_written(map, used.key.as_deref());
        let Some(changed) = written.and_then(|time| seen.seconds_since(time)) else { continue };
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

/// When a ConfigMap was last written; where a key is meant, by whoever writes that key: others may have keys of their own
/// in it.
fn last_written<'a>(map: &'a Value, key: Option<&str>) -> Option<&'a str> {
    let writers = list(map, "/metadata/managedFields");
    // Who writes no key at all has changed labels or the like, as long as others do write keys.
    let is_known = writers.iter().any(|writer| !list(writer, "/data").is_empty());
    let writes = |writer: &&Value| {
        key.is_none_or(|key| !is_known || list(writer, "/data").iter().any(|one| one.as_str() == Some(key)))
    };
    writers.iter().find(writes).map(|writer| text(writer, "/time"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_as_old_as_its_own_writer_says() {
        let map = json!({"metadata": {"managedFields": [
            {"manager": "other", "time": "2026-01-03T00:00:00Z", "data": ["scripts"]},
            {"manager": "own", "time": "2026-01-01T00:00:00Z", "data": ["mode", "url"]}]}});
        assert_eq!(last_written(&map, None), Some("2026-01-03T00:00:00Z"));
        assert_eq!(last_written(&map, Some("mode")), Some("2026-01-01T00:00:00Z"));
        assert_eq!(last_written(&map, Some("scripts")), Some("2026-01-03T00:00:00Z"));
        assert_eq!(last_written(&map, Some("none")), None);
        let labeled = json!({"metadata": {"managedFields": [{"time": "t"}, {"time": "s", "data": ["url"]}]}});
        assert_eq!(last_written(&labeled, Some("mode")), None);
        assert_eq!(last_written(&json!({"metadata": {"managedFields": [{"time": "t"}]}}), Some("mode")), Some("t"));
    }
}
