//! Stacks: data, typed. See [`model`] for the format.

pub mod changes;
mod config_maps;
pub mod files;
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
mod scalar;
pub mod schema;
mod shape;
mod validate;
pub(crate) mod words;
mod yaml;

pub use changes::Changes;
pub use left_out::{LeftOut, Unavailable};
pub use load::{ClusterSpec, Component, Manifest, Recipe, Stack, StackSource};
pub use problem::{Problem, StackErrors};
pub use render::{PlatformFacts, render};
