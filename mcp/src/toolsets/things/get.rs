//! Tool `get`: one thing in full, whatever it is.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::find::{is_called, secrets, served_kind};
use super::{Things, is_of_catalog};
use crate::answer::{Answer, NextCall};
use crate::error::{ErrorKind, ToolError};
use crate::live::apis::{self, Field};
use crate::live::changes::plan::to_yaml;
use crate::live::diagnose::{Walk, composition_of};
use crate::live::gitops;
use crate::live::graph;
use crate::live::health::{self, Health};
use crate::live::look;
use crate::live::object::{Ref, conditions, list, name, number, text};
use crate::live::policy;
use crate::live::snapshot::Snapshot;
use crate::live::target::{self, Query};
use crate::toolset::Call;
use crate::toolsets::catalog::{GetFacts, GetInput as CatalogInput};
use crate::toolsets::live::gitops::Compared;
use crate::toolsets::live::{Seen, unclear};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetInput {
    #[serde(default)]
    /// Platform
    platform: Option<String>,
    /// `Kind:namespace/name`, `namespace/name` or `name`
    entity: String,
    /// Of an Application: how Git and the cluster differ, field by field
    #[serde(default)]
    compare: bool,
}

/// Fields that say nothing about a thing of this sort are not there.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Got {
    entity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    api_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Health>,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    created: String,
    /// Since when it is being deleted; `finalizers` is what it waits for.
    #[serde(skip_serializing_if = "String::is_empty")]
    deleting_since: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    finalizers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    made_by: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<Told>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    containers: Vec<Container>,
    #[serde(skip_serializing_if = "String::is_empty")]
    composition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    composed: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<gitops::Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<policy::Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api>,
    /// What the catalog has of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<GetFacts>,
    /// Everything else that it says, but for its status, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    spec: String,
    /// Its status, without what is told above, as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    labels: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: Map<String, Value>,
}

/// An API of the platform.
#[derive(Debug, Serialize, JsonSchema)]
struct Api {
    kind: String,
    scope: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    compositions: Vec<String>,
    fields: Vec<Field>,
    /// A manifest that fits, as YAML.
    example: String,
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
struct Container {
    name: String,
    image: String,
    ready: bool,
    state: String,
    restarts: i64,
    /// How its run before this one ended.
    #[serde(skip_serializing_if = "String::is_empty")]
    last: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Part {
    entity: String,
    health: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
}

impl Things {
    pub(super) async fn get(self: Arc<Self>, input: GetInput, _: Call) -> Result<Answer<Got>, ToolError> {
        let typed = input.entity.trim().trim_matches('`');
        let kind = typed.split_once(':').map_or("", |(kind, _)| kind);
        let seen = self.look(input.platform.as_deref()).await?;
        let Some(seen) = seen else { return self.of_catalog_alone(typed) };
        if matches!(kind.to_lowercase().as_str(), "api" | "compositeresourcedefinition" | "xrd")
            && let Some(facts) = api(&seen.snapshot, typed)
        {
            return Ok(Answer::new(facts).about(seen.platform()).drops(&["labels"]));
        }
        // What the catalog alone knows: a group, a system, a component of the platform.
        let own = is_of_catalog(kind).then(|| self.catalog.entity(typed)).flatten();
        if let Some(entity) = own.filter(|entity| !entity.origin.starts_with("cluster ")) {
            let mut facts = Got { catalog: Some(self.catalog_facts(typed)?), ..Got::default() };
            facts.entity = entity.reference.to_string();
            facts.owner = entity.owner.as_ref().map(ToString::to_string).unwrap_or_default();
            self.with_state(&mut facts, &seen, &entity.reference.name).await?;
            return Ok(Answer::new(facts).about(seen.platform()));
        }
        self.of_cluster_or_catalog(&seen, typed, input.compare).await
    }

    fn of_catalog_alone(&self, typed: &str) -> Result<Answer<Got>, ToolError> {
        let catalog = self.catalog_facts(typed)?;
        let facts = Got {
            entity: catalog.reference.clone(),
            owner: catalog.owner.clone().unwrap_or_default(),
            catalog: Some(catalog),
            ..Got::default()
        };
        Ok(Answer::new(facts))
    }

    fn catalog_facts(&self, typed: &str) -> Result<GetFacts, ToolError> {
        Ok(self.catalog.get(&CatalogInput { reference: typed.into() })?.into_facts())
    }

    /// How the platform's own component of this name is.
    async fn with_state(&self, facts: &mut Got, seen: &Seen, name: &str) -> Result<(), ToolError> {
        let state = seen.cluster.state().await?;
        if let Some(component) = state.components.iter().find(|component| component.name == name) {
            facts.health = Some(match component.health.as_str() {
                "ready" => Health::Healthy,
                "progressing" => Health::Progressing,
                _ => Health::Degraded,
            });
            facts.why = component.waits_for.join("; ");
        }
        Ok(())
    }

    async fn of_cluster_or_catalog(&self, seen: &Seen, typed: &str, compare: bool) -> Result<Answer<Got>, ToolError> {
        match target::resolve(&seen.snapshot, typed) {
            Ok(found) => {
                let Some(object) = found.first() else {
                    return Err(ToolError::not_found(format!("nothing is called `{typed}`")));
                };
                self.told(seen, object, compare).await
            }
            Err(target::Unclear::Nothing { .. })
                if self.catalog.get(&CatalogInput { reference: typed.into() }).is_ok() =>
            {
                Ok(self.of_catalog_alone(typed)?.about(seen.platform()))
            }
            Err(unknown @ target::Unclear::Nothing { .. }) => match unkept(seen, typed).await? {
                Some(object) => self.told(seen, &object, compare).await,
                None => Err(unclear(unknown).next(find(typed))),
            },
            Err(error) => Err(unclear(error)),
        }
    }

    async fn told(&self, seen: &Seen, object: &Value, compare: bool) -> Result<Answer<Got>, ToolError> {
        let at = Ref::of(object);
        let entity = target::typed_form(object);
        let mut facts = self.common(&seen.snapshot, object);
        match at.kind.as_str() {
            "Application" => {
                facts.application = Some(gitops::details(object));
                if compare {
                    facts.compared = Some(crate::toolsets::live::gitops::compared(seen, object).await?);
                }
                // The details have all of it that a person wrote.
                facts.spec.clear();
                facts.status.clear();
            }
            _ if policy::POLICIES.contains(&(at.group.as_str(), at.kind.as_str())) => {
                facts.policy = Some(policy::details(object));
                facts.spec.clear();
            }
            _ => self.with_composed(&mut facts, seen, object).await?,
        }
        let answer = Answer::new(facts).about(seen.platform()).drops(&["annotations", "labels", "status"]);
        let answer = match at.kind.as_str() {
            "Application" if !compare => answer.next(NextCall::new(
                "get",
                json!({"entity": entity, "compare": true}),
                "Git and the cluster compared field by field",
            )),
            _ => answer.next(NextCall::new("tree", json!({"entity": entity}), "everything below it, down to the pods")),
        };
        Ok(answer.next(NextCall::new("events", json!({"entity": entity, "all": true}), "its events")))
    }

    /// What every object has.
    fn common(&self, snapshot: &Snapshot, object: &Value) -> Got {
        let (health, why) = health::of(snapshot, object);
        let (since, mut finalizers) = look::deleting(object).unwrap_or_default();
        if finalizers.is_empty() {
            finalizers = words(object, "/metadata/finalizers");
        }
        let meta = |field: &str| {
            let map = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_object);
            map.cloned().unwrap_or_default()
        };
        let (spec, status) = rest(object);
        Got {
            entity: target::typed_form(object),
            api_version: text(object, "/apiVersion").into(),
            health: Some(health),
            why,
            owner: self.owner(snapshot, object),
            images: look::images(snapshot, object),
            created: text(object, "/metadata/creationTimestamp").into(),
            deleting_since: since,
            finalizers,
            made_by: list(object, "/metadata/ownerReferences")
                .iter()
                .map(|owner| format!("{}:{}", text(owner, "/kind"), text(owner, "/name")))
                .collect(),
            conditions: told_conditions(object),
            containers: containers(object),
            spec,
            status,
            labels: meta("labels"),
            annotations: meta("annotations"),
            ..Got::default()
        }
    }

    /// What a composite resource composed.
    async fn with_composed(&self, facts: &mut Got, seen: &Seen, object: &Value) -> Result<(), ToolError> {
        let Some(composition) = composition_of(&seen.snapshot, object) else { return Ok(()) };
        facts.composition = name(composition).into();
        let unknown = Walk::from(&seen.snapshot, &[object]).unknown(&seen.snapshot);
        // Composed objects of kinds that are not kept: one round, side by side.
        let mut snapshot = seen.snapshot.clone();
        for object in seen.cluster.read(&unknown).await? {
            snapshot.put(object);
        }
        let nodes = graph::below(&snapshot, &[object]);
        let composed = nodes.into_iter().filter(|node| node.depth == 1);
        facts.composed =
            composed.map(|node| Part { entity: node.object, health: node.health.into(), why: node.why }).collect();
        Ok(())
    }
}

fn find(typed: &str) -> NextCall {
    let word = typed.rsplit(['/', ':']).next().unwrap_or(typed);
    NextCall::new("find", json!({"text": word}), "things with this in their name")
}

/// An object of a kind that is not kept: asked for by its namespace and name, or looked for among all of its kind.
async fn unkept(seen: &Seen, typed: &str) -> Result<Option<Value>, ToolError> {
    let query = Query::parse(typed);
    let Some(word) = &query.kind else { return Ok(None) };
    let kinds = seen.cluster.kinds().await?;
    let kind = served_kind(seen.platform(), &kinds, word)?;
    if kind.group.is_empty() && kind.kind == "Secret" {
        return Err(secrets());
    }
    if seen.snapshot.has_kind(&kind.group, &kind.kind) {
        return Ok(None);
    }
    let place = query.namespace.as_deref();
    if place.is_some() || !kind.namespaced {
        let at = Ref::new(&kind.group, &kind.kind, place.unwrap_or_default(), &query.name);
        return Ok(seen.cluster.read(&[at]).await?.into_iter().next());
    }
    let all = seen.cluster.list(kind, None).await?;
    let mut called: Vec<_> = all.into_iter().filter(|object| is_called(object, &query)).collect();
    match called.len() {
        0 | 1 => Ok(called.pop()),
        _ => Err(ToolError::new(ErrorKind::Ambiguous, format!("`{typed}` is in several namespaces"))
            .candidates(called.iter().map(target::typed_form))),
    }
}

/// `API:App`, `api:default/apps.platform.backstack.dev`, `CompositeResourceDefinition:apps.platform.backstack.dev`.
fn api(snapshot: &Snapshot, typed: &str) -> Option<Got> {
    let wanted = typed.split_once(':').map_or(typed, |(_, rest)| rest);
    let wanted = wanted.strip_prefix("default/").unwrap_or(wanted).trim();
    let kind = apis::find(snapshot, wanted)?;
    let version = apis::api_version(&kind);
    let row = apis::rows(snapshot).into_iter().find(|row| row.kind == kind.kind && row.api_version == version)?;
    Some(Got {
        entity: format!("API:{}", kind.kind),
        api_version: version,
        health: Some(health::of(snapshot, kind.definition).0),
        conditions: told_conditions(kind.definition).into_iter().filter(|told| told.status != "True").collect(),
        api: Some(Api {
            kind: kind.kind.into(),
            scope: row.scope,
            description: row.description,
            compositions: row.compositions,
            fields: apis::fields(&kind),
            example: to_yaml(&apis::example(&kind)),
        }),
        ..Got::default()
    })
}

fn words(object: &Value, pointer: &str) -> Vec<String> {
    list(object, pointer).iter().filter_map(Value::as_str).map(Into::into).collect()
}

fn told_conditions(object: &Value) -> Vec<Told> {
    let told = conditions(object).map(|condition| Told {
        kind: condition.kind.into(),
        status: condition.status.into(),
        reason: condition.reason.into(),
        message: condition.message.into(),
        since: condition.since.into(),
    });
    told.collect()
}

fn containers(pod: &Value) -> Vec<Container> {
    let statuses = ["initContainerStatuses", "containerStatuses"].map(|field| list(pod, &format!("/status/{field}")));
    let told = statuses.into_iter().flatten().map(|status| Container {
        name: text(status, "/name").into(),
        image: text(status, "/image").into(),
        ready: status.get("ready") == Some(&Value::Bool(true)),
        state: state(status.get("state").unwrap_or(&Value::Null)),
        restarts: number(status, "/restartCount"),
        last: state(status.get("lastState").unwrap_or(&Value::Null)),
    });
    told.collect()
}

/// `running since ...`, `waiting: CrashLoopBackOff, ...`, `ended at ...: OOMKilled (137)`.
fn state(state: &Value) -> String {
    let part = |field: &str| text(state, field);
    if state.get("running").is_some() {
        return format!("running since {}", part("/running/startedAt"));
    }
    if state.get("waiting").is_some() {
        let message = part("/waiting/message");
        let end = if message.is_empty() { String::new() } else { format!(", {message}") };
        return format!("waiting: {}{end}", part("/waiting/reason"));
    }
    match state.get("terminated") {
        Some(_) => format!(
            "ended at {}: {} ({}) {}",
            part("/terminated/finishedAt"),
            part("/terminated/reason"),
            number(state, "/terminated/exitCode"),
            part("/terminated/message")
        )
        .trim_end()
        .into(),
        None => String::new(),
    }
}

/// Specification (with all fields beside it) and status of an object, without what is told by itself and without what
/// machines put there.
fn rest(object: &Value) -> (String, String) {
    let mut object = object.clone();
    let Some(fields) = object.as_object_mut() else { return (String::new(), String::new()) };
    for told in ["apiVersion", "kind", "metadata"] {
        fields.remove(told);
    }
    let mut status = fields.remove("status").unwrap_or_default();
    if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
        for machinery in
            ["crossplane", "resourceRefs", "compositionRef", "compositionRevisionRef", "compositionUpdatePolicy"]
        {
            spec.remove(machinery);
        }
    }
    if let Some(status) = status.as_object_mut() {
        for told in ["conditions", "containerStatuses", "initContainerStatuses", "images"] {
            status.remove(told);
        }
    }
    let yaml = |value: &Value| match value.as_object() {
        Some(map) if !map.is_empty() => to_yaml(value),
        _ => String::new(),
    };
    (yaml(&object), yaml(&status))
}
