//! What of a component has to run before it counts as ready.

use backstack_health::Ref;
use serde_json::Value;

use super::Unit;
use super::apply::Applied;
use super::inventory::Entry;
use super::kinds::Kinds;
use super::object::VersionedRef;
use super::view::Tracked;
use backstack_stack::model::ReadyCondition;

/// All that is waited for, of one component.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// Name of the component.
    pub component: String,
    /// Its Deployments, StatefulSets, DaemonSets and Jobs.
    pub workloads: Vec<Rollout>,
    /// Names of APIServices.
    pub api_services: Vec<String>,
    /// Further objects, and what must be so of each.
    pub conditions: Vec<(VersionedRef, Wanted)>,
    /// Services that answer its admission webhooks: without them what is applied is refused.
    pub webhooks: Vec<Webhook>,
}

/// What must be so of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// This condition is `True`.
    Condition(String),
    /// The field at this path, with dots, has this value.
    Field(String, Value),
    /// It is enough that it is there.
    Exists,
}

impl Wanted {
    fn of(condition: &ReadyCondition) -> Self {
        match (&condition.condition, &condition.field) {
            (Some(kind), _) => Self::Condition(kind.clone()),
            (None, Some(field)) => Self::Field(field.clone(), condition.value.clone().unwrap_or_default()),
            (None, None) => Self::Exists,
        }
    }
}

/// A workload, and the generation that must be running: an older picture of it proves nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// Which workload it is.
    pub at: Ref,
    /// What `metadata.generation` is at least; 0 if any will do.
    pub generation: i64,
}

/// An admission webhook and the Service that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Name of the ValidatingWebhookConfiguration or MutatingWebhookConfiguration.
    pub configuration: String,
    /// Namespace of the Service.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
}

impl Scope {
    /// The scope of a unit that was just applied.
    pub fn of_unit(unit: &Unit, applied: &[Applied]) -> Self {
        let mut scope = Self::of_conditions(&unit.name, &unit.namespace, &unit.readiness.conditions);
        for applied in applied {
            scope.add(&applied.object, applied.generation.unwrap_or_default());
        }
        scope.webhooks = unit.objects.iter().flat_map(webhooks).collect();
        scope.webhooks.dedup();
        scope
    }

    /// The scope of a unit of which nobody knows how much was applied.
    pub fn of_manifests(unit: &Unit) -> Self {
        let mut scope = Self::of_unit(unit, &[]);
        for object in unit.objects.iter().filter_map(|object| VersionedRef::of(object).ok()) {
            scope.add(&object.or_within(&unit.namespace), 0);
        }
        scope
    }

    /// The scope of what the inventory lists.
    pub fn of_entry(entry: &Entry) -> Self {
        let mut scope = Self::of_conditions(&entry.component, &entry.namespace, &entry.conditions);
        for object in &entry.objects {
            scope.add(object, 0);
        }
        scope
    }

    fn of_conditions(component: &str, namespace: &str, conditions: &[ReadyCondition]) -> Self {
        let conditions = conditions.iter().map(|condition| {
            let namespace = condition.namespace.as_deref().unwrap_or(namespace);
            let object = VersionedRef::new(&condition.api_version, &condition.kind, Some(namespace), &condition.name);
            (object, Wanted::of(condition))
        });
        Self { component: component.into(), conditions: conditions.collect(), ..Self::default() }
    }

    /// The same without namespaces for objects whose kind has none, as far as kinds are known.
    pub async fn normalized(&self, kinds: &Kinds) -> Self {
        let mut scope = self.clone();
        for (object, _) in &mut scope.conditions {
            *object = kinds.normalized(object).await;
        }
        scope
    }

    fn add(&mut self, object: &VersionedRef, generation: i64) {
        match (object.group.as_str(), object.kind.as_str()) {
            ("apps" | "batch", kind) if Tracked::workload(kind).is_some() => {
                self.workloads.push(Rollout { at: object.object.clone(), generation });
            }
            ("apiregistration.k8s.io", "APIService") => self.api_services.push(object.name.clone()),
            _ => {}
        }
    }
}

fn webhooks(manifest: &Value) -> Vec<Webhook> {
    let is_configuration = manifest["kind"].as_str().is_some_and(|kind| kind.ends_with("WebhookConfiguration"));
    let hooks = manifest["webhooks"].as_array().filter(|_| is_configuration);
    let service = |hook: &Value| {
        let service = &hook["clientConfig"]["service"];
        Some(Webhook {
            configuration: manifest["metadata"]["name"].as_str()?.into(),
            namespace: service["namespace"].as_str()?.into(),
            service: service["name"].as_str()?.into(),
        })
    };
    hooks.into_iter().flatten().filter_map(service).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn webhooks_are_waited_for_once_per_service_and_only_if_a_service_answers_them() {
        let service = json!({"service": {"namespace": "a", "name": "hook"}});
        let manifest = json!({
            "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "checks"},
            "webhooks": [{"clientConfig": service}, {"clientConfig": {"url": "https://elsewhere"}}],
        });
        let expected = Webhook { configuration: "checks".into(), namespace: "a".into(), service: "hook".into() };
        assert_eq!(webhooks(&manifest), [expected]);
        assert!(webhooks(&json!({"kind": "ConfigMap", "webhooks": [{"clientConfig": service}]})).is_empty());
    }

    #[test]
    fn an_entry_without_a_namespace_of_its_own_means_the_components() {
        let condition = ReadyCondition {
            api_version: "example.dev/v1".into(),
            kind: "Thing".into(),
            name: "x".into(),
            namespace: None,
            condition: Some("Ready".into()),
            field: None,
            value: None,
            exists: false,
        };
        let scope = Scope::of_conditions("shop", "stores", &[condition]);
        assert_eq!(scope.conditions[0].0.to_string(), "Thing stores/x");
    }
}
