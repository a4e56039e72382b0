//! Rules for manifests: that they are objects, and that what they refer to exists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::limits;
use crate::draft::ComponentDraft;
use crate::left_out::{self, NEEDS_IMAGE};
use crate::model::ComponentFile;
use crate::problem::Problems;
use crate::reference::{Piece, Reference, pieces, unknown};
use crate::types::Manifest;
use crate::yaml::child;
use backstack_common::words::{did_you_mean, it_has};

/// Kinds of Kubernetes itself that belong to no namespace, for telling duplicates.
const CLUSTER_WIDE: &[&str] = &[
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Kinds of Kubernetes itself whose containers run: their images must be declared.
const WORKLOADS: &[(&str, &[&str])] = &[
    ("v1", &["Pod", "PodTemplate", "ReplicationController"]),
    ("apps/v1", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch/v1", &["CronJob", "Job"]),
];

pub(super) fn check(draft: &ComponentDraft, problems: &mut Problems) {
    let mut used = BTreeSet::new();
    for manifest in &draft.manifests {
        let name = format!("{}{}", draft.prefix, manifest.path);
        identity(manifest, &name, problems);
        limits::check(manifest, &name, problems);
        let mut checker =
            Checker { file: draft.component.file.as_ref(), manifest, name: &name, problems, used: &mut used };
        checker.needed_images();
        checker.value(&manifest.object, "");
        if is_workload(&manifest.object) {
            checker.containers(&manifest.object, "");
        }
    }
    used.extend(tools(draft));
    unused(draft, &used, problems);
}

fn identity(manifest: &Manifest, name: &str, problems: &mut Problems) {
    let object = &manifest.object;
    if !object.is_object() {
        problems.error(name, manifest.line, "a manifest must be a map with `apiVersion`, `kind` and `metadata`");
        return;
    }
    for key in ["apiVersion", "kind"] {
        match object.get(key) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(Value::Number(_) | Value::Bool(_)) => {}
            Some(_) => problems.error(name, manifest.places.line(&child("", key)), format!("`{key}` must be text")),
            None => problems.error(name, manifest.line, format!("the manifest has no `{key}`")),
        }
    }
    if object.get("kind").and_then(Value::as_str) == Some("List") && object.get("items").is_some() {
        problems.error(
            name,
            manifest.line,
            "a `List` is not read; write its items as documents with `---` between them",
        );
        return;
    }
    // A number is told as what it is.
    let own_name = object.pointer("/metadata/name");
    if own_name.is_none_or(|name| name.is_null() || name.as_str().is_some_and(str::is_empty)) {
        let line = manifest.places.line("/metadata/name");
        let help = match object.pointer("/metadata/generateName") {
            Some(_) => " (`generateName` does not do: every `up` would make another one)",
            None => "",
        };
        problems.error(name, line, format!("the manifest has no `metadata.name`{help}"));
    }
}

fn is_workload(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    WORKLOADS.iter().any(|(version, kinds)| *version == text("apiVersion") && kinds.contains(&text("kind")))
}

struct Checker<'a> {
    /// None if `component.yaml` could not be read; then names cannot be judged.
    file: Option<&'a ComponentFile>,
    manifest: &'a Manifest,
    name: &'a str,
    problems: &'a mut Problems,
    used: &'a mut BTreeSet<String>,
}

impl Checker<'_> {
    fn value(&mut self, value: &Value, pointer: &str) {
        match value {
            Value::String(text) => self.text(text, pointer),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &child(pointer, index));
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    let pointer = child(pointer, key);
                    if pieces(key).iter().any(|piece| matches!(piece, Piece::Reference(..))) {
                        self.say(
                            self.manifest.places.line(&pointer),
                            format!("`{key}`: references are filled in in values, not in keys"),
                        );
                    }
                    self.value(item, &pointer);
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, line: usize, message: String) {
        self.problems.error(self.name, line, message);
    }

    fn text(&mut self, text: &str, pointer: &str) {
        for piece in pieces(text) {
            let (fault, at) = match piece {
                Piece::Text(_) => continue,
                Piece::Unclosed(at) => (Some("`${` is not closed; for a literal `${` write `$${`".to_string()), at),
                Piece::Reference(name, at) => (self.reference(name).err(), at),
            };
            if let Some(fault) = fault {
                self.say(self.manifest.places.line_in_text(pointer, text, at), fault);
            }
        }
    }

    fn reference(&mut self, text: &str) -> Result<(), String> {
        let reference = Reference::parse(text)?;
        let Some(file) = self.file else { return Ok(()) };
        match reference {
            Reference::Image(name, _) => {
                self.uses(name);
                known(&format!("images.{name}"), "images", name, &file.images)
            }
            Reference::Parameter(name) => known(text, "parameters", name, &file.parameters),
            Reference::Platform(_) | Reference::Namespace => Ok(()),
        }
    }

    /// Notes that the object uses an image. One that may be left out takes the object with it, so the object must say so.
    fn uses(&mut self, name: &str) {
        self.used.insert(name.to_string());
        let may_be_missing =
            self.file.and_then(|file| file.images.get(name)).is_some_and(|image| image.missing.is_some());
        if may_be_missing && !left_out::needed(&self.manifest.object).any(|needed| needed == name) {
            let message = format!(
                "uses image `{name}`, which no package can build (`missing`), without the annotation `{NEEDS_IMAGE}: {name}`"
            );
            self.say(self.manifest.line, message);
        }
    }

    /// Checks the annotation by which an object says what it needs.
    fn needed_images(&mut self) {
        let Some(annotation) = left_out::annotation(&self.manifest.object) else { return };
        let line = self.manifest.places.line(&child("/metadata/annotations", NEEDS_IMAGE));
        if annotation.as_str().is_none_or(|text| text.trim().is_empty()) {
            return self.say(line, format!("annotation `{NEEDS_IMAGE}` must name an image of component.yaml"));
        }
        let Some(file) = self.file else { return };
        let names: Vec<String> = left_out::needed(&self.manifest.object).map(str::to_string).collect();
        for name in names {
            self.used.insert(name.clone());
            match file.images.get(&name) {
                Some(_) => {}
                None => {
                    let known = || file.images.keys().map(String::as_str);
                    let guess = did_you_mean(&name, known());
                    let help = if guess.is_empty() { format!(" {}", it_has(known())) } else { guess };
                    self.say(
                        line,
                        format!("annotation `{NEEDS_IMAGE}` names image `{name}`, which is not declared{help}"),
                    );
                }
            }
        }
    }

    /// Finds every `image` of a container below a value.
    fn containers(&mut self, value: &Value, pointer: &str) {
        match value {
            Value::Object(map) => {
                for (key, item) in map {
                    let pointer = child(pointer, key);
                    if matches!(key.as_str(), "containers" | "initContainers" | "ephemeralContainers") {
                        for (index, container) in item.as_array().into_iter().flatten().enumerate() {
                            self.container(container, &child(&pointer, index));
                        }
                    } else {
                        self.containers(item, &pointer);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.containers(item, &child(pointer, index));
                }
            }
            _ => {}
        }
    }

    fn container(&mut self, container: &Value, pointer: &str) {
        let Some(file) = self.file else { return };
        let Some(image) = container.get("image").and_then(Value::as_str) else {
            self.say(self.manifest.places.line(pointer), "the container has no `image`".into());
            return;
        };
        if pieces(image).iter().any(|piece| !matches!(piece, Piece::Text(_))) {
            return;
        }
        match file.images.iter().find(|(_, declared)| declared.reference == image) {
            Some((name, _)) => self.uses(name),
            None => {
                let line = self.manifest.places.line(&child(pointer, "image"));
                let guess = did_you_mean(image, file.images.values().map(|image| image.reference.as_str()));
                let help = if guess.is_empty() {
                    "; declare it under `images` in component.yaml and write `${images.NAME}`"
                } else {
                    &guess
                };
                self.say(line, format!("image `{image}` is not declared{help}"));
            }
        }
    }
}

fn known<T>(text: &str, group: &str, name: &str, names: &BTreeMap<String, T>) -> Result<(), String> {
    if names.contains_key(name) { Ok(()) } else { Err(unknown(text, group, names.keys().map(String::as_str))) }
}

/// Images that have programs, which need not run by themselves.
fn tools(draft: &ComponentDraft) -> impl Iterator<Item = String> {
    let file = draft.component.file.as_ref();
    file.into_iter().flat_map(|file| &file.tools).map(|tool| tool.image.clone())
}

fn unused(draft: &ComponentDraft, used: &BTreeSet<String>, problems: &mut Problems) {
    let images = draft.component.file.iter().flat_map(|file| &file.images);
    for (name, _) in images.filter(|(name, image)| !used.contains(*name) && !is_in_a_file(draft, &image.reference)) {
        let line = draft.component.line(&child("/images", name));
        problems.warning(&draft.component.name, line, format!("image `{name}` is used by no manifest"));
    }
}

/// Whether a file that becomes part of a ConfigMap names the image: what is read from there may run it.
fn is_in_a_file(draft: &ComponentDraft, reference: &str) -> bool {
    draft
        .config_maps
        .values()
        .flat_map(BTreeMap::values)
        .any(|content| content.windows(reference.len()).any(|piece| piece == reference.as_bytes()))
}

/// The same object twice would be applied twice, and the second would win unnoticed.
pub(super) fn check_duplicates(components: &[ComponentDraft], problems: &mut Problems) {
    let mut seen: BTreeMap<[String; 4], String> = BTreeMap::new();
    for draft in components {
        let Some(file) = &draft.component.file else { continue };
        for (name, place) in file.secrets.keys().map(|name| (name, draft.component.line(&child("/secrets", name)))) {
            let key = [String::new(), "Secret".into(), file.namespace.clone(), name.clone()];
            seen.insert(key, format!("{}:{place}", draft.component.name));
        }
        let made = file
            .config_maps
            .iter()
            .flat_map(|(name, source)| source.names(name).into_iter().map(move |made| (name, made)));
        for (declared, name) in made {
            let line = draft.component.line(&child("/config_maps", declared));
            let place = format!("{}:{line}", draft.component.name);
            let key = [String::new(), "ConfigMap".into(), file.namespace.clone(), name.clone()];
            if let Some(first) = seen.insert(key, place.clone()) {
                let message = format!("ConfigMap `{name}` is there already, in {first}");
                problems.error(&draft.component.name, line, message);
            }
        }
        for manifest in &draft.manifests {
            let Some(key) = identity_of(&manifest.object, &file.namespace) else { continue };
            let name = format!("{}{}", draft.prefix, manifest.path);
            let place = format!("{name}:{}", manifest.line);
            let title = format!("{} `{}`", key[1], key[3]);
            match seen.get(&key) {
                Some(first) => problems.error(&name, manifest.line, format!("{title} is there already, in {first}")),
                None => {
                    seen.insert(key, place);
                }
            }
        }
    }
}

/// Group, kind, namespace and name.
fn identity_of(object: &Value, namespace: &str) -> Option<[String; 4]> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let group = text("/apiVersion")?.split_once('/').map_or("", |(group, _)| group);
    let kind = text("/kind")?;
    let namespace = match text("/metadata/namespace") {
        _ if CLUSTER_WIDE.contains(&kind) => "",
        Some("${namespace}") | None => namespace,
        Some(other) => other,
    };
    Some([group, kind, namespace, text("/metadata/name")?].map(str::to_string))
}
