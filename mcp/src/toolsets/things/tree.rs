//! Tool `tree`: what a thing is made of, or how a catalog entity hangs together with others.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Things, is_of_catalog};
use crate::answer::Answer;
use crate::error::ToolError;
use crate::live::diagnose::Walk;
use crate::live::graph::{self, Node};
use crate::live::target;
use crate::toolset::Call;
use crate::toolsets::catalog::{RelationsInput, Step};

/// Steps of a walk through the catalog if nobody says how many.
const USUAL_DEPTH: usize = 2;

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TreeInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// As in get
    entity: String,
    /// Steps through the catalog; 2
    depth: Option<usize>,
    cursor: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Tree {
    root: String,
    total: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthy: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<Node>,
    /// Of an entity of the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relations: Vec<Step>,
}

impl Things {
    pub(super) async fn tree(self: Arc<Self>, input: TreeInput, call: Call) -> Result<Answer<Tree>, ToolError> {
        let seen = self.look(input.platform.as_deref()).await?;
        let kind = input.entity.split_once(':').map_or("", |(kind, _)| kind);
        let own = self.catalog.entity(&input.entity);
        let only_catalog = own.is_some_and(|entity| !entity.origin.starts_with("cluster "));
        let Some(seen) = seen.filter(|_| !(is_of_catalog(kind) && only_catalog)) else {
            return self.relations(&input, call.max_tokens);
        };
        let found = match seen.resolve(&input.entity) {
            Ok(found) => found,
            Err(_) if only_catalog => return self.relations(&input, call.max_tokens),
            Err(error) => return Err(error),
        };
        let unknown = Walk::from(&seen.snapshot, &found).unknown(&seen.snapshot);
        let mut snapshot = seen.snapshot.clone();
        for object in seen.cluster.read(&unknown).await? {
            snapshot.put(object);
        }
        let nodes = graph::below(&snapshot, &found);
        let healthy = nodes.iter().filter(|node| matches!(node.health, "healthy" | "present")).count();
        let root = found.first().map(|object| target::typed_form(object)).unwrap_or_default();
        let facts = Tree { root, total: nodes.len(), healthy: Some(healthy), nodes, relations: Vec::new() };
        Ok(Answer::new(facts).about(seen.platform()))
    }

    fn relations(&self, input: &TreeInput, max_tokens: usize) -> Result<Answer<Tree>, ToolError> {
        let question = RelationsInput {
            reference: input.entity.clone(),
            depth: Some(input.depth.unwrap_or(USUAL_DEPTH)),
            kinds: Vec::new(),
            cursor: input.cursor.clone(),
        };
        let from = crate::answer::offset(input.cursor.as_deref())?;
        let found = self.catalog.relations(&question, max_tokens)?.into_facts();
        let facts = Tree { root: found.root, total: found.total, relations: found.items, ..Tree::default() };
        let total = facts.total;
        Ok(Answer::new(facts).page("relations", from, total))
    }
}
