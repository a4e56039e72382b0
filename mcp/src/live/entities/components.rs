//! What runs as components of the catalog, and each namespace with some of them as a system.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{API, OWNER, PREFIX, api_name, group_reference};
use crate::live::diagnose::referred;
use crate::live::object::{COMPONENT, Ref, annotation, label, list, name, namespace, text};
use crate::live::snapshot::{CompositeKind, Snapshot};

const WORKLOADS: [(&str, &str); 4] =
    [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "CronJob")];
/// Label of a namespace or an object: whose it is.
const OWNER_LABEL: &str = "backstack.dev/owner";
/// Label of a namespace: what it is for.
const ENVIRONMENT: &str = "backstack.dev/environment";
/// Where kind's nodes have what makes volumes: a part of the cluster, as those in `kube-system`.
const STORAGE: &str = "local-path-storage";
/// Annotation of an object: more links, as a list in JSON.
const LINKS: &str = "links";

/// The components: what people ordered, and workloads of their own. The platform's parts are told by its stack.
pub(super) fn components(snapshot: &Snapshot, kinds: &[CompositeKind<'_>]) -> Vec<Value> {
    let workloads = WORKLOADS.iter().flat_map(|(group, kind)| snapshot.all(group, kind));
    let own = workloads.filter(|object| stands_alone(object)).map(|object| component(snapshot, object));
    let composites =
        kinds.iter().flat_map(|kind| snapshot.all(kind.group, kind.kind).map(move |object| (kind, object)));
    own.chain(composites.map(|(kind, object)| composite(snapshot, kind, object))).collect()
}

/// Each namespace with a component in it is a system.
pub(super) fn systems(snapshot: &Snapshot, components: &[Value]) -> Vec<Value> {
    let names: BTreeSet<_> =
        components.iter().filter_map(|component| text(component, "/spec/system").rsplit('/').next()).collect();
    let system = |name: &str| {
        let owner = place(snapshot, name).and_then(owner_said).map_or_else(|| OWNER.to_string(), group_reference);
        json!({
            "apiVersion": API, "kind": "System",
            "metadata": {"name": name, "title": name, "description": format!("What runs in the namespace {name}.")},
            "spec": {"owner": owner, "type": "namespace"},
        })
    };
    names.into_iter().filter(|name| !name.is_empty()).map(system).collect()
}

/// The owner that an object names itself: a reference, or the bare name of a group.
pub fn owner_said(object: &Value) -> Option<&str> {
    annotation(object, &format!("{PREFIX}/owner")).or_else(|| label(object, OWNER_LABEL))
}

/// The namespace that an object is in.
pub fn place<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Value> {
    snapshot.get(&Ref::new("", "Namespace", "", name))
}

/// Workloads of people that are not part of something bigger.
fn stands_alone(object: &Value) -> bool {
    list(object, "/metadata/ownerReferences").is_empty()
        && !namespace(object).starts_with("kube-")
        && namespace(object) != STORAGE
        && label(object, COMPONENT).is_none()
}

fn component(snapshot: &Snapshot, object: &Value) -> Value {
    let said = |key: &str| annotation(object, &format!("{PREFIX}/{key}"));
    let around = place(snapshot, namespace(object));
    let owner = owner_said(object).or_else(|| around.and_then(owner_said));
    let lifecycle = said("lifecycle").or_else(|| around.and_then(|around| label(around, ENVIRONMENT)));
    // What people order is of the type that they ordered, unless its manifest says another.
    let kind = said("component-type").map_or_else(|| text(object, "/kind").to_lowercase(), Into::into);
    let mut spec = json!({
        "type": kind, "lifecycle": lifecycle.unwrap_or("production"),
        "owner": owner.map_or_else(|| OWNER.to_string(), group_reference),
    });
    if !namespace(object).is_empty() {
        spec["system"] = json!(format!("system:default/{}", namespace(object)));
    }
    json!({"apiVersion": API, "kind": "Component", "metadata": metadata(object), "spec": spec})
}

fn metadata(object: &Value) -> Value {
    let said = |key: &str| annotation(object, &format!("{PREFIX}/{key}"));
    let place = Some(namespace(object)).filter(|place| !place.is_empty());
    let kind = text(object, "/kind");
    let usual = place.map_or_else(|| format!("{kind}."), |place| format!("{kind} in the namespace {place}."));
    let links = said(LINKS).and_then(|links| serde_json::from_str::<Value>(links).ok()).filter(Value::is_array);
    json!({
        "name": name(object), "namespace": place.unwrap_or("default"),
        "title": said("title").unwrap_or_else(|| name(object)),
        "description": said("description").map_or(usual, Into::into),
        "links": links.unwrap_or_else(|| json!([])),
        "annotations": {"backstage.io/kubernetes-id": label(object, "backstage.io/kubernetes-id").unwrap_or_else(|| name(object))},
    })
}

fn composite(snapshot: &Snapshot, kind: &CompositeKind<'_>, object: &Value) -> Value {
    let mut entity = component(snapshot, object);
    // An object is there in every version that is served; the one that counts is that which compositions are written for.
    entity["spec"]["consumesApis"] = json!([format!("api:default/{}", api_name(kind, kind.version()))]);
    // Composed objects are no entities of their own: they are told, not referred to.
    let composed: Vec<_> = referred(object).iter().map(Ref::to_string).collect();
    entity["spec"]["composes"] = json!(composed);
    let maker = text(object, "/spec/crossplane/compositionRef/name");
    if annotation(object, &format!("{PREFIX}/description")).is_none() && !maker.is_empty() {
        let usual = text(&entity, "/metadata/description").trim_end_matches('.').to_string();
        entity["metadata"]["description"] = json!(format!("{usual}, made by Crossplane with {maker}."));
    }
    entity
}
