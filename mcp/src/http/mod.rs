//! The server behind HTTP: streamable HTTP at `/mcp`.
//!
//! ```text
//! tokens    who may come in: a bearer token per client, kept as digests
//! limit     how often
//! sessions  what an older client agreed on, kept on disk so that a restart is not noticed
//! serve     connections, header limits, graceful end
//! post      a message: read, judged, served, answered in a form that the client takes
//! sse       event streams
//! whole     bodies of requests, taken to their end whatever the answer is
//! ```
//! Host and Origin of every request are checked, so that no web page can reach a server on this machine.

mod limit;
mod post;
mod serve;
mod sessions;
mod sse;
mod tokens;
mod whole;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use serve::{HttpError, HttpServer};
pub use tokens::{NewToken, TokenError, Tokens};

pub use crate::server::MOST_MESSAGE_BYTES as MOST_BODY_BYTES;

/// How to serve.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder for sessions and tokens, owner-only.
    pub state: PathBuf,
    /// Whether clients have to show a token. Only a server on loopback may do without.
    pub tokens: bool,
    /// Folder with more tokens, a file for each client and of its name, as a mounted Secret has them.
    pub mounted_tokens: Option<PathBuf>,
    /// Names under which clients may reach the server besides loopback's, as behind an ingress.
    pub hosts: Vec<String>,
    /// Origins of web pages that may, besides loopback's, as `https://example.com:443`.
    pub origins: Vec<String>,
    /// Requests a second for one client, on the average.
    pub rate: u32,
}

impl HttpSettings {
    /// The usual ones.
    pub fn new(listen: SocketAddr, state: PathBuf) -> Self {
        Self { listen, state, tokens: true, mounted_tokens: None, hosts: Vec::new(), origins: Vec::new(), rate: 500 }
    }
}
