//! Images: what they are called, where their bytes are kept, and the one road to the nodes.

pub mod digest;
pub mod store;

pub use digest::Digest;
pub use store::{BlobStore, BlobWriter, Descriptor};
