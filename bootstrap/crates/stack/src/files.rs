//! A read-only tree of files: embedded in the binary, or a folder on disk.
//!
//! Stacks are read through it, so a built-in stack and a user's own take the same way.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

static STACKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../../stacks");

/// A folder of files. Paths in it are relative, with `/`.
#[derive(Debug, Clone)]
pub enum FileTree {
    /// A folder of the binary's own `stacks/`; the path is relative to it.
    Embedded(PathBuf),
    /// A folder on disk.
    Disk(PathBuf),
}

impl FileTree {
    /// The binary's own `stacks/`.
    pub fn builtin() -> Self {
        Self::Embedded(PathBuf::new())
    }

    /// The folder `path` below this one. `..` may leave this folder but not the embedded root.
    pub fn join(&self, path: &str) -> Self {
        match self {
            Self::Embedded(base) => Self::Embedded(normalize(&base.join(path))),
            Self::Disk(base) => Self::Disk(normalize(&base.join(path))),
        }
    }

    /// How messages name a file of this tree: the path on disk, or `stacks/...` for embedded files.
    pub fn display(&self, path: &str) -> String {
        let full = match self {
            Self::Embedded(base) => Path::new("stacks").join(base).join(path),
            Self::Disk(base) => base.join(path),
        };
        normalize(&full).display().to_string()
    }

    /// Whether a file or folder is at this path, relative to the tree.
    pub fn exists(&self, path: &str) -> bool {
        match self {
            Self::Embedded(base) => {
                let full = normalize(&base.join(path));
                full.as_os_str().is_empty() || STACKS.get_entry(&full).is_some()
            }
            Self::Disk(base) => base.join(path).exists(),
        }
    }

    /// The content of a file.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn read(&self, path: &str) -> std::io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Embedded(base) => STACKS
                .get_file(normalize(&base.join(path)))
                .map(|file| Cow::Borrowed(file.contents()))
                .ok_or_else(|| std::io::ErrorKind::NotFound.into()),
            Self::Disk(base) => backstack_files::input::file(&base.join(path)).map(Cow::Owned),
        }
    }

    /// All files below this folder, as sorted relative paths.
    ///
    /// # Errors
    /// A folder on disk cannot be read.
    pub fn files(&self) -> std::io::Result<Vec<String>> {
        let mut found = Vec::new();
        match self {
            Self::Embedded(base) => {
                let dir = if base.as_os_str().is_empty() { Some(&STACKS) } else { STACKS.get_dir(base) };
                if let Some(dir) = dir {
                    collect(dir, base, &mut found);
                }
            }
            Self::Disk(base) => {
                for entry in walkdir::WalkDir::new(base).follow_links(true) {
                    let entry = entry?;
                    if entry.file_type().is_file() {
                        found.extend(relative(entry.path(), base));
                    }
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

fn collect(dir: &Dir<'static>, base: &Path, found: &mut Vec<String>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(dir, base, found),
            DirEntry::File(file) => found.extend(relative(file.path(), base)),
        }
    }
}

fn relative(path: &Path, base: &Path) -> Option<String> {
    let parts: Vec<_> = path.strip_prefix(base).ok()?.iter().map(|part| part.to_string_lossy()).collect();
    Some(parts.join("/"))
}

/// Resolves `.` and `..` by name alone (no links are followed).
fn normalize(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir if result.file_name().is_some() => {
                result.pop();
            }
            std::path::Component::CurDir => {}
            other => result.push(other),
        }
    }
    result
}
