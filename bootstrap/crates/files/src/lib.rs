//! Files that people wrote: read whatever their editor made of them, and changed by no more than is ours.
//!
//! ```text
//! input      their bytes: what is no file is refused, and holds nobody up
//! text       their text: UTF-8 or UTF-16, with a byte order mark or without
//! yaml       YAML to values that know their lines
//! user_file  files that belong to somebody, written so that they stay whose and what they were
//! ```

pub mod input;
pub mod text;
pub mod user_file;
pub mod yaml;
