//! Reads a recipe and tells what it depends on: the keys by which images and layers are cached.
//!
//! A key covers everything that the recipe's author decides: the recipe, the files it uses, the
//! recipes it contains. It does not cover what registries serve: packages of a Debian suite move
//! on, and what was built from older ones stays valid until the cache is cleared.

use sha2::{Digest as _, Sha256};

use super::Architecture;
use super::error::BuildError;
use super::glob::Patterns;
use super::go_module;
use super::program::Program;
use super::tree::MERGED_USR;
use backstack_images::Digest;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::{
    ContainerdStoreLayer, FileEntry, GoModuleFilesLayer, ImageRecipe, Layer, NpmLayer, RECIPE_FILE,
};

/// Counts up when the builder makes other bytes of the same recipe.
const FORMAT: &str = "1";

/// The same for layers of Debian packages alone.
const DEBIAN_FORMAT: &str = "2";

/// A recipe with its keys.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The recipe's folder, with all files that it uses.
    pub(crate) tree: FileTree,
    /// `image.yaml`, read.
    pub(crate) recipe: ImageRecipe,
    /// Identifies the image.
    pub(crate) key: Digest,
    /// Its layers, lowest first.
    pub(crate) layers: Vec<KeyedLayer>,
}

/// A layer with the key under which it is cached. Layers of several images may share a key.
#[derive(Debug, Clone)]
pub(crate) struct KeyedLayer {
    /// Digest of all that decides what is in the layer.
    pub(crate) key: Digest,
    /// The layer as `image.yaml` has it.
    pub(crate) layer: Layer,
    /// Whether a layer below has Debian's links from / into /usr, and this one has paths behind them.
    pub(crate) merged_usr: bool,
    /// The recipes that a `containerd_store` contains, by the reference that the node asks for.
    pub(crate) contains: Vec<(String, Recipe)>,
}

impl Recipe {
    /// # Errors
    /// The recipe or a file that it uses is missing or malformed.
    pub(crate) fn load(tree: &FileTree, architecture: Architecture, program: &Program) -> Result<Self, BuildError> {
        Self::load_within(tree, &Inputs { architecture, program }, &mut Vec::new())
    }

    fn load_within(tree: &FileTree, inputs: &Inputs<'_>, outer: &mut Vec<String>) -> Result<Self, BuildError> {
        let name = tree.display(RECIPE_FILE);
        outer.push(name.clone());
        if outer[..outer.len() - 1].contains(&name) {
            return Err(BuildError::Cycle(outer.clone()));
        }
        let recipe = read(tree)?;
        let mut layers = Vec::new();
        let mut merged_usr = false;
        for layer in &recipe.layers {
            layers.push(keyed(tree, &recipe, layer, merged_usr, inputs, outer)?);
            merged_usr |= matches!(layer, Layer::Debian(_));
        }
        outer.pop();
        let mut sum = Sum::new("image", inputs.architecture);
        sum.add(&json(&recipe.config)).add(recipe.version.as_deref().unwrap_or_default().as_bytes());
        layers.iter().for_each(|layer| {
            sum.add(layer.key.as_str().as_bytes());
        });
        Ok(Self { tree: tree.clone(), key: sum.digest(), recipe, layers })
    }
}

/// What an image depends on besides its recipe.
struct Inputs<'a> {
    architecture: Architecture,
    program: &'a Program,
}

/// Reads `image.yaml`.
///
/// # Errors
/// It is missing, malformed, or has no layers.
pub fn read(tree: &FileTree) -> Result<ImageRecipe, BuildError> {
    let file = tree.display(RECIPE_FILE);
    let bytes = tree.read(RECIPE_FILE).map_err(BuildError::io(format!("cannot read the recipe {file}")))?;
    let recipe = parse(&bytes).map_err(|problem| BuildError::recipe(&file, problem))?;
    if recipe.layers.is_empty() {
        return Err(BuildError::recipe(file, "an image needs at least one layer"));
    }
    Ok(recipe)
}

/// Reads YAML as if it were JSON: in YAML proper, an enum's choice would be a tag.
pub(super) fn parse(bytes: &[u8]) -> Result<ImageRecipe, String> {
    let (text, _) = backstack_files::text::decode(bytes).map_err(|error| error.to_string())?;
    let value: serde_json::Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// Where a `containerd_store` finds the recipe it names: in a folder beside the recipe's own.
pub fn contained_tree(tree: &FileTree, folder: &str) -> FileTree {
    match folder.strip_prefix("../") {
        Some(_) => tree.join(folder),
        None => tree.join("..").join(folder),
    }
}

fn keyed(
    tree: &FileTree,
    recipe: &ImageRecipe,
    layer: &Layer,
    merged_usr: bool,
    inputs: &Inputs<'_>,
    outer: &mut Vec<String>,
) -> Result<KeyedLayer, BuildError> {
    let merged_usr = merged_usr && touches_merged_folders(layer);
    let mut sum = Sum::new("layer", inputs.architecture);
    sum.add(&json(layer)).add(&[merged_usr.into()]);
    // What one recipe allows, another that has the same layer need not.
    if !recipe.other_machines.is_empty() {
        sum.add(&json(&recipe.other_machines));
    }
    let mut contains = Vec::new();
    match layer {
        Layer::Debian(_) => {
            sum.add(DEBIAN_FORMAT.as_bytes());
        }
        Layer::Go(go) => sum_modules(&mut sum, tree, &go.module)?,
        Layer::GoModuleFiles(files) => sum_module_versions(&mut sum, tree, files)?,
        Layer::Pypi(pypi) => {
            sum.file(tree, &pypi.requirements)?;
        }
        Layer::Npm(npm) => {
            let is_source = is_source(npm);
            sum.folder(&tree.join(&npm.project), |file| !is_source(file))?;
            npm.go_module_files.iter().try_for_each(|files| sum_module_versions(&mut sum, tree, files))?;
        }
        Layer::Files(entries) => sum_entries(&mut sum, tree, entries)?,
        Layer::ContainerdStore(store) => {
            sum_modules(&mut sum, tree, &store.writer)?;
            contains = contained(tree, store, inputs, outer)?;
            for (reference, recipe) in &contains {
                sum.add(reference.as_bytes()).add(recipe.key.as_str().as_bytes());
            }
        }
        Layer::Program(_) => {
            sum.add(inputs.program.key()?.as_bytes());
        }
    }
    Ok(KeyedLayer { key: sum.digest(), layer: layer.clone(), merged_usr, contains })
}

/// Whether links from / into /usr would change a layer. Most do not care, and stay the same layer
/// above Debian and above nothing.
fn touches_merged_folders(layer: &Layer) -> bool {
    let paths: Vec<&str> = match layer {
        Layer::Debian(_) => return false,
        Layer::Go(go) => go.programs.keys().chain(go.links.keys()).map(String::as_str).collect(),
        Layer::GoModuleFiles(files) => files.copy.values().map(String::as_str).collect(),
        Layer::Npm(npm) => npm.copy.values().map(String::as_str).collect(),
        Layer::Pypi(pypi) => vec![&pypi.target],
        Layer::Files(entries) => entries.iter().map(|entry| entry.path.as_str()).collect(),
        // What its writer writes, and which libraries it has, is not known before.
        Layer::ContainerdStore(_) | Layer::Program(_) => return true,
    };
    paths.iter().any(|path| {
        let first = path.trim_start_matches('/').split('/').next();
        // A copied folder may go anywhere below `/`.
        first == Some("") || MERGED_USR.iter().any(|(name, _)| first == Some(name))
    })
}

fn contained(
    tree: &FileTree,
    store: &ContainerdStoreLayer,
    inputs: &Inputs<'_>,
    outer: &mut Vec<String>,
) -> Result<Vec<(String, Recipe)>, BuildError> {
    let load = |(reference, folder): (&String, &String)| {
        let recipe = Recipe::load_within(&contained_tree(tree, folder), inputs, outer)?;
        Ok((reference.clone(), recipe))
    };
    store.images.iter().map(load).collect()
}

fn sum_entries(sum: &mut Sum, tree: &FileTree, entries: &[FileEntry]) -> Result<(), BuildError> {
    for from in entries.iter().filter_map(|entry| entry.from.as_deref()) {
        sum.file(tree, from)?;
    }
    Ok(())
}

/// What decides which version of a module its files are taken from.
fn sum_module_versions(sum: &mut Sum, tree: &FileTree, files: &GoModuleFilesLayer) -> Result<(), BuildError> {
    let module = tree.join(&files.in_module);
    sum.file(&module, "go.mod")?.file(&module, "go.sum")?;
    Ok(())
}

fn sum_modules(sum: &mut Sum, tree: &FileTree, module: &str) -> Result<(), BuildError> {
    for (place, folder) in go_module::folders(tree, module)? {
        sum.add(place.to_string_lossy().as_bytes());
        for file in go_module::files(&folder)? {
            sum.file(&folder, &file)?;
        }
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("recipes are plain data")
}

/// A digest over fields: each is preceded by its length, so that none runs into the next.
struct Sum(Sha256);

impl Sum {
    fn new(kind: &str, architecture: Architecture) -> Self {
        let mut sum = Self(Sha256::new());
        sum.add(kind.as_bytes()).add(FORMAT.as_bytes()).add(architecture.as_str().as_bytes());
        sum
    }

    fn add(&mut self, field: &[u8]) -> &mut Self {
        self.0.update((field.len() as u64).to_le_bytes());
        self.0.update(field);
        self
    }

    fn file(&mut self, tree: &FileTree, file: &str) -> Result<&mut Self, BuildError> {
        let bytes = tree.read(file).map_err(BuildError::io(format!("cannot read {}", tree.display(file))))?;
        Ok(self.add(file.as_bytes()).add(&bytes))
    }

    fn folder(&mut self, tree: &FileTree, skip: impl Fn(&str) -> bool) -> Result<(), BuildError> {
        let failed = BuildError::io(format!("cannot read {}", tree.display(".")));
        for file in tree.files().map_err(failed)?.iter().filter(|file| !skip(file)) {
            self.file(tree, file)?;
        }
        Ok(())
    }

    fn digest(self) -> Digest {
        Digest::from_hasher(self.0)
    }
}

/// Whether the image is made of a file of an npm project: neither of what npm put there, in the project's own
/// `node_modules` or in that of a workspace, nor of what the recipe excludes.
pub(super) fn is_source(layer: &NpmLayer) -> impl Fn(&str) -> bool + use<> {
    let exclude = Patterns::new(&layer.exclude);
    move |file| !file.split('/').any(|part| part == "node_modules") && !exclude.covers(file)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use backstack_common::error::{ExitKind, Explain};

    struct Folder(tempfile::TempDir);

    /// That of a release, which no test has to read.
    fn program(version: &str) -> Program {
        Program::released("unused", version)
    }

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("temporary folder"))
        }

        fn write(&self, file: &str, text: &str) -> &Self {
            let path = self.0.path().join(file);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, text).expect("write");
            self
        }

        fn recipe(&self, name: &str, layers: &str) -> &Self {
            let head = "apiVersion: backstack.dev/v1\nkind: ImageRecipe\nlayers:\n";
            self.write(&format!("{name}/image.yaml"), &format!("{head}{layers}\n"))
        }

        fn load(&self, name: &str) -> Result<Recipe, BuildError> {
            Recipe::load(&FileTree::Disk(self.0.path().join(name)), Architecture::Amd64, &program("1"))
        }

        fn key(&self, name: &str) -> Digest {
            self.load(name).expect("recipe").key
        }
    }

    #[test]
    fn a_key_follows_every_file_that_is_used_and_no_other() {
        let folder = Folder::new();
        folder
            .write("m/go.mod", "module m\nreplace x => ../x // note\nreplace y => ./y\n")
            .write("m/main.go", "package main");
        folder.write("x/go.mod", "module x\n").write("m/y/go.mod", "module y\n").write("a/f", "1");
        folder.recipe("a", "  - go: {module: ../m, programs: {/m: .}}\n  - files: [{path: /f, from: f}]");
        let mut keys = vec![folder.key("a")];
        for (file, text) in
            [("m/main.go", "package main //"), ("x/x.go", "package x"), ("m/y/y.go", "package y"), ("a/f", "2")]
        {
            folder.write(file, text);
            keys.push(folder.key("a"));
        }
        let different: BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        folder.write("a/unused", "").write("m/image.yaml", "").write("m/other/go.mod", "").write("m/other/x", "");
        assert_eq!(Some(&folder.key("a")), keys.last());
    }

    #[test]
    fn what_an_npm_layer_excludes_does_not_change_its_key() {
        let folder = Folder::new();
        folder.write("a/app/package.json", "{}").write("a/app/src/x.ts", "1").write("a/app/src/x.test.ts", "1");
        folder.recipe("a", "  - npm: {project: app, exclude: ['**/*.test.ts'], run: [build], copy: {out: /app}}");
        let before = folder.key("a");
        folder
            .write("a/app/src/x.test.ts", "2")
            .write("a/app/node_modules/y/index.js", "")
            .write("a/app/z.test.ts", "");
        assert_eq!(before, folder.key("a"));
        folder.write("a/app/src/x.ts", "2");
        assert_ne!(before, folder.key("a"));
    }

    #[test]
    fn what_programs_share_rebuilds_just_the_images_that_have_them() {
        let stacks = FileTree::builtin();
        let folder = Folder::new();
        for file in stacks.files().expect("files") {
            let path = folder.0.path().join(&file);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, stacks.read(&file).expect("content")).expect("write");
        }
        let keys = || -> BTreeMap<String, Digest> {
            let files = FileTree::Disk(folder.0.path().into()).files().expect("files");
            let recipes = files.iter().filter_map(|file| file.strip_suffix("/image.yaml"));
            recipes.map(|recipe| (recipe.rsplit('/').next().expect("a name").to_string(), folder.key(recipe))).collect()
        };
        let before = keys();
        folder.write("lib/client/more.go", "package client").write("lib/client/more_test.go", "package client");
        let after = keys();
        let changed: Vec<_> = before.keys().filter(|name| before[*name] != after[*name]).collect();
        assert_eq!(changed, ["composition-preview", "gitea-setup", "gitops"]);
        folder.write("lib/client/more_test.go", "package client_test");
        assert_eq!(keys(), after, "a test is in no image");
    }

    #[test]
    fn a_layer_is_the_same_in_every_image_that_has_it() {
        let folder = Folder::new();
        folder.write("m/go.mod", "module m\n");
        folder.recipe("a", "  - go: {module: ../m, programs: {/m: .}}");
        folder.recipe("b", "  - files: [{path: /x, directory: true}]\n  - go: {module: ../m, programs: {/m: .}}");
        folder.recipe("c", "  - debian: {suite: trixie, packages: [git]}\n  - go: {module: ../m, programs: {/m: .}}");
        folder.recipe("d", "  - files: [{path: /bin/x, text: a}]");
        folder.recipe("e", "  - debian: {suite: trixie, packages: [git]}\n  - files: [{path: /bin/x, text: a}]");
        let layer = |name: &str| folder.load(name).expect("recipe").layers.last().expect("layer").key.clone();
        assert_eq!(layer("a"), layer("b"));
        assert_eq!(layer("a"), layer("c"));
        // On Debian this path means another place.
        assert_ne!(layer("d"), layer("e"));
        assert_ne!(folder.key("a"), folder.key("b"));
        let tree = FileTree::Disk(folder.0.path().join("a"));
        let other = Recipe::load(&tree, Architecture::Arm64, &program("1")).expect("recipe");
        assert_ne!(folder.key("a"), other.key);
    }

    #[test]
    fn an_image_with_the_program_follows_it_and_no_other_image_does() {
        let folder = Folder::new();
        folder.recipe("a", "  - program: {path: /x}").recipe("b", "  - files: [{path: /x, text: a}]");
        let key = |name: &str, version| {
            let tree = FileTree::Disk(folder.0.path().join(name));
            Recipe::load(&tree, Architecture::Amd64, &program(version)).expect("recipe").key
        };
        assert_ne!(key("a", "1"), key("a", "2"));
        assert_eq!(key("a", "1"), key("a", "1"));
        assert_eq!(key("b", "1"), key("b", "2"));
    }

    #[test]
    fn contained_recipes_count_and_must_not_contain_each_other() {
        let folder = Folder::new();
        folder.write("node/w/go.mod", "module w\n");
        folder.recipe("pause", "  - files: [{path: /x, text: a}]");
        folder.recipe("node", "  - containerd_store: {writer: w, images: {'registry.example/pause:1': pause}}");
        let before = folder.key("node");
        folder.recipe("pause", "  - files: [{path: /x, text: b}]");
        assert_ne!(before, folder.key("node"));
        folder.write("pause/w/go.mod", "module w\n");
        folder.recipe("pause", "  - containerd_store: {writer: w, images: {'registry.example/node:1': ../node}}");
        let error = folder.load("node").expect_err("cycle");
        assert!(matches!(&error, BuildError::Cycle(chain) if chain.len() == 3), "{error}");
    }

    #[test]
    fn malformed_recipes_say_where() {
        let folder = Folder::new();
        folder.recipe("a", "  - debian: {suite: trixie, packages: [git], flavour: x}");
        let error = folder.load("a").expect_err("unknown key");
        assert!(error.to_string().contains("image.yaml") && error.to_string().contains("flavour"), "{error}");
        assert_eq!(error.kind(), ExitKind::Usage);
        folder.recipe("a", "  []");
        assert!(folder.load("a").expect_err("no layers").to_string().contains("at least one layer"));
        folder.recipe("a", "  - go: {module: nowhere, programs: {/m: .}}");
        assert!(folder.load("a").expect_err("no module").to_string().contains("nowhere/go.mod"));
        folder.recipe("a", "  - files: [{path: /x, from: gone}]");
        assert!(folder.load("a").expect_err("no file").to_string().contains("gone"));
    }
}
