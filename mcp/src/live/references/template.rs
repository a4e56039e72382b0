//! The pod that a workload makes, and the objects that it names.

use serde_json::Value;

use crate::live::object::{Ref, list, namespace, text};

/// The specification of the pods of an object.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// The pod's `spec`.
    pub spec: &'a Value,
    /// Labels that its pods get; `None` if it sets none.
    pub labels: Option<&'a Value>,
    /// Where the specification stands in the object, as `spec.template.spec`.
    pub path: &'static str,
}

impl<'a> Template<'a> {
    /// Of a workload, or of a pod itself.
    pub fn of(object: &'a Value) -> Option<Self> {
        let (meta, path) = match text(object, "/kind") {
            "Pod" => ("/metadata", "spec"),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
                ("/spec/template/metadata", "spec.template.spec")
            }
            "CronJob" => ("/spec/jobTemplate/spec/template/metadata", "spec.jobTemplate.spec.template.spec"),
            _ => return None,
        };
        let spec = object.pointer(&format!("/{}", path.replace('.', "/")))?;
        Some(Self { spec, labels: object.pointer(&format!("{meta}/labels")), path })
    }

    /// Its containers, with the field of each: `spec.template.spec.containers[0]`.
    pub fn containers(&self) -> impl Iterator<Item = (String, &'a Value)> + use<'a> {
        let path = self.path;
        let of = |list_name: &'static str, spec: &'a Value| {
            let all = list(spec, &format!("/{list_name}")).iter().enumerate();
            all.map(move |(index, container)| (format!("{path}.{list_name}[{index}]"), container))
        };
        of("initContainers", self.spec).chain(of("containers", self.spec))
    }

    /// One container by its name.
    pub fn container(&self, name: &str) -> Option<(String, &'a Value)> {
        self.containers().find(|(_, container)| text(container, "/name") == name)
    }

    /// Ports that its containers declare: number, name, protocol.
    pub fn ports(&self) -> Vec<(i64, &'a str, &'a str)> {
        // Of the init containers only those that stay matter, and they are called by what they declare.
        let all = self.containers().flat_map(|(_, container)| list(container, "/ports"));
        all.map(|port| {
            let protocol = text(port, "/protocol");
            let number = port.get("containerPort").and_then(Value::as_i64).unwrap_or_default();
            (number, text(port, "/name"), if protocol.is_empty() { "TCP" } else { protocol })
        })
        .collect()
    }
}

/// Another object that a template names.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The object that is named, which need not be there.
    pub at: Ref,
    /// The key in it that is meant.
    pub key: Option<String>,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// Whether a running program keeps what it was given at its start: variables, and single files.
    pub at_start: bool,
    /// Where the object's name stands.
    pub field: String,
    /// Where the key stands.
    pub key_field: String,
}

/// All that an object's template names: ConfigMaps, Secrets, claims, its account, its priority class.
pub fn uses(object: &Value) -> Vec<Use> {
    let Some(template) = Template::of(object) else { return Vec::new() };
    let place = namespace(object);
    let mut found = Vec::new();
    for (path, container) in template.containers() {
        of_environment(place, &path, container, &mut found);
    }
    for (index, volume) in list(template.spec, "/volumes").iter().enumerate() {
        of_volume(place, &format!("{}.volumes[{index}]", template.path), volume, template, &mut found);
    }
    let named = |group: &str, kind: &str, place: &str, field: &str| {
        let name = text(template.spec, &format!("/{field}"));
        let used = Use::whole(Ref::new(group, kind, place, name), format!("{}.{field}", template.path));
        (!name.is_empty()).then_some(used)
    };
    found.extend(named("", "ServiceAccount", place, "serviceAccountName"));
    found.extend(named("scheduling.k8s.io", "PriorityClass", "", "priorityClassName"));
    found.extend(named("node.k8s.io", "RuntimeClass", "", "runtimeClassName"));
    for (index, secret) in list(template.spec, "/imagePullSecrets").iter().enumerate() {
        let field = format!("{}.imagePullSecrets[{index}].name", template.path);
        // Without it public images are pulled all the same.
        found.push(Use { optional: true, ..Use::whole(Ref::new("", "Secret", place, text(secret, "/name")), field) });
    }
    found
}

impl Use {
    fn whole(at: Ref, field: String) -> Self {
        Self { at, key: None, optional: false, at_start: false, field, key_field: String::new() }
    }
}

fn is_optional(reference: &Value) -> bool {
    reference.get("optional").and_then(Value::as_bool).unwrap_or(false)
}

fn of_environment(place: &str, path: &str, container: &Value, found: &mut Vec<Use>) {
    let kinds = [("configMap", "ConfigMap"), ("secret", "Secret")];
    for (index, variable) in list(container, "/env").iter().enumerate() {
        for (word, kind) in kinds {
            let Some(reference) = variable.pointer(&format!("/valueFrom/{word}KeyRef")) else { continue };
            let field = format!("{path}.env[{index}].valueFrom.{word}KeyRef");
            found.push(Use {
                at: Ref::new("", kind, place, text(reference, "/name")),
                key: Some(text(reference, "/key").into()),
                optional: is_optional(reference),
                at_start: true,
                field: format!("{field}.name"),
                key_field: format!("{field}.key"),
            });
        }
    }
    for (index, source) in list(container, "/envFrom").iter().enumerate() {
        for (word, kind) in kinds {
            let Some(reference) = source.get(format!("{word}Ref")) else { continue };
            let at = Ref::new("", kind, place, text(reference, "/name"));
            let used = Use::whole(at, format!("{path}.envFrom[{index}].{word}Ref.name"));
            found.push(Use { optional: is_optional(reference), at_start: true, ..used });
        }
    }
}

fn of_volume(place: &str, path: &str, volume: &Value, template: Template<'_>, found: &mut Vec<Use>) {
    // A file that is mounted by itself (`subPath`) never changes under a running program.
    let name = text(volume, "/name");
    let mounts = template.containers().flat_map(|(_, container)| list(container, "/volumeMounts"));
    let at_start = mounts
        .filter(|mount| text(mount, "/name") == name)
        .any(|mount| !text(mount, "/subPath").is_empty() || !text(mount, "/subPathExpr").is_empty());
    let mut source = |value: &Value, path: &str| {
        for (word, kind, field) in [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")] {
            let Some(reference) = value.get(word) else { continue };
            let field = if text(reference, &format!("/{field}")).is_empty() { "name" } else { field };
            let at = Ref::new("", kind, place, text(reference, &format!("/{field}")));
            let optional = is_optional(reference);
            let whole = Use { optional, at_start, ..Use::whole(at, format!("{path}.{word}.{field}")) };
            let items = list(reference, "/items").iter().enumerate();
            let keys: Vec<_> = items
                .map(|(index, item)| Use {
                    key: Some(text(item, "/key").into()),
                    key_field: format!("{path}.{word}.items[{index}].key"),
                    ..whole.clone()
                })
                .collect();
            found.extend(if keys.is_empty() { vec![whole] } else { keys });
        }
    };
    source(volume, path);
    for (index, projected) in list(volume, "/projected/sources").iter().enumerate() {
        source(projected, &format!("{path}.projected.sources[{index}]"));
    }
    let claim = text(volume, "/persistentVolumeClaim/claimName");
    if !claim.is_empty() {
        let at = Ref::new("", "PersistentVolumeClaim", place, claim);
        found.push(Use::whole(at, format!("{path}.persistentVolumeClaim.claimName")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_a_template_names_is_found_with_its_field() {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "a", "name": "x"}, "spec": {"template": {"spec": {
            "serviceAccountName": "runner",
            "volumes": [{"name": "v", "configMap": {"name": "files", "items": [{"key": "a.conf", "path": "a"}]}},
                {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "p", "projected": {"sources": [{"secret": {"name": "tls"}}]}}],
            "initContainers": [{"name": "wait", "envFrom": [{"secretRef": {"name": "boot", "optional": true}}]}],
            "containers": [{"name": "app", "volumeMounts": [{"name": "v", "subPath": "a"}],
                "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}}]}]}}}});
        let found: Vec<_> =
            uses(&object).iter().map(|used| format!("{} {} {}", used.at, used.field, used.at_start)).collect();
        assert_eq!(
            found,
            [
                "Secret a/boot spec.template.spec.initContainers[0].envFrom[0].secretRef.name true",
                "ConfigMap a/settings spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.name true",
                "ConfigMap a/files spec.template.spec.volumes[0].configMap.name true",
                "PersistentVolumeClaim a/data spec.template.spec.volumes[1].persistentVolumeClaim.claimName false",
                "Secret a/tls spec.template.spec.volumes[2].projected.sources[0].secret.name false",
                "ServiceAccount a/runner spec.template.spec.serviceAccountName false",
            ]
        );
    }
}
