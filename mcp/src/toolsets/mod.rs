//! The toolsets, one file each.
//!
//! To add one: a file here with a struct that holds its ports and implements [`Toolset`](crate::Toolset), and a line
//! where the program joins them (`bootstrap/src/assistant/wiring.rs`).

pub mod catalog;
pub mod docs;
pub mod guide;
pub mod live;
pub mod things;
