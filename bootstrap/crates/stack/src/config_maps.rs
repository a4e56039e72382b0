//! ConfigMaps from folders: every file is a key, its text the value, word for word.

use std::collections::BTreeMap;

use super::draft::{Read, Texts};
use super::files::FileTree;
use super::model::ComponentFile;
use super::problem::{Problem, Problems};
use super::yaml::child;
use backstack_common::words::is_subdomain;

/// What stands in a key for the `/` of a path: keys cannot have one.
const SLASH: &str = "__";
/// A ConfigMap holds 1 MiB; names and labels need some of it.
const LARGEST: usize = 1_000_000;

/// Reads the folders of all ConfigMaps of a component; what is wrong is told.
pub(super) fn read(
    tree: &FileTree,
    prefix: &str,
    component: &Read<ComponentFile>,
    problems: &mut Problems,
) -> BTreeMap<String, Texts> {
    let mut maps = BTreeMap::new();
    for (name, source) in component.file.iter().flat_map(|file| &file.config_maps) {
        let pointer = child("/config_maps", name);
        if !is_subdomain(name) {
            let message = format!("`{name}` cannot be the name of a ConfigMap");
            problems.error(&component.name, component.line(&pointer), message);
        }
        let (texts, faults) = texts(tree, &source.folder);
        let line = component.line(&child(&pointer, "folder"));
        problems.errors.extend(faults.into_iter().map(|(file, message)| match file {
            Some(file) => Problem { file: format!("{prefix}{}/{file}", source.folder), line: None, message },
            None => Problem { file: component.name.clone(), line: Some(line), message },
        }));
        maps.insert(name.clone(), texts);
    }
    maps
}

/// What is wrong: with a file, or with the folder.
type Fault = (Option<String>, String);

fn texts(tree: &FileTree, folder: &str) -> (Texts, Vec<Fault>) {
    let whole = |message: String| (Texts::new(), vec![(None, message)]);
    let parts = folder.trim_end_matches('/').split('/');
    if parts.into_iter().any(|part| matches!(part, "" | "." | "..")) || folder.contains('\\') {
        return whole(format!("`{folder}` must be a folder below the component's own, as `files`"));
    }
    let folder_tree = tree.join(folder);
    let files = match folder_tree.files() {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => return whole(format!("there is no file in a folder `{folder}` beside component.yaml")),
        Err(_) if !tree.exists(folder) => return whole(format!("there is no folder `{folder}` beside component.yaml")),
        Err(error) => return whole(format!("folder `{folder}` cannot be read: {error}")),
    };
    let (mut texts, mut faults) = (Texts::new(), Vec::new());
    for file in files {
        match entry(&folder_tree, &file) {
            Ok((key, text)) => {
                if texts.insert(key.clone(), text).is_some() {
                    faults.push((Some(file), format!("is key `{key}` of the ConfigMap, and so is another file")));
                }
            }
            Err(message) => faults.push((Some(file), message)),
        }
    }
    let size: usize = texts.iter().map(|(key, text)| key.len() + text.len()).sum();
    if size > LARGEST {
        faults.push((None, format!("folder `{folder}` has {size} bytes; a ConfigMap holds {LARGEST} at most")));
    }
    (texts, faults)
}

fn entry(folder: &FileTree, file: &str) -> Result<(String, String), String> {
    let key = file.replace('/', SLASH);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !key.bytes().all(allowed) || key.len() > 253 {
        return Err("cannot be a key of a ConfigMap: letters, digits and `-_.` only, 253 characters at most".into());
    }
    let bytes = folder.read(file).map_err(|error| format!("cannot be read: {error}"))?;
    let text = String::from_utf8(bytes.into_owned()).map_err(|_| "is not text (UTF-8)".to_string())?;
    Ok((key, text))
}
