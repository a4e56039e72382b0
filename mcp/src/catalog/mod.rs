//! Catalog entities, in Backstage's format, searched in memory.

mod entity;
mod reference;

pub use entity::{Entity, Relation};
pub use reference::{EntityRef, ReferenceError};
