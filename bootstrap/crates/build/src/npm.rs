//! `npm` layers: a project installed by its lock file and built by its own scripts.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tokio::process::Command;

use super::compilers::Compilers;
use super::context::Context;
use super::error::BuildError;
use super::files::{disk_entry, put_folder};
use super::golang::{Built, module_files};
use super::recipe::is_source;
use super::tools::Toolset;
use super::tree::{Node, Tree};
use super::workdir::materialize;
use super::{Architecture, Package, PackageSource};
use backstack_common::report::Progress;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::{NpmLayer, RECIPE_FILE};

/// Installs and builds a project, and copies what is kept of it.
///
/// # Errors
/// npm is missing, the lock file is, a script fails, or nothing lies where something should be kept.
pub(super) async fn build(
    context: &Context,
    recipe: &FileTree,
    layer: &NpmLayer,
    merged_usr: bool,
    progress: &Progress,
) -> Result<Built, BuildError> {
    let project = recipe.join(&layer.project);
    let lock = project
        .read("package-lock.json")
        .map_err(BuildError::io(format!("cannot read {}", project.display("package-lock.json"))))?;
    let work = context.work().folder()?;
    let name = project.display(".");
    let mut modules = Vec::new();
    for files in &layer.go_module_files {
        let (tree, packages, _) = module_files(context, recipe, files, false, progress).await?;
        write(&tree, work.path()).map_err(BuildError::io(format!("cannot copy files of {}", files.module)))?;
        modules.extend(packages);
    }
    let mut files = project.files().map_err(BuildError::io(format!("cannot read {name}")))?;
    let is_source = is_source(layer);
    files.retain(|file| is_source(file));
    materialize(&project, &files, work.path())?;
    let target = context.architecture();
    let set = if layer.native { Toolset::NpmNative(target) } else { Toolset::Npm };
    let npm = async |what: String, arguments: &[&str], target: Architecture| {
        // Most of it runs on one core and is what a platform waits for longest: if it made way for the rest, it would only
        // be left over in the end.
        let tool = context.tools().tool(set, "npm", what).await?.with(|npm| {
            npm.current_dir(work.path()).args(arguments).env("CI", "1");
            for_target(npm, target);
        });
        tool.run(|_| {}).await
    };
    {
        let _turn = context.fetch_turn().await;
        progress.detail(format!("installing npm packages of {name}"));
        // The lock file has the digest of every package, so a copy from the cache needs no question to the registry.
        let install = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline"];
        // Its scripts run on this machine, and so do the tools that it installs for them.
        npm(format!("installing {name}"), &install, Architecture::host()).await?;
    }
    // Bundlers and compilers use all cores and much memory by themselves.
    let _turn = context.compile_turn(progress).await;
    for script in &layer.run {
        progress.detail(format!("running `{script}` of {name}"));
        npm(format!("running `{script}` of {name}"), &["run", script], target).await?;
    }
    let mut tree = Tree::new(merged_usr);
    for (from, to) in &layer.copy {
        let path = work.path().join(from);
        let entry = disk_entry(&path).ok().flatten();
        let wrong =
            |problem: String| BuildError::recipe(recipe.display(RECIPE_FILE), format!("npm project {name}: {problem}"));
        match entry {
            None => return Err(wrong(format!("there is no `{from}` after the build"))),
            Some(_) if path.is_dir() => put_folder(&mut tree, &path, to)?,
            Some(entry) => tree.put(to, entry).map_err(|problem| wrong(problem.to_string()))?,
        }
    }
    modules.extend(packages(&lock));
    Ok((tree, modules, Some(work)))
}

/// Tells scripts, and the npm that they call, that they build for another machine than this one.
fn for_target(npm: &mut Command, target: Architecture) {
    // The first three are npm's own, by which it chooses packages; node-gyp and its like go by the last.
    let settings = [("cpu", target.in_npm()), ("os", "linux"), ("libc", "glibc"), ("arch", target.in_npm())];
    for (name, value) in settings.map(|(name, value)| (format!("npm_config_{name}"), value)) {
        match target == Architecture::host() {
            // Nor may the user's own settings make another image.
            true => npm.env_remove(name),
            false => npm.env(name, value),
        };
    }
    Compilers::of(target).choose(npm);
}

/// Writes a tree's files to disk. They are writable, as Go's own copy of a module is not.
fn write(tree: &Tree, folder: &Path) -> io::Result<()> {
    for (path, entry) in tree.entries() {
        let target = folder.join(path);
        match &entry.node {
            Node::Directory => fs::create_dir_all(target)?,
            Node::File { content, size } => {
                io::copy(&mut tree.open(content, *size)?, &mut File::create(target)?)?;
            }
            Node::Symlink(link) => std::os::unix::fs::symlink(link, target)?,
        }
    }
    Ok(())
}

/// The packages of a lock file.
fn packages(lock: &[u8]) -> Vec<Package> {
    let lock: serde_json::Value = serde_json::from_slice(lock).unwrap_or_default();
    let package = |(path, facts): (&String, &serde_json::Value)| {
        let name = path.rsplit_once("node_modules/")?.1.to_string();
        Some(Package { source: PackageSource::Npm, name, version: facts["version"].as_str()?.into() })
    };
    let mut found: Vec<_> = lock["packages"].as_object().into_iter().flatten().filter_map(package).collect();
    found.sort();
    found.dedup();
    found
}
