//! What runs in a cluster as entities of the catalog, in Backstage's format: workloads and composite resources as
//! components, definitions as APIs, applications as resources. Names are those that the portal's ingestor gives.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::apis;
use super::diagnose::referred;
use super::object::{Ref, annotation, label, list, name, namespace, text};
use super::snapshot::{CompositeKind, Snapshot};

/// Owner of what nobody claims, as the portal has it.
pub const OWNER: &str = "group:default/developers";
const PREFIX: &str = "terasky.backstage.io";
/// Label by which the installer marks what belongs to a component of the platform.
const COMPONENT: &str = "backstack.dev/component";
/// Files of entities, by the names that the field gives them.
const FILES: [&str; 2] = ["entities.yaml", "catalog-info.yaml"];
const WORKLOADS: [(&str, &str); 4] =
    [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "CronJob")];

/// Descriptors of everything that belongs into the catalog.
pub fn descriptors(snapshot: &Snapshot) -> Vec<Value> {
    let kinds = snapshot.composite_kinds();
    let workloads =
        WORKLOADS.iter().flat_map(|(group, kind)| snapshot.all(group, kind)).filter(|object| stands_alone(object));
    let composites =
        kinds.iter().flat_map(|kind| snapshot.all(kind.group, kind.kind).map(move |object| (kind, object)));
    let applications = snapshot.all("argoproj.io", "Application");
    let components: Vec<Value> = workloads
        .map(|workload| component(workload, &[]))
        .chain(composites.map(|(kind, object)| composite(kind, object)))
        .collect();
    let systems = systems(&components);
    components
        .into_iter()
        .chain(systems)
        .chain(kinds.iter().map(api))
        .chain(applications.map(application))
        .chain(written(snapshot))
        .collect()
}

/// Each namespace with a component in it is a system, as in the portal.
fn systems(components: &[Value]) -> Vec<Value> {
    let names: BTreeSet<_> =
        components.iter().filter_map(|component| text(component, "/spec/system").rsplit('/').next()).collect();
    let system = |name: &str| {
        json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "System",
            "metadata": {"name": name, "title": name, "description": format!("What runs in the namespace {name}.")},
            "spec": {"owner": OWNER, "type": "namespace"},
        })
    };
    names.into_iter().filter(|name| !name.is_empty()).map(system).collect()
}

/// Entities that a component of the platform brings in a file of its configuration: groups and people, as the portal
/// reads them.
fn written(snapshot: &Snapshot) -> Vec<Value> {
    let maps = snapshot.all("", "ConfigMap").filter(|map| label(map, COMPONENT).is_some());
    let files = maps.flat_map(|map| FILES.iter().filter_map(move |file| map.get("data")?.get(*file)?.as_str()));
    let documents = files.flat_map(serde_yaml::Deserializer::from_str);
    let entities = documents.filter_map(|document| Value::deserialize(document).ok());
    entities.filter(|entity| text(entity, "/apiVersion").starts_with("backstage.io/")).collect()
}

/// Workloads that are not part of something bigger, outside the cluster's own namespaces.
fn stands_alone(object: &Value) -> bool {
    list(object, "/metadata/ownerReferences").is_empty() && !namespace(object).starts_with("kube-")
}

fn component(object: &Value, depends_on: &[String]) -> Value {
    let said = |key: &str| annotation(object, &format!("{PREFIX}/{key}"));
    let owner = owner_said(object).unwrap_or(OWNER);
    // What people order is of the type that they ordered.
    let kind = text(object, "/kind").to_lowercase();
    let mut spec = json!({"type": kind, "lifecycle": lifecycle(object), "owner": owner});
    if !namespace(object).is_empty() {
        spec["system"] = json!(format!("system:default/{}", namespace(object)));
    }
    if !depends_on.is_empty() {
        spec["dependsOn"] = json!(depends_on);
    }
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": metadata(object, said("title"), said("description")),
        "spec": spec,
    })
}

/// The owner that an object names itself.
pub fn owner_said(object: &Value) -> Option<&str> {
    annotation(object, &format!("{PREFIX}/owner"))
}

fn lifecycle(object: &Value) -> &str {
    annotation(object, &format!("{PREFIX}/lifecycle")).unwrap_or("production")
}

fn metadata(object: &Value, title: Option<&str>, description: Option<&str>) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".into(), name(object).into());
    let place = if namespace(object).is_empty() { "default" } else { namespace(object) };
    metadata.insert("namespace".into(), place.into());
    for (key, value) in [("title", title), ("description", description)] {
        if let Some(value) = value {
            metadata.insert(key.into(), value.into());
        }
    }
    let mut tags = vec![text(object, "/kind").to_lowercase()];
    tags.extend(label(object, "app.kubernetes.io/part-of").map(str::to_lowercase));
    metadata.insert("tags".into(), json!(tags));
    metadata.insert(
        "annotations".into(),
        json!({"backstage.io/kubernetes-id": label(object, "backstage.io/kubernetes-id").unwrap_or(name(object))}),
    );
    Value::Object(metadata)
}

fn composite(kind: &CompositeKind<'_>, object: &Value) -> Value {
    let mut entity = component(object, &[]);
    entity["spec"]["consumesApis"] = json!([format!("api:default/{}.{}", kind.plural, kind.group)]);
    // Composed objects are no entities of their own: they are told, not referred to.
    let composed: Vec<_> = referred(object).iter().map(Ref::to_string).collect();
    entity["spec"]["composes"] = json!(composed);
    entity
}

fn api(kind: &CompositeKind<'_>) -> Value {
    let description = annotation(kind.definition, "backstack.dev/description");
    let title = annotation(kind.definition, "backstack.dev/title").unwrap_or(kind.kind);
    let mut metadata = metadata(kind.definition, Some(title), description);
    metadata["name"] = format!("{}.{}", kind.plural, kind.group).into();
    let schema = apis::schema(kind).map(Value::to_string).unwrap_or_default();
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": metadata,
        "spec": {"type": "crossplane-xrd", "lifecycle": "production", "owner": OWNER, "definition": schema},
    })
}

fn application(object: &Value) -> Value {
    let brings = list(object, "/status/resources").iter().filter(|resource| {
        WORKLOADS.iter().any(|(_, kind)| *kind == text(resource, "/kind"))
            || text(resource, "/group").contains("platform")
    });
    let depends_on: Vec<_> = brings
        .map(|resource| {
            let place = text(resource, "/namespace");
            format!("component:{}/{}", if place.is_empty() { "default" } else { place }, text(resource, "/name"))
        })
        .collect();
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Resource", "metadata": metadata(object, None, None),
        "spec": {"type": "application", "owner": OWNER, "dependsOn": depends_on},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Entity;

    #[test]
    fn entities_are_named_after_what_they_stand_for_and_carry_no_schema_noise() {
        let app = json!({"apiVersion": "p.dev/v1alpha1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "1"},
            "spec": {"crossplane": {"resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}]}}});
        let owned = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "demo", "name": "shop", "ownerReferences": [{"uid": "1"}]}});
        let alone = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "tools", "name": "tool",
            "annotations": {"terasky.backstage.io/owner": "group:default/red"}}});
        let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "argocd", "name": "demo-app-shop"},
            "status": {"resources": [{"group": "platform.x", "kind": "App", "namespace": "demo", "name": "shop"}]}});
        let people = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "portal", "name": "settings", "labels": {COMPONENT: "portal"}},
            "data": {"entities.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: developers}\nspec: {type: team, children: []}\n---\nkind: Other\n"}});
        let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "demo", "name": "x"},
            "data": {"entities.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: nobody}\n"}});
        let objects = [apis::tests::definition(), app, owned, alone, application, people, foreign];
        let snapshot = Snapshot::of("lab", objects);
        let entities: Vec<_> =
            descriptors(&snapshot).iter().filter_map(|descriptor| Entity::new(descriptor, "cluster lab")).collect();
        let names: Vec<_> = entities.iter().map(|entity| entity.reference.to_string()).collect();
        assert_eq!(
            names,
            [
                "component:tools/tool",
                "component:demo/shop",
                "system:default/demo",
                "system:default/tools",
                "api:default/apps.p.dev",
                "resource:argocd/demo-app-shop",
                "group:default/developers",
            ]
        );
        assert_eq!(entities[0].owner.as_ref().map(ToString::to_string).as_deref(), Some("group:default/red"));
    }
}
