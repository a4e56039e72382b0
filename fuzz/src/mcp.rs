//! The MCP server that targets talk to.

use std::path::Path;
use std::sync::Arc;

use backstack_mcp::Toolset;
use backstack_mcp::catalog::{Catalog, CatalogFiles};
use backstack_mcp::docs::Docs;
use backstack_mcp::server::{Server, Settings};
use backstack_mcp::toolsets::catalog::CatalogTools;
use backstack_mcp::toolsets::docs::DocsTools;
use backstack_mcp::toolsets::guide::Guide;
use backstack_mcp::toolsets::things::Things;
use tokio::runtime::{Builder, Runtime};

/// A small catalog, the embedded pages, the prompts.
///
/// # Panics
/// The test's catalog is not there.
pub fn server() -> Server {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp/tests/server/catalog");
    let files = CatalogFiles::read(&path).expect("the test's catalog");
    let catalog = Arc::new(CatalogTools::new(Arc::new(Catalog::new(vec![Arc::new(files)]))));
    let toolsets: Vec<Arc<dyn Toolset>> = vec![
        Arc::new(Things::new(catalog.clone(), None)),
        catalog,
        Arc::new(DocsTools::new(Arc::new(Docs::embedded()))),
        Arc::new(Guide),
    ];
    Server::new(Settings { version: "fuzz".into(), ..Settings::default() }, toolsets).expect("a server")
}

/// For one input: tasks end with it, and whoever waits for a clock does not wait.
///
/// # Panics
/// The system has no more descriptors.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}
