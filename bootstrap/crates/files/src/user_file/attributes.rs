//! What a file is besides its content.

#[cfg(unix)]
mod unix {
    use std::fs::{self, File, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, fchown};
    use std::path::Path;

    use xattr::FileExt;

    use super::super::Readers;

    /// Where Linux keeps an access list.
    const ACCESS_LIST: &str = "system.posix_acl_access";

    /// Gives a new file what the old one has; an error where that is not possible.
    pub(crate) fn copy(path: &Path, about: &Metadata, new: &File, readers: Readers) -> io::Result<()> {
        let fresh = new.metadata()?;
        if (fresh.uid(), fresh.gid()) != (about.uid(), about.gid()) {
            fchown(new, Some(about.uid()), Some(about.gid()))?;
        }
        further(&File::open(path)?, new, readers)?;
        let kept = if readers == Readers::Owner { 0o700 } else { 0o7777 };
        new.set_permissions(Permissions::from_mode(about.mode() & kept))
    }

    /// Access lists and labels. Not every file system has them.
    fn further(old: &File, new: &File, readers: Readers) -> io::Result<()> {
        let Ok(names) = old.list_xattr() else { return Ok(()) };
        // Whom a list names besides its owner may not read what is the owner's alone.
        let names: Vec<_> = names.filter(|name| readers != Readers::Owner || name != ACCESS_LIST).collect();
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
    pub(crate) fn of_the_folder(folder: &Path, new: &Path) -> io::Result<()> {
        let about = fs::metadata(folder)?;
        if rustix::process::geteuid().is_root() && about.uid() != 0 {
            chown(new, Some(about.uid()), Some(about.gid()))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
pub(super) use unix::{copy, of_the_folder};

#[cfg(not(unix))]
mod other {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    use super::super::Readers;

    pub fn copy(_: &Path, about: &Metadata, new: &File, _: Readers) -> io::Result<()> {
        new.set_permissions(about.permissions())
    }

    pub fn of_the_folder(_: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
pub use other::{copy, of_the_folder};
