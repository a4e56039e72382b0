//! In whose name a change of an object is tried: as whoever applies it.
//!
//! What an apply leaves out goes only if the same field manager had put it there. Tried in another name, a port that is
//! renumbered would stand beside its old self, and be refused for that.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

/// The field manager that applies an object: of several the one with the most fields.
pub(super) fn of(managers: &[ManagedFieldsEntry]) -> Option<&str> {
    let applied = managers.iter().filter(|entry| {
        entry.operation.as_deref() == Some("Apply") && entry.subresource.as_deref().unwrap_or_default().is_empty()
    });
    let most = applied.max_by_key(|entry| entry.fields_v1.as_ref().map_or(0, |fields| fields.0.to_string().len()));
    most.and_then(|entry| entry.manager.as_deref())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1;
    use serde_json::{Value, json};

    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> ManagedFieldsEntry {
        ManagedFieldsEntry {
            manager: Some(manager.into()),
            operation: Some(operation.into()),
            fields_v1: Some(FieldsV1(fields)),
            ..ManagedFieldsEntry::default()
        }
    }

    #[test]
    fn whoever_applies_most_of_an_object_is_its_applier() {
        let status = entry("kubelet", "Apply", json!({"f:status": {"f:a": {}, "f:b": {}, "f:c": {}, "f:d": {}}}));
        let managers = [
            entry("somebody", "Apply", json!({"f:metadata": {}})),
            entry("composer", "Apply", json!({"f:spec": {"f:replicas": {}, "f:template": {}}})),
            entry("kubectl-edit", "Update", json!({"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {}}}})),
            ManagedFieldsEntry { subresource: Some("status".into()), ..status },
        ];
        assert_eq!(of(&managers), Some("composer"));
        assert_eq!(of(&managers[2..]), None);
        assert_eq!(of(&[]), None);
    }
}
