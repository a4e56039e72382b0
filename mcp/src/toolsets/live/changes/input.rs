//! What is asked for, and the plan that it leads to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ChangeTools, Seen, unclear};
use crate::answer::NextCall;
use crate::error::ToolError;
use crate::live::apis;
use crate::live::changes::forge::{BRANCH, Forge, OWNER};
use crate::live::changes::origin::{self, Place};
use crate::live::changes::plan::{self, Action, Change, Impossible, Wish, Written};
use crate::live::object::{Ref, text};
use crate::live::target::{Query, Unclear};

/// The change itself, without what is said about it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Asked {
    /// What to do. With `entity` or `manifest` it may be left out: what Git has is updated, what it has not is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    /// The thing that changes, as `Kind:namespace/name`: anything that comes from Git. Its file is found.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    entity: String,
    /// Fields of the entity that change, by path: `{"spec.template.spec.containers[0].image": "a:2"}`, or JSON Pointers. null removes one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    set: Map<String, Value>,
    /// In place of `set`: the whole manifest as YAML. Without `entity` it names its own; several documents make a new file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    manifest: String,
    /// For a new file: where it goes, as `repository:path`. Left out: beside the others of its kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    file: String,
    /// An order, in place of `entity`: kind of the API, `App` if left out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kind: String,
    /// Of the order; left out for kinds that are cluster-wide.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    namespace: String,
    /// Of the order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// To create an order: the specification. To update one: only the fields that change, null removes one.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    spec: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct ChangeInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    pub platform: Option<String>,
    #[serde(flatten)]
    pub change: Asked,
    /// Why, in a sentence or two: it stands in the pull request.
    #[serde(default)]
    pub reason: String,
    /// Any text of your own; calls with the same key propose only once. Left out: equal changes count as the same.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// What is ordered if nothing is said.
const ORDERED: &str = "App";

/// A planned change with what was read to plan it.
pub(super) struct Planned {
    pub seen: Seen,
    pub forge: Forge,
    pub wish: Wish,
    pub written: Written,
    pub key: String,
}

impl ChangeTools {
    pub(super) async fn plan(&self, input: &ChangeInput) -> Result<Planned, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let forge = Forge::new(seen.cluster.git().await?);
        let asked = &input.change;
        let found = match (asked.entity.is_empty(), asked.manifest.is_empty()) {
            (true, true) => order(&seen, &forge, asked).await,
            (true, false) => manifest(&seen, &forge, asked).await,
            (false, _) => entity(&seen, &forge, asked).await,
        };
        let (wish, written) = found?;
        let now = written.before.as_ref().map(|_| written.diff.clone());
        let key = input.idempotency_key.clone().unwrap_or_else(|| plan::key_of(&wish, now.as_deref()));
        Ok(Planned { seen, forge, wish, written, key })
    }
}

/// The form for what people order: kind, name and specification.
async fn order(seen: &Seen, forge: &Forge, asked: &Asked) -> Result<(Wish, Written), ToolError> {
    if asked.name.is_empty() {
        return Err(ToolError::invalid("nothing is named that shall change")
            .hint("Give `entity` with `set` or `manifest`, or `manifest` alone, or `action`, `kind`, `namespace` and `name` of an order."));
    }
    let Some(action) = asked.action else {
        return Err(ToolError::invalid("`action` is needed with `name`: create, update or delete"));
    };
    seen.needs("apiextensions.crossplane.io", "CompositeResourceDefinition", "composite APIs")?;
    let wanted = if asked.kind.is_empty() { ORDERED } else { asked.kind.as_str() };
    let kind = apis::find(&seen.snapshot, wanted);
    let told = kind.map_or(wanted.to_string(), |kind| kind.kind.to_string());
    let spec = Value::Object(asked.spec.clone());
    let change = if asked.set.is_empty() { Change::Spec(spec.clone()) } else { Change::Fields(asked.set.clone()) };
    let wish = Wish { action, kind: told, namespace: asked.namespace.clone(), name: asked.name.clone(), change };
    let fail = |error| impossible(seen, &wish, error);
    let path = plan::order_path(&seen.snapshot, &wish).map_err(fail)?;
    let at = Ref::new(kind.map_or("", |kind| kind.group), &wish.kind, &wish.namespace, &wish.name);
    let place = match forge.file(&plan::orders(), &path, BRANCH).await? {
        Some(file) => {
            let (document, item) = origin::position(&file.content, &at, &wish.namespace).unwrap_or_default();
            Some(Place { repository: plan::orders(), branch: BRANCH.into(), path: path.clone(), document, item, file })
        }
        // It may be kept in a file of another name.
        None => origin::find(forge, &seen.snapshot, &at).await?,
    };
    let written = match (action, place) {
        (Action::Create, Some(place)) => Err(Impossible::Exists(place.path)),
        (Action::Create, None) => plan::order(&seen.snapshot, &wish, &spec),
        (_, None) => Err(Impossible::NotThere(path)),
        (_, Some(place)) => plan::in_file(&seen.snapshot, &wish, &place),
    };
    Ok((wish.clone(), written.map_err(fail)?))
}

/// The form for anything: by the name that the other tools give it.
async fn entity(seen: &Seen, forge: &Forge, asked: &Asked) -> Result<(Wish, Written), ToolError> {
    let change = match (asked.set.is_empty(), asked.manifest.is_empty(), asked.spec.is_empty()) {
        (false, true, true) => Change::Fields(asked.set.clone()),
        (true, false, true) => Change::Manifest(asked.manifest.clone()),
        (true, true, false) => Change::Spec(Value::Object(asked.spec.clone())),
        (true, true, true) if asked.action == Some(Action::Delete) => Change::Spec(Value::Null),
        (true, true, true) => {
            return Err(ToolError::invalid("nothing is said that shall change")
                .hint("Give `set` or `manifest`, or `action: delete`."));
        }
        _ => {
            return Err(ToolError::invalid(
                "`set`, `manifest` and `spec` are three ways to say what changes: give one of them",
            ));
        }
    };
    let (at, live) = named(seen, &asked.entity).await?;
    let action = asked.action.unwrap_or(Action::Update);
    let wish = Wish { action, kind: at.kind.clone(), namespace: at.namespace.clone(), name: at.name.clone(), change };
    // What is made by something is not looked for in Git: a file of its name would be of something else.
    let maker = live.as_ref().and_then(|live| origin::maker(&seen.snapshot, live));
    let may_be_in_git = live.as_ref().is_none_or(|live| text(live, "/metadata/ownerReferences/0/uid").is_empty());
    let place = if may_be_in_git { origin::find(forge, &seen.snapshot, &at).await? } else { None };
    match (action, place, maker) {
        (Action::Create, Some(place), _) => Err(impossible(seen, &wish, Impossible::Exists(place.path))),
        (Action::Create, None, _) => {
            let Change::Manifest(text) = &wish.change else {
                return Err(ToolError::invalid("to create it, give its `manifest`"));
            };
            let written = fresh(seen, forge, asked, &at, text).await?;
            Ok((wish, written))
        }
        (_, Some(place), _) => {
            let written =
                plan::in_file(&seen.snapshot, &wish, &place).map_err(|error| impossible(seen, &wish, error))?;
            Ok((wish, written))
        }
        (_, None, Some(maker)) => {
            let error = ToolError::invalid(format!("no file in Git holds it: {}", maker.told));
            Err(match maker.change {
                Some(change) => error.hint(format!("Change `{change}`: what it makes follows.")).next(NextCall::new(
                    "get",
                    json!({"entity": change}),
                    "what to change in its place",
                )),
                None => error,
            })
        }
        (_, None, None) => Err(ToolError::not_found(format!(
            "no file in the repositories that Argo CD applies holds `{}` (platform `{}`)",
            asked.entity,
            seen.platform()
        ))
        .hint("What was made by hand is not in Git: give its `manifest` to bring it there.")),
    }
}

/// A manifest that says itself what it is of.
async fn manifest(seen: &Seen, forge: &Forge, asked: &Asked) -> Result<(Wish, Written), ToolError> {
    let objects = plan::manifests(&asked.manifest).map_err(|error| ToolError::invalid(error.to_string()))?;
    let at = Ref::of(&objects[0]);
    let change = Change::Manifest(asked.manifest.clone());
    let mut wish = Wish {
        action: asked.action.unwrap_or(Action::Update),
        kind: at.kind.clone(),
        namespace: at.namespace.clone(),
        name: at.name.clone(),
        change,
    };
    let found = origin::find(forge, &seen.snapshot, &at).await?;
    match (asked.action, found) {
        (Some(Action::Create), Some(place)) => Err(impossible(seen, &wish, Impossible::Exists(place.path))),
        (None | Some(Action::Update | Action::Delete), Some(place)) => {
            let written =
                plan::in_file(&seen.snapshot, &wish, &place).map_err(|error| impossible(seen, &wish, error))?;
            Ok((wish, written))
        }
        (Some(Action::Update | Action::Delete), None) => {
            Err(impossible(seen, &wish, Impossible::NotThere(at.to_string())))
        }
        (None | Some(Action::Create), None) => {
            wish.action = Action::Create;
            let written = fresh(seen, forge, asked, &at, &asked.manifest).await?;
            Ok((wish, written))
        }
    }
}

/// A new file: where it was said, where orders go, or beside the others of its kind.
async fn fresh(seen: &Seen, forge: &Forge, asked: &Asked, at: &Ref, text: &str) -> Result<Written, ToolError> {
    let fail = |error: Impossible| ToolError::invalid(error.to_string());
    let beside = async || origin::beside(forge, &seen.snapshot, at).await;
    let (repository, path) = match asked.file.split_once(':') {
        Some((repository, path)) => (repository.to_string(), path.to_string()),
        None if plan::composite(&seen.snapshot, at).is_some() && asked.file.is_empty() => {
            (plan::orders(), plan::path_of(&at.namespace, &at.kind, &at.name))
        }
        None => {
            let (repository, folder) = beside().await?.ok_or_else(|| {
                ToolError::invalid(format!("it is not clear where a new {} goes", at.kind))
                    .hint("Give `file`, as `platform:policies/name.yaml`; repositories are `platform` (APIs, policies) and `demo-cluster` (orders).")
            })?;
            let path = if asked.file.is_empty() { format!("{folder}{}.yaml", at.name) } else { asked.file.clone() };
            (repository, path)
        }
    };
    let repository = if repository.contains('/') { repository } else { format!("{OWNER}/{repository}") };
    if forge.file(&repository, &path, BRANCH).await?.is_some() {
        return Err(ToolError::invalid(format!("`{path}` exists in {repository} already"))
            .hint("Give another `file`, or the `entity` in it that changes."));
    }
    plan::file(&seen.snapshot, &repository, &path, text).map_err(fail)
}

/// What a name means, and the object in the cluster if there is one.
async fn named(seen: &Seen, typed: &str) -> Result<(Ref, Option<Value>), ToolError> {
    let nothing = match crate::live::target::resolve(&seen.snapshot, typed) {
        Ok(found) => match found.as_slice() {
            [one] => return Ok((Ref::of(one), Some((*one).clone()))),
            several => {
                let names = several.iter().map(|object| crate::live::target::typed_form(object));
                return Err(ToolError::invalid(format!("`{typed}` is several things: name one")).candidates(names));
            }
        },
        Err(nothing @ Unclear::Nothing { .. }) => nothing,
        Err(ambiguous) => return Err(unclear(ambiguous)),
    };
    // It may be of a kind that is not kept, or in Git only.
    let query = Query::parse(typed);
    let Some(kind) = query.kind else { return Err(unclear(nothing)) };
    let at = Ref::new("", &kind, query.namespace.as_deref().unwrap_or_default(), &query.name);
    let live = seen.cluster.read(std::slice::from_ref(&at)).await?.into_iter().next();
    Ok((at, live))
}

fn impossible(seen: &Seen, wish: &Wish, error: Impossible) -> ToolError {
    let message = format!("{error} (platform `{}`)", seen.platform());
    match error {
        Impossible::UnknownKind(_) => ToolError::not_found(message)
            .candidates(seen.snapshot.composite_kinds().iter().map(|kind| kind.kind.to_string()))
            .next(NextCall::new("find", json!({"kind": "API"}), "the APIs that there are")),
        Impossible::Exists(_) => ToolError::invalid(message).hint("Use action `update`, or another name."),
        Impossible::NotThere(_) => ToolError::not_found(message)
            .hint("Use action `create`; what is in the cluster and not in Git was not made here."),
        Impossible::Nothing(_) => ToolError::invalid(message)
            .hint("Look at the current state; the change may have been merged already.")
            .next(NextCall::new(
                "get",
                json!({"entity": entity_of(&wish.kind, &wish.namespace, &wish.name)}),
                "its current state",
            )),
        _ => ToolError::invalid(message),
    }
}

/// How the tools are asked about a resource.
pub(super) fn entity_of(kind: &str, namespace: &str, name: &str) -> String {
    let place = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    format!("{kind}:{place}{name}")
}
