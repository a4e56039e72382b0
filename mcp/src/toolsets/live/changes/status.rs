//! How far a pull request has come. What is over is looked at twice: a controller may be about to begin.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout_at};

use super::input::entity_of;
use super::propose::short;
use crate::answer::{Answer, NextCall};
use crate::error::ToolError;
use crate::live::changes::follow::{self, Known};
use crate::live::changes::forge::{Forge, OWNER, Pull, RESOURCES};
use crate::live::changes::pulls::Touched;
use crate::live::changes::stage::{Stage, State};
use crate::live::changes::subjects::{Subject, subjects};
use crate::live::object::Ref;
use crate::live::snapshot::Snapshot;
use crate::ports::Cluster;
use crate::toolset::Call;

/// Longest wait of one call.
const MOST_SECONDS: u64 = 600;
/// A merge in the Git server cannot be watched: asking again is all there is.
const ASK_AGAIN: Duration = Duration::from_secs(3);
/// What is over must still be so after this.
const REST: Duration = Duration::from_secs(3);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    pub platform: Option<String>,
    /// Number of the pull request.
    pull_request: i64,
    /// Its repository: `demo-cluster` (orders, if left out) or `platform` (APIs, policies).
    #[serde(default = "orders")]
    repository: String,
    /// Wait so many seconds for the next stages, at most 600.
    #[serde(default)]
    wait_seconds: u64,
}

fn orders() -> String {
    RESOURCES.into()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Status {
    pull_request: i64,
    repository: String,
    url: String,
    title: String,
    author: String,
    /// Whether nothing more is going to happen by itself.
    over: bool,
    stages: Vec<Stage>,
    /// What it is about, as `Kind:namespace/name`.
    about: Vec<String>,
}

/// One pull request, while it is followed.
struct Followed {
    cluster: Arc<dyn Cluster>,
    forge: Forge,
    repository: String,
    number: i64,
    touched: Vec<Touched>,
    /// The objects as they are in Git at a commit, once they were read.
    subjects: Option<(String, Vec<Subject>)>,
    beyond: String,
    /// Git said before that it cannot be merged.
    unmergeable: bool,
}

/// What one look saw.
struct Look {
    pull: Pull,
    stages: Vec<Stage>,
    over: bool,
}

pub(super) async fn status(
    cluster: Arc<dyn Cluster>,
    input: &StatusInput,
    call: &Call,
) -> Result<Answer<Status>, ToolError> {
    let forge = Forge::new(cluster.git().await?);
    let repository = match input.repository.contains('/') {
        true => input.repository.clone(),
        false => format!("{OWNER}/{}", input.repository),
    };
    let touched = forge.touched(&repository, input.pull_request).await?;
    let mut changes = cluster.changes();
    let mut followed = Followed {
        cluster,
        forge,
        repository,
        number: input.pull_request,
        touched,
        subjects: None,
        beyond: String::new(),
        unmergeable: false,
    };
    let deadline = Instant::now() + Duration::from_secs(input.wait_seconds.min(MOST_SECONDS));
    let mut rested = false;
    loop {
        changes.mark_unchanged();
        let look = followed.look().await?;
        followed.report(&look, call);
        // Until it was seen twice, nothing is over: neither good, nor bad, nor in conflict.
        let settles = (look.over || followed.unmergeable) && !look.is_closed() && !rested;
        if settles {
            sleep(REST).await;
            rested = true;
            continue;
        }
        if look.over || Instant::now() >= deadline {
            return Ok(followed.told(look));
        }
        rested = false;
        let wake = (Instant::now() + ASK_AGAIN).min(deadline);
        // What happens in the cluster wakes us at once, what happens in Git only when asked.
        drop(timeout_at(wake, changes.changed()).await);
        sleep(Duration::from_millis(200)).await;
    }
}

impl Look {
    /// Closed without a merge: nothing comes after that.
    fn is_closed(&self) -> bool {
        !self.pull.open && !self.pull.merged
    }
}

impl Followed {
    async fn look(&mut self) -> Result<Look, ToolError> {
        let pull = self.forge.pull(&self.repository, self.number).await?;
        let mut snapshot = self.cluster.snapshot().await?;
        let gates = match pull.open {
            true => self.forge.gates(&self.repository, &pull).await?,
            false => Default::default(),
        };
        let subjects = self.subjects(&snapshot, &pull).await?;
        self.read_unkept(&mut snapshot, &subjects).await?;
        let blocked = pull.open && !pull.draft && !pull.mergeable;
        let known = Known { gates, conflict: blocked && self.unmergeable, subjects: &subjects, beyond: &self.beyond };
        let stages = follow::stages(&snapshot, &pull, &known);
        self.unmergeable = blocked;
        let over = follow::is_over(&stages);
        Ok(Look { pull, stages, over })
    }

    /// The objects, as they are at the commit that counts: its own, or a later one that Argo CD went to.
    async fn subjects(&mut self, snapshot: &Snapshot, pull: &Pull) -> Result<Vec<Subject>, ToolError> {
        let known = self.subjects.as_ref().map(|(_, subjects)| subjects.clone()).unwrap_or_default();
        if pull.merged {
            for revision in follow::revisions(snapshot, &known) {
                let is_new = revision != pull.merge_commit && revision != self.beyond;
                if is_new && self.forge.is_beyond(&self.repository, revision, &pull.merge_commit).await? {
                    self.beyond = revision.into();
                }
            }
        }
        let revision = match pull.merged {
            true if !self.beyond.is_empty() => self.beyond.clone(),
            true => pull.merge_commit.clone(),
            false => pull.head.clone(),
        };
        if let Some((at, subjects)) = &self.subjects
            && *at == revision
        {
            return Ok(subjects.clone());
        }
        let read = subjects(&self.forge, snapshot, &self.repository, pull, &self.touched, &revision).await?;
        self.subjects = Some((revision, read.clone()));
        Ok(read)
    }

    /// Objects of kinds that are not kept.
    async fn read_unkept(&self, snapshot: &mut Snapshot, subjects: &[Subject]) -> Result<(), ToolError> {
        let unkept = subjects.iter().map(|subject| &subject.at).filter(|at| !snapshot.has_kind(&at.group, &at.kind));
        let unkept: Vec<Ref> = unkept.cloned().collect();
        for object in self.cluster.read(&unkept).await? {
            snapshot.put(object);
        }
        Ok(())
    }

    fn report(&self, look: &Look, call: &Call) {
        let count = |number: usize| u32::try_from(number).map(f64::from).unwrap_or_default();
        let done = look.stages.iter().filter(|stage| stage.state == State::Done).count();
        let current = look.stages.iter().find(|stage| stage.state != State::Done).map_or("ready", |stage| stage.stage);
        call.progress(count(done), Some(count(look.stages.len())), current);
    }

    fn told(self, look: Look) -> Answer<Status> {
        let subjects = self.subjects.map(|(_, subjects)| subjects).unwrap_or_default();
        let about: Vec<_> =
            subjects.iter().map(|one| entity_of(&one.at.kind, &one.at.namespace, &one.at.name)).collect();
        let after = ["synced", "ready", "removed"];
        let failed = look.stages.iter().find(|stage| stage.state == State::Failed && after.contains(&stage.stage));
        // The one that the failure is told of, if it names one.
        let culprit = failed.and_then(|stage| {
            let named = subjects.iter().zip(&about).find(|(one, _)| stage.detail.contains(&one.at.to_string()));
            named.map(|(_, entity)| entity).or(about.first()).cloned()
        });
        let repository = short(&self.repository).to_string();
        let over = look.over;
        let status = Status {
            pull_request: look.pull.number,
            repository: repository.clone(),
            url: look.pull.url,
            title: look.pull.title,
            author: look.pull.author,
            over,
            stages: look.stages,
            about,
        };
        let answer = Answer::new(status).about(self.cluster.platform());
        match (culprit, over) {
            (Some(entity), _) => {
                answer.next(NextCall::new("diagnose", json!({"entity": entity}), "why it does not run"))
            }
            (None, false) => answer.next(NextCall::new(
                "change_status",
                json!({"pull_request": self.number, "repository": repository, "wait_seconds": 120}),
                "wait for the next stage",
            )),
            _ => answer,
        }
    }
}
