//! `pypi` layers: Python packages installed for the image's interpreter by a pip of another interpreter.

use std::fs;
use std::path::Path;

use super::context::Context;
use super::error::BuildError;
use super::files::put_folder;
use super::glob::Patterns;
use super::golang::Built;
use super::tools::Toolset;
use super::tree::Tree;
use super::{Architecture, Package, PackageSource};
use backstack_common::report::Progress;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::PypiLayer;

/// Installs a layer's packages.
///
/// # Errors
/// pip is missing or refuses; the requirements have no hashes.
pub(super) async fn install(
    context: &Context,
    recipe: &FileTree,
    layer: &PypiLayer,
    merged_usr: bool,
    progress: &Progress,
) -> Result<Built, BuildError> {
    let work = context.work().folder()?;
    let failed = || BuildError::io(format!("cannot write to {}", work.path().display()));
    let (requirements, site) = (work.path().join("requirements.txt"), work.path().join("site"));
    let name = recipe.display(&layer.requirements);
    let text = recipe.read(&layer.requirements).map_err(BuildError::io(format!("cannot read {name}")))?;
    fs::write(&requirements, text).map_err(failed())?;
    progress.detail(format!("installing Python packages of {name}"));
    let tool = context.tools().gentle(Toolset::Python, "python3", format!("installing {name}")).await?.with(|python| {
        python.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-compile"]);
        python.args([
            "--require-hashes",
            "--only-binary=:all:",
            "--implementation",
            "cp",
            "--python-version",
            &layer.python,
        ]);
        // The requirements are complete, and made for the image's interpreter: pip would judge both what else is
        // needed and which interpreter may be used by the host's own.
        python.args(["--no-deps", "--ignore-requires-python"]);
        for platform in platforms(context.architecture()) {
            python.args(["--platform", &platform]);
        }
        python.arg("--target").arg(&site).arg("-r").arg(&requirements);
        python.env("PYTHONDONTWRITEBYTECODE", "1");
    });
    tool.follow(|line| progress.detail(line.trim().to_string()), |_| {}).await?;
    normalize_scripts(&site).map_err(failed())?;
    let mut tree = Tree::new(merged_usr);
    put_folder(&mut tree, &site, &layer.target)?;
    let exclude = Patterns::new(&layer.exclude);
    tree.retain(|path| !exclude.covers(path));
    Ok((tree, packages(&site).map_err(failed())?, Some(work)))
}

/// Names of the platforms whose wheels run on the image's glibc, newest first.
fn platforms(architecture: Architecture) -> Vec<String> {
    let machine = match architecture {
        Architecture::Amd64 => "x86_64",
        Architecture::Arm64 => "aarch64",
    };
    let glibc = [
        "manylinux_2_35",
        "manylinux_2_34",
        "manylinux_2_31",
        "manylinux_2_28",
        "manylinux_2_27",
        "manylinux_2_24",
        "manylinux_2_17",
        "manylinux2014",
    ];
    glibc.iter().map(|name| format!("{name}_{machine}")).collect()
}

/// Scripts name the host's interpreter, and RECORD their digests: neither belongs into the image.
fn normalize_scripts(site: &Path) -> std::io::Result<()> {
    for script in folder(&site.join("bin")) {
        let bytes = fs::read(&script)?;
        if let Some(end) = bytes.iter().position(|byte| *byte == b'\n').filter(|_| bytes.starts_with(b"#!")) {
            let mut text = b"#!/usr/bin/python3".to_vec();
            text.extend(&bytes[end..]);
            fs::write(&script, text)?;
        }
    }
    for record in folder(site).into_iter().map(|path| path.join("RECORD")).filter(|path| path.is_file()) {
        let text = fs::read_to_string(&record)?;
        let mut kept: Vec<&str> =
            text.lines().filter(|line| !line.contains("../bin/") && !line.starts_with("bin/")).collect();
        kept.sort_unstable();
        fs::write(&record, kept.join("\n") + "\n")?;
    }
    Ok(())
}

fn folder(path: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// What is installed, from the folders `NAME-VERSION.dist-info`.
fn packages(site: &Path) -> std::io::Result<Vec<Package>> {
    let mut found = Vec::new();
    for metadata in folder(site).into_iter().map(|path| path.join("METADATA")).filter(|path| path.is_file()) {
        let text = fs::read_to_string(metadata)?;
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default();
        found.push(Package {
            source: PackageSource::Pypi,
            name: field("Name").into(),
            version: field("Version").into(),
        });
    }
    found.sort();
    Ok(found)
}
