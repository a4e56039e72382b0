//! What a Go module is made of: its folder and those of ours that its go.mod puts in the place of other modules.
//!
//! So a module that several programs share counts in the keys of all that use it, and goes where they are compiled.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::error::BuildError;
use backstack_stack::files::FileTree;
use backstack_stack::go_mod;
use backstack_stack::recipe::RECIPE_FILE;

/// The files that a module's programs are compiled from: without other modules in its folder, a recipe beside go.mod, and tests.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files(folder: &FileTree) -> Result<Vec<String>, BuildError> {
    let mut files = folder.files().map_err(BuildError::io(format!("cannot read {}", folder.display("."))))?;
    let nested: Vec<String> =
        files.iter().filter_map(|file| file.strip_suffix("/go.mod")).map(|path| format!("{path}/")).collect();
    files.retain(|file| {
        let beside = file == RECIPE_FILE || file.ends_with("_test.go");
        !beside && !nested.iter().any(|path| file.starts_with(path))
    });
    Ok(files)
}

/// A module's folder and those that `replace` lines name, its own and those of the modules there, each with its place
/// relative to the module.
///
/// # Errors
/// go.mod is missing, or a folder it names is.
pub(super) fn folders(tree: &FileTree, module: &str) -> Result<Vec<(PathBuf, FileTree)>, BuildError> {
    let mut found: Vec<(PathBuf, FileTree)> = vec![(PathBuf::new(), tree.join(module))];
    let mut seen = BTreeSet::from([PathBuf::new()]);
    let mut next = 0;
    while let Some((place, folder)) = found.get(next).cloned() {
        next += 1;
        let file = folder.display("go.mod");
        let bytes = folder.read("go.mod").map_err(BuildError::io(format!("cannot read {file}")))?;
        for (name, path) in go_mod::replaced(&String::from_utf8_lossy(&bytes)) {
            let target = normal(&place.join(path));
            let replacement = folder.join(path);
            if !replacement.exists("go.mod") {
                // Met by whoever copies a stack without the folder beside it.
                let problem = format!("it takes {name} from {path}, and there is no {}", replacement.display("go.mod"));
                return Err(BuildError::recipe(file, format!("{problem}; copy that folder too, or correct the line")));
            }
            if seen.insert(target.clone()) {
                found.push((target, replacement));
            }
        }
    }
    Ok(found)
}

/// Resolves `..` by name; what leaves the start stays as leading `..`.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if result.file_name().is_some() => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_wherever_replace_lines_lead() {
        let root = tempfile::tempdir().expect("temporary folder");
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, text).expect("write");
        };
        write("a/b/go.mod", "module b\nreplace (\n\tx v1.0.0 => ../../x\n\tz => z.example v1.0.0\n)\n");
        write("x/go.mod", "module x\nreplace y => \"./y\"\n");
        write("x/x.go", "package x");
        write("x/x_test.go", "package x");
        write("x/y/go.mod", "module y\n");
        let found = folders(&FileTree::Disk(root.path().join("a")), "b").expect("folders");
        let places: Vec<_> = found.iter().map(|(place, _)| place.display().to_string()).collect();
        assert_eq!(places, ["", "../../x", "../../x/y"]);
        assert_eq!(files(&found[1].1).expect("files"), ["go.mod", "x.go"], "neither tests nor another module");
        std::fs::remove_dir_all(root.path().join("x/y")).expect("remove");
        let error = folders(&FileTree::Disk(root.path().join("a")), "b").expect_err("a folder is missing").to_string();
        assert!(error.contains("takes y from ./y") && error.contains("x/go.mod"), "{error}");
    }
}
