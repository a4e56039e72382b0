//! A volume that is kept for a claim of the same name which is gone: the new one is another to it.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, list, name, text, uid};
use crate::live::quantity::milli;

/// What a class has as provisioner if nobody makes volumes for it.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// The size that a claim asks for.
const SIZE: &str = "/spec/resources/requests/storage";

/// A volume that would fit a claim without one, if it were not still tied to the claim of before.
pub(super) fn of_claim(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    if text(claim, "/status/phase") != "Pending" || is_made(seen, claim) {
        return None;
    }
    let at = Ref::of(claim);
    let is_its = |volume: &&Value| {
        let holder = (text(volume, "/spec/claimRef/namespace"), text(volume, "/spec/claimRef/name"));
        let held = text(volume, "/spec/claimRef/uid");
        text(volume, "/status/phase") == "Released"
            && holder == (at.namespace.as_str(), at.name.as_str())
            && !held.is_empty()
            && held != uid(claim)
            && fits(volume, claim)
    };
    let volume = seen.snapshot.all("", "PersistentVolume").find(is_its)?;
    let (volume_at, field) = (Ref::of(volume), "spec.claimRef");
    let summary = format!(
        "is still tied to a claim {}/{} that was deleted, so that the {at} of now cannot have it",
        at.namespace, at.name
    );
    let mut found = Finding::new(Fault::Volume, volume_at.clone(), summary).at(field);
    found.affects.push(at.to_string());
    // What waits for the claim is told with it.
    let uses_it = |pod: &&Value| {
        list(pod, "/spec/volumes").iter().any(|one| text(one, "/persistentVolumeClaim/claimName") == at.name)
    };
    for pod in seen.snapshot.inside("", "Pod", &at.namespace).filter(uses_it) {
        let user = Ref::of(maker_of(seen.snapshot, pod)).to_string();
        if !found.affects.contains(&user) {
            found.affects.push(user);
        }
    }
    let patch = r#"'[{"op":"remove","path":"/spec/claimRef/uid"}]'"#;
    let found = found.with("status.phase", "Released").with("spec.claimRef.uid", text(volume, "/spec/claimRef/uid"));
    Some(found.next(format!(
        "Take `uid` out of `{field}` of {volume_at} (`kubectl patch pv {} --type json -p {patch}`): then {at} gets it, with the data that lies on it.",
        volume_at.name
    )))
}

/// Whether somebody makes a volume for a claim: then it gets one of its own.
fn is_made(seen: &Seen<'_>, claim: &Value) -> bool {
    let class = claim.pointer("/spec/storageClassName").and_then(Value::as_str);
    let mut classes = seen.snapshot.all("storage.k8s.io", "StorageClass");
    let found = class.and_then(|class| classes.find(|one| name(one) == class));
    let makes = found.is_some_and(|class| text(class, "/provisioner") != NO_PROVISIONER);
    makes && text(claim, "/spec/volumeName").is_empty()
}

/// Whether a volume is what a claim asks for: in class, size and modes.
fn fits(volume: &Value, claim: &Value) -> bool {
    let modes = |object: &Value| -> Vec<String> {
        list(object, "/spec/accessModes").iter().filter_map(Value::as_str).map(String::from).collect()
    };
    let had = modes(volume);
    let wanted = text(claim, "/spec/volumeName");
    text(volume, "/spec/storageClassName") == text(claim, "/spec/storageClassName")
        && (wanted.is_empty() || wanted == name(volume))
        && milli(text(volume, "/spec/capacity/storage")) >= milli(text(claim, SIZE))
        && modes(claim).iter().all(|mode| had.contains(mode))
}
