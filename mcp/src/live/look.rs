//! What a list tells of an object: whose it is, which images it runs, how old it is.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::diagnose::referred;
use super::entities::{OWNER, group_reference, owner_said, place};
use super::moment;
use super::object::{COMPONENT, annotation, label, list, namespace, text};
use super::owners;
use super::snapshot::Snapshot;

/// Whose a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A group or user, as the object or what it belongs to says.
    Said(String),
    /// Whoever owns this component of the platform.
    OfComponent(String),
    /// Nobody claims it.
    Nobody,
}

impl Owner {
    /// As a reference, where the catalog does not know better.
    pub fn or_usual(&self) -> String {
        match self {
            Self::Said(owner) => group_reference(owner),
            Self::OfComponent(_) | Self::Nobody => OWNER.into(),
        }
    }
}

/// The owner of an object, or of what it is part of.
pub fn owner(snapshot: &Snapshot, object: &Value) -> Owner {
    for object in std::iter::once(object).chain(owners::line(snapshot, object)) {
        if let Some(said) = owner_said(object) {
            return Owner::Said(said.into());
        }
        if let Some(component) = label(object, COMPONENT) {
            return Owner::OfComponent(component.into());
        }
    }
    // What says nothing is of whoever its namespace is.
    place(snapshot, namespace(object)).and_then(owner_said).map_or(Owner::Nobody, |said| Owner::Said(said.into()))
}

/// The images that an object runs: those of its containers, or of what it composed, or the one that it asks for.
pub fn images(snapshot: &Snapshot, object: &Value) -> Vec<String> {
    let mut images = own_images(object);
    if images.is_empty() {
        let parts = referred(object);
        images.extend(parts.iter().filter_map(|part| snapshot.get(part)).flat_map(own_images));
    }
    if images.is_empty() {
        images.extend(Some(text(object, "/spec/image")).filter(|image| !image.is_empty()).map(Into::into));
    }
    images.sort();
    images.dedup();
    images
}

fn own_images(object: &Value) -> Vec<String> {
    let pod = match text(object, "/kind") {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let containers = ["initContainers", "containers"].iter().flat_map(|field| list(object, &format!("{pod}/{field}")));
    containers.map(|container| without_digest(text(container, "/image")).to_string()).collect()
}

/// `nginx:1.29@sha256:...` -> `nginx:1.29`: the tag says more to people.
fn without_digest(image: &str) -> &str {
    match image.split_once('@') {
        Some((name, _)) if name.rsplit('/').next().is_some_and(|last| last.contains(':')) => name,
        _ => image,
    }
}

/// How old an object is, as `3d4h` or `12m`; empty if it does not say.
pub fn age(snapshot: &Snapshot, object: &Value) -> String {
    let made = OffsetDateTime::parse(text(object, "/metadata/creationTimestamp"), &Rfc3339);
    made.map(|made| moment::span((snapshot.moment() - made).whole_seconds())).unwrap_or_default()
}

/// Why an object is still there although it was deleted: since when, and what it waits for.
pub fn deleting(object: &Value) -> Option<(String, Vec<String>)> {
    let since = text(object, "/metadata/deletionTimestamp");
    let waits = list(object, "/metadata/finalizers").iter().chain(list(object, "/spec/finalizers"));
    (!since.is_empty()).then(|| (since.into(), waits.filter_map(Value::as_str).map(Into::into).collect()))
}

/// Whether an object has all of these labels, as `a=b,c`.
pub fn has_labels(object: &Value, wanted: &str) -> bool {
    wanted.split(',').map(str::trim).filter(|part| !part.is_empty()).all(|part| match part.split_once('=') {
        Some((key, value)) => label(object, key.trim()) == Some(value.trim_start_matches('=').trim()),
        None => label(object, part).is_some(),
    })
}

/// A title that an object gives itself.
pub fn description(object: &Value) -> &str {
    annotation(object, "backstack.dev/description").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_owner_is_that_of_what_a_thing_is_part_of() {
        let app = json!({"apiVersion": "p.dev/v1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "1",
            "annotations": {"terasky.backstage.io/owner": "red"}}, "spec": {"crossplane": {"resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}]}}});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "shop", "uid": "2",
            "ownerReferences": [{"apiVersion": "p.dev/v1", "kind": "App", "name": "shop", "uid": "1"}]},
            "spec": {"template": {"spec": {"containers": [{"image": "r.example/a/nginx:1.29@sha256:00"}, {"image": "x@sha256:11"}]}}}});
        let part = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "x", "name": "y", "labels": {"backstack.dev/component": "gitea"}}});
        let snapshot = Snapshot::of("lab", [app.clone(), deployment.clone()]);
        assert_eq!(owner(&snapshot, &deployment).or_usual(), "group:default/red");
        assert_eq!(owner(&snapshot, &part), Owner::OfComponent("gitea".into()));
        assert_eq!(images(&snapshot, &app), ["r.example/a/nginx:1.29", "x@sha256:11"]);
        assert!(
            has_labels(&part, "backstack.dev/component=gitea") && !has_labels(&part, "backstack.dev/component, a=b")
        );
    }
}
