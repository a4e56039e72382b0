//! A stack that has passed every check, as everything else reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::files::FileTree;
use super::model::{ClusterFile, ComponentFile, Needs};
use super::problem::Problem;
use super::recipe::ImageRecipe;
use super::yaml::Places;

/// A stack that has passed every check.
#[derive(Debug, Clone)]
pub struct Stack {
    /// `name` of stack.yaml.
    pub name: String,
    /// `version` of stack.yaml: the stack's own, not the format's.
    pub version: String,
    /// `description` of stack.yaml: one line for lists.
    pub description: String,
    /// What the machine should have for it.
    pub needs: Needs,
    /// What depends on nothing comes first; otherwise in the order of `stack.yaml`.
    pub components: Vec<Arc<Component>>,
    /// Components that were added to the platform and whose files are gone: what is installed of them stays.
    pub kept: Vec<String>,
    /// What is odd but does not keep the stack from working.
    pub warnings: Vec<Problem>,
}

/// What a stack consists of, whatever it looks like within.
#[derive(Debug, Clone)]
pub struct Listing {
    /// `name` of stack.yaml.
    pub name: String,
    /// Names of its components with their folders; what depends on nothing comes first.
    pub components: Vec<(String, FileTree)>,
}

/// A component with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Component {
    /// component.yaml, read.
    pub file: ComponentFile,
    /// Its folder.
    pub tree: FileTree,
    /// Values of all its parameters: the stack's, or else the defaults.
    pub parameters: BTreeMap<String, Value>,
    /// Parameters whose value the stack gives.
    pub given: BTreeSet<String>,
    /// Its objects, by file and place in the file.
    pub manifests: Vec<Manifest>,
    /// Its ConfigMaps from folders, by name: content by key.
    pub config_maps: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Its recipes by folder below `images/`, with those that they are made of.
    pub recipes: BTreeMap<String, Recipe>,
}

/// An object as it was written, references included.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// File, relative to the component's folder.
    pub path: String,
    /// Line of the object in it.
    pub line: usize,
    /// What the file says, with `${...}` not yet replaced.
    pub object: Value,
    pub(super) places: Places,
}

/// A recipe and its folder.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Folder below `images/`.
    pub name: String,
    /// Its folder, with the files that it uses.
    pub tree: FileTree,
    /// `image.yaml`, read.
    pub recipe: ImageRecipe,
}

/// The images that every cluster is made of.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
    /// cluster.yaml, read.
    pub file: ClusterFile,
    /// The folder of `cluster.yaml`.
    pub tree: FileTree,
    /// Recipes by folder below `images/`.
    pub recipes: BTreeMap<String, Recipe>,
}

impl Stack {
    /// Names of the stacks in the binary.
    pub fn builtin_names() -> Vec<String> {
        let files = FileTree::builtin().files().unwrap_or_default();
        let folders = files.iter().filter_map(|file| file.strip_suffix("/stack.yaml"));
        folders.filter(|folder| !folder.contains('/')).map(str::to_string).collect()
    }

    /// A stack of that name with nothing in it, where its files are gone.
    pub fn empty(name: &str) -> Self {
        Self {
            name: name.into(),
            version: String::new(),
            description: String::new(),
            needs: Needs::default(),
            components: Vec::new(),
            kept: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes the values for clusters that somebody else made, where the stack itself gives none.
    pub fn suit_other_clusters(&mut self) {
        for component in &mut self.components {
            Arc::make_mut(component).suit_other_clusters();
        }
    }

    /// The component with this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name() == name).map(Arc::as_ref)
    }

    /// Whether a component has an image of this reference.
    pub fn has_image(&self, reference: &str) -> bool {
        let mut images = self.components.iter().flat_map(|component| component.file.images.values());
        images.any(|image| image.reference == reference)
    }

    /// The IngressClass that serves the stack's routes.
    pub fn ingress_class(&self) -> Option<&str> {
        self.components.iter().find_map(|component| component.file.ingress_class.as_deref())
    }
}

impl Listing {
    /// The folder of a component, if the stack has one of that name.
    pub fn component(&self, name: &str) -> Option<&FileTree> {
        self.components.iter().find(|(own, _)| own == name).map(|(_, tree)| tree)
    }
}

impl Component {
    fn suit_other_clusters(&mut self) {
        for (name, parameter) in &self.file.parameters {
            if let Some(value) = parameter.elsewhere.as_ref().filter(|_| !self.given.contains(name)) {
                self.parameters.insert(name.clone(), value.clone());
            }
        }
    }

    /// `name` of component.yaml, unique in its stack.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The name for people.
    pub fn title(&self) -> &str {
        self.file.title.as_deref().unwrap_or(&self.file.name)
    }
}
