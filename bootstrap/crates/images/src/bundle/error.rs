//! What can be wrong with a bundle.

use std::io;
use std::path::{Path, PathBuf};

use backstack_common::error::{ExitKind, Explain};

/// A bundle cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file is something else.
    #[error("{} is not a bundle: {why}", .path.display())]
    NotOne {
        /// The file that was named; of several pieces, the first.
        path: PathBuf,
        /// What shows that it is none.
        why: String,
    },
    /// It is a bundle, and says of itself what is not so.
    #[error("the bundle {} is damaged: {what}", .path.display())]
    Broken {
        /// The file that was named; of several pieces, the one that is damaged or the first.
        path: PathBuf,
        /// What is wrong in it.
        what: String,
    },
    /// A part of it is not there.
    #[error("the bundle {} is not whole: {what}", .path.display())]
    Missing {
        /// The file that was named; of several pieces, the first.
        path: PathBuf,
        /// Which part, or how much of it is there.
        what: String,
    },
    /// It is of a format that this program does not know.
    #[error("the bundle {} was made by backstack {made_by}, whose format is a later one", .path.display())]
    Later {
        /// The file that was named; of several pieces, the first.
        path: PathBuf,
        /// Version of backstack that made it.
        made_by: String,
    },
    /// The file cannot be opened, read or written.
    #[error("the bundle {} cannot be {what}", .path.display())]
    File {
        /// That file.
        path: PathBuf,
        /// `read`, `written` or `signed`: it completes "cannot be ...".
        what: &'static str,
        /// What the system says to that, or the program that signs.
        source: io::Error,
    },
    /// Nothing is written over a file that is there.
    #[error("there is a file {} already", .path.display())]
    Exists {
        /// That file.
        path: PathBuf,
    },
    /// It has only what is new, and the bundle that it stands on is in none of the files beside it.
    #[error("the bundle {} has only what is new since {base}, and that one is not beside it", .path.display())]
    NoBase {
        /// The file that was named.
        path: PathBuf,
        /// Name of the file that the other bundle had when this one was made.
        base: String,
    },
    /// A blob cannot be split, and is larger than a piece may be.
    #[error("{name} would be {size} bytes in one piece, and a piece may have {limit}")]
    LargeBlob {
        /// Its name in the archive, as `blobs/sha256/...`.
        name: String,
        /// Bytes of the blob with its header.
        size: u64,
        /// Bytes that a piece may have.
        limit: u64,
    },
}

const WRITTEN: &str = "written";

impl BundleError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, what: "read", source }
    }

    pub(crate) fn sign(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, what: "signed", source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, what: WRITTEN, source }
    }
}

impl Explain for BundleError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::File { what, .. } if *what == WRITTEN => ExitKind::Prerequisite,
            _ => ExitKind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::NotOne { .. } => "Name a file that `backstack bundle create` made.".into(),
            Self::Broken { .. } => {
                "Copy it again from where you have it; `backstack bundle verify` says what of a copy is hurt.".into()
            }
            Self::Missing { .. } => {
                "Copy it again from where you have it; of one in pieces, put all into one folder.".into()
            }
            Self::Later { .. } => "Take the program that came with it, or a later one.".into(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "Make room on the disk, or write it to another one with `--file`.".into()
            }
            Self::File { what: "signed", .. } => "See that `ssh-keygen -Y sign` works with this key.".into(),
            Self::File { what, .. } => format!("See that the file can be {what} by you, or name another one."),
            Self::Exists { .. } => "Name another file, or remove this one first.".into(),
            Self::NoBase { base, .. } => {
                format!("Copy {base} into the same folder; it may have another name, if it ends in `.bundle`.")
            }
            Self::LargeBlob { .. } => "Allow larger pieces with `--size`.".into(),
        }]
    }
}
