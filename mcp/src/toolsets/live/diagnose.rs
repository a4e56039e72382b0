//! Toolset `diagnose`: "why is X broken?" in one call.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{Live, unclear};
use crate::answer::{Answer, NextCall};
use crate::error::ToolError;
use crate::live::diagnose::{self, Diagnosis, Fault, Verdict};
use crate::ports::LogQuery;
use crate::toolset::{Call, Tool, Toolset, bound};

/// Last lines of a crashed container that are looked at.
const LOG_LINES: usize = 20;

pub(super) struct DiagnoseTools(pub Live);

impl Toolset for DiagnoseTools {
    fn name(&self) -> &'static str {
        "diagnose"
    }

    fn about(&self) -> &'static str {
        "Why something is broken: one call, causes ranked, each with evidence and next step."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![Tool::reads(
            "diagnose",
            "Why is it broken?",
            "Says why an app, resource, workload or component of the platform does not work. Looks at its application in Git, composite resource, composed resources, pods, events, logs and policy reports, and gives the causes, the likeliest first, each with its evidence and the next step. Call this first when something is red.",
            bound(&self, Self::diagnose),
        )]
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// The thing, as `name`, `namespace/name` or `Kind:namespace/name`; `component:NAME` for a component of the platform.
    entity: String,
}

impl DiagnoseTools {
    async fn diagnose(self: Arc<Self>, input: Input, call: Call) -> Result<Answer<Diagnosis>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        let needs = diagnose::needs(&seen.snapshot, &input.entity).map_err(unclear)?;
        let mut snapshot = seen.snapshot.clone();
        call.progress(1.0, Some(2.0), "reading logs and composed resources");
        let queries: Vec<_> = needs
            .logs
            .iter()
            .map(|((namespace, pod, container), previous)| LogQuery {
                namespace: namespace.clone(),
                pod: pod.clone(),
                container: Some(container.clone()),
                previous: *previous,
                tail: LOG_LINES,
                ..LogQuery::default()
            })
            .collect();
        // The one round of API calls: everything side by side.
        let (objects, logs) = futures::join!(seen.cluster.read(&needs.objects), seen.cluster.logs(&queries));
        for object in objects? {
            snapshot.put(object);
        }
        for ((key, _), log) in needs.logs.into_iter().zip(logs) {
            if let Ok(log) = log {
                snapshot.put_log(key, &log);
            }
        }
        let diagnosis = diagnose::diagnose(&snapshot, &input.entity).map_err(unclear)?;
        Ok(with_next(diagnosis, seen.platform()))
    }
}

fn with_next(diagnosis: Diagnosis, platform: &str) -> Answer<Diagnosis> {
    let subject = diagnosis.subject.clone();
    let first = diagnosis.causes.first().map(|cause| (cause.fault, cause.object.clone()));
    let healthy = diagnosis.verdict == Verdict::Healthy;
    let mut answer = Answer::new(diagnosis).about(platform);
    answer = match first {
        Some((Fault::CrashLoop | Fault::OutOfMemory | Fault::MissingRights, at)) if at.kind == "Pod" => {
            answer.next(NextCall::new(
                "workload_logs",
                json!({"namespace": at.namespace, "pod": at.name, "previous": true}),
                "what it said before it ended",
            ))
        }
        Some((Fault::PolicyFailed | Fault::PolicyDenied, _)) => answer.next(NextCall::new(
            "policy_reports",
            json!({"entity": subject}),
            "all policy results, and how to comply",
        )),
        Some((
            Fault::InvalidManifest | Fault::WrongRevision | Fault::WrongPath | Fault::SyncFailed | Fault::OutOfSync,
            at,
        )) => answer.next(NextCall::new(
            "gitops_application",
            json!({"application": at.name}),
            "the state of the sync in full",
        )),
        _ => answer,
    };
    if healthy {
        answer
    } else {
        answer.next(NextCall::new("events", json!({"entity": subject}), "all warnings about it"))
    }
}
