//! Toolsets, served over the protocol.

mod handler;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::toolset::{Access, Tool, Toolset};

/// What is served and how.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Only these toolsets; all if empty.
    pub toolsets: Vec<String>,
    /// Offer tools that propose changes.
    pub allow_changes: bool,
    /// What a model is told about the server as a whole.
    pub instructions: String,
    pub version: String,
}

/// What was asked for is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no toolset `{name}`; there are {}", known.join(", "))]
pub struct UnknownToolset {
    pub name: String,
    pub known: Vec<String>,
}

/// The server: any number of clients share one.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    toolsets: Vec<Arc<dyn Toolset>>,
    /// By name, which is also the order of listing.
    tools: BTreeMap<&'static str, Tool>,
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
        for name in &settings.toolsets {
            if !toolsets.iter().any(|toolset| toolset.name() == name) {
                let known = toolsets.iter().map(|toolset| toolset.name().to_string()).collect();
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
        self.inner.tools.values()
    }

    /// The toolsets that are on.
    pub fn toolsets(&self) -> &[Arc<dyn Toolset>] {
        &self.inner.toolsets
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
