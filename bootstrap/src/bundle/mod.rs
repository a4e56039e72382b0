//! Bundles: all that a stack needs in one file, for machines without a network.
//!
//! ```text
//! create  every image and definition of a stack -> a file
//! fetch   a file on another machine -> one here
//! serve   lets other machines fetch it
//! ```
//!
//! The file itself is in the crate for images. `up` takes from a bundle whatever is not here: see `origin::bundled`.

mod create;
pub mod fetch;
pub mod serve;

pub use crate::images::bundle::split;
pub use create::{Created, Target, create};
