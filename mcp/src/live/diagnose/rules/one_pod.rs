//! A claim that one pod at a time may have, and a second pod that wants it: the next one of the same workload, or one of
//! another.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::around::maker_of;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, condition, list, namespace, text};
use crate::live::references::template::Template;

/// How a claim is called that one pod may have.
const MODE: &str = "ReadWriteOncePod";

/// A pod that waits for the claim of another.
pub(super) fn of_pod(seen: &Seen<'_>, pod: &Value) -> Option<Finding> {
    let refused = condition(pod, "PodScheduled").filter(|scheduled| scheduled.is_false())?;
    if !refused.message.contains(MODE) {
        return None;
    }
    let own = maker_of(seen.snapshot, pod);
    let holders = holders(seen, pod);
    let is_own = |holder: &&(usize, Ref, &Value)| Ref::of(maker_of(seen.snapshot, holder.2)) == Ref::of(own);
    let mut found = match holders.iter().find(|holder| !is_own(holder)) {
        Some(holder) if !holders.iter().any(|holder| is_own(&holder)) => of_another(seen, pod, own, holder),
        _ => before_the_old_one_goes(pod, own)?,
    };
    // The pod itself says only that no node took it.
    found.weight += 1;
    Some(found.with("condition PodScheduled", refused.message))
}

/// Pods that have a claim which this one wants and which one pod may have: the place of its volume here, the claim, the pod.
fn holders<'a>(seen: &Seen<'a>, pod: &Value) -> Vec<(usize, Ref, &'a Value)> {
    let place = namespace(pod);
    let wanted = claims(pod).filter_map(|(index, claim)| {
        let at = Ref::new("", "PersistentVolumeClaim", place, claim);
        let modes = list(seen.snapshot.get(&at)?, "/spec/accessModes");
        modes.iter().any(|mode| mode.as_str() == Some(MODE)).then_some((index, at))
    });
    let others = |at: &Ref| {
        let name = at.name.clone();
        let is_other = |other: &&Value| {
            Ref::of(other) != Ref::of(pod)
                && !text(other, "/spec/nodeName").is_empty()
                && !matches!(text(other, "/status/phase"), "Succeeded" | "Failed")
        };
        let pods = seen.snapshot.inside("", "Pod", place).filter(is_other);
        pods.filter(|other| claims(other).any(|(_, claim)| claim == name)).collect::<Vec<_>>()
    };
    wanted.flat_map(|(index, at)| others(&at).into_iter().map(move |other| (index, at.clone(), other))).collect()
}

fn claims(pod: &Value) -> impl Iterator<Item = (usize, &str)> {
    let named = list(pod, "/spec/volumes").iter().map(|volume| text(volume, "/persistentVolumeClaim/claimName"));
    named.enumerate().filter(|(_, claim)| !claim.is_empty())
}

/// Two workloads share a claim that only one pod may have.
fn of_another(seen: &Seen<'_>, pod: &Value, own: &Value, (index, claim, holder): &(usize, Ref, &Value)) -> Finding {
    let (own_at, other, field) = (Ref::of(own), Ref::of(maker_of(seen.snapshot, holder)), "spec.accessModes");
    let text = format!(
        "may be used by one pod only ({MODE}), and {} of {other} uses it: {} waits",
        Ref::of(holder),
        Ref::of(pod)
    );
    let mut found = Finding::new(Fault::Unschedulable, claim.clone(), text).at(field).should_be(vec!["ReadWriteOnce"]);
    found.affects.push(own_at.to_string());
    let path = Template::of(own).map_or("spec", |template| template.path);
    found.with(field, MODE).next(format!(
        "Give {own_at} a claim of its own (`{path}.volumes[{index}].persistentVolumeClaim.claimName`). If both are to share it, make {claim} again with `{field}: [ReadWriteOnce]`, which pods of one node can share: a claim cannot be changed, so bring its data over."
    ))
}

/// A rollout that makes the new pod first, which then waits for the old one for ever.
fn before_the_old_one_goes(pod: &Value, own: &Value) -> Option<Finding> {
    if text(own, "/kind") != "Deployment" {
        return None;
    }
    let (at, field) = (Ref::of(own), "spec.strategy.type");
    let text = format!(
        "makes a new pod before the old one goes, and their claim may have one pod only: {} waits",
        Ref::of(pod)
    );
    let finding = Finding::new(Fault::Unschedulable, at.clone(), text).at(field).should_be("Recreate");
    Some(finding.next(format!("Set `{field}` of {at} to Recreate: then the old pod goes first.")))
}
