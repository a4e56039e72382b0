//! Files to drafts: everything that could be read, however wrong the rest is.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::changes::{Addition, Changes};
use super::draft::{ClusterDraft, ComponentDraft, Read, RecipeDraft, StackDraft};
use super::files::FileTree;
use super::model::{ClusterFile, ComponentFile, StackFile};
use super::problem::Problems;
use super::recipe::{ImageRecipe, Layer, RECIPE_FILE};
use super::schema::Format;
use super::types::{Manifest, Stack};
use super::yaml::{Document, parse};
use super::{config_maps, paths, shape};
use backstack_common::words::{did_you_mean, is_label, it_has};

/// A recipe that something refers to: its folder, and where it is named.
struct Wanted {
    folder: String,
    file: String,
    line: usize,
}

/// Reads what a stack consists of, and nothing else.
pub(super) fn listing(tree: &FileTree, problems: &mut Problems) -> Option<StackFile> {
    document(Format::Stack, tree, "stack.yaml", "stack.yaml", problems).file
}

/// Reads a stack with all its components.
pub(super) fn stack(tree: &FileTree, problems: &mut Problems) -> StackDraft {
    let stack: Read<StackFile> = document(Format::Stack, tree, "stack.yaml", "stack.yaml", problems);
    let listed = stack.document.as_ref().and_then(|document| document.value.get("components"));
    let mut components = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, entry) in listed.and_then(Value::as_array).into_iter().flatten().enumerate() {
        let pointer = format!("/components/{index}");
        let Some(name) = entry.get("name").and_then(Value::as_str) else { continue };
        let line = stack.line(&format!("{pointer}/name"));
        if !is_label(name) {
            problems.error(
                "stack.yaml",
                line,
                format!("component name `{name}` must be lower-case letters, digits and dashes"),
            );
        } else if !seen.insert(name) {
            problems.error("stack.yaml", line, format!("component `{name}` is listed twice"));
        } else {
            components.extend(component(tree, entry, name, pointer, line, problems));
        }
    }
    unlisted(tree, &seen, problems);
    let listed = seen.into_iter().map(str::to_string).collect();
    StackDraft { stack, components, listed, kept: Vec::new() }
}

/// Reads what was added to a stack, and takes out what is left out of it.
pub(super) fn changed(draft: &mut StackDraft, changes: &Changes, problems: &mut Problems) {
    for addition in changes.added.iter().filter(|addition| !draft.listed.contains(&addition.name)) {
        if addition.exists() {
            draft.components.push(added(addition, problems));
        } else {
            draft.kept.push(addition.name.clone());
        }
    }
    draft.listed.extend(changes.added.iter().map(|addition| addition.name.clone()));
    draft.listed.retain(|name| !changes.without.contains(name));
    draft.components.retain(|component| !changes.without.contains(&component.name));
}

/// Reads the built-in cluster.
pub(super) fn cluster(tree: FileTree, problems: &mut Problems) -> Option<ClusterDraft> {
    let cluster: Read<ClusterFile> = document(Format::Cluster, &tree, "cluster.yaml", "cluster.yaml", problems);
    let file = cluster.file.as_ref()?;
    let wanted = file.images().into_iter().filter_map(|(key, image)| {
        let (folder, line) = (image.recipe.clone()?, cluster.line(&format!("/{key}/recipe")));
        Some(Wanted { folder, file: cluster.name.clone(), line })
    });
    let recipes = recipes(&tree, "", wanted.collect(), problems);
    Some(ClusterDraft { cluster, tree, recipes })
}

fn component(
    stack: &FileTree,
    entry: &Value,
    name: &str,
    pointer: String,
    line: usize,
    problems: &mut Problems,
) -> Option<ComponentDraft> {
    let (tree, prefix) = match entry.get("from").and_then(Value::as_str) {
        Some(from) => {
            let known = Stack::builtin_names();
            if !known.iter().any(|name| name == from) {
                let help = did_you_mean(from, known.iter().map(String::as_str));
                problems.error(
                    "stack.yaml",
                    line,
                    format!("component `{name}` is from `{from}`, which is no built-in stack{help}"),
                );
                return None;
            }
            let tree = FileTree::builtin().join(&format!("{from}/components/{name}"));
            (tree, format!("stacks/{from}/components/{name}/"))
        }
        None => (stack.join(&format!("components/{name}")), format!("components/{name}/")),
    };
    if !tree.exists("component.yaml") {
        let around = component_folders(&tree.join(".."));
        let help = did_you_mean(name, around.iter().map(String::as_str));
        problems.error(
            "stack.yaml",
            line,
            format!("there is no file {prefix}component.yaml for component `{name}`{help}"),
        );
        return None;
    }
    let given = entry.get("parameters").and_then(Value::as_object);
    let given = given.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    Some(folder(name, pointer, given, (tree, prefix), problems))
}

/// A component that was added to the platform later: `stack.yaml` knows nothing of it.
pub(super) fn added(addition: &Addition, problems: &mut Problems) -> ComponentDraft {
    let tree = addition.tree();
    let prefix = format!("{}/", addition.place());
    folder(&addition.name, String::new(), addition.parameters.clone(), (tree, prefix), problems)
}

/// All that lies in a component's folder.
fn folder(
    name: &str,
    pointer: String,
    given: BTreeMap<String, Value>,
    (tree, prefix): (FileTree, String),
    problems: &mut Problems,
) -> ComponentDraft {
    let component: Read<ComponentFile> =
        document(Format::Component, &tree, "component.yaml", &format!("{prefix}component.yaml"), problems);
    let manifests = manifests(&tree, &prefix, problems);
    let config_maps = config_maps::read(&tree, &prefix, &component, problems);
    let recipes = recipes(&tree, &prefix, wanted_by(&component), problems);
    ComponentDraft { name: name.into(), pointer, given, prefix, tree, component, manifests, config_maps, recipes }
}

fn component_folders(components: &FileTree) -> BTreeSet<String> {
    let files = components.files().unwrap_or_default();
    let folders = files.iter().filter_map(|file| file.strip_suffix("/component.yaml"));
    folders.filter(|folder| !folder.contains('/')).map(str::to_string).collect()
}

fn unlisted(stack: &FileTree, listed: &BTreeSet<&str>, problems: &mut Problems) {
    for folder in component_folders(&stack.join("components")) {
        if !listed.contains(folder.as_str()) {
            let file = format!("components/{folder}/component.yaml");
            problems.warning(&file, None, format!("`{folder}` is not listed in stack.yaml and so not installed"));
        }
    }
}

/// Reads a file that must hold exactly one document of a format.
fn document<T: DeserializeOwned>(
    format: Format,
    tree: &FileTree,
    path: &str,
    name: &str,
    problems: &mut Problems,
) -> Read<T> {
    let (mut documents, sound) = yaml(tree, path, name, problems);
    if documents.is_empty() && sound {
        problems.error(name, None, "the file is empty");
    }
    if let Some(second) = documents.get(1) {
        problems.error(name, second.places.line(""), "only one document (no `---`) is allowed here");
    }
    let document = if documents.is_empty() { None } else { Some(documents.swap_remove(0)) };
    let file = document.as_ref().and_then(|document| decode(format, document, name, problems)).filter(|_| sound);
    Read { name: name.into(), file, document }
}

fn decode<T: DeserializeOwned>(format: Format, document: &Document, name: &str, problems: &mut Problems) -> Option<T> {
    let faults = shape::check(format, document);
    let good = faults.is_empty();
    for (line, message) in faults {
        problems.error(name, line, message);
    }
    if !good {
        return None;
    }
    // The schema comes from the same types, so this fails only for what a schema cannot say.
    serde_json::from_value(document.value.clone())
        .map_err(|error| problems.error(name, document.places.line(""), error.to_string()))
        .ok()
}

/// The documents of a file, and whether all of it could be read.
fn yaml(tree: &FileTree, path: &str, name: &str, problems: &mut Problems) -> (Vec<Document>, bool) {
    match tree.read(path) {
        Ok(bytes) => {
            let (documents, faults) = parse(&bytes);
            let sound = faults.is_empty();
            for (line, message) in faults {
                problems.error(name, line, message);
            }
            (documents, sound)
        }
        Err(error) => {
            problems.error(name, None, format!("cannot be read: {error}"));
            (Vec::new(), false)
        }
    }
}

fn manifests(tree: &FileTree, prefix: &str, problems: &mut Problems) -> Vec<Manifest> {
    let folder = tree.join("manifests");
    if !tree.exists("manifests") {
        return Vec::new();
    }
    let files = folder.files().unwrap_or_else(|error| {
        problems.error(&format!("{prefix}manifests"), None, format!("cannot be read: {error}"));
        Vec::new()
    });
    let mut manifests = Vec::new();
    for file in files {
        let path = format!("manifests/{file}");
        if !file.ends_with(".yaml") && !file.ends_with(".yml") {
            problems.warning(&format!("{prefix}{path}"), None, "is not read: the names of manifests end in .yaml");
            continue;
        }
        let (documents, _) = yaml(&folder, &file, &format!("{prefix}{path}"), problems);
        manifests.extend(documents.into_iter().map(|Document { value, places, .. }| Manifest {
            path: path.clone(),
            line: places.line(""),
            object: value,
            places,
        }));
    }
    manifests
}

fn wanted_by(component: &Read<ComponentFile>) -> Vec<Wanted> {
    let images = component.file.iter().flat_map(|file| &file.images);
    images
        .filter_map(|(name, image)| {
            let folder = image.recipe.clone()?;
            let line = component.line(&format!("/images/{name}/recipe"));
            Some(Wanted { folder, file: component.name.clone(), line })
        })
        .collect()
}

/// Reads the wanted recipes and those that they are made of in turn.
fn recipes(
    tree: &FileTree,
    prefix: &str,
    mut wanted: Vec<Wanted>,
    problems: &mut Problems,
) -> BTreeMap<String, RecipeDraft> {
    let images = tree.join("images");
    let mut recipes = BTreeMap::new();
    while let Some(Wanted { folder, file, line }) = wanted.pop() {
        if recipes.contains_key(&folder) {
            continue;
        }
        if !is_label(&folder) {
            problems.error(&file, line, format!("recipe `{folder}` must be the name of a folder below images/"));
            continue;
        }
        if !images.exists(&format!("{folder}/image.yaml")) {
            let files = images.files().unwrap_or_default();
            let folders: Vec<_> = files.iter().filter_map(|file| file.strip_suffix("/image.yaml")).collect();
            let guess = did_you_mean(&folder, folders.iter().copied());
            let help = if guess.is_empty() { format!(" {}", it_has(folders)) } else { guess };
            problems.error(&file, line, format!("there is no recipe images/{folder}/image.yaml{help}"));
            continue;
        }
        let name = format!("{prefix}images/{folder}/image.yaml");
        let recipe_tree = images.join(&folder);
        let recipe: Read<ImageRecipe> = document(Format::Image, &recipe_tree, RECIPE_FILE, &name, problems);
        wanted.extend(parts(&folder, &recipe));
        recipes.insert(folder, RecipeDraft { tree: recipe_tree, recipe });
    }
    recipes
}

/// The recipes whose images a recipe puts into its own.
fn parts(folder: &str, recipe: &Read<ImageRecipe>) -> Vec<Wanted> {
    let layers = recipe.file.iter().flat_map(|file| file.layers.iter().enumerate());
    layers
        .flat_map(|(index, layer)| match layer {
            Layer::ContainerdStore(layer) => layer
                .images
                .iter()
                .map(|(reference, path)| {
                    let pointer = super::yaml::child(&format!("/layers/{index}/containerd_store/images"), reference);
                    let folder = paths::inside(folder, path).unwrap_or_else(|| path.clone());
                    Wanted { folder, file: recipe.name.clone(), line: recipe.line(&pointer) }
                })
                .collect(),
            _ => Vec::new(),
        })
        .collect()
}
