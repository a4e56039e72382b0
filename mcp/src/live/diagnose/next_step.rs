//! Whether a next step can be taken as it stands: what Kubernetes lets nobody change, what was mended already and only
//! waits, what needs a place of its own to be right.

use serde_json::Value;

use super::mutated::value_at;
use super::{Fault, Finding};
use crate::live::object::{Ref, label, number, text};
use crate::live::owners;
use crate::live::references::template::Template;
use crate::live::snapshot::Snapshot;

const ROOT: &str = "securityContext.readOnlyRootFilesystem";
const USER: &str = "securityContext.runAsUser";
/// What of a StatefulSet may change.
const OF_SETS: [&str; 6] =
    ["replicas", "template", "updateStrategy", "minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy"];

/// The finding with a next step that is not refused; `at` and `field` are where it is written.
pub(super) fn doable(at: &Ref, field: &str, finding: Finding) -> Finding {
    let mut finding = writable(finding);
    let says_so = ["delete", "again", "anew"].iter().any(|word| finding.next.to_lowercase().contains(word));
    if !says_so && let Some(why) = unchangeable(at, field) {
        finding.next = format!("{} {why}", finding.next);
    }
    finding
}

/// A pod of a set that has another template by now: the set waits until it is ready, and it never will be.
pub(super) fn mended_already(snapshot: &Snapshot, pod: &Value, finding: &Finding) -> Option<Finding> {
    let set = owners::line(snapshot, pod).next().filter(|owner| text(owner, "/kind") == "StatefulSet")?;
    let version = text(set, "/status/updateRevision");
    let is_old = !version.is_empty() && label(pod, "controller-revision-hash").is_some_and(|had| had != version);
    if !is_old || is_kept_back(set, pod) {
        return None;
    }
    let (below, above) = (Template::of(pod)?, Template::of(set)?);
    let rest = finding.field.strip_prefix(below.path)?;
    let value = value_at(pod, &finding.field)?;
    if value_at(set, &format!("{}{rest}", above.path)) == Some(value) {
        return None;
    }
    let (at, set) = (Ref::of(pod), Ref::of(set));
    let mut found = finding.clone();
    found.change = None;
    found.summary = format!("{}; {set} says otherwise by now, and waits for this pod", found.summary);
    Some(found.next(format!("Delete {at}: it is made anew as {set} says now. {set} itself needs no change.")))
}

/// Whether a set is told to leave this pod as it was.
fn is_kept_back(set: &Value, pod: &Value) -> bool {
    let ordinal = text(pod, "/metadata/name").rsplit('-').next().and_then(|ordinal| ordinal.parse::<i64>().ok());
    let partition = number(set, "/spec/updateStrategy/rollingUpdate/partition");
    text(set, "/spec/updateStrategy/type") == "OnDelete" || ordinal.is_some_and(|ordinal| ordinal < partition)
}

/// A program that may not write where it wants to: it needs room there, more than another command.
fn writable(finding: Finding) -> Finding {
    let is_user = finding.field.ends_with(USER);
    if finding.fault != Fault::CrashLoop || !(finding.field.ends_with(ROOT) || is_user) {
        return finding;
    }
    let refused = if is_user { "permission denied" } else { "read-only file system" };
    let lines = finding.evidence.iter().flat_map(|evidence| evidence.text.lines());
    let mut lines = lines.filter(|line| line.to_lowercase().contains(refused));
    let place = lines.find_map(|line| {
        let mut parts = line.split(|c: char| c.is_whitespace() || "\"'`:,()=".contains(c));
        parts.find(|part| part.starts_with('/') && part.len() > 1)
    });
    let place =
        place.map_or_else(|| "the folder that it writes to".to_string(), |place| format!("the folder of `{place}`"));
    let next = match is_user {
        true => {
            format!("Correct `{}` to a user that the image can run as, or mount an emptyDir at {place}.", finding.field)
        }
        false => format!("Mount an emptyDir at {place}, or set `{}` to false.", finding.field),
    };
    finding.next(next)
}

/// What to do about a field that the API server lets nobody change.
fn unchangeable(at: &Ref, field: &str) -> Option<String> {
    let of_spec = field.strip_prefix("spec.");
    let is_fixed = match (at.group.as_str(), at.kind.as_str()) {
        ("batch", "Job") => of_spec.is_some_and(|field| field.starts_with("template") || field.starts_with("selector")),
        ("", "Pod") => of_spec.is_some_and(|field| !field.ends_with(".image") && field != "activeDeadlineSeconds"),
        ("apps", "StatefulSet") => of_spec.is_some_and(|field| !OF_SETS.iter().any(|part| field.starts_with(part))),
        ("apps", _) => of_spec.is_some_and(|field| field.starts_with("selector")),
        ("", "PersistentVolumeClaim") => of_spec.is_some_and(|field| !field.starts_with("resources")),
        ("storage.k8s.io", "StorageClass") => ["provisioner", "parameters", "volumeBindingMode"].contains(&field),
        ("rbac.authorization.k8s.io", _) => field.starts_with("roleRef"),
        ("", "Secret") => field == "type",
        _ => false,
    };
    is_fixed.then(|| format!("This cannot be changed in a {} that is there: delete {at} and make it again.", at.kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set_and_pod(partition: i64, own: &str) -> (Snapshot, Value) {
        let template = json!({"spec": {"containers": [{"name": "queue", "image": "r/queue:2"}]}});
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "queue", "uid": "s"},
            "spec": {"template": template, "updateStrategy": {"rollingUpdate": {"partition": partition}}}, "status": {"updateRevision": "queue-2"}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "queue-0",
                "labels": {"controller-revision-hash": own}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "queue", "uid": "s", "controller": true}]},
            "spec": {"containers": [{"name": "queue", "image": "r/queue:1"}]}});
        (Snapshot::of("lab", [set, pod.clone()]), pod)
    }

    #[test]
    fn a_pod_whose_set_was_mended_is_deleted_and_the_set_stays() {
        for (partition, own, is) in [(0, "queue-1", true), (1, "queue-1", false), (0, "queue-2", false)] {
            let (snapshot, pod) = set_and_pod(partition, own);
            let finding = Finding::new(Fault::BadImage, Ref::of(&pod), "image cannot be pulled");
            let finding = finding.at("spec.containers[0].image").next("Correct the image.");
            let told = mended_already(&snapshot, &pod, &finding).map(|finding| finding.next);
            let is_told = told.as_ref().is_some_and(|next| next.starts_with("Delete Pod shop/queue-0"));
            assert_eq!(is_told, is, "{partition} {own}: {told:?}");
        }
    }

    #[test]
    fn what_nobody_may_change_is_made_again() {
        let at = |group: &str, kind: &str| Ref::new(group, kind, "shop", "x");
        for (at, field, is) in [
            (at("batch", "Job"), "spec.template.spec.containers[0].args", true),
            (at("batch", "Job"), "spec.suspend", false),
            (at("batch", "CronJob"), "spec.jobTemplate.spec.template.spec.containers[0].args", false),
            (at("", "Pod"), "spec.containers[0].env", true),
            (at("", "Pod"), "spec.containers[0].image", false),
            (at("", "Pod"), "metadata.labels[app]", false),
            (at("apps", "Deployment"), "spec.selector.matchLabels[app]", true),
            (at("apps", "Deployment"), "spec.template.spec.containers[0].args", false),
            (at("apps", "StatefulSet"), "spec.serviceName", true),
            (at("apps", "StatefulSet"), "spec.replicas", false),
            (at("", "PersistentVolumeClaim"), "spec.storageClassName", true),
            (at("", "PersistentVolumeClaim"), "spec.resources.requests.storage", false),
            (at("rbac.authorization.k8s.io", "RoleBinding"), "roleRef.name", true),
        ] {
            assert_eq!(unchangeable(&at, field).is_some(), is, "{at} {field}");
        }
    }

    #[test]
    fn a_program_that_may_not_write_gets_room_there() {
        let finding = Finding::new(Fault::CrashLoop, Ref::new("", "Pod", "shop", "web"), "exits 1")
            .at(format!("spec.containers[0].{ROOT}"))
            .with("log", "[emerg] 1#1: mkdir() \"/var/cache/nginx/client\" failed (30: Read-only file system)");
        assert_eq!(
            writable(finding).next,
            format!(
                "Mount an emptyDir at the folder of `/var/cache/nginx/client`, or set `spec.containers[0].{ROOT}` to false."
            )
        );
    }
}
