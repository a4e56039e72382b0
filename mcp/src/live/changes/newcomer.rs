//! Namespaces that are not there yet. An order may make its own, by rules that Argo CD's project tells; what goes there
//! cannot be tried there, so it is tried in a namespace of the same labels, under a name that nothing has.

use serde_json::Value;

use super::dry_run::DryRun;
use super::project::{self, NEW_NAMESPACES};
use crate::live::object::{Ref, annotation, label, name, text};
use crate::live::snapshot::Snapshot;

/// Makes a name that nothing has.
const UNUSED: &str = "-new0";

/// Who brings an object that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bringer {
    /// A file in Git: only what may be ordered makes its namespace.
    Order,
    /// A composition, whose order has made the namespace before.
    Composition,
}

/// How an object is tried whose namespace is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The namespace that it is tried in.
    place: String,
    namespace: String,
    name: String,
}

impl StandIn {
    /// Nothing for an object that can be tried where it will be, or that will be nowhere.
    pub fn of(snapshot: &Snapshot, object: &Value, bringer: Bringer) -> Option<Self> {
        let at = Ref::of(object);
        let is_there = |namespace: &Value| name(namespace) == at.namespace;
        if at.namespace.is_empty() || snapshot.all("", "Namespace").any(is_there) {
            return None;
        }
        let mut projects = snapshot.all("argoproj.io", "AppProject");
        let project = projects.find(|project| {
            annotation(project, NEW_NAMESPACES).is_some()
                && project::is_destination(project, project::HERE, &at.namespace)
                && (bringer == Bringer::Composition || project::takes(project, &at))
        })?;
        let told: Value = serde_json::from_str(annotation(project, NEW_NAMESPACES)?).ok()?;
        let labels = told.get("labels")?.as_object()?;
        let is_alike = |namespace: &&Value| {
            text(namespace, "/metadata/deletionTimestamp").is_empty()
                && labels.iter().all(|(key, value)| label(namespace, key) == value.as_str())
        };
        let place = name(snapshot.all("", "Namespace").find(is_alike)?).to_string();
        Some(Self { place, namespace: at.namespace, name: at.name })
    }

    /// The object as it is tried.
    pub fn moved(&self, object: &Value) -> Value {
        let mut moved = object.clone();
        moved["metadata"]["namespace"] = self.place.clone().into();
        if !self.name.is_empty() {
            moved["metadata"]["name"] = format!("{}{UNUSED}", self.name).into();
        }
        moved
    }

    /// What was said, of the object as it will be.
    pub fn told(&self, run: DryRun) -> DryRun {
        let object = run.object.map(|mut object| {
            object["metadata"]["namespace"] = self.namespace.clone().into();
            if !self.name.is_empty() {
                object["metadata"]["name"] = self.name.clone().into();
            }
            object
        });
        DryRun {
            object,
            refused: run.refused.map(|why| self.reworded(&why)),
            warnings: run.warnings.iter().map(|warning| self.reworded(warning)).collect(),
        }
    }

    fn reworded(&self, said: &str) -> String {
        let said = said
            .replace(&format!("{}/{}{UNUSED}", self.place, self.name), &format!("{}/{}", self.namespace, self.name));
        let said = said.replace(&format!("{}{UNUSED}", self.name), &self.name);
        said.replace(&format!("namespace {}", self.place), &format!("namespace {}", self.namespace))
            .replace(&format!("namespace \"{}\"", self.place), &format!("namespace \"{}\"", self.namespace))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn namespace(name: &str, environment: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"backstack.dev/environment": environment}}})
    }

    fn snapshot() -> Snapshot {
        let project = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"namespace": "argocd", "name": "orders",
            "annotations": {NEW_NAMESPACES: r#"{"labels": {"backstack.dev/environment": "development"}, "rule": "Not kube-*."}"#}},
            "spec": {"destinations": [{"server": project::HERE, "namespace": "*"}, {"server": project::HERE, "namespace": "!kube-*"}],
                "namespaceResourceWhitelist": [{"group": "p.dev", "kind": "App"}]}});
        Snapshot::of("lab", [project, namespace("shop", "production"), namespace("demo", "development")])
    }

    fn object(api: &str, kind: &str, namespace: &str) -> Value {
        json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": namespace, "name": "web"}})
    }

    #[test]
    fn an_order_for_a_new_namespace_is_tried_in_one_of_the_same_labels() {
        let snapshot = snapshot();
        let order = object("p.dev/v1", "App", "lab");
        let stand_in = StandIn::of(&snapshot, &order, Bringer::Order).expect("one for lab");
        let moved = stand_in.moved(&order);
        assert_eq!(moved["metadata"], json!({"namespace": "demo", "name": "web-new0"}));
        let run = DryRun {
            object: Some(moved),
            refused: Some("App demo/web-new0 in namespace demo: web-new0 has the hostname of demo/other".into()),
            warnings: Vec::new(),
        };
        let told = stand_in.told(run);
        assert_eq!(told.object, Some(order));
        assert_eq!(told.refused.as_deref(), Some("App lab/web in namespace lab: web has the hostname of demo/other"));
    }

    #[test]
    fn what_makes_no_namespace_is_tried_where_it_is() {
        let snapshot = snapshot();
        let stand_in = |object: &Value, bringer| StandIn::of(&snapshot, object, bringer).is_some();
        assert!(!stand_in(&object("p.dev/v1", "App", "demo"), Bringer::Order), "it is there");
        assert!(!stand_in(&object("p.dev/v1", "App", "kube-new"), Bringer::Order), "no order may make it");
        assert!(!stand_in(&object("apps/v1", "Deployment", "lab"), Bringer::Order), "no order");
        assert!(stand_in(&object("apps/v1", "Deployment", "lab"), Bringer::Composition));
        assert!(!stand_in(&object("p.dev/v1", "App", ""), Bringer::Order));
    }
}
