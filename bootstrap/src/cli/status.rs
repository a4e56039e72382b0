//! `backstack status`

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use super::access::{self, TargetArgs};
use super::printer::Printer;
use super::summary::left_out;
use crate::cluster::observe::ObservedNode;
use crate::error::{ExitKind, Failure};
use crate::platform::status::{Health, PlatformStatus, platform_status};
use crate::stack::{LeftOut, Stack};
use crate::up::{self, RouteUrl};

/// Show the cluster, its nodes, components, routes and health
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack status
  backstack status -o json | jq '.components[] | select(.health != \"ready\")'

Exits with 5 if a component is not healthy, or not installed.")]
pub struct StatusArgs {
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Serialize)]
struct Shown {
    platform: String,
    stack: String,
    url: String,
    /// The engine that it is on, and what named it; none on a cluster that somebody else made.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    /// How the platform differs from its stack.
    changes: Vec<String>,
    /// Components that were added to the stack.
    added: Vec<String>,
    /// Why the stack's files cannot be read, if they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    containers: Vec<ObservedNode>,
    #[serde(flatten)]
    live: PlatformStatus,
    /// Components of the stack that `up` has not come to, or could not install.
    not_installed: Vec<String>,
    routes: Vec<RouteUrl>,
    /// What images from packages lack, by reference.
    limits: Vec<Limit>,
    /// Images that cannot be had, and what is not there for that.
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct Limit {
    image: String,
    limits: String,
}

pub async fn run(args: &StatusArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = access::find(name, &args.target).await?;
    let client = platform.client().await?;
    let record = platform.record(&client).await?;
    let live = platform_status(&client, &platform.name).await?;
    let stack = access::stack(&record);
    let problem = stack.as_ref().err().map(ToString::to_string);
    // What runs can be told without the stack's files; routes and limits cannot.
    let stack = stack.unwrap_or_else(|_| Stack::empty(&record.stack));
    let built = |reference: &String| live.components.iter().any(|one| one.built_images.contains(reference));
    let left_out = live.components.iter().flat_map(|component| component.left_out.clone()).collect();
    let mut limits = Vec::new();
    for component in &stack.components {
        for image in component.file.images.values().filter(|image| built(&image.reference)) {
            let limit = up::image_limits(image, &component.tree);
            limits.extend(limit.map(|limits| Limit { image: image.reference.clone(), limits }));
        }
    }
    let routes = up::routes(&stack, &record.url);
    let (changes, added) = (record.changes.told(), record.changes.added.iter().map(|one| one.name.clone()).collect());
    let installed = |name: &String| live.components.iter().any(|component| component.name == *name);
    let names = stack.components.iter().map(|component| component.file.name.clone());
    let not_installed: Vec<_> = names.filter(|name| !installed(name)).collect();
    let ready = live.components.iter().all(|component| component.health == Health::Ready);
    let healthy = ready && not_installed.is_empty();
    let shown = Shown {
        platform: platform.name.clone(),
        stack: format!("{} {}", stack.name, stack.version).trim_end().to_string(),
        changes,
        added,
        problem,
        url: record.url,
        engine: platform.engine(),
        containers: platform.containers(),
        live,
        not_installed,
        routes,
        limits,
        left_out,
    };
    printer.facts(&shown, || text(&shown));
    Ok(if healthy { 0 } else { ExitKind::Cluster.code() })
}

fn text(shown: &Shown) -> String {
    let mut text = format!("{}  stack {}  {}\n", shown.platform, shown.stack, shown.url);
    if let Some(engine) = &shown.engine {
        let _ = writeln!(text, "engine {engine}");
    }
    text.push('\n');
    for node in &shown.live.nodes {
        let mark = if node.ready { "✔" } else { "✘" };
        let _ = writeln!(text, "  {mark} node {:<28} Kubernetes {}", node.name, node.version);
    }
    text.push('\n');
    for component in &shown.live.components {
        let (mark, word) = match component.health {
            Health::Ready => ("✔", "ready"),
            Health::Progressing => ("…", "progressing"),
            Health::Degraded => ("✘", "degraded"),
        };
        let urls: Vec<_> = shown
            .routes
            .iter()
            .filter(|route| route.component == component.name)
            .map(|route| route.url.as_str())
            .collect();
        let added = if shown.added.contains(&component.name) { "(added)  " } else { "" };
        let urls = format!("{added}{}", urls.join("  "));
        let line = format!("  {mark} {:<16} {:<10} {word:<12} {urls}", component.name, component.version);
        let _ = writeln!(text, "{}", line.trim_end());
        for blocker in &component.blockers {
            for line in blocker.lines() {
                let _ = writeln!(text, "      {line}");
            }
        }
    }
    for name in &shown.not_installed {
        let _ = writeln!(text, "  ✘ {name:<16} not installed: `backstack up` goes on with it");
    }
    for change in &shown.changes {
        let _ = writeln!(text, "\n  {change}");
    }
    if let Some(problem) = &shown.problem {
        let _ = writeln!(text, "\n  ! routes are not known: {problem}");
    }
    if !shown.limits.is_empty() {
        text.push_str("\n  Built from packages, with limits:\n");
        for limit in &shown.limits {
            let _ = writeln!(text, "  - {}: {}", limit.image, limit.limits);
        }
    }
    text.push_str(&left_out(&shown.left_out));
    text
}
