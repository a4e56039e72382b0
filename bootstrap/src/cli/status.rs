//! `backstack status`

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use super::access::{self, TargetArgs};
use super::printer::Printer;
use super::stack_change::flags;
use super::summary::left_out;
use crate::assistant::causes;
use crate::docker::observe::ObservedNode;
use crate::error::{ExitKind, Failure};
use crate::kubernetes::status::{Health, PlatformStatus, platform_status};
use crate::stack::{LeftOut, Stack};
use crate::target::Platform;
use crate::up::{self, RouteUrl};
use crate::upgrade::{self, Pending};

/// Show the cluster, its nodes, components, routes and health
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack status
  backstack status --images      what each image lacks that was built from packages
  backstack status -o json | jq '.components[] | select(.health != \"ready\")'

Exits with 5 if a component is not healthy, or not installed.")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Show what the images lack that were built from packages, and what was left out for want of an image
    #[arg(long)]
    images: bool,
}

/// What is told.
#[derive(Serialize)]
pub(super) struct Shown {
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
    /// Nodes whose certificates have to be renewed, each with how long they are good for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    certificates: BTreeMap<String, String>,
    #[serde(flatten)]
    live: PlatformStatus,
    /// Components of the stack that `up` has not come to, or could not install.
    not_installed: Vec<String>,
    routes: Vec<RouteUrl>,
    /// What `backstack upgrade` could do, or has not come to the end of.
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade: Option<Pending>,
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

pub(super) async fn run(args: &StatusArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let platform = args.target.target().find(name).await?;
    let (shown, healthy) = facts(&platform).await?;
    let flags = flags(name, &args.target);
    printer.facts(&shown, || if args.images { images(&shown) } else { text(&shown, &flags) });
    Ok(if healthy { 0 } else { ExitKind::Cluster.code() })
}

/// All that there is to tell, and whether all is well.
pub(super) async fn facts(platform: &Platform) -> Result<(Shown, bool), Failure> {
    let client = platform.client().await?;
    let record = platform.record(&client).await?;
    let (live, ending) = tokio::join!(platform_status(&client, platform.name()), platform.ending());
    let mut live = live?;
    explain(platform, &mut live).await;
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
    let upgrade = upgrade::pending(&record, &stack).filter(|_| problem.is_none());
    let version = if record.stack_version.is_empty() { &stack.version } else { &record.stack_version };
    let shown = Shown {
        platform: platform.name().into(),
        stack: format!("{} {version}", stack.name).trim_end().to_string(),
        changes,
        added,
        problem,
        url: record.url,
        engine: platform.engine(),
        containers: platform.containers(),
        certificates: ending.into_iter().map(|(node, validity)| (node, validity.told())).collect(),
        live,
        not_installed,
        routes,
        upgrade,
        limits,
        left_out,
    };
    let healthy = ready && (shown.not_installed.is_empty() || shown.may_lack());
    Ok((shown, healthy))
}

/// What will not pass by itself is told as `diagnose` tells it.
async fn explain(platform: &Platform, live: &mut PlatformStatus) {
    let mut degraded: Vec<_> = live.components.iter_mut().filter(|one| one.health == Health::Degraded).collect();
    let blockers = degraded.iter_mut().map(|component| std::mem::take(&mut component.blockers)).collect();
    let told = causes::told(&platform.target(), platform.name(), blockers).await;
    for (component, blockers) in degraded.into_iter().zip(told) {
        component.blockers = blockers;
    }
}

impl Shown {
    /// What another version of the stack has beside is not missing before the upgrade to it.
    fn may_lack(&self) -> bool {
        self.upgrade.as_ref().is_some_and(|upgrade| upgrade.unfinished.is_none())
    }
}

/// All that a person wants to see at a glance: it fits one screen. `flags` mean the platform.
fn text(shown: &Shown, flags: &str) -> String {
    let mut text = format!("{}  stack {}  {}\n", shown.platform, shown.stack, shown.url);
    if let Some(engine) = &shown.engine {
        let _ = writeln!(text, "engine {engine}");
    }
    text.push('\n');
    for node in &shown.live.nodes {
        let mark = if node.ready { "✔" } else { "✘" };
        let _ = writeln!(text, "  {mark} node {:<28} Kubernetes {}", node.name, node.version);
        if let Some(told) = shown.certificates.get(&node.name) {
            let _ = writeln!(text, "      its certificates {told}: `backstack start{flags}` renews them");
        }
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
    let (mark, why) = match shown.may_lack() {
        true => ("·", "comes with the upgrade"),
        false => ("✘", "`backstack up` goes on with it"),
    };
    for name in &shown.not_installed {
        let _ = writeln!(text, "  {mark} {name:<16} not installed: {why}");
    }
    for change in &shown.changes {
        let _ = writeln!(text, "\n  {change}");
    }
    if let Some(upgrade) = &shown.upgrade {
        let _ = writeln!(text, "\n  {}", upgrade.told(flags));
    }
    if let Some(problem) = &shown.problem {
        let _ = writeln!(text, "\n  ! routes are not known: {problem}");
    }
    let lacks = [(shown.limits.len(), "with limits"), (shown.left_out.len(), "left out")];
    let lacks: Vec<_> =
        lacks.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !lacks.is_empty() {
        let _ = writeln!(
            text,
            "\n  Images from packages: {}; `backstack status --images{flags}` says what.",
            lacks.join(", ")
        );
    }
    text
}

/// What images from packages lack, all of it.
fn images(shown: &Shown) -> String {
    let mut text = String::new();
    if shown.limits.is_empty() && shown.left_out.is_empty() {
        text.push_str("No image of this platform lacks anything.\n");
    }
    if !shown.limits.is_empty() {
        text.push_str("Built from packages, with limits:\n");
        for limit in &shown.limits {
            let _ = writeln!(text, "  - {}: {}", limit.image, limit.limits);
        }
    }
    text.push_str(&left_out(&shown.left_out));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::status::{ComponentState, NodeState};
    use crate::stack::model::ImageRef;
    use crate::stack::{StackSource, Unavailable};

    /// The whole built-in stack, all of whose images that can be were built from packages.
    fn back() -> Shown {
        let mut stack = Stack::load(StackSource::Builtin("back".into())).expect("stack");
        let unavailable = stack.components.iter().flat_map(|component| {
            let missing = component.file.images.values().filter_map(|image| Some((image, image.missing.clone()?)));
            let unavailable = |(image, why): (&ImageRef, String)| Unavailable {
                component: component.name().into(),
                image: image.reference.clone(),
                why,
            };
            missing.map(unavailable).collect::<Vec<_>>()
        });
        let unavailable: Vec<_> = unavailable.collect();
        let left_out = stack.leave_out(&unavailable);
        let components = stack.components.iter().map(|component| ComponentState {
            name: component.name().into(),
            version: component.file.version.clone(),
            namespace: component.file.namespace.clone(),
            applied: String::new(),
            health: Health::Ready,
            built_images: Vec::new(),
            left_out: Vec::new(),
            blockers: Vec::new(),
        });
        let name = "backstack-control-plane".into();
        let nodes = vec![NodeState { name, ready: true, version: "v1.36.3".into() }];
        let limit = |number| Limit { image: format!("example.org/image:{number}"), limits: "much ".repeat(40) };
        Shown {
            platform: "backstack".into(),
            stack: "back 0.1.0".into(),
            url: "https://localhost:8443".into(),
            engine: Some("unix:///var/run/docker.sock (the default)".into()),
            changes: Vec::new(),
            added: Vec::new(),
            problem: None,
            containers: Vec::new(),
            certificates: BTreeMap::new(),
            live: PlatformStatus { nodes, components: components.collect() },
            not_installed: Vec::new(),
            routes: up::routes(&stack, "https://localhost:8443"),
            upgrade: None,
            limits: (0..20).map(limit).collect(),
            left_out,
        }
    }

    #[test]
    fn the_whole_stack_fits_one_screen_and_names_the_command_that_tells_the_rest() {
        let shown = back();
        assert_eq!(shown.live.components.len(), 11);
        let text = text(&shown, "");
        let rows: usize = text.lines().map(|line| line.chars().count().div_ceil(80).max(1)).sum();
        // One row is the prompt's.
        assert!(rows < 24, "{rows} rows:\n{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        let last = text.lines().last().unwrap_or_default();
        assert_eq!(text.lines().nth(1), Some("engine unix:///var/run/docker.sock (the default)"), "{text}");
        assert!(last.contains("20 with limits") && last.contains("`backstack status --images`"), "{last}");
    }

    #[test]
    fn what_an_upgrade_would_bring_is_not_missing() {
        let lacking = |upgrade| Shown { upgrade, not_installed: vec!["shop".into()], ..back() };
        let told = text(&lacking(None), "");
        assert!(told.contains("✘ shop ") && told.contains("`backstack up` goes on with it"), "{told}");
        let pending = Pending { to: "There is back 2".into(), unfinished: None };
        let told = text(&lacking(Some(pending.clone())), "");
        assert!(told.contains("· shop ") && told.contains("There is back 2: `backstack upgrade"), "{told}");
        assert!(!lacking(Some(Pending { unfinished: Some("before".into()), ..pending })).may_lack());
    }

    #[test]
    fn a_cluster_that_somebody_else_made_has_no_engine_of_ours() {
        let shown = Shown { engine: None, ..back() };
        assert!(!text(&shown, "").contains("engine"));
        assert_eq!(serde_json::to_value(&shown).expect("JSON")["engine"], serde_json::Value::Null);
    }

    #[test]
    fn the_other_command_tells_it_all() {
        let shown = back();
        let told = images(&shown);
        assert_eq!(told.matches("example.org/image:").count(), 20, "{told}");
        assert!(shown.left_out.iter().all(|one| told.contains(&one.image)), "{told}");
        let nothing = Shown { limits: Vec::new(), left_out: Vec::new(), ..back() };
        assert_eq!(images(&nothing), "No image of this platform lacks anything.\n");
        assert!(!text(&nothing, "").contains("packages"));
    }
}
