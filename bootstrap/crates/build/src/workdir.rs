//! Temporary folders: recipes' files put on disk for the tools.
//!
//! Every process has a folder of its own under `<cache>/tmp`, locked while it lives; what a killed
//! process left is removed by the next one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::BuildError;
use backstack_stack::files::FileTree;

/// The process's own folder for temporary files.
pub(super) struct WorkRoot {
    folder: TempDir,
    _lock: File,
}

impl WorkRoot {
    /// Makes the folder, and removes those of processes that are gone.
    ///
    /// # Errors
    /// The cache directory is not writable.
    pub(super) fn new(cache: &Path) -> io::Result<Self> {
        let parent = cache.join("tmp");
        fs::create_dir_all(&parent)?;
        // Nobody may sweep between the making of a folder and its locking.
        let guard = File::create(parent.join("guard"))?;
        guard.lock()?;
        sweep(&parent);
        let folder = TempDir::new_in(&parent)?;
        let lock = File::create(lock_path(folder.path()))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder, removed when it is dropped.
    ///
    /// # Errors
    /// The cache directory is not writable.
    pub(super) fn folder(&self) -> Result<TempDir, BuildError> {
        let what = format!("cannot make a folder in {}", self.path().display());
        TempDir::new_in(self.path()).map_err(BuildError::io(what))
    }
}

impl Drop for WorkRoot {
    fn drop(&mut self) {
        // The next process removes it if this fails.
        drop(fs::remove_file(lock_path(self.folder.path())));
    }
}

/// The lock lies beside the folder, so that it can be held while the folder is removed.
fn lock_path(folder: &Path) -> PathBuf {
    folder.with_extension("lock")
}

fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for lock in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "lock"))
    {
        let gone = File::open(&lock).is_ok_and(|file| file.try_lock().is_ok());
        if gone {
            // A leftover that cannot be removed is tried again next time.
            drop(fs::remove_dir_all(lock.with_extension("")));
            drop(fs::remove_file(&lock));
        }
    }
}

/// Writes files of a tree below a folder.
///
/// # Errors
/// A file cannot be read or the disk is full.
pub(super) fn materialize(tree: &FileTree, files: &[String], target: &Path) -> Result<(), BuildError> {
    let copy = |file: &str| -> io::Result<()> {
        let path = target.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, tree.read(file)?)
    };
    for file in files {
        copy(file).map_err(BuildError::io(format!("cannot copy {}", tree.display(file))))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_of_the_dead_are_removed_and_the_living_keep_theirs() {
        let cache = tempfile::tempdir().expect("temporary folder");
        let living = WorkRoot::new(cache.path()).expect("root");
        let dead = cache.path().join("tmp/dead");
        fs::create_dir_all(dead.join("files")).expect("folder");
        fs::write(lock_path(&dead), b"").expect("lock");
        let other = WorkRoot::new(cache.path()).expect("root");
        assert!(!dead.exists() && !lock_path(&dead).exists());
        assert!(living.path().is_dir() && other.path().is_dir());
        let path = other.path().to_owned();
        drop(other);
        assert!(!path.exists() && !lock_path(&path).exists());
    }
}
