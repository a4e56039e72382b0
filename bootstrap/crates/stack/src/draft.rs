//! What could be read of a stack's files, however wrong the rest is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::files::FileTree;
use super::model::{ClusterFile, ComponentFile, StackFile};
use super::recipe::ImageRecipe;
use super::types::Manifest;
use super::yaml::Document;

/// What is in a ConfigMap, by key.
pub(super) type Contents = BTreeMap<String, Vec<u8>>;

/// A file of one of our formats: where it stands, and its content if that is right.
#[derive(Debug, Clone)]
pub(super) struct Read<T> {
    /// How problems name the file.
    pub name: String,
    pub file: Option<T>,
    /// The content as it was written, if it is YAML at all.
    pub document: Option<Document>,
}

impl<T> Read<T> {
    pub(super) fn line(&self, pointer: &str) -> usize {
        self.document.as_ref().map_or(1, |document| document.places.line(pointer))
    }

    /// How a number or word at a pointer was written.
    pub(super) fn written(&self, pointer: &str) -> Option<&str> {
        self.document.as_ref()?.places.written(pointer)
    }
}

#[derive(Debug, Clone)]
pub(super) struct StackDraft {
    pub stack: Read<StackFile>,
    pub components: Vec<ComponentDraft>,
    /// Names of all components that belong to it, read or not.
    pub listed: BTreeSet<String>,
    /// Added components whose files are gone.
    pub kept: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct ComponentDraft {
    /// Its name in `stack.yaml`.
    pub name: String,
    /// Pointer to it in `stack.yaml`; empty for one that was added later.
    pub pointer: String,
    /// Values that the stack gives to its parameters.
    pub given: BTreeMap<String, Value>,
    /// What problems put before its files' names.
    pub prefix: String,
    pub tree: FileTree,
    pub component: Read<ComponentFile>,
    pub manifests: Vec<Manifest>,
    pub config_maps: BTreeMap<String, Contents>,
    pub recipes: BTreeMap<String, RecipeDraft>,
}

#[derive(Debug, Clone)]
pub(super) struct RecipeDraft {
    pub tree: FileTree,
    pub recipe: Read<ImageRecipe>,
}

#[derive(Debug, Clone)]
pub(super) struct ClusterDraft {
    pub cluster: Read<ClusterFile>,
    pub tree: FileTree,
    pub recipes: BTreeMap<String, RecipeDraft>,
}
