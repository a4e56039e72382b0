//! A whole stack, read and judged.
//!
//! ```text
//! StackSource -> read (files, YAML, shape) -> drafts -> validate (sense) -> Stack
//! ```
//!
//! Every problem of every file is found in one go: a file that is wrong does not keep the others
//! from being looked at. What comes out has passed every check, so that later steps need none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::changes::{Changes, is_path};
use super::files::FileTree;
use super::model::{ClusterFile, ComponentFile, Needs};
use super::problem::{Problem, Problems, StackErrors};
use super::read;
use super::recipe::ImageRecipe;
use super::validate;
use super::yaml::Places;
use crate::words::is_label;

/// Where a stack comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackSource {
    /// A stack of the binary itself, by name.
    Builtin(String),
    /// A folder with `stack.yaml`.
    Dir(PathBuf),
}

impl StackSource {
    /// What a person means: the name of a built-in stack, or the folder of their own.
    pub fn named(name: &str) -> Self {
        let is_builtin = Stack::builtin_names().iter().any(|builtin| builtin == name);
        if !is_builtin && is_path(name) { Self::Dir(name.into()) } else { Self::Builtin(name.into()) }
    }
}

/// A stack that has passed every check.
#[derive(Debug, Clone)]
pub struct Stack {
    pub name: String,
    pub version: String,
    pub description: String,
    pub needs: Needs,
    /// What depends on nothing comes first; otherwise in the order of `stack.yaml`.
    pub components: Vec<Component>,
    /// Components that were added to the platform and whose files are gone: what is installed of them stays.
    pub kept: Vec<String>,
    /// What is odd but does not keep the stack from working.
    pub warnings: Vec<Problem>,
}

/// A component with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Component {
    pub file: ComponentFile,
    /// Its folder.
    pub tree: FileTree,
    /// Values of all its parameters: the stack's, or else the defaults.
    pub parameters: BTreeMap<String, Value>,
    /// Parameters whose value the stack gives.
    pub given: BTreeSet<String>,
    /// Its objects, by file and place in the file.
    pub manifests: Vec<Manifest>,
    /// Its ConfigMaps from folders, by name: text by key.
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
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
    pub object: Value,
    pub(super) places: Places,
}

/// A recipe and its folder.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Folder below `images/`.
    pub name: String,
    pub tree: FileTree,
    pub recipe: ImageRecipe,
}

/// The images that every cluster is made of.
#[derive(Debug, Clone)]
pub struct ClusterSpec {
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

    /// Reads and checks a stack.
    ///
    /// # Errors
    /// There is no such stack, or something in its files is wrong: then all of it is told.
    pub fn load(source: StackSource) -> Result<Self, StackErrors> {
        Self::load_changed(source, &Changes::default())
    }

    /// Reads and checks a stack as a platform has it: with components added to it, or left out.
    ///
    /// # Errors
    /// As [`Stack::load`]; problems of added components are among them.
    pub fn load_changed(source: StackSource, changes: &Changes) -> Result<Self, StackErrors> {
        let (tree, origin) = locate(source)?;
        let mut problems = Problems::default();
        let draft = read::stack(&tree, changes, &mut problems);
        validate::stack(&draft, &mut problems);
        let Problems { errors, warnings } = problems.sorted();
        if !errors.is_empty() {
            return Err(StackErrors::Problems { origin, problems: errors });
        }
        draft
            .finish(warnings)
            .ok_or_else(|| StackErrors::NotAStack { path: origin, reason: "it could not be read".into() })
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
            for (name, parameter) in &component.file.parameters {
                if let Some(value) = parameter.elsewhere.as_ref().filter(|_| !component.given.contains(name)) {
                    component.parameters.insert(name.clone(), value.clone());
                }
            }
        }
    }

    /// The component with this name.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name() == name)
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

impl Component {
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The name for people.
    pub fn title(&self) -> &str {
        self.file.title.as_deref().unwrap_or(&self.file.name)
    }
}

impl ClusterSpec {
    /// Reads the binary's own `cluster.yaml`.
    ///
    /// # Errors
    /// It is wrong, which would be a defect of the binary; a test keeps that from happening.
    pub fn load() -> Result<Self, StackErrors> {
        Self::load_from(FileTree::builtin().join("cluster"))
    }

    pub(super) fn load_from(tree: FileTree) -> Result<Self, StackErrors> {
        let mut problems = Problems::default();
        let draft = read::cluster(tree, &mut problems);
        if let Some(draft) = &draft {
            validate::cluster(draft, &mut problems);
        }
        let errors = problems.sorted().errors;
        draft
            .filter(|_| errors.is_empty())
            .and_then(read::ClusterDraft::finish)
            .ok_or(StackErrors::Problems { origin: "the built-in cluster".into(), problems: errors })
    }
}

/// The stack's folder, and what messages call it.
fn locate(source: StackSource) -> Result<(FileTree, String), StackErrors> {
    match source {
        StackSource::Builtin(name) => {
            let tree = FileTree::builtin().join(&name);
            if !is_label(&name) || !tree.exists("stack.yaml") {
                return Err(StackErrors::UnknownBuiltin { name, known: Stack::builtin_names() });
            }
            Ok((tree, format!("the built-in stack `{name}`")))
        }
        StackSource::Dir(path) => {
            let origin = path.display().to_string();
            let reason = if !path.exists() {
                "there is no such folder"
            } else if !path.is_dir() {
                "it is not a folder"
            } else if !path.join("stack.yaml").is_file() {
                "it has no stack.yaml"
            } else {
                return Ok((FileTree::Disk(path), origin));
            };
            Err(StackErrors::NotAStack { path: origin, reason: reason.into() })
        }
    }
}
