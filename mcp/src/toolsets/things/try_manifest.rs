//! Tool `try_manifest`: what the cluster and the catalog would say to manifests.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Things, is_of_catalog};
use crate::answer::Answer;
use crate::error::ToolError;
use crate::live::changes::newcomer::Bringer;
use crate::live::object::text;
use crate::toolset::Call;
use crate::toolsets::catalog::{Judged, ValidateInput};
use crate::toolsets::live::policy::{self, LIMITS, TriedOne};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// YAML or JSON, several documents are fine
    manifest: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tried {
    /// Whether all of them would be taken.
    accepted: bool,
    results: Vec<TriedOne>,
    /// Descriptors of the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<Judged>,
    /// What a dry run cannot tell.
    #[serde(skip_serializing_if = "String::is_empty")]
    limits: String,
}

impl Things {
    pub(super) async fn try_manifest(self: Arc<Self>, input: TryInput, _: Call) -> Result<Answer<Tried>, ToolError> {
        let (descriptors, manifests) = sorted(&input.manifest);
        let mut entities = Vec::new();
        if !descriptors.is_empty() {
            let question = ValidateInput { descriptor: descriptors };
            entities = self.catalog.validate(&question)?.into_facts().entities;
        }
        let valid = entities.iter().all(|entity| entity.valid);
        if manifests.is_empty() && !entities.is_empty() {
            return Ok(Answer::new(Tried { accepted: valid, results: Vec::new(), entities, limits: String::new() }));
        }
        let objects = policy::parse(&manifests)?;
        let Some(live) = &self.live else { return Err(no_platform()) };
        let seen = live.look(input.platform.as_deref()).await?;
        let results = policy::try_all(&seen, &objects, Bringer::Order).await?;
        let accepted = valid && results.iter().all(|result| result.accepted);
        let facts = Tried { accepted, results, entities, limits: LIMITS.into() };
        Ok(Answer::new(facts).about(seen.platform()).drops(&["limits"]))
    }
}

fn no_platform() -> ToolError {
    ToolError::unavailable("no platform is asked by this server: only descriptors of the catalog can be tried")
}

/// Documents that are the catalog's, and all others.
fn sorted(manifest: &str) -> (String, String) {
    let (mut descriptors, mut manifests) = (Vec::new(), Vec::new());
    for document in documents(manifest) {
        match is_descriptor(&document) {
            true => descriptors.push(document),
            false => manifests.push(document),
        }
    }
    (descriptors.join("\n---\n"), manifests.join("\n---\n"))
}

fn documents(manifest: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in manifest.lines() {
        if line.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    documents.retain(|document| !document.trim().is_empty());
    documents
}

fn is_descriptor(document: &str) -> bool {
    let object: Value = serde_yaml::from_str(document).unwrap_or_default();
    let version = text(&object, "/apiVersion");
    version.starts_with("backstage.io/") || version.is_empty() && is_of_catalog(text(&object, "/kind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_told_from_manifests() {
        let (descriptors, manifests) = sorted(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\n---\napiVersion: v1\nkind: Pod\n---\nkind: API\n---\na: [\n",
        );
        assert!(descriptors.contains("kind: Component") && descriptors.contains("kind: API"));
        assert!(
            manifests.contains("kind: Pod") && manifests.contains("a: ["),
            "what is no YAML is told by whoever reads it"
        );
    }
}
