//! Joins what the assistant reads: a stack, descriptor files, documents.

use std::path::PathBuf;
use std::sync::Arc;

use backstack_mcp::Toolset;
use backstack_mcp::catalog::{Catalog, CatalogFiles};
use backstack_mcp::docs::Docs;
use backstack_mcp::ports::EntitySource;
use backstack_mcp::server::{Server, Settings};
use backstack_mcp::toolsets::catalog::CatalogTools;
use backstack_mcp::toolsets::docs::DocsTools;
use backstack_mcp::toolsets::guide::Guide;
use backstack_mcp::toolsets::live;
use backstack_mcp::toolsets::things::Things;

use super::live::{LiveEntities, LivePlatforms, Way};
use super::stack_entities::StackEntities;
use crate::error::Failure;
use crate::stack::{Stack, StackSource};

/// What a model is told about the server before it asks anything.
const INSTRUCTIONS: &str = "\
An internal developer platform on Kubernetes: its software catalog, its documentation and, while it runs, its live state. \
Find things with find, read one with get, look things up with docs. When something is broken, call diagnose first. Things are \
named Kind:namespace/name, namespace/name, or name. Answers are bounded: `left_out` says what is missing and `next` which call \
gives it. Nothing is changed directly: changes are proposed as pull requests, after the user agreed.";

/// What is to be read, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Name or folder of a stack.
    pub stack: String,
    /// Folders and files of descriptors.
    pub catalog: Vec<PathBuf>,
    /// Folders of Markdown.
    pub docs: Vec<PathBuf>,
    /// Platforms that are read while they run; none for commands that answer once, from files.
    pub live: Option<Live>,
}

/// Which platforms are read while they run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// All of this machine; a call that names none means this one if it runs, and else the only one that does.
    All(String),
    /// This one of this machine.
    Platform(String),
    /// The one in the cluster of this kubeconfig context.
    Context(String),
    /// The one of this name, in the cluster that this program runs in, with the addresses of the Git server and of the
    /// registry there.
    Pod {
        /// Name of the platform, which every answer says.
        name: String,
        /// Base address of the Git server inside of the cluster; without it nothing is read of Git.
        git: Option<String>,
        /// `HOST:PORT` of the platform's registry inside of the cluster; without it nobody knows what that has.
        registry: Option<String>,
    },
}

impl Live {
    fn platforms(&self) -> LivePlatforms {
        match self {
            Self::All(usual) => LivePlatforms::all(usual),
            Self::Platform(name) => LivePlatforms::only(name, Way::Containers),
            Self::Context(context) => {
                LivePlatforms::only(context, Way::Kubeconfig { path: None, context: context.clone() })
            }
            Self::Pod { name, git, registry } => {
                LivePlatforms::only(name, Way::Pod { git: git.clone(), registry: registry.clone() })
            }
        }
    }
}

/// The server with everything that these sources give.
///
/// # Errors
/// A source cannot be read, or the settings name a toolset that there is not.
pub fn server(sources: &Sources, settings: Settings) -> Result<Server, Failure> {
    let settings =
        Settings { instructions: INSTRUCTIONS.into(), version: env!("CARGO_PKG_VERSION").into(), ..settings };
    Ok(Server::new(settings, toolsets(sources)?)?)
}

fn toolsets(sources: &Sources) -> Result<Vec<Arc<dyn Toolset>>, Failure> {
    let platforms = sources.live.as_ref().map(|live| Arc::new(live.platforms()));
    let mut entities = entity_sources(sources)?;
    // Nothing is followed without a runtime: `mcp tools` only tells what there would be.
    if let Some(platforms) = platforms.as_ref().filter(|_| tokio::runtime::Handle::try_current().is_ok()) {
        entities.push(Arc::new(LiveEntities::follow(platforms.clone())));
    }
    let docs = Arc::new(Docs::with_folders(&sources.docs)?);
    let catalog = Arc::new(CatalogTools::new(Arc::new(Catalog::new(entities))));
    let live = platforms.map(|platforms| live::Live::new(platforms));
    let mut toolsets: Vec<Arc<dyn Toolset>> = vec![
        Arc::new(Things::new(catalog.clone(), live.clone())),
        catalog,
        Arc::new(DocsTools::new(docs)),
        Arc::new(Guide),
    ];
    toolsets.extend(live.iter().flat_map(live::toolsets));
    Ok(toolsets)
}

fn entity_sources(sources: &Sources) -> Result<Vec<Arc<dyn EntitySource>>, Failure> {
    // What the user has written counts before what we made up.
    let mut all: Vec<Arc<dyn EntitySource>> = Vec::new();
    for path in &sources.catalog {
        all.push(Arc::new(CatalogFiles::read(path)?));
    }
    let stack = Stack::load(StackSource::named(&sources.stack))?;
    all.push(Arc::new(StackEntities::of(&stack)));
    Ok(all)
}
