//! An API of a platform as a package for Crossplane: a `Configuration`, which any Crossplane installs.
//!
//! ```text
//! read     definition, compositions and functions, as the cluster has them
//! package  ... as the documents of a package, under another group if wanted (pure)
//! image    the documents as an OCI image, by upstream's specification of packages
//! push     the image to a registry
//! install  a Configuration, and waiting until the API is there
//! ```

pub mod error;
pub mod image;
pub mod install;
pub mod package;
pub mod push;
pub mod read;

pub use error::ApiError;
pub use package::{Naming, Package};

/// Whose kinds these are.
const DEFINITIONS: (&str, &str, &str) = ("apiextensions.crossplane.io", "v2", "CompositeResourceDefinition");
