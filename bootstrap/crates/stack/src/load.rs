//! A whole stack, read and judged.
//!
//! ```text
//! StackSource -> read (files, YAML, shape) -> StackFiles -> changes of a platform -> validate (sense) -> Stack
//! ```
//!
//! Every problem of every file is found in one go: a file that is wrong does not keep the others
//! from being looked at. What comes out has passed every check, so that later steps need none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::changes::{Changes, is_path};
use super::draft::{ClusterDraft, ComponentDraft, RecipeDraft, StackDraft};
use super::files::FileTree;
use super::problem::{Problem, Problems, StackErrors};
use super::read;
use super::types::{ClusterSpec, Component, Listing, Recipe, Stack};
use super::validate::{self, graph, parameters};
use backstack_common::words::is_label;

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

/// A stack's files, read once. What they come to depends on what a platform has changed of the stack.
#[derive(Debug, Clone)]
pub struct StackFiles {
    /// What messages call it.
    origin: String,
    draft: StackDraft,
    problems: Problems,
}

impl StackFiles {
    /// Reads all files of a stack. What is wrong in them is told by whoever asks for more.
    ///
    /// # Errors
    /// There is no such stack.
    pub fn read(source: StackSource) -> Result<Self, StackErrors> {
        let (tree, origin) = locate(source)?;
        let mut problems = Problems::default();
        let draft = read::stack(&tree, &mut problems);
        Ok(Self { origin, draft, problems })
    }

    /// What the stack consists of.
    ///
    /// # Errors
    /// Something could not be read: then all of it is told.
    pub fn listing(&self) -> Result<Listing, StackErrors> {
        let Some(file) = self.draft.stack.file.as_ref().filter(|_| self.problems.errors.is_empty()) else {
            let problems = self.problems.clone().sorted().errors;
            return Err(StackErrors::Problems { origin: self.origin.clone(), problems });
        };
        let order = graph::order(&self.draft.components).into_iter().map(|index| &self.draft.components[index]);
        let components = order.map(|draft| (draft.name.clone(), draft.tree.clone())).collect();
        Ok(Listing { name: file.name.clone(), components })
    }

    /// The stack as a platform has it: with components added to it, or left out.
    ///
    /// # Errors
    /// Something in its files or in those of added components is wrong: then all of it is told.
    pub fn stack(&self, changes: &Changes) -> Result<Stack, StackErrors> {
        let (mut draft, mut problems) = (self.draft.clone(), self.problems.clone());
        read::changed(&mut draft, changes, &mut problems);
        validate::stack(&draft, &mut problems);
        let Problems { errors, warnings } = problems.sorted();
        let origin = self.origin.clone();
        if !errors.is_empty() {
            return Err(StackErrors::Problems { origin, problems: errors });
        }
        draft
            .finish(warnings)
            .ok_or_else(|| StackErrors::NotAStack { path: origin, reason: "it could not be read".into() })
    }
}

impl Stack {
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
        StackFiles::read(source)?.stack(changes)
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
            .and_then(ClusterDraft::finish)
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

impl StackDraft {
    /// The stack, if everything in it could be read. Call it after the checks.
    fn finish(self, warnings: Vec<Problem>) -> Option<Stack> {
        let file = self.stack.file?;
        let order = graph::order(&self.components);
        let mut components = Vec::new();
        for draft in self.components {
            components.push(Some(Arc::new(draft.finish()?)));
        }
        Some(Stack {
            name: file.name,
            version: file.version,
            description: file.description,
            needs: file.needs,
            components: order.into_iter().filter_map(|index| components[index].take()).collect(),
            kept: self.kept,
            warnings,
        })
    }
}

impl ComponentDraft {
    fn finish(self) -> Option<Component> {
        let file = self.component.file?;
        Some(Component {
            parameters: parameters::resolve(&file.parameters, &self.given),
            given: self.given.into_keys().collect(),
            file,
            tree: self.tree,
            manifests: self.manifests,
            config_maps: self.config_maps,
            recipes: finish_recipes(self.recipes),
        })
    }
}

impl ClusterDraft {
    /// The cluster. Call it after the checks.
    fn finish(self) -> Option<ClusterSpec> {
        let file = self.cluster.file?;
        Some(ClusterSpec { file, tree: self.tree, recipes: finish_recipes(self.recipes) })
    }
}

fn finish_recipes(drafts: BTreeMap<String, RecipeDraft>) -> BTreeMap<String, Recipe> {
    let recipes = drafts.into_iter().filter_map(|(name, draft)| {
        let recipe = Recipe { name: name.clone(), tree: draft.tree, recipe: draft.recipe.file? };
        Some((name, recipe))
    });
    recipes.collect()
}
