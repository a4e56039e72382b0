//! `images/NAME/image.yaml`: how an image is made from packages alone.
//!
//! A recipe is data: a base of layers, each from one kind of package registry, and the image's
//! configuration. [`backstack_build`] builds it; the same recipe and packages give the same digest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{ApiVersion, ImageRecipeKind};

/// Name of a recipe's file, in a folder of its own.
pub const RECIPE_FILE: &str = "image.yaml";

/// How an image is made from packages alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageRecipe {
    /// Version of the format: `backstack.dev/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: ApiVersion,
    /// Always `ImageRecipe`.
    pub kind: ImageRecipeKind,
    /// The version that packages can build, where it is older than upstream's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What differs from upstream's image and why, for people (`status` shows it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
    /// Files (globs) with programs for other machines than the image's, which belong in it all the same, as firmware
    /// does. Such a program anywhere else is an error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_machines: Vec<String>,
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// How a container of it starts.
    #[serde(default)]
    pub config: ImageConfig,
}

impl ImageRecipe {
    /// Whether the program that reads the recipe is part of the image.
    pub fn has_program(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Program(_)))
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Layer {
    /// Debian packages with all they depend on, unpacked; no maintainer script runs.
    Debian(DebianLayer),
    /// Programs compiled from Go modules.
    Go(GoLayer),
    /// Files of a Go module, copied.
    GoModuleFiles(GoModuleFilesLayer),
    /// Python packages, installed into one folder.
    Pypi(PypiLayer),
    /// An npm project (package.json and package-lock.json beside the recipe), installed and built.
    Npm(NpmLayer),
    /// Files, folders and links of our own.
    Files(Vec<FileEntry>),
    /// Other images of this stack, put into containerd's own store in this image.
    ContainerdStore(ContainerdStoreLayer),
    /// The program that reads this recipe, with the libraries that it is linked to: what a platform runs of it.
    Program(ProgramLayer),
}

/// Debian packages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DebianLayer {
    /// Release, as `trixie`.
    pub suite: String,
    /// Packages; what they depend on comes with them, recommendations do not.
    pub packages: Vec<String>,
    /// Packages to leave out although something depends on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Paths (globs) to leave out, as `/usr/share/doc/*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// Programs compiled from Go modules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoLayer {
    /// Folder beside the recipe that holds go.mod, go.sum and any main package of our own.
    /// Default: the recipe's own folder.
    #[serde(default = "here")]
    pub module: String,
    /// Whether the programs need a C compiler. Default: no.
    #[serde(default)]
    pub cgo: bool,
    /// Build tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Flags for the linker, besides `-s -w`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ldflags: Vec<String>,
    /// Files of required modules that files of our own take the place of: module -> path in it -> file beside go.mod.
    /// For what would link far more than is wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replace_files: BTreeMap<String, BTreeMap<String, String>>,
    /// Path in the image -> package (an import path, or `.` for the module's own main).
    pub programs: BTreeMap<String, String>,
    /// Further names (links): path in the image -> what it points to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
}

fn here() -> String {
    ".".into()
}

/// Files of a Go module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoModuleFilesLayer {
    /// Module path; its version is the one that go.mod in `in_module` requires.
    pub module: String,
    /// Folder beside the recipe that holds that go.mod.
    #[serde(default = "here")]
    pub in_module: String,
    /// Path (a folder or a glob) in the module -> folder in the image.
    pub copy: BTreeMap<String, String>,
}

/// Python packages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PypiLayer {
    /// requirements.txt beside the recipe, with versions and hashes.
    pub requirements: String,
    /// Version of the interpreter in the image, as `3.13`.
    pub python: String,
    /// Folder in the image.
    pub target: String,
    /// Paths (globs) to leave out, as `/opt/site/*/tests`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// An npm project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NpmLayer {
    /// Folder beside the recipe with package.json and package-lock.json.
    pub project: String,
    /// Files of the project (globs) that the image does not depend on, as `**/*.test.ts`. They are not there while it is
    /// built, and when they change it is not built again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Files of Go modules put into the project first: the sources of a front end that come with its back end.
    /// Here `/` in `copy` is the project's folder. The project's own files win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub go_module_files: Vec<GoModuleFilesLayer>,
    /// Whether a script compiles C or C++ (a native addon): then a compiler, make and Python are needed. Default: no.
    #[serde(default)]
    pub native: bool,
    /// Scripts of package.json to run after `npm ci`, in order. Settings of npm go to an `.npmrc` in the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// What is kept: path in the project -> path in the image.
    pub copy: BTreeMap<String, String>,
}

/// A file, folder or link of our own. Exactly one of `from`, `text`, `link` and `directory` is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path in the image.
    pub path: String,
    /// File beside the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The content itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What a symbolic link points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Make an empty folder.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub directory: bool,
    /// Permission bits in octal, as `"0755"`. Default: 0644 for files, 0755 for folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Numeric owner as `uid` or `uid:gid`. Default: 0:0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Images put into containerd's own store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContainerdStoreLayer {
    /// Folder beside the recipe with the Go program that writes the store: it is run as
    /// `PROGRAM ROOT NAME=OCI-LAYOUT ...` and writes below ROOT.
    pub writer: String,
    /// Reference that the node asks for -> folder of its recipe, beside this recipe's folder.
    pub images: BTreeMap<String, String>,
}

/// The program that reads the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramLayer {
    /// Path in the image.
    pub path: String,
}

/// How a container of the image starts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageConfig {
    /// User, as `uid` or `uid:gid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The program that is started, with arguments that are always given; empty for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Further arguments, which whoever starts it may replace; without `entrypoint` the program itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Environment variables, value by name; `PATH` is set to the usual folders if it is not among them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The folder that the program is started in, as an absolute path; `/` if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// Paths that get a volume of their own wherever the container runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    /// The signal that asks it to end, as `SIGQUIT`; SIGTERM if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Labels of the image, value by name, besides those that the builder sets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}
