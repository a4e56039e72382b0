//! Images: what they are called, where their bytes are kept, and the one road to the nodes.

pub mod digest;
pub mod error;
pub mod local;
pub(crate) mod made_for;
pub mod manifest;
mod meter;
pub mod reference;
pub mod road;
pub mod store;
pub mod upstream;

pub use digest::Digest;
pub use error::ImageError;
pub use local::{LocalError, LocalRegistry};
pub use manifest::Platform;
pub use reference::{Reference, Wanted};
pub use road::{Inspection, Moved, Road, Sizes};
pub use store::{BlobStore, BlobWriter, Descriptor};
pub use upstream::{Upstream, UpstreamOptions};

pub use crate::tls;
