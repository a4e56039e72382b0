//! Toolsets, served over the protocol: both eras, any transport.
//!
//! ```text
//! Server    what is served: shared by all clients
//! Session   one client's connection (or one request, in the newer revision): the protocol's methods
//! confirm   questions to the user, by whichever road the client has
//! lines     the transport over a pair of streams
//! message   what a client sent, judged before it is served; `methods` has what the protocol wants
//! notify    progress, and news of changed lists
//! wire      our types as the protocol's
//! ```

mod confirm;
pub(crate) mod lines;
pub(crate) mod message;
mod methods;
mod notify;
mod session;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::error::{ToolError, quoted};
use crate::likeness::likeness;
use crate::toolset::{Access, Changed, Tool, Toolset};

pub use session::Session;

/// Longer messages are refused unread, over HTTP and over pipes.
pub const MOST_MESSAGE_BYTES: usize = 1024 * 1024;

/// What is served and how.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Only these toolsets; all if empty.
    pub toolsets: Vec<String>,
    /// Offer tools that propose changes.
    pub allow_changes: bool,
    /// What a model is told about the server as a whole.
    pub instructions: String,
    /// Version of the program, which clients are told with its name.
    pub version: String,
    /// Offer the protocol's own logging, which is deprecated. For fixtures only.
    #[cfg(feature = "conformance")]
    pub logging: bool,
}

/// What was asked for is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no toolset `{name}`; there are {}", known.join(", "))]
pub struct UnknownToolset {
    /// The name that was asked for.
    pub name: String,
    /// Names of all toolsets there are.
    pub known: Vec<String>,
}

/// The server: any number of clients share one.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) toolsets: Vec<Arc<dyn Toolset>>,
    /// By name, which is also the order of listing; those under an old name are served and not listed.
    pub(crate) tools: BTreeMap<&'static str, Tool>,
}

impl Server {
    /// Joins toolsets.
    ///
    /// # Errors
    /// [`UnknownToolset`] if the settings name one that is not among them.
    ///
    /// # Panics
    /// If two tools have one name or a name is not `^[a-zA-Z0-9_]{1,64}$`: a defect that any test meets.
    pub fn new(settings: Settings, toolsets: Vec<Arc<dyn Toolset>>) -> Result<Self, UnknownToolset> {
        let mut settings = settings;
        settings.toolsets.iter_mut().for_each(renamed);
        for name in &settings.toolsets {
            if !toolsets.iter().any(|toolset| toolset.name() == name) {
                let mut known: Vec<_> = toolsets.iter().map(|toolset| toolset.name().to_string()).collect();
                known.dedup();
                return Err(UnknownToolset { name: name.clone(), known });
            }
        }
        let toolsets: Vec<_> = toolsets
            .into_iter()
            .filter(|set| settings.toolsets.is_empty() || settings.toolsets.iter().any(|name| name == set.name()))
            .collect();
        let mut tools = BTreeMap::new();
        for tool in toolsets.iter().flat_map(|toolset| toolset.clone().tools()) {
            assert!(is_name(tool.name), "{} is no name for a tool", tool.name);
            if tool.access == Access::Proposes && !settings.allow_changes {
                continue;
            }
            assert!(tools.insert(tool.name, tool.clone()).is_none(), "two tools are called {}", tool.name);
        }
        Ok(Self { inner: Arc::new(Inner { settings, toolsets, tools }) })
    }

    /// The tools that are offered, by name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.inner.listed()
    }

    /// A tool by its name, also by one that is old.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.inner.tools.get(name)
    }

    /// A tool by its name, for somebody who may have typed it.
    ///
    /// # Errors
    /// There is none; the error has those that may be meant.
    pub fn find(&self, name: &str) -> Result<&Tool, ToolError> {
        let known = || self.tools().map(|tool| tool.name);
        let close = known().filter(|known| likeness(known, name) > 0.8);
        self.tool(name).ok_or_else(|| {
            ToolError::not_found(format!("there is no tool {}", quoted(name)))
                .candidates(close)
                .hint(format!("The tools are {}.", known().collect::<Vec<_>>().join(", ")))
        })
    }

    /// The toolsets that are on.
    pub fn toolsets(&self) -> &[Arc<dyn Toolset>] {
        &self.inner.toolsets
    }

    /// The tools as clients are told about them.
    pub fn told(&self) -> Vec<rmcp::model::Tool> {
        self.inner.listed().map(wire::tool).collect()
    }

    /// A client's view of the server, ready to be served over any transport.
    pub fn session(&self) -> Session {
        Session::new(self.inner.clone())
    }

    /// Serves one client on standard input and output until it goes away.
    ///
    /// # Errors
    /// What the client sent first is not the protocol.
    pub async fn serve_stdio(&self) -> Result<(), Box<rmcp::service::ServerInitializeError>> {
        let (read, write) = rmcp::transport::stdio();
        self.serve(read, write).await
    }

    /// Serves one client over any pair of streams until it goes away.
    ///
    /// # Errors
    /// What the client sent first is not the protocol.
    pub async fn serve<R, W>(&self, read: R, write: W) -> Result<(), Box<rmcp::service::ServerInitializeError>>
    where
        R: tokio::io::AsyncRead + Send + Unpin + 'static,
        W: tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let (lines, writing) = lines::Lines::new(read, write, MOST_MESSAGE_BYTES);
        let served = rmcp::serve_server(self.session(), lines).await;
        let result = match served {
            Ok(running) => {
                // A task that panicked was told about already; the client is gone either way.
                drop(running.waiting().await);
                Ok(())
            }
            // Gone before it said anything: nothing to complain about.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(Box::new(error)),
        };
        writing.done().await;
        result
    }
}

impl Inner {
    /// The tools that clients are told of, by name.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values().filter(|tool| tool.now.is_none())
    }

    /// News of all toolsets.
    pub(crate) fn changes(&self) -> Vec<broadcast::Receiver<Changed>> {
        self.toolsets.iter().filter_map(|toolset| toolset.changes()).collect()
    }
}

/// Toolsets that were joined with others are still known by their old names.
fn renamed(name: &mut String) {
    if matches!(name.as_str(), "crossplane" | "gitops") {
        *name = "catalog".into();
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
