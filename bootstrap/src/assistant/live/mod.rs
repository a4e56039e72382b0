//! The ports of the live toolsets, over real clusters.
//!
//! ```text
//! platforms   names -> clusters; connects anew after a cluster was away
//!   connect     containers or a kubeconfig -> a client with the assistant's own account
//!   cluster     one cluster: the port
//!     caches      snapshot, kept by watches
//!     applier     in whose name a change is tried
//!     pulse       whether the cluster still answers
//!     state       how the install is
//!     git         the platform's Git server
//!     doors       which ports of pods are open
//!     talk        what programs in pods answer
//!     images      the registries that may have an image
//! entities    a cluster as a source of the catalog
//! ```

mod applier;
mod caches;
mod cluster;
mod connect;
mod doors;
mod entities;
mod git;
mod images;
mod platforms;
mod pulse;
mod state;
mod talk;

pub use connect::Way;
pub use entities::LiveEntities;
pub(crate) use git::Git;
pub use platforms::LivePlatforms;
