//! Writes a file that is somebody's so that it stays whose and what it was: owner, group, mode, access list, links.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes it, whole or not at all wherever the system lets us. A private one is its owner's alone afterwards.
pub fn write(path: &Path, content: &[u8], private: bool) -> std::io::Result<()> {
    let path = followed(path);
    match std::fs::metadata(&path) {
        Ok(about) => replace(&path, &about, content, private),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && private => {
            crate::http::write_private(&path, content)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => crate::http::write_shared(&path, content),
        Err(error) => Err(error),
    }
}

/// Takes it away, if it is there. A link stays: it was there before the file.
pub fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(followed(path)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Where a link leads: dotfiles often live elsewhere, and the link has to stay.
fn followed(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| match std::fs::read_link(path) {
        // It leads to a file that is not there yet.
        Ok(target) => path.parent().map_or(target.clone(), |folder| folder.join(&target)),
        Err(_) => path.into(),
    })
}

#[cfg(not(unix))]
fn replace(path: &Path, _: &std::fs::Metadata, content: &[u8], _: bool) -> std::io::Result<()> {
    crate::http::write_shared(path, content)
}

#[cfg(unix)]
fn replace(path: &Path, about: &std::fs::Metadata, content: &[u8], private: bool) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = about.mode() & if private { 0o700 } else { 0o7777 };
    // Another name of the same file would go on naming the old one.
    let one_name = about.nlink() == 1;
    if one_name && as_another(path, about, content, mode, private).is_ok() {
        return Ok(());
    }
    // What cannot be given to its owner anew is written where it is.
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    if private {
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    }
    file.set_len(0)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Another file takes the place of this one as soon as it is complete and the same in everything but its content.
#[cfg(unix)]
fn as_another(path: &Path, about: &std::fs::Metadata, content: &[u8], mode: u32, private: bool) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let name = format!(".{}.{}", hex::encode(rand::random::<[u8; 6]>()), std::process::id());
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
    let mut file = options.open(&temporary)?;
    let written = (|| {
        file.write_all(content)?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (about.uid(), about.gid()) {
            fchown(&file, Some(about.uid()), Some(about.gid()))?;
        }
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        if !private {
            attributes(&std::fs::File::open(path)?, &file)?;
        }
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    })();
    written.inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Access lists and labels of one file to another.
#[cfg(unix)]
fn attributes(from: &std::fs::File, to: &std::fs::File) -> std::io::Result<()> {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    let mut names = vec![0; 64 * 1024];
    let length = match flistxattr(from, &mut names[..]) {
        Ok(length) => length,
        // A file system without any.
        Err(rustix::io::Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut value = vec![0; 64 * 1024];
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let length = fgetxattr(from, name, &mut value[..])?;
        let mut had = vec![0; length];
        // Labels that the system gave already need no right to be given.
        if fgetxattr(to, name, &mut had[..]).is_ok_and(|same| had[..same] == value[..length]) {
            continue;
        }
        fsetxattr(to, name, &value[..length], XattrFlags::empty())?;
    }
    Ok(())
}
