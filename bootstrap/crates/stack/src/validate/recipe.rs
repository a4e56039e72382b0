//! Rules for recipes: every layer has what it needs, and the files it names are there.

use std::collections::BTreeMap;

use crate::draft::RecipeDraft;
use crate::files::FileTree;
use crate::go_mod;
use crate::paths::{inside, is_image_path};
use crate::problem::Problems;
use crate::recipe::{
    ContainerdStoreLayer, DebianLayer, FileEntry, GoLayer, GoModuleFilesLayer, ImageConfig, Layer, NpmLayer, PypiLayer,
};
use crate::yaml::child;
use backstack_common::words::number;

pub(super) fn check_all(recipes: &BTreeMap<String, RecipeDraft>, problems: &mut Problems) {
    for (folder, draft) in recipes {
        let Some(recipe) = &draft.recipe.file else { continue };
        let mut checker = Checker { folder, draft, problems };
        if recipe.layers.is_empty() {
            checker.say("/layers", "a recipe needs at least one layer");
        }
        for (index, layer) in recipe.layers.iter().enumerate() {
            checker.layer(&format!("/layers/{index}"), layer);
        }
        checker.config(&recipe.config);
    }
}

struct Checker<'a> {
    folder: &'a str,
    draft: &'a RecipeDraft,
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn say(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.error(&self.draft.recipe.name, self.draft.recipe.line(pointer), message);
    }

    fn images(&self) -> FileTree {
        self.draft.tree.join("..")
    }

    fn layer(&mut self, pointer: &str, layer: &Layer) {
        match layer {
            Layer::Debian(layer) => self.debian(&child(pointer, "debian"), layer),
            Layer::Go(layer) => self.go(&child(pointer, "go"), layer),
            Layer::GoModuleFiles(layer) => self.go_files(&child(pointer, "go_module_files"), layer),
            Layer::Pypi(layer) => self.pypi(&child(pointer, "pypi"), layer),
            Layer::Npm(layer) => self.npm(&child(pointer, "npm"), layer),
            Layer::Files(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.entry(&child(&child(pointer, "files"), index), entry);
                }
            }
            Layer::ContainerdStore(layer) => self.store(&child(pointer, "containerd_store"), layer),
            Layer::Program(layer) => {
                self.image_path(&child(&child(pointer, "program"), "path"), &layer.path);
            }
        }
    }

    fn debian(&mut self, pointer: &str, layer: &DebianLayer) {
        if layer.packages.is_empty() {
            self.say(&child(pointer, "packages"), "`packages` must name at least one package");
        }
        for (list, names) in [("packages", &layer.packages), ("without", &layer.without)] {
            for (index, name) in names.iter().enumerate() {
                let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
                if name.len() < 2 || !name.bytes().all(allowed) {
                    self.say(
                        &child(&child(pointer, list), index),
                        format!("`{name}` cannot be the name of a Debian package"),
                    );
                }
            }
        }
        for (index, glob) in layer.exclude.iter().enumerate().filter(|(_, glob)| !glob.starts_with('/')) {
            self.say(&child(&child(pointer, "exclude"), index), format!("`{glob}` must start with `/`"));
        }
    }

    fn go(&mut self, pointer: &str, layer: &GoLayer) {
        self.go_module(&child(pointer, "module"), &layer.module);
        let programs = child(pointer, "programs");
        if layer.programs.is_empty() {
            self.say(&programs, "`programs` must name at least one program");
        }
        for (path, package) in &layer.programs {
            let at = child(&programs, path);
            self.image_path(&at, path);
            if package.is_empty() || package.starts_with('/') || package.starts_with("..") {
                self.say(&at, format!("`{package}` must be an import path, or a package of the module's own, as `.`"));
            }
        }
        for path in layer.links.keys() {
            self.image_path(&child(&child(pointer, "links"), path), path);
        }
    }

    fn go_files(&mut self, pointer: &str, layer: &GoModuleFilesLayer) {
        let at = child(pointer, "module");
        if let Some(go_mod) = self.go_module(&child(pointer, "in_module"), &layer.in_module) {
            let named = |line: &str| line.split_whitespace().any(|word| word == layer.module);
            if !go_mod.lines().any(named) {
                self.say(&at, format!("go.mod in `{}` does not require `{}`", layer.in_module, layer.module));
            }
        }
        self.copies(pointer, &layer.copy);
    }

    /// A folder with go.mod, and go.sum if anything from elsewhere is required. Returns go.mod.
    fn go_module(&mut self, pointer: &str, folder: &str) -> Option<String> {
        let path = self.beside(pointer, folder)?;
        let tree = self.images().join(&path);
        let Ok(go_mod) = tree.read("go.mod") else {
            self.say(pointer, format!("there is no go.mod in `{folder}`"));
            return None;
        };
        let go_mod = String::from_utf8_lossy(&go_mod).into_owned();
        if go_mod::needs_sums(&go_mod) && !tree.exists("go.sum") {
            self.say(pointer, format!("there is no go.sum in `{folder}`; make it with `go mod tidy`"));
        }
        Some(go_mod)
    }

    fn pypi(&mut self, pointer: &str, layer: &PypiLayer) {
        let at = child(pointer, "requirements");
        if let Some(path) = self.beside(&at, &layer.requirements) {
            match self.images().read(&path) {
                Ok(bytes) if !String::from_utf8_lossy(&bytes).contains("--hash=") => {
                    self.say(
                        &at,
                        format!("`{}` has no hashes; every requirement needs `--hash=sha256:...`", layer.requirements),
                    );
                }
                Ok(_) => {}
                Err(_) => self.say(&at, format!("there is no file `{}`", layer.requirements)),
            }
        }
        let parts: Vec<_> = layer.python.split('.').collect();
        if parts.len() != 2 || parts.iter().any(|part| number::<u16>(part).is_none()) {
            self.say(&child(pointer, "python"), format!("`{}` must be a version as `3.13`", layer.python));
        }
        self.image_path(&child(pointer, "target"), &layer.target);
    }

    fn npm(&mut self, pointer: &str, layer: &NpmLayer) {
        let at = child(pointer, "project");
        if let Some(path) = self.beside(&at, &layer.project) {
            let tree = self.images().join(&path);
            for file in ["package.json", "package-lock.json"] {
                if !tree.exists(file) {
                    self.say(&at, format!("there is no {file} in `{}`", layer.project));
                }
            }
        }
        for (index, files) in layer.go_module_files.iter().enumerate() {
            self.go_files(&child(&child(pointer, "go_module_files"), index), files);
        }
        self.copies(pointer, &layer.copy);
    }

    fn copies(&mut self, pointer: &str, copy: &BTreeMap<String, String>) {
        let pointer = child(pointer, "copy");
        if copy.is_empty() {
            self.say(&pointer, "`copy` must name at least one path");
        }
        for (from, to) in copy {
            let at = child(&pointer, from);
            if from.starts_with('/') || from.split('/').any(|part| part == "..") {
                self.say(&at, format!("`{from}` must be a path inside, without a leading `/` or `..`"));
            }
            self.image_path(&at, to);
        }
    }

    fn store(&mut self, pointer: &str, layer: &ContainerdStoreLayer) {
        self.go_module(&child(pointer, "writer"), &layer.writer);
        if layer.images.is_empty() {
            self.say(&child(pointer, "images"), "`images` must name at least one image");
        }
        // Whether the recipes exist was seen when they were read.
        for (reference, folder) in &layer.images {
            self.beside(&child(&child(pointer, "images"), reference), folder);
        }
    }

    fn entry(&mut self, pointer: &str, entry: &FileEntry) {
        self.image_path(&child(pointer, "path"), &entry.path);
        let set = [entry.from.is_some(), entry.text.is_some(), entry.link.is_some(), entry.directory];
        match set.iter().filter(|is_set| **is_set).count() {
            1 => {}
            0 => self.say(pointer, "one of `from`, `text`, `link` and `directory` must be set"),
            _ => self.say(pointer, "only one of `from`, `text`, `link` and `directory` may be set"),
        }
        if let Some(from) = &entry.from {
            let at = child(pointer, "from");
            if let Some(path) = self.beside(&at, from)
                && self.images().read(&path).is_err()
            {
                self.say(&at, format!("there is no file `{from}` beside the recipe"));
            }
        }
        if let Some(mode) = &entry.mode {
            let octal = (3..=5).contains(&mode.len()) && u32::from_str_radix(mode, 8).is_ok_and(|mode| mode <= 0o7777);
            if !octal {
                self.say(&child(pointer, "mode"), format!("mode `{mode}` must be octal digits, as \"0755\""));
            }
        }
        if let Some(owner) = entry.owner.as_deref().filter(|owner| !is_owner(owner)) {
            self.say(&child(pointer, "owner"), format!("owner `{owner}` must be `uid` or `uid:gid` in numbers"));
        }
    }

    fn config(&mut self, config: &ImageConfig) {
        if let Some(user) = config.user.as_deref().filter(|user| !is_owner(user)) {
            self.say("/config/user", format!("user `{user}` must be `uid` or `uid:gid` in numbers"));
        }
        for (name, _) in config.env.iter().filter(|(name, _)| name.is_empty() || name.contains('=')) {
            self.say(&child("/config/env", name), format!("`{name}` cannot be the name of a variable"));
        }
        if let Some(workdir) = &config.workdir {
            self.image_path("/config/workdir", workdir);
        }
        for (index, volume) in config.volumes.iter().enumerate() {
            self.image_path(&child("/config/volumes", index), volume);
        }
    }

    fn image_path(&mut self, pointer: &str, path: &str) {
        if !is_image_path(path) {
            self.say(pointer, format!("`{path}` must be an absolute path in the image"));
        }
    }

    /// A path below `images/`; leading out of it is a problem.
    fn beside(&mut self, pointer: &str, path: &str) -> Option<String> {
        let found = inside(self.folder, path);
        if found.is_none() {
            self.say(pointer, format!("`{path}` leads out of images/"));
        }
        found
    }
}

fn is_owner(text: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    parts.len() <= 2 && parts.iter().all(|part| number::<u32>(part).is_some())
}
