//! Claims: their class, their size, the volume that they want.

use serde_json::Value;

use super::Seen;
use crate::live::diagnose::{Fault, Finding};
use crate::live::object::{Ref, annotation, list, name, namespace, text};
use crate::live::owners;
use crate::live::quantity::milli;
use crate::live::references::{nearest, there_are};

const GROUP: &str = "storage.k8s.io";
/// What a class has as provisioner if nobody makes volumes for it.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// The size that a claim asks for.
const SIZE: &str = "/spec/resources/requests/storage";
/// How a volume may be mounted, as a claim asks for it.
const MODES: [&str; 4] = ["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"];
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Why a claim has no volume.
pub(super) fn of_claim(seen: &Seen<'_>, claim: &Value) -> Vec<Finding> {
    let phase = text(claim, "/status/phase");
    if phase == "Lost" {
        let at = Ref::of(claim);
        let text = format!("has lost its volume {}", text(claim, "/spec/volumeName"));
        let finding = Finding::new(Fault::Volume, at.clone(), text).at("spec.volumeName").with("status.phase", "Lost");
        return vec![finding.next(format!("Make {at} again, from a backup if its data matters: that volume is gone."))];
    }
    if phase == "Bound" {
        return outgrown(seen, claim).into_iter().collect();
    }
    // Of the volume itself: no set has written that.
    if let Some(released) = super::released::of_claim(seen, claim) {
        return vec![released];
    }
    let found = [class(seen, claim), volume(seen, claim), too_small(seen, claim), several_nodes(seen, claim)];
    found.into_iter().flatten().take(1).map(|finding| of_its_set(seen, claim, finding)).collect()
}

/// A claim that should be larger by now, of a class whose volumes do not grow.
fn outgrown(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let class = snapshot.get(&Ref::new(GROUP, "StorageClass", "", text(claim, "/spec/storageClassName")))?;
    if class.get("allowVolumeExpansion") == Some(&Value::Bool(true)) {
        return None;
    }
    let had = text(claim, SIZE);
    let (owner, field) = owners::line(snapshot, claim).find_map(|owner| {
        let fields = ["spec.storage.size", "spec.storage.resources.requests.storage", "spec.volume.size"];
        let value = |field: &str| text(owner, &format!("/{}", field.replace('.', "/")));
        let field = fields.into_iter().find(|field| milli(value(field)) > milli(had))?;
        Some((owner, field))
    })?;
    let (at, wanted) = (Ref::of(owner), text(owner, &format!("/{}", field.replace('.', "/"))));
    let (claim, class) = (Ref::of(claim), Ref::of(class));
    let text = format!("asks for {wanted}, and {claim} has {had}: {class} does not let volumes grow");
    let finding = Finding::new(Fault::Volume, at.clone(), text).at(field).should_be(had).with(field, wanted);
    let finding = finding.with(format!("allowVolumeExpansion of {class}"), "not set");
    Some(finding.next(format!(
        "Set `{field}` of {at} back to {had}; for more, make it anew and bring its data over, or use a storage class with `allowVolumeExpansion: true`."
    )))
}

fn class(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let at = Ref::of(claim);
    let classes = || snapshot.all(GROUP, "StorageClass");
    if !snapshot.has_kind(GROUP, "StorageClass") || !text(claim, "/spec/volumeName").is_empty() {
        return None;
    }
    let there = there_are(classes());
    let Some(wanted) = claim.pointer("/spec/storageClassName").and_then(Value::as_str) else {
        let has_default = classes().any(|class| annotation(class, DEFAULT_CLASS) == Some("true"));
        return (!has_default).then(|| {
            let finding = Finding::new(
                Fault::MissingReference,
                at.clone(),
                format!("names no storage class, and none is the default one ({there})"),
            );
            finding
                .at("spec.storageClassName")
                .with("storage classes", &there)
                .next(format!("Make {at} again with a `spec.storageClassName`."))
        });
    };
    // Volumes that somebody made by hand may have any class, also an empty one.
    let has_volume =
        snapshot.all("", "PersistentVolume").any(|volume| text(volume, "/spec/storageClassName") == wanted);
    if classes().any(|class| name(class) == wanted) || has_volume {
        return None;
    }
    let text = format!("its storage class `{wanted}` does not exist ({there})");
    let finding = Finding::new(Fault::MissingReference, at.clone(), text)
        .at("spec.storageClassName")
        .with("spec.storageClassName", wanted);
    let default = classes().find(|class| annotation(class, DEFAULT_CLASS) == Some("true")).map(name);
    let finding = match nearest(wanted, classes().map(name)).or(default) {
        Some(class) => finding.should_be(class),
        None => finding,
    };
    Some(
        finding.next(format!(
            "Make {at} again with a class that exists ({there}): the class of a claim cannot be changed."
        )),
    )
}

/// A claim that a set has made of its template: that is where it has to be changed, and neither of them can be changed in
/// place. The claim alone would come back as it was.
fn of_its_set(seen: &Seen<'_>, claim: &Value, finding: Finding) -> Finding {
    let Some((set, index)) = template_of(seen, claim) else { return finding };
    let at = Ref::of(claim);
    let field = format!("spec.volumeClaimTemplates[{index}].{}", finding.field);
    let value = finding.change.as_ref().and_then(|change| change.value.clone());
    let should =
        value.as_ref().map(|value| format!(" (to {})", value.to_string().replace('"', ""))).unwrap_or_default();
    let (summary, affects) = (format!("its {at} {}", finding.summary), vec![at.to_string()]);
    let finding = Finding { object: set.clone(), summary, affects, ..finding };
    let verb = if finding.next.contains("again without") { "Take out" } else { "Correct" };
    let finding = finding.at(field.clone()).next(format!(
        "{verb} `{field}`{should} where {set} is written. Neither a claim nor the templates of a set can be changed in place: delete {set} and {at}, and make {set} again."
    ));
    match value {
        Some(value) => finding.should_be(value),
        None => finding,
    }
}

/// The set whose template a claim was made of, and which of its templates.
fn template_of(seen: &Seen<'_>, claim: &Value) -> Option<(Ref, usize)> {
    seen.snapshot.inside("apps", "StatefulSet", namespace(claim)).find_map(|set| {
        let index = list(set, "/spec/volumeClaimTemplates").iter().position(|template| {
            let number = name(claim).strip_prefix(&format!("{}-{}-", name(template), name(set)));
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        })?;
        Some((Ref::of(set), index))
    })
}

/// A volume that is named, and is not there or is somebody else's, or that no volume fits.
fn volume(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let at = Ref::of(claim);
    let wanted = text(claim, "/spec/volumeName");
    if wanted.is_empty() {
        return None;
    }
    let volumes = || snapshot.all("", "PersistentVolume");
    let Some(volume) = volumes().find(|volume| name(volume) == wanted) else {
        let text = format!("wants volume `{wanted}`, which does not exist ({})", there_are(volumes()));
        let finding = Finding::new(Fault::MissingReference, at.clone(), text)
            .at("spec.volumeName")
            .with("spec.volumeName", wanted);
        return Some(finding.next(format!("Make {at} again with a volume that exists, or without `spec.volumeName`.")));
    };
    let holder = (text(volume, "/spec/claimRef/namespace"), text(volume, "/spec/claimRef/name"));
    let is_free = holder.1.is_empty() || holder == (at.namespace.as_str(), at.name.as_str());
    let (class, own_class) = (text(volume, "/spec/storageClassName"), text(claim, "/spec/storageClassName"));
    let (field, text) = match (is_free, class == own_class) {
        (false, _) => {
            ("spec.volumeName", format!("wants volume `{wanted}`, which is claim {}/{}'s", holder.0, holder.1))
        }
        (_, false) => (
            "spec.storageClassName",
            format!("wants volume `{wanted}` of class `{class}`, and asks for class `{own_class}`"),
        ),
        _ => {
            let modes = |object: &Value| {
                list(object, "/spec/accessModes").iter().filter_map(Value::as_str).map(String::from).collect::<Vec<_>>()
            };
            let lacking = modes(claim).into_iter().find(|mode| !modes(volume).contains(mode))?;
            (
                "spec.accessModes",
                format!("wants volume `{wanted}` as {lacking}, which that cannot be ({})", modes(volume).join(", ")),
            )
        }
    };
    let finding = Finding::new(Fault::Volume, at.clone(), text).at(field).with(field, wanted);
    Some(finding.next(format!("Make {at} again with the right `{field}`.")))
}

/// Volumes that somebody has made by hand, all of them smaller than what the claim asks for.
fn too_small(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    let snapshot = seen.snapshot;
    let (at, wanted) = (Ref::of(claim), text(claim, "/spec/volumeName"));
    let asked = text(claim, SIZE);
    let own_class = text(claim, "/spec/storageClassName");
    // What a class makes is as large as it is asked for; one that makes nothing says so.
    let makes = snapshot.all(GROUP, "StorageClass").find(|class| name(class) == own_class);
    if makes.is_some_and(|class| text(class, "/provisioner") != NO_PROVISIONER) {
        return None;
    }
    let is_free = |volume: &&Value| {
        let holder = (text(volume, "/spec/claimRef/namespace"), text(volume, "/spec/claimRef/name"));
        holder.1.is_empty() || holder == (at.namespace.as_str(), at.name.as_str())
    };
    let fitting = snapshot.all("", "PersistentVolume").filter(is_free);
    let fitting = fitting.filter(|volume| match wanted {
        "" => text(volume, "/spec/storageClassName") == own_class,
        wanted => name(volume) == wanted,
    });
    let sizes = fitting.filter_map(|volume| Some((milli(text(volume, "/spec/capacity/storage"))?, volume)));
    let (size, largest) = sizes.max_by_key(|(size, _)| *size)?;
    (milli(asked)? > size).then(|| {
        let (field, had) = ("spec.resources.requests.storage", text(largest, "/spec/capacity/storage"));
        let text =
            format!("asks for {asked}, and {} has {had}: no volume that it may have is larger", Ref::of(largest));
        let finding = Finding::new(Fault::Volume, at.clone(), text).at(field).should_be(had).with(field, asked);
        finding
            .with(format!("capacity of {}", Ref::of(largest)), had)
            .next(format!("Make {at} again with `{field}: {had}` or less, or make a larger volume."))
    })
}

/// A part of a claim that its provisioner does not know, as it says in its own words: `claim.Spec.Selector is not supported`.
fn unsupported(claim: &Value, at: &Ref, said: &str) -> Option<Finding> {
    let lower = said.to_lowercase();
    let fields = claim.get("spec")?.as_object()?;
    let is_meant = |key: &String| lower.contains(&format!("claim.spec.{}", key.to_lowercase()));
    let (key, value) = fields.iter().find(|(key, _)| is_meant(key))?;
    let field = format!("spec.{key}");
    let summary = format!("gets no volume: {}", crate::live::object::short(said, 200));
    let finding =
        Finding::new(Fault::Volume, at.clone(), summary).at(field.clone()).with("event ProvisioningFailed", said);
    Some(finding.with(field.clone(), &value.to_string()).next(format!(
        "Make {at} again without `{field}` (now `{value}`): its class makes no volumes for such claims. Or make a PersistentVolume by hand that it fits."
    )))
}

/// What the provisioner of a class refuses: mostly a volume of one node that pods of several want.
fn several_nodes(seen: &Seen<'_>, claim: &Value) -> Option<Finding> {
    let at = Ref::of(claim);
    let events = seen.snapshot.events_of(&at);
    let event = events.into_iter().find(|event| text(event, "/reason") == "ProvisioningFailed")?;
    let said = text(event, "/message");
    let is_of_modes = said.contains("AccessMode") || said.to_lowercase().contains("access mode");
    if let Some(found) = unsupported(claim, &at, said) {
        return Some(found);
    }
    let field = if is_of_modes { "spec.accessModes" } else { "spec.storageClassName" };
    let summary = format!("gets no volume: {}", crate::live::object::short(said, 200));
    let finding = Finding::new(Fault::Volume, at.clone(), summary).at(field).with("event ProvisioningFailed", said);
    // What it can do stands in what it says, as a word: `ReadWriteOncePod` is another one than `ReadWriteOnce`.
    let asked: Vec<_> = list(claim, "/spec/accessModes").iter().filter_map(Value::as_str).collect();
    let mut words = said.split(|letter: char| !letter.is_ascii_alphanumeric());
    let offered = words.find(|word| MODES.contains(word) && !asked.contains(word)).filter(|_| is_of_modes);
    let again = "a claim cannot be changed, so delete it first";
    Some(match offered {
        Some(mode) => finding.should_be(vec![mode]).next(format!(
            "Make {at} again with `{field}: [{mode}]`, or with a class that can do {}; {again}.",
            asked.join(", ")
        )),
        None => finding.next(format!("Make {at} again with a `{field}` that its class can give; {again}.")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::live::diagnose::{Fault, diagnose};
    use crate::live::snapshot::Snapshot;

    #[test]
    fn a_claim_of_a_set_is_mended_in_the_template_of_the_set() {
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "shop", "name": "data-files-0"},
            "spec": {"accessModes": ["ReadWriteMany"]}, "status": {"phase": "Pending"}});
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "files"},
            "spec": {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "logs"}}, {"metadata": {"name": "data"}}],
                "template": {"metadata": {}, "spec": {"containers": [{"name": "app"}]}}}, "status": {}});
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "shop", "name": "e"}, "type": "Warning",
            "reason": "ProvisioningFailed", "message": "only supports ReadWriteOnce and ReadWriteOncePod access modes",
            "involvedObject": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data-files-0"}});
        let told = |objects: Vec<serde_json::Value>| {
            diagnose(&Snapshot::of("lab", objects), "PersistentVolumeClaim:shop/data-files-0")
                .expect("it is there")
                .causes
                .remove(0)
        };
        let cause = told(vec![claim.clone(), set, event.clone()]);
        assert_eq!((cause.fault, cause.object.to_string()), (Fault::Volume, "StatefulSet shop/files".into()));
        assert_eq!(cause.field, "spec.volumeClaimTemplates[1].spec.accessModes");
        assert_eq!(cause.change.and_then(|change| change.value), Some(json!(["ReadWriteOnce"])));
        assert!(
            cause.next.contains("delete StatefulSet shop/files and PersistentVolumeClaim shop/data-files-0"),
            "{}",
            cause.next
        );
        let alone = told(vec![claim, event]);
        assert_eq!((alone.object.kind.as_str(), alone.field.as_str()), ("PersistentVolumeClaim", "spec.accessModes"));
        assert!(alone.next.contains("`spec.accessModes: [ReadWriteOnce]`"), "{}", alone.next);
    }
}
