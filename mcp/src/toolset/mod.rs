//! What a toolset is: tools with typed input and typed facts, resources, prompts, completions.
//!
//! ```
//! use std::sync::Arc;
//!
//! use backstack_mcp::toolset::bound;
//! use backstack_mcp::{Answer, Call, Tool, ToolError, Toolset};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Greet {
//!     /// Who is greeted.
//!     name: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! struct Greetings;
//!
//! impl Greetings {
//!     async fn greet(self: Arc<Self>, input: Greet, _: Call) -> Result<Answer<Greeting>, ToolError> {
//!         Ok(Answer::new(Greeting { text: format!("Hello, {}", input.name) }))
//!     }
//! }
//!
//! impl Toolset for Greetings {
//!     fn name(&self) -> &'static str {
//!         "greetings"
//!     }
//!     fn about(&self) -> &'static str {
//!         "Says hello."
//!     }
//!     fn tools(self: Arc<Self>) -> Vec<Tool> {
//!         vec![Tool::reads("greet", "Say hello", "Says hello to somebody, by name.", bound(&self, Self::greet))]
//!     }
//! }
//!
//! let tools = Arc::new(Greetings).tools();
//! assert_eq!(tools[0].input["required"], serde_json::json!(["name"]));
//! ```

pub mod arguments;
mod call;
mod question;
mod tool;

use std::sync::Arc;

use async_trait::async_trait;
use rmcp::model::{GetPromptResponse, Prompt, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Map, Value};
use tokio::sync::broadcast;

pub use call::{Call, ProgressSink};
pub use question::{Confirmed, Question};
pub use tool::{Access, Outcome, Reply, Tool, at_once, bound};

use crate::error::ToolError;

/// Tools of one subject, with the resources and prompts that belong to them. Can be switched off as a whole.
#[async_trait]
pub trait Toolset: Send + Sync + 'static {
    /// Name for `--toolsets`: lower-case letters.
    fn name(&self) -> &'static str;

    /// One sentence for people.
    fn about(&self) -> &'static str;

    /// The tools. Called once.
    fn tools(self: Arc<Self>) -> Vec<Tool>;

    /// Resources that are worth listing, in a stable order.
    fn resources(&self) -> Vec<Resource> {
        Vec::new()
    }

    /// Addresses of resources with places to fill in.
    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// Reads a resource; `None` if the address is of another toolset. The caller redacts and bounds it.
    async fn read(&self, uri: &str, call: &Call) -> Option<Result<Vec<ResourceContents>, ToolError>> {
        let _ = (uri, call);
        None
    }

    /// Prompts.
    fn prompts(&self) -> Vec<Prompt> {
        Vec::new()
    }

    /// Fills a prompt in; `None` if it is of another toolset.
    async fn prompt(
        &self,
        name: &str,
        arguments: &Map<String, Value>,
        call: &Call,
    ) -> Option<Result<GetPromptResponse, ToolError>> {
        let _ = (name, arguments, call);
        None
    }

    /// Values for a place in a template or an argument of a prompt, best first; empty if it is none of ours.
    async fn complete(&self, asked: &Completion) -> Vec<String> {
        let _ = asked;
        Vec::new()
    }

    /// Tells what changes while clients are connected; they are told.
    fn changes(&self) -> Option<broadcast::Receiver<Changed>> {
        None
    }
}

/// Which list is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Tools came, went, or are described otherwise.
    Tools,
    /// Prompts came, went, or are described otherwise.
    Prompts,
    /// Also: resources that clients subscribed to may read differently.
    Resources,
}

/// What a client wants completed.
#[derive(Debug, Clone)]
pub struct Completion {
    /// Name of the prompt, or the template as it was listed.
    pub of: String,
    /// The argument or place.
    pub argument: String,
    /// What was typed so far.
    pub typed: String,
    /// Arguments filled in before.
    pub known: std::collections::HashMap<String, String>,
}
