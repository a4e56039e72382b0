//! `replace_files`: a few files of a required module are others than upstream's.
//!
//! Go lets nobody lay files over its module cache, so the module is copied from there, after go.sum has vouched for it,
//! and takes the place of the original for this one build.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::{Module, Settings};
use crate::source::error::SourceError;
use crate::source::recipe::RECIPE_FILE;
use crate::stack::files::FileTree;

/// Copies the modules, with files of the recipe in the place of theirs, and has the build use the copies.
///
/// # Errors
/// A module is not required or not as go.sum has it, or a file is not there: neither ours, nor theirs.
pub async fn replace_files(
    module: &Module,
    replaced: &BTreeMap<String, BTreeMap<String, String>>,
    settings: &Settings,
    recipe: &FileTree,
) -> Result<(), SourceError> {
    for (number, (path, files)) in replaced.iter().enumerate() {
        let found = module.download(path, settings).await?;
        let place = format!("./replaced-{number}");
        let copy = module.path().join(&place);
        copy_folder(&found.dir, &copy).map_err(SourceError::io(format!("cannot copy {}", found.dir.display())))?;
        for (theirs, ours) in files {
            let wrong = |problem: &str| {
                let problem = format!("`replace_files` of {path} {}: {theirs}: {ours}: {problem}", found.version);
                SourceError::recipe(recipe.display(RECIPE_FILE), problem)
            };
            let target = copy.join(theirs);
            fs::remove_file(&target).map_err(|_| wrong("the module has no such file"))?;
            fs::copy(module.path().join(ours), &target).map_err(|_| wrong("there is no such file beside go.mod"))?;
        }
        let tool = module.go(&format!("replacing {path}"), settings)?.with(|go| {
            go.args(["mod", "edit"]).arg(format!("-replace={path}={place}"));
        });
        tool.run(|_| {}).await?;
    }
    Ok(())
}

/// Copies a folder of plain files; the copies can be changed, as Go's own cannot.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from).expect("below it"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            io::copy(&mut fs::File::open(entry.path())?, &mut fs::File::create(&target)?)?;
        }
    }
    Ok(())
}
