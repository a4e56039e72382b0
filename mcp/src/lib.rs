//! The platform for AI assistants, over the Model Context Protocol.
//!
//! ```text
//! ports      what this crate reads: entities, a cluster, changes (implemented elsewhere)
//! catalog    entities, their references and relations, searched in memory
//! docs       documents, searched in memory
//! toolset    what a toolset is: tools with typed input and answer, resources, prompts
//! toolsets   the toolsets themselves, one file each
//! answer     facts -> text and structured content that say the same, bounded and without secrets
//! secrets    the one filter through which everything goes that a model reads
//! next_call  a call that an answer or an error proposes
//! live       the live platform, as answers over a snapshot of plain objects
//! error      what went wrong, so that a model can act on it
//! fingerprint  a short number that stands for some bytes
//! schema     JSON schemas that strict clients accept
//! server     toolsets -> the protocol (both eras), over any transport
//! http       the server behind HTTP: who may come in, how much, how often
//! ```
//!
//! No client of Docker or Kubernetes is in here: what is read of them comes in as plain JSON. The library never prints.

pub mod answer;
pub mod catalog;
pub mod docs;
pub mod error;
mod explain;
mod fingerprint;
pub mod http;
pub mod install;
mod likeness;
pub mod live;
mod next_call;
pub mod ports;
pub mod schema;
pub mod secrets;
pub mod server;
pub mod toolset;
pub mod toolsets;

pub use answer::{Answer, NextCall};
pub use error::ToolError;
pub use toolset::{Call, Changed, Question, Reply, Tool, Toolset};
