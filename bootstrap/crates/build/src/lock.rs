//! One builder at a time for one thing, among the tasks of this process and among processes.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::error::BuildError;
use backstack_common::file_lock;

/// Locks by name.
pub(super) struct Locks {
    folder: PathBuf,
    tasks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Held as long as the work takes.
pub(super) struct Held {
    _file: File,
    _task: OwnedMutexGuard<()>,
}

impl Locks {
    /// # Errors
    /// The folder cannot be made.
    pub(super) fn new(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.into(), tasks: Mutex::default() })
    }

    /// Waits until nobody else holds the name.
    ///
    /// # Errors
    /// The lock's file cannot be made.
    pub(super) async fn hold(&self, name: &str) -> Result<Held, BuildError> {
        let task = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.entry(name.into()).or_default().clone()
        };
        let task = task.lock_owned().await;
        let path = self.folder.join(name);
        let failed = || BuildError::io(format!("cannot lock {}", path.display()));
        let file = File::create(&path).map_err(failed())?;
        file_lock::wait(&file, File::try_lock).await.map_err(failed())?;
        Ok(Held { _file: file, _task: task })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_same_name_waits_and_another_does_not() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let locks = Locks::new(folder.path()).expect("locks");
        let other_process = Locks::new(folder.path()).expect("locks");
        let held = locks.hold("a").await.expect("lock");
        locks.hold("b").await.expect("another name");
        let soon = Duration::from_millis(300);
        assert!(tokio::time::timeout(soon, locks.hold("a")).await.is_err());
        assert!(tokio::time::timeout(soon, other_process.hold("a")).await.is_err());
        drop(held);
        other_process.hold("a").await.expect("free again");
    }
}
