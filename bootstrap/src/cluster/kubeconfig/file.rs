//! The file of a kubeconfig: read and replaced so that owner, group, mode, further attributes and links stay.
//!
//! It is changed under the lock that kubectl itself takes (`FILE.lock`, made exclusively), and replaced in one step, so
//! that nothing is lost if we are killed in the middle. Where a replacement could not keep what the file is (it is
//! mounted by itself, has a second name, belongs to somebody else), the file is written in place, as kubectl does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use backstack_mcp::text::{self, Encoding};

use super::{ClusterError, problem};

const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The lock is held for milliseconds; one this old was left by something that was killed.
const LOCK_STALE: Duration = Duration::from_secs(60);
/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// The text of a file.
#[derive(Debug, Default)]
pub struct Content {
    pub text: String,
    pub encoding: Encoding,
    /// Whether there is such a file.
    pub exists: bool,
}

/// What is to become of a file.
pub enum Change {
    Keep,
    Write(String),
    Delete,
}

/// Reads a file; one that is not there is empty.
pub fn read(path: &Path) -> Result<Content, ClusterError> {
    let bytes = match fs::read(path) {
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
pub fn resolve(path: &Path) -> Result<PathBuf, ClusterError> {
    let mut real = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&real) {
            Ok(target) => real = folder_of(&real).join(target),
            Err(_) => return Ok(real),
        }
    }
    Err(problem(path, "cannot be read: it is a link that leads to itself"))
}

/// The folder that a file lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Reads, changes and replaces the file under its lock.
pub fn change(path: &Path, edit: impl FnOnce(&Content) -> Result<Change, ClusterError>) -> Result<(), ClusterError> {
    let real = resolve(path)?;
    let unwritten = |error: io::Error| problem(path, &format!("cannot be written: {error}"));
    make_folder(folder_of(&real)).map_err(unwritten)?;
    let _locks = Locks::take(path, &real)?;
    let content = read(&real)?;
    match edit(&content)? {
        Change::Keep => Ok(()),
        Change::Delete => fs::remove_file(&real).map_err(unwritten),
        Change::Write(text) => write(&real, &content.encoding.encode(&text)).map_err(unwritten),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
    file.write_all(bytes)?;
    let replaced = match fs::metadata(path) {
        Ok(about) => attributes::copy(path, &about, file.as_file()),
        // Temporary files are readable by their owner alone, as a file with keys should be.
        Err(_) => attributes::of_the_folder(folder_of(path), file.path()),
    };
    file.as_file().sync_all()?;
    match replaced.and_then(|()| file.persist(path).map(drop).map_err(|error| error.error)) {
        Err(_) if path.exists() => in_place(path, bytes),
        other => other,
    }
}

fn in_place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = fs::read(path)?;
    let put = |bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()
    };
    put(bytes).inspect_err(|_| {
        // A full disk has room for what was there.
        let _ = put(&before);
    })
}

/// Makes a folder and those around it, each for the owner of the one that it lies in.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    make_folder(parent)?;
    fs::create_dir(folder).or_else(|error| if folder.is_dir() { Ok(()) } else { Err(error) })?;
    attributes::of_the_folder(parent, folder)
}

#[cfg(unix)]
mod attributes {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::os::unix::fs::{MetadataExt, chown, fchown};
    use std::path::Path;

    use xattr::FileExt;

    /// Gives a new file what the old one has; an error where that is not possible.
    pub fn copy(path: &Path, about: &Metadata, new: &File) -> io::Result<()> {
        if about.nlink() > 1 {
            return Err(io::Error::other("the file has a second name"));
        }
        let fresh = new.metadata()?;
        if (fresh.uid(), fresh.gid()) != (about.uid(), about.gid()) {
            fchown(new, Some(about.uid()), Some(about.gid()))?;
        }
        further(&File::open(path)?, new)?;
        new.set_permissions(about.permissions())
    }

    /// Access lists and labels. Not every file system has them.
    fn further(old: &File, new: &File) -> io::Result<()> {
        let Ok(names) = old.list_xattr() else { return Ok(()) };
        let names: Vec<_> = names.collect();
        // A folder may give access lists to what is made in it.
        for name in new.list_xattr()?.filter(|name| !names.contains(name)) {
            new.remove_xattr(name)?;
        }
        for name in names {
            let value = old.get_xattr(&name)?;
            if let Some(value) = value.filter(|value| new.get_xattr(&name).ok().flatten().as_ref() != Some(value)) {
                new.set_xattr(&name, &value)?;
            }
        }
        Ok(())
    }

    /// What root makes in somebody's folder is that person's, or they could not use it.
    pub fn of_the_folder(folder: &Path, new: &Path) -> io::Result<()> {
        let about = fs::metadata(folder)?;
        if rustix::process::geteuid().is_root() && about.uid() != 0 {
            chown(new, Some(about.uid()), Some(about.gid()))?;
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod attributes {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub fn copy(_: &Path, about: &Metadata, new: &File) -> io::Result<()> {
        new.set_permissions(about.permissions())
    }

    pub fn of_the_folder(_: &Path, _: &Path) -> io::Result<()> {
        Ok(())
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
                let _ = fs::remove_file(&lock);
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
        let _ = fs::remove_file(&self.0);
    }
}

fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn put(path: &Path, text: &str) {
        change(path, |_| Ok(Change::Write(text.into()))).expect("written");
    }

    fn root() -> bool {
        rustix::process::geteuid().is_root()
    }

    #[test]
    fn owner_group_mode_and_attributes_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        fs::write(&path, "a").expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
        let labelled = xattr::set(&path, "user.note", b"mine").is_ok();
        let access = acl(&path);
        if root() {
            std::os::unix::fs::chown(&path, Some(4321), Some(1234)).expect("owner");
        }
        let before = fs::metadata(&path).expect("file");
        put(&path, "b");
        let after = fs::metadata(&path).expect("file");
        assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
        assert_eq!(fs::read_to_string(&path).expect("read"), "b");
        assert_ne!(before.ino(), after.ino(), "it is replaced, not written over");
        if labelled {
            assert_eq!(xattr::get(&path, "user.note").expect("read").as_deref(), Some(&b"mine"[..]));
        }
        if let Some(access) = access {
            assert_eq!(xattr::get(&path, ACL).expect("read"), Some(access));
        }
    }

    const ACL: &str = "system.posix_acl_access";

    /// Lets one more user read, as `setfacl -m u:77:r` does, where the file system knows access lists.
    fn acl(path: &Path) -> Option<Vec<u8>> {
        let mut bytes = vec![2, 0, 0, 0];
        for (tag, permissions, id) in
            [(1u16, 6u16, u32::MAX), (2, 4, 77), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
        {
            bytes.extend([&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat());
        }
        xattr::set(path, ACL, &bytes).ok()?;
        xattr::get(path, ACL).expect("read")
    }

    #[test]
    fn links_stay_wherever_they_lead() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        symlink("b", at("a")).expect("link");
        symlink("deep/real", at("b")).expect("link");
        // Dangling at first.
        put(&at("a"), "one");
        put(&at("a"), "two");
        assert!(fs::symlink_metadata(at("a")).expect("link").is_symlink());
        assert!(fs::symlink_metadata(at("b")).expect("link").is_symlink());
        assert_eq!(fs::read_to_string(at("deep/real")).expect("read"), "two");
        assert_eq!(fs::metadata(at("deep/real")).expect("file").mode() & 0o777, 0o600);
        // A second name of the same file.
        fs::hard_link(at("deep/real"), at("other")).expect("link");
        put(&at("a"), "three, and longer");
        put(&at("a"), "4");
        assert_eq!(fs::read_to_string(at("other")).expect("read"), "4");
        symlink("circle", at("circle")).expect("link");
        let error = change(&at("circle"), |_| Ok(Change::Keep)).expect_err("a circle");
        assert!(error.to_string().contains("leads to itself"), "{error}");
        let left: Vec<_> =
            fs::read_dir(folder.path()).expect("folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 5, "neither locks nor temporary files stay: {left:?}");
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        if !root() {
            return;
        }
        let folder = tempfile::tempdir().expect("folder");
        std::os::unix::fs::chown(folder.path(), Some(4321), Some(1234)).expect("owner");
        let path = folder.path().join(".kube/config");
        put(&path, "a");
        for path in [&path, folder_of(&path)] {
            let about = fs::metadata(path).expect("made");
            assert_eq!((about.uid(), about.gid()), (4321, 1234), "{}", path.display());
        }
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

    #[test]
    fn what_cannot_be_replaced_is_written_in_place() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        fs::write(&path, "before").expect("write");
        let node = fs::metadata(&path).expect("file").ino();
        in_place(&path, b"x").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "x");
        assert_eq!(fs::metadata(&path).expect("file").ino(), node);
    }
}
