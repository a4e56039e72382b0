//! Catalog entities, in Backstage's format, searched in memory.
//!
//! ```text
//! descriptor   a document -> problems, or an [`Entity`]
//! files        folders of YAML -> an [`EntitySource`](source::EntitySource)
//! index        entities of all sources -> [`Index`]: by reference, by name, relations both ways
//! ```

pub mod descriptor;
mod entity;
mod files;
mod index;
mod reference;
mod relation;
mod source;

pub use entity::Entity;
pub use files::{CatalogFileError, CatalogFiles};
pub use index::{Catalog, Edge, Found, Index};
pub use reference::{EntityRef, ReferenceError};
pub use relation::{Relation, kinds as relation_kinds};
pub use source::{EntitySource, Snapshot};
