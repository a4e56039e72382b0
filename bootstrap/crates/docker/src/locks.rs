//! What the platforms of an engine share, while several programs of one user run at once: the network with its
//! addresses, and the registry.
//!
//! The engine itself would make two networks of one name, give one address to two containers, and take away the network
//! of a platform that has no node yet. So programs take turns by locks on files in the cache, which end with the program,
//! however it ends. Where no such file can be made, they go on without: the engine refuses what cannot be.

use std::fs::{File, TryLockError};

use backstack_common::file_lock;
use backstack_common::folders;

/// A lock, until it is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it is held, not read")] File);

/// Another program makes a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse;

/// Keeps what is shared from being taken away: as many programs as like may hold this. Waits while one takes it away.
pub async fn using() -> Option<Held> {
    hold("platforms", File::try_lock_shared).await
}

/// The right to take away what is shared.
///
/// # Errors
/// [`InUse`] if a program holds [`using`]. None of them has to have made anything yet.
pub fn alone() -> Result<Option<Held>, InUse> {
    let Some(file) = open("platforms") else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(Held(file))),
        Err(TryLockError::WouldBlock) => Err(InUse),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// A turn to make the network or the registry or to take them away, or to choose an address and take it. Short.
pub async fn turn() -> Option<Held> {
    hold("network", File::try_lock).await
}

async fn hold(name: &str, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Option<Held> {
    let file = open(name)?;
    file_lock::wait(&file, lock).await.ok()?;
    Some(Held(file))
}

fn open(name: &str) -> Option<File> {
    let folder = folders::cache().ok()?.join("locks");
    std::fs::create_dir_all(&folder).ok()?;
    File::options().create(true).append(true).open(folder.join(name)).ok()
}
