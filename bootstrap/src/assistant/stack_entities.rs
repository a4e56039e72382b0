//! Catalog entities of a stack: the platform itself, told without any cluster.

use std::sync::Arc;

use backstack_mcp::catalog::Entity;
use backstack_mcp::live::entities::{FILES, in_file};
use backstack_mcp::ports::{EntitySource, Snapshot};
use serde_json::{Value, json};

use crate::stack::{Component, Stack};

/// Who owns the platform's own parts.
const OWNER: &str = "group:default/platform-engineers";

/// Entities of one stack.
pub(super) struct StackEntities {
    name: String,
    snapshot: Snapshot,
}

impl StackEntities {
    /// A system for the stack, a component for each of its components, the groups and people that it brings, and the group
    /// that owns it all.
    pub(super) fn of(stack: &Stack) -> Self {
        let origin = format!("stack {}", stack.name);
        let mut descriptors = written(stack);
        if !descriptors.iter().any(is_owner) {
            descriptors.push(group());
        }
        descriptors.push(system(stack));
        descriptors.extend(stack.components.iter().map(|component| of_component(component, &stack.name)));
        let entities: Vec<_> =
            descriptors.iter().filter_map(|descriptor| Entity::new(descriptor, &origin)).map(Arc::new).collect();
        Self { name: origin, snapshot: Snapshot { revision: 1, entities: entities.into(), ..Snapshot::default() } }
    }
}

impl EntitySource for StackEntities {
    fn name(&self) -> &str {
        &self.name
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }
}

/// Entities that components bring in files of their configuration, as they are read in the cluster too.
fn written(stack: &Stack) -> Vec<Value> {
    let maps = stack.components.iter().flat_map(|component| component.config_maps.values());
    let files = maps.flat_map(|map| FILES.iter().filter_map(|file| map.get(*file)));
    files.filter_map(|file| std::str::from_utf8(file).ok()).flat_map(in_file).collect()
}

fn is_owner(entity: &Value) -> bool {
    entity["kind"] == "Group"
        && OWNER.ends_with(&format!("/{}", entity["metadata"]["name"].as_str().unwrap_or_default()))
}

fn group() -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Group",
        "metadata": {"name": "platform-engineers", "title": "Platform engineers",
            "description": "Run the platform and own its parts."},
        "spec": {"type": "team", "children": []},
    })
}

fn system(stack: &Stack) -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "System",
        "metadata": {"name": stack.name, "description": stack.description,
            "annotations": {"backstack.dev/version": stack.version}},
        "spec": {"owner": OWNER},
    })
}

fn of_component(component: &Component, stack: &str) -> Value {
    let file = &component.file;
    let mut annotations = json!({"backstack.dev/version": file.version, "backstack.dev/namespace": file.namespace});
    let routes: Vec<_> = file.routes.iter().map(|route| route.path.as_str()).collect();
    if !routes.is_empty() {
        annotations["backstack.dev/routes"] = routes.join(" ").into();
    }
    let depends_on: Vec<_> = file.depends_on.iter().map(|name| format!("component:default/{name}")).collect();
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": file.name, "title": file.title.as_ref().unwrap_or(&file.name),
            "description": file.description, "tags": ["platform"], "annotations": annotations},
        "spec": {"type": "platform", "lifecycle": "production", "owner": OWNER, "system": stack, "dependsOn": depends_on},
    })
}

#[cfg(test)]
mod tests {
    use backstack_mcp::catalog::descriptor::problems;

    use super::*;
    use crate::stack::StackSource;

    #[test]
    fn every_built_in_stack_gives_valid_entities() {
        for name in Stack::builtin_names() {
            let stack = Stack::load(StackSource::Builtin(name.clone())).expect("built in");
            let entities = StackEntities::of(&stack).snapshot().entities;
            let owners = entities.iter().filter(|entity| entity.reference.to_string() == OWNER).count();
            assert_eq!((owners, entities.len() >= stack.components.len() + 2), (1, true), "{name}");
            for entity in entities.iter() {
                assert_eq!(problems(&entity.descriptor()), vec![], "{}", entity.reference);
            }
        }
    }
}
