//! What is added to a platform's stack: found by a name or a folder, and checked before any platform is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::changes::{Addition, ChangeError, Origin};
use super::files::FileTree;
use super::model::StackFile;
use super::problem::{Problems, StackErrors};
use super::types::Stack;
use super::{read, validate};

/// What a name or folder stands for: one component, or all that a stack lists.
///
/// # Errors
/// It is neither, or its `stack.yaml` is wrong.
pub fn read_additions(what: &str) -> Result<Vec<Addition>, ChangeError> {
    if Stack::builtin_names().iter().any(|name| name == what) {
        return listed(&FileTree::builtin().join(what), &Place::Builtin(what.into()));
    }
    let neither = |reason| ChangeError::Neither { path: what.into(), reason };
    let folder = std::fs::canonicalize(what).map_err(|_| neither("there is no such folder"))?;
    if !folder.is_dir() {
        return Err(neither("it is not a folder"));
    }
    if folder.join("component.yaml").is_file() {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| neither("it has no name"))?;
        return Ok(vec![Addition { name, from: Origin::Folder(folder), parameters: BTreeMap::new() }]);
    }
    if !folder.join("stack.yaml").is_file() {
        return Err(neither("it has neither component.yaml nor stack.yaml"));
    }
    listed(&FileTree::Disk(folder.clone()), &Place::Folder(folder))
}

/// Checks additions on their own, before any platform is asked what it has.
///
/// # Errors
/// Something in their files is wrong: then all of it is told.
pub fn check(what: &str, additions: &[Addition]) -> Result<(), ChangeError> {
    let mut problems = Problems::default();
    for addition in additions {
        if !addition.exists() {
            problems.error(&format!("{}/component.yaml", addition.place()), None, "there is no such file");
            continue;
        }
        validate::alone(&read::added(addition, &mut problems), &mut problems);
    }
    let problems = problems.sorted().errors;
    if problems.is_empty() {
        return Ok(());
    }
    Err(StackErrors::Problems { origin: what.into(), problems }.into())
}

/// Where a stack's own components lie.
enum Place {
    Builtin(String),
    Folder(PathBuf),
}

impl Place {
    fn origin(&self, component: &str) -> Origin {
        match self {
            Self::Builtin(stack) => Origin::Builtin(stack.clone()),
            Self::Folder(stack) => Origin::Folder(stack.join("components").join(component)),
        }
    }
}

fn listed(tree: &FileTree, place: &Place) -> Result<Vec<Addition>, ChangeError> {
    let mut problems = Problems::default();
    let file = read::listing(tree, &mut problems);
    let Some(StackFile { components, .. }) = file.filter(|_| problems.errors.is_empty()) else {
        let problems = problems.sorted().errors;
        return Err(StackErrors::Problems { origin: tree.display(""), problems }.into());
    };
    let additions = components.into_iter().map(|component| {
        let from = component.from.map_or_else(|| place.origin(&component.name), Origin::Builtin);
        Addition { name: component.name, from, parameters: component.parameters }
    });
    Ok(additions.collect())
}
