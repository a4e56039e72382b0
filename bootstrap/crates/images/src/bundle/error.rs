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
    #[error("the bundle {} is cut off: {there} of {all} bytes are there", .path.display())]
    Cut { path: PathBuf, there: u64, all: u64 },
    #[error("the bundle {} is not whole: {there} of {all} blobs are there", .path.display())]
    Missing { path: PathBuf, there: usize, all: usize },
    #[error("piece {} of the bundle is missing", .path.display())]
    NoPiece { path: PathBuf },
    #[error("the bundle {} was made by backstack {made_by}, whose format is a later one", .path.display())]
    Later { path: PathBuf, made_by: String },
    #[error("the bundle {} cannot be read", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the bundle {} cannot be written", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("there is a file {} already", .path.display())]
    Exists { path: PathBuf },
    #[error("{name} would be {size} bytes in one piece, and a piece may have {limit}")]
    LargeBlob { name: String, size: u64, limit: u64 },
}

impl BundleError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }
}

impl Explain for BundleError {
    fn kind(&self) -> ExitKind {
        match self {
            Self::Write { .. } => ExitKind::Prerequisite,
            _ => ExitKind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::NotOne { .. } => "Name a file that `backstack bundle create` made.".into(),
            Self::Broken { .. } | Self::Cut { .. } => {
                "Copy it again from where you have it; `backstack bundle verify` says what of a copy is hurt.".into()
            }
            Self::Missing { .. } | Self::NoPiece { .. } => "Put all pieces into one folder, with their names.".into(),
            Self::Later { .. } => "Take the program that came with it, or a later one.".into(),
            Self::Read { .. } => "See that the file is there and can be read by you.".into(),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "Make room on the disk, or write it to another one with `--output`.".into()
            }
            Self::Write { .. } => "See that you can write there, or name another file with `--output`.".into(),
            Self::Exists { .. } => "Name another file, or remove this one first.".into(),
            Self::LargeBlob { .. } => "Allow larger pieces with `--size`.".into(),
        }]
    }
}
