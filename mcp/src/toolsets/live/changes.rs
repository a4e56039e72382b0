//! Toolset `changes`: a change is planned and shown, confirmed by the user, proposed as a pull request, and followed
//! until it runs. Nothing is ever written to the cluster.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::composition::{self, Ahead};
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

pub(super) struct ChangeTools(pub Live);

impl Toolset for ChangeTools {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn about(&self) -> &'static str {
        "Proposes to create, change or delete an app as a pull request, and tells how far it has come."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "change_preview",
                "Preview a change",
                "Shows what creating, changing or deleting an app would do, without proposing it: the diff in Git, a check against the API's schema, a server-side dry run with the policies' word, and what its composition would create, change and delete.",
                bound(&self, Self::preview),
            ),
            Tool::proposes(
                "change_propose",
                "Propose a change",
                "Opens a pull request in the platform's Git server that creates, changes or deletes an app. Checks it first (schema, policies), asks the user, and gives the same pull request when called again with the same change or key. Never writes to the cluster: people review and merge.",
                bound(&self, Self::propose),
            ),
            Tool::reads(
                "change_status",
                "How far a change has come",
                "Tells whether a proposed change is merged, synced by Argo CD and ready; waits for it with progress if `wait_seconds` is given.",
                bound(&self, Self::status),
            ),
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
    /// Namespace of the app; left out for kinds that are cluster-wide.
    #[serde(default)]
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
    /// What its composition would make of it; nothing for a deletion, and while the schema does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    composed: Option<Ahead>,
    /// What goes with a deletion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    goes_too: Vec<String>,
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
        let wish =
            Wish { action: input.action, kind, namespace: input.namespace.clone(), name: input.name.clone(), spec };
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
            answer = answer.next(NextCall::new(
                "change_propose",
                arguments,
                "propose exactly this (where changes are allowed)",
            ));
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
        let warnings: Vec<_> = preview.tried().flat_map(|run| run.warnings.clone()).collect();
        let question = Question::new(format!("Open a pull request: {}?", preview.summary), preview.diff.clone());
        match call.confirmed(&question) {
            None => return Ok(question.into()),
            Some(Confirmed::No) => {
                return Err(ToolError::new(ErrorKind::Cancelled, "the user said no: nothing was proposed"));
            }
            Some(Confirmed::Yes) => {}
        }
        call.progress(1.0, Some(2.0), "opening the pull request");
        let message = planned.title();
        let commit = Commit {
            path: &planned.written.path,
            content: planned.written.content.as_deref(),
            sha: planned.sha.as_deref(),
            message: &message,
        };
        let body = body(&input, &preview);
        let pull = planned.forge.propose(&repository(), &branch, &commit, &body).await?;
        Ok(planned.proposed(pull, true, warnings).into())
    }

    async fn status(self: Arc<Self>, input: StatusInput, call: Call) -> Result<Answer<Status>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let forge = Forge::new(cluster.git().await?);
        let deadline = Instant::now() + Duration::from_secs(input.wait_seconds.min(MOST_SECONDS));
        let mut changes = cluster.changes();
        let mut beyond = String::new();
        loop {
            changes.mark_unchanged();
            let pull = forge.pull(&repository(), input.pull_request).await?;
            let snapshot = cluster.snapshot().await?;
            let at = subject(&snapshot, &pull)?;
            let commit = follow::synced_commit(&snapshot, &at);
            let is_new = pull.merged && !commit.is_empty() && commit != pull.merge_commit && commit != beyond;
            if is_new && forge.is_beyond(&repository(), commit, &pull.merge_commit).await? {
                beyond = commit.into();
            }
            let stages = follow::stages(&snapshot, &pull, &at, takes_away(&pull), &beyond);
            let done = stages.iter().filter(|stage| stage.state == State::Done).count();
            let current = stages.iter().find(|stage| stage.state != State::Done).map_or("ready", |stage| stage.stage);
            call.progress(u32::try_from(done).map(f64::from).unwrap_or_default(), Some(4.0), current);
            let over = follow::is_over(&stages);
            if over || Instant::now() >= deadline {
                return Ok(told(cluster.platform(), &at, &pull, over, stages));
            }
            let wake = (Instant::now() + ASK_AGAIN).min(deadline);
            // What happens in the cluster wakes us at once, what happens in Git only when asked.
            let _ = timeout_at(wake, changes.changed()).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// How the tools are asked about a resource.
fn entity(kind: &str, namespace: &str, name: &str) -> String {
    let place = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    format!("{kind}:{place}{name}")
}

fn told(platform: &str, at: &Ref, pull: &Pull, over: bool, stages: Vec<Stage>) -> Answer<Status> {
    let failed = stages.iter().any(|stage| stage.state == State::Failed && stage.stage != "merged");
    let status = Status { pull_request: pull.number, url: pull.url.clone(), title: pull.title.clone(), over, stages };
    let answer = Answer::new(status).about(platform);
    match (failed, over) {
        (true, ..) => answer.next(NextCall::new(
            "diagnose",
            json!({"entity": entity(&at.kind, &at.namespace, &at.name)}),
            "why it does not run",
        )),
        (false, false) => answer.next(NextCall::new(
            "change_status",
            json!({"pull_request": pull.number, "wait_seconds": 120}),
            "wait for the next stage",
        )),
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
    let foreign =
        || ToolError::invalid(format!("pull request #{} is not one that this assistant proposed", pull.number));
    let (kind, namespace, name) = named(pull).ok_or_else(foreign)?;
    let kind = apis::find(snapshot, &kind).ok_or_else(foreign)?;
    let namespace = if kind.is_namespaced() { namespace.as_str() } else { "" };
    Ok(Ref::new(kind.group, kind.kind, namespace, &name))
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
        Impossible::NotThere(_) => ToolError::not_found(message)
            .hint("Use action `create`; what is in the cluster and not in Git was not made here."),
        Impossible::Nothing(_) => ToolError::invalid(message)
            .hint("Look at the current state; the change may have been merged already.")
            .next(NextCall::new(
                "crossplane_resource",
                json!({"entity": entity(&wish.kind, &wish.namespace, &wish.name)}),
                "its current state",
            )),
        Impossible::Unreadable { .. }
        | Impossible::BadName(_)
        | Impossible::ClusterWide(_)
        | Impossible::NoNamespace(_) => ToolError::invalid(message),
    }
}

fn refused(preview: &Preview) -> ToolError {
    let misfits = preview.misfits.iter().map(|misfit| format!("{} {}", misfit.path, misfit.problem));
    let refused = preview.tried().filter(|run| !run.accepted).map(|run| format!("{}: {}", run.object, run.refused));
    let composition = preview
        .composed
        .iter()
        .filter_map(|ahead| Some(format!("composition {}: {}", ahead.composition, ahead.refused.as_ref()?)));
    let reasons: Vec<_> = misfits.chain(refused).chain(composition).collect();
    let mut error =
        ToolError::invalid(format!("the change was not proposed, it would be refused: {}", reasons.join("; ")));
    for comply in preview.tried().flat_map(|run| &run.comply) {
        error = error.hint(comply.clone());
    }
    error.hint("Fix the fields that are named and call again.")
}

fn body(input: &ChangeInput, preview: &Preview) -> String {
    let reason = if input.reason.is_empty() { "No reason was given." } else { input.reason.as_str() };
    let warnings: Vec<_> =
        preview.tried().flat_map(|run| &run.warnings).map(|warning| format!("- {warning}\n")).collect();
    let said = if warnings.is_empty() { "No policy warns.\n".to_string() } else { warnings.concat() };
    format!(
        "{reason}\n\nAction: {}\nFile: `{}`\n\n## What changes\n```diff\n{}```\n{}\n## What the policies say\n{said}\nProposed by an assistant; a person confirmed it, and a person merges it.",
        input.action.verb(),
        preview.file,
        preview.diff,
        composes(preview)
    )
}

/// A part of the pull request's text; nothing if it is not known.
fn composes(preview: &Preview) -> String {
    let Some(ahead) = preview.composed.as_ref().filter(|ahead| !ahead.resources.is_empty()) else {
        return String::new();
    };
    let lines = ahead
        .resources
        .iter()
        .map(|one| format!("- {}: `{}`\n", format!("{:?}", one.effect).to_lowercase(), one.object));
    format!("\n## What is composed (by {})\n{}", ahead.composition, lines.collect::<String>())
}

impl Preview {
    /// What was tried: the resource itself, and what would be composed of it.
    fn tried(&self) -> impl Iterator<Item = &policy::TriedOne> {
        self.dry_run.iter().chain(self.composed.iter().flat_map(|ahead| &ahead.dry_run))
    }
}

impl Planned {
    fn title(&self) -> String {
        format!(
            "{} {} {}/{}",
            self.wish.action.verb(),
            self.wish.kind,
            plan::folder_of(&self.wish.namespace),
            self.wish.name
        )
    }

    async fn preview(&self) -> Result<Preview, ToolError> {
        let (mut dry_run, mut composed) = (Vec::new(), None);
        // What does not fit the schema is told by its misfits, in better words than the server's.
        if let Some(object) = self.written.object.as_ref().filter(|_| self.written.misfits.is_empty()) {
            let tried = self.seen.cluster.dry_run(std::slice::from_ref(object)).await?;
            // As the server would keep it: with the defaults that compositions count on.
            if let Some(kept) = tried.iter().find_map(|run| run.object.as_ref()) {
                composed = Some(composition::ahead(&self.seen, kept).await?);
            }
            dry_run = tried.into_iter().map(|run| policy::tried(&self.seen, object, run)).collect();
        }
        let composes = composed.as_ref().is_none_or(Ahead::is_acceptable);
        let acceptable = self.written.misfits.is_empty() && dry_run.iter().all(|run| run.accepted) && composes;
        let limits = match self.wish.action {
            Action::Delete => vec!["What is composed of it goes with it; data in volumes may be lost.".into()],
            _ => vec![policy::LIMITS.into()],
        };
        Ok(Preview {
            summary: self.title(),
            acceptable,
            file: self.written.path.clone(),
            diff: self.written.diff.clone(),
            misfits: self.written.misfits.clone(),
            dry_run,
            composed,
            goes_too: self.goes_too(),
            limits,
        })
    }

    /// What a deletion takes with it.
    fn goes_too(&self) -> Vec<String> {
        let kind = apis::find(&self.seen.snapshot, &self.wish.kind).filter(|_| self.wish.action == Action::Delete);
        let own = kind.and_then(|kind| {
            self.seen.snapshot.get(&Ref::new(kind.group, kind.kind, &self.wish.namespace, &self.wish.name))
        });
        let nodes = own.map(|own| graph::below(&self.seen.snapshot, &[own])).unwrap_or_default();
        nodes.into_iter().filter(|node| node.depth == 1).map(|node| node.object).collect()
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
        Answer::new(facts).about(self.seen.platform()).next(NextCall::new(
            "change_status",
            json!({"pull_request": number, "wait_seconds": 120}),
            "follow it after somebody has merged it",
        ))
    }
}
