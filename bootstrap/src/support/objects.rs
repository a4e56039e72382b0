//! All objects of all kinds, as YAML, a file for each kind.

use std::io::Write;

use futures::TryStreamExt;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::discovery::{Discovery, verbs};
use serde_json::Value;

use super::clock::Clock;
use super::gathered::Gathered;
use super::secrets::of_api;
use super::{Unwritten, scrub};
use crate::error::chain;

/// The same object once more, as a text in which no field can be found.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What the cluster has, and what happened in it.
pub(super) async fn take(client: &Client, clock: Clock, into: &mut Gathered) -> Result<(), Unwritten> {
    let discovered = clock.within(async { Discovery::new(client.clone()).run_aggregated().await.map_err(said) }).await;
    let discovery = match discovered {
        Ok(discovery) => discovery,
        Err(why) => {
            into.left_out("the objects of the cluster", &why);
            return Ok(());
        }
    };
    let kinds = discovery.groups_alphabetical().into_iter().flat_map(|group| group.recommended_resources());
    let kinds = kinds.filter(|(_, able)| able.supports_operation(verbs::LIST)).map(|(kind, _)| kind);
    // Events are in two groups, and are the same.
    for kind in kinds.filter(|kind| (kind.group.as_str(), kind.kind.as_str()) != ("events.k8s.io", "Event")) {
        take_kind(client, &kind, clock, into).await?;
    }
    Ok(())
}

async fn take_kind(client: &Client, kind: &ApiResource, clock: Clock, into: &mut Gathered) -> Result<(), Unwritten> {
    let name = if kind.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.group) };
    let mut piece = into.piece();
    let mut pages = Box::pin(of_api(Api::<DynamicObject>::all_with(client.clone(), kind)));
    loop {
        match clock.within(async { pages.try_next().await.map_err(said) }).await {
            Ok(Some(page)) => page.iter().try_for_each(|object| {
                let text = yaml(kind, object);
                piece.write_all(text.as_bytes()).map_err(|why| into.unwritten(why))
            })?,
            Ok(None) => break,
            Err(why) => {
                into.left_out(&format!("objects of kind {name}"), &why);
                break;
            }
        }
    }
    into.put(&format!("objects/{name}.yaml"), piece)
}

fn said(error: kube::Error) -> String {
    chain(&error).join(": ")
}

/// An object as a document of its own, without what says nothing to a reader, and without secrets.
fn yaml(kind: &ApiResource, object: &DynamicObject) -> String {
    let mut object = serde_json::to_value(object).unwrap_or_default();
    // Objects of a list do not say what they are.
    object["apiVersion"] = kind.api_version.as_str().into();
    object["kind"] = kind.kind.as_str().into();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        annotations.and_then(|annotations| annotations.remove(LAST_APPLIED));
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret") => scrub::secret(&mut object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => without_schemas(&mut object),
        _ => drop(scrub::scrub(&mut object)),
    }
    format!("---\n{}", serde_yaml::to_string(&object).unwrap_or_default())
}

/// They are many megabytes, and as upstream has them.
fn without_schemas(definition: &mut Value) {
    for version in definition.pointer_mut("/spec/versions").and_then(Value::as_array_mut).into_iter().flatten() {
        version["schema"] = "[left out]".into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(kind: (&str, &str), object: Value) -> Value {
        let (group, kind) = kind;
        let gvk = kube::core::GroupVersionKind::gvk(group, "v1", kind);
        let object: DynamicObject = serde_json::from_value(object).expect("an object");
        let text = yaml(&ApiResource::from_gvk(&gvk), &object);
        serde_yaml::from_str(text.strip_prefix("---\n").expect("a document")).expect("YAML")
    }

    #[test]
    fn a_secret_keeps_its_keys_alone() {
        let secret = json!({"metadata": {"name": "s", "managedFields": [{}]}, "data": {"password": "Z2VoZWlt"}});
        let wanted = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "data": {"password": "[removed: 6 bytes]"}});
        assert_eq!(told(("", "Secret"), secret), wanted);
    }

    #[test]
    fn a_variable_loses_its_value_also_in_what_was_applied() {
        let env = json!([{"name": "DB_PASSWORD", "value": "geheim"}]);
        let object = json!({"metadata": {"name": "d", "annotations": {LAST_APPLIED: env.to_string(), "a": "b"}},
            "spec": {"template": {"spec": {"containers": [{"env": env}]}}}});
        let told = told(("apps", "Deployment"), object);
        assert_eq!(told["metadata"]["annotations"], json!({"a": "b"}));
        assert!(!told.to_string().contains("geheim") && told.to_string().contains("DB_PASSWORD"), "{told}");
    }

    #[test]
    fn a_definition_keeps_all_but_its_schema() {
        let definition = json!({"metadata": {"name": "d"}, "spec": {"versions": [{"name": "v1", "schema": {"a": 1}}]}});
        let told = told(("apiextensions.k8s.io", "CustomResourceDefinition"), definition);
        assert_eq!(told["spec"]["versions"][0], json!({"name": "v1", "schema": "[left out]"}));
    }
}
