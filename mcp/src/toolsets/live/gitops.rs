//! Argo CD's applications, their health and sync, and how Git and the cluster differ; `find` and `get` tell it, and for one
//! version more the tools that did before.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Live, Seen};
use crate::answer::{self, Answer, NextCall};
use crate::error::ToolError;
use crate::live::changes::forge::{Forge, repository_of};
use crate::live::diff::{self, Difference};
use crate::live::gitops::{self, Details, Row, Source};
use crate::live::object::{Ref, name, namespace, text};
use crate::live::scrub::scrubbed;
use crate::live::snapshot::Snapshot;
use crate::ports::Cluster;
use crate::toolset::{Call, Tool, Toolset, bound};

/// Files of a folder that are read for one difference.
const MOST_FILES: usize = 30;

pub(super) struct GitopsTools(pub Live);

impl Toolset for GitopsTools {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn about(&self) -> &'static str {
        "Applications that come from Git: health, sync, and how Git and the cluster differ."
    }

    fn tools(self: Arc<Self>) -> Vec<Tool> {
        vec![
            Tool::reads(
                "gitops_applications",
                "Applications",
                "Argo CD's applications with health, sync state and revision, those in trouble first.",
                bound(&self, Self::list),
            ).formerly("find"),
            Tool::reads(
                "gitops_application",
                "One application",
                "One application: where it comes from, its last sync with errors, and each object that it brings.",
                bound(&self, Self::one),
            ).formerly("get"),
            Tool::reads(
                "gitops_diff",
                "Git and the cluster compared",
                "Field by field, how the manifests in Git differ from what the cluster has. For folders of plain manifests in the platform's Git server.",
                bound(&self, Self::diff),
            ).formerly("get"),
        ]
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Only applications that deploy to this namespace.
    #[serde(default)]
    namespace: Option<String>,
    /// Where to go on, from the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Applications {
    total: usize,
    applications: Vec<Row>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneInput {
    /// Name of the platform; needed only where there are several.
    #[serde(default)]
    platform: Option<String>,
    /// Name of the application.
    application: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::toolsets) struct Compared {
    application: String,
    sync: String,
    differing: usize,
    same: usize,
    objects: Vec<ComparedObject>,
    /// What could not be compared, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_compared: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ComparedObject {
    object: String,
    file: String,
    /// Fields that Git has otherwise; empty if the object is only in one of the two.
    differences: Vec<Difference>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
}

impl GitopsTools {
    async fn list(self: Arc<Self>, input: ListInput, _: Call) -> Result<Answer<Applications>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        seen.needs("argoproj.io", "Application", "applications")?;
        let from = answer::offset(input.cursor.as_deref())?;
        let rows = gitops::rows(&seen.snapshot).into_iter();
        let rows: Vec<_> =
            rows.filter(|row| input.namespace.as_deref().is_none_or(|place| place == row.destination)).collect();
        let total = rows.len();
        let trouble = rows.first().filter(|row| !row.trouble.is_empty()).map(|row| row.name.clone());
        let applications = rows.into_iter().skip(from).take(300).collect();
        let answer =
            Answer::new(Applications { total, applications }).about(seen.platform()).page("applications", from, total);
        Ok(match trouble {
            Some(name) => answer.next(NextCall::new(
                "diagnose",
                json!({"entity": format!("Application:{name}")}),
                "why it is in trouble",
            )),
            None => answer,
        })
    }

    async fn one(self: Arc<Self>, input: OneInput, _: Call) -> Result<Answer<Details>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        seen.needs("argoproj.io", "Application", "applications")?;
        let found = application(&seen.snapshot, &input.application)?;
        let answer = Answer::new(gitops::details(found)).about(seen.platform());
        Ok(answer.next(NextCall::new(
            "get",
            json!({"entity": format!("Application:{}", name(found)), "compare": true}),
            "Git and the cluster compared field by field",
        )))
    }

    async fn diff(self: Arc<Self>, input: OneInput, _: Call) -> Result<Answer<Compared>, ToolError> {
        let seen = self.0.look(input.platform.as_deref()).await?;
        seen.needs("argoproj.io", "Application", "applications")?;
        let found = application(&seen.snapshot, &input.application)?;
        Ok(Answer::new(compared(&seen, found).await?).about(seen.platform()))
    }
}

/// How Git and the cluster differ, over all that an application brings.
///
/// # Errors
/// There is no Git server, or the cluster does not answer.
pub(in crate::toolsets) async fn compared(seen: &Seen, found: &Value) -> Result<Compared, ToolError> {
    let forge = Forge::new(seen.cluster.git().await?);
    let mut not_compared = Vec::new();
    let mut manifests = Vec::new();
    for source in gitops::sources(found) {
        match manifests_of(&forge, &source).await {
            Ok(found) => manifests.extend(found),
            Err(why) => not_compared.push(why),
        }
    }
    let place = text(found, "/spec/destination/namespace");
    let objects = compare(&seen.snapshot, seen.cluster.as_ref(), manifests, place, &mut not_compared).await?;
    let differing: Vec<_> =
        objects.into_iter().filter(|object| !object.differences.is_empty() || !object.note.is_empty()).collect();
    let listed = gitops::details(found).resources.len();
    Ok(Compared {
        application: name(found).into(),
        sync: gitops::row(found).sync,
        same: listed.saturating_sub(differing.len()),
        differing: differing.len(),
        objects: differing,
        not_compared,
    })
}

fn application<'a>(snapshot: &'a Snapshot, wanted: &str) -> Result<&'a Value, ToolError> {
    gitops::find(snapshot, wanted).ok_or_else(|| {
        ToolError::not_found(format!("platform `{}` has no application `{wanted}`", snapshot.platform))
            .candidates(gitops::applications(snapshot).map(|application| name(application).to_string()))
    })
}

/// Plain manifests of a source, each with its file.
async fn manifests_of(forge: &Forge, source: &Source) -> Result<Vec<(String, Value)>, String> {
    let place = format!("{} at {}, `{}`", source.repository, source.revision, source.path);
    if source.kind != "directory" {
        return Err(format!(
            "{place}: a source of kind {} is rendered by Argo CD; only plain manifests are compared here",
            source.kind
        ));
    }
    let Some(repository) = repository_of(&source.repository) else {
        return Err(format!("{place}: is not on the platform's Git server"));
    };
    let revision = if source.revision == "HEAD" { "main" } else { source.revision.as_str() };
    let files = forge
        .folder(&repository, &source.path, revision)
        .await
        .map_err(|error| format!("{place}: {}", error.message))?;
    let wanted = files.into_iter().filter(|file| is_manifest(file) && is_included(file, source));
    let wanted: Vec<_> = wanted.take(MOST_FILES).collect();
    let reads = wanted.iter().map(|file| forge.file(&repository, file, revision));
    let read = futures::future::join_all(reads).await;
    let mut manifests = Vec::new();
    for (file, content) in wanted.iter().zip(read) {
        let Some(content) = content.map_err(|error| format!("{place}: {}", error.message))? else { continue };
        use serde::Deserialize as _;
        for document in serde_yaml::Deserializer::from_str(&content.content) {
            let object = Value::deserialize(document).map_err(|error| format!("{file}: {error}"))?;
            if object.is_object() {
                manifests.push((file.clone(), object));
            }
        }
    }
    Ok(manifests)
}

fn is_manifest(file: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end))
}

/// `directory.include` names files; patterns with `*` beyond a plain name are not judged.
fn is_included(file: &str, source: &Source) -> bool {
    let own = file.rsplit('/').next().unwrap_or(file);
    match source.include.as_str() {
        "" => true,
        include if include.contains('*') => {
            include.trim_start_matches('*').is_empty() || own.ends_with(include.trim_start_matches('*'))
        }
        include => own == include || file == include,
    }
}

async fn compare(
    snapshot: &Snapshot,
    cluster: &dyn Cluster,
    manifests: Vec<(String, Value)>,
    place: &str,
    not_compared: &mut Vec<String>,
) -> Result<Vec<ComparedObject>, ToolError> {
    let mut snapshot = snapshot.clone();
    let at = |object: &Value| {
        let mut at = Ref::of(object);
        if namespace(object).is_empty() {
            at.namespace = place.into();
        }
        at
    };
    let wide = |at: &Ref| Ref { namespace: String::new(), ..at.clone() };
    let places: Vec<_> = manifests.iter().map(|(_, object)| at(object)).collect();
    let missing: Vec<_> =
        places.iter().filter(|at| !snapshot.has_kind(&at.group, &at.kind) && at.kind != "Secret").cloned().collect();
    for object in cluster.read(&missing).await? {
        snapshot.put(object);
    }
    let mut compared = Vec::new();
    for ((file, object), at) in manifests.into_iter().zip(places) {
        if at.kind == "Secret" {
            not_compared.push(format!("{at} ({file}): values of Secrets are never read"));
            continue;
        }
        let live = snapshot.get(&at).or_else(|| snapshot.get(&wide(&at)));
        let (differences, note) = match live {
            Some(live) => (diff::from_git(&scrubbed(object), live), String::new()),
            None => (Vec::new(), "is in Git, and not in the cluster".to_string()),
        };
        compared.push(ComparedObject { object: at.to_string(), file, differences, note });
    }
    Ok(compared)
}
