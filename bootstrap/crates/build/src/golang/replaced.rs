//! `replace_files`: a few files of a required module are others than upstream's.
//!
//! Go lets nobody lay files over its module cache, so the module is copied from there, after go.sum has vouched for it,
//! and takes the place of the original for this one build.

use std::collections::BTreeMap;
use std::fs;

use super::{Module, Settings};
use crate::context::Context;
use crate::error::BuildError;
use crate::workdir::materialize;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::RECIPE_FILE;

/// Copies the modules, with files of the recipe in the place of theirs, and has the build use the copies.
///
/// # Errors
/// A module is not required or not as go.sum has it, or a file is not there: neither ours, nor theirs.
pub(super) async fn replace_files(
    context: &Context,
    module: &Module,
    replaced: &BTreeMap<String, BTreeMap<String, String>>,
    settings: &Settings,
    recipe: &FileTree,
) -> Result<(), BuildError> {
    for (number, (path, files)) in replaced.iter().enumerate() {
        let found = module.download(context, path, settings).await?;
        let place = format!("./replaced-{number}");
        let copy = module.path().join(&place);
        let original = FileTree::Disk(found.dir.clone());
        let all = original.files().map_err(BuildError::io(format!("cannot read {}", found.dir.display())))?;
        materialize(&original, &all, &copy)?;
        for (theirs, ours) in files {
            let wrong = |problem: &str| {
                let problem = format!("`replace_files` of {path} {}: {theirs}: {ours}: {problem}", found.version);
                BuildError::recipe(recipe.display(RECIPE_FILE), problem)
            };
            let target = copy.join(theirs);
            if !target.is_file() {
                return Err(wrong("the module has no such file"));
            }
            fs::copy(module.path().join(ours), &target).map_err(|_| wrong("there is no such file beside go.mod"))?;
        }
        let tool = module.go(context, &format!("replacing {path}"), settings).await?.with(|go| {
            go.args(["mod", "edit"]).arg(format!("-replace={path}={place}"));
        });
        tool.run(|_| {}).await?;
    }
    Ok(())
}
