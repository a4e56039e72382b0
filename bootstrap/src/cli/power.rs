//! `backstack stop`, `backstack pause` and `backstack start`

use clap::Args;
use serde_json::json;

use super::access::{self, TargetArgs};
use super::printer::Printer;
use super::stack_change::flags;
use crate::error::Failure;
use crate::power::{self, Paused, Started, Stopped};
use crate::report::{Progress, units};
use crate::target::local::Platform;

/// Stop the platform: its processor and memory are free, and nothing is lost
///
/// `backstack start` brings it back, after a reboot too. A platform that is only left alone comes back by itself with
/// the Docker Engine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack stop
  backstack stop --name two    a platform of another name")]
pub(super) struct StopArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// Pause the platform: its processor is free, its memory is kept, and `backstack start` takes seconds
///
/// For a while in which you need the machine. A pause does not survive a reboot: the platform then comes back by itself.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack pause
  backstack pause --name two    a platform of another name")]
pub(super) struct PauseArgs {
    #[command(flatten)]
    target: TargetArgs,
}

/// Start a platform that was stopped or paused, and wait until all of it is ready
///
/// Addresses, certificates and the kubeconfig are what they were. Certificates that end within a month, or have ended meanwhile,
/// are renewed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  backstack start
  backstack start --name two    a platform of another name")]
pub(super) struct StartArgs {
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn stop(args: &StopArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let Platform { engine, observed: platform } = access::nodes(name, &args.target.target()).await?;
    let stopped = power::stop(&engine, &platform, &Progress::silent()).await?;
    printer.facts(&stopped, || told_stopped(name, &stopped, &flags(name, &args.target)));
    Ok(0)
}

pub(super) async fn pause(args: &PauseArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let Platform { engine, observed: platform } = access::nodes(name, &args.target.target()).await?;
    let paused = power::pause(&engine, &platform).await?;
    printer.facts(&paused, || told_paused(name, &paused, &flags(name, &args.target)));
    Ok(0)
}

fn told_paused(name: &str, paused: &Paused, flags: &str) -> String {
    if paused.nodes.is_empty() {
        return format!("  Platform `{name}` is paused already: nothing to do.\n");
    }
    format!(
        "  Paused in {}: {}. Memory is kept; `backstack start{flags}` wakes it up.\n",
        units::duration(paused.seconds),
        units::count(paused.nodes.len(), "node"),
    )
}

fn told_stopped(name: &str, stopped: &Stopped, flags: &str) -> String {
    if stopped.nodes.is_empty() {
        return format!("  Platform `{name}` is stopped already: nothing to do.\n");
    }
    let registry = if stopped.registry { ", registry" } else { "" };
    format!(
        "  Stopped in {}: {}{registry}. Nothing is lost: `backstack start{flags}` brings it back.\n",
        units::duration(stopped.seconds),
        units::count(stopped.nodes.len(), "node"),
    )
}

pub(super) async fn start(args: &StartArgs, name: &str, printer: &Printer) -> Result<u8, Failure> {
    let Platform { engine, observed: platform } = access::nodes(name, &args.target.target()).await?;
    let reporter = printer.reporter();
    let started = power::start(&engine, &platform, reporter.clone()).await;
    drop(reporter);
    let started = started?;
    printer.event(json!({"event": "started", "summary": started}));
    printer.people(|| told_started(name, &started, &flags(name, &args.target)));
    Ok(0)
}

fn told_started(name: &str, started: &Started, flags: &str) -> String {
    if started.nodes.is_empty() {
        return format!("\n  Platform `{name}` runs already, and everything is ready.\n");
    }
    format!(
        "\n  Started in {}, everything is ready.\n\n  {:<34} what runs, and where\n",
        units::duration(started.seconds),
        format!("backstack status{flags}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told() {
        let stopped = Stopped { nodes: vec!["n".into()], registry: true, seconds: 3.0 };
        let text = told_stopped("p", &stopped, " --name p");
        assert_eq!(
            text,
            "  Stopped in 3 s: 1 node, registry. Nothing is lost: `backstack start --name p` brings it back.\n"
        );
        assert!(told_stopped("p", &Stopped::default(), "").contains("stopped already"));
        let paused = Paused { nodes: vec!["n".into()], seconds: 0.1 };
        let text = told_paused("p", &paused, " --name p");
        assert!(text.contains("1 node") && text.contains("`backstack start --name p`"), "{text}");
        assert!(told_paused("p", &Paused::default(), "").contains("paused already"));
        let started = Started { nodes: vec!["n".into()], registry: false, seconds: 12.0 };
        assert!(told_started("p", &started, "").contains("Started in 12 s"));
        assert!(told_started("p", &Started::default(), "").contains("runs already"));
    }
}
