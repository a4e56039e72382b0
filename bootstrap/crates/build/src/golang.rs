//! `go` and `go_module_files` layers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;

use super::compilers::Compilers;
use super::context::Context;
use super::error::BuildError;
use super::files::disk_entry;
use super::glob::{Patterns, is_pattern};
use super::go_module;
use super::process::Tool;
use super::tools::Toolset;
use super::tree::{Entry, Tree};
use super::workdir::materialize;
use super::{Architecture, Package, PackageSource};
use backstack_common::report::Progress;
use backstack_stack::files::FileTree;
use backstack_stack::go_mod;
use backstack_stack::recipe::{GoLayer, GoModuleFilesLayer, RECIPE_FILE};

mod replaced;

/// Depth of the module below its temporary folder, so that `replace` lines may lead upwards.
const DEPTH: &str = "1/2/3/4/5/6/7/module";

/// A Go module on disk for the `go` command.
pub(super) struct Module {
    root: TempDir,
    name: String,
    /// As go.mod calls it.
    import_path: String,
}

impl Module {
    /// Copies the module, and the folders its `replace` lines name, to a temporary folder.
    ///
    /// # Errors
    /// go.mod or go.sum is missing, or a folder cannot be copied.
    pub(super) fn new(context: &Context, recipe: &FileTree, module: &str) -> Result<Self, BuildError> {
        let folder = recipe.join(module);
        let description = folder.read("go.mod").unwrap_or_default();
        let description = String::from_utf8_lossy(&description);
        if go_mod::needs_sums(&description) && !folder.exists("go.sum") {
            let problem = "it is missing, so the modules' content cannot be checked; run `go mod tidy`";
            return Err(BuildError::recipe(folder.display("go.sum"), problem));
        }
        let root = context.work().folder()?;
        for (place, folder) in go_module::folders(recipe, module)? {
            let target = root.path().join(DEPTH).join(&place);
            if place.iter().filter(|part| *part == "..").count() > DEPTH.split('/').count() {
                return Err(BuildError::recipe(folder.display("go.mod"), "a `replace` line leads too far up"));
            }
            std::fs::create_dir_all(&target).map_err(BuildError::io(format!("cannot make {}", target.display())))?;
            materialize(&folder, &go_module::files(&folder)?, &target)?;
        }
        let import_path =
            description.lines().find_map(|line| line.strip_prefix("module ")).unwrap_or_default().trim().into();
        Ok(Self { root, name: folder.display("."), import_path })
    }

    fn path(&self) -> PathBuf {
        self.root.path().join(DEPTH)
    }

    /// A `go` command in the module; the user's own proxies and caches apply.
    async fn go(&self, context: &Context, what: &str, settings: &Settings) -> Result<Tool, BuildError> {
        let set = if settings.cgo { Toolset::GoWithC(settings.architecture) } else { Toolset::Go };
        let (cgo, architecture) = (if settings.cgo { "1" } else { "0" }, settings.architecture.as_str());
        Ok(context.tools().gentle(set, "go", what).await?.with(|go| {
            go.current_dir(self.path()).env("GOOS", "linux").env("GOARCH", architecture).env("CGO_ENABLED", cgo);
            go.env("GOFLAGS", "-mod=readonly").env("GOTOOLCHAIN", "local").env("GOWORK", "off");
            // These change the program, so the user's own must not count.
            go.env_remove("GOEXPERIMENT").env("GOAMD64", "v1").env("GOARM64", "v8.0");
            // Without `-g`: the program is stripped anyway.
            go.env("CGO_CFLAGS", "-O2").env_remove("CGO_LDFLAGS");
            if settings.cgo {
                Compilers::of(settings.architecture).choose(go);
            }
            // The compiler collects no garbage until it has this much: a sixth less time.
            if std::env::var_os("GOGC").is_none() {
                go.env("GOGC", "off").env("GOMEMLIMIT", "1536MiB");
            }
        }))
    }

    /// A turn to compile these packages, once their modules are there. These are fetched in a turn of another kind, which ends
    /// with that: fetching waits for the network, not for a core.
    ///
    /// # Errors
    /// Go is missing, or a module cannot be had.
    pub(super) async fn turn<'a>(
        &self,
        context: &'a Context,
        fetching: SemaphorePermit<'_>,
        packages: &[&str],
        settings: &Settings,
        progress: &Progress,
    ) -> Result<SemaphorePermit<'a>, BuildError> {
        self.fetch(context, packages, settings, progress).await?;
        drop(fetching);
        Ok(context.compile_turn(progress).await)
    }

    async fn fetch(
        &self,
        context: &Context,
        packages: &[&str],
        settings: &Settings,
        progress: &Progress,
    ) -> Result<(), BuildError> {
        let tool = self.go(context, &format!("fetching modules of {}", self.name), settings).await?.with(|go| {
            // The list itself is of no use.
            go.args(["list", "-deps", "-f", "{{\"\"}}"]).args(settings.tag_flags()).args(packages);
        });
        let told = |line: &str| {
            if let Some(module) = line.strip_prefix("go: downloading ") {
                progress.detail(format!("fetching {module}"));
            }
        };
        tool.without_noise(is_progress).run(told).await.map(drop)
    }

    /// A package's path as Go tells it.
    fn full_path(&self, package: &str) -> String {
        match package.strip_prefix('.') {
            Some(below) => format!("{}{below}", self.import_path),
            None => package.into(),
        }
    }

    /// Compiles one program, and gives `turn` back as soon as only the linker is left, which has no use for a second core.
    ///
    /// # Errors
    /// Go is missing or says no.
    pub(super) async fn build(
        &self,
        context: &Context,
        program: &Program<'_>,
        settings: &Settings,
        progress: &Progress,
        mut turn: Option<SemaphorePermit<'_>>,
    ) -> Result<(), BuildError> {
        let Program { name, package, output } = program;
        let what = format!("compiling {package} in {}", self.name);
        progress.detail(format!("compiling {name}"));
        let mut packages = 0_u32;
        let last = self.full_path(package);
        let tool = self.go(context, &what, settings).await?.with(|go| {
            go.args(["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags"]).arg(&settings.ldflags);
            // What a debugger reads is stripped in the end: the compiler need not write it.
            go.arg("-gcflags=all=-dwarf=false").args(settings.tag_flags());
            go.arg("-o").arg(output).arg(package);
        });
        let tool = tool.without_noise(is_progress);
        let told = |line: &str| match line.strip_prefix("go: downloading ") {
            Some(module) => progress.detail(format!("fetching {module} for {name}")),
            None if is_progress(line) => {
                packages += 1;
                if line == last {
                    turn.take();
                }
                progress.detail(format!("compiling {name}: {packages} packages, {line}"));
            }
            None => {}
        };
        tool.run(told).await.map(drop)
    }

    /// Where a module's files lie, after they were fetched and checked against go.sum.
    async fn download(&self, context: &Context, module: &str, settings: &Settings) -> Result<Downloaded, BuildError> {
        let what = format!("fetching Go module {module} for {}", self.name);
        let tool = self.go(context, &what, settings).await?.with(|go| {
            go.args(["mod", "download", "-json", module]);
        });
        let output = tool.run(|_| {}).await?;
        let wrong = |problem: String| BuildError::recipe(format!("{}/go.mod", self.name), problem);
        let found: Downloaded =
            serde_json::from_str(&output).map_err(|error| wrong(format!("module {module}: {error}")))?;
        let sums = std::fs::read_to_string(self.path().join("go.sum")).unwrap_or_default();
        let line = format!("{} {} {}", found.path, found.version, found.sum);
        if sums.lines().any(|known| known == line) {
            Ok(found)
        } else {
            Err(wrong(format!("module {module} {} is not in go.sum", found.version)))
        }
    }
}

/// With -v, Go prints the path of each package that it compiles, and each module that it fetches.
fn is_progress(line: &str) -> bool {
    !line.contains(' ') || line.starts_with("go: downloading ")
}

/// A program to compile.
pub(super) struct Program<'a> {
    /// For people.
    pub name: &'a str,
    /// An import path, or `.` for the module's own.
    pub package: &'a str,
    pub output: &'a Path,
}

/// How programs are compiled.
pub(super) struct Settings {
    pub architecture: Architecture,
    pub cgo: bool,
    pub tags: Vec<String>,
    pub ldflags: String,
}

impl Settings {
    pub(super) fn plain(architecture: Architecture) -> Self {
        Self { architecture, cgo: false, tags: Vec::new(), ldflags: "-s -w".into() }
    }

    fn of(layer: &GoLayer, architecture: Architecture) -> Self {
        let mut ldflags = vec!["-s -w".to_string()];
        ldflags.extend(layer.ldflags.iter().cloned());
        Self { architecture, cgo: layer.cgo, tags: layer.tags.clone(), ldflags: ldflags.join(" ") }
    }

    fn tag_flags(&self) -> Vec<String> {
        if self.tags.is_empty() { Vec::new() } else { vec!["-tags".into(), self.tags.join(",")] }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    path: String,
    version: String,
    dir: PathBuf,
    sum: String,
}

/// What `go mod download -json` says of one module.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    dir: Option<PathBuf>,
    error: Option<String>,
}

/// Runs `go mod download -json` for one module; gives the folder with its files.
///
/// # Errors
/// The module cannot be had.
pub(super) async fn folder_of(module: &str, tool: Tool) -> Result<PathBuf, BuildError> {
    let mut output = String::new();
    let ended = tool.follow(|line| output.push_str(line), |_| {}).await;
    let failed = |problem: String| BuildError::Package { package: module.into(), problem };
    match (serde_json::from_str(&output).ok(), ended) {
        (Some(Answer { dir: Some(folder), .. }), _) => Ok(folder),
        (Some(Answer { error: Some(error), .. }), _) => Err(failed(error)),
        (_, Err(error)) => Err(error),
        (_, Ok(())) => Err(failed("it has no files".into())),
    }
}

/// A built layer's tree; the folder must live until the tree is written.
pub(super) type Built = (Tree, Vec<Package>, Option<TempDir>);

/// Compiles a layer's programs.
///
/// # Errors
/// The recipe is wrong, Go is missing, or a program does not compile.
pub(super) async fn programs(
    context: &Context,
    recipe: &FileTree,
    layer: &GoLayer,
    merged_usr: bool,
    progress: &Progress,
) -> Result<Built, BuildError> {
    let settings = Settings::of(layer, context.architecture());
    let module = Module::new(context, recipe, &layer.module)?;
    let output = context.work().folder()?;
    let wrong = |path: &str, problem: String| {
        BuildError::recipe(recipe.display(RECIPE_FILE), format!("program {path}: {problem}"))
    };
    let mut tree = Tree::new(merged_usr);
    let mut packages = BTreeMap::new();
    // First of all, so that images come in the order in which the stack names them.
    let fetching = context.fetch_turn().await;
    replaced::replace_files(context, &module, &layer.replace_files, &settings, recipe).await?;
    let wanted: Vec<_> = layer.programs.values().map(String::as_str).collect();
    let mut turn = Some(module.turn(context, fetching, &wanted, &settings, progress).await?);
    let count = layer.programs.len();
    for (number, (path, package)) in layer.programs.iter().enumerate() {
        let file = output.path().join(number.to_string());
        let name = path.rsplit('/').next().unwrap_or(path);
        let done_with = turn.take_if(|_| number + 1 == count);
        module.build(context, &Program { name, package, output: &file }, &settings, progress, done_with).await?;
        let entry =
            Entry::disk(&file, 0o755).map_err(|error| wrong(path, format!("{package} gave no program: {error}")))?;
        tree.put(path, entry).map_err(|problem| wrong(path, problem.to_string()))?;
        packages.extend(modules_of(context, &file).await?);
    }
    for (path, target) in &layer.links {
        tree.put(path, Entry::symlink(target)).map_err(|problem| wrong(path, problem.to_string()))?;
    }
    let packages = packages.into_iter().map(|(name, version)| Package { source: PackageSource::Go, name, version });
    Ok((tree, packages.collect(), Some(output)))
}

/// The modules that went into a program, by name.
async fn modules_of(context: &Context, program: &Path) -> Result<BTreeMap<String, String>, BuildError> {
    let tool = context.tools().tool(Toolset::Go, "go", "reading a program's modules").await?.with(|go| {
        go.args(["version", "-m"]).arg(program);
    });
    let output = tool.run(|_| {}).await?;
    let module = |line: &str| {
        let mut words = line.split_whitespace();
        matches!(words.next()?, "dep" | "=>").then_some(())?;
        Some((words.next()?.to_string(), words.next().unwrap_or("(devel)").to_string()))
    };
    Ok(output.lines().filter_map(module).collect())
}

/// Copies files of a module.
///
/// # Errors
/// The module or a file in it does not exist.
pub(super) async fn module_files(
    context: &Context,
    recipe: &FileTree,
    layer: &GoModuleFilesLayer,
    merged_usr: bool,
    progress: &Progress,
) -> Result<Built, BuildError> {
    progress.detail(format!("fetching files of {}", layer.module));
    let module = Module::new(context, recipe, &layer.in_module)?;
    let found = module.download(context, &layer.module, &Settings::plain(context.architecture())).await?;
    let mut tree = Tree::new(merged_usr);
    for (from, to) in &layer.copy {
        let copied = copy(&found.dir, from, to, &mut tree)?;
        if copied == 0 {
            let problem = format!("{} {} has no files at `{from}`", found.path, found.version);
            return Err(BuildError::recipe(recipe.display(RECIPE_FILE), problem));
        }
    }
    let package = Package { source: PackageSource::Go, name: found.path, version: found.version };
    Ok((tree, vec![package], None))
}

/// Copies what lies in the folder `from`, or the files that the pattern matches, into `to`.
fn copy(module: &Path, from: &str, to: &str, tree: &mut Tree) -> Result<usize, BuildError> {
    let (mut copied, place) = (0, place(from));
    for file in walkdir::WalkDir::new(module).sort_by_file_name().into_iter().flatten() {
        let relative = file.path().strip_prefix(module).expect("below the module").to_string_lossy();
        let Some(name) = place(&relative).filter(|_| file.file_type().is_file()) else { continue };
        let entry =
            disk_entry(file.path()).map_err(BuildError::io(format!("cannot read {}", file.path().display())))?;
        let path = format!("{to}/{name}");
        if let Some(entry) = entry {
            tree.put(&path, entry).map_err(|problem| BuildError::recipe(&path, problem.to_string()))?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// A file's place below the target: its path in the folder, or its name if it matches the pattern.
fn place(from: &str) -> impl Fn(&str) -> Option<&str> {
    let pattern = is_pattern(from).then(|| Patterns::new(&[from]));
    let from = from.trim_matches('/');
    move |file| {
        let name = file.rsplit('/').next().unwrap_or(file);
        match (&pattern, file.strip_prefix(from)) {
            (Some(pattern), _) => pattern.matches(file).then_some(name),
            (None, Some("")) => Some(name),
            (None, Some(rest)) if from.is_empty() || from == "." => Some(rest),
            (None, rest) => rest?.strip_prefix('/'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_module_find_their_place() {
        assert_eq!(place("config/crds")("config/crds/a/x.yaml"), Some("a/x.yaml"));
        assert_eq!(place("config/*/a/*.yaml")("config/crds/a/x.yaml"), Some("x.yaml"));
        assert_eq!(place("config/crds")("config/crds.yaml"), None);
        assert_eq!(place("/config/crds.yaml")("config/crds.yaml"), Some("crds.yaml"));
        assert_eq!(place("")("config/crds.yaml"), Some("config/crds.yaml"));
    }
}
