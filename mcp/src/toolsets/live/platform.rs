//! Toolset `platform`: the state of the install, what happened, what changed, logs, and what is used.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{Live, WhichPlatform};
use crate::answer::{Answer, NextCall};
use crate::error::ToolError;
use crate::ports::{PlatformState, RouteState};
use crate::toolset::{Call, Tool, Toolset, bound};

pub(super) struct PlatformTools(pub Live);

impl Toolset for PlatformTools {
    fn name(&self) -> &'static str {
        "platform"
    }

    fn about(&self) -> &'static str {
        "The state of the install, logs, events, what changed, and what is used."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "platform",
                "State of the platform",
                "How the platform is: components, what is not ready and what it waits for; nodes; addresses. Works during `backstack up`.",
                bound(&self, Self::status),
            ),
            Tool::reads(
                "logs",
                "Logs",
                "Log lines of all containers of a thing: by time, words, level; of this run or the one before.",
                bound(&self, Self::logs),
            ),
            Tool::reads(
                "events",
                "Events",
                "What the cluster wrote down, newest first, repeated ones once with a count. Only warnings unless `all`.",
                bound(&self, Self::events),
            ),
            Tool::reads(
                "usage",
                "What is used",
                "Processor and memory that pods, workloads or nodes use now, beside requests and limits, largest first.",
                bound(&self, Self::usage),
            ),
            Tool::reads(
                "history",
                "What changed",
                "What changed, when, by whom, newest first: commits and merged pull requests, Argo CD's syncs, rollouts; of a thing, a namespace or all.",
                bound(&self, Self::history),
            ),
            Tool::reads("platform_status", "State of the platform", FORMER, bound(&self, Self::status))
                .formerly("platform"),
            Tool::reads("platform_routes", "Addresses of the platform", FORMER, bound(&self, Self::routes))
                .formerly("platform"),
            Tool::reads("workload_logs", "Logs of a workload", FORMER, bound(&self, Self::workload_logs))
                .formerly("logs"),
        ]
    }
}

/// What is told of a tool under its old name: nobody lists it.
const FORMER: &str = "An old name, served for one version: the answer says the new one.";

#[derive(Debug, Serialize, JsonSchema)]
struct Routes {
    total: usize,
    routes: Vec<RouteState>,
}

impl PlatformTools {
    pub(super) async fn status(
        self: Arc<Self>,
        input: WhichPlatform,
        _: Call,
    ) -> Result<Answer<PlatformState>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let mut state = cluster.state().await?;
        state.components.sort_by_key(|component| (component.health == "ready", component.health == "progressing"));
        let broken = state
            .components
            .first()
            .filter(|component| component.health != "ready")
            .map(|component| component.name.clone());
        let answer = Answer::new(state).about(cluster.platform());
        Ok(match broken {
            Some(name) => answer.next(NextCall::new(
                "diagnose",
                json!({"entity": format!("component:{name}")}),
                "why this component is not ready",
            )),
            None => answer,
        })
    }

    async fn routes(self: Arc<Self>, input: WhichPlatform, _: Call) -> Result<Answer<Routes>, ToolError> {
        let cluster = self.0.cluster(input.platform.as_deref()).await?;
        let routes = cluster.state().await?.routes;
        Ok(Answer::new(Routes { total: routes.len(), routes }).about(cluster.platform()))
    }
}
