//! Images: what they are called, where their bytes are kept, and the one way to the nodes.

pub mod blob;
pub mod bundle;
pub mod bundle_writer;
pub mod digest;
pub mod error;
#[doc(hidden)]
pub mod foreign;
mod inspection;
pub(crate) mod made_for;
pub mod manifest;
mod meter;
pub mod platform;
pub mod reference;
pub mod registry;
pub mod store;
pub mod transfer;
pub mod upstream;

pub use blob::{Content, Descriptor};
pub use bundle::{Bundle, BundleError};
pub use digest::Digest;
pub use error::{ImageError, RegistryError};
pub use inspection::Inspection;
pub use platform::Platform;
pub use reference::{Reference, Wanted};
pub use registry::Registry;
pub use store::{BlobStore, BlobWriter};
pub use transfer::{Moved, Sizes, Transfer};
pub use upstream::{Upstream, UpstreamOptions};
