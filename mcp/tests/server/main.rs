//! The server as a client sees it: over an in-memory pipe, and over HTTP with clients that mean no good.

mod confirm;
mod http;
mod pipe;
mod schemas;
mod stdio;

use std::path::Path;
use std::sync::Arc;

use backstack_mcp::catalog::{Catalog, CatalogFiles};
use backstack_mcp::docs::Docs;
use backstack_mcp::server::{Server, Settings};
use backstack_mcp::toolsets::catalog::CatalogTools;
use backstack_mcp::toolsets::docs::DocsTools;
use backstack_mcp::toolsets::guide::Guide;
use backstack_mcp::toolsets::things::Things;

/// A small catalog, the embedded pages, the prompts.
fn server() -> Server {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/catalog");
    let files = CatalogFiles::read(&path).expect("the test's catalog");
    let catalog = Arc::new(Catalog::new(vec![Arc::new(files)]));
    let catalog = Arc::new(CatalogTools::new(catalog));
    let docs = Arc::new(Docs::embedded());
    let toolsets: Vec<Arc<dyn backstack_mcp::Toolset>> =
        vec![Arc::new(Things::new(catalog.clone(), None)), catalog, Arc::new(DocsTools::new(docs)), Arc::new(Guide)];
    Server::new(Settings { version: "test".into(), ..Settings::default() }, toolsets).expect("server")
}
