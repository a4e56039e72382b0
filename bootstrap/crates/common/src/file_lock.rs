//! Waits for a lock on a file, which another program may hold.

use std::fs::{File, TryLockError};
use std::io;
use std::time::Duration;

/// How long until the lock is asked for again. The kernel can wait for a file lock only by blocking a thread for good, which
/// would survive a Ctrl-C; asking again is what is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until `lock` (as [`File::try_lock`]) has it. It ends with the file.
///
/// # Errors
/// The file system knows no locks.
pub async fn wait(file: &File, lock: impl Fn(&File) -> Result<(), TryLockError>) -> io::Result<()> {
    loop {
        match lock(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
