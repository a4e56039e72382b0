//! What a cluster has as entities of the catalog, in Backstage's format. They are those of the portal, by the same rules:
//! same names, owners, types, systems and templates. A test asks both, and compares them one by one.

use serde::Deserialize;
use serde_json::Value;

use super::object::{COMPONENT, label, text};
use super::snapshot::{CompositeKind, Snapshot};

mod components;
mod offers;

pub use components::{owner_said, place};

/// Owner of what nobody claims, as the portal has it.
pub const OWNER: &str = "group:default/developers";
const PREFIX: &str = "terasky.backstage.io";
const API: &str = "backstage.io/v1alpha1";
/// Files of entities, by the names that the field gives them.
pub const FILES: [&str; 2] = ["entities.yaml", "catalog-info.yaml"];

/// Descriptors of everything that belongs into the catalog.
pub fn descriptors(snapshot: &Snapshot) -> Vec<Value> {
    let kinds = snapshot.composite_kinds();
    let components = components::components(snapshot, &kinds);
    let systems = components::systems(snapshot, &components);
    let offers = kinds.iter().flat_map(offers::offers);
    components.into_iter().chain(systems).chain(offers).chain(written(snapshot)).collect()
}

/// The API of a version: as the portal's ingestor names it.
fn api_name(kind: &CompositeKind<'_>, version: &str) -> String {
    format!("{}-{}--{version}", kind.kind.to_lowercase(), kind.group)
}

/// `red` -> `group:default/red`: a bare name is that of a group.
pub fn group_reference(owner: &str) -> String {
    if owner.contains(':') { owner.into() } else { format!("group:default/{owner}") }
}

/// Entities that a component of the platform brings in a file of its configuration: groups and people, as the portal
/// reads them.
fn written(snapshot: &Snapshot) -> Vec<Value> {
    let maps = snapshot.all("", "ConfigMap").filter(|map| label(map, COMPONENT).is_some());
    let files = maps.flat_map(|map| FILES.iter().filter_map(move |file| map.get("data")?.get(*file)?.as_str()));
    files.flat_map(in_file).collect()
}

/// The entities in the text of a file.
pub fn in_file(file: &str) -> impl Iterator<Item = Value> + use<'_> {
    let documents = serde_yaml::Deserializer::from_str(file);
    let entities = documents.filter_map(|document| Value::deserialize(document).ok());
    entities.filter(|entity| text(entity, "/apiVersion").starts_with("backstage.io/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Entity;
    use crate::live::apis;

    fn entities(objects: Vec<Value>) -> Vec<Entity> {
        let snapshot = Snapshot::of("lab", objects);
        descriptors(&snapshot).iter().filter_map(|descriptor| Entity::new(descriptor, "cluster lab")).collect()
    }

    #[test]
    fn entities_are_named_after_what_they_stand_for_and_the_platform_s_parts_are_none() {
        let app = json!({"apiVersion": "p.dev/v1alpha1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "1"},
            "spec": {"crossplane": {"resourceRefs": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}]}}});
        let deployment = |place: &str, name: &str, more: Value| {
            let mut object =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": place, "name": name}});
            object["metadata"].as_object_mut().expect("metadata").extend(more.as_object().expect("more").clone());
            object
        };
        let people = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "portal", "name": "settings", "labels": {COMPONENT: "portal"}},
            "data": {"entities.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: developers}\nspec: {type: team, children: []}\n---\nkind: Other\n"}});
        let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "demo", "name": "x"},
            "data": {"entities.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: nobody}\n"}});
        let entities = entities(vec![
            apis::tests::definition(),
            app,
            deployment("demo", "shop", json!({"ownerReferences": [{"uid": "1"}]})),
            deployment("tools", "tool", json!({"annotations": {"terasky.backstage.io/owner": "group:default/red"}})),
            deployment("portal", "portal", json!({"labels": {COMPONENT: "portal"}})),
            people,
            foreign,
        ]);
        let names: Vec<_> = entities.iter().map(|entity| entity.reference.to_string()).collect();
        assert_eq!(
            names,
            [
                "component:tools/tool",
                "component:demo/shop",
                "system:default/demo",
                "system:default/tools",
                "api:default/app-p.dev--v1alpha1",
                "template:default/apps.p.dev-v1alpha1",
                "group:default/developers",
            ]
        );
        assert_eq!(entities[0].owner.as_ref().map(ToString::to_string).as_deref(), Some("group:default/red"));
        let uses =
            &entities[1].relations.iter().find(|relation| relation.kind == "consumesApi").expect("an API").target;
        assert_eq!(*uses, entities[4].reference);
    }

    #[test]
    fn an_order_uses_the_version_that_compositions_are_written_for() {
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "apps.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "App", "plural": "apps"},
                "versions": [{"name": "v1beta1", "served": true, "referenceable": false}, {"name": "v1alpha1", "served": true, "referenceable": true}]}});
        let app = json!({"apiVersion": "p.dev/v1beta1", "kind": "App", "metadata": {"namespace": "demo", "name": "shop", "uid": "1"}});
        let snapshot = Snapshot::of("lab", [definition, app]);
        assert_eq!(descriptors(&snapshot)[0]["spec"]["consumesApis"], json!(["api:default/app-p.dev--v1alpha1"]));
    }

    #[test]
    fn owner_and_lifecycle_are_those_of_the_namespace_where_nothing_else_is_said() {
        let place = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
            "labels": {"backstack.dev/owner": "red", "backstack.dev/environment": "development"}}});
        let tool = |name: &str, labels: Value| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": name, "labels": labels}})
        };
        let objects = vec![place, tool("a", json!({})), tool("b", json!({"backstack.dev/owner": "user:default/ada"}))];
        let snapshot = Snapshot::of("lab", objects);
        let told: Vec<_> = descriptors(&snapshot).iter().map(|entity| entity["spec"].clone()).collect();
        assert_eq!(told[0]["owner"], "group:default/red");
        assert_eq!(told[0]["lifecycle"], "development");
        assert_eq!(told[1]["owner"], "user:default/ada");
        assert_eq!(told[2], json!({"owner": "group:default/red", "type": "namespace"}));
    }

    #[test]
    fn a_deprecated_version_says_which_one_to_use() {
        let version = |name: &str, deprecated: bool| json!({"name": name, "served": true, "deprecated": deprecated});
        let definition = json!({"apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition", "metadata": {"name": "webapps.p.dev"},
            "spec": {"group": "p.dev", "scope": "Namespaced", "names": {"kind": "WebApp", "plural": "webapps"},
                "versions": [version("v1alpha1", true), version("v1beta1", false), {"name": "v1", "served": false}]}});
        let snapshot = Snapshot::of("lab", [definition]);
        let found = descriptors(&snapshot);
        let told: Vec<_> =
            found.iter().map(|entity| (text(entity, "/metadata/title"), text(entity, "/spec/lifecycle"))).collect();
        assert_eq!(
            told,
            [
                ("WebApp v1alpha1", "deprecated"),
                ("Web App (v1alpha1, deprecated)", "deprecated"),
                ("WebApp v1beta1", "production"),
                ("Web App", "production"),
            ]
        );
        assert_eq!(
            text(&found[1], "/metadata/description"),
            "WebApp v1alpha1 is deprecated. Use v1beta1 instead. A Web App, made by Crossplane."
        );
    }
}
