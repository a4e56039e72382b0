//! Stacks: data, typed. See [`model`] for the format.

pub mod files;
pub mod model;
pub mod recipe;
