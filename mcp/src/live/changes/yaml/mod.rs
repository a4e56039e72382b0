//! YAML as people keep it in Git: written so that every reader understands the same, changed so that nothing else in the
//! file moves.
//!
//! ```text
//! scalar   one value in a line: when it needs quotes
//! write    whole values
//! edit     one value in a text, in its place
//! ```

pub mod edit;
pub mod scalar;
pub mod write;
