//! `files` layers, and folders on disk as layers.

use std::path::Path;

use super::error::BuildError;
use super::tree::{Entry, Tree};
use backstack_common::words::number;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::{FileEntry, RECIPE_FILE};

/// The tree of a `files` layer.
///
/// # Errors
/// An entry is malformed, or a file it names is missing.
pub(super) fn build(recipe: &FileTree, entries: &[FileEntry], merged_usr: bool) -> Result<Tree, BuildError> {
    let mut tree = Tree::new(merged_usr);
    for entry in entries {
        let wrong = |problem: String| {
            BuildError::recipe(recipe.display(RECIPE_FILE), format!("file {}: {problem}", entry.path))
        };
        let (uid, gid) = owner(entry).map_err(wrong)?;
        let content = content(recipe, entry, mode(entry).map_err(wrong)?, wrong)?;
        tree.put(&entry.path, content.owned_by(uid, gid)).map_err(|problem| wrong(problem.to_string()))?;
    }
    Ok(tree)
}

fn content(
    recipe: &FileTree,
    entry: &FileEntry,
    mode: Option<u32>,
    wrong: impl Fn(String) -> BuildError,
) -> Result<Entry, BuildError> {
    if !entry.path.starts_with('/') {
        return Err(wrong("the path must start with `/`".into()));
    }
    match (&entry.from, &entry.text, &entry.link, entry.directory) {
        (Some(from), None, None, false) => {
            let bytes = recipe.read(from).map_err(BuildError::io(format!("cannot read {}", recipe.display(from))))?;
            Ok(Entry::bytes(bytes, mode.unwrap_or(0o644)))
        }
        (None, Some(text), None, false) => Ok(Entry::bytes(text.clone().into_bytes(), mode.unwrap_or(0o644))),
        (None, None, Some(link), false) => Ok(Entry::symlink(link)),
        (None, None, None, true) => Ok(Entry::directory(mode.unwrap_or(0o755))),
        _ => Err(wrong("give exactly one of `from`, `text`, `link` and `directory`".into())),
    }
}

fn mode(entry: &FileEntry) -> Result<Option<u32>, String> {
    let Some(text) = &entry.mode else { return Ok(None) };
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o7777 => Ok(Some(mode)),
        _ => Err(format!("`{text}` is not a mode: expected octal digits, as \"0755\"")),
    }
}

fn owner(entry: &FileEntry) -> Result<(u64, u64), String> {
    let Some(text) = &entry.owner else { return Ok((0, 0)) };
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    match (number::<u32>(uid), number::<u32>(gid)) {
        (Some(uid), Some(gid)) => Ok((uid.into(), gid.into())),
        _ => Err(format!("`{text}` is not an owner: expected numbers, as \"1000\" or \"1000:1000\"")),
    }
}

/// Puts a folder on disk into a tree. Permissions become 0755 or 0644 by the owner's execute bit:
/// what the disk has depends on the user's umask.
///
/// # Errors
/// The folder cannot be read, or holds what no layer can.
pub(super) fn put_folder(tree: &mut Tree, folder: &Path, target: &str) -> Result<(), BuildError> {
    let failed = |source: walkdir::Error| BuildError::Io {
        what: format!("cannot read {}", folder.display()),
        source: source.into(),
    };
    for found in walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name() {
        let found = found.map_err(failed)?;
        let relative = found.path().strip_prefix(folder).expect("below the folder").to_string_lossy();
        let path = format!("{target}/{relative}");
        let entry =
            disk_entry(found.path()).map_err(BuildError::io(format!("cannot read {}", found.path().display())))?;
        if let Some(entry) = entry {
            tree.put(&path, entry).map_err(|problem| BuildError::recipe(&path, problem.to_string()))?;
        }
    }
    Ok(())
}

/// What stands at a path on disk; nothing for sockets and the like.
///
/// # Errors
/// It cannot be read.
pub(super) fn disk_entry(path: &Path) -> std::io::Result<Option<Entry>> {
    let metadata = path.symlink_metadata()?;
    if metadata.is_dir() {
        return Ok(Some(Entry::directory(0o755)));
    }
    if metadata.is_symlink() {
        return Ok(Some(Entry::symlink(std::fs::read_link(path)?.to_string_lossy())));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    Entry::disk(path, if executable(&metadata) { 0o755 } else { 0o644 }).map(Some)
}

fn executable(metadata: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    return !metadata.permissions().readonly();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    fn try_build(yaml: &str) -> Result<Tree, BuildError> {
        let entries: Vec<FileEntry> = serde_yaml::from_str(yaml).expect("entries");
        build(&FileTree::Disk("/nowhere".into()), &entries, true)
    }

    #[test]
    fn every_kind_of_entry() {
        let tree = try_build(
            r#"
- {path: /bin/run, text: "x", mode: "4755", owner: "1000"}
- {path: /bin/awk, link: mawk}
- {path: /data, directory: true, owner: "5:6"}
"#,
        )
        .expect("tree");
        let run = tree.get("usr/bin/run").expect("in the merged /usr");
        assert_eq!((run.mode, run.uid, run.gid), (0o4755, 1000, 1000));
        let awk = tree.entries().find(|(path, _)| *path == "usr/bin/awk").expect("link").1;
        assert!(matches!(&awk.node, Node::Symlink(target) if target == "mawk"));
        assert_eq!(tree.get("data").map(|data| (data.mode, data.uid, data.gid)), Some((0o755, 5, 6)));
    }

    #[test]
    fn malformed_entries_are_named() {
        let cases = [
            ("[{path: x, text: a}]", "must start with `/`"),
            ("[{path: /x}]", "exactly one"),
            ("[{path: /x, text: a, link: b}]", "exactly one"),
            ("[{path: /x, text: a, mode: '9'}]", "not a mode"),
            ("[{path: /x, text: a, owner: root}]", "not an owner"),
            ("[{path: /../x, text: a}]", "leaves the image's root"),
            ("[{path: /x, from: gone}]", "/nowhere/gone"),
        ];
        for (yaml, expected) in cases {
            let error = try_build(yaml).err().expect(yaml).to_string();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
    }
}
