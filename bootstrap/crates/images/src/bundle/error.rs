//! What can be wrong with a bundle.

use std::io;
use std::path::{Path, PathBuf};

use backstack_common::error::{ExitKind, Explain};

/// A bundle cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{} is not a bundle: {why}", .path.display())]
    NotOne { path: PathBuf, why: String },
    #[error("the bundle {} is damaged: {what}", .path.display())]
    Broken { path: PathBuf, what: String },
    #[error("the bundle {} is not whole: {what}", .path.display())]
    Missing { path: PathBuf, what: String },
    #[error("the bundle {} was made by backstack {made_by}, whose format is a later one", .path.display())]
    Later { path: PathBuf, made_by: String },
    #[error("the bundle {} cannot be {what}", .path.display())]
    File { path: PathBuf, what: &'static str, source: io::Error },
    #[error("there is a file {} already", .path.display())]
    Exists { path: PathBuf },
    #[error("the bundle {} has only what is new since {base}, and that one is not beside it", .path.display())]
    NoBase { path: PathBuf, base: String },
    #[error("{name} would be {size} bytes in one piece, and a piece may have {limit}")]
    LargeBlob { name: String, size: u64, limit: u64 },
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
