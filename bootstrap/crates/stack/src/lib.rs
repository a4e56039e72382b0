//! Stacks: data, typed. See [`model`] for the format.

pub mod additions;
pub mod changes;
mod config_maps;
mod draft;
pub mod files;
pub mod go_mod;
mod image;
pub mod left_out;
pub mod load;
pub mod model;
mod paths;
pub mod problem;
mod read;
pub mod recipe;
mod reference;
pub mod render;
mod rollout;
pub mod schema;
pub mod shape;
mod types;
mod validate;

use backstack_files::yaml;

pub use changes::Changes;
pub use left_out::{LeftOut, Unavailable};
pub use load::{StackFiles, StackSource};
pub use problem::{Problem, StackErrors};
pub use render::{PlatformFacts, render};
pub use types::{ClusterSpec, Component, Listing, Manifest, Recipe, Stack};
