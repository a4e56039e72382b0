//! Toolset `changes`: a change is planned and shown, confirmed by the user, proposed as a pull request, and followed
//! until it runs. Nothing is ever written to the cluster.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{Live, Seen, policy};
use crate::answer::{Answer, NextCall};
use crate::error::{ErrorKind, ToolError};
use crate::live::apis;
use crate::live::changes::follow::{self, Stage, State};
use crate::live::changes::forge::{BRANCH, Commit, Forge, OWNER, Pull, RESOURCES};
use crate::live::changes::plan::{self, Action, Impossible, Wish, Written};
use crate::live::graph;
use crate::live::object::Ref;
use crate::live::schema::Misfit;
use crate::toolset::{Call, Confirmed, Question, Reply, Tool, Toolset, bound};

/// Longest wait of one call.
const MOST_SECONDS: u64 = 600;
/// A merge in the Git server cannot be watched: asking again is all there is.
const ASK_AGAIN: Duration = Duration::from_secs(3);

pub struct ChangeTools(pub Live);

impl Toolset for ChangeTools {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn about(&self) -> &'static str {
        "Proposes to create, change or delete an app as a pull request, and tells how far it has come."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads("change_preview", "Preview a change", "Shows what creating, changing or deleting an app would do, without proposing it: the diff in Git, a check against the API's schema, a server-side dry run with the policies' word, and what the change composes today.", bound(&self, Self::preview)),
            Tool::proposes("change_propose", "Propose a change", "Opens a pull request in the platform's Git server that creates, changes or deletes an app. Checks it first (schema, policies), asks the user, and gives the same pull request when called again with the same change or key. Never writes to the cluster: people review and merge.", bound(&self, Self::propose)),
            Tool::reads("change_status", "How far a change has come", "Tells whether a proposed change is merged, synced by Argo CD and ready; waits for it with progress if `wait_seconds` is given.", bound(&self, Self::status)),
        ]
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// What to do.
    action: Action,
    /// Kind of the API, as `App`; `crossplane_apis` lists them.
    #[serde(default = "app")]
    kind: String,
    /// Namespace of the app.
    namespace: String,
    /// Name of the app.
    name: String,
    /// To create: the specification. To update: only the fields that change, null removes one. Not for delete.
    #[serde(default)]
    spec: serde_json::Map<String, Value>,
    /// Why, in a sentence or two: it stands in the pull request.
    #[serde(default)]
    reason: String,
    /// Any text of your own; calls with the same key propose only once. Left out: equal changes count as the same.
    #[serde(default)]
    idempotency_key: Option<String>,
}

fn app() -> String {
    "App".into()
}

#[derive(Debug, Serialize, JsonSchema)]
struct Preview {
    summary: String,
    /// Whether schema, API and policies would let it through.
    acceptable: bool,
    file: String,
    diff: String,
    /// Fields that do not fit the API.
    misfits: Vec<Misfit>,
    /// What the API and the policies say to it.
    dry_run: Vec<policy::TriedOne>,
    /// What the resource is composed of today.
    composed_now: Vec<String>,
    /// What cannot be previewed.
    limits: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Proposed {
    summary: String,
    pull_request: i64,
    url: String,
    branch: String,
    /// False if the same change had been proposed before.
    new: bool,
    file: String,
    diff: String,
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatusInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Number of the pull request.
    pull_request: i64,
    /// Wait so many seconds for the next stages, at most 600.
    #[serde(default)]
    wait_seconds: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Status {
    pull_request: i64,
    url: String,
    title: String,
    /// Whether nothing more is going to happen by itself.
    over: bool,
    stages: Vec<Stage>,
}

/// A planned change with what was read to plan it.
struct Planned {
    seen: Seen,
    forge: Forge,
    wish: Wish,
    written: Written,
    sha: Option<String>,
    key: String,
}

impl ChangeTools {
    async fn plan(&self, input: &ChangeInput) -> Result<Planned, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        seen.needs("apiextensions.crossplane.io", "CompositeResourceDefinition", "composite APIs")?;
        let forge = Forge::new(seen.cluster.git().await?);
        let kind = apis::find(&seen.snapshot, &input.kind).map_or(input.kind.clone(), |kind| kind.kind.to_string());
        let spec = Value::Object(input.spec.clone());
        let wish = Wish { action: input.action, kind, namespace: input.namespace.clone(), name: input.name.clone(), spec };
        let path = plan::path_of(&wish.namespace, &wish.kind, &wish.name);
        let file = forge.file(&repository(), &path, BRANCH).await?;
        let now = file.as_ref().map(|file| file.content.as_str());
        let written = plan::plan(&seen.snapshot, &wish, now).map_err(|error| impossible(&seen, &wish, error))?;
        let key = input.idempotency_key.clone().unwrap_or_else(|| plan::key_of(&wish, now));
        Ok(Planned { seen, forge, wish, written, sha: file.map(|file| file.sha), key })
    }

    async fn preview(self: Arc<Self>, input: ChangeInput, _: Call) -> Result<Answer<Preview>, ToolError> {
        let planned = self.plan(&input).await?;
        let preview = planned.preview().await?;
        let platform = planned.seen.platform().to_string();
        let mut answer = Answer::new(preview).about(&platform);
        if answer.facts().acceptable {
            let arguments = json!({"action": input.action, "kind": input.kind, "namespace": input.namespace, "name": input.name, "spec": input.spec});
            answer = answer.next(NextCall::new("change_propose", arguments, "propose exactly this (where changes are allowed)"));
        }
        Ok(answer)
    }

    async fn propose(self: Arc<Self>, input: ChangeInput, call: Call) -> Result<Reply<Proposed>, ToolError> {
        let planned = self.plan(&input).await?;
        let branch = plan::branch(&planned.key, &planned.wish);
        // Asked for again: what was confirmed once is not asked once more.
        if let Some(pull) = planned.forge.pull_from(&repository(), &branch).await? {
            return Ok(planned.proposed(pull, false, Vec::new()).into());
        }
        let preview = planned.preview().await?;
        if !preview.acceptable {
            return Err(refused(&preview));
        }
        let warnings: Vec<_> = preview.dry_run.iter().flat_map(|run| run.warnings.clone()).collect();
        let question = Question::new(format!("Open a pull request: {}?", preview.summary), preview.diff.clone());
        match call.confirmed(&question) {
            None => return Ok(question.into()),
            Some(Confirmed::No) => return Err(ToolError::new(ErrorKind::Cancelled, "the user said no: nothing was proposed")),
            Some(Confirmed::Yes) => {}
        }
        call.progress(1.0, Some(2.0), "opening the pull request");
        let message = planned.title();
        let commit = Commit { path: &planned.written.path, content: planned.written.content.as_deref(), sha: planned.sha.as_deref(), message: &message };
        let body = body(&input, &preview);
        let pull = planned.forge.propose(&repository(), &branch, &commit, &body).await?;
        Ok(planned.proposed(pull, true, warnings).into())
    }

    async fn status(self: Arc<Self>, input: StatusInput, call: Call) -> Result<Answer<Status>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let forge = Forge::new(cluster.git().await?);
        let deadline = Instant::now() + Duration::from_secs(input.wait_seconds.min(MOST_SECONDS));
        let mut changes = cluster.changes();
        loop {
            changes.mark_unchanged();
            let pull = forge.pull(&repository(), input.pull_request).await?;
            let snapshot = cluster.snapshot().await?;
            let stages = follow::stages(&snapshot, &pull, &subject(&snapshot, &pull)?, takes_away(&pull));
            let done = stages.iter().filter(|stage| stage.state == State::Done).count();
            let current = stages.iter().find(|stage| stage.state != State::Done).map_or("ready", |stage| stage.stage);
            call.progress(u32::try_from(done).map(f64::from).unwrap_or_default(), Some(4.0), current);
            let over = follow::is_over(&stages);
            if over || Instant::now() >= deadline {
                return Ok(told(cluster.platform(), &pull, over, stages));
            }
            let wake = (Instant::now() + ASK_AGAIN).min(deadline);
            // What happens in the cluster wakes us at once, what happens in Git only when asked.
            let _ = timeout_at(wake, changes.changed()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn told(platform: &str, pull: &Pull, over: bool, stages: Vec<Stage>) -> Answer<Status> {
    let failed = stages.iter().any(|stage| stage.state == State::Failed && stage.stage != "merged");
    let status = Status { pull_request: pull.number, url: pull.url.clone(), title: pull.title.clone(), over, stages };
    let answer = Answer::new(status).about(platform);
    match (failed, over, named(pull)) {
        (true, _, Some((_, namespace, name))) => answer.next(NextCall::new("diagnose", json!({"entity": format!("{namespace}/{name}")}), "why it does not run")),
        (false, false, _) => answer.next(NextCall::new("change_status", json!({"pull_request": pull.number, "wait_seconds": 120}), "wait for the next stage")),
        _ => answer,
    }
}

/// `<namespace>/<kind>/<name>.yaml` stands in the body of each of our pull requests.
fn named(pull: &Pull) -> Option<(String, String, String)> {
    let line = pull.body.lines().find_map(|line| line.strip_prefix("File: "))?;
    let path = line.trim().trim_matches('`').strip_suffix(".yaml")?;
    let mut parts = path.split('/');
    let (place, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some((kind.into(), place.into(), name.into()))
}

/// Told by the text, as the branch is gone and its name with it once the pull request is merged.
fn takes_away(pull: &Pull) -> bool {
    let action = pull.body.lines().find_map(|line| line.strip_prefix("Action: "));
    action.is_some_and(|action| action.trim() == Action::Delete.verb())
}

fn subject(snapshot: &crate::live::snapshot::Snapshot, pull: &Pull) -> Result<Ref, ToolError> {
    let foreign = || ToolError::invalid(format!("pull request #{} is not one that this assistant proposed", pull.number));
    let (kind, namespace, name) = named(pull).ok_or_else(foreign)?;
    let kind = apis::find(snapshot, &kind).ok_or_else(foreign)?;
    Ok(Ref::new(kind.group, kind.kind, &namespace, &name))
}

fn repository() -> String {
    format!("{OWNER}/{RESOURCES}")
}

fn impossible(seen: &Seen, wish: &Wish, error: Impossible) -> ToolError {
    let message = format!("{error} (platform `{}`)", seen.platform());
    match error {
        Impossible::UnknownKind(_) => ToolError::not_found(message)
            .candidates(seen.snapshot.composite_kinds().iter().map(|kind| kind.kind.to_string()))
            .next(NextCall::new("crossplane_apis", json!({}), "the APIs that there are")),
        Impossible::Exists(_) => ToolError::invalid(message).hint("Use action `update`, or another name."),
        Impossible::NotThere(_) => ToolError::not_found(message).hint("Use action `create`; what is in the cluster and not in Git was not made here."),
        Impossible::Nothing(_) => ToolError::invalid(message).hint("Look at the current state; the change may have been merged already.")
            .next(NextCall::new("crossplane_resource", json!({"entity": format!("{}:{}/{}", wish.kind, wish.namespace, wish.name)}), "its current state")),
        Impossible::Unreadable { .. } | Impossible::BadName(_) | Impossible::ClusterWide(_) => ToolError::invalid(message),
    }
}

fn refused(preview: &Preview) -> ToolError {
    let misfits = preview.misfits.iter().map(|misfit| format!("{} {}", misfit.path, misfit.problem));
    let refused = preview.dry_run.iter().filter(|run| !run.accepted).map(|run| run.refused.clone());
    let mut error = ToolError::invalid(format!("the change was not proposed, it would be refused: {}", misfits.chain(refused).collect::<Vec<_>>().join("; ")));
    for comply in preview.dry_run.iter().flat_map(|run| &run.comply) {
        error = error.hint(comply.clone());
    }
    error.hint("Mend the fields that are named and call again.")
}

fn body(input: &ChangeInput, preview: &Preview) -> String {
    let reason = if input.reason.is_empty() { "No reason was given." } else { input.reason.as_str() };
    let warnings: Vec<_> = preview.dry_run.iter().flat_map(|run| &run.warnings).map(|warning| format!("- {warning}\n")).collect();
    let said = if warnings.is_empty() { "No policy warns.\n".to_string() } else { warnings.concat() };
    format!(
        "{reason}\n\nAction: {}\nFile: `{}`\n\n## What changes\n```diff\n{}```\n\n## What the policies say\n{said}\nProposed by an assistant; a person confirmed it, and a person merges it.",
        input.action.verb(), preview.file, preview.diff
    )
}

impl Planned {
    fn title(&self) -> String {
        format!("{} {} {}/{}", self.wish.action.verb(), self.wish.kind, self.wish.namespace, self.wish.name)
    }

    async fn preview(&self) -> Result<Preview, ToolError> {
        let dry_run = match &self.written.object {
            // What does not fit the schema is told by its misfits, in better words than the server's.
            Some(object) if self.written.misfits.is_empty() => policy::try_all(&self.seen, std::slice::from_ref(object)).await?,
            _ => Vec::new(),
        };
        let acceptable = self.written.misfits.is_empty() && dry_run.iter().all(|run| run.accepted);
        let limits = match self.wish.action {
            Action::Delete => vec!["What is composed of it goes with it; data in volumes may be lost.".into()],
            _ => vec![
                "What the composition would make of it cannot be run ahead: Crossplane calls its functions only for resources that exist. `composed_now` is what exists today.".into(),
                policy::LIMITS.into(),
            ],
        };
        Ok(Preview {
            summary: self.title(),
            acceptable,
            file: self.written.path.clone(),
            diff: self.written.diff.clone(),
            misfits: self.written.misfits.clone(),
            dry_run,
            composed_now: self.composed_now(),
            limits,
        })
    }

    /// What the resource, or another one of its kind, is composed of now.
    fn composed_now(&self) -> Vec<String> {
        let kind = apis::find(&self.seen.snapshot, &self.wish.kind);
        let Some(kind) = kind else { return Vec::new() };
        let own = self.seen.snapshot.get(&Ref::new(kind.group, kind.kind, &self.wish.namespace, &self.wish.name));
        let other = || self.seen.snapshot.all(kind.group, kind.kind).next();
        let (example, mark) = match own {
            Some(own) => (Some(own), ""),
            None => (other(), " (of another resource of this kind)"),
        };
        let Some(example) = example else { return Vec::new() };
        let nodes = graph::below(&self.seen.snapshot, &[example]);
        let direct = nodes.into_iter().filter(|node| node.depth == 1);
        direct.map(|node| format!("{}{mark}", node.object)).collect()
    }

    fn proposed(&self, pull: Pull, new: bool, warnings: Vec<String>) -> Answer<Proposed> {
        let number = pull.number;
        let facts = Proposed {
            summary: self.title(),
            pull_request: number,
            url: pull.url,
            branch: pull.branch,
            new,
            file: self.written.path.clone(),
            diff: self.written.diff.clone(),
            warnings,
        };
        Answer::new(facts)
            .about(self.seen.platform())
            .next(NextCall::new("change_status", json!({"pull_request": number, "wait_seconds": 120}), "follow it after somebody has merged it"))
    }
}
