//! The platform's own APIs and the resources made with them, under the names that the tools had: `find`, `get` and
//! `tree` do this now. To be taken out with the next version.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Live, Seen};
use crate::answer::{self, Answer, NextCall};
use crate::error::ToolError;
use crate::live::apis::{self, ApiRow, Field};
use crate::live::changes::plan::to_yaml;
use crate::live::diagnose::{Walk, composition_of};
use crate::live::graph::{self, Node};
use crate::live::health;
use crate::live::object::{conditions, name, namespace, text};
use crate::toolset::{Call, Tool, Toolset, bound};

const GROUP: &str = "apiextensions.crossplane.io";
const DEFINITION: &str = "CompositeResourceDefinition";

pub(super) struct CrossplaneTools(pub Live);

impl Toolset for CrossplaneTools {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn about(&self) -> &'static str {
        "The platform's own APIs with their fields, resources made with them, and what those are composed of."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "crossplane_apis",
                "The platform's APIs",
                "Kinds of composite resources that people can make here (as App), with their compositions and how many resources there are.",
                bound(&self, Self::apis),
            ).formerly("find"),
            Tool::reads(
                "crossplane_api",
                "Fields of an API",
                "One API: its fields as a short table (type, required, default, allowed values), and an example manifest that fits.",
                bound(&self, Self::api),
            ).formerly("get"),
            Tool::reads(
                "crossplane_resources",
                "Composite resources",
                "Composite resources, those in trouble first; of one kind or namespace if asked.",
                bound(&self, Self::resources),
            ).formerly("find"),
            Tool::reads(
                "crossplane_resource",
                "One composite resource",
                "One composite resource: its specification, conditions, composition, and what it composed.",
                bound(&self, Self::resource),
            ).formerly("get"),
            Tool::reads(
                "crossplane_graph",
                "What a resource is made of",
                "The whole tree below a composite resource (or any other object), with the health of each part, down to the pods. For its events use `events`.",
                bound(&self, Self::graph),
            ).formerly("tree"),
        ]
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApisInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Apis {
    total: usize,
    apis: Vec<ApiRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApiInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Kind (`App`), plural (`apps`) or full name (`apps.platform.backstack.dev`).
    kind: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Api {
    kind: String,
    api_version: String,
    scope: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    compositions: Vec<String>,
    fields: Vec<Field>,
    /// A manifest that fits, as YAML.
    example: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResourcesInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Only this kind, as `App`.
    #[serde(default)]
    kind: Option<String>,
    /// Only this namespace.
    #[serde(default)]
    namespace: Option<String>,
    /// Where to go on, from the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Resources {
    total: usize,
    resources: Vec<Row>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    resource: String,
    health: health::Health,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
    composition: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// The resource, as `name`, `namespace/name` or `Kind:namespace/name`.
    entity: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Resource {
    resource: String,
    api_version: String,
    health: health::Health,
    #[serde(skip_serializing_if = "String::is_empty")]
    composition: String,
    conditions: Vec<Told>,
    composed: Vec<Part>,
    /// The specification, as YAML.
    spec: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    since: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Part {
    object: String,
    health: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Graph {
    root: String,
    total: usize,
    healthy: usize,
    nodes: Vec<Node>,
}

impl CrossplaneTools {
    async fn look(&self, platform: Option<&str>) -> Result<Seen, ToolError> {
        let seen = self.0.look(platform).await?;
        seen.needs(GROUP, DEFINITION, "composite APIs")?;
        Ok(seen)
    }

    async fn apis(self: Arc<Self>, input: ApisInput, _: Call) -> Result<Answer<Apis>, ToolError> {
        let seen = self.look(input.platform.as_deref()).await?;
        let apis = apis::rows(&seen.snapshot);
        let answer = Answer::new(Apis { total: apis.len(), apis }).about(seen.platform());
        let first = answer.facts().apis.first().map(|api| api.kind.clone());
        Ok(match first {
            Some(kind) => answer.next(NextCall::new(
                "get",
                json!({"entity": format!("API:{kind}")}),
                "the fields of one API and an example",
            )),
            None => answer,
        })
    }

    async fn api(self: Arc<Self>, input: ApiInput, _: Call) -> Result<Answer<Api>, ToolError> {
        let seen = self.look(input.platform.as_deref()).await?;
        let rows = apis::rows(&seen.snapshot);
        let Some(kind) = apis::find(&seen.snapshot, &input.kind) else {
            return Err(ToolError::not_found(format!("platform `{}` has no API `{}`", seen.platform(), input.kind))
                .candidates(rows.into_iter().map(|row| row.kind)));
        };
        let row = rows.into_iter().find(|row| row.kind == kind.kind && row.api_version == apis::api_version(&kind));
        let (scope, description, compositions) =
            row.map_or(("", String::new(), Vec::new()), |row| (row.scope, row.description, row.compositions));
        Ok(Answer::new(Api {
            kind: kind.kind.into(),
            api_version: apis::api_version(&kind),
            scope,
            description,
            compositions,
            fields: apis::fields(&kind),
            example: to_yaml(&apis::example(&kind)),
        })
        .about(seen.platform()))
    }

    async fn resources(self: Arc<Self>, input: ResourcesInput, _: Call) -> Result<Answer<Resources>, ToolError> {
        let seen = self.look(input.platform.as_deref()).await?;
        let from = answer::offset(input.cursor.as_deref())?;
        let kinds = seen.snapshot.composite_kinds();
        let wanted = input.kind.as_deref().map(str::to_lowercase);
        let kinds = kinds.iter().filter(|kind| {
            wanted.as_deref().is_none_or(|wanted| wanted == kind.kind.to_lowercase() || wanted == kind.plural)
        });
        let objects = kinds.flat_map(|kind| seen.snapshot.all(kind.group, kind.kind));
        let objects =
            objects.filter(|object| input.namespace.as_deref().is_none_or(|place| place == namespace(object)));
        let mut rows: Vec<_> = objects.map(|object| row(&seen, object)).collect();
        rows.sort_by(|a, b| (a.health, &a.resource).cmp(&(b.health, &b.resource)));
        let total = rows.len();
        let resources = rows.into_iter().skip(from).take(300).collect();
        Ok(Answer::new(Resources { total, resources }).about(seen.platform()).page("resources", from, total))
    }

    async fn resource(self: Arc<Self>, input: OneInput, _: Call) -> Result<Answer<Resource>, ToolError> {
        let seen = self.look(input.platform.as_deref()).await?;
        let found = seen.resolve(&input.entity)?;
        let Some(object) = found.first() else {
            return Err(ToolError::not_found(format!("nothing is called `{}`", input.entity)));
        };
        let at = crate::live::target::typed_form(object);
        let walk = Walk::from(&seen.snapshot, &[object]);
        let unknown = walk.unknown(&seen.snapshot);
        // Composed objects of kinds that are not kept: one round, side by side.
        let mut snapshot = seen.snapshot.clone();
        for object in seen.cluster.read(&unknown).await? {
            snapshot.put(object);
        }
        let nodes = graph::below(&snapshot, &[object]);
        let composed = nodes.iter().filter(|node| node.depth == 1);
        let spec = object.get("spec").cloned().unwrap_or_default();
        let facts = Resource {
            resource: at.clone(),
            api_version: text(object, "/apiVersion").into(),
            health: health::of(&seen.snapshot, object).0,
            composition: composition_of(&seen.snapshot, object)
                .map(|composition| name(composition).into())
                .unwrap_or_default(),
            conditions: conditions(object)
                .map(|condition| Told {
                    kind: condition.kind.into(),
                    status: condition.status.into(),
                    reason: condition.reason.into(),
                    message: condition.message.into(),
                    since: condition.since.into(),
                })
                .collect(),
            composed: composed
                .map(|node| Part { object: node.object.clone(), health: node.health.into(), why: node.why.clone() })
                .collect(),
            spec: to_yaml(&json!({"spec": without_machinery(spec)})),
        };
        let answer = Answer::new(facts).about(seen.platform());
        Ok(answer
            .next(NextCall::new("tree", json!({"entity": at}), "everything below it, down to the pods"))
            .next(NextCall::new("events", json!({"entity": at, "all": true}), "its events")))
    }

    async fn graph(self: Arc<Self>, input: OneInput, _: Call) -> Result<Answer<Graph>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let found = seen.resolve(&input.entity)?;
        let unknown = Walk::from(&seen.snapshot, &found).unknown(&seen.snapshot);
        let mut snapshot = seen.snapshot.clone();
        for object in seen.cluster.read(&unknown).await? {
            snapshot.put(object);
        }
        let nodes = graph::below(&snapshot, &found);
        let healthy = nodes.iter().filter(|node| matches!(node.health, "healthy" | "present")).count();
        let root = found.first().map(|object| crate::live::target::typed_form(object)).unwrap_or_default();
        Ok(Answer::new(Graph { root, total: nodes.len(), healthy, nodes }).about(seen.platform()))
    }
}

fn row(seen: &Seen, object: &Value) -> Row {
    let (health, why) = health::of(&seen.snapshot, object);
    let composition =
        composition_of(&seen.snapshot, object).map(|composition| name(composition).into()).unwrap_or_default();
    Row { resource: crate::live::target::typed_form(object), health, why, composition }
}

/// The specification as a person wrote it.
fn without_machinery(mut spec: Value) -> Value {
    if let Some(fields) = spec.as_object_mut() {
        for machinery in
            ["crossplane", "resourceRefs", "compositionRef", "compositionRevisionRef", "compositionUpdatePolicy"]
        {
            fields.remove(machinery);
        }
    }
    spec
}
