//! Recipes become OCI images, from package registries alone and without root.
//!
//! ```text
//! recipe     image.yaml -> layers with keys (what the author decided, as digests)
//! builder    keys -> cached or built, one builder at a time for each layer
//! toolbox    a tool that is needed -> one of this machine, or of the builder container
//!   apt_sources  where apt of a machine gets its packages
//!   debian   apt-get chooses and fetches; packages are unpacked here
//!   golang   go build, and files of modules; what a module is made of is in go_module
//!   pypi, npm, files, containerd, program
//! compilers  C compilers, of this machine or for another
//! tree       the files of one layer in memory, their contents on disk
//! machine    tree -> programs that are for another machine than the image
//! layer      tree -> tar + zstd; the bytes depend on the tree alone
//! image      layers -> configuration and manifest
//! archive    image -> what an engine or another program reads
//! ```
//!
//! The same recipe and packages give the same digest, on any machine and in any order.

use std::fmt;

use serde::{Deserialize, Serialize};

mod apt_sources;
pub mod archive;
mod builder;
mod compilers;
pub mod container;
mod containerd;
mod context;
pub(crate) mod debian;
mod error;
mod files;
#[doc(hidden)]
pub mod foreign;
mod glob;
mod go_module;
mod golang;
mod image;
mod layer;
mod lines;
mod lock;
mod machine;
mod npm;
mod process;
mod program;
mod pypi;
pub mod recipe;
mod toolbox;
mod tools;
mod tree;
mod workdir;

pub use builder::Builder;
pub use error::BuildError;
pub use image::BuiltImage;
pub use layer::{BuiltLayer, LAYER_TYPE};
pub use machine::{HEADER_SIZE, Machine};
pub use program::Program;
pub use tools::MissingTool;

/// Processor architectures that images are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit x86, which the kernel calls `x86_64`.
    Amd64,
    /// 64-bit Arm, which the kernel calls `aarch64`.
    Arm64,
}

impl Architecture {
    /// This machine's own.
    pub fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::Amd64 }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Amd64, Self::Arm64].into_iter().find(|one| one.as_str() == name)
    }

    /// Its name, which Go, Debian and OCI agree on.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Its name in Node.js and npm.
    fn in_npm(self) -> &'static str {
        match self {
            Self::Amd64 => "x64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Kinds of package registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageSource {
    /// Debian's archive, by the mirrors that this machine or the container names.
    Debian,
    /// Go modules, by way of `GOPROXY`.
    Go,
    /// The Python Package Index.
    Pypi,
    /// The registry of npm.
    Npm,
}

/// A package that went into an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// The kind of registry it is from.
    pub source: PackageSource,
    /// Its name there, as `libc6` or `github.com/spf13/cobra`.
    pub name: String,
    /// Its version as that registry writes it, as `2.41-12` or `v1.9.1`.
    pub version: String,
}
