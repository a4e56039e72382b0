//! Files that belong to somebody: written so that they stay whose and what they were.
//!
//! ```text
//! place       where a path leads, and the folders around it
//! attributes  owner, group, mode, access list and labels, from the old file to the new one
//! ```
//!
//! A file is replaced in one step, so that nothing is lost if we are killed in the middle. Where a replacement could not
//! keep what the file is (it is mounted by itself, has a second name, belongs to somebody else), it is written where it
//! lies. Where there is merely no room, it stays as it is.

mod attributes;
mod place;
#[cfg(all(test, unix))]
pub(crate) mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::input;

pub use place::{folder_of, make_folder, resolve};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever could before. A new file: everybody whom the user's own mask lets.
    AsUsual,
    /// Whoever could before. A new file: its owner alone.
    AsBefore,
    /// Its owner alone, whoever could before; of the folders that are made for it too.
    Owner,
}

impl Readers {
    #[cfg(unix)]
    fn new_file(self) -> fs::Permissions {
        let mode = if self == Self::AsUsual { 0o666 } else { 0o600 };
        std::os::unix::fs::PermissionsExt::from_mode(mode)
    }
}

/// Writes the file that a path leads to, whole or not at all wherever the system lets us. Links stay, and missing
/// folders are made. What root makes anew belongs to the owner of the folder that it lies in.
///
/// # Errors
/// The file cannot be written, or is a folder, a pipe or a device; then it is as it was.
pub fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let path = resolve(path)?;
    make_folder(folder_of(&path), readers)?;
    let about = fs::metadata(&path);
    if let Ok(about) = &about {
        input::only_a_file(about)?;
    }
    match about {
        Ok(about) if has_another_name(&about) => in_place(&path, bytes, readers),
        Ok(about) => match replace(&path, bytes, readers, Some(&about)) {
            Err(error) if keeps_its_place(&error) => in_place(&path, bytes, readers),
            replaced => replaced,
        },
        Err(error) if error.kind() == ErrorKind::NotFound => replace(&path, bytes, readers, None),
        Err(error) => Err(error),
    }
}

/// Takes the file away that a path leads to, if it is there. A link stays: it was there before the file.
///
/// # Errors
/// The file cannot be taken away.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(resolve(path)?) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Another name of the same file would go on naming the old one.
fn has_another_name(about: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(about) > 1;
    #[cfg(not(unix))]
    return false;
}

/// Whether a file cannot be replaced for what it is: given to its owner anew, or taken from its place. A disk without
/// room is no such reason: it would cut the file off.
fn keeps_its_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::CrossesDevices
            | ErrorKind::ResourceBusy
            | ErrorKind::ReadOnlyFilesystem
            // Owners and labels that this file system, or this user namespace, does not have.
            | ErrorKind::Unsupported
            | ErrorKind::InvalidInput
    )
}

/// A new file takes the place of the old one as soon as it is complete.
fn replace(path: &Path, bytes: &[u8], readers: Readers, about: Option<&fs::Metadata>) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = new_in(folder, readers, about.is_some())?;
    file.write_all(bytes)?;
    match about {
        Some(about) => attributes::copy(path, about, file.as_file(), readers)?,
        None => attributes::of_the_folder(folder, file.path())?,
    }
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// One that is to be like another is opened to others only once it is that.
#[cfg(unix)]
fn new_in(folder: &Path, readers: Readers, like_another: bool) -> io::Result<tempfile::NamedTempFile> {
    let readers = if like_another { Readers::Owner } else { readers };
    tempfile::Builder::new().permissions(readers.new_file()).tempfile_in(folder)
}

#[cfg(not(unix))]
fn new_in(folder: &Path, _: Readers, _: bool) -> io::Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::new_in(folder)
}

fn in_place(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let before = input::file(path)?;
    let put = |bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).open(path)?;
        if readers == Readers::Owner {
            for_the_owner_alone(&file)?;
        }
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()
    };
    put(bytes).inspect_err(|_| {
        // A full disk has room for what was there.
        drop(put(&before));
    })
}

#[cfg(unix)]
fn for_the_owner_alone(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    // Only the owner may ask for this, even where it is so already.
    if mode & 0o077 == 0 { Ok(()) } else { file.set_permissions(fs::Permissions::from_mode(mode & 0o700)) }
}

#[cfg(not(unix))]
fn for_the_owner_alone(_: &File) -> io::Result<()> {
    Ok(())
}
