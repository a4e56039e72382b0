//! ConfigMaps from folders: every file is a key, its content the value, word for word.

use std::collections::BTreeMap;

use super::draft::{Contents, Read};
use super::files::FileTree;
use super::model::{ComponentFile, ConfigMapSource};
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
) -> BTreeMap<String, Contents> {
    let mut maps = BTreeMap::new();
    for (name, source) in component.file.iter().flat_map(|file| &file.config_maps) {
        let pointer = child("/config_maps", name);
        if !is_subdomain(name) {
            let message = format!("`{name}` cannot be the name of a ConfigMap");
            problems.error(&component.name, component.line(&pointer), message);
        }
        let (parts, faults) = parts(tree, source);
        let line = component.line(&child(&pointer, "folder"));
        problems.errors.extend(faults.into_iter().map(|(file, message)| match file {
            Some(file) => Problem { file: format!("{prefix}{}/{file}", source.folder), line: None, message },
            None => Problem { file: component.name.clone(), line: Some(line), message },
        }));
        maps.extend(source.names(name).into_iter().zip(parts));
    }
    maps
}

/// What is wrong: with a file, or with the folder.
type Fault = (Option<String>, String);

/// What is in each of the ConfigMaps that a folder becomes.
fn parts(tree: &FileTree, source: &ConfigMapSource) -> (Vec<Contents>, Vec<Fault>) {
    let (contents, mut faults) = contents(tree, &source.folder);
    let most = source.parts.unwrap_or(1);
    let size: usize = contents.iter().map(size_of).sum();
    let parts = spread(contents, most);
    if parts.len() > most {
        let limit = most * LARGEST;
        let message = match most {
            1 => format!("folder `{}` has {size} bytes; a ConfigMap holds {limit} at most", source.folder),
            _ => format!(
                "folder `{}` has {size} bytes, which do not fit into {most} ConfigMaps of {LARGEST}",
                source.folder
            ),
        };
        faults.push((None, format!("{message}; spread it over more with `parts`")));
    }
    (parts, faults)
}

/// Fills one ConfigMap after another: at least so many, and more where the files do not fit.
fn spread(contents: Contents, least: usize) -> Vec<Contents> {
    let mut parts = vec![(0, Contents::new()); least];
    for (key, content) in contents {
        let size = key.len() + content.len();
        let place = match parts.iter().position(|(used, _)| used + size <= LARGEST) {
            Some(place) => place,
            None => {
                parts.push((0, Contents::new()));
                parts.len() - 1
            }
        };
        let (used, part) = &mut parts[place];
        *used += size;
        part.insert(key, content);
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

fn size_of((key, content): (&String, &Vec<u8>)) -> usize {
    key.len() + content.len()
}

fn contents(tree: &FileTree, folder: &str) -> (Contents, Vec<Fault>) {
    let whole = |message: String| (Contents::new(), vec![(None, message)]);
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
    let (mut contents, mut faults) = (Contents::new(), Vec::new());
    for file in files {
        match entry(&folder_tree, &file) {
            Ok((key, content)) => {
                if contents.insert(key.clone(), content).is_some() {
                    faults.push((Some(file), format!("is key `{key}` of the ConfigMap, and so is another file")));
                }
            }
            Err(message) => faults.push((Some(file), message)),
        }
    }
    (contents, faults)
}

fn entry(folder: &FileTree, file: &str) -> Result<(String, Vec<u8>), String> {
    let key = file.replace('/', SLASH);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !key.bytes().all(allowed) || key.len() > 253 {
        return Err("cannot be a key of a ConfigMap: letters, digits and `-_.` only, 253 characters at most".into());
    }
    let content = folder.read(file).map_err(|error| format!("cannot be read: {error}"))?;
    Ok((key, content.into_owned()))
}
