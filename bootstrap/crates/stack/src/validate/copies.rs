//! Copies of Secrets: of a namespace where something is that the component depends on, and not of its own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::draft::ComponentDraft;
use crate::model::{ComponentFile, GeneratedSecret, SecretSource};
use crate::problem::Problems;
use crate::yaml::child;
use backstack_common::words::{is_label, is_subdomain};

pub(super) fn check(components: &[ComponentDraft], problems: &mut Problems) {
    for draft in components {
        let read = &draft.component;
        let Some(file) = &read.file else { continue };
        for (name, secret) in &file.secrets {
            let GeneratedSecret::Copy(source) = secret else { continue };
            let pointer = child(&child("/secrets", name), "copy");
            let faults = [("namespace", namespace_fault(components, file, source)), ("name", name_fault(source))];
            for (key, fault) in faults {
                if let Some(fault) = fault {
                    problems.error(&read.name, read.line(&child(&pointer, key)), fault);
                }
            }
        }
    }
}

fn name_fault(source: &SecretSource) -> Option<String> {
    (!is_subdomain(&source.name)).then(|| format!("`{}` cannot be the name of a Secret", source.name))
}

fn namespace_fault(components: &[ComponentDraft], file: &ComponentFile, source: &SecretSource) -> Option<String> {
    let namespace = source.namespace.as_str();
    if !is_label(namespace) {
        return Some(format!("namespace `{namespace}` must be lower-case letters, digits and dashes"));
    }
    if namespace == file.namespace {
        return Some("the component is in this namespace itself: use that Secret as it is".into());
    }
    let (needed, all_known) = dependencies(components, &file.name);
    // A component that could not be read, or that runs already and is not read here, may be the one.
    if !all_known || needed.iter().any(|draft| draft.component.file.is_none() || has_namespace(draft, namespace)) {
        return None;
    }
    let there = components.iter().find(|draft| draft.name != file.name && has_namespace(draft, namespace));
    Some(match there {
        Some(there) => format!("namespace `{namespace}` is component `{0}`'s; add `{0}` to `depends_on`", there.name),
        None => format!("no component that this one depends on is in namespace `{namespace}`"),
    })
}

/// Whether a component is in a namespace, or makes it.
fn has_namespace(draft: &ComponentDraft, namespace: &str) -> bool {
    let text = |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_string);
    draft.component.file.as_ref().is_some_and(|file| file.namespace == namespace)
        || draft.manifests.iter().any(|manifest| {
            text(&manifest.object, "/kind").as_deref() == Some("Namespace")
                && text(&manifest.object, "/metadata/name").as_deref() == Some(namespace)
        })
}

/// All that a component depends on, directly or not, and whether all of it is among these components.
fn dependencies<'a>(components: &'a [ComponentDraft], name: &str) -> (Vec<&'a ComponentDraft>, bool) {
    let (mut found, mut seen, mut open) = (Vec::new(), BTreeSet::new(), vec![name.to_string()]);
    let mut all_known = true;
    while let Some(next) = open.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let Some(draft) = components.iter().find(|draft| draft.name == next) else {
            all_known = false;
            continue;
        };
        open.extend(draft.component.file.iter().flat_map(|file| file.depends_on.clone()));
        if draft.name != name {
            found.push(draft);
        }
    }
    (found, all_known)
}
