//! Toolset `changes`: a change is planned and shown, confirmed by the user, proposed as a pull request, and followed
//! until it runs. Nothing is ever written to the cluster.

mod input;
mod preview;
mod propose;
mod status;

use std::sync::Arc;

use serde_json::json;

use super::{Live, Seen, composition, policy, unclear};
use crate::answer::{Answer, NextCall};
use crate::error::ToolError;
use crate::toolset::{Call, Reply, Tool, Toolset, bound};
use input::ChangeInput;
use preview::Preview;
use propose::Proposed;
use status::{Status, StatusInput};

pub(super) struct ChangeTools(pub Live);

impl Toolset for ChangeTools {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn about(&self) -> &'static str {
        "Proposes changes of whatever comes from Git as pull requests, and tells how far they have come."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "change_preview",
                "Preview a change",
                "Shows what a change of anything that comes from Git (an app, a manifest, an API, a policy) would do, without proposing it: the file and its diff, what the API, the policies and Argo CD's project say, whether its images exist, what its composition would create, change and delete, and other proposals for the same file.",
                bound(&self, Self::preview),
            ),
            Tool::proposes(
                "change_propose",
                "Propose a change",
                "Opens a pull request that creates, changes or deletes something that comes from Git. Takes what change_preview takes, checks it in the same way, asks the user, and gives the same pull request when called again with the same change or key. Never writes to the cluster: people review and merge.",
                bound(&self, Self::propose),
            ),
            Tool::reads(
                "change_status",
                "How far a change has come",
                "Tells how far a pull request has come, also one of somebody else: what its merge waits for (check, approval, conflict, a person), whether Argo CD has synced it, whether the cluster has come to rest at it, and the cause if it failed. Waits with progress if `wait_seconds` is given.",
                bound(&self, Self::status),
            ),
        ]
    }
}

impl ChangeTools {
    async fn preview(self: Arc<Self>, input: ChangeInput, _: Call) -> Result<Answer<Preview>, ToolError> {
        let planned = self.plan(&input).await?;
        let preview = planned.preview().await?;
        let mut answer = Answer::new(preview).about(planned.seen.platform());
        if answer.facts().acceptable {
            answer = answer.next(NextCall::new(
                "change_propose",
                json!(input.change),
                "propose exactly this (where changes are allowed)",
            ));
        }
        Ok(answer)
    }

    async fn propose(self: Arc<Self>, input: ChangeInput, call: Call) -> Result<Reply<Proposed>, ToolError> {
        let planned = self.plan(&input).await?;
        planned.propose(&input, &call).await
    }

    async fn status(self: Arc<Self>, input: StatusInput, call: Call) -> Result<Answer<Status>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        status::status(cluster, &input, &call).await
    }
}
