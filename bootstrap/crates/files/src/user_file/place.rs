//! Where a path leads, and the folders around it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Readers, attributes};

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// The file that a path leads to, through all links; it need not be there.
///
/// # Errors
/// A link that leads to itself.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut real = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&real) {
            Ok(target) => real = folder_of(&real).join(target),
            Err(_) => return Ok(real),
        }
    }
    Err(io::Error::other("it is a link that leads to itself"))
}

/// The folder that a file lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder and those around it, each for the owner of the one that it lies in, and for others as `readers` says.
///
/// # Errors
/// One of them cannot be made.
pub fn make_folder(folder: &Path, readers: Readers) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder_of(folder);
    make_folder(parent, readers)?;
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    match builder.create(folder) {
        Ok(()) => attributes::of_the_folder(parent, folder),
        // Somebody else was quicker.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}
