//! The file of a kubeconfig: read, and changed under the lock that kubectl itself takes (`FILE.lock`, made exclusively).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use backstack_files::input;
use backstack_files::text::{self, Encoding};
use backstack_files::user_file::{self, Readers};

use super::{ClusterError, problem};

const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The lock is held for milliseconds; one this old was left by something that was killed.
const LOCK_STALE: Duration = Duration::from_secs(60);
/// There are keys in it.
const READERS: Readers = Readers::AsBefore;

/// The text of a file.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub text: String,
    pub encoding: Encoding,
    /// Whether there is such a file.
    pub exists: bool,
}

/// What is to become of a file.
pub(super) enum Change {
    Keep,
    Write(String),
    Delete,
}

/// Reads a file; one that is not there is empty.
pub(super) fn read(path: &Path) -> Result<Content, ClusterError> {
    let bytes = match input::file(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(problem(path, &format!("cannot be read: {error}"))),
    };
    match text::decode(&bytes) {
        Ok((text, encoding)) => Ok(Content { text: text.into_owned(), encoding, exists: true }),
        Err(error) => Err(problem(path, &format!("is malformed: {error} (line {})", error.line))),
    }
}

/// The file that a path leads to, through all links; it need not be there.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, ClusterError> {
    user_file::resolve(path).map_err(|error| problem(path, &format!("cannot be read: {error}")))
}

/// Reads, changes and replaces the file under its lock.
pub(super) fn change(
    path: &Path,
    edit: impl FnOnce(&Content) -> Result<Change, ClusterError>,
) -> Result<(), ClusterError> {
    let real = resolve(path)?;
    let unwritten = |error: io::Error| problem(path, &format!("cannot be written: {error}"));
    user_file::make_folder(user_file::folder_of(&real), READERS).map_err(unwritten)?;
    let _locks = Locks::take(path, &real)?;
    let content = read(&real)?;
    match edit(&content)? {
        Change::Keep => Ok(()),
        Change::Delete => fs::remove_file(&real).map_err(unwritten),
        Change::Write(text) => user_file::write(&real, &content.encoding.encode(&text), READERS).map_err(unwritten),
    }
}

/// The locks on a file and on the link that leads to it: kubectl locks the name that it was given.
struct Locks {
    _link: Option<Lock>,
    _file: Lock,
}

impl Locks {
    fn take(path: &Path, real: &Path) -> Result<Self, ClusterError> {
        let link = (path != real).then(|| Lock::take(path));
        let link = match link {
            // Where kubectl cannot make its lock, it does not write either.
            Some(Err(Taken::Refused(_))) | None => None,
            Some(lock) => Some(lock.map_err(|taken| taken.explain(path))?),
        };
        Ok(Self { _link: link, _file: Lock::take(real).map_err(|taken| taken.explain(real))? })
    }
}

/// kubectl's own lock on a kubeconfig.
struct Lock(PathBuf);

enum Taken {
    Refused(io::Error),
    Held(PathBuf),
}

impl Taken {
    fn explain(self, path: &Path) -> ClusterError {
        match self {
            Self::Refused(error) => problem(path, &format!("cannot be locked: {error}")),
            Self::Held(lock) => problem(path, &format!("is locked by another program ({} exists)", lock.display())),
        }
    }
}

impl Lock {
    fn take(path: &Path) -> Result<Self, Taken> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let start = SystemTime::now();
        loop {
            match File::create_new(&lock) {
                Ok(_) => return Ok(Self(lock)),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Taken::Refused(error)),
                Err(_) => {}
            }
            if age(&lock).is_some_and(|age| age > LOCK_STALE) {
                // Nobody holds the lock that long. If another process is quicker to remove it, so be it.
                drop(fs::remove_file(&lock));
            } else if start.elapsed().unwrap_or_default() > LOCK_PATIENCE {
                return Err(Taken::Held(lock));
            } else {
                // A lock file gives no event to wait for.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn put(path: &Path, text: &str) {
        change(path, |_| Ok(Change::Write(text.into()))).expect("written");
    }

    #[test]
    fn a_change_follows_links_and_leaves_neither_locks_nor_temporary_files() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        symlink("b", at("a")).expect("link");
        symlink("deep/real", at("b")).expect("link");
        put(&at("a"), "one");
        put(&at("a"), "two");
        assert_eq!(fs::read_to_string(at("deep/real")).expect("read"), "two");
        assert_eq!(fs::metadata(at("deep/real")).expect("file").mode() & 0o777, 0o600);
        symlink("circle", at("circle")).expect("link");
        let error = change(&at("circle"), |_| Ok(Change::Keep)).expect_err("a circle");
        assert!(error.to_string().contains("cannot be read: it is a link that leads to itself"), "{error}");
        for (folder, count) in [(folder.path(), 4), (&at("deep"), 1)] {
            let left: Vec<_> = fs::read_dir(folder).expect("folder").flatten().map(|entry| entry.file_name()).collect();
            assert_eq!(left.len(), count, "{left:?}");
        }
        change(&at("a"), |_| Ok(Change::Delete)).expect("deleted");
        assert!(at("b").is_symlink() && !at("deep/real").exists());
    }

    #[test]
    fn a_held_lock_is_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let (path, link) = (folder.path().join("config"), folder.path().join("link"));
        symlink(&path, &link).expect("link");
        for name in [&path, &link] {
            let Ok(held) = Lock::take(name) else { panic!("free") };
            let through = link.clone();
            let waiting = std::thread::spawn(move || put(&through, "x"));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!path.exists());
            drop(held);
            waiting.join().expect("written after the lock was free");
            fs::remove_file(&path).expect("made");
        }
    }
}
