//! `debian` layers: packages of a Debian suite and what they depend on, unpacked without root.

pub(crate) mod apt;
mod deb;
mod setup;

use std::path::{Path, PathBuf};

use super::error::BuildError;
use super::glob::Patterns;
use super::tree::Tree;
use super::{Package, PackageSource};
use backstack_stack::recipe::DebianLayer;

pub(crate) use apt::Apt;

/// Unpacks fetched packages into one tree.
///
/// # Errors
/// A package is damaged, or the disk is full.
pub(crate) fn unpack(layer: &DebianLayer, files: &[PathBuf], work: &Path) -> Result<(Tree, Vec<Package>), BuildError> {
    let spooling = || BuildError::io(format!("cannot write to {}", work.display()));
    let mut tree = Tree::with_spool(false, work).map_err(spooling())?;
    let mut files: Vec<&PathBuf> = files.iter().collect();
    files.sort_by_key(|file| file.file_name());
    let has_base_files = files.iter().any(|file| package_name(file) == "base-files");
    setup::before(&mut tree, has_base_files).expect("a new tree takes every link");
    let mut controls = Vec::new();
    for file in files {
        let damaged = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::StorageFull => spooling()(error),
            _ => BuildError::Package { package: file.display().to_string(), problem: error.to_string() },
        };
        controls.push(deb::unpack(file, &mut tree).map_err(damaged)?);
    }
    setup::after(&mut tree, &controls).map_err(spooling())?;
    let exclude = Patterns::new(&layer.exclude);
    tree.retain(|path| !exclude.covers(path));
    Ok((tree, controls.iter().map(|control| package(control)).collect()))
}

/// The package's name in a file's: `NAME_VERSION_ARCHITECTURE.deb`.
fn package_name(file: &Path) -> &str {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('_').next().unwrap_or_default()
}

fn package(control: &str) -> Package {
    let field =
        |name: &str| control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default();
    Package { source: PackageSource::Debian, name: field("Package").into(), version: field("Version").into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_become_one_tree_whatever_their_order() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let files = [
            deb::tests::make(
                folder.path(),
                "base-files",
                &[("./var/run/", 0o755, "/"), ("./usr/share/doc/x", 0o644, "x")],
            ),
            deb::tests::make(folder.path(), "tool", &[("./bin/tool", 0o755, "tool"), ("./var/run/tool", 0o755, "/")]),
        ];
        let layer = DebianLayer {
            suite: "trixie".into(),
            packages: vec!["tool".into()],
            without: Vec::new(),
            exclude: vec!["/usr/share/doc/*".into()],
        };
        let reversed: Vec<_> = files.iter().rev().cloned().collect();
        let paths = |files: &[PathBuf]| {
            let (tree, packages) = unpack(&layer, files, folder.path()).expect("unpack");
            assert_eq!(
                packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(),
                ["base-files", "tool"]
            );
            assert_eq!(packages[1].version, "1.0");
            tree.entries().map(|(path, _)| path.clone()).collect::<Vec<_>>()
        };
        let found = paths(&files);
        assert_eq!(found, paths(&reversed));
        let has = |path: &str| found.iter().any(|other| other == path);
        assert!(has("usr/bin/tool") && has("run/tool") && has("usr/share/doc") && has("bin"));
        assert!(!has("usr/share/doc/x") && !has("bin/tool") && !has("var/run/tool"));
    }

    #[test]
    fn a_damaged_package_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("broken_1_all.deb");
        std::fs::write(&file, "nothing").expect("write");
        let layer =
            DebianLayer { suite: "trixie".into(), packages: Vec::new(), without: Vec::new(), exclude: Vec::new() };
        let error = unpack(&layer, &[file], folder.path()).err().expect("damaged").to_string();
        assert!(error.contains("broken_1_all.deb"), "{error}");
    }
}
